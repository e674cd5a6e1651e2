"""Where a new version comes from: what a client may name as source, and where its files are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from milepost.domain import registry as rules
from milepost.domain.logged_models import LoggedModel
from milepost.domain.registry import LATEST, PROMPT_SOURCES, ModelVersion
from milepost.domain.tracking import Lifecycle, Tag
from milepost.errors import Invalid, NotFound
from milepost.services.locations import PROXIED, Locations
from milepost.services.logged_models import not_found
from milepost.store import logged_models
from milepost.store.registry import lineage, models, versions
from milepost.store.tx import Tx

_LOGGED_MODEL = re.compile(r"models:/+(m-[0-9a-zA-Z_-]+)")
_REGISTERED = re.compile(r"models:/+([^/@]+)(?:@([^/]+)|/([^/]+))/?")
_MOST_DECODINGS = 10


class Source(NamedTuple):
    """A source as it is kept: where the files are, and the run and the logged model that they came
    from ("" unknown)."""

    uri: str
    location: str
    run_id: str
    logged_model: str = ""


class Sources:
    """Checks and resolves the source of a new version."""

    def __init__(self, locations: Locations) -> None:
        self._locations = locations

    def resolve(
        self, tx: Tx, uri: str, run_id: str, logged_model: str, tags: Sequence[Tag]
    ) -> Source:
        """The source of a version that a client asks for.

        A source on the server's own storage must belong to the run or the logged model that the
        client names; otherwise anybody could have the server read anything by registering it.
        Raises Invalid or NotFound.
        """
        rules.check_uri("source", uri)
        if rules.marks_prompt(tags):
            if uri not in PROMPT_SOURCES:
                raise Invalid(
                    f"Invalid prompt source: '{uri}'. Prompt sources must use an MLflow"
                    " placeholder."
                )
            return Source(uri, uri, run_id)
        self._locations.check_host("source", uri)
        _check_no_way_up(uri)
        logged = self._logged(tx, logged_model) if logged_model else None
        scheme = urlsplit(uri).scheme.lower()
        if scheme == "models" and not _LOGGED_MODEL.fullmatch(uri):
            return _copied(registered(tx, uri), run_id, logged_model)
        root = logged.artifact_uri if logged else None
        run_id = run_id or (logged.source_run if logged else "")
        match scheme:
            case "models":
                return _of_model(uri, run_id, logged)
            case "runs":
                if urlsplit(uri).path.strip("/").split("/")[0] != run_id:
                    raise _not_contained(uri)
            case _ if scheme == PROXIED:
                _check_inside(tx, uri, run_id, root, _not_contained(uri))
            case "" | "file":
                _check_inside(tx, uri, run_id, root, _not_local(uri))
        return Source(uri, uri, run_id, logged_model)

    def _logged(self, tx: Tx, model_id: str) -> LoggedModel:
        found = logged_models.get(tx, model_id)
        if found is None or found.lifecycle is not Lifecycle.active:
            raise not_found(model_id)
        return found


def _of_model(uri: str, run_id: str, logged: LoggedModel | None) -> Source:
    if logged is None or uri.rpartition("/")[2] != logged.id:
        raise Invalid(
            f"Invalid model version source: '{uri}'. The model_id request parameter must"
            " identify the resource that contains the source."
        )
    return Source(uri, logged.artifact_uri, run_id, logged.id)


def _copied(version: ModelVersion, run_id: str, logged_model: str) -> Source:
    """A copy comes from where the original came from, whatever a client would like to say."""
    uri = f"models:/{version.name}/{version.version}"
    if run_id not in ("", version.run_id) or logged_model not in ("", version.logged_model):
        raise Invalid(
            f"Invalid model version source: '{uri}'. The run_id and model_id request parameters"
            " must be those of the version it names, or be left out."
        )
    return Source(uri, version.location, version.run_id, version.logged_model)


def registered(tx: Tx, uri: str) -> ModelVersion:
    """The version a models:/ URI means: by number, stage, alias, or the latest. Raises Invalid or
    NotFound."""
    parts = _REGISTERED.fullmatch(uri)
    if parts is None:
        raise Invalid(
            f"Invalid model version source: '{uri}'. Use models:/<name>/<version or stage>,"
            " models:/<name>@<alias> or models:/<logged model id>."
        )
    name, alias, last = parts.groups()
    model = models.find(tx, name)
    if model is None:
        raise NotFound(f"Registered Model with name={name} not found")
    if alias is not None:
        number = models.aliased(tx, model.id, alias)
        missing = f"Registered model alias {alias} not found."
    elif last.isdecimal():
        number, missing = int(last), f"Model Version (name={name}, version={last}) not found"
    elif last == LATEST:
        number, missing = versions.highest(tx, model.id), f"Model {name} has no versions"
    else:
        found = versions.latest(tx, [model.id], [rules.stage_of(last)])
        number = found[0].version if found else None
        missing = f"No versions of model with name '{name}' and stage '{last}' found"
    version = None if number is None else versions.find(tx, name, number)
    if version is None:
        raise (Invalid if alias is not None else NotFound)(missing)
    return version


def _check_no_way_up(uri: str) -> None:
    path = uri.partition("?")[0]
    for _ in range(_MOST_DECODINGS):
        decoded = unquote(path)
        if decoded == path:
            break
        path = decoded
    parts = path.replace("\\", "/").split("/")
    if ".." in parts or "\\" in path or "\0" in path:
        raise Invalid(
            f"Invalid model version source: '{uri}'. If supplying a source as an http, https,"
            " local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be"
            " provided without relative path references present. Please provide an absolute path."
        )


def _check_inside(tx: Tx, uri: str, run_id: str, model_root: str | None, problem: Invalid) -> None:
    run_root = lineage.artifact_root(tx, run_id) if run_id else None
    roots = [root for root in (run_root, model_root) if root]
    if not any(_is_inside(uri, root) for root in roots):
        raise problem


def _is_inside(uri: str, root: str) -> bool:
    inner, outer = urlsplit(uri), urlsplit(root)
    if (inner.scheme or "file") != (outer.scheme or "file") or inner.netloc != outer.netloc:
        return False
    path, within = posixpath.normpath(inner.path), posixpath.normpath(outer.path)
    return path == within or path.startswith(f"{within}/")


def _not_contained(uri: str) -> Invalid:
    return Invalid(
        f"Invalid model version source: '{uri}'. The run_id request parameter must identify the"
        " resource that contains the source."
    )


def _not_local(uri: str) -> Invalid:
    return Invalid(
        f"Invalid model version source: '{uri}'. To use a local path as a model version source,"
        " the run_id request parameter has to be specified and the local path has to be contained"
        " within the artifact directory of the run specified by the run_id."
    )
