"""What each form of the search language means, and what is said of text outside it."""

from __future__ import annotations

import base64
import json

import pytest

from milepost.domain.search import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODELS,
    RUNS,
    VERSIONS,
    And,
    Compare,
    Grammar,
    Node,
    Not,
    Or,
    Order,
    Value,
    decode_page_token,
    encode_page_token,
    parse_filter,
    parse_order,
)
from milepost.errors import Invalid


def attribute(key: str, op: str, value: Value) -> Compare:
    return Compare("attribute", key, "", op, value)


def metric(key: str, op: str, value: Value, field: str = "last") -> Compare:
    return Compare("metric", key, field, op, value)


def param(key: str, op: str, value: Value) -> Compare:
    return Compare("param", key, "", op, value)


def tag(key: str, op: str, value: Value) -> Compare:
    return Compare("tag", key, "", op, value)


def dataset(key: str, op: str, value: Value) -> Compare:
    return Compare("dataset", key, "", op, value)


A, B, C = (metric(key, "=", 1) for key in "abc")

RUN_FILTERS: list[tuple[str, Node | None]] = [
    # Nothing to filter.
    ("", None),
    ("  \n", None),
    ("AND", None),
    # Keys.
    ("metrics.loss < 0.1", metric("loss", "<", 0.1)),
    ("metric.loss<0.1", metric("loss", "<", 0.1)),
    ("metrics.val/loss > 1", metric("val/loss", ">", 1)),
    ("metrics.top-5 > 1", metric("top-5", ">", 1)),
    ("metrics.`top 5` > 1", metric("top 5", ">", 1)),
    ('metrics."top 5" > 1', metric("top 5", ">", 1)),
    ("metrics.'top 5' > 1", metric("top 5", ">", 1)),
    ("params.lr = 'x'", param("lr", "=", "x")),
    ("parameter.and = 'x'", param("and", "=", "x")),
    ("parameters.1 = 'x'", param("1", "=", "x")),
    ("tags.mlflow.source.name = 'x'", tag("mlflow.source.name", "=", "x")),
    ("tag.größe = 'x'", tag("größe", "=", "x")),
    ("tags. = 'x'", tag("", "=", "x")),
    ("`tags`.`a.b` = 'x'", tag("a.b", "=", "x")),
    ("dataset.name = 'x'", dataset("name", "=", "x")),
    ("datasets.`context` = 'x'", dataset("context", "=", "x")),
    ("status = 'RUNNING'", attribute("status", "=", "RUNNING")),
    ("attr.status = 'RUNNING'", attribute("status", "=", "RUNNING")),
    ("run.`status` = 'RUNNING'", attribute("status", "=", "RUNNING")),
    ("created > 5", attribute("start_time", ">", 5)),
    ("\"Run name\" = 'x'", attribute("run_name", "=", "x")),
    ("attributes.`Run Name` = 'x'", attribute("run_name", "=", "x")),
    ("duration > 60000", attribute("duration", ">", 60000)),
    # Aggregates of a metric, and metrics whose own name looks like one.
    ("metrics.loss.last < 1", metric("loss", "<", 1)),
    ("metrics.loss.min < 1", metric("loss", "<", 1, "min")),
    ("metrics.loss.max < 1", metric("loss", "<", 1, "max")),
    ("metrics.loss.step > 9", metric("loss", ">", 9, "step")),
    ("metrics.loss.min_step > 9", metric("loss", ">", 9, "min_step")),
    ("metrics.loss.max_step > 9", metric("loss", ">", 9, "max_step")),
    ("metrics.val.loss.min < 1", metric("val.loss", "<", 1, "min")),
    ("metrics.`val loss`.min < 1", metric("val loss", "<", 1, "min")),
    ("metrics.`loss.min` < 1", metric("loss.min", "<", 1)),
    ("metrics.`loss.min`.max < 1", metric("loss.min", "<", 1, "max")),
    ("metrics.loss.mean < 1", metric("loss.mean", "<", 1)),
    ("metrics.min < 1", metric("min", "<", 1)),
    ("params.loss.min = '1'", param("loss.min", "=", "1")),
    # Values.
    ("metrics.a = -5", metric("a", "=", -5)),
    ("metrics.a = .5", metric("a", "=", 0.5)),
    ("metrics.a = 1.", metric("a", "=", 1.0)),
    ("metrics.a = -1.5e-3", metric("a", "=", -0.0015)),
    ("metrics.a = 2E+3", metric("a", "=", 2000.0)),
    ("params.a = ''", param("a", "=", "")),
    ('params.a = "it\'s"', param("a", "=", "it's")),
    ("params.a = 'it''s'", param("a", "=", "it's")),
    ('params.a = """"', param("a", "=", '"')),
    (r"params.a = 'C:\dir\'", param("a", "=", "C:\\dir\\")),
    # Operators.
    ("params.a != 'x'", param("a", "!=", "x")),
    ("params.a like 'x%'", param("a", "LIKE", "x%")),
    ("params.a ILIKE 'x%'", param("a", "ILIKE", "x%")),
    ("params.a NOT LIKE 'x%'", param("a", "NOT LIKE", "x%")),
    ("params.a not  ilike 'x%'", param("a", "NOT ILIKE", "x%")),
    ("params.a IS NULL", param("a", "IS NULL", None)),
    ("tags.a is\tnot null", tag("a", "IS NOT NULL", None)),
    ("metrics.a IS NULL", metric("a", "IS NULL", None)),
    ("end_time IS NULL", attribute("end_time", "IS NULL", None)),
    ("dataset.name IS NULL", dataset("name", "IS NULL", None)),
    ("run_id IN ('a')", attribute("run_id", "IN", ("a",))),
    ("status NOT IN ('FAILED', \"KILLED\")", attribute("status", "NOT IN", ("FAILED", "KILLED"))),
    ("run_id in('a',)", attribute("run_id", "IN", ("a",))),
    ("params.a IN ('1', '2')", param("a", "IN", ("1", "2"))),
    ("metrics.a IN (1, 2.5)", metric("a", "IN", (1, 2.5))),
    ("metrics.a BETWEEN 1 AND 2", metric("a", "BETWEEN", (1, 2))),
    ("start_time NOT BETWEEN 1 AND 2", attribute("start_time", "NOT BETWEEN", (1, 2))),
    # How comparisons join: NOT before AND before OR.
    ("metrics.a = 1 AND metrics.b = 1 and metrics.c = 1", And((A, B, C))),
    ("metrics.a = 1 OR metrics.b = 1 AND metrics.c = 1", Or((A, And((B, C))))),
    ("(metrics.a = 1 OR metrics.b = 1) AND metrics.c = 1", And((Or((A, B)), C))),
    ("NOT metrics.a = 1 AND metrics.b = 1", And((Not(A), B))),
    ("NOT (metrics.a = 1 AND metrics.b = 1)", Not(And((A, B)))),
    ("NOT NOT metrics.a = 1", Not(Not(A))),
    ("((metrics.a = 1))", A),
    ("metrics.a BETWEEN 1 AND 2 AND metrics.b = 1", And((metric("a", "BETWEEN", (1, 2)), B))),
    ("params.a='x'AND params.b='y'", And((param("a", "=", "x"), param("b", "=", "y")))),
    # MLflow lets AND be left out, doubled, or stand at either end.
    ("metrics.a = 1 metrics.b = 1", And((A, B))),
    ("metrics.a = 1 AND AND metrics.b = 1", And((A, B))),
    ("AND metrics.a = 1 AND ", A),
]

