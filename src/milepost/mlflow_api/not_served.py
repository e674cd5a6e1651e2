"""MLflow's routes that Milepost does not serve, each with the reason.

A client meets a 404 that is not JSON there, which MLflow's clients understand as "this server has
no such feature". A key is a method (* for all) and how the path begins after /api or /ajax-api;
entries end with a slash, so that none covers a longer name by accident.
"""

from __future__ import annotations

from collections.abc import Mapping

_TRACES = "traces of applications are not recorded"
_GENAI = "a tool of MLflow for language model applications"
_GATEWAY = "MLflow's gateway to makers of language models; Milepost's own serves models elsewhere"
_USERS = "its one user is named in the settings"
_DATABRICKS = "works on Databricks only; MLflow's own server answers 404 too"

NOT_SERVED: Mapping[tuple[str, str], str] = {
    ("*", "/v1/traces/"): _TRACES,
    ("*", "/2.0/mlflow/traces/"): _TRACES,
    ("*", "/2.0/mlflow/get-trace-artifact/"): _TRACES,
    ("*", "/3.0/mlflow/get-trace-artifact/"): _TRACES,
    ("*", "/3.0/mlflow/traces/"): _TRACES,
    ("*", "/2.0/mlflow/unified-traces/"): _DATABRICKS,
    ("*", "/2.0/mlflow/get-online-trace-details/"): _DATABRICKS,
    ("*", "/3.0/mlflow/assistant/"): _GENAI,
    ("*", "/3.0/mlflow/datasets/"): _GENAI,
    ("*", "/3.0/mlflow/demo/"): _GENAI,
    ("*", "/3.0/mlflow/issues/"): _GENAI,
    ("*", "/3.0/mlflow/label-schemas/"): _GENAI,
    ("*", "/3.0/mlflow/mcp-servers/"): _GENAI,
    ("*", "/3.0/mlflow/prompt-optimization/"): _GENAI,
    ("*", "/3.0/mlflow/review-queues/"): _GENAI,
    ("*", "/3.0/mlflow/scorer/"): _GENAI,
    ("*", "/3.0/mlflow/scorers/"): _GENAI,
    ("*", "/3.0/mlflow/genai/"): _GENAI,
    ("*", "/2.0/mlflow/runs/create-promptlab-run/"): _GENAI,
    ("*", "/3.0/jobs/"): _GENAI,
    ("*", "/3.0/mlflow/jobs/"): _GENAI,
    ("*", "/gateway/"): _GATEWAY,
    ("*", "/2.0/mlflow/gateway-proxy/"): _GATEWAY,
    ("*", "/3.0/mlflow/gateway/"): _GATEWAY,
    ("*", "/2.0/mlflow/users/"): _USERS,
    ("*", "/3.0/mlflow/users/"): _USERS,
    ("*", "/3.0/mlflow/roles/"): _USERS,
    ("*", "/signup/"): _USERS,
    ("*", "/3.0/mlflow/workspaces/"): "one server is one workspace",
    ("*", "/graphql/"): "read by MLflow's own pages only",
    ("*", "/build/"): "a file of MLflow's own pages",
    ("*", "/static-files/"): "a file of MLflow's own pages",
}
