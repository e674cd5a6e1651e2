"""Golden requests of webhooks, and of what Milepost's registry has beyond MLflow's."""

from __future__ import annotations

from typing import Any

from tests.differential.pair import Call, get, post

V3 = "/api/3.0/milepost/"
_RM, _MV, _LM = "registered-models/", "model-versions/", "logged-models"
_TAG = {"key": "team", "value": "blue"}
_MODEL = post(f"{_RM}create", {"name": "$name", "description": "d", "tags": [_TAG]})
_VERSION = post(f"{_MV}create", {"name": "$name", "source": "s3://b/p", "tags": [_TAG]})
_MADE = [_MODEL, _VERSION]
_LOGGED = post(
    _LM,
    {
        "experiment_id": "$exp",
        "name": "nn",
        "source_run_id": "$run",
        "params": [{"key": "lr", "value": "0.1"}],
        "tags": [_TAG],
    },
    save={"model": "model.info.model_id"},
)
_FROM_RUN = [
    post(
        "runs/log-inputs",
        {
            "run_id": "$run",
            "datasets": [{"dataset": {"name": "$data", "digest": "d1", "source_type": "http"}}],
        },
    ),
    post("runs/set-tag",
         {"run_id": "$run", "key": "mlflow.source.git.commit", "value": "$commit"}),
    _LOGGED,
    _MODEL,
    post(f"{_MV}create",
         {"name": "$name", "source": "models:/$model", "model_id": "$model", "run_id": "$run"}),
]  # fmt: skip
# Public and needs no look-up; nothing is ever sent there.
_HOOK_BODY = {
    "name": "hook",
    "url": "https://93.184.215.14/hook",
    "secret": "never shown",
    "events": [
        {"entity": "MODEL_VERSION", "action": "CREATED"},
        {"entity": "MODEL_VERSION_STAGE", "action": "CHANGED"},
    ],
}
_HOOK = post("webhooks", _HOOK_BODY, save={"hook": "webhook.webhook_id"})
_TO_PRODUCTION = {"name": "$name", "version": "1", "stage": "Production"}
_ASKED = post(
    f"{V3}registered-models/transition-requests",
    {**_TO_PRODUCTION, "comment": "please"},
    save={"request": "transition_request.id"},
)
_DECIDED = {"comment": "reviewed"}


def _patch(path: str, body: Any) -> Call:
    return Call("PATCH", path, body)


def _delete(path: str, body: Any) -> Call:
    return Call("DELETE", path, body)


GOLDEN: dict[str, list[Call]] = {
    "POST mlflow/webhooks": [_HOOK],
    "GET mlflow/webhooks": [
        post("webhooks", _HOOK_BODY),
        _HOOK, get("webhooks", max_results=1),
    ],
    "GET mlflow/webhooks/{webhook_id}": [_HOOK, get("webhooks/$hook")],
    "PATCH mlflow/webhooks/{webhook_id}": [
        _HOOK, _patch("webhooks/$hook", {"status": "DISABLED", "description": "off"}),
    ],
    "DELETE mlflow/webhooks/{webhook_id}": [_HOOK, _delete("webhooks/$hook", {})],
    "POST mlflow/webhooks/{webhook_id}/test": [
        _HOOK,
        post("webhooks/$hook/test", {"event": {"entity": "MODEL_VERSION", "action": "SET"}}),
    ],
    "GET milepost/webhooks": [
        post("webhooks", _HOOK_BODY),
        _HOOK,
        get(f"{V3}webhooks", max_results=1),
    ],
    "GET milepost/webhooks/{webhook_id}/deliveries": [
        _HOOK, get(f"{V3}webhooks/$hook/deliveries"),
    ],
    "GET milepost/registered-models/history": [
        *_MADE,
        post(f"{_MV}transition-stage", {**_TO_PRODUCTION, "comment": "it is better"}),
        get(f"{V3}registered-models/history", name="$name", version=1),
    ],
    "GET milepost/registered-models/policy": [
        _MODEL, get(f"{V3}registered-models/policy", name="$name"),
    ],
    "POST milepost/registered-models/policy": [
        _MODEL,
        post(f"{V3}registered-models/policy",
             {"name": "$name", "production_needs_approval": True}),
    ],
    "POST milepost/registered-models/transition-requests": [*_MADE, _ASKED],
    "GET milepost/registered-models/transition-requests": [
        *_MADE, _ASKED,
        get(f"{V3}registered-models/transition-requests", name="$name", state="pending"),
    ],
    "POST milepost/registered-models/transition-requests/{id}/approve": [
        *_MADE, _ASKED,
        post(f"{V3}registered-models/transition-requests/$request/approve", _DECIDED),
    ],
    "POST milepost/registered-models/transition-requests/{id}/reject": [
        *_MADE, _ASKED,
        post(f"{V3}registered-models/transition-requests/$request/reject", _DECIDED),
    ],
    "GET milepost/lineage/model-version": [
        *_FROM_RUN, get(f"{V3}lineage/model-version", name="$name", version=1),
    ],
    "GET milepost/lineage/run": [*_FROM_RUN, get(f"{V3}lineage/run", run_id="$run")],
    "GET milepost/lineage/dataset": [
        *_FROM_RUN, get(f"{V3}lineage/dataset", name="$data", digest="d1"),
    ],
    "GET milepost/lineage/commit": [*_FROM_RUN, get(f"{V3}lineage/commit", commit="$commit")],
}  # fmt: skip
