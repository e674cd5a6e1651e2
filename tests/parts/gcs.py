"""Google Cloud Storage, as an emulator in Python has it (it knows no multipart uploads and checks
no signatures)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.parts import need
from tests.parts.daemon import Daemon, free_port


@dataclass(frozen=True)
class GcsEmulator:
    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which programs find this server."""
        return {"STORAGE_EMULATOR_HOST": self.endpoint}

    def create_bucket(self) -> str:
        name = f"fresh-{uuid4().hex}"
        made = httpx.post(f"{self.endpoint}/storage/v1/b", json={"name": name}, trust_env=False)
        made.raise_for_status()
        return name

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.endpoint}/storage/v1/b", trust_env=False).is_success
        except httpx.TransportError:
            return False


@pytest.fixture(scope="session")
def gcs_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsEmulator]:
    home = tmp_path_factory.mktemp("gcs")
    port = free_port()
    server = GcsEmulator(f"http://127.0.0.1:{port}")
    program = need.environment("gcs-emulator") / "gcp-storage-emulator"
    command = [str(program), "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"]
    daemon = Daemon(command, Path(home / "log"), server.is_up, cwd=home)
    daemon.start()
    yield server
    daemon.kill()
