"""The pages behind a real nginx, as docs/howto/reverse-proxy.md sets it up."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.parts.milepost import StartMilepost
from tests.parts.nginx import Nginx
from tests.ui.conftest import Visit
from tests.ui.site import Site, falling

GUIDE = Path(__file__).parents[2] / "docs/howto/reverse-proxy.md"
OF_ITS_OWN, BELOW_A_PATH = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
SIZE = 24 << 20

StartNginx = Callable[[Callable[[Nginx], str]], Nginx]


def test_a_host_of_its_own_with_tls_and_a_password(
    milepost_server: StartMilepost, nginx: StartNginx, visit: Visit
) -> None:
    flags = "--allowed-hosts=mlflow.example.com,127.0.0.1", "--user-header=X-Forwarded-User"
    server = milepost_server(None, *flags)
    proxy = nginx(
        lambda made: (
            OF_ITS_OWN.replace("listen 443", f"listen {made.port}")
            .replace("http://mlflow:5000", server.url)
            .replace("/etc/ssl/certs", str(made.home))
            .replace("/etc/ssl/private", str(made.home))
            .replace("/etc/nginx", str(made.home))
        )
    )
    site = Site(server.url)
    number = site.experiment("proxied")
    run_id = site.run(number, "through", metrics={"loss": falling(20)}, ended=False)
    site.call("registered-models/create", {"name": "guarded"})
    data = upload(proxy, number, run_id)

    home = f"https://mlflow.example.com:{proxy.port}"
    signed_in = {"username": "ann", "password": "secret"}
    visitor = visit(home, ignore_https_errors=True, http_credentials=signed_in)
    page = visitor.go(f"experiments/{number}?c=metric:last:loss")
    news_come_at_once(page, site, run_id)
    page.get_by_role("link", name="Charts").click()
    expect(page.get_by_role("img", name="loss of 1 runs")).to_be_visible()
    page = visitor.go(f"experiments/{number}/runs/{run_id}?tab=artifacts&file=weights.bin")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert digest(download.value.path().read_bytes()) == digest(data)
    page = visitor.go("models/guarded")
    page.get_by_role("button", name="Actions for the model").click()
    page.get_by_role("menuitem", name="Rename or describe").click()
    page.get_by_label("Description").fill("behind a door")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".timeline li").first).to_contain_text("ann")
    server.kill()
    expect(page.locator(".live")).to_have_text("Not live")
    server.start()
    site.call("registered-models/update", {"name": "guarded", "description": "back"}, "PATCH")
    expect(page.locator(".markdown")).to_have_text("back")
    expect(page.locator(".live")).to_have_text("Live")


def test_below_a_path_without_tls(
    milepost_server: StartMilepost, nginx: StartNginx, visit: Visit
) -> None:
    """And a path that the proxy takes away, for a server that knows of none."""
    server = milepost_server(
        None, "--static-prefix=/mlflow", "--allowed-hosts=tools.example.com,127.0.0.1"
    )
    plain = milepost_server(None, "--allowed-hosts=tools.example.com")
    bare = f"location /bare/ {{ proxy_set_header Host $host; proxy_pass {plain.url}/; }}"
    proxy = nginx(
        lambda made: (
            BELOW_A_PATH.replace("listen 80", f"listen {made.port}")
            .replace("http://mlflow:5000", server.url)
            .replace("    location", f"    {bare}\n    location", 1)
        )
    )
    site = Site(f"{server.url}/mlflow")
    number = site.experiment("below")
    run_id = site.run(number, "underneath", metrics={"loss": falling(20)}, ended=False)

    home = f"http://tools.example.com:{proxy.port}/mlflow"
    visitor = visit(home, permissions=[])
    page = visitor.go(f"experiments/{number}?c=metric:last:loss")
    news_come_at_once(page, site, run_id)
    page.reload()
    expect(page.get_by_role("link", name="underneath")).to_be_visible()
    page.get_by_role("link", name="underneath").click()
    copies_without_https(page, run_id)
    assert all(r.url.startswith((f"{home}/", "about:")) for r in visitor.requests)

    page = visit(f"http://tools.example.com:{proxy.port}/bare", permissions=[]).go("experiments")
    page.get_by_role("button", name="New experiment").click()
    page.get_by_label("Name", exact=True).fill("made from afar")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    expect(page.locator("pre")).to_contain_text(f"http://tools.example.com:{proxy.port}/bare")


def upload(proxy: Nginx, experiment: str, run_id: str) -> bytes:
    """A file of some size, sent through the proxy; returns what was sent."""
    data = os.urandom(SIZE)
    trusted = ssl.create_default_context(cafile=str(proxy.certificate))
    target = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run_id}/artifacts/weights.bin"
    with httpx.Client(base_url=proxy.url, verify=trusted, trust_env=False) as client:
        refused = client.put(target, content=data)
        assert refused.status_code == 401
        taken = client.put(target, content=data, auth=("ann", "secret"))
        assert taken.status_code == 200, taken.text
    return data


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def news_come_at_once(page: Page, site: Site, run_id: str) -> None:
    """Changes are pushed, and by one stream: nothing in between holds them back."""
    expect(page.locator(".live")).to_have_text("Live")
    site.log(run_id, {"loss": [0.0625]}, first=20)
    expect(page.get_by_role("gridcell", name="0.0625")).to_be_visible(timeout=5_000)


def copies_without_https(page: Page, run_id: str) -> None:
    """Browsers offer no clipboard to such a page; what was copied is seen by pasting it."""
    assert page.evaluate("navigator.clipboard === undefined")
    fact = page.locator(".copied", has_text=run_id).first
    fact.get_by_role("button", name="Copy").click()
    expect(fact.get_by_role("button", name="Copied")).to_be_visible()
    page.goto(page.url.split("#")[0] + "#/experiments")
    page.get_by_label("Search names and tags").press("Control+V")
    expect(page.get_by_label("Search names and tags")).to_have_value(run_id)
