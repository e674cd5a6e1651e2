"""Webhooks as they are kept; what they are sent is in test_webhook_messages.py."""

from __future__ import annotations

from typing import Any

from tests.differential.pair import Call, get, post

_WH = "webhooks"
# An address that needs no look-up and is public; nothing is ever sent there.
_URL = "https://93.184.215.14/hook"
_MADE = {"name": "hook", "url": _URL, "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]}


def _create(**more: Any) -> Call:
    return post(_WH, {**_MADE, **more}, save={"hook": "webhook.webhook_id"})


def _refused(**more: Any) -> Call:
    return post(_WH, {**_MADE, **more})


def _patch(body: Any, hook: str = "$hook") -> Call:
    return Call("PATCH", f"{_WH}/{hook}", {"webhook_id": hook, **body})


def _events(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"entity": entity, "action": action} for entity, action in pairs]


_ENTITIES = ("REGISTERED_MODEL", "MODEL_VERSION", "MODEL_VERSION_TAG", "MODEL_VERSION_ALIAS",
             "PROMPT", "PROMPT_VERSION", "PROMPT_TAG", "PROMPT_VERSION_TAG", "PROMPT_ALIAS",
             "BUDGET_POLICY")  # fmt: skip

CASES: dict[str, list[Call]] = {
    "create": [
        _create(description="d", secret="s3cret"), get(f"{_WH}/$hook"),
        _create(status="DISABLED"), _create(description=""), _create(status="BOGUS"),
    ],
    "create badly": [
        post(_WH), post(_WH, {"name": "a"}), post(_WH, {"name": "a", "url": _URL}),
        _refused(events=[]),
        *[_refused(name=name) for name in ("", "  ", "A b", "-a", "a-", "a" * 64, "é", "a/b")],
        *[_refused(url=url) for url in ("", "nope", "ftp://x/y", "http://93.184.215.14/", "https://",
                                        "https://127.0.0.1/", "https://localhost/",
                                        "https://10.0.0.1/", "https://[::1]/",
                                        "https://169.254.169.254/latest/meta-data",
                                        "https://0.0.0.0/", "https://[::ffff:127.0.0.1]/")],
    ],
    "names": [_create(name=name) for name in ("a", "A", "a.b_c-d", "a" * 63, "1")],
    "events": [
        _create(events=_events((entity, action)))
        if (entity, action) in {
            ("REGISTERED_MODEL", "CREATED"), ("MODEL_VERSION", "CREATED"), ("PROMPT", "CREATED"),
            ("PROMPT_VERSION", "CREATED"), ("MODEL_VERSION_TAG", "SET"), ("PROMPT_TAG", "SET"),
            ("MODEL_VERSION_TAG", "DELETED"), ("PROMPT_TAG", "DELETED"),
            ("PROMPT_VERSION_TAG", "SET"), ("PROMPT_VERSION_TAG", "DELETED"),
            ("MODEL_VERSION_ALIAS", "CREATED"), ("MODEL_VERSION_ALIAS", "DELETED"),
            ("PROMPT_ALIAS", "CREATED"), ("PROMPT_ALIAS", "DELETED"), ("BUDGET_POLICY", "EXCEEDED"),
        }
        else _refused(events=_events((entity, action)))
        for entity in _ENTITIES
        for action in ("CREATED", "UPDATED", "DELETED", "SET", "EXCEEDED")
    ],
    "one event twice": [_refused(events=_events(*[("MODEL_VERSION", "CREATED")] * 2))],
    "an unknown event": [
        _refused(events=_events(("NONE", "CREATED"))), _refused(events=[{}]),
    ],
    "several events": [
        Call("POST", _WH,
             {**_MADE, "events": _events(("REGISTERED_MODEL", "CREATED"), ("PROMPT_TAG", "SET"),
                                         ("MODEL_VERSION", "CREATED"))},
             save={"hook": "webhook.webhook_id"}, unordered="events"),
    ],
    "get": [_create(), get(f"{_WH}/$hook"), get(f"{_WH}/nope")],
    "list badly": [get(_WH, max_results=1001), get(_WH, page_token="x"), get(_WH, max_results=-1)],
    "update": [
        _create(description="d"),
        _patch({}), _patch({"name": "other"}), Call("PATCH", f"{_WH}/$hook", {"name": "third"}),
        _patch({"name": ""}), _patch({"events": []}),
        _patch({"events": _events(("PROMPT", "CREATED"))}),
        _patch({"url": "https://93.184.215.15/"}), _patch({"status": "DISABLED"}),
        _patch({"status": "ACTIVE"}), _patch({"secret": "s"}), _patch({"description": ""}),
        get(f"{_WH}/$hook"),
    ],
    "update badly": [
        _create(),
        _patch({"name": "a b"}), _patch({"url": "nope"}), _patch({"url": "https://127.0.0.1/"}),
        _patch({"events": _events(("REGISTERED_MODEL", "DELETED"))}),
        _patch({"name": "x"}, "nope"), get(f"{_WH}/$hook"),
    ],
    "delete": [
        _create(), Call("DELETE", f"{_WH}/$hook", {}), Call("DELETE", f"{_WH}/$hook", {}),
        get(f"{_WH}/$hook"),
    ],
    "test badly": [
        _create(),
        post(f"{_WH}/$hook/test", {"event": {"entity": "MODEL_VERSION", "action": "SET"}}),
        post(f"{_WH}/nope/test"),
    ],
}  # fmt: skip
