"""Where a model is: texts such as models:/sentiment/production, as MLflow's clients have them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_REGISTERED = re.compile(r"models:/+[^/@]+(?:@[^/]+|/([^/]+))/?")
_LOGGED = re.compile(r"models:/+m-[0-9a-zA-Z_-]+/?")
_STAGES = ("latest", "none", "staging", "production", "archived")
_SCHEMES = (
    *("models", "runs", "mlflow-artifacts", "file", "http", "https"),
    *("s3", "gs", "wasbs", "abfss", "dbfs", "hdfs"),
)
_HOW = "models:/NAME/STAGE, models:/NAME@ALIAS or models:/NAME/VERSION"


def is_registered(text: str) -> bool:
    """Whether it names a registered model, whose version may change while it is served."""
    return _REGISTERED.fullmatch(text) is not None


def check_model_uri(text: str) -> None:
    """A rule: something that MLflow can load a model from."""
    if text.startswith("models:"):
        _check_models(text)
        return
    scheme = urlsplit(text).scheme.lower()
    if scheme and scheme not in _SCHEMES:
        raise ValueError(f"'{scheme}:' is no place of models; write {_HOW}, runs:/... or s3://...")
    if any(not character.isprintable() for character in text):
        raise ValueError("it holds characters that cannot be printed")


def _check_models(text: str) -> None:
    if _LOGGED.fullmatch(text):
        return
    parts = _REGISTERED.fullmatch(text)
    if parts is None:
        raise ValueError(f"'{text}' names no model; write {_HOW}")
    last = parts[1]
    if last and not last.isdecimal() and last.lower() not in _STAGES:
        raise ValueError(
            f"'{last}' is no version and none of the stages {', '.join(_STAGES)};"
            f" for an alias write {text.rpartition('/')[0]}@{last}"
        )
