"""Searching the registry, and what is measured on logged models."""

from __future__ import annotations

import pytest

from milepost.domain.tracking import Batch, Metric, Tag
from milepost.errors import Invalid
from milepost.mlflow_api.logged_models import dump_model
from milepost.store.registry import search as plans
from tests.store.conftest import Opened
from tests.store.registry_kit import Kept, kept_on


@pytest.fixture
def kept(on: Opened) -> Kept:
    return kept_on(on)


def test_search_agrees_however_it_is_planned(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(12):
        name = f"{'net' if i % 2 else 'Net'}_{i:02}"
        kept.create(name, Tag("team", "blue" if i % 3 else "red"), versions=i % 3)
    kept.register("net_05", Tag("best", "x" * 70 + "1"))
    kept.register("net_07", Tag("best", "x" * 70 + "2"))
    for few in (plans._FEW, 0):  # drive by the few that have a tag, or walk in order
        monkeypatch.setattr(plans, "_FEW", few)
        assert kept.models("name LIKE 'net%' AND tags.team = 'red'") == ["net_03", "net_09"]
        assert kept.models("name ILIKE 'net%' AND tags.team = 'red'") == [
            "Net_00", "Net_06", "net_03", "net_09",
        ]  # fmt: skip
        assert kept.models("tags.team = 'red'", "name DESC", limit=2) == ["net_09", "net_03"]
        assert kept.models("tags.none = 'red'") == []
        assert kept.models("tags.team = 'red' OR name = 'net_01'") == [
            "Net_00", "Net_06", "net_01", "net_03", "net_09",
        ]  # fmt: skip
        assert kept.versions(f"tags.best = '{'x' * 70}1'") == [("net_05", 3)]
        assert kept.versions("name = 'net_05'", "version_number DESC") == [
            ("net_05", 3), ("net_05", 2), ("net_05", 1),
        ]  # fmt: skip
        assert kept.versions("name = 'nobody'") == []
        assert len(kept.versions("name LIKE 'Net%'")) == 6


def test_names_are_in_order_of_their_letters_codes(kept: Kept) -> None:
    names = ["B", "a", "A", "b", "Z", "z ", "z", "ä", "1", "_"]
    for name in names:
        kept.create(name)
    assert kept.models() == sorted(names)


# Logged models


def test_metrics_of_a_logged_model(kept: Kept) -> None:
    experiment = kept.on.create_experiment("nets")
    run = kept.on.create_run(experiment)
    model = kept.write(kept.logged.create, experiment, "net", "", run, [], [])
    points = [
        Metric("acc", 0.5, 10, 1, model.id, "train", "d1"),
        Metric("acc", float("nan"), 11, 2, model.id),
        Metric("acc", 0.5, 10, 1, model.id, "train", "d1"),
        Metric("loss", 3.0, 10, 1),
    ]
    assert kept.on.log(Batch(run, points), Batch(run, points)) == [None, None]
    shown = dump_model(kept.read(kept.logged.get, model.id))["data"]["metrics"]
    assert [(m["key"], m["value"], m["step"], m.get("dataset_name")) for m in shown] == [
        ("acc", 0.5, 1, "train"), ("acc", "NaN", 2, None),
    ]  # fmt: skip
    assert {m.key for m in kept.on.get_run(run).metrics} == {"acc", "loss"}


def test_a_batch_for_an_unknown_model_leaves_nothing(kept: Kept) -> None:
    run = kept.on.create_run(kept.on.create_experiment("nets"))
    bad = Batch(run, [Metric("a", 1.0, 1), Metric("b", 1.0, 1, 0, "m-none")])
    good = Batch(run, [Metric("c", 1.0, 1)])
    refused, accepted = kept.on.log(bad, good)
    assert isinstance(refused, Invalid)
    assert accepted is None
    assert [m.key for m in kept.on.get_run(run).metrics] == ["c"]
