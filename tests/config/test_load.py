from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from milepost.config import Settings, load, load_all
from milepost.config.load import load_text
from milepost.errors import Invalid


def wrong(text: str, **environ: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        load_text(text, environ, "f.yaml")
    return caught.value.message.splitlines()


def settings(text: str, **environ: str) -> Settings:
    return load_text(text, environ, "f.yaml").settings


def test_without_anything_the_defaults_hold(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load({}, {}) == Settings()


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = """\
mlflow:
  trackng_uri: http://x
  server:
    port: many
    workers: 0
    serve_artifacts: perhaps
  auth: on
  alerts:
    - name: a
      conditoin: x > 1
surprise: 1
data_dir: ${NONE}
"""
    assert wrong(text) == [
        "f.yaml:2: mlflow.trackng_uri: unknown key; did you mean tracking_uri?",
        "f.yaml:4: mlflow.server.port: expected a whole number, got 'many'",
        "f.yaml:5: mlflow.server.workers: expected at least 1, got 0",
        "f.yaml:6: mlflow.server.serve_artifacts: expected true or false, got 'perhaps'",
        "f.yaml:7: mlflow.auth: expected keys such as enabled, database_uri, admin_username",
        "f.yaml:9: mlflow.alerts[0].condition: is missing",
        "f.yaml:10: mlflow.alerts[0].conditoin: unknown key; did you mean condition?",
        "f.yaml:11: surprise: unknown key",
        "f.yaml:12: data_dir: the variable NONE is not set; set it, or write ${NONE:-default}",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1", "f.yaml:2"), ("- a", "f.yaml:1"), ("a: b: c", "f.yaml:1"), ("\t", "f.yaml:1")],
)
def test_what_is_not_yaml_has_a_line(text: str, line: str) -> None:
    (error,) = wrong(text + "\n")
    assert error.startswith(line)


@pytest.mark.parametrize("text", ["", "mlflow:\n", "{}", "# nothing\n"])
def test_nothing_is_fine(text: str) -> None:
    assert settings(text) == Settings()


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ("${A}", "1"),
        ("${B:-two}", "two"),
        ("${EMPTY:-three}", "three"),
        ("${EMPTY}", ""),
        ("${B:-${C:-${A}}}", "1"),
        ("x${A}y${A}z", "x1y1z"),
        ("$${A}", "${A}"),
        ("$A", "$A"),
        ("${server.host}", "127.0.0.9"),
        ("${mlflow.server.host}", "127.0.0.9"),
    ],
)
def test_interpolation(value: str, meaning: str) -> None:
    text = f"mlflow:\n  data_dir: '{value}'\n  server:\n    host: 127.0.0.9\n"
    assert settings(text, A="1", EMPTY="").data_dir == (meaning or "")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("data_dir: ${data_dir}", "circle: data_dir -> data_dir"),
        ("data_dir: ${tracking_uri}\ntracking_uri: ${data_dir}", "this goes in a circle"),
        ("data_dir: ${server}\nserver: {port: 1}", "server is a block, not a value"),
        ("data_dir: ${x", "lacks a closing brace"),
        ("data_dir: ${1x}", "is not a variable or key"),
    ],
)
def test_interpolation_that_cannot_be(text: str, what: str) -> None:
    assert what in wrong(text)[0]


def test_a_password_in_a_uri_is_encoded_unless_it_is() -> None:
    text = "backend_store_uri: postgresql://u:${PW}@h/d"
    assert settings(text, PW="a@b/c:d").store_uri == "postgresql://u:a%40b%2Fc%3Ad@h/d"
    assert settings(text, PW="a%40b").store_uri == "postgresql://u:a%40b@h/d"
    assert settings("artifact_store: s3://b/${P}", P="x y@z").artifacts_uri == "s3://b/x y@z"


