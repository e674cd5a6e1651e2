"""The modes in which a server refuses a part of the API, with MLflow's words where it has some."""

from __future__ import annotations

from html import escape

from milepost.config import Settings
from milepost.http.asgi import HTML, JSON, Handler, Receive, Scope, Send, respond
from milepost.http.router import Route

_NOT_SERVED = (
    b'{"detail":"Artifact serving is disabled. Run `mlflow server` with `--serve-artifacts` to'
    b' enable."}'
)

_REGISTRY = ("/mlflow/registered-models/", "/mlflow/model-versions/")


def served(route: Route, settings: Settings) -> Route:
    """`route`, or one with what answers in its place: artifacts are not served with
    --no-serve-artifacts, nothing but them with --artifacts-only, and no models where the registry
    is switched off."""
    instead = _instead(route.pattern, settings)
    return route if instead is None else route._replace(handler=instead)


def _instead(path: str, settings: Settings) -> Handler | None:
    artifacts = "/mlflow-artifacts/" in path
    if artifacts and not settings.serve_artifacts:
        return _not_served
    if settings.artifacts_only and not artifacts:
        return _only_artifacts
    if not settings.registry_enabled and any(part in path for part in _REGISTRY):
        return _no_registry
    return None


async def _not_served(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] in ("GET", "HEAD", "PUT") and "file" in scope.get("path_params", {}):
        await respond(send, 503, JSON, _NOT_SERVED)
        return
    text = (
        f"Endpoint: {escape(scope['path'])} disabled due to the mlflow server running with"
        " `--no-serve-artifacts`. To enable artifacts server functionality, run `mlflow server`"
        " with `--serve-artifacts`"
    )
    await respond(send, 503, HTML, text.encode("utf-8", "replace"))


async def _no_registry(scope: Scope, receive: Receive, send: Send) -> None:
    text = f"Endpoint: {escape(scope['path'])} disabled: this server's model registry is off"
    await respond(send, 503, HTML, text.encode("utf-8", "replace"))


async def _only_artifacts(scope: Scope, receive: Receive, send: Send) -> None:
    text = (
        f"Endpoint: {escape(scope['path'])} disabled due to the mlflow server running in"
        " `--artifacts-only` mode. To enable tracking server functionality, run `mlflow server`"
        " without `--artifacts-only`"
    )
    await respond(send, 503, HTML, text.encode("utf-8", "replace"))
