"""What MLflow 3.17.2 accepts and refuses, seen on its own stores, and what Milepost makes of it."""

from __future__ import annotations

import pytest

from milepost.domain.search import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODELS,
    RUNS,
    VERSIONS,
    Grammar,
    parse_filter,
    parse_order,
)
from milepost.errors import Invalid

SUBJECTS = {
    "runs": RUNS,
    "experiments": EXPERIMENTS,
    "models": MODELS,
    "versions": VERSIONS,
    "logged models": LOGGED_MODELS,
}


def cases(lines: str) -> list[tuple[Grammar | str, ...]]:
    """One case a line, `subject | text`, and for a refusal `| its opening words`."""
    rows = [line.strip().split(" | ") for line in lines.strip().splitlines()]
    return [(SUBJECTS[subject], *texts) for subject, *texts in rows]


# Accepted there and here. What each means is in test_search.
ACCEPTED = cases(r"""
    runs | metrics.a>1
    runs | metrics.a > -1.5e-3
    runs | metrics.a > .5
    runs | metrics.a = 1 AND
    runs | AND metrics.a = 1
    runs | AND
    runs | metrics.a = 1 AND AND params.b = 'x'
    runs | metrics.a = 1 params.b = 'x'
    runs | params.a='x'AND params.b='y'
    runs | params.a = ""
    runs | params.a = "x'y"
    runs | params. = 'x'
    runs | params.`` = 'x'
    runs | params.'a b' = 'x'
    runs | params."a b" = 'x'
    runs | `params`.`a` = 'x'
    runs | params.and = 'x'
    runs | params.1a = 'x'
    runs | params.é = 'x'
    runs | params.a is not null
    runs | tags.a IS  NULL
    runs | tags.mlflow.source.name ilike 'x%'
    runs | run.status = 'RUNNING'
    runs | attr.run_name != 'x'
    runs | "Run name" = 'x'
    runs | attributes.`Run Name` = 'x'
    runs | Created >= 1e3
    runs | start_time != 1.5
    runs | run_id IN("a", 'b',)
    runs | run_id not  in ('a')
    runs | dataset.context NOT IN ('x')
    runs | datasets.digest LIKE 'x'
    experiments | "name" = 'x'
    experiments | attribute.name ILIKE 'd%'
    experiments | experiment_id NOT IN ('0', '1')
    experiments | last_update_time > 0
    experiments | tag.`a b` LIKE 'x'
    experiments | tags.a IS NULL
    models | attribute.name NOT IN ('a')
    models | name = 'a' tags.t = 'x'
    versions | run_id LIKE 'r%'
    versions | source_path = 's3://b/x'
    versions | version_number > '0'
    logged models | name = resnet
    logged models | attributes.name != 'x'
    logged models | params.lr = 0.01
    logged models | params.a IN ('x')
    logged models | metrics.a-b > 1
    logged models | metrics.a/b > 1
    logged models | status = 1
    logged models | experiment_id = 0
    logged models | creation_time > 1
    logged models | last_updated_timestamp_ms > 1
""")

# Refused there and here, with the same opening words.
REFUSED = cases(r"""
    runs | metrics.a > '1' | Expected numeric value type for metric. Found '1'
    runs | metrics.a > nan | Expected numeric value type for metric. Found nan
    runs | metrics.a > +1 | Invalid clause(s) in filter string: '
    runs | metrics.a > 0x10 | Invalid clause(s) in filter string: '
    runs | metrics.a > 1 -- x | Invalid clause(s) in filter string: '-
    runs | metrics.a = 1; | Invalid clause(s) in filter string: ';'
    runs | metrics.a = 1) | Invalid clause(s) in filter string: ')'
    runs | metrics.a <> 1 | Invalid comparator '<>' not one of '
    runs | metrics.a => 1 | Invalid comparator '=>' not one of '
    runs | params.a == 'x' | Invalid comparator '==' not one of '
    runs | params.a > 'x' | Invalid comparator '>' not one of '
    runs | params.a RLIKE 'x' | Invalid comparator 'RLIKE' not one of '
    runs | params.a | Invalid clause(s) in filter string:
    runs | params.a = | Invalid clause(s) in filter string:
    runs | params.a = 'x | Invalid clause(s) in filter string: '
    runs | params.a IS 'x' | Invalid clause(s) in filter string: '
    runs | params.a = 1 | Expected a quoted string value for parameter (e.g. 'my-value'). Got
    runs | tags.a = 1 | Expected a quoted string value for tag (e.g. 'my-value'). Got value 1
    runs | status = 1 | Expected a quoted string value for attributes. Got value 1
    runs | dataset.name = 1 | Expected a quoted string value for dataset attributes. Got value 1
    runs | params.a = x | Parameter value is either not quoted or unidentified quote types
    runs | run_id = `x` | Parameter value is either not quoted or unidentified quote types
    runs | start_time > '1' | Expected numeric value type for numeric attribute: start_time. Found
    runs | Status = 'x' | Invalid attribute key 'Status' specified. Valid keys are '
    runs | experiment_id = '1' | Invalid attribute key 'experiment_id' specified. Valid keys
    runs | dataset.source = 'x' | Invalid dataset key 'source' specified. Valid keys are '
    runs | Metrics.a = 1 | Invalid entity type 'Metrics'. Valid values are ['metric', '
    runs | run_id IN () | While parsing a list in the query, expected a non-empty list of
    runs | run_id IN 'a' | Invalid clause(s) in filter string: '
    experiments | attributes.name = 'x' | Invalid entity type 'attributes'. Valid
    experiments | metrics.a > 1 | Invalid entity type 'metrics'. Valid
    experiments | last_updated_time > 0 | Invalid attribute key 'last_updated_time' specified.
    experiments | name > 'a' | Invalid comparator '>' not one of '
    models | Name = 'm0' | Invalid attribute key 'Name' specified. Valid keys are '
    models | name > 'a' | Invalid comparator
    versions | current_stage = 'None' | Invalid attribute key 'current_stage' specified.
    versions | version_number = 1.5 | Invalid value for numeric attribute 'version_number': 1.5
    versions | version_number = 'x' | Invalid value for numeric attribute 'version_number': 'x'
    logged models | metric.a > 1 | Invalid entity type
    logged models | name > 'a' | Invalid compar
""")

