"""The lines of a part: JSON objects, a `run` line followed by its `points` lines.

    {"kind":"run","run":{"id":...,"params":[...],"tags":[...],...},"deleted":null}
    {"kind":"points","key":"loss","steps":[...],"times":[...],"values":[...]}

Status and life cycle are MLflow's numbers, times are in milliseconds, NaN is null. A history longer
than MOST points takes several lines, in order.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from milepost.domain.tracking import Run
from milepost.errors import Invalid
from milepost.store.points import History
from milepost.store.transfer import RunRecord

MOST = 50_000
_NAN = float("nan")


class RunLine(Struct, tag="run", tag_field="kind"):
    """A run with all but its metrics."""

    run: Run
    deleted: int | None


class PointsLine(Struct, tag="points", tag_field="kind"):
    """Points of one metric of the run before."""

    key: str
    steps: list[int]
    times: list[int]
    values: Sequence[float | None]


_decode = msgspec.json.Decoder(RunLine | PointsLine).decode
_encode = msgspec.json.Encoder().encode


def packed(records: Iterable[RunRecord]) -> bytes:
    """The content of a part, the same for the same runs."""
    return gzip.compress(b"".join(_lines(records)), 4, mtime=0)


def packed_structs(records: Iterable[Struct]) -> bytes:
    """Records of models, one to a line."""
    return gzip.compress(b"".join(_encode(record) + b"\n" for record in records), 4, mtime=0)


def _lines(records: Iterable[RunRecord]) -> Iterator[bytes]:
    for record in records:
        yield _encode(RunLine(record.run, record.deleted)) + b"\n"
        for key, history in record.histories.items():
            for start in range(0, len(history), MOST):
                end = start + MOST
                steps, times = history.steps[start:end], history.times[start:end]
                # msgspec writes NaN as null.
                values = history.values[start:end].tolist()
                yield _encode(PointsLine(key, steps.tolist(), times.tolist(), values)) + b"\n"


def unpacked(data: bytes, source: str) -> list[RunRecord]:
    """The runs of a part; raises Invalid that names `source` for lines it cannot understand."""
    records: list[RunRecord] = []
    for number, text in enumerate(data.splitlines(), 1):
        try:
            line = _decode(text)
        except msgspec.MsgspecError as error:
            raise Invalid(f"{source}, line {number}: {error}") from None
        if isinstance(line, RunLine):
            records.append(RunRecord(line.run, line.deleted))
        elif records:
            _append(records[-1].histories.setdefault(line.key, History()), line)
    return records


def _append(history: History, line: PointsLine) -> None:
    history.steps.extend(line.steps)
    history.times.extend(line.times)
    history.values.extend([_NAN if v is None else v for v in line.values])
