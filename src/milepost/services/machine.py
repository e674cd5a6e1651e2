"""The machine a server is on: disk, open files, proxy and TLS variables."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from milepost.blobs.stores import local_path
from milepost.config import Settings

OK, WARN, FAIL = "ok", "warn", "fail"
_LITTLE, _TOO_LITTLE = 2 << 30, 200 << 20
_FEW_FILES = 1024
_CERTIFICATES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
)
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph", "glusterfs"}


class Finding(Struct):
    """One thing that was looked at. `fix` is what to do, "" where all is well."""

    check: str
    state: str
    found: str
    fix: str = ""


def disk(settings: Settings) -> Iterator[Finding]:
    """Room where the data is."""
    places = {Path(settings.data_dir)}
    if (folder := local_path(settings.artifacts_uri)) is not None:
        places.add(Path(folder))
    seen: set[int] = set()
    for place in sorted(places):
        there = next(p for p in (place.absolute(), *place.absolute().parents) if p.exists())
        device = there.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield _room(there)


def _room(place: Path) -> Finding:
    usage = shutil.disk_usage(place)
    found = f"{place}: {usage.free / 2**30:.1f} GiB free of {usage.total / 2**30:.0f}"
    if usage.free < _TOO_LITTLE:
        return Finding("disk", FAIL, found, "Make room: milepost gc --older-than 0s --give-back")
    if usage.free < _LITTLE:
        return Finding("disk", WARN, found, "Plan for more, or a retention policy.")
    return Finding("disk", OK, found)


def open_files() -> Finding:
    """How many files a process may have open."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit > _FEW_FILES or limit < 0:
        return Finding("open files", OK, f"up to {limit}")
    return Finding(
        "open files",
        WARN,
        f"only {limit} for each process",
        "Raise it: ulimit -n 65536, or LimitNOFILE= in the service.",
    )


def proxies(environ: Mapping[str, str]) -> Finding:
    """Whether proxies are kept out of the way to this machine and the artifact store."""
    proxies = [
        n for n in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy") if environ.get(n)
    ]
    endpoint = urlsplit(environ.get("MLFLOW_S3_ENDPOINT_URL", "")).hostname
    if not proxies:
        return Finding("proxy", OK, "no proxy variables")
    past = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    hosts = [part.strip().lstrip(".") for part in past.split(",")]
    wanted = [host for host in ("localhost", "127.0.0.1", endpoint) if host]
    missing = [host for host in wanted if not any(_covers(rule, host) for rule in hosts)]
    if missing:
        return Finding(
            "proxy",
            WARN,
            f"{', '.join(proxies)} also for {', '.join(missing)}",
            f"Add to NO_PROXY: {','.join(missing)}",
        )
    return Finding("proxy", OK, f"{', '.join(proxies)}, past it for {past}")


def _covers(rule: str, host: str) -> bool:
    return rule in ("*", host) or (rule != "" and host.endswith(f".{rule}"))


def certificates(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Certificates that are named and not there, and checks that are off."""
    for name in _CERTIFICATES:
        path = environ.get(name)
        if path and not Path(path).exists():
            yield Finding(
                "TLS",
                FAIL,
                f"{name} names {path}, which is not there",
                f"Correct or unset {name}.",
            )
    for name in ("MLFLOW_TRACKING_INSECURE_TLS", "MLFLOW_S3_IGNORE_TLS"):
        if environ.get(name, "").lower() == "true":
            yield Finding(
                "TLS",
                WARN,
                f"{name} switches the check of certificates off",
                "Name the certificate of your authority instead.",
            )


def file_system(folder: Path) -> str:
    """The kind of file system a folder is on; "" where the machine does not tell."""
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        _, mount, found, *_ = line.split()
        inside = str(folder) == mount or str(folder).startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, found
    return kind
