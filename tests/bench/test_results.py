from __future__ import annotations

from pathlib import Path

from bench.report import by_itself, summary
from bench.results import Results, Sample


def filled(row: str, **values: list[float]) -> Results:
    results = Results()
    for contender, figures in values.items():
        for figure in figures:
            results.add(row, contender, Sample(figure))
    return results


def line_of(results: Results) -> dict[str, str]:
    head, line = summary(results)
    return dict(zip(head, line, strict=True))


def test_a_ratio_is_taken_in_each_round_and_its_median_shown() -> None:
    # The machine slows down in the third round: the ratio of that round is still 10.
    results = filled("row", one=[1000, 900, 100], other=[100, 100, 10])
    assert results.ratio("row", "one", "other") == 10
    assert results.value("row", "one") == 900


def test_a_round_without_an_answer_has_no_ratio() -> None:
    results = filled("row", one=[100, 100], other=[0, 50])
    assert results.ratio("row", "one", "other") == 2


def test_contenders_that_answer_differently_are_named() -> None:
    results = Results()
    results.add("row", "one", Sample(1, answer=["a", "b"]))
    results.add("row", "other", Sample(1, answer=["b", "a"]))
    results.add("row", "silent", Sample(1))
    assert results.faults() == ["row: one and other answer differently"]


def test_lost_writes_are_reported() -> None:
    results = Results()
    results.add("row", "one", Sample(1, faults=("9 acknowledged, only 8 stored",)))
    assert results.faults() == ["row, one: 9 acknowledged, only 8 stored"]


def test_more_is_better_for_throughput() -> None:
    line = line_of(filled("sqlite/log-batch-1", milepost=[410], mlflow=[10], fasttrackml=[100]))
    assert (line["times MLflow"], line["times FastTrackML"]) == ("41", "4.1")
    assert line["reached"] == "yes"


def test_less_is_better_for_time() -> None:
    line = line_of(filled("sqlite/history", milepost=[0.1], mlflow=[3.2], fasttrackml=[0.2]))
    assert (line["times MLflow"], line["times FastTrackML"]) == ("32", "2")
    assert line["reached"] == "NO"


def test_a_limit_is_missed_on_its_own() -> None:
    line = line_of(filled("sqlite/log-metric-1", milepost=[0.6], fasttrackml=[6]))
    assert line["times FastTrackML"] == "10"
    assert line["reached"] == "NO"


def test_memory_under_load_is_the_peak() -> None:
    line = line_of(filled("sqlite/memory-writes", milepost=[50, 130, 60]))
    assert line["Milepost"] == "130"
    assert line["reached"] == "NO"


def test_what_was_kept_is_taken_up_by_the_next_session(tmp_path: Path) -> None:
    before = Results()
    before.add("done", "one", Sample(2, {"p50_ms": 3}, ["a"], ("lost",)))
    before.add("halfway", "one", Sample(5))
    before.keep(tmp_path / "kept", {"done"})

    after = Results()
    after.take_up(tmp_path / "kept")
    assert after.rows() == {"done"}
    assert after.value("done", "one") == 2
    assert after.detail("done", "one", "p50_ms") == 3
    assert after.faults() == ["done, one: lost"]


def test_most_of_what_the_disk_gives_is_enough() -> None:
    row = "artifacts/local-put-large"
    for speed, reached in ((81, "yes"), (79, "NO")):
        results = filled(row, milepost=[speed], mlflow=[60], itself=[100])
        assert line_of(results)["reached"] == reached
        head, line = by_itself(results)
        assert dict(zip(head, line, strict=True))["share"] == f"{speed}%"
    assert line_of(filled(row, milepost=[50], mlflow=[25], itself=[100]))["reached"] == "yes"


def test_memory_beside_a_large_file_is_the_largest_of_the_rounds() -> None:
    line = line_of(filled("artifacts/s3-memory", milepost=[40, 130, 20], mlflow=[50, 0, -1]))
    assert (line["Milepost"], line["MLflow"], line["reached"]) == ("130", "50", "NO")
    assert line["times MLflow"] == "-"
