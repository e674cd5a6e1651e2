"""Searching runs and experiments: filters, order and pages over one set of data."""

from __future__ import annotations

from typing import Any

from tests.differential.pair import Call, post


def _run(name: str, start: int, batch: dict[str, Any], **more: Any) -> list[Call]:
    """A run called `$<name>`, what is logged to it, and how it ended."""
    update = {key: more[key] for key in ("status", "end_time") if key in more}
    return [
        post(
            "runs/create",
            {"experiment_id": "$exp", "run_name": more.get("run_name", name), "start_time": start,
             "user_id": more.get("user", "ann")},
            save={name: "run.info.run_id"},
        ),
        post("runs/log-batch", {
            "run_id": f"${name}",
            "metrics": [{"key": k, "value": v, "timestamp": 1, "step": i}
                        for k, values in batch.get("metrics", {}).items()
                        for i, v in enumerate(values)],
            "params": [{"key": k, "value": v} for k, v in batch.get("params", {}).items()],
            "tags": [{"key": k, "value": v} for k, v in batch.get("tags", {}).items()],
        }),
        *([post("runs/update", {"run_id": f"${name}", **update})] if update else []),
    ]  # fmt: skip


def _dataset(run: str, name: str, digest: str, context: str) -> Call:
    described = {"name": name, "digest": digest, "source_type": "s", "source": "s"}
    tags = [{"key": "mlflow.data.context", "value": context}]
    return post("runs/log-inputs",
                {"run_id": run, "datasets": [{"dataset": described, "tags": tags}]})  # fmt: skip


SETUP: list[Call] = [
    *_run("r1", 1000, {
        "metrics": {"acc": [0.1, 0.9], "loss": ["NaN"], "a b": [1], "x.y": [4], "m/n": [5]},
        "params": {"lr": "0.1", "model": "tree", "a b": "v", "note": "it's"},
        "tags": {"team": "blue", "pct": "100%", "t.x": "1"},
    }, status="FINISHED", end_time=2000, run_name="alpha"),
    *_run("r2", 2000, {
        "metrics": {"acc": [0.5], "loss": ["Infinity"]},
        "params": {"lr": "0.01", "model": "Tree"},
        "tags": {"team": "Blue", "pct": "100x"},
    }, run_name="Beta", user="bob"),
    *_run("r3", 3000, {
        "metrics": {"acc": ["NaN"], "loss": [2]},
        "params": {"lr": "0.1", "model": "a_b"},
        "tags": {"team": "red", "pct": ""},
    }, status="FAILED", end_time=2500),
    *_run("r4", 4000, {}, status="KILLED", end_time=9000),
    *_run("r5", 5000, {
        "metrics": {"acc": [0.5], "loss": ["-Infinity"]},
        "params": {"lr": "", "model": "axb"},
    }, run_name="alpha"),
    *_run("r6", 6000, {"metrics": {"acc": [0.7]}, "params": {"lr": "0.1"}}),
    post("runs/delete", {"run_id": "$r6"}),
    _dataset("$r1", "cars", "d1", "train"),
    _dataset("$r1", "bikes", "d2", "eval"),
    _dataset("$r2", "Cars", "d1", "train"),
]  # fmt: skip


def _search(filter_: Any = None, order_by: Any = None, **more: Any) -> Call:
    body = {"experiment_ids": ["$exp"], **more}
    if filter_ is not None:
        body["filter"] = filter_
    if order_by is not None:
        body["order_by"] = order_by
    return post("runs/search", body)


