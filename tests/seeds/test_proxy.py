"""The guide's nginx in front of a server: TLS and a password, for browsers and for clients."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.parts.milepost import StartMilepost
from tests.parts.mlflow import MlflowClient
from tests.parts.nginx import Nginx
from tests.seeds import guides

BLOCK = guides.block("setup, 6.2 Example Nginx Config: nginx")
CREDENTIALS = guides.block("nself, Authentication: python")


def test_the_server_behind_nginx(
    milepost_server: StartMilepost,
    nginx: Callable[[Callable[[Nginx], str]], Nginx],
    mlflow_client_of: Callable[[str], MlflowClient],
    tmp_path: Path,
) -> None:
    """Who has no password gets nowhere; the client with one logs a run and a file.

    `nself build --force && nself restart nginx` is `nginx -t` and `nginx -s reload`."""
    server = milepost_server()

    def block(made: Nginx) -> str:
        return (
            BLOCK.replace("443", str(made.port))
            .replace("http://mlflow:5000", server.url)
            .replace("/etc/ssl/certs", str(made.home))
            .replace("/etc/ssl/private", str(made.home))
            .replace("/etc/nginx", str(made.home))
        )

    proxy = nginx(block)
    trusted = ssl.create_default_context(cafile=str(proxy.certificate))
    with httpx.Client(base_url=proxy.url, verify=trusted, trust_env=False) as browser:
        assert browser.get("/").status_code == 401
        assert browser.get("/", auth=("ann", "wrong")).status_code == 401
        page = browser.get("/", auth=("ann", "secret"))
        assert "<html" in page.text.lower()

    script = tmp_path / "train.py"
    script.write_text(
        CREDENTIALS.replace("http://mlflow:5000", proxy.url)
        .replace("'ml-team'", "'ann'")
        .replace("'secure-password'", "'secret'")
        + "with mlflow.start_run() as run:\n"
        + "    mlflow.log_text('hello', 'notes.txt')\n"
        + "print(mlflow.artifacts.load_text(run.info.artifact_uri + '/notes.txt'))\n"
    )
    client = mlflow_client_of("2.9.2")
    trust = {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(proxy.certificate)}
    assert "hello" in client.output(script, "http://nowhere", **trust).splitlines()

    proxy.configure(block(proxy).replace('auth_basic "MLflow"', "auth_basic off"))
    proxy.run("-s", "reload")
    for _ in range(500):
        with httpx.Client(base_url=proxy.url, verify=trusted, trust_env=False) as browser:
            if browser.get("/version").status_code == 200:
                return
    raise AssertionError("nginx goes on with what it was told before")
