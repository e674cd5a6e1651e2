"""Names: the integer id behind each metric, param and tag key, remembered per process.

An id never changes once committed, so remembering it can show nobody anything stale. Ids made in
a transaction are remembered only after it commits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

_MOST = 200_000  # about 30 MB; beyond that the memory starts afresh


class Names:
    """The memory of one process."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def remember(self, ids: Mapping[str, int]) -> None:
        """Keep committed ids."""
        if len(self._ids) > _MOST:
            self._ids, self._texts = {}, {}
        self._ids.update(ids)
        self._texts.update({i: name for name, i in ids.items()})

    def known(self, wanted: Collection[str]) -> dict[str, int]:
        """Those of `wanted` that are remembered."""
        ids = self._ids
        return {name: ids[name] for name in wanted if name in ids}

    def texts(self, wanted: Collection[int]) -> dict[int, str]:
        """The names of those ids that are remembered."""
        texts = self._texts
        return {i: texts[i] for i in wanted if i in texts}
