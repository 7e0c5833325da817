"""Scores, covariates and annotators as frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy.special import expit, ndtri, stdtrit

from prefqa._types import Floats, sum_by
from prefqa.bootstrap import percentile
from prefqa.consensus.leaderboard.comparisons import Comparisons
from prefqa.consensus.leaderboard.fit import Fit, Model, Table, level
from prefqa.consensus.leaderboard.models import TIE_MODELS, WITHOUT_TIES
from prefqa.consensus.leaderboard.options import Options
from prefqa.consensus.leaderboard.ranks import rank_ranges, ranks
from prefqa.consensus.leaderboard.variance import Spread


def name_frame(
    table: Table, fit: Fit, model: Model, names: pl.Series, spread: Spread, options: Options, reason: str | None
) -> pl.DataFrame:
    """One row per name, by rank and then by name; see `LeaderboardResult`."""
    m = model.n_names
    score = fit.theta[:m]
    low, high = _intervals(fit, spread, options.level)
    best, worst = rank_ranges(score, spread.covariance[:m, :m], spread.df, options.level)
    frame = pl.DataFrame(
        {
            "name": names,
            "score": score,
            "se": _se(spread)[:m],
            "ci_low": low[:m],
            "ci_high": high[:m],
            "rank": ranks(score),
            "rank_low": best,
            "rank_high": worst,
            **_tallies(table, m),
        }
    )
    frame = _without(frame, ("se", "ci_low", "ci_high", "rank_low", "rank_high"), reason)
    return frame.sort("rank", "name")


def covariate_frame(
    fit: Fit, model: Model, scale: Floats, spread: Spread, options: Options, reason: str | None
) -> pl.DataFrame:
    """One row per covariate, as they were named; see `LeaderboardResult`."""
    here = slice(model.n_names, model.n_names + model.n_covariates)
    low, high = (ends[here] for ends in _intervals(fit, spread, options.level))
    weight = fit.theta[here]
    frame = pl.DataFrame(
        {
            "covariate": pl.Series(list(options.covariates), dtype=pl.String),
            "coefficient": weight,
            "se": _se(spread)[here],
            "ci_low": low,
            "ci_high": high,
            "sd": scale,
            "odds_per_sd": np.exp(weight),
            "odds_per_unit": np.exp(weight / scale),
            "odds_per_unit_low": np.exp(low / scale),
            "odds_per_unit_high": np.exp(high / scale),
        }
    )
    return _without(frame, ("se", "ci_low", "ci_high", "odds_per_unit_low", "odds_per_unit_high"), reason)


def annotator_frame(fit: Fit, model: Model, found: Comparisons, options: Options) -> pl.DataFrame:
    """One row per annotator, by id; empty where all count alike.

    The standard error is that of the inverse information of all parameters together, carried over from the log odds;
    the interval is made on the log odds.
    """
    logit = fit.theta[model.n_common :]
    share = expit(logit)
    inside = fit.information.mixed / fit.information.single
    inverse = np.linalg.inv(fit.information.reduced() + level(model))
    variance = 1 / fit.information.single + np.einsum("pa,pq,qa->a", inside, inverse, inside)
    se = np.sqrt(np.maximum(variance, 0.0))
    width = ndtri((1 + options.level) / 2) * se
    n_annotators = model.n_annotators
    ids = found.annotator_ids.to_list() if n_annotators else []
    n_votes = np.bincount(found.annotator, minlength=n_annotators) if n_annotators else np.zeros(0, np.int64)
    return pl.DataFrame(
        {
            "annotator_id": pl.Series(ids, dtype=pl.String),
            "reliability": share,
            "se": share * (1 - share) * se,
            "ci_low": expit(logit - width),
            "ci_high": expit(logit + width),
            "n_votes": n_votes,
            "below_chance": logit + width < 0,
        }
    )


def tie_parameter(
    fit: Fit, model: Model, spread: Spread, options: Options, reason: str | None
) -> dict[str, Any] | None:
    """How common ties are, as the model says it: name, estimate, se, ci_low, ci_high; None for half votes."""
    if options.ties == "half":
        return None
    told = TIE_MODELS[options.ties]
    nothing = {"se": None, "ci_low": None, "ci_high": None}
    if model.ties is None:
        edge = WITHOUT_TIES[options.ties]
        return {"name": told.name, "estimate": edge, **nothing, "reason": "no vote is a tie"}
    at = model.n_common - 1
    estimate = told.shown(fit.theta[at])
    if reason:
        return {"name": told.name, "estimate": estimate, **nothing, "reason": reason}
    low, high = (told.shown(end[at]) for end in _intervals(fit, spread, options.level))
    return {
        "name": told.name,
        "estimate": estimate,
        "se": estimate * float(_se(spread)[at]),
        "ci_low": max(low, WITHOUT_TIES[options.ties]),
        "ci_high": high,
        "reason": None,
    }


def quantile(spread: Spread, level: float) -> float:
    """How many standard errors an interval reaches to either side."""
    return float(stdtrit(max(spread.df, 1), (1 + level) / 2))


def _se(spread: Spread) -> Floats:
    return np.sqrt(np.maximum(np.diagonal(spread.covariance), 0.0))


def _intervals(fit: Fit, spread: Spread, level: float) -> tuple[Floats, Floats]:
    """Ends of the intervals of all common parameters."""
    common = len(spread.covariance)
    if spread.replicates is not None:
        ends = np.array([percentile(column, level) for column in spread.replicates.T]).reshape(-1, 2)
        return ends[:, 0], ends[:, 1]
    width = quantile(spread, level) * _se(spread)
    return fit.theta[:common] - width, fit.theta[:common] + width


def _without(frame: pl.DataFrame, columns: tuple[str, ...], reason: str | None) -> pl.DataFrame:
    return frame.with_columns(pl.lit(None, frame.schema[c]).alias(c) for c in columns) if reason else frame


def _tallies(table: Table, m: int) -> dict[str, Any]:
    """Votes, wins, ties and losses of each name, and its share of wins."""
    votes = table.votes
    wins = sum_by(table.first, votes.first, m) + sum_by(table.second, votes.second, m)
    losses = sum_by(table.first, votes.second, m) + sum_by(table.second, votes.first, m)
    ties = sum_by(table.first, votes.tie, m) + sum_by(table.second, votes.tie, m)
    total = wins + ties + losses
    met = sum_by(table.first * m + table.second, votes.total, m * m).reshape(m, m)
    won = sum_by(table.first * m + table.second, votes.first + votes.tie / 2, m * m).reshape(m, m)
    won = won + (met - won).T
    met = met + met.T
    share = np.divide(won, met, out=np.zeros_like(met), where=met > 0)
    opponents = (met > 0).sum(axis=1)
    return {
        "n_votes": total.round().astype(np.int64),
        "n_wins": wins.round().astype(np.int64),
        "n_ties": ties.round().astype(np.int64),
        "n_losses": losses.round().astype(np.int64),
        "win_rate": (wins + ties / 2) / total,
        "average_win_rate": share.sum(axis=1) / opponents,
        "n_opponents": opponents,
    }
