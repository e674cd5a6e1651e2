"""Writes the reference pages that are made from the code: `python docs/generate.py`.

A test fails when a page lags behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from milepost.mlflow_api import table
from milepost.mlflow_api.not_served import NOT_SERVED

REFERENCE = Path(__file__).parent / "reference"

_HTTP = """\
# HTTP routes

Made from the endpoint table by `python docs/generate.py`.

Each route answers under `/api/2.0/`, `/api/3.0/` and their twins for pages, `/ajax-api/2.0/` and
`/ajax-api/3.0/`; those of MLflow 1.x also under `/api/2.0/preview/`. Requests and replies are
MLflow's; routes below `milepost/` are Milepost's own. Besides them there are `/health`, `/version`,
`/metrics`, the pages, the streams of artifacts below `mlflow-artifacts/artifacts/`, and, where the
[gateway](../howto/serving.md) is on, its routes (`served_model.query`).

"May be called by" names the action that the route declares; every route declares one.
"""
_LEFT_OUT = """
## Routes of MLflow that are not served

A client that asks for one gets the 404 that makes it fall back or say so.
"""


def http() -> str:
    """The page of all routes."""
    rows = sorted((e.path, e.method, e.action.value) for e in [*table.ENDPOINTS, *table.LEGACY])
    routes = _table(("method", "route", "may be called by"), ((m, f"`{p}`", a) for p, m, a in rows))
    missing = _table(("route", "why"), ((f"`{p}`", why) for (_, p), why in NOT_SERVED.items()))
    return f"{_HTTP}\n{routes}{_LEFT_OUT}\n{missing}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


PAGES: dict[str, Callable[[], str]] = {"http.md": http}
"""Each generated page by its file name."""


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page())


if __name__ == "__main__":
    main()
