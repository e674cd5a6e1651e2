"""What the gateway needs of its machine (a folder of its own, a Python with mlflow), and what its
model servers do not get to see."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from milepost.config import Settings
from milepost.config.blocks import GatewayRoute
from milepost.errors import Invalid, Unavailable
from milepost.services.model_servers import environment
from milepost.services.serving import gateway_folder
from milepost.upstreams import scoring
from tests.parts.need import environment as environment_of

ROUTE = GatewayRoute("r", "models:/m/1")


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The machine's folder for temporary files; pytest's own have too long names for sockets."""
    with tempfile.TemporaryDirectory(prefix="mp-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.fixture
def settings(tmp_path: Path, temporary: Path) -> Settings:
    python = str(environment_of("mlflow-3.17.2") / "python")
    return Settings(
        data_dir=str(tmp_path / "data"),
        gateway_enabled=True,
        gateway_routes=(ROUTE,),
        gateway_python=python,
    )


def test_the_folder_is_for_the_server_alone_and_goes_with_it(settings: Settings) -> None:
    with gateway_folder(settings) as found:
        folder = Path(found.gateway_folder)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "0-1.files").mkdir()
    assert not folder.exists()


def test_what_a_killed_server_left_is_removed_and_what_a_running_one_uses_is_not(
    settings: Settings, temporary: Path
) -> None:
    left = temporary / "milepost-gateway-dead"
    (left / "0-1.files").mkdir(parents=True)
    with gateway_folder(settings) as first, gateway_folder(settings) as second:
        assert not left.exists()
        assert Path(first.gateway_folder).exists()
        assert first.gateway_folder != second.gateway_folder


def test_a_folder_that_was_named(settings: Settings, temporary: Path) -> None:
    named = replace(settings, gateway_folder=str(temporary / "g"))
    (temporary / "g" / "3-1.files").mkdir(parents=True)
    with gateway_folder(named):
        assert list((temporary / "g").iterdir()) == []
        with pytest.raises(Unavailable, match="another server uses"), gateway_folder(named):
            pass
    with gateway_folder(named):
        pass
    far = replace(settings, gateway_folder=str(temporary / ("x" * 100)))
    with pytest.raises(Invalid, match="too long a path"), gateway_folder(far):
        pass
    assert not Path(far.gateway_folder).exists()


def test_without_servers_of_its_own_it_needs_nothing(settings: Settings) -> None:
    remote = replace(ROUTE, server="http://127.0.0.1:1")
    bare = replace(settings, gateway_python="/nowhere", gateway_routes=(remote,))
    with gateway_folder(bare) as found:
        assert found is bare


@pytest.mark.parametrize(
    ("python", "what"),
    [("/nowhere/python", "cannot be run"), ("/bin/false", "has no mlflow"), ("", "has no mlflow")],
)
def test_a_python_that_cannot_serve(settings: Settings, python: str, what: str) -> None:
    bad = replace(settings, gateway_python=python)
    with pytest.raises(Unavailable, match=what) as caught, gateway_folder(bad):
        pass
    assert (python or sys.executable) in caught.value.message


def test_a_model_does_not_see_what_is_for_the_server(settings: Settings) -> None:
    environ = {
        "MLFLOW_BACKEND_STORE_URI": "postgresql://u:secret@h/d",
        "MLFLOW_DB_PASSWORD": "secret",
        "MLFLOW_AUTH_PASSWORD": "secret",
        "MILEPOST_ANYTHING": "secret",
        "AWS_ACCESS_KEY_ID": "key",
        "PATH": "/bin",
    }
    seen = environment(replace(settings, port=5055, static_prefix="/m"), ROUTE, environ)
    assert "secret" not in str(seen)
    assert (seen["AWS_ACCESS_KEY_ID"], seen["PATH"]) == ("key", "/bin")
    assert seen["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5055/m"


def test_a_server_in_another_python_says_why_it_cannot_start(tmp_path: Path) -> None:
    said: list[str] = []
    server = scoring.ModelServer(
        sys.executable, "models:/m/1", tmp_path / "s", tmp_path / "f", dict(os.environ), said.append
    )
    server._process.wait(60)
    assert "No module named 'mlflow'" in server.ended()
    assert server.ended().startswith("it ended with 1: ")
    server.kill()
    assert not (tmp_path / "f").exists()