def test_precedence(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(
        "environment: {MLFLOW_WORKERS: 3}\n"
        "server: {port: 2, host: a}\n"
        "mlflow: {server: {port: 3}}\n"
        "prod: {server: {port: 4}}\n"
    )
    flags: dict[str, Any] = {"config": str(file)}
    assert load({}, {}).port == 5000
    assert load({}, flags).port == 3
    assert load({"ENVIRONMENT": "prod"}, flags).port == 4
    assert load({}, {**flags, "env": "prod"}).port == 4
    assert load({"MLFLOW_PORT": "5"}, flags).port == 5
    assert load({"MLFLOW_PORT": "5"}, {**flags, "port": 6}).port == 6
    assert load({}, flags).workers == 3
    assert load({"MLFLOW_WORKERS": "7"}, flags).workers == 7
    found = load_all({"MLFLOW_HOST": "b"}, {**flags, "port": 6})
    assert (found.sources["port"], found.sources["host"]) == ("--port", "MLFLOW_HOST")
    assert found.sources["workers"] == f"{file}:1 (MLFLOW_WORKERS)"


def test_the_sections_of_the_file_have_an_order() -> None:
    uris = "backend_store_uri: sqlite:///1\nserver: {backend_store_uri: 'sqlite:///2'}\n"
    assert settings(uris).store_uri == "sqlite:///2"
    assert settings("cli: {backend_store_uri: 'sqlite:///3'}\n" + uris).store_uri == "sqlite:///3"


def test_the_file_by_variable_and_by_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("milepost.yaml").write_text("server: {port: 1}")
    Path("other.yaml").write_text("server: {port: 2}")
    assert load({}, {}).port == 1
    assert load({"MILEPOST_CONFIG": "other.yaml"}, {}).port == 2
    with pytest.raises(Invalid, match="Cannot read the configuration file none"):
        load({}, {"config": "none"})


def test_an_environment_that_the_file_does_not_have(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("staging: {server: {port: 1}}\n")
    assert load({"ENVIRONMENT": "production"}, {"config": str(file)}).port == 5000
    with pytest.raises(Invalid, match="no section for the environment 'production'; there is st"):
        load({}, {"config": str(file), "env": "production"})


def test_keys_of_other_environments_are_checked_and_their_values_are_not() -> None:
    assert settings("production: {data_dir: '${ONLY_THERE}'}") == Settings()
    assert wrong("production: {date_dir: x}") == [
        "f.yaml:1: production.date_dir: unknown key; did you mean data_dir?"
    ]


def test_anchors_and_merges() -> None:
    text = """
production: &common
  server: &server {port: 1, host: a}
staging:
  <<: *common
  server: {<<: *server, port: 2}
"""
    found = settings(text, ENVIRONMENT="staging")
    assert (found.port, found.host) == (2, "a")


def test_a_mapping_merged_into_itself_adds_nothing() -> None:
    assert settings("mlflow: &m\n  <<: *m\n  data_dir: x\n").data_dir == "x"
    text = "dev: &a {<<: *a, data_dir: x}\nstaging: {<<: [*a, *a]}\n"
    assert settings(text, ENVIRONMENT="staging").data_dir == "x"


def test_empty_variables_are_not_set() -> None:
    found = settings("", MLFLOW_PORT="", MLFLOW_SERVE_ARTIFACTS="", MLFLOW_DB_PASSWORD="")
    assert found == Settings()


def test_kubernetes_sets_a_variable_of_our_name() -> None:
    assert settings("", MLFLOW_PORT="tcp://10.0.0.7:5000").port == 5000


def test_variables_that_say_nonsense_are_named() -> None:
    assert wrong("", MLFLOW_PORT="x", MLFLOW_WORKERS="-1") == [
        "MLFLOW_PORT: port: expected a whole number, got 'x'",
        "MLFLOW_WORKERS: workers: expected at least 1, got -1",
    ]


def test_a_variable_of_ours_that_nobody_listens_to() -> None:
    warnings = load_text("", {"MILEPOST_QUERY_TIMEOUTS": "1"}).warnings
    (warning,) = warnings
    assert warning.endswith("did you mean MILEPOST_QUERY_TIMEOUT?")


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30), ("500ms", 0.5), ("5m", 300), ("1.5h", 5400), ("7d", 604800)]
)
def test_durations(text: str, seconds: float) -> None:
    assert settings(f"timeouts: {{server: {{request_timeout: {text}}}}}").request_timeout == seconds
    assert settings("", MILEPOST_REQUEST_TIMEOUT=text).request_timeout == seconds


