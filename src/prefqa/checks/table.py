"""The ids and ranks of all rows, read in one pass with what is asked of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.coding import codes_of
from prefqa.keyed import KEYS, KeyedRows, key_rows
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
    created_at where the latest of several judgments counts. `blank_ids`: whether rows were left out for an id of
    nothing but blanks, which counts as an id elsewhere.
    """

    keyed: KeyedRows
    counts: Mapping[str, int]
    blank_ids: bool

    @classmethod
    def read(
        cls, rows: pl.LazyFrame, key: Sequence[str], bad: pl.Expr, tests: Mapping[str, pl.Expr], counted: Sequence[str]
    ) -> Table:
        """Read rows.

        Args:
            rows: all rows, numbered.
            key: columns that tell judgments apart.
            bad: whether a rank could not be read.
            tests: what is asked of a row, by name; "not submitted" is one.
            counted: the tests that are asked only of rows with ids, submitted.
        """
        more = [name for name in key if name not in KEYS]
        times = [name for name in ("created_at",) if "judgment_id" in key and name in rows.collect_schema()]
        # One dictionary per key, filled while the rows stream past.
        ids = [pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in (*KEYS, *more)]
        asked = [test.fill_null(False).alias(_TEST + name) for name, test in tests.items()]
        frame = rows.select(LONG, ROW, *ids, "rank", bad.alias(BAD), *times, *asked).collect(engine="streaming")
        no_id, blank_ids = _no_id(frame)
        counts = {name: int(frame[_TEST + name].sum()) for name in tests}
        counts |= {"rows": frame.height, "null id": int(no_id.sum())}
        submitted = ~(no_id | frame[_TEST + "not submitted"])
        if not submitted.all():
            frame = frame.filter(submitted)
        counts |= {name: int(frame[_TEST + name].sum()) for name in counted}
        frame = frame.select(pl.exclude(f"^{_TEST}.*$")).with_columns(_codes(frame, name) for name in more)
        return cls(key_rows(frame), counts, blank_ids)

    def usable(self, without: pl.Series | None = None) -> KeyedRows | None:
        """Return the rows that count by `Preferences.usable`, but those with some row numbers; None where unknown."""
        if self.blank_ids:
            return None
        frame = self.keyed.frame
        rows = (frame["rank"] >= 1).fill_null(False)
        if without is not None:
            rows &= ~frame[LONG].is_in(without.implode())
        needed = frame.select(*KEYS, "rank", pl.col("^(judgment_id|created_at)$"))
        return self.keyed._replace(frame=needed if rows.all() else needed.filter(rows))


def _no_id(frame: pl.DataFrame) -> tuple[pl.Series, bool]:
    """Which rows lack an id, or have one of nothing but blanks; whether any has blanks."""
    none = pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
    blanks = False
    for name in KEYS:
        seen = frame[name].unique().drop_nulls()
        known = seen.cast(pl.String)
        blank = known.str.strip_chars() == ""
        if frame[name].null_count():
            none |= frame[name].is_null()
        if blank.any():
            none |= frame[name].to_physical().is_in(seen.filter(blank).to_physical().implode()).fill_null(False)
            blanks |= bool((known.filter(blank) != "").any())
    return none, blanks


def _codes(frame: pl.DataFrame, name: str) -> pl.Series:
    """Codes from 1 in the order of the values, 0 = missing."""
    there = frame[name].is_not_null()
    codes: Ints = np.zeros(frame.height, np.uint32)
    codes[there.to_numpy()] = codes_of(frame.filter(there), name)[0] + 1
    return pl.Series(name, codes)
