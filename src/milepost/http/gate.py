"""The gate: nothing but liveness is told to whoever does not say a user's name and password.

Looking a password up is slow on purpose. So what was found right is remembered, by a digest of the
header that only this process can make, and for as long as the account has the same password.
"""

from __future__ import annotations

import asyncio
import secrets
from asyncio import Task
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from time import monotonic

from milepost.domain.access import Account
from milepost.errors import Problem, Unauthenticated
from milepost.http.api import failure
from milepost.http.asgi import HTML, JSON, TEXT, Headers, Scope, Send, respond
from milepost.http.attempts import Attempts, CrowdError, address_of
from milepost.http.caller import USER, decoded
from milepost.services.access import Access

_FRESH_SECONDS = 10.0
_KEPT_SECONDS = 3600.0
_MOST_KNOWN = 4096
_LONGEST_HEADER = 4096

# The answer of MLflow's basic-auth app, to the letter.
_ASK: Headers = [(b"www-authenticate", b'Basic realm="mlflow"')]
_UNKNOWN = (
    b"You are not authenticated. Please see"
    b" https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow"
    b" on how to authenticate."
)
_LATER: Headers = [(b"retry-after", b"1")]
_CROWD = b"Too many passwords from your address wait to be looked up. Try again in a moment."


class _Known:
    """A header that is right."""

    __slots__ = ("account", "confirmed", "fresh_until")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.confirmed = monotonic()
        self.fresh_until = self.confirmed + _FRESH_SECONDS


class Gate:
    """Lets requests of one process through."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._secret = secrets.token_bytes(32)
        self._known: dict[bytes, _Known] = {}
        self._tasks: dict[bytes, Task[Account | None]] = {}
        self._attempts = Attempts()
        # One thread: whoever sends passwords to look up cannot keep more than one core busy.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="milepost-passwords")

    async def admits(self, scope: Scope, send: Send) -> bool:
        """Whether the request may go on, as that of the user under USER; else it was answered."""
        sent = _authorization(scope)
        digest = blake2b(sent, key=self._secret, digest_size=16).digest()
        known = self._known.get(digest)
        if known is not None and monotonic() < known.fresh_until:
            scope[USER] = known.account.name
            return True
        try:
            account = await self._found(digest, sent, scope)
        except CrowdError:
            await respond(send, 429, TEXT, _CROWD, _LATER)
        except Unauthenticated:
            await respond(send, 401, HTML, _UNKNOWN, _ASK)
        except Exception as error:  # noqa: BLE001 - every failure is somebody's answer
            status, body = failure(error, scope)
            await respond(send, status, JSON, body)
        else:
            scope[USER] = account.name
            return True
        return False

    async def _found(self, digest: bytes, sent: bytes, scope: Scope) -> Account:
        """The account of a header that is not fresh. Raises Unauthenticated."""
        known = self._known.get(digest)
        if known is not None and await self._still(known):
            return known.account
        self._known.pop(digest, None)
        name, password = _credentials(sent)
        task = self._tasks.get(digest)
        if task is None:
            # Of many that come with the same header at once, one is looked up.
            look = partial(self._look_up, digest, name, password)
            task = asyncio.create_task(self._attempts.take(address_of(scope), look))
            self._tasks[digest] = task
            task.add_done_callback(lambda _: self._tasks.pop(digest))
        account = await asyncio.shield(task)
        if account is None:
            raise Unauthenticated("wrong password")
        return account

    async def _still(self, known: _Known) -> bool:
        """Whether the account has the password it had."""
        now = monotonic()
        # Others do not wait meanwhile.
        known.fresh_until = now + _FRESH_SECONDS
        try:
            account = await asyncio.to_thread(self._access.account, known.account.name)
        except Problem:
            # Whom it let in, it lets in while it cannot ask, for a while.
            return now - known.confirmed <= _KEPT_SECONDS
        known.confirmed = now
        return account is not None and account.password == known.account.password

    async def _look_up(self, digest: bytes, name: str, password: str) -> Account | None:
        loop = asyncio.get_running_loop()
        account = await loop.run_in_executor(self._thread, self._access.sign_in, name, password)
        if account is not None:
            if len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[digest] = _Known(account)
        return account

    def close(self) -> None:
        """Stop the thread and let go of the users."""
        self._thread.shutdown(cancel_futures=True)
        self._access.close()


def _authorization(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return bytes(value)
    return b""


def _credentials(sent: bytes) -> tuple[str, str]:
    """Name and password of a header. Raises Unauthenticated where it has none."""
    scheme, _, encoded = sent.partition(b" ")
    if scheme.lower() == b"basic" and len(sent) <= _LONGEST_HEADER:
        try:
            name, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
        except ValueError:
            colon = b""
        if colon:
            return decoded(name), decoded(password)
    raise Unauthenticated("no name and password")