def test_a_bare_number_counts_what_the_key_says() -> None:
    assert settings("circuit_breaker: {timeout: 2500}").breaker_timeout == 2.5
    assert settings("circuit_breaker: {timeout: 2s}").breaker_timeout == 2
    assert settings("", MILEPOST_SLOW_QUERY_MS="250").slow_query == 0.25


DATABASES = "databases: {a: {host: ha, pool: p}, b: {host: hb, driver: mysql, port: 1}}\n"
POOL = "backend_store_uri: <<MANAGED_BY_CONNECTION_POOL>>\n"


def test_the_managed_pool_takes_the_database_that_names_it() -> None:
    named = "integration_config: {pool_client_name: %s}\n"
    assert settings(DATABASES + POOL + named % "p").store_uri == "postgresql://ha/mlflow"
    assert settings(DATABASES + POOL + named % "b").store_uri == "mysql+pymysql://hb:1/mlflow"
    assert "which of `databases`" in wrong(DATABASES + POOL)[0]
    assert (
        "a and b both stand behind"
        in wrong(DATABASES.replace("port: 1", "pool: p") + POOL + named % "p")[0]
    )
    off = "integration_config: {use_shared_pool: false, pool_client_name: a}\n"
    assert "no shared pool" in wrong(DATABASES + POOL + off)[0]
    assert settings(POOL, MLFLOW_DB_HOST="h").store_uri == "postgresql://mlflow@h:5432/mlflow"


def test_parts_of_the_database_give_way_to_its_uri() -> None:
    parts = {"MLFLOW_DB_HOST": "h", "MLFLOW_DB_PASSWORD": "p@"}
    assert settings("", **parts).store_uri == "postgresql://mlflow:p%40@h:5432/mlflow"
    assert settings("backend_store_uri: sqlite:///x", **parts).store_uri == "sqlite:///x"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("auth: {enabled: true, admin_username: 'a:b'}", "without a colon"),
        ("auth: {enabled: true, admin_username: ''}", "needs a name"),
        ("auth: {enabled: true}\nserver: {user_header: X-User}", "who signs in"),
        ("gateway: {enabled: true}", "name at least one route under gateway.routes"),
        ("registry: {backend_store: 'sqlite:///other'}", "is kept in the backend store"),
        ("server: {static_prefix: pfx}", "must start with '/'"),
        ("telemetry: {metrics_to_collect: [nonsense]}", "got 'nonsense'"),
        ("alerts: [{name: a, condition: cpu > 1}]", "'cpu' is no metric"),
        ("alerts: [{name: a, condition: error_rate > 1}, {name: a, condition: error_rate > 2}]",
         "two alerts named 'a'"),
    ],
)  # fmt: skip
def test_rules_over_settings(text: str, what: str) -> None:
    assert what in wrong(text)[0]