OTHER_FILTERS: list[tuple[Grammar, str, Node]] = [
    (EXPERIMENTS, "name ILIKE '%x'", attribute("name", "ILIKE", "%x")),
    (EXPERIMENTS, "attribute.creation_time > 5", attribute("creation_time", ">", 5)),
    (EXPERIMENTS, "last_update_time > 5", attribute("last_update_time", ">", 5)),
    (EXPERIMENTS, "experiment_id = '7'", attribute("experiment_id", "=", 7)),
    (EXPERIMENTS, "experiment_id NOT IN ('7', 8)", attribute("experiment_id", "NOT IN", (7, 8))),
    (
        EXPERIMENTS,
        "tag.a = 'x' OR tags.b IS NULL",
        Or((tag("a", "=", "x"), tag("b", "IS NULL", None))),
    ),
    (MODELS, "name IN ('a', 'b')", attribute("name", "IN", ("a", "b"))),
    (
        MODELS,
        "tags.`mlflow.prompt.is_prompt` = 'true'",
        tag("mlflow.prompt.is_prompt", "=", "true"),
    ),
    (VERSIONS, "run_id NOT IN ('a')", attribute("run_id", "NOT IN", ("a",))),
    (VERSIONS, "source_path LIKE 's3:%'", attribute("source_path", "LIKE", "s3:%")),
    (VERSIONS, "version_number >= 2", attribute("version_number", ">=", 2)),
    (VERSIONS, "version_number = '2'", attribute("version_number", "=", 2)),
    (LOGGED_MODELS, "attributes.name = 'a'", attribute("name", "=", "a")),
    (LOGGED_MODELS, "creation_time > 5", attribute("creation_timestamp", ">", 5)),
    (LOGGED_MODELS, "experiment_id = '7'", attribute("experiment_id", "=", 7)),
    (LOGGED_MODELS, "metrics.loss.min > 1", metric("loss.min", ">", 1)),
    (LOGGED_MODELS, "params.lr = 0.01", param("lr", "=", "0.01")),
    (LOGGED_MODELS, "params.status = '1'", param("status", "=", "1")),
    (LOGGED_MODELS, "name = resnet", attribute("name", "=", "resnet")),
    (LOGGED_MODELS, "status = 'READY'", attribute("status", "=", "READY")),
    (LOGGED_MODELS, "status = 'LOGGED_MODEL_READY'", attribute("status", "=", "READY")),
    (LOGGED_MODELS, "status IN (1, '3')", attribute("status", "IN", ("PENDING", "FAILED"))),
]

