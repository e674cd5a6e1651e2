"""Posting to receivers that cannot be trusted: where to, for how long, how much."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from milepost.errors import Invalid
from milepost.upstreams.webhook import MOST_REPLY_BYTES, Sender
from tests.parts.daemon import free_port
from tests.parts.receiver import (
    Receiver,
    babble,
    drip,
    flood,
    hang,
    lie,
    redirect_to,
    reply,
)

HTTP = frozenset({"http"})
OPEN = Sender(HTTP, allow_private=True)
HASTY = Sender(HTTP, allow_private=True, seconds=0.5)


def test_a_message_arrives_as_it_was_given(receiver: Receiver) -> None:
    answer = OPEN.post(receiver.url + "?a=b%20c", {"X-Mine": "1"}, "schön".encode())
    assert (answer.status, answer.text, answer.success) == (200, "ok", True)
    (received,) = receiver.received
    assert (received.path, received.body, received.headers["X-Mine"]) == (
        "/hook?a=b%20c", "schön", "1",
    )  # fmt: skip
    assert received.headers["Host"] == f"127.0.0.1:{receiver.port}"


def test_a_password_in_the_url_is_sent_as_one(receiver: Receiver) -> None:
    OPEN.post(f"http://user:p%40ss@127.0.0.1:{receiver.port}/", {}, b"")
    assert receiver.received[0].headers["Authorization"] == "Basic dXNlcjpwQHNz"


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_a_refusal_is_told(status: int, receiver: Receiver) -> None:
    receiver.answer = lambda handler: reply(handler, status, b"no")
    answer = OPEN.post(receiver.url, {}, b"{}")
    assert (answer.status, answer.text, answer.success) == (status, "no", False)
    assert answer.worth_a_retry is (status in (429, 500, 503))


def test_a_redirect_is_not_followed(receiver: Receiver, other_receiver: Receiver) -> None:
    receiver.answer = redirect_to(other_receiver.url)
    answer = OPEN.post(receiver.url, {}, b"{}")
    assert (answer.status, answer.success, answer.worth_a_retry) == (307, False, False)
    assert other_receiver.received == []


@pytest.mark.parametrize("behaviour", [hang, drip])
def test_who_takes_too_long_is_left(behaviour: Callable[..., Any], receiver: Receiver) -> None:
    receiver.answer = behaviour(receiver)
    answer = HASTY.post(receiver.url, {}, b"{}")
    assert answer.error == "no complete answer within 0.5 seconds"
    assert answer.worth_a_retry


def test_a_look_up_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    def resolve(*_: Any, **__: Any) -> list[Any]:
        receiver.released.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answer = HASTY.post(f"http://slow.example:{receiver.port}/", {}, b"{}")
    assert answer.error.endswith("no answer to the look-up in time")
    assert answer.worth_a_retry
    receiver.released.set()


def test_only_the_beginning_of_an_answer_is_read(receiver: Receiver) -> None:
    receiver.answer = flood
    assert OPEN.post(receiver.url, {}, b"{}").text == "x" * MOST_REPLY_BYTES


def test_who_promises_more_than_he_sends_is_believed_what_he_sent(receiver: Receiver) -> None:
    receiver.answer = lie
    answer = OPEN.post(receiver.url, {}, b"{}")
    assert (answer.status, answer.text) == (200, "short")


def test_what_is_no_http_is_an_error(receiver: Receiver) -> None:
    receiver.answer = babble
    answer = OPEN.post(receiver.url, {}, b"{}")
    assert answer.status is None
    assert "BadStatusLine" in answer.error


def test_nobody_at_home_is_an_error() -> None:
    answer = OPEN.post(f"http://127.0.0.1:{free_port()}/", {}, b"{}")
    assert answer.status is None
    assert "refused" in answer.error


def test_an_unknown_host_is_an_error() -> None:
    assert "cannot be found" in OPEN.post("http://no-such-host.invalid/", {}, b"{}").error


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[::1]", "[::]", "[fe80::1]",
        "[fc00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "2130706433",
        "0x7f000001", "127.1", "0177.0.0.1", "[fec0::1]", "[::127.0.0.1]", "[64:ff9b:1::7f00:1]",
        "[ff02::1]", "[2001:0:7f00:1::1]", "[::ffff:10.0.0.1]",
    ],
)  # fmt: skip
def test_private_addresses_are_not_reached_in_any_spelling(host: str) -> None:
    with pytest.raises(Invalid, match=r"private or reserved|cannot be found"):
        Sender(HTTP).check(f"http://{host}/")
    assert Sender(HTTP).post(f"http://{host}/", {}, b"{}").status is None


@pytest.mark.parametrize("host", ["93.184.215.14", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]"])
def test_public_addresses_are_reached(host: str) -> None:
    Sender(HTTP).check(f"http://{host}:8443/hook")


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_to(monkeypatch, ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(Invalid, match="private"):
        Sender(HTTP).check("http://example.org/")


def test_the_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    """Whoever answers look-ups differently the second time must not move the connection."""
    asked = _resolve_to(monkeypatch, ["127.0.0.1"])
    answer = OPEN.post(f"http://rebind.example:{receiver.port}/hook", {}, b"{}")
    assert answer.success
    assert asked == ["rebind.example"]
    assert receiver.received[0].headers["Host"] == f"rebind.example:{receiver.port}"


def _resolve_to(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> list[str]:
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        if host[0].isdigit():
            return real(host, port, *rest, **more)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize(
    "url",
    ["ftp://x/", "nope", "", "https://x/", "http://", "http:///path", "http://[::1", "http://x:0/",
     "http://x:99999/", "file:///etc/passwd"],
)  # fmt: skip
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(Invalid):
        OPEN.check(url)


def test_a_refused_url_is_shown_without_its_password() -> None:
    with pytest.raises(Invalid) as refused:
        OPEN.check("http://user:secret@:80/")
    assert "secret" not in refused.value.message


def test_https_checks_the_certificate(receiver: Receiver) -> None:
    """The receiver speaks no TLS, so that nothing is sent to it."""
    sender = Sender(frozenset({"https"}), allow_private=True, seconds=2)
    answer = sender.post(f"https://127.0.0.1:{receiver.port}/", {}, b"secret")
    assert answer.status is None
    assert receiver.received == []
