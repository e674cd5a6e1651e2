"""A model in MLflow's format, made by hand: any release of MLflow can serve it."""

from __future__ import annotations

from pathlib import Path

_MLMODEL = """\
flavors: {python_function: {loader_module: says, code: code, python_version: "3.11"}}
mlflow_version: 2.9.2
"""


def write_model(folder: Path, code: str) -> None:
    """A model whose `_load_pyfunc(path)` is in `code`; it returns something with `predict`."""
    (folder / "code").mkdir(parents=True)
    (folder / "MLmodel").write_text(_MLMODEL)
    (folder / "code" / "says.py").write_text(code)
