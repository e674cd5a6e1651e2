"""What Milepost's registry has beyond MLflow's: history, approvals and lineage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from milepost.domain import registry as nouns
from milepost.domain.access import Action
from milepost.domain.logged_models import LoggedModel
from milepost.domain.registry import (
    RegisteredModel,
    RequestState,
    TransitionRequest,
    stage_of,
    version_of,
)
from milepost.domain.tracking import Run
from milepost.errors import Invalid
from milepost.mlflow_api.change import Asked, Change, change
from milepost.mlflow_api.endpoint import Call, Endpoint, query
from milepost.mlflow_api.logged_models import dump_model
from milepost.mlflow_api.model_versions import dump_version
from milepost.mlflow_api.replies import DatasetInput, LoggedModelInfo, Reply, RunInfo
from milepost.mlflow_api.replies import ModelVersion as VersionReply
from milepost.mlflow_api.runs import dump_info, dump_run
from milepost.mlflow_api.wire import Int64, Message, Required, present
from milepost.services.registry.lineage import Offspring, Origin
from milepost.services.search import Page

MOST = 1000
DEFAULT = 100
_COMMIT = "mlflow.source.git.commit"
_CODE = {
    _COMMIT: "commit",
    "mlflow.source.git.repoURL": "repository",
    "mlflow.source.git.branch": "branch",
    "mlflow.source.name": "name",
    "mlflow.source.type": "type",
    "mlflow.project.entryPoint": "entry_point",
}


class Listing(Message, kw_only=True):
    """A part of a list, newest first"""

    max_results: Int64 = DEFAULT
    page_token: str = ""


class History(Listing):
    """milepost/registered-models/history"""

    name: Required
    version: str = ""


class Requests(Listing):
    """milepost/registered-models/transition-requests"""

    name: Required
    version: str = ""
    state: str = ""


class Name(Message):
    """milepost/registered-models/policy"""

    name: Required


class Policy(Change):
    """milepost/registered-models/policy"""

    name: Required
    production_needs_approval: bool


class Request(Change):
    """milepost/registered-models/transition-requests"""

    name: Required
    version: Required
    stage: Required
    archive_existing_versions: bool = False


class Decision(Change):
    """milepost/registered-models/transition-requests/{id}/approve and reject"""


class OfVersion(Message):
    """milepost/lineage/model-version"""

    name: Required
    version: Required


class OfRun(Message):
    """milepost/lineage/run"""

    run_id: Required


class OfDataset(Message):
    """milepost/lineage/dataset"""

    name: Required
    digest: str = ""


class OfCommit(Message):
    """milepost/lineage/commit"""

    commit: Required


class PolicyReply(Reply):
    """registered-models/policy"""

    name: str
    production_needs_approval: bool


class ChangeReply(Reply):
    """What happened to a model, or with `version` to that one; `timestamp` in milliseconds"""

    id: str
    name: str
    timestamp: int
    actor: str
    action: str
    version: str = ""
    subject: str = ""
    old_value: str | None = None
    new_value: str | None = None
    comment: str = ""


class HistoryReply(Reply):
    """registered-models/history"""

    changes: list[ChangeReply] = []
    next_page_token: str | None = None


class TransitionReply(Reply):
    """A request to move a version; times in milliseconds, `decided` if it is"""

    id: str
    name: str
    version: str
    to_stage: str
    archive_existing_versions: bool
    state: str
    requested_by: str
    requested: int
    comment: str = ""
    decided_by: str | None = None
    decided: int | None = None
    decision_comment: str = ""


class RequestReply(Reply):
    """One transition request, as it is after the call"""

    transition_request: TransitionReply


class RequestsReply(Reply):
    """registered-models/transition-requests"""

    transition_requests: list[TransitionReply] = []
    next_page_token: str | None = None


class OriginReply(Reply):
    """lineage/model-version: where it comes from, as far as that is known"""

    model_version: VersionReply
    logged_model: LoggedModelInfo | None = None
    run: RunInfo | None = None
    datasets: list[DatasetInput] = []
    input_models: list[LoggedModelInfo] = []
    code: dict[str, str] = {}


def _dump_policy(model: RegisteredModel) -> PolicyReply:
    return PolicyReply(model.name, model.needs_approval)


def _dump_change(entry: nouns.Change) -> ChangeReply:
    return ChangeReply(
        id=str(entry.id),
        name=entry.model,
        version=str(entry.version) if entry.version else "",
        timestamp=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        old_value=entry.old,
        new_value=entry.new,
        comment=entry.note,
    )


def _dump_history(page: Page[nouns.Change]) -> HistoryReply:
    return HistoryReply([_dump_change(entry) for entry in page.items], page.next_token)


def _dump_request(request: TransitionRequest) -> TransitionReply:
    return TransitionReply(
        id=str(request.id),
        name=request.model,
        version=str(request.version),
        to_stage=request.stage.label,
        archive_existing_versions=request.archive_existing,
        state=request.state.name,
        requested_by=request.requested_by,
        requested=request.requested,
        comment=request.request_note,
        decided_by=None if request.decided is None else request.decided_by,
        decided=request.decided,
        decision_comment=request.decision_note,
    )


def _dump_one(request: TransitionRequest) -> RequestReply:
    return RequestReply(_dump_request(request))


def _dump_requests(page: Page[TransitionRequest]) -> RequestsReply:
    return RequestsReply([_dump_request(request) for request in page.items], page.next_token)


def _dump_origin(origin: Origin) -> dict[str, Any]:
    run = origin.run
    return present(
        model_version=dump_version(origin.version),
        logged_model=_dump_logged(origin.logged_model),
        run=None if run is None else dump_info(run),
        datasets=[] if run is None else dump_run(run)["inputs"].get("dataset_inputs", []),
        input_models=[_dump_logged(model) for model in origin.input_models],
        code=None if run is None else _code(run),
    )


def _dump_logged(model: LoggedModel | None) -> dict[str, Any] | None:
    return None if model is None else dump_model(model)["info"]


def _code(run: Run) -> dict[str, str] | None:
    """What is known of the code that ran."""
    return {_CODE[tag.key]: tag.value for tag in run.tags if tag.key in _CODE} or None


def _dump_offspring(found: Offspring) -> dict[str, Any]:
    return present(
        runs=[dump_info(run) for run in found.runs],
        logged_models=[_dump_logged(model) for model in found.logged_models],
        model_versions=[dump_version(version) for version in found.versions],
    )


class _Part(NamedTuple):
    """Which part of which list."""

    name: str
    version: int | None
    limit: int
    token: str


def _part(message: History | Requests) -> _Part:
    if not 1 <= message.max_results <= MOST:
        raise Invalid(f"max_results must be between 1 and {MOST}.")
    version = version_of(message.version) if message.version else None
    return _Part(message.name, version, message.max_results, message.page_token)


def _state(text: str) -> RequestState | None:
    if not text:
        return None
    try:
        return RequestState[text.upper()]
    except KeyError:
        valid = [state.name for state in RequestState]
        raise Invalid(f"Unknown state '{text}'. It is one of {valid}.") from None


_decision = change(Decision)


def _decided(call: Call) -> tuple[Asked[Decision], int]:
    text = call.path["id"]
    if not text.isdecimal() or len(text) > 18:
        raise Invalid(f"'{text}' is not the id of a transition request.")
    return _decision(call), int(text)


def _deciding(path: str, call: Callable[..., Any]) -> Endpoint:
    return Endpoint(
        "POST", f"milepost/registered-models/transition-requests/{{id}}/{path}",
        Action.MANAGE_MODEL, "write", _decided, call, _dump_one,
    )  # fmt: skip


ENDPOINTS = [
    Endpoint(
        "GET", "milepost/registered-models/history", Action.READ_MODEL, "read", query(History),
        lambda app, tx, x: app.registry.journal.history(tx, *_part(x)),
        _dump_history,
    ),
    Endpoint(
        "GET", "milepost/registered-models/policy", Action.READ_MODEL, "read", query(Name),
        lambda app, tx, x: app.registry.models.get(tx, x.name),
        _dump_policy,
    ),
    Endpoint(
        "POST", "milepost/registered-models/policy", Action.MANAGE_MODEL, "write", change(Policy),
        lambda app, tx, x: app.registry.models.require_approval(
            tx, x.by, x.of.name, needed=x.of.production_needs_approval
        ),
        _dump_policy,
    ),
    Endpoint(
        "POST", "milepost/registered-models/transition-requests", Action.EDIT_MODEL, "write",
        change(Request),
        lambda app, tx, x: app.registry.approvals.request(
            tx, x.by, x.of.name, version_of(x.of.version), stage_of(x.of.stage),
            archive_existing=x.of.archive_existing_versions,
        ),
        _dump_one,
    ),
    Endpoint(
        "GET", "milepost/registered-models/transition-requests", Action.READ_MODEL, "read",
        query(Requests),
        lambda app, tx, x: app.registry.approvals.of_model(tx, _state(x.state), *_part(x)),
        _dump_requests,
    ),
    _deciding("approve", lambda app, tx, x: app.registry.approvals.approve(tx, x[0].by, x[1])),
    _deciding("reject", lambda app, tx, x: app.registry.approvals.reject(tx, x[0].by, x[1])),
    Endpoint(
        "GET", "milepost/lineage/model-version", Action.READ_MODEL, "read", query(OfVersion),
        lambda app, tx, x: app.registry.lineage.of_version(tx, x.name, version_of(x.version)),
        _dump_origin,
    ),
    Endpoint(
        "GET", "milepost/lineage/run", Action.READ_EXPERIMENT, "read", query(OfRun),
        lambda app, tx, x: app.registry.lineage.of_run(tx, x.run_id),
        _dump_offspring,
    ),
    Endpoint(
        "GET", "milepost/lineage/dataset", Action.READ_EXPERIMENT, "read", query(OfDataset),
        lambda app, tx, x: app.registry.lineage.of_dataset(tx, x.name, x.digest),
        _dump_offspring,
    ),
    Endpoint(
        "GET", "milepost/lineage/commit", Action.READ_EXPERIMENT, "read", query(OfCommit),
        lambda app, tx, x: app.registry.lineage.of_commit(tx, x.commit),
        _dump_offspring,
    ),
]  # fmt: skip
