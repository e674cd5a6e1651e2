"""How stored files are read over HTTP: whole, in part, or not again; never as a page of ours."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Browser

from tests.parts.milepost import MilepostServer

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
PAGE = "<script>document.title='mine'</script>"


def put(client: httpx.Client, run_id: str, path: str, content: bytes | str) -> None:
    stored = client.put(f"{PROXY}/0/{run_id}/artifacts/{path}", content=content)
    assert stored.status_code == 200


@pytest.mark.parametrize(
    ("wanted", "status", "content", "content_range"),
    [
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("bytes=3-", 206, b"3456789", "bytes 3-9/10"),
        ("bytes=3-99", 206, b"3456789", "bytes 3-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=5-3", 200, b"0123456789", None),
        ("bytes=1-2,4-5", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
        pytest.param("bytes=3-" + "9" * 5000, 206, b"3456789", "bytes 3-9/10", id="far"),
        pytest.param("bytes=-" + "9" * 5000, 206, b"0123456789", "bytes 0-9/10", id="long"),
        pytest.param(f"bytes={'9' * 5000}-", 416, b"", "bytes */10", id="beyond"),
    ],
)
def test_ranges(
    client: httpx.Client,
    run_id: str,
    wanted: str,
    status: int,
    content: bytes,
    content_range: str | None,
) -> None:
    put(client, run_id, "f", b"0123456789")
    found = client.get(f"{PROXY}/0/{run_id}/artifacts/f", headers={"range": wanted})
    assert (found.status_code, found.content) == (status, content)
    assert found.headers.get("content-range") == content_range


def test_conditions(client: httpx.Client, run_id: str) -> None:
    url = f"{PROXY}/0/{run_id}/artifacts/f"
    put(client, run_id, "f", b"0123456789")
    etag = client.get(url).headers["etag"]
    known = client.get(url, headers={"if-none-match": f'"other", {etag}'})
    assert (known.status_code, known.content) == (304, b"")
    part = {"range": "bytes=1-2", "if-range": etag}
    assert client.get(url, headers=part).content == b"12"
    put(client, run_id, "f", b"abcdefghij")
    assert client.get(url, headers={"if-none-match": etag}).status_code == 200
    changed = client.get(url, headers=part)
    assert (changed.status_code, changed.content) == (200, b"abcdefghij")


def test_conditions_come_before_the_part(client: httpx.Client, run_id: str) -> None:
    """Whoever goes on with a file that became shorter meanwhile gets all of the new one."""
    url = f"{PROXY}/0/{run_id}/artifacts/f"
    put(client, run_id, "f", b"0123456789")
    going_on = {"range": "bytes=8-", "if-range": client.get(url).headers["etag"]}
    assert client.get(url, headers=going_on).content == b"89"
    put(client, run_id, "f", b"abc")
    shorter = client.get(url, headers=going_on)
    assert (shorter.status_code, shorter.content) == (200, b"abc")
    etag = shorter.headers["etag"]
    still = client.get(url, headers={"range": "bytes=8-", "if-none-match": etag})
    assert still.status_code == 304
    assert client.get(url, headers={**going_on, "if-range": etag}).status_code == 416


def test_head_tells_what_get_would(client: httpx.Client, run_id: str) -> None:
    put(client, run_id, "f.json", b"0123456789")
    url = f"{PROXY}/0/{run_id}/artifacts/f.json"
    head, whole = client.head(url), client.get(url)
    assert (head.status_code, head.content) == (200, b"")
    skipped = {"date", "x-request-id"}
    assert {k: v for k, v in head.headers.items() if k not in skipped} == {
        k: v for k, v in whole.headers.items() if k not in skipped
    }
    assert client.head(f"{url}.none").status_code == 404
    known = client.head(url, headers={"if-none-match": head.headers["etag"]})
    assert known.status_code == 304


@pytest.mark.parametrize("name", ["page.html", "picture.svg", "x.xhtml", "x.htm", "noname"])
def test_nothing_stored_runs_in_our_origin(client: httpx.Client, run_id: str, name: str) -> None:
    put(client, run_id, name, PAGE)
    for found in (
        client.get(f"{PROXY}/0/{run_id}/artifacts/{name}"),
        client.get("/get-artifact", params={"run_uuid": run_id, "path": name}),
    ):
        assert found.text == PAGE
        assert found.headers["content-disposition"].startswith("attachment")
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("name", ["a.js", "a.mjs", "A.MJS", "a.JS"])
def test_no_script_is_served_as_one(client: httpx.Client, run_id: str, name: str) -> None:
    """A page may load none of them: its type is wrong and not for the browser to guess."""
    put(client, run_id, name, "alert(1)")
    found = client.get(f"{PROXY}/0/{run_id}/artifacts/{name}")
    assert found.headers["content-type"] == "text/plain"
    assert found.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("version", ["", "x", "1.0", "-1", "²", "9" * 10, "9" * 5000])
def test_a_version_is_a_number(client: httpx.Client, version: str) -> None:
    asked = {"name": "m", "version": version, "path": "f"}
    assert client.get("/model-versions/get-artifact", params=asked).status_code == 400


@pytest.mark.parametrize("source", ["runs:/{run}/net", "runs:/{run}/net/", "runs:///{run}"])
def test_a_version_of_what_a_run_has_is_read_from_the_run(
    client: httpx.Client, run_id: str, source: str
) -> None:
    put(client, run_id, "net/f", b"weights")
    made = {"name": f"net {run_id}", "source": source.format(run=run_id), "run_id": run_id}
    for verb in ("registered-models", "model-versions"):
        assert client.post(f"/api/2.0/mlflow/{verb}/create", json=made).is_success
    path = "f" if "net" in source else "net/f"
    asked = {"name": f"net {run_id}", "version": "1"}
    found = client.get("/model-versions/get-artifact", params={**asked, "path": path})
    assert (found.status_code, found.content) == (200, b"weights")
    found = client.get("/model-versions/get-artifact", params={**asked, "path": "../../f"})
    assert found.status_code == 400


@pytest.mark.parametrize("name", ["page.html", "page.xhtml", "picture.svg", "page"])
def test_a_browser_shows_no_stored_page(
    browser: Browser, server: MilepostServer, client: httpx.Client, run_id: str, name: str
) -> None:
    """Gone to, it is saved; in a frame of a page of ours, it is not shown, let alone run."""
    script = "<script>top.ran = true</script>"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{script}</svg>'
    put(client, run_id, name, svg if name.endswith("svg") else f"<html>{script}</html>")
    url = f"{server.url}/get-artifact?run_id={run_id}&path={name}"
    page = browser.new_page()
    page.goto(f"{server.url}/version")
    for tag, attribute in (("iframe", "src"), ("object", "data"), ("embed", "src")):
        with page.expect_response(url):
            page.evaluate(
                "([tag, name, url]) => document.body.appendChild("
                "Object.assign(document.createElement(tag), {[name]: url}))",
                [tag, attribute, url],
            )
    with page.expect_download() as saved:
        page.evaluate("url => { location.href = url }", url)
    assert saved.value.suggested_filename == name
    assert page.evaluate("window.ran") is None
    page.close()


@pytest.mark.parametrize("name", ["a.js", "a.mjs"])
def test_a_browser_loads_no_stored_script(
    browser: Browser, server: MilepostServer, client: httpx.Client, run_id: str, name: str
) -> None:
    put(client, run_id, name, "window.ran = true")
    page = browser.new_page()
    page.goto(f"{server.url}/version")
    for kind in ("text/javascript", "module"):
        outcome = page.evaluate(
            "([type, src]) => new Promise(end => { const script ="
            " Object.assign(document.createElement('script'), {type, src});"
            " script.onload = () => end('loaded'); script.onerror = () => end('refused');"
            " document.head.appendChild(script) })",
            [kind, f"/get-artifact?run_id={run_id}&path={name}"],
        )
        assert outcome == "refused"
    assert page.evaluate("window.ran") is None
    page.close()
