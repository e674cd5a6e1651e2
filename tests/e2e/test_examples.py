"""The example and the lines of Python in the README and the quickstart, as a newcomer runs them."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from tests.parts.mlflow import MlflowClient

ROOT = Path(__file__).parents[2]
DEFAULT_URL = "http://127.0.0.1:5000"


def _lines(page: str) -> str:
    """The one piece of Python on a page."""
    (found,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    return str(found)


def test_the_readme(mlflow_client: MlflowClient, milepost_url: str) -> None:
    script = mlflow_client.folder / "readme.py"
    script.write_text(_lines("README.md").replace(DEFAULT_URL, milepost_url))
    mlflow_client.output(script, milepost_url)
    api = f"{milepost_url}/api/2.0/mlflow"
    name = {"experiment_name": "first-steps"}
    found = httpx.get(f"{api}/experiments/get-by-name", params=name).json()["experiment"]
    search = {"experiment_ids": [found["experiment_id"]], "max_results": 1}
    (run,) = httpx.post(f"{api}/runs/search", json=search).json()["runs"]
    assert run["data"]["metrics"][0]["step"] == 99
    assert run["info"]["status"] == "FINISHED"


def test_the_quickstart(mlflow_client: MlflowClient, milepost_url: str) -> None:
    # The client's autolog looks for a module that newer Pythons lack unless told otherwise.
    said = mlflow_client.output(
        ROOT / "examples" / "train.py", milepost_url, SETUPTOOLS_USE_DISTUTILS="stdlib"
    )
    assert re.search(r"registered wine-classifier version \d+ as @champion", said), said
    assert re.search(r"predictions: \[(\d, ){4}\d\]", said), said
    script = mlflow_client.folder / "questions.py"
    # Its one statement, as a question whose answer is shown.
    question = _lines("docs/quickstart.md").replace("mlflow.search", "found = mlflow.search")
    script.write_text(f"{question}print(found['params.logisticregression__C'].unique().tolist())\n")
    assert mlflow_client.output(script, milepost_url).splitlines()[-1] == "['0.1']"