FILTERS = [
    "",
    "metrics.acc > 0.5", "metrics.acc >= 0.5", "metrics.acc < 0.9", "metrics.acc <= 0.5",
    "metrics.acc = 0.5", "metrics.acc != 0.5", "metric.acc > .4", "metrics.acc > -1",
    "metrics.acc > 1e-1", "metrics.acc > 5E-1", "metrics.loss > 1", "metrics.loss < 0",
    "metrics.loss != 2", "metrics.`a b` = 1", 'metrics."a b" = 1', "metrics.x.y = 4",
    "metrics.m/n = 5", "metrics.none > 1", "metrics.acc > 0 and metrics.acc < 0.8",
    "metrics.acc > 0 AND params.lr = '0.01' AND tags.team = 'Blue'",
    "params.lr = '0.1'", 'params.lr = "0.1"', "param.lr = '0.1'", "parameters.lr = '0.1'",
    "parameter.lr != '0.1'", "params.lr = ''", "params.model LIKE 't%'", "params.model like 'T%'",
    "params.model ILIKE 'T%'", "params.model LIKE '%ree'", "params.model LIKE 'a_b'",
    "params.model LIKE '%'", "params.`a b` = 'v'", "params.none = 'x'", "params.none != 'x'",
    "params.lr IS NULL", "params.lr IS NOT NULL", "params.none IS NULL", "params.none is not null",
    'params.note = "it\'s"', "params.lr > '0.01'", "params.lr = 0.1",
    "tags.team = 'blue'", "tag.team != 'blue'", "tags.team LIKE 'b%'", "tags.team ILIKE 'B%'",
    "tags.pct LIKE '100%'", "tags.pct = '100%'", "tags.pct = ''", "tags.t.x = '1'",
    "tags.`t.x` = '1'", "tags.`mlflow.runName` = 'alpha'", "tags.mlflow.runName = 'alpha'",
    "tags.team IS NULL", "tags.team IS NOT NULL",
    "status = 'FINISHED'", "attributes.status = 'RUNNING'", "attribute.status != 'FINISHED'",
    "attr.status = 'finished'", "run.status LIKE 'F%'", "status ILIKE 'f%'", "status = 'NONE'",
    "run_name = 'alpha'", "attributes.run_name != 'alpha'", "run_name LIKE 'al%'",
    "run_name ILIKE 'b%'", "`run name` = 'alpha'", "`Run Name` = 'Beta'",
    "run_id = '$r1'", "attributes.run_id != '$r1'", "run_id IN ('$r1', '$r3')",
    "run_id NOT IN ('$r1','$r3')", "run_id IN ('none')", "run_id LIKE '%'",
    "user_id = 'bob'", "user_id != 'bob'", "user_id LIKE 'a%'",
    "start_time > 2000", "attributes.start_time >= 2000", "start_time < 2000", "start_time = 2000",
    "start_time != 2000", "start_time <= 2000", "created > 2000", "Created = 1000",
    "end_time = 2000", "end_time > 0", "end_time != 2000", "artifact_uri LIKE '%artifacts'",
    "dataset.name = 'cars'", "dataset.name != 'cars'", "dataset.name LIKE 'c%'",
    "dataset.name ILIKE 'C%'", "dataset.name IN ('cars', 'x')", "dataset.name NOT IN ('cars')",
    "dataset.digest = 'd1'", "datasets.digest = 'd2'", "dataset.context = 'train'",
    "dataset.context != 'train'", "dataset.context LIKE 'ev%'",
    "dataset.context IN ('eval')", "dataset.name = 'cars' AND dataset.context = 'train'",
    "metrics.acc > 0.1 AND", "params.lr = '0.1'   and   tags.team = 'red'",
    "params.lr = '0.1'\nAND tags.team = 'red'",
]  # fmt: skip

BAD_FILTERS = [
    "metrics.acc", "metrics.acc >", "metrics.acc = 'a'", "metrics.acc LIKE '1'", "> 5", "= 'x'",
    "metrics.acc ~ 1", "metrics.acc == 1", "unknown.key = 'x'", "unknown = 'x'", "params.lr = x",
    "status = FINISHED", "start_time = 'x'", "start_time > '5'", "start_time LIKE '5'",
    "experiment_id = '1'", "lifecycle_stage = 'active'", "dataset.color = 'x'", "run_id IN ()",
    "run_id IN 'x'", "run_id IN ('x'", "params.lr = 'x", "params.lr = 'x' params", ";",
    "params.lr = '1'; params.lr = '2'", "AND params.lr", "metrics.acc > 1 metrics.acc",
    "params. = 'x'", "tags.a b = 'x'", "params.lr BETWEEN", "((", ")", "'a' = 'b'", "5 = 5",
    "metrics.acc IN ('a')", "params.lr = ['a']", "not", "OR", "params.lr IS", "params.lr IS 5",
]  # fmt: skip

