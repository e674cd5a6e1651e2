"""Azure's blob storage, as its maker's own emulator (Azurite) has it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.parts import need
from tests.parts.daemon import Daemon, free_port

# Published with the emulator; opens nothing else.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@dataclass(frozen=True)
class AzureEmulator:
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which programs find this server."""
        text = (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint=http://127.0.0.1:{self.port}/{ACCOUNT};"
        )
        return {"AZURE_STORAGE_CONNECTION_STRING": text}

    def create_container(self) -> str:
        from azure.storage.blob import BlobServiceClient

        name = f"fresh-{uuid4().hex}"
        text = self.environment["AZURE_STORAGE_CONNECTION_STRING"]
        with BlobServiceClient.from_connection_string(text) as service:
            service.create_container(name)
        return name

    def is_up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(scope="session")
def azure_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureEmulator]:
    home = tmp_path_factory.mktemp("azure")
    programs = need.environment("azurite")
    server = AzureEmulator(free_port())
    command = [
        str(programs / "node"),
        str(programs.parent / "node_modules/azurite/dist/src/blob/main.js"),
        f"--blobPort={server.port}",
        f"--location={home}",
        "--silent",
        "--disableTelemetry",
        "--skipApiVersionCheck",
    ]
    daemon = Daemon(command, Path(home / "log"), server.is_up, cwd=home)
    daemon.start()
    yield server
    daemon.kill()
