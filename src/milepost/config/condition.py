"""The condition of an alert: text such as `response_time > 5000ms`, what it means, and the same in
Prometheus's language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from milepost.config.field import SECONDS
from milepost.meter import METRICS

TIMINGS = {
    "request_latency": "mlflow_request_duration_seconds",
    "model_inference_time": "mlflow_model_inference_seconds",
    "artifact_upload_time": "mlflow_artifact_upload_seconds",
    "database_query_time": "mlflow_database_query_seconds",
}
"""What `metrics_to_collect` may name, and the metric behind it."""

REQUESTS = "mlflow_requests_total"
NAMES = {
    "response_time": "p95(mlflow_request_duration_seconds)",
    "error_rate": "error_rate",
    "request_rate": f"rate({REQUESTS})",
    **{name: f"p95({metric})" for name, metric in TIMINGS.items()},
}
"""Short names, and what they stand for. error_rate is the part of requests answered with 5xx."""

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_FUNCTIONS = {
    "histogram": [*QUANTILES, "avg", "rate", "count"],
    "counter": ["rate", "count"],
    "gauge": ["max", "min", "sum"],
}
"""What may be asked of each kind of metric; the third of a histogram, p95, is the default, else
the first."""

_COMPARISON = re.compile(
    r"\s*(.+?)\s*(>=|<=|>|<|==|!=)\s*([-+]?[0-9.]+(?:e[-+]?\d+)?)\s*(\w+|%)?\s*"
)
_VALUE = re.compile(r"(?:(\w+)\s*\(\s*)?(\w+)(?:\s*\{(.*?)\})?(\s*\))?")
_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*')


@dataclass(frozen=True)
class Matcher:
    """A test of one label."""

    label: str
    operator: str
    text: str

    def allows(self, value: str) -> bool:
        """Whether a label's value passes."""
        if self.operator == "=~":
            return re.fullmatch(self.text, value) is not None
        return (value == self.text) == (self.operator == "=")


@dataclass(frozen=True)
class Condition:
    """`function(metric{matchers}) operator limit`, in seconds, parts of one, or plain numbers."""

    function: str
    metric: str
    matchers: tuple[Matcher, ...]
    operator: str
    limit: float

    def holds(self, value: float, slack: float = 0.0) -> bool:
        """Whether a value breaks the limit, or with slack (a part of one) is not yet well clear of
        it."""
        if self.operator in (">", ">="):
            limit = self.limit - abs(self.limit) * slack
            return value > limit or (self.operator == ">=" and value == limit)
        if self.operator in ("<", "<="):
            limit = self.limit + abs(self.limit) * slack
            return value < limit or (self.operator == "<=" and value == limit)
        return (value == self.limit) == (self.operator == "==")

    def promql(self, window: float) -> str:
        """The condition as a Prometheus expression."""
        return f"{self._expression(f'{max(1, round(window))}s')} {self.operator} {self.limit:g}"

    def _expression(self, window: str) -> str:
        if self.function == "error_rate":
            errors = f'sum(rate({REQUESTS}{{status=~"5.."}}[{window}]))'
            return f"{errors} / sum(rate({REQUESTS}[{window}]))"
        labels = self._labels()
        if self.function in QUANTILES:
            rate = f"sum by (le) (rate({self.metric}_bucket{labels}[{window}]))"
            return f"histogram_quantile({QUANTILES[self.function]}, {rate})"
        if self.function == "avg":
            total, number = (
                f"sum(rate({self.metric}_{part}{labels}[{window}]))" for part in ("sum", "count")
            )
            return f"{total} / {number}"
        if self.function in ("rate", "count"):
            ending = "_count" if METRICS[self.metric].kind == "histogram" else ""
            over = "rate" if self.function == "rate" else "increase"
            return f"sum({over}({self.metric}{ending}{labels}[{window}]))"
        return f"{self.function}({self.metric}{labels})"

    def _labels(self) -> str:
        inner = ",".join(f'{m.label}{m.operator}"{m.text}"' for m in self.matchers)
        return f"{{{inner}}}" if inner else ""


def condition(text: str) -> Condition:
    """The condition that `text` says. Raises ValueError that tells what is wrong."""
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no condition; write one such as response_time > 5000ms")
    value, operator, number, unit = match.groups()
    try:
        limit = float(number) * _scale(unit)
    except ValueError as error:
        raise ValueError(f"'{text}': {error}") from None
    value = NAMES.get(value, value)
    if value == "error_rate":
        return Condition("error_rate", REQUESTS, (), operator, limit)
    return Condition(*_value(value), operator, limit)


def _scale(unit: str | None) -> float:
    if unit is None:
        return 1.0
    if unit == "%":
        return 0.01
    if unit not in SECONDS:
        raise ValueError(f"'{unit}' is no unit; there are %, {', '.join(SECONDS)}")
    return SECONDS[unit]


def _value(text: str) -> tuple[str, str, tuple[Matcher, ...]]:
    match = _VALUE.fullmatch(text)
    if match is None or bool(match[1]) != bool(match[4]):
        raise ValueError(f"'{text}' is not METRIC or FUNCTION(METRIC)")
    function, name, labels = match[1], match[2], match[3]
    if name not in METRICS:
        close = get_close_matches(name, [*METRICS, *NAMES], 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ValueError(f"'{name}' is no metric{hint}")
    known = _FUNCTIONS[METRICS[name].kind]
    function = function or ("p95" if "p95" in known else known[0])
    if function not in known:
        kind = METRICS[name].kind
        raise ValueError(f"'{function}' cannot be asked of a {kind}; there are {', '.join(known)}")
    return function, name, tuple(_matchers(labels or ""))


def _matchers(text: str) -> list[Matcher]:
    found, position = [], 0
    while position < len(text):
        match = _MATCHER.match(text, position)
        if match is None:
            raise ValueError(f"'{{{text}}}' is not a list such as {{route=\"mlflow/runs/search\"}}")
        if match[2] == "=~":
            _check_pattern(match[3])
        found.append(Matcher(match[1], match[2], match[3]))
        position = match.end() + (text[match.end() : match.end() + 1] == ",")
    return found


def _check_pattern(text: str) -> None:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"'{text}' is no pattern: {error}") from None
