"""The gateway in the file: what it takes, what it refuses, and which port it opens."""

from __future__ import annotations

import pytest

from milepost.config import Settings
from milepost.config.load import load_text
from milepost.config.reference import exports, shown
from milepost.config.serving import extra_port
from milepost.errors import Invalid


def gateway(routes: str, more: str = "", top: str = "") -> str:
    return f"gateway: {{enabled: true, {more} routes: [{routes}]}}\n{top}"


def settings(text: str) -> Settings:
    return load_text(text, {}, "settings.yaml").settings


@pytest.mark.parametrize(
    "uri",
    [
        *("models:/sentiment/production", "models:/sentiment/Staging", "models:/a b/12"),
        *("models:/sentiment@champion", "models:/sentiment/latest", "models:/m-0a1b"),
        *("runs:/0a1b/model", "s3://models/fraud/latest", "abfss://c@a.dfs.core.windows.net/m"),
        *("file:///srv/model", "/srv/model", "model", "mlflow-artifacts:/0/r/m"),
    ],
)
def test_places_of_models(uri: str) -> None:
    (route,) = settings(gateway(f"{{name: a, model_uri: '{uri}'}}")).gateway_routes
    assert (route.model_uri, route.server, route.timeout) == (uri, "", 0)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (gateway(""), "name at least one route under gateway.routes"),
        (gateway("{name: a}"), "gateway.routes[0].model_uri: is missing"),
        (gateway("{name: a, model_uri: ''}"), "a route needs `name` and `model_uri`"),
        (gateway("{name: a/b, model_uri: m}"), "'a/b' is no name of a route"),
        (gateway("{name: .., model_uri: m}"), "'..' is no name of a route"),
        (gateway("{name: a, model_uri: 'models:/m/prod'}"), "for an alias write models:/m@prod"),
        (gateway("{name: a, model_uri: 'models:/m'}"), "'models:/m' names no model"),
        (gateway("{name: a, model_uri: 's4://m'}"), "'s4:' is no place of models"),
        (gateway("{name: a, model_uri: m, server: gpu:8000}"), "expected http://HOST:PORT"),
        (gateway("{name: a, model_uri: m, timeout: soon}"), "expected a duration"),
        (gateway("{name: a, model_uri: m, sever: x}"), "did you mean server?"),
        (gateway("{name: a, model_uri: m}, {name: a, model_uri: n}"), "two routes named 'a'"),
        (gateway("{name: a, model_uri: m}", "uri: 'localhost:5001',"), "expected http://HOST"),
        (gateway("{name: a, model_uri: 'models:/m/1'}", "", "registry: {enabled: false}"),
         "models:/m/1 is in the registry, which is switched off"),
        (gateway("{name: a, model_uri: m}", "", "server: {artifacts_only: true}"),
         "a server of artifacts only has no gateway"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, what: str) -> None:
    with pytest.raises(Invalid) as caught:
        settings(text)
    assert what in caught.value.message
    assert caught.value.message.startswith("settings.yaml:1: gateway")


@pytest.mark.parametrize(
    ("uri", "port"),
    [
        ("", 0),
        ("http://localhost:5001", 5001),
        ("http://127.0.0.1:5001/ai", 5001),
        ("http://[::1]:5001", 5001),
        ("http://mlflow.internal:5001", 5001),
        # The server's own port, another machine, and a proxy's encrypted one are not opened.
        ("http://localhost:5000", 0),
        ("http://gateway.example.com:5001", 0),
        ("https://localhost:5001", 0),
        ("http://localhost", 0),
    ],
)
def test_the_port_that_is_opened_besides_the_servers_own(uri: str, port: int) -> None:
    assert extra_port(uri, "mlflow.internal", 5000) == port


def test_a_gateway_that_is_off_opens_none() -> None:
    assert settings("gateway: {uri: 'http://localhost:5001'}").gateway_port == 0


def test_passwords_of_model_servers_are_not_shown() -> None:
    loaded = load_text(gateway("{name: a, model_uri: m, server: 'http://u:hush@gpu'}"), {}, "f")
    assert "hush" not in str(shown(loaded))
    assert "http://u:***@gpu" in str(shown(loaded))


def test_training_machines_learn_where_it_is() -> None:
    found = settings(gateway("{name: a, model_uri: m}", "uri: 'http://localhost:5001',"))
    assert dict(exports(found, {}))["MLFLOW_DEPLOYMENTS_TARGET"] == "http://localhost:5001"
    assert "MLFLOW_DEPLOYMENTS_TARGET" not in dict(exports(settings(""), {}))