ORDERS: list[list[str]] = [
    ["metrics.acc"], ["metrics.acc ASC"], ["metrics.acc DESC"], ["metrics.loss ASC"],
    ["metrics.loss DESC"], ["metrics.acc DESC", "params.model ASC"], ["params.model"],
    ["params.model DESC"], ["params.lr ASC"], ["tags.team"], ["tags.team desc"],
    ["start_time"], ["start_time DESC"], ["attributes.start_time asc"], ["end_time ASC"],
    ["end_time DESC"], ["attribute.run_name"], ["run_name DESC", "start_time ASC"], ["user_id"],
    ["status"], ["status DESC"], ["created"], ["Created DESC"], ["`Run Name` ASC"],
    ["metrics.`a b` DESC"], ["params.`a b`"], ["metrics.none"], ["params.none DESC"],
    ["metrics.x.y DESC"], ["metrics.acc  DESC"], [],
    ["metrics.acc DESC", "metrics.loss ASC", "tags.team", "end_time"],
]  # fmt: skip

BAD_ORDERS: list[Any] = [
    ["unknown"], ["unknown.key"], ["metrics.acc DOWN"], [""], ["metrics.acc, metrics.loss"],
    ["experiment_id"], ["dataset.name"], ["metrics.acc ASC DESC"], ["ASC"], "metrics.acc", [5],
]  # fmt: skip

EXPERIMENT_FILTERS = [
    "name = '{name}'", "name != '{name}'", "attribute.name LIKE '%{name}'", "name ILIKE '%{name}'",
    "attributes.name = '{name}'", "tags.k = 'v'", "tag.k != 'v'", "tags.k LIKE 'v%'",
    "tags.`k` ILIKE 'V'", "creation_time > 0", "last_update_time > 0", "creation_time < 5",
    "tags.none IS NULL", "tags.k IS NOT NULL",
]  # fmt: skip

BAD_EXPERIMENT_FILTERS = [
    "unknown = 'x'", "metrics.x > 1", "params.x = 'x'", "name > 'x'", "name = x", "name",
    "creation_time = 'x'", "attr.name = 'x'",
]  # fmt: skip


def _experiments(filter_: str = "", **more: Any) -> Call:
    """A search that finds experiments of this test only."""
    own = "name LIKE '%$unique'"
    both = f"{own} AND {filter_}" if filter_ else own
    return post("experiments/search", {"max_results": 100, "filter": both, **more})


_EXPERIMENTS = [
    post("experiments/create", {"name": "b $unique", "tags": [{"key": "k", "value": "v"}]},
         save={"exp_b": "experiment_id"}),
    post("experiments/create", {"name": "a $unique", "tags": [{"key": "k", "value": "w"}]},
         save={"exp_a": "experiment_id"}),
    post("experiments/create", {"name": "C $unique"}, save={"exp_c": "experiment_id"}),
    post("experiments/delete", {"experiment_id": "$exp_c"}),
]  # fmt: skip