# Refused there, accepted here.
BEYOND = cases(r"""
    runs | metrics.a = 1 OR params.b = 'x'
    runs | NOT metrics.a = 1
    runs | (metrics.a = 1)
    runs | metrics.a BETWEEN 1 AND 2
    runs | metrics.a IS NULL
    runs | metrics.a IN (1)
    runs | run_name IS NULL
    runs | dataset.name IS NULL
    runs | params.a NOT LIKE 'x'
    runs | params.a IN ('a', 'b')
    runs | status IN ('RUNNING')
    runs | start_time IN (1)
    runs | duration > 1
    runs | params.a-b = 'x'
    runs | params.a/b = 'x'
    runs | params.1 = 'x'
    runs | params.IN = 'x'
    experiments | name IN ('Default')
    experiments | name = 'a' OR name = 'b'
    experiments | experiment_id = 0
    models | creation_timestamp > 1
    models | `name` = 'a'
    models | tags.t IS NULL
    versions | source_path IN ('s3://b/x')
    logged models | params.a IS NULL
    logged models | NOT name = 'x'
    logged models | "name" = 'x'
""")

# Accepted there, refused here, because there it can match nothing that was meant.
NARROWER = cases(r"""
    runs | params.a.`b c` = 'x'
    runs | tags."a".b = 'x'
    runs | params.a = 'a\'b'
    runs | run_id IN ('a' 'b')
    runs | metrics.a < 1e999
    logged models | name IN ()
""")

ORDERS = cases(r"""
    runs | metrics.a
    runs | metrics."a b" desc
    runs | metrics.'a' Asc
    runs | `metrics`.a
    runs | params.a
    runs | tags.`a b` DESC
    runs | attr.start_time
    runs | attributes.`start_time` DESC
    runs | Created
    runs | user_id
    experiments | `name`
    experiments | attribute.last_update_time DESC
    models | timestamp
    models | last_updated_timestamp DESC
    versions | version_number DESC
    versions | creation_timestamp
    logged models | metrics.`a b`
    logged models | lifecycle_stage
""")

ORDERS_REFUSED = cases(r"""
    runs | metrics.a DESC x | Invalid order_by clause 'metrics.a DESC x'. Could not be parsed
    runs | metrics.a b DESC | Invalid order_by clause 'metrics.a b DESC'. Could not be parsed
    runs | metrics.a DESCENDING | Invalid order
    runs | Status | Invalid attribute key 'Status' specified. Valid keys are '
    runs | foo.bar | Invalid entity type 'foo'. Valid
    runs | dataset.name | Invalid
    experiments | tags.a | Invalid order_by entity: tag
    experiments | attributes.name | Invalid entity type 'attributes'. Valid
    models | tags.a | Invalid order
    versions | tags.a | Invalid order
    logged models | params.a | Invalid order
""")


@pytest.mark.parametrize(("grammar", "text"), ACCEPTED + BEYOND)
def test_accepts_what_mlflow_does_and_more(grammar: Grammar, text: str) -> None:
    accepts_everything = text == "AND"
    assert (parse_filter(text, grammar) is None) == accepts_everything


@pytest.mark.parametrize(("grammar", "text", "words"), REFUSED)
def test_refuses_in_the_words_of_mlflow(grammar: Grammar, text: str, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_filter(text, grammar)
    assert refusal.value.message.startswith(words)


@pytest.mark.parametrize(("grammar", "text"), NARROWER)
def test_refuses_what_mlflow_accepts_in_vain(grammar: Grammar, text: str) -> None:
    with pytest.raises(Invalid):
        parse_filter(text, grammar)


@pytest.mark.parametrize(("grammar", "text"), ORDERS)
def test_orders_by_what_mlflow_does(grammar: Grammar, text: str) -> None:
    (order,) = parse_order([text], grammar)
    assert order.ascending != text.upper().endswith("DESC")


@pytest.mark.parametrize(("grammar", "text", "words"), ORDERS_REFUSED)
def test_refuses_orders_in_the_words_of_mlflow(grammar: Grammar, text: str, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_order([text], grammar)
    assert refusal.value.message.startswith(words)
