"""The stores under the servers: an S3 server, and what it and the disk give without them."""

from __future__ import annotations

import io
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import boto3
from boto3.s3.transfer import TransferConfig

from bench import processes, wire
from bench.servers import ENVIRONMENTS, Kind

LARGE_MB = 1024
BUCKET = "bench"
_PIECE = os.urandom(1 << 20)
_PART_BYTES, _AT_ONCE = 8 << 20, 3
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Itself:
    """A store without a server before it: MB a second for a large file, by direction."""

    put: Callable[[], float]
    get: Callable[[], float]
    put_small: Callable[[], float] | None = None
    """Files a second, small ones; where that can be measured."""


def disk(folder: Path) -> Itself:
    """The disk: a file written in pieces of a megabyte and flushed; read back."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "large"

    def put() -> float:
        begin = time.perf_counter()
        with file.open("wb", buffering=0) as out:
            for _ in range(LARGE_MB):
                out.write(_PIECE)
            os.fsync(out.fileno())
        return LARGE_MB / (time.perf_counter() - begin)

    def get() -> float:
        begin, buffer = time.perf_counter(), bytearray(1 << 20)
        with file.open("rb", buffering=0) as source:
            while source.readinto(buffer):
                pass
        return LARGE_MB / (time.perf_counter() - begin)

    return Itself(put, get)


def s3(variables: Mapping[str, str]) -> Itself:
    """The S3 server, by Amazon's own library: parts of 8 MB, three at once; read in one request."""
    client: Any = boto3.client(
        "s3",
        endpoint_url=variables["MLFLOW_S3_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_DEFAULT_REGION"],
    )
    config = TransferConfig(multipart_chunksize=_PART_BYTES, max_concurrency=_AT_ONCE)

    def put() -> float:
        begin = time.perf_counter()
        client.upload_fileobj(_Source(), BUCKET, "itself", Config=config)
        return LARGE_MB / (time.perf_counter() - begin)

    def get() -> float:
        begin = time.perf_counter()
        body = client.get_object(Bucket=BUCKET, Key="itself")["Body"]
        while body.read(1 << 20):
            pass
        return LARGE_MB / (time.perf_counter() - begin)

    def put_small() -> float:
        return wire.small_files(urlsplit(url).port or 80, "PUT", _signed).value

    def _signed(time: int) -> list[str]:
        """URLs that say who may use them, so that the client has nothing to do but send."""
        named = [{"Bucket": BUCKET, "Key": f"small-{time}/{n}"} for n in range(wire.SMALL)]
        urls = [client.generate_presigned_url("put_object", Params=name) for name in named]
        return [signed.removeprefix(url) for signed in urls]

    url = variables["MLFLOW_S3_ENDPOINT_URL"]
    return Itself(put, get, put_small)


class _Source(io.RawIOBase):
    """A large file that takes no room."""

    def __init__(self) -> None:
        self._left = LARGE_MB << 20

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = min(size if size >= 0 else self._left, self._left)
        self._left -= size
        return (_PIECE * (size // len(_PIECE) + 1))[:size]


@contextmanager
def s3_server(home: Path) -> Iterator[dict[str, str]]:
    """A real S3 server (SeaweedFS); gives the variables with which programs find it. Its bucket is
    `BUCKET`."""
    home.mkdir(parents=True)
    names = ["master", "volume", "filer", "s3"]
    ports = {f"{n}.port{kind}": processes.free_port() for n in names for kind in ("", ".grpc")}
    ports |= {"s3.port.iceberg": 0, "s3.port.lance": 0}
    command = [str(ENVIRONMENTS / "seaweedfs" / "bin" / "weed"), "server", f"-dir={home}"]
    command += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-volume.max=100"]
    command += ["-master.volumeSizeLimitMB=1024", *(f"-{n}={port}" for n, port in ports.items())]
    # The first keys it sees in its environment become those of its administrator.
    keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16)}
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **keys}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _answered(f"http://127.0.0.1:{ports['filer.port']}/buckets/{BUCKET}/", "POST")
        _answered(f"http://127.0.0.1:{ports['s3.port']}/status", "GET")
        yield {
            **keys,
            "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{ports['s3.port']}",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        processes.end(process.pid)
        process.wait()


def _answered(url: str, method: str) -> None:
    """Ask until there is an answer: the ports open one after the other."""
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        try:
            urlopen(Request(url, method=method), timeout=5).close()
            return
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)


def on_s3(kind: Kind, variables: dict[str, str]) -> Kind:
    """The same server with its artifacts in the bucket, in a folder of its own."""

    def command(uri: str, home: Path, port: int) -> list[str]:
        plain = list(kind.command(uri, home, port))
        at = plain.index("--artifacts-destination") + 1
        return [*plain[:at], f"s3://{BUCKET}/{kind.name}", *plain[at + 1 :]]

    return replace(kind, command=command, env={**kind.env, **variables})