CASES: dict[str, list[Call]] = {
    "every view": [
        _search(),
        _search(run_view_type="ACTIVE_ONLY"),
        _search(run_view_type="DELETED_ONLY"),
        _search(run_view_type="ALL"),
        _search(run_view_type=2),
        _search(run_view_type="BOGUS"),
        _search(run_view_type="2"),
        _search(run_view_type=99),
    ],
    **{f"filter {text!r}": [_search(text)] for text in FILTERS},
    **{f"bad filter {text!r}": [_search(text)] for text in BAD_FILTERS},
    **{f"order by {order}": [_search(order_by=order)] for order in ORDERS},
    **{f"bad order by {order}": [_search(order_by=order)] for order in BAD_ORDERS},
    "one key twice in the order": [_search(order_by=["metrics.acc", "metrics.acc DESC"])],
    "deleted runs by a metric": [_search("metrics.acc > 0", run_view_type="ALL")],
    "filter and order together": [
        _search("metrics.acc > 0", ["metrics.acc DESC"]),
        _search("params.lr = '0.1'", ["metrics.loss ASC"]),
        _search("tags.team LIKE '%'", ["params.lr DESC"], run_view_type="ALL"),
    ],
    "pages": [
        post("runs/search", {"experiment_ids": ["$exp"], "max_results": 2, "order_by": order},
             save={"page": "next_page_token"})
        for order in ([], ["metrics.acc DESC"], ["params.model"])
    ]
    + [_search(max_results=2, page_token="$page", order_by=["params.model"]),
       _search(max_results=3, page_token="$page", order_by=["params.model"]),
       _search(max_results=5)],
    "page sizes": [_search(max_results=n) for n in (1, 50000, "2", 0, -1, 50001)],
    "page size that is no number": [_search(max_results="abc")],
    "page tokens that are none": [_search(page_token=token) for token in ("abc", "!!", "e30=", "")],
    "a page past the end": [_search(page_token="eyJvZmZzZXQiOiAxMDAwfQ==")],
    "no experiments": [
        post("runs/search"),
        post("runs/search", {"experiment_ids": []}),
        post("runs/search", {"experiment_ids": ["99999999"]}),
        post("runs/search", {"experiment_ids": ["abc"]}),
        post("runs/search", {"experiment_ids": [5]}),
        post("runs/search", {"experiment_ids": "0"}),
        post("runs/search", {"experiment_ids": ["$exp", "$exp"], "max_results": 1}),
        post("runs/search", {"experiment_ids": ["99999999", "$exp"], "max_results": 1}),
    ],
    "a filter that is no text": [_search(5), _search(["metrics.acc > 1"])],
    "experiments": [*_EXPERIMENTS, _experiments(), _experiments(view_type="DELETED_ONLY"),
                    _experiments(view_type="ALL"), _experiments(view_type=3)],
    "experiments by filter": [
        *_EXPERIMENTS,
        *[_experiments(text.format(name="a $unique")) for text in EXPERIMENT_FILTERS],
        _experiments("experiment_id = '$exp_a'"),
        _experiments("experiment_id IN ('$exp_a', '$exp_b')"),
        _experiments("experiment_id != '$exp_a'"),
        _experiments("experiment_id NOT IN ('$exp_a')"),
    ],
    **{f"bad experiment filter {text!r}": [_experiments(text)] for text in BAD_EXPERIMENT_FILTERS},
    "experiments in order": [
        *_EXPERIMENTS,
        *[_experiments(order_by=[order], view_type="ALL")
          for order in ("name", "name DESC", "attributes.name ASC", "experiment_id",
                        "experiment_id DESC", "creation_time ASC", "creation_time DESC",
                        "attribute.last_update_time DESC")],
        _experiments(order_by=["tags.k"]),
        _experiments(order_by=["unknown"]),
        _experiments(order_by=["name", "name"]),
    ],
    "experiments in pages": [
        *_EXPERIMENTS,
        post("experiments/search", {"max_results": 1, "filter": "name LIKE '%$unique'"},
             save={"page": "next_page_token"}),
        _experiments(max_results=1, page_token="$page"),
        _experiments(max_results=5, page_token="$page"),
        _experiments(page_token="abc"),
    ],
    "experiments without a page size": [
        post("experiments/search", {"filter": "name = '$unique'"}),
        post("experiments/search", {"filter": "name = '$unique'", "max_results": 0}),
        post("experiments/search", {"filter": "name = '$unique'", "max_results": -5}),
        post("experiments/search", {"filter": "name = '$unique'", "max_results": 50001}),
        post("experiments/search", {"filter": "name = '$unique'", "max_results": "5"}),
    ],
    "experiments by GET": [
        *_EXPERIMENTS,
        Call("GET", "experiments/search",
             query=[("max_results", "5"), ("filter", "name LIKE '%$unique'")]),
        Call("GET", "experiments/search",
             query=[("max_results", "5"), ("filter", "name LIKE '%$unique'"), ("order_by", "name"),
                    ("view_type", "ALL")]),
        Call("GET", "experiments/search",
             query=[("max_results", "5"), ("filter", "name LIKE '%$unique'"),
                    ("order_by", "name DESC"), ("order_by", "experiment_id")]),
        Call("GET", "experiments/search"),
    ],
}  # fmt: skip
