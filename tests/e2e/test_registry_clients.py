"""A real MLflow 3 client works with prompts, logged models and webhooks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx

from tests.parts.milepost import StartMilepost
from tests.parts.mlflow import MlflowClient
from tests.parts.receiver import Receiver

SCRIPT = Path(__file__).parent / "scripts" / "registry.py"
PRIVATE = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}


def test_registry(
    mlflow_client_of: Callable[[str], MlflowClient],
    milepost_server: StartMilepost,
    receiver: Receiver,
) -> None:
    unique, server = uuid4().hex, milepost_server(env=PRIVATE)
    # A webhook that only hears of what MLflow has no event for: its clients must survive the sight.
    stages = [{"entity": "MODEL_VERSION_STAGE", "action": "CHANGED"}]
    body = {"name": "stages", "url": receiver.url, "events": stages}
    made = httpx.post(f"{server.url}/api/2.0/mlflow/webhooks", json=body, trust_env=False)
    assert made.status_code == 200, made.text
    who = {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "x"}
    facts = mlflow_client_of("3.17.2").run(SCRIPT, server.url, unique, receiver.url, **who)
    assert facts == {
        "prompt": "Hi Ann",
        "aliased prompt": "Hello Ann",
        "prompts": [f"prompt-{unique}"],
        "not a model": 0,
        "no prompt": None,
        "pending": "PENDING",
        "ready": "READY",
        "params": {"k": "1", "depth": "3"},
        "tags": {"team": "blue"},
        "metrics": [["acc", 0.8, None], ["acc", 0.9, "probe"]],
        "by metric": 1,
        "by data": 0,
        "logged twice": "INVALID_PARAMETER_VALUE",
        "deleted": "RESOURCE_DOES_NOT_EXIST",
        "hook": ["model_version.created", "registered_model.created"],
        "hooks": ["changed"],
        "tested": [True, 200],
        "no hook": "RESOURCE_DOES_NOT_EXIST",
    }
    (message,) = receiver.received
    assert message.event == ("model_version", "created")
    url = f"{server.url}/api/3.0/milepost/registered-models/history"
    history = httpx.get(url, params={"name": f"prompt-{unique}"}, trust_env=False).json()
    assert {change["actor"] for change in history["changes"]} == {"ann"}