def test_settings_go_to_worker_processes() -> None:
    found = settings(DATABASES + "alerts: [{name: a, condition: error_rate > 5%}]")
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("${" + "A:-${" * 600 + "B" + "}" * 601, "nested more than 50 deep"),
        ("${environment.K0}", "more than 50 keys refer to one another"),
        ("${environment.D0}", "exceeds 65536 characters"),
    ],
    ids=["nested", "chained", "doubled"],
)
def test_interpolation_has_an_end(value: str, what: str) -> None:
    chain = {f"K{i}": f"${{environment.K{i + 1}}}" for i in range(60)} | {"K60": "end"}
    doubled = {f"D{i}": f"${{environment.D{i + 1}}}" * 2 for i in range(40)} | {"D40": "twice"}
    lines = [f'  {key}: "{text}"' for key, text in (chain | doubled).items()]
    text = "\n".join(["environment:", *lines, f'data_dir: "{value}"'])
    assert any(what in line for line in wrong(text))


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    """Spelling, types, circles, and what makes no sense: nobody wants to start it ten times."""
    text = """
server: {static_prefix: team, port: x}
auth: {enabled: true, admin_username: "a:b", admin_password: "${HUSH}"}
gc: {schedule: "99 3 * * 0"}
data_dir: ${data_dir}
telemetry: {otlp: {endpoint: collector}, metrics_to_collect: [cpu]}
alerts: [{name: a, condition: response_tim > 5s}]
alert_actions:
  chat: {type: slack}
  mail: {type: email}
  hook: {url: somewhere/s3cret}
retention: [{keep_top: 3}]
gatewy: {}
"""
    found = wrong(text, MLFLOW_WORKERS="0")
    keys = [error.split(": ")[:2] for error in found]
    assert keys == [
        ["f.yaml:2", "server.static_prefix"],
        ["f.yaml:2", "server.port"],
        ["f.yaml:3", "auth.admin_username"],
        ["f.yaml:3", "auth.admin_password"],
        ["f.yaml:4", "gc.schedule"],
        ["f.yaml:5", "data_dir"],
        ["f.yaml:6", "telemetry.otlp.endpoint"],
        ["f.yaml:6", "telemetry.metrics_to_collect[0]"],
        ["f.yaml:7", "alerts[0].condition"],
        ["f.yaml:9", "alert_actions.chat"],
        ["f.yaml:10", "alert_actions.mail"],
        ["f.yaml:11", "alert_actions.hook.url"],
        ["f.yaml:12", "retention[0]"],
        ["f.yaml:13", "gatewy"],
        ["MLFLOW_WORKERS", "workers"],
    ]
    assert "s3cret" not in "".join(found)


def test_what_follows_from_another_error_is_not_said() -> None:
    (error,) = wrong("backend_store_uri: <<MANAGED_BY_CONNECTION_POOL>>\ndatabases: {a: {prot: 1}}")
    assert "did you mean port?" in error


def test_lists_in_variables_are_checked() -> None:
    (error,) = wrong("", MILEPOST_METRICS_TO_COLLECT="request_latency,nonsense")
    assert "got 'nonsense'" in error


def test_the_chosen_environment_is_what_its_variable_says(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("artifact_store: s3://b/${ENVIRONMENT}\nproduction: {server: {port: 1}}\n")
    flags = {"config": str(file), "env": "production"}
    assert load({"ENVIRONMENT": "staging"}, flags).artifact_store == "s3://b/production"
    assert load({"MILEPOST_ENV": "production"}, {"config": str(file)}).port == 1


def test_an_environment_without_a_section_is_doubted() -> None:
    text = "production: {data_dir: x}\n"
    (warning,) = load_text(text, {"ENVIRONMENT": "prod"}).warnings
    assert warning.endswith("no section for the environment 'prod'; there is production")
    assert load_text("data_dir: x", {"ENVIRONMENT": "prod"}).warnings == []


def test_a_password_that_ends_in_a_line_break_is_doubted() -> None:
    """As one from a file often does; nobody could sign in, and nobody would see why."""
    (warning,) = load_text("", {"MLFLOW_AUTH_PASSWORD": "s3cret\n"}).warnings
    assert warning.startswith("MLFLOW_AUTH_PASSWORD: auth_password: has a space or a line break")
    assert "s3cret" not in warning


def test_an_alert_that_tells_nobody_is_doubted() -> None:
    text = "alerts: [{name: slow, condition: response_time > 5s, action: [chat, oncall]}]\n"
    known = "alert_actions: {chat: {type: slack, url: 'https://chat.example'}}\n"
    (warning,) = load_text(text + known, {}, "f.yaml").warnings
    assert warning.startswith("f.yaml:1: alerts: alert_actions has no oncall")
