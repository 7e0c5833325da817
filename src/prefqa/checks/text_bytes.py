"""The bytes of texts, as arrays: those in memory themselves where texts lie there in their order, else a copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints, begins

#: An Arrow string view: where a text lies; the bytes of one that is no longer than `_SHORT` are in the view itself.
_VIEW = np.dtype([("length", "<u4"), ("prefix", "S4"), ("buffer", "<u4"), ("offset", "<u4")])
_SHORT = 12
#: Where a buffer has fewer bytes of these texts, they are sooner copied than looked at buffer by buffer.
_TOO_SMALL = 1 << 16


@dataclass(frozen=True)
class TextBytes:
    """Where texts, none of them null, lie: the number of a buffer, where in it a text begins, and how long it is.

    If there are no buffers, texts are copied when asked for. A text of at most 12 bytes may have none here.
    """

    texts: pl.Series
    buffer: Ints
    begin: Ints
    length: Ints
    buffers: Sequence[Any]

    @classmethod
    def of(cls, texts: pl.Series) -> TextBytes:
        """Look where texts lie: as they come from a file, in its order, a page of it to a buffer."""
        return _in_place(texts) or _to_copy(texts)

    def parts(self, low: int, high: int) -> Iterator[tuple[Ints, Ints, Ints]]:
        """Bytes of the texts `low` to `high`, those of some together, and where in them each text begins and ends."""
        starts = np.flatnonzero(begins(self.buffer[low:high])) + low
        for first, last in pairwise([*starts.tolist(), high]):
            at = int(self.begin[first])
            begin = self.begin[first:last] - at
            end = begin + self.length[first:last]
            yield self._bytes(first, last, at, int(end[-1])), begin, end

    def _bytes(self, first: int, last: int, at: int, n: int) -> Ints:
        if self.buffers:
            return np.frombuffer(self.buffers[self.buffer[first]], np.uint8, n, at)
        lists = self.texts[first:last].cast(pl.Binary).cast(pl.List(pl.UInt8))
        return lists.explode(empty_as_null=False).to_numpy()


def _to_copy(texts: pl.Series) -> TextBytes:
    length = texts.str.len_bytes().to_numpy().astype(np.int64)
    return TextBytes(texts, np.zeros(length.size, np.int64), np.cumsum(length) - length, length, [])


def _in_place(texts: pl.Series) -> TextBytes | None:
    """Where texts lie, if they do so in their order, with few other bytes in between, in buffers of some size."""
    if find_spec("pyarrow") is None:
        return None
    array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    _, views, *buffers = array.buffers()
    view = np.frombuffer(views or b"", _VIEW)[array.offset : array.offset + len(array)]
    long = view["length"] > _SHORT
    if not long.any():
        return None
    lie = (view[name].astype(np.int64) for name in ("buffer", "offset", "length"))
    buffer, begin, length = _after_the_last_long(long, *lie)
    other = begins(buffer)[1:]
    between = (begin[1:] - begin[:-1] - length[:-1])[~other]
    n = int(length.sum())
    if (between < 0).any() or between.sum() > n or other.sum() * _TOO_SMALL > n:
        return None
    return TextBytes(texts, buffer, begin, length, buffers)


def _after_the_last_long(long: Bools, buffer: Ints, begin: Ints, length: Ints) -> tuple[Ints, Ints, Ints]:
    """Let a short text be an empty one behind the last long one, or before the first."""
    first = int(long.argmax())
    last = np.maximum.accumulate(np.where(long, np.arange(long.size), first))
    behind = length[last] * ~long
    behind[:first] = 0
    return buffer[last], begin[last] + behind, length * long
