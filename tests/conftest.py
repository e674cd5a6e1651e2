"""Fixtures for every test: the parts of `tests/parts` (its docstring lists them)."""

from __future__ import annotations

import os

import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import settings

pytest_plugins = [
    "tests.parts.azure",
    "tests.parts.browser",
    "tests.parts.gcs",
    "tests.parts.mariadb",
    "tests.parts.milepost",
    "tests.parts.mlflow",
    "tests.parts.nginx",
    "tests.parts.postgres",
    "tests.parts.prometheus",
    "tests.parts.receiver",
    "tests.parts.s3",
    "tests.parts.store",
]

# Parts too heavy for one per worker: their tests all go to the same worker.
SHARED = ("mlflow_server", "s3", "gcs_emulator", "azure_emulator", "browser")

# What whoever runs the tests has set for servers and clients of their own is none of the tests'
# business, unlike MILEPOST_TEST_*.
for name in list(os.environ):
    steers = name.startswith(("MLFLOW_", "MILEPOST_"))
    if steers and not name.startswith("MILEPOST_TEST_"):
        del os.environ[name]

# A slow machine is not a defect: no example fails for the time it took.
settings.register_profile("milepost", deadline=None, print_blob=True)
settings.load_profile("milepost")

# Nor does a request: httpx would give up after five seconds, and that is the default of each of its
# functions and clients.
for phase in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, phase, 120.0)


# Before xdist's own hook, which reads the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for part in SHARED:
            if part in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(part))
