"""What the rules share: the rows, the figures per judgment, and the form in which a rule answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import polars as pl

from prefqa.preferences import SUBMITTED, Preferences, raw_name

#: Number of a row of the long form; one source row may give several.
LONG = "_long"
IDS = ("item_id", "annotator_id", "response_id")
RAW_RANK = raw_name("rank")


@dataclass(frozen=True)
class Found:
    """Offending rows (with `_value`, what is wrong in the row), how many of how many, and the message."""

    rows: pl.LazyFrame
    count: int
    of: int
    message: str


@dataclass(frozen=True)
class NotRun:
    """A rule that lacked what it needs."""

    reason: str


@dataclass(frozen=True)
class Frame:
    """What the rules share: all rows, the rows that can count, and one row of figures per judgment."""

    prefs: Preferences
    now: datetime
    columns: tuple[str, ...]

    @classmethod
    def of(cls, prefs: Preferences, now: datetime) -> Frame:
        """Prepare the rules' view of preferences."""
        return cls(prefs, now, tuple(prefs.judgments.collect_schema().names()))

    @cached_property
    def all_rows(self) -> pl.LazyFrame:
        """Every row, numbered."""
        frame = self.prefs.judgments.with_row_index(LONG)
        return frame if RAW_RANK in self.columns else frame.with_columns(pl.lit(None, pl.String).alias(RAW_RANK))

    @property
    def key(self) -> list[str]:
        """Columns that tell judgments apart."""
        return [name for name in ("item_id", "annotator_id", "judgment_id", "criterion") if name in self.columns]

    @property
    def no_id(self) -> pl.Expr:
        """Whether a row lacks an id."""
        return pl.any_horizontal(pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "") for name in IDS)

    @property
    def not_submitted(self) -> pl.Expr:
        """Whether a row is of a judgment that was not submitted."""
        return (pl.col("status") != SUBMITTED).fill_null(False) if "status" in self.columns else pl.lit(False)

    @cached_property
    def rows(self) -> pl.LazyFrame:
        """Rows with ids, submitted."""
        return self.all_rows.filter(~self.no_id & ~self.not_submitted)

    @cached_property
    def judgments(self) -> pl.DataFrame:
        """Figures per judgment of `rows`."""
        rank = pl.col("rank")
        return (
            self.rows.group_by(self.key)
            .agg(
                pl.len().alias("n"),
                pl.col("response_id").n_unique().alias("n_responses"),
                rank.count().alias("n_ranked"),
                pl.col(RAW_RANK).count().alias("n_bad"),
                rank.min().alias("low"),
                rank.max().alias("high"),
                rank.drop_nulls().n_unique().alias("n_ranks"),
            )
            .collect(engine="streaming")
        )

    @cached_property
    def sound(self) -> pl.DataFrame:
        """Judgments without a rank that cannot be read."""
        return self.judgments.filter(pl.col("n_bad") == 0)

    @cached_property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.prefs.judgments.select(pl.len()).collect().item())

    @property
    def n_judgments(self) -> int:
        """Number of judgments that were submitted and have ids."""
        return self.judgments.height

    def of_judgments(self, judgments: pl.DataFrame) -> pl.LazyFrame:
        """Return the rows of these judgments."""
        return self.rows.join(judgments.lazy().select(self.key), on=self.key, how="semi", nulls_equal=True)

    def count(self, test: pl.Expr) -> int:
        """Number of all rows for which `test` holds."""
        return int(self.all_rows.select(test.fill_null(False).sum()).collect().item())