COMPARATORS = (
    "Invalid comparator '{}' not one of '=, !=, IN, NOT IN, IS NULL, IS NOT NULL, "
    "LIKE, ILIKE, NOT LIKE, NOT ILIKE' (at character {})"
)
EXPECTED_COMPARATOR = (
    "expected a comparator such as = or LIKE (a key with other characters is quoted: "
    "metrics.`top 5`) (at character {})"
)
CLAUSE = "Invalid clause(s) in filter string: "

REFUSED: list[tuple[str, str]] = [
    # Out of place: what was found, what was expected, where.
    ("OR", CLAUSE + "'OR', expected a key such as metrics.loss (at character 1)"),
    ("metrics.a = 1 OR", CLAUSE + "the end, expected a key such as metrics.loss (at character 17)"),
    ("metrics.a = 1 AND )", CLAUSE + "')', expected a key such as metrics.loss (at character 19)"),
    ("metrics.a = 1)", CLAUSE + "')', expected AND, OR or the end of the filter (at character 14)"),
    ("(metrics.a = 1", CLAUSE + "the end, expected ')' (at character 15)"),
    ("metrics.a = 1;", CLAUSE + "';', expected AND, OR or the end of the filter (at character 14)"),
    ("metrics.a > ", CLAUSE + "the end, expected a value (at character 13)"),
    ("metrics.a > 0x10", CLAUSE + "'0x10', expected a value (at character 13)"),
    ("params.a", CLAUSE + "the end, " + EXPECTED_COMPARATOR.format(9)),
    ("params.a@b = 'x'", CLAUSE + "'@b', " + EXPECTED_COMPARATOR.format(9)),
    ("params.a 'x'", CLAUSE + "''x'', " + EXPECTED_COMPARATOR.format(10)),
    (
        "params.a = 'x",
        CLAUSE + "''x' (a quote that is not closed), expected a value (at character 12)",
    ),
    ("params.a IS 'x'", CLAUSE + "''x'', expected 'NULL' (at character 13)"),
    ("run_id IN 'a'", CLAUSE + "''a'', expected '(' (at character 11)"),
    ("run_id IN ('a' 'b')", CLAUSE + "''b'', expected ')' (at character 16)"),
    ("metrics.a BETWEEN 1, 2", CLAUSE + "',', expected 'AND' (at character 20)"),
    # Unknown keys and operators.
    ("foo.bar = 1", "Invalid entity type 'foo'. Valid values are ['metric', "),
    ("Metrics.a = 1", "Invalid entity type 'Metrics'. Valid values are ['metric', "),
    ("foo = 1", "Invalid attribute key 'foo' specified. Valid keys are 'run_id, run_name, "),
    (
        "dataset.source = 'x'",
        "Invalid dataset key 'source' specified. Valid keys are 'name, digest, ",
    ),
    ("metrics.`a`.mean > 1", "Invalid key 'metrics.`a`.mean'. After quotes goes last, min, max, "),
    ("params.`a`.min = '1'", "Invalid key 'params.`a`.min'. After quotes goes nothing"),
    ("params.a > 'x'", COMPARATORS.format(">", 10)),
    ("params.a == 'x'", COMPARATORS.format("==", 10)),
    ("params.a RLIKE 'x'", COMPARATORS.format("RLIKE", 10)),
    ("params.a NOT = 'x'", COMPARATORS.format("NOT =", 10)),
    ("params.a BETWEEN 'x' AND 'y'", COMPARATORS.format("BETWEEN", 10)),
    ("metrics.a LIKE 1", "Invalid comparator 'LIKE' not one of "),
    # Values of the wrong kind.
    ("metrics.a > '1'", "Expected numeric value type for metric. Found '1' (at character 13)"),
    ("metrics.a > nan", "Expected numeric value type for metric. Found nan"),
    ("metrics.a > 1e999", "Expected a number below 1.8e308. Found 1e999"),
    ("created > '1'", "Expected numeric value type for numeric attribute: start_time. Found '1'"),
    ("params.a = 1", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"),
    ("tags.a = 1", "Expected a quoted string value for tag (e.g. 'my-value'). Got value 1"),
    ("status = 1", "Expected a quoted string value for attributes. Got value 1"),
    ("dataset.name = 1", "Expected a quoted string value for dataset attributes. Got value 1"),
    ("params.a = x", "Parameter value is either not quoted or unidentified quote types used"),
    ("params.a = `x`", "Parameter value is either not quoted or unidentified quote types used"),
    ("run_id IN ()", "While parsing a list in the query, expected a non-empty list of "),
    # Limits.
    ("(" * 51 + "metrics.a = 1" + ")" * 51, "Invalid filter: nested more than 50 deep"),
    ("NOT " * 51 + "metrics.a = 1", "Invalid filter: nested more than 50 deep"),
    ("metrics.a = 1 " * 501, "Invalid filter: more than 500 comparisons"),
    (" " * 32769, CLAUSE + "32769 characters, at most 32768 are allowed"),
]

OTHER_REFUSED: list[tuple[Grammar, str, str]] = [
    (
        EXPERIMENTS,
        "metrics.a > 1",
        "Invalid entity type 'metrics'. Valid values are ['attribute', ",
    ),
    (EXPERIMENTS, "attributes.name = 'x'", "Invalid entity type 'attributes'"),
    (
        EXPERIMENTS,
        "lifecycle_stage = 'active'",
        "Invalid attribute key 'lifecycle_stage' specified",
    ),
    (EXPERIMENTS, "experiment_id > '1'", "Invalid comparator '>' not one of '=, !=, IN, NOT IN, "),
    (
        EXPERIMENTS,
        "experiment_id = 'x'",
        "Invalid value for numeric attribute 'experiment_id': 'x'",
    ),
    (MODELS, "description = 'x'", "Invalid attribute key 'description' specified. Valid keys are "),
    (VERSIONS, "version_number = 1.5", "Invalid value for numeric attribute 'version_number': 1.5"),
    (VERSIONS, f"version_number = {'9' * 19}", "Invalid value for numeric attribute 'version_nu"),
    (LOGGED_MODELS, "metric.a > 1", "Invalid entity type 'metric'"),
    (
        LOGGED_MODELS,
        "metrics.`a`.min > 1",
        "Invalid key 'metrics.`a`.min'. After quotes goes nothing",
    ),
    (LOGGED_MODELS, "foo = 'x'", "Invalid attribute key 'foo' specified. Valid keys are 'name, "),
]

ORDERS: list[tuple[Grammar, str, Order]] = [
    (RUNS, "metrics.a", Order("metric", "a", "last", ascending=True)),
    (RUNS, "metrics.`a b` desc", Order("metric", "a b", "last", ascending=False)),
    (RUNS, "metrics.loss.min Asc", Order("metric", "loss", "min", ascending=True)),
    (RUNS, "metrics.`loss.min`", Order("metric", "loss.min", "last", ascending=True)),
    (RUNS, "params.a DESC", Order("param", "a", "", ascending=False)),
    (RUNS, "tags.`a`", Order("tag", "a", "", ascending=True)),
    (RUNS, "attribute.start_time  DESC ", Order("attribute", "start_time", "", ascending=False)),
    (RUNS, "Created", Order("attribute", "start_time", "", ascending=True)),
    (RUNS, "duration", Order("attribute", "duration", "", ascending=True)),
    (
        EXPERIMENTS,
        "last_update_time DESC",
        Order("attribute", "last_update_time", "", ascending=False),
    ),
    (MODELS, "timestamp", Order("attribute", "last_updated_timestamp", "", ascending=True)),
    (VERSIONS, "version_number DESC", Order("attribute", "version_number", "", ascending=False)),
    (LOGGED_MODELS, "metrics.loss.min ASC", Order("metric", "loss.min", "last", ascending=True)),
]

ORDERS_REFUSED: list[tuple[Grammar, list[str], str]] = [
    (
        RUNS,
        [""],
        "Invalid order_by clause ''. Could not be parsed: the end, expected a key such as",
    ),
    (
        RUNS,
        ["metrics.a b DESC"],
        "Invalid order_by clause 'metrics.a b DESC'. Could not be parsed: 'b'",
    ),
    (
        RUNS,
        ["metrics.a DESC x"],
        "Invalid order_by clause 'metrics.a DESC x'. Could not be parsed: 'x'",
    ),
    (
        RUNS,
        ["metrics.a ASC DESC"],
        "Invalid order_by clause 'metrics.a ASC DESC'. Could not be parsed",
    ),
    (RUNS, ["foo"], "Invalid attribute key 'foo' specified. Valid keys are 'run_id, "),
    (RUNS, ["dataset.name"], "Invalid order_by entity: dataset (at character 1)"),
    (EXPERIMENTS, ["tags.a"], "Invalid order_by entity: tag (at character 1)"),
    (LOGGED_MODELS, ["params.a"], "Invalid order_by entity: param (at character 1)"),
    (RUNS, ["start_time", "created DESC"], "`order_by` contains duplicate fields: ['start_time', "),
    (MODELS, ["timestamp", "last_updated_timestamp"], "`order_by` contains duplicate fields: "),
    (
        RUNS,
        [f"metrics.m{n}" for n in range(33)],
        "Invalid order_by: 33 keys, at most 32 are allowed",
    ),
]


@pytest.mark.parametrize(("text", "tree"), RUN_FILTERS)
def test_filter_of_runs(text: str, tree: Node | None) -> None:
    assert parse_filter(text, RUNS) == tree


@pytest.mark.parametrize(("grammar", "text", "tree"), OTHER_FILTERS)
def test_filter_of_other_subjects(grammar: Grammar, text: str, tree: Node) -> None:
    assert parse_filter(text, grammar) == tree


def test_no_filter_at_all() -> None:
    assert parse_filter(None, RUNS) is None


def test_whole_numbers_stay_whole() -> None:
    tree = parse_filter("start_time > 1700000000000", RUNS)
    assert isinstance(tree, Compare)
    assert type(tree.value) is int


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refusal_says_what_and_where(text: str, message: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_filter(text, RUNS)
    assert refusal.value.message.startswith(message)


@pytest.mark.parametrize(("grammar", "text", "message"), OTHER_REFUSED)
def test_refusal_of_other_subjects(grammar: Grammar, text: str, message: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_filter(text, grammar)
    assert refusal.value.message.startswith(message)


def test_limits_are_not_one_too_small() -> None:
    assert parse_filter("(" * 50 + "metrics.a = 1" + ")" * 50, RUNS) == A
    assert parse_filter("metrics.a = 1 " * 500, RUNS) == And((A,) * 500)
    assert parse_filter("metrics.a = 1".ljust(32768), RUNS) == A


def test_a_long_token_is_shortened_in_the_message() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_filter("x" * 10_000, RUNS)
    assert "'" + "x" * 57 + "...'" in refusal.value.message


@pytest.mark.parametrize(("grammar", "text", "order"), ORDERS)
def test_order(grammar: Grammar, text: str, order: Order) -> None:
    assert parse_order([text], grammar) == (order,)


def test_orders_keep_their_order() -> None:
    texts = ["metrics.a", "metrics.a.min", "start_time DESC", "run_id"]
    keys = [(order.key, order.field) for order in parse_order(texts, RUNS)]
    assert keys == [("a", "last"), ("a", "min"), ("start_time", ""), ("run_id", "")]


@pytest.mark.parametrize(("grammar", "texts", "message"), ORDERS_REFUSED)
def test_order_refused(grammar: Grammar, texts: list[str], message: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_order(texts, grammar)
    assert refusal.value.message.startswith(message)


def test_page_token() -> None:
    assert encode_page_token(100) == base64.b64encode(b'{"offset": 100}').decode()
    assert decode_page_token(encode_page_token(100)) == 100
    assert decode_page_token(None) == 0
    assert decode_page_token("") == 0


@pytest.mark.parametrize("token", ["abc", "/", "é", "eyJvZmZzZXQiOiAxfQ", "e30=\n"])
def test_page_token_that_is_no_base64(token: str) -> None:
    with pytest.raises(Invalid, match=r"^Invalid page token, could not base64-decode$"):
        decode_page_token(token)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_page_token_that_is_no_json(content: bytes) -> None:
    token = base64.b64encode(content).decode()
    with pytest.raises(Invalid, match=r"^Invalid page token, decoded value="):
        decode_page_token(token)


@pytest.mark.parametrize(
    "value", [None, [], {}, 5, *({"offset": n} for n in (0, -1, 1.5, "1", True, None, 2**63))]
)
def test_page_token_without_an_offset(value: object) -> None:
    token = base64.b64encode(json.dumps(value).encode()).decode()
    with pytest.raises(Invalid, match=r"^Invalid page token, parsed value="):
        decode_page_token(token)
