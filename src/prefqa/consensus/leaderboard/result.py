"""What a leaderboard says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from prefqa._types import Floats
from prefqa.errors import UsageError, nearest
from prefqa.results import Result, records


@dataclass(frozen=True)
class LeaderboardResult(Result):
    """Names in the order of their scores.

    Attributes:
        leaderboard: one row per name, best first: name; score (log scale, mean 0), se, ci_low, ci_high (null where
            they cannot be had: `overall["reason"]`); rank (1 + names with a higher score, equal for equal scores),
            rank_low and rank_high (the best and worst rank it may have, see `ranks.rank_ranges`); n_votes, n_wins,
            n_ties, n_losses; win_rate (wins and half the ties, of its votes); average_win_rate (the same per opponent,
            mean over opponents met); n_opponents.
        covariates: one row per covariate: covariate; coefficient, se, ci_low, ci_high (change of the log odds for one
            sd); sd (root mean square of the difference of the two sides, in its own unit); odds_per_sd; odds_per_unit,
            odds_per_unit_low, odds_per_unit_high (by what the odds of winning grow with each unit more than the
            other side has).
        annotators: with annotators="weighted" one row per annotator: annotator_id, reliability, se, ci_low, ci_high,
            n_votes; below_chance where the whole interval is below one half.
        overall: settings, the tie parameter, counts, what was left out, warnings, ready for JSON.
        by, ties, level: as asked for.
        method: how scores and intervals were made, in words.
        warnings: what should be known before the scores are used.
        n_items, n_votes: how much there was.
    """

    leaderboard: pl.DataFrame
    covariates: pl.DataFrame
    annotators: pl.DataFrame
    overall: dict[str, Any] = field(repr=False)
    by: str
    ties: str
    level: float
    method: str
    warnings: tuple[str, ...]
    n_items: int
    n_votes: int
    _covariance: Floats = field(repr=False, compare=False)
    _quantile: float = field(repr=False, compare=False)

    def against(self, name: str) -> pl.DataFrame:
        """Return by how much the score of each other name is above that of `name`.

        Returns:
            name, difference, se, ci_low, ci_high, in the order of the leaderboard. This interval, and not the overlap
            of two names' own, says whether two names differ. Null where the leaderboard has no intervals.

        Raises:
            UsageError: the name is not on the leaderboard.
        """
        names = self.leaderboard["name"].to_list()
        if name not in names:
            near = nearest(name, names)
            raise UsageError(f"{name!r} is not on the leaderboard", hint=f"did you mean {near!r}?" if near else None)
        # The covariance is in the order of names.
        order = np.argsort(np.array(names, dtype=object))
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        covariance = self._covariance[np.ix_(place, place)]
        at = names.index(name)
        variance = np.diagonal(covariance)
        se = np.sqrt(np.maximum(variance + variance[at] - 2 * covariance[at], 0.0))
        known = self.leaderboard["se"].is_not_null().all()
        score = self.leaderboard["score"]
        frame = pl.DataFrame({"name": names, "difference": score - score[at], "se": pl.Series(se, dtype=pl.Float64)})
        width = pl.col("se") * self._quantile
        return (
            frame.with_columns(se=pl.col("se") if known else pl.lit(None, pl.Float64))
            .with_columns(ci_low=pl.col("difference") - width, ci_high=pl.col("difference") + width)
            .filter(pl.col("name") != name)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return {"overall": {...}, "leaderboard": [...], "covariates": [...], "annotators": [...]}."""
        return {
            "overall": self.overall,
            "leaderboard": records(self.leaderboard),
            "covariates": records(self.covariates),
            "annotators": records(self.annotators),
        }
