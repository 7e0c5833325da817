"""The ids and ranks of all rows, read in one pass with what is asked of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.coding import KEYS, codes_of
from prefqa.keyed import KeyedRows, key_rows
from prefqa.preferences import ROW

#: Number of a row of the long form; one source row may give several.
LONG = "_long"
#: Whether a rank could not be read.
BAD = "_bad"
_TEST = "_test "


@dataclass(frozen=True)
class Table:
    """The rows that have ids and are submitted, as codes, and how many rows passed each test (all rows: "rows").

    `keyed` has the columns LONG, ROW, the ids, rank, BAD, what else tells judgments apart (as codes, 0 = missing), and
    created_at where the latest of several judgments counts, and what else is `kept`. `blank_ids`: whether rows were
    left out for an id of nothing but blanks, which counts as an id elsewhere.
    """

    keyed: KeyedRows
    counts: Mapping[str, int]
    blank_ids: bool
    kept: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        rows: pl.LazyFrame,
        key: Sequence[str],
        bad: pl.Expr,
        tests: Mapping[str, pl.Expr],
        counted: Sequence[str],
        kept: Sequence[str] = (),
    ) -> Table:
        """Read rows.

        Args:
            rows: all rows, numbered.
            key: columns that tell judgments apart.
            bad: whether a rank could not be read.
            tests: what is asked of a row, by name; "not submitted" is one.
            counted: the tests that are asked only of rows with ids, submitted.
            kept: further columns that are handed on.
        """
        more = [name for name in key if name not in KEYS]
        times = [name for name in ("created_at",) if "judgment_id" in key and name in rows.collect_schema()]
        kept = [*dict.fromkeys((*times, *kept))]
        # One dictionary per key, filled while the rows stream past.
        ids = [pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in (*KEYS, *more)]
        asked = [test.fill_null(False).alias(_TEST + name) for name, test in tests.items()]
        frame = rows.select(LONG, ROW, *ids, "rank", bad.alias(BAD), *kept, *asked).collect(engine="streaming")
        counts = {name: int(frame[_TEST + name].sum()) for name in tests} | {"rows": frame.height}
        if any(frame[name].null_count() for name in KEYS):
            frame = frame.drop_nulls(KEYS)
        keyed = key_rows(frame.with_columns(_codes(frame, name) for name in more))
        blank, blank_ids = _blank(keyed)
        counts["null id"] = counts["rows"] - keyed.frame.height + int(blank.sum())
        left_out = blank | keyed.frame[_TEST + "not submitted"]
        if left_out.any():
            keyed = keyed.filter(~left_out)
        counts |= {name: int(keyed.frame[_TEST + name].sum()) for name in counted}
        return cls(keyed._replace(frame=keyed.frame.select(pl.exclude(f"^{_TEST}.*$"))), counts, blank_ids, tuple(kept))

    def usable(self, without: pl.Series | None = None) -> KeyedRows:
        """Return the rows that count by `Preferences.usable`, if there are no `blank_ids`, but those with some LONG."""
        frame, rows = self.keyed.frame, self.ranked(without)
        needed = self.keyed._replace(frame=frame.select(*KEYS, "rank", pl.col("^judgment_id$"), *self.kept))
        return needed if rows.all() else needed.filter(rows)

    def ranked(self, without: pl.Series | None = None) -> pl.Series:
        """Return which rows have a rank, but those with some LONG."""
        frame = self.keyed.frame
        rows = (frame["rank"] >= 1).fill_null(False)
        return rows if without is None else rows & ~frame[LONG].is_in(without.implode())


def _blank(keyed: KeyedRows) -> tuple[pl.Series, bool]:
    """Which rows have an id of nothing but blanks, or an empty one; whether any has blanks."""
    none = pl.repeat(False, keyed.frame.height, dtype=pl.Boolean, eager=True)
    blanks = False
    for name, ids in zip(KEYS, keyed.ids, strict=True):
        blank = ids.str.strip_chars() == ""
        if blank.any():
            none |= blank.gather(keyed.frame[name])
            blanks |= bool((ids.filter(blank) != "").any())
    return none, blanks


def _codes(frame: pl.DataFrame, name: str) -> pl.Series:
    """Codes from 1 in the order of the values, 0 = missing."""
    there = frame[name].is_not_null()
    codes: Ints = np.zeros(frame.height, np.uint32)
    codes[there.to_numpy()] = codes_of(frame.filter(there), name)[0] + 1
    return pl.Series(name, codes)
