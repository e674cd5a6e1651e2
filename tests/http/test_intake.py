"""Large bodies, which a process beside the server reads from the connections of clients: these must
come back as they were."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from milepost.blobs.local import UPLOADS
from milepost.http.intake import Intake
from tests.http.kit import LARGE, answer, begin_process, children, connected, head, target, wait_for
from tests.parts.milepost import MilepostServer, StartMilepost

CONTENT = os.urandom(LARGE)
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def prepared(request: pytest.FixtureRequest) -> None:
    """The shared server has begun its process."""
    if "server" in request.fixturenames:
        begin_process(request.getfixturevalue("server"))


def open_files(server: MilepostServer) -> list[str]:
    """What the server and its processes have open."""
    found = []
    for pid in (server.process.pid, *children(server.process.pid)):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                found.append(os.readlink(file))
    return found


def stored(client: httpx.Client, path: str) -> bytes:
    return client.get(path).content


@pytest.mark.parametrize("size", [2**18, 2**20, 2**21, 2**21 + 4096, 3 * 2**20 - 1, LARGE])
def test_every_byte_is_stored(client: httpx.Client, run_id: str, size: int) -> None:
    assert client.put(target(run_id), content=CONTENT[:size]).status_code == 200
    assert stored(client, target(run_id)) == CONTENT[:size]


def test_what_follows_the_body_is_the_next_request(
    server: MilepostServer, client: httpx.Client, run_id: str
) -> None:
    path = target(run_id)
    with connected(server) as connection:
        connection.sendall(head(path) + CONTENT + HEALTH + head(path) + CONTENT[::-1])
        got = answer(connection, b"OK")
        if got.count(b"HTTP/1.1 200 OK") < 3 or not got.endswith(b"{}"):
            got += answer(connection, b"{}")
        connection.sendall(HEALTH)
        assert answer(connection, b"\r\n\r\nOK")
    assert got.count(b"HTTP/1.1 200 OK") == 3
    assert stored(client, path) == CONTENT[::-1]


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(
    server: MilepostServer, client: httpx.Client, run_id: str
) -> None:
    with connected(server) as connection:
        connection.sendall(head(target(run_id), "Expect: 100-continue"))
        assert answer(connection, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(CONTENT)
        assert answer(connection, b"{}").startswith(b"HTTP/1.1 200 OK")
    assert stored(client, target(run_id)) == CONTENT


def test_a_body_that_trickles_in_arrives_whole(
    server: MilepostServer, client: httpx.Client, run_id: str
) -> None:
    with connected(server) as connection:
        connection.sendall(head(target(run_id)))
        for first in range(0, LARGE, 400_000):
            connection.sendall(CONTENT[first : first + 400_000])
            time.sleep(0.01)
        assert answer(connection, b"{}").startswith(b"HTTP/1.1 200 OK")
    assert stored(client, target(run_id)) == CONTENT


def test_a_refusal_is_heard_by_a_client_that_sends_all_first(
    server: MilepostServer, client: httpx.Client, run_id: str
) -> None:
    client.put(target(run_id, "folder/file"), content=b"x")
    with connected(server) as connection:
        connection.sendall(head(target(run_id, "folder")) + CONTENT + HEALTH)
        got = answer(connection, b"\r\n\r\nOK")
    assert got.startswith(b"HTTP/1.1 400 ")
    assert b"refers to a directory" in got


def test_a_client_that_goes_away_leaves_nothing(
    server: MilepostServer, client: httpx.Client, run_id: str, folder: Path
) -> None:
    wait_for(lambda: UPLOADS not in str(open_files(server)))
    files = len(open_files(server))
    for gone in ("closed", "reset"):
        with connected(server) as connection:
            connection.sendall(head(target(run_id)) + CONTENT[: LARGE // 2])
            if gone == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    wait_for(lambda: not list((folder / UPLOADS).iterdir()) and len(open_files(server)) <= files)
    assert client.get(target(run_id)).status_code == 404
    assert "Traceback" not in server.log
    assert "without starting response" not in server.log


def test_a_client_that_stops_sending_is_told(milepost_server: StartMilepost) -> None:
    server = milepost_server(None, env={"MILEPOST_BODY_TIMEOUT": "500ms"})
    begin_process(server)
    with connected(server) as connection:
        connection.sendall(head(target("run")) + CONTENT[: LARGE // 2])
        got = answer(connection, b"}")
        assert b" 400 " in got
        assert b"The client sent less than" in got
        assert connection.recv(100) == b"", "the connection stays open"


def test_a_broken_upload_leaves_the_old_file(
    server: MilepostServer, client: httpx.Client, run_id: str
) -> None:
    client.put(target(run_id), content=b"old")
    with connected(server) as connection:
        connection.sendall(head(target(run_id)) + CONTENT[:-1])
    assert stored(client, target(run_id)) == b"old"


def test_an_upload_that_takes_too_long_is_given_up(milepost_server: StartMilepost) -> None:
    server = milepost_server(None, env={"MILEPOST_ARTIFACT_TIMEOUT": "1s"})
    begin_process(server)
    with connected(server) as connection:
        connection.sendall(head(target("run")) + CONTENT[:-1])
        assert b" 503 " in answer(connection, b"}")
        # What is left of the body is read, and the connection good for the next request.
        connection.sendall(CONTENT[-1:] + HEALTH)
        assert answer(connection, b"\r\n\r\nOK")
    assert not (server.data / "artifacts" / "0" / "run").exists()
    assert "Traceback" not in server.log


def test_an_upload_breaks_off_with_its_process(milepost_server: StartMilepost) -> None:
    server = milepost_server()
    path = target("run")
    with httpx.Client(base_url=server.url, timeout=60) as client:
        client.put(path, content=b"old")
        begin_process(server)
        with connected(server) as connection:
            connection.sendall(head(path) + CONTENT[: LARGE // 2])
            file = f"{UPLOADS}/"
            wait_for(lambda: file in str(open_files(server)))
            (writer,) = children(server.process.pid)
            os.kill(writer, signal.SIGKILL)
            try:
                got = connection.recv(65536)
            except ConnectionResetError:
                got = b""
        assert not got or b" 503 " in got
        assert stored(client, path) == b"old"
        # The server goes on without it.
        assert client.put(path, content=CONTENT).status_code == 200
        assert stored(client, path) == CONTENT
    assert "Traceback" not in server.log
    assert server.log.count("has ended") == 1


def test_a_server_that_stops_waits_for_an_upload(milepost_server: StartMilepost) -> None:
    server = milepost_server()
    begin_process(server)
    with connected(server) as connection, ThreadPoolExecutor(1) as thread:
        connection.sendall(head(target("run")) + CONTENT[:-1])
        wait_for(lambda: f"{UPLOADS}/" in str(open_files(server)))
        stopping = thread.submit(server.stop)
        time.sleep(0.3)
        connection.sendall(CONTENT[-1:])
        assert answer(connection, b"{}").startswith(b"HTTP/1.1 200 OK")
        stopping.result()
    (file,) = (server.data / "artifacts" / "0" / "run").rglob("f")
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_what_is_drained_ends_where_the_body_does(is_cancelled: bool) -> None:
    """Also when a piece was on its way as the request failed or was cancelled."""

    async def test(ours: socket.socket, theirs: socket.socket) -> bytes:
        loop = asyncio.get_running_loop()
        ends: list[bool] = []
        intake = Intake(ours.dup(), CONTENT[:1000], LARGE, 8, ends.append)
        piece = asyncio.create_task(intake.piece(LARGE))
        await loop.sock_sendall(theirs, CONTENT[1000 : 2**20])
        if is_cancelled:
            piece.cancel()
        draining = asyncio.create_task(intake.drain())
        await loop.sock_sendall(theirs, CONTENT[2**20 :] + b"NEXT")
        await draining
        assert (intake.ended(), ends) == (True, [True])
        await asyncio.gather(piece, return_exceptions=True)
        return await loop.sock_recv(ours, 100)

    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor(1) as thread:
        ours.setblocking(False)
        theirs.setblocking(False)
        # In a thread of its own, as the browser's driver keeps a loop running in ours.
        assert thread.submit(asyncio.run, test(ours, theirs)).result(100) == b"NEXT"
