"""What the server says about itself: liveness, version, features."""

from __future__ import annotations

import msgspec

from milepost import __version__
from milepost.app import App
from milepost.config import Settings
from milepost.http.asgi import JSON, TEXT, Handler, Receive, Scope, Send, header, respond


async def health(scope: Scope, receive: Receive, send: Send) -> None:
    """GET /health: `OK`, or `{"status": "OK"}` where the client asks for JSON."""
    if "application/json" in (header(scope, b"accept") or ""):
        await respond(send, 200, JSON, b'{"status": "OK"}')
    else:
        await respond(send, 200, TEXT, b"OK")


def version(settings: Settings) -> Handler:
    """GET /version: the version as bare text, Milepost's own unless another was set."""
    text = (settings.mlflow_version or __version__).encode()

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, 200, TEXT, text)

    return handle


async def ui_telemetry(scope: Scope, receive: Receive, send: Send) -> None:
    """GET and POST /ajax-api/3.0/mlflow/ui-telemetry: MLflow's pages ask whether to report what
    their users do. They must not."""
    off = b'{"disable_ui_events":[],"disable_ui_telemetry":true,"ui_rollout_percentage":0}'
    await respond(send, 200, JSON, off if scope["method"] == "GET" else b'{"status":"disabled"}')


def server_info(app: App) -> Handler:
    """GET /api/3.0/mlflow/server-info: what 3.x clients ask before they use a feature."""
    settings = app.settings
    direct = settings.serve_artifacts and app.direct.offered()
    body = msgspec.json.encode(
        {
            "store_type": None if settings.artifacts_only else "SqlStore",
            "workspaces_enabled": False,
            "trace_archival_enabled": False,
            "multipart_uploads_enabled": direct,
            "multipart_downloads_enabled": direct,
            "presigned_upload_run_id_supported": True,
            "presigned_upload_model_id_supported": True,
            # MLflow means its gateway to language models, which is not ours to models.
            "features_enabled": {"gateway": False},
        }
    )

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, 200, JSON, body)

    return handle
