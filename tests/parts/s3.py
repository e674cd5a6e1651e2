"""A real S3 server: SeaweedFS, which checks signatures and does versions and encryption."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.parts import need
from tests.parts.daemon import Daemon, free_port


@dataclass(frozen=True)
class S3:
    endpoint: str
    access_key: str
    secret_key: str
    files: str
    """The server's file interface, where a folder under /buckets is a bucket."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which programs find this server and nothing else."""
        return {
            "MLFLOW_S3_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nowhere",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        }

    def create_bucket(self) -> str:
        name = f"fresh-{uuid4().hex}"
        _client().post(f"{self.files}/buckets/{name}/").raise_for_status()
        return name

    def is_up(self) -> bool:
        """The ports open long before anything can be stored: store something."""
        client = _client()
        try:
            stored = client.post(f"{self.files}/ready", files={"file": b"yes"})
            return stored.is_success and client.get(f"{self.endpoint}/status").is_success
        except httpx.TransportError:
            return False


def _client() -> httpx.Client:
    return httpx.Client(timeout=10, trust_env=False)


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    home = tmp_path_factory.mktemp("s3")
    # Ports by flag; the two protocols that come with S3 and are of no use here get none.
    names = ["master", "volume", "filer", "s3"]
    ports = {f"{name}.port{kind}": free_port() for name in names for kind in ("", ".grpc")}
    ports |= {"s3.port.iceberg": 0, "s3.port.lance": 0}
    server = S3(
        f"http://127.0.0.1:{ports['s3.port']}",
        "testak",
        secrets.token_hex(16),
        f"http://127.0.0.1:{ports['filer.port']}",
    )
    command = [
        str(need.environment("seaweedfs") / "weed"),
        "server",
        f"-dir={home}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-filer",
        "-s3",
        f"-s3.config={_config(home, server)}",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=400",
        *(f"-{name}={port}" for name, port in ports.items()),
    ]
    # One volume for each bucket, not seven: every test makes a bucket.
    env = {"WEED_S3_SSE_KEK": secrets.token_hex(32), "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
    daemon = Daemon(command, home / "log", server.is_up, env=env, cwd=home)
    daemon.start()
    yield server
    # It takes long to leave and nothing depends on how it does.
    daemon.kill()


def _config(home: Path, server: S3) -> Path:
    path = home / "s3.json"
    identity = {
        "name": "admin",
        "credentials": [{"accessKey": server.access_key, "secretKey": server.secret_key}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    path.write_text(json.dumps({"identities": [identity]}))
    return path


@pytest.fixture
def s3_bucket(s3: S3) -> str:
    """Name of a fresh, empty bucket."""
    return s3.create_bucket()
