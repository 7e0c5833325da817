"""What planting of every kind shares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from prefqa.preferences import Preferences

KEYS = ("item_id", "annotator_id", "response_id")
JUDGMENT = ("item_id", "annotator_id", "judgment_id")


@dataclass(frozen=True)
class Planted:
    """Preferences with one kind of defect; `keys` says where: item, annotator or response ids, whichever tell."""

    preferences: Preferences
    code: str
    keys: pl.DataFrame


@dataclass(frozen=True)
class Ground:
    """What defects are planted into: preferences, their rows in an order of their own, and how much of what."""

    prefs: Preferences
    rows: pl.DataFrame
    share: float
    rng: np.random.Generator

    @classmethod
    def of(cls, prefs: Preferences, share: float, seed: int) -> Ground:
        """Prepare preferences."""
        order = [name for name in (*KEYS, "judgment_id") if name in prefs.columns]
        return cls(prefs, prefs.judgments.collect().sort(order), share, np.random.default_rng(seed))

    def drawn(self, n: int, least: int = 1) -> pl.Series:
        """Which of n get the defect: the share of them, and at least so many."""
        chosen = np.zeros(n, bool)
        chosen[self.rng.permutation(n)[: max(round(self.share * n), least)]] = True
        return pl.Series("drawn", chosen)

    def some(self, columns: tuple[str, ...], least: int = 1) -> pl.DataFrame:
        """The distinct values of some columns that get the defect."""
        each = self.rows.select(columns).unique().sort(columns)
        return each.filter(self.drawn(each.height, least))

    def marked(self, some: pl.DataFrame) -> pl.DataFrame:
        """The rows with `drawn`: whether they are of those that get the defect."""
        here = some.with_columns(drawn=pl.lit(True))
        joined = self.rows.join(here, on=some.columns, how="left", maintain_order="left")
        return joined.with_columns(pl.col("drawn").fill_null(False))

    def planted(self, code: str, rows: pl.DataFrame, keys: pl.DataFrame, prefs: Preferences | None = None) -> Planted:
        """Return preferences of these rows, with the responses and items of `prefs` or of the ground."""
        prefs = prefs or self.prefs
        again = Preferences.from_long(rows.select(pl.exclude("^_.*$", "drawn")), source=self.prefs.source)
        return Planted(replace(again, responses=prefs.responses, items=prefs.items), code, keys)
