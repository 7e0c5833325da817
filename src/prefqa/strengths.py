"""By how much a vote prefers its response: the strength of graded votes, as codes beside those of the judgments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints
from prefqa.coding import Coded, encode
from prefqa.preferences import Preferences
from prefqa.votes import Bucket, buckets

#: With more strengths than this, neighbours are one grade in a model of them.
MOST_GRADES = 5
#: The column of judgments that holds the strength of a vote.
STRENGTH = "strength"


@dataclass(frozen=True)
class Strengths:
    """Judgments as codes, and the strength of each.

    `coded` is what `Preferences.coded` gives. `grade`, per judgment: 0 where it decides nothing, where its strength is
    not known, or where it does not compare just two responses; else the number of its strength in `values`, from 1.
    """

    coded: Coded
    grade: Ints
    values: Floats

    def buckets(self) -> list[Bucket]:
        """Return what `votes.buckets` gives, with the grade of each judgment."""
        of_row = np.repeat(self.grade, self.coded.lengths) + 1
        graded = buckets(replace(self.coded, rank=of_row))
        return [
            replace(bucket, grade=grades.ranks.max(axis=1, initial=1) - 1)
            for bucket, grades in zip(buckets(self.coded), graded, strict=True)
        ]

    def in_grades(self, most: int = MOST_GRADES) -> Strengths:
        """Return the same with at most so many grades, of about equally many votes; each has their mean strength."""
        if self.values.size <= most:
            return self
        n = np.bincount(self.grade, minlength=self.values.size + 1)[1:]
        middle = (np.cumsum(n) - n / 2) / n.sum()
        part = np.unique(np.floor(middle * most), return_inverse=True)[1]
        totals, sizes = np.bincount(part, weights=n * self.values), np.bincount(part, weights=n)
        return Strengths(self.coded, np.append(0, part + 1)[self.grade], totals / sizes)

    def signed(self) -> tuple[Coded, Floats]:
        """Return codes in which ranks differ by the grade, and the numbers of all signed grades, lowest first.

        Of two responses the better has the rank 1 and the other 1 + its grade; a tie has rank 1 twice. Judgments
        without a grade that are no ties of two have rank 0, not ranked.
        """
        coded, lengths = self.coded, self.coded.lengths
        best = np.minimum.reduceat(coded.rank, coded.starts)
        worst = np.maximum.reduceat(coded.rank, coded.starts)
        kept = (lengths == 2) & ((self.grade > 0) | (best == worst))
        grade, better = np.repeat(self.grade, lengths), coded.rank == np.repeat(best, lengths)
        rank = np.where(np.repeat(kept, lengths), np.where(better, 1, 1 + grade), 0)
        numbers = np.concatenate([-self.values[::-1], [0.0], self.values])
        return replace(coded, rank=rank.astype(coded.rank.dtype)), numbers


def strengths(prefs: Preferences, by: Sequence[str] = ()) -> Strengths | None:
    """Return the judgments that count with the strength of each, or None where votes have no strength.

    Votes have strength where decided votes on two responses have two values or more in the column `strength`; a value
    of 0 or less is none. One value alone tells nothing. Where the rows of one judgment differ, its strength is not
    known.

    Args:
        prefs: the judgments.
        by: columns that split them into cells, as for `Preferences.coded`.
    """
    if STRENGTH not in prefs.columns:
        return None
    usable = prefs.usable(by)
    names = usable.collect_schema().names()
    keys = [name for name in ("item_id", "annotator_id", "judgment_id", *by) if name in names]
    given = pl.col(STRENGTH)
    given = pl.when(given.is_finite() & (given > 0)).then(given)
    rows = usable.with_columns(given.alias(STRENGTH))
    rows = rows.with_columns(pl.when(given.drop_nulls().n_unique().over(keys) == 1).then(given.max().over(keys)))
    values = rows.select(given.drop_nulls().unique().sort()).collect()[STRENGTH].to_numpy()
    if values.size < 2:
        return None
    width = values.size + 1
    code = given.replace_strict(values, np.arange(1, width), default=0, return_dtype=pl.Int64)
    both = encode(rows.with_columns(rank=pl.col("rank").rank("dense").cast(pl.Int64) * width + code), by)
    coded = replace(both, rank=both.rank // width)
    if not coded.starts.size:
        return None
    decided = np.minimum.reduceat(coded.rank, coded.starts) < np.maximum.reduceat(coded.rank, coded.starts)
    grade = np.where(decided & (coded.lengths == 2), both.rank[both.starts] % width, 0)
    used = np.unique(grade[grade > 0])
    if used.size < 2:
        return None
    number = np.zeros(width, np.int64)
    number[used] = np.arange(1, used.size + 1)
    return Strengths(coded, number[grade], values[used - 1].astype(np.float64))
