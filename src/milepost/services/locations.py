"""Where artifacts live: the URI an experiment, run or model is given, and which ones a client may
choose itself."""

from __future__ import annotations

import os
import posixpath
import re
from urllib.parse import unquote, urlsplit

from milepost.domain.tracking import MAX_ARTIFACT_LOCATION
from milepost.errors import Invalid

# Schemes whose URI names a host that the server would then talk to on the client's word.
_HOST_ADDRESSED = {"http", "https", "ftp", "sftp", "hdfs", "viewfs", "r2", "b2", "abfss"}
PROXIED = "mlflow-artifacts"
"""Scheme of artifacts that clients reach through this server."""

_DRIVE = re.compile(r"^[a-zA-Z]:")


class Locations:
    """Builds artifact URIs under the server's root."""

    def __init__(
        self, root: str, destination: str, trusted_schemes: frozenset[str] = frozenset()
    ) -> None:
        self._root = root
        self._destination = destination
        self._trusted = trusted_schemes

    def resolved(self, uri: str) -> str:
        """The URI of the store behind `uri`: mlflow-artifacts: is where this server keeps what it
        serves, any other URI is itself."""
        parts = urlsplit(uri)
        if parts.scheme != PROXIED:
            return uri
        return join(self._destination, unquote(parts.path).strip("/"))

    def served(self, path: str) -> str:
        """The URI of what this server serves at `path`."""
        return join(self._destination, path) if path else self._destination

    def of_experiment(self, number: int) -> str:
        """The artifact location of an experiment that did not name its own."""
        return join(self._root, str(number))

    def of_run(self, experiment_location: str, run_id: str) -> str:
        """The artifact URI of a run."""
        return join(experiment_location, run_id, "artifacts")

    def of_model(self, experiment_location: str, model_id: str) -> str:
        """The artifact URI of a logged model."""
        return join(experiment_location, "models", model_id, "artifacts")

    def checked(self, location: str) -> str:
        """A location a client asked for, made absolute where it is a local path.

        Raises Invalid for one that is too long, climbs out of its folder, hides parameters, or
        names a host nobody configured.
        """
        if len(location) > MAX_ARTIFACT_LOCATION:
            raise Invalid(
                f"Invalid artifact path length. Artifact location is longer than"
                f" {MAX_ARTIFACT_LOCATION} characters."
            )
        parts = urlsplit(location)
        scheme = parts.scheme.lower()
        if scheme == "runs":
            raise Invalid(f"Artifact location cannot be a runs:/ URI. Given: '{location}'")
        if parts.fragment or parts.query or ";" in parts.path:
            raise Invalid(
                f"Artifact URIs may not contain parameters, queries or fragments: '{location}'"
            )
        if ".." in unquote(unquote(parts.path)).replace("\\", "/").split("/"):
            raise Invalid(f"Artifact location may not contain '..': '{location}'")
        self.check_host("artifact_location", location)
        return location if scheme else os.path.abspath(location)

    def check_host(self, name: str, uri: str) -> None:
        """Refuse a URI, sent as parameter `name`, that names a host nobody configured."""
        parts = urlsplit(uri)
        scheme = parts.scheme.lower()
        hosted = scheme in _HOST_ADDRESSED or (scheme == PROXIED and parts.netloc)
        if hosted and scheme not in self._trusted:
            raise Invalid(
                f"'{name}' cannot use the '{scheme}' scheme: it names a host, to which this server"
                " would then connect. Set MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES on the"
                " server to allow it."
            )


def join(base: str, *parts: str) -> str:
    """`base` with path parts appended, whatever its scheme."""
    scheme, colon, rest = base.partition(":")
    if colon and not _DRIVE.match(base):
        return f"{scheme}:{posixpath.join(rest, *parts)}"
    return posixpath.join(base, *parts)
