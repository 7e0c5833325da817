"""The leaderboard: names compared across items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from prefqa._types import Floats
from prefqa.consensus.connectivity import listed
from prefqa.consensus.leaderboard.comparisons import Comparisons, comparisons
from prefqa.consensus.leaderboard.estimable import check_connected, check_ties, connected_groups
from prefqa.consensus.leaderboard.fit import Fit, Model, Table, first_guess, fit, information
from prefqa.consensus.leaderboard.fit import level as level_of
from prefqa.consensus.leaderboard.frames import annotator_frame, covariate_frame, name_frame, quantile, tie_parameter
from prefqa.consensus.leaderboard.models import Ties
from prefqa.consensus.leaderboard.options import Annotators, Inference, Kind, Method, Options
from prefqa.consensus.leaderboard.result import LeaderboardResult
from prefqa.consensus.leaderboard.tables import Votes, votes_of
from prefqa.consensus.leaderboard.variance import Spread, bootstrap, inverse_information, sandwich
from prefqa.consensus.worths import PRIOR_SD
from prefqa.errors import UsageError
from prefqa.preferences import Preferences, as_preferences

#: Of the prior on scores where annotators are weighted and no other is asked for: with wrong votes possible, the
#: likelihood of a name that always wins has no maximum.
WEIGHTED_PRIOR_SD = PRIOR_SD
# A covariate's log odds for one sd beyond this are no estimate, but a likelihood that has none.
_LARGEST = 20.0
# Least eigenvalue of the information, of diagonal 1, from which on a covariate is known beside the names.
_SINGULAR = 1e-8


def leaderboard(
    prefs: Preferences,
    *,
    by: str = "response_id",
    ties: Ties = "half",
    covariates: Sequence[str] = (),
    annotators: Annotators = "equal",
    annotator_kind: Kind | None = None,
    prior_sd: float | None = None,
    inference: Inference = "items",
    method: Method = "sandwich",
    level: float = 0.95,
    n_replicates: int = 1000,
    seed: int = 0,
) -> LeaderboardResult:
    r"""Rank names (models) by all votes between them, across items, with intervals of scores and ranks.

    Scores are log worths of a Bradley-Terry model, by maximum likelihood, mean 0. A vote depends on their difference,

    .. math:: d = \theta_{first} - \theta_{second} + \sum_k \beta_k (x_{k,first} - x_{k,second})

    and is for the first with odds of e^d against the second (with ties="rao-kupper" only nearly so: a tie is when the
    difference stays below the threshold).

    A judgment votes on each pair of responses that it ranks both of. Votes on two responses of one name say nothing
    and are left out, as are votes without a name or a covariate; each is counted.

    Scores exist only where wins connect all names both ways (for "half" and the tie models a tie connects both ways):
    otherwise some distance would be infinite or unknown. Then no leaderboard is made; the error names the groups.

    Args:
        prefs: the judgments, from `prefqa.read`.
        by: the column with the names: "response_id", or "model" or any other of the judgments or responses.
        ties: "half" counts a tie as half a vote for either side; "davidson" (P(tie) falls with the difference as the
            geometric mean of the two others; the tie parameter nu is reported) and "rao-kupper" (a difference below a
            threshold is a tie; the threshold theta is reported) estimate how common ties are. See
            `prefqa.consensus.leaderboard.models`.
        covariates: what else may decide a vote ("style control"): "length" (characters of the response's text),
            "position" or any numeric column of judgments or responses. The difference of both sides, divided by its
            root mean square, enters the log odds; scores are then those at equal covariates.
        annotators: "equal", or "weighted" to estimate a reliability for each with the scores (Crowd-BT: P(first) =
            eta s(d) + (1 - eta) s(-d)), the joint maximum with a Beta(4, 2) prior on each, from .7 on. How far scores
            are apart and how reliable annotators are is known only together, and poorly: order and ranks gain, but
            differences came out 16 % too large in simulation, and 95 % intervals covered 89 %.
        annotator_kind: count only judgments of "human" or of "model". Where both are there and None is given, all
            count, with a warning.
        prior_sd: standard deviation of a normal prior on scores, on the log scale; None for none (1 with "weighted").
            It gives scores where names are not connected, with a warning.
        inference: what intervals speak about: "items" (further items; the cluster is the item), "items+annotators"
            (other annotators too), "model" (inverse information: independent votes, a model that holds).
        method: "sandwich" or "bootstrap" (over items, percentile intervals).
        level: confidence level of all intervals.
        n_replicates, seed: of the bootstrap.

    Returns:
        LeaderboardResult. The interval of a score is that of its difference from the mean of all scores.

    Raises:
        UsageError: an unknown option; no vote between two names; names that votes do not connect; ties or a covariate
            without a finite estimate.
        ColumnNotFoundError: a column that is not there.

    Source: Bradley and Terry (1952); Davidson (1970); Rao and Kupper (1967); Chen, Bennett, Collins-Thompson and
    Horvitz (2013) for weighted annotators.

    >>> import polars as pl
    >>> votes = {"item_id": [1, 1, 2, 2, 3, 3, 4, 4], "annotator_id": "x", "response_id": ["a", "b"] * 4}
    >>> long = pl.DataFrame(votes | {"rank": [1, 2, 1, 2, 1, 2, 2, 1]})
    >>> leaderboard(Preferences.from_long(long)).leaderboard["score"].round(3).to_list()
    [0.549, -0.549]
    """
    options = Options(
        by, ties, tuple(covariates) if not isinstance(covariates, str) else covariates, annotators, annotator_kind,
        prior_sd, inference, method, level, n_replicates, seed,
    )  # fmt: skip
    prefs, kinds = _of_kind(as_preferences(prefs), annotator_kind)
    found = comparisons(prefs, by, options.covariates)
    if not found.n_votes:
        raise UsageError(*_nothing(found, by))
    board = _estimate(found, options)
    spread = _spread(board, options)
    return _result(board, spread, options, kinds)


@dataclass(frozen=True)
class _Board:
    """The fitted model with what it was fitted to; `scale` [k] is the root mean square of each covariate."""

    found: Comparisons
    votes: Votes
    table: Table
    model: Model
    fit: Fit
    scale: Floats
    groups: list[list[str]]


def _estimate(found: Comparisons, options: Options) -> _Board:
    weighted = options.annotators == "weighted"
    scale = np.sqrt((found.x**2).mean(axis=0))
    for name, size in zip(options.covariates, scale, strict=True):
        if not size > 0:
            raise UsageError(f"covariate {name!r} is the same on both sides of every vote, so it says nothing")
    whole = weighted or bool(options.covariates) or options.inference == "items+annotators"
    votes = votes_of(found, found.x / scale, by_annotator=weighted, distinct_items=not whole)
    table = votes.summed()
    names = found.names.to_list()
    groups = connected_groups(table, names)
    if options.prior_sd is None:
        check_connected(table, names, options.by)
    has_ties = bool(table.votes.tie.sum() > 0)
    if options.ties != "half" and has_ties:
        check_ties(table, len(names), options.ties, prior=options.prior_sd is not None)
    model = Model(
        n_names=len(names),
        n_covariates=len(options.covariates),
        ties=options.ties if options.ties != "half" and has_ties else None,
        prior_sd=WEIGHTED_PRIOR_SD if weighted and options.prior_sd is None else options.prior_sd,
        n_annotators=len(found.annotator_ids) if weighted else 0,
    )
    _check_known(table, model, options.covariates)
    fitted = fit(table, model)
    _check_finite(fitted, model, options.covariates)
    return _Board(found, votes, table, model, fitted, scale, groups)


def _check_known(table: Table, model: Model, covariates: Sequence[str]) -> None:
    """Raise where votes do not tell covariates from names, or from each other."""
    if not covariates:
        return
    found = information(table, model, first_guess(table, model)).common + level_of(model)
    size = np.sqrt(np.diagonal(found))
    if np.linalg.eigvalsh(found / np.outer(size, size))[0] < _SINGULAR:
        raise UsageError(
            f"the weight of {_listed(covariates)} cannot be told from the scores: of each name it is the same in all "
            "votes, or one covariate follows from the others",
            hint="leave out the covariate.",
        )


def _check_finite(fitted: Fit, model: Model, covariates: Sequence[str]) -> None:
    """Raise where the likelihood of the covariates has no maximum."""
    weights = fitted.theta[model.n_names : model.n_names + len(covariates)]
    if covariates and (not fitted.converged or np.abs(weights).max() > _LARGEST):
        raise UsageError(
            f"the weight of {_listed(covariates)} has no finite estimate: with the names it decides every vote",
            hint="leave out the covariate.",
        )


def _listed(covariates: Sequence[str]) -> str:
    return ", ".join(map(repr, covariates))


def _spread(board: _Board, options: Options) -> Spread:
    if options.method == "bootstrap":
        names = board.found.names.to_list()
        return bootstrap(board.votes, board.fit, board.model, names, options.n_replicates, options.seed)
    if options.inference == "model":
        return inverse_information(board.fit, board.model)
    annotator = board.found.annotator if options.inference == "items+annotators" else None
    return sandwich(board.votes, board.fit, board.model, annotator)


def _of_kind(prefs: Preferences, kind: str | None) -> tuple[Preferences, dict[str, int]]:
    """Return the judgments of one kind of annotator, or all; and how many rows there are of each kind."""
    if "annotator_kind" not in prefs.columns:
        if kind is not None:
            prefs.require("annotator_kind")
        return prefs, {}
    if kind is not None:
        return prefs.with_judgments(prefs.judgments.filter(pl.col("annotator_kind") == kind)), {}
    counted = prefs.usable().group_by("annotator_kind").len().collect()
    return prefs, {name or "unknown": n for name, n in counted.sort("annotator_kind", nulls_last=True).iter_rows()}


def _nothing(found: Comparisons, by: str) -> tuple[str]:
    left = ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in found.left_out.items() if n)
    if len(found.without_votes) == 1:
        return (f"there is only one {by}, {found.without_votes[0]!r}: nothing to compare it with",)
    return (f"no vote compares two different values of {by}" + (f" (votes left out: {left})" if left else ""),)


def _warnings(board: _Board, spread: Spread, options: Options, kinds: dict[str, int]) -> tuple[str, ...]:
    said = []
    if len([kind for kind in kinds if kind != "unknown"]) > 1:
        parts = " and ".join(f"{n:,} rows by {kind}s" for kind, n in kinds.items() if kind != "unknown")
        said.append(f'judgments of people and models count together ({parts}); annotator_kind="human" keeps them apart')
    if len(board.groups) > 1:
        said.append(
            f"wins do not connect all names: between the {len(board.groups)} groups {listed(board.groups)} distances "
            "come from the prior alone, or are bounded by nothing else"
        )
    if board.found.without_votes:
        names = listed([board.found.without_votes])
        said.append(f"without a vote against another name, and so not on the list: {names}")
    if spread.n_undefined:
        said.append(f"{spread.n_undefined:,} of {options.n_replicates:,} samples had no finite estimate")
    if not board.fit.converged:
        said.append("the fit did not converge: differences may be larger than they are shown")
    return tuple(said)


def _reason(spread: Spread) -> str | None:
    """Why there are no intervals, or None where there are."""
    if spread.df < 1:
        return "only one item or annotator: how scores would differ with others is not known"
    if np.isnan(spread.covariance).any():
        return "too many samples of items do not connect all names"
    return None


def _method(board: _Board, spread: Spread, options: Options) -> str:
    model = board.model
    parts = ["maximum a posteriori, prior sd " + f"{model.prior_sd:g}" if model.prior_sd else "maximum likelihood"]
    over = {"items": "items", "items+annotators": "items and annotators"}
    if options.method == "bootstrap":
        parts.append(f"percentile bootstrap over items, {options.n_replicates:,} samples, seed {options.seed}")
    elif options.inference == "model":
        parts.append("inverse information, normal quantiles")
    else:
        parts.append(f"sandwich clustered by {over[options.inference]}, t quantiles at {spread.df:,.0f} df")
    parts.append("rank ranges from simultaneous intervals of differences (Sidak)")
    return "; ".join(parts)


def _result(board: _Board, spread: Spread, options: Options, kinds: dict[str, int]) -> LeaderboardResult:
    found, model = board.found, board.model
    reason = _reason(spread)
    warnings = _warnings(board, spread, options, kinds)
    method = _method(board, spread, options)
    overall: dict[str, Any] = {
        "by": options.by,
        "ties": options.ties,
        "tie_parameter": tie_parameter(board.fit, model, spread, options, reason),
        "covariates": list(options.covariates),
        "annotators": options.annotators,
        "annotator_kind": options.annotator_kind,
        "prior_sd": model.prior_sd,
        "inference": options.inference,
        "method": method,
        "level": options.level,
        "n_names": len(found.names),
        "n_items": len(found.item_ids),
        "n_annotators": len(found.annotator_ids),
        "n_votes": found.n_votes,
        "n_ties": int((found.outcome == 0).sum()),
        **{f"n_votes_{reason}": n for reason, n in found.left_out.items()},
        "names_without_votes": found.without_votes,
        "groups": board.groups if len(board.groups) > 1 else [],
        "log_likelihood": board.fit.log_likelihood,
        "n_iterations": board.fit.n_iterations,
        "converged": board.fit.converged,
        "reason": reason,
        "warnings": list(warnings),
    }
    return LeaderboardResult(
        leaderboard=name_frame(board.table, board.fit, model, found.names, spread, options, reason),
        covariates=covariate_frame(board.fit, model, board.scale, spread, options, reason),
        annotators=annotator_frame(board.fit, model, found, options),
        overall=overall,
        by=options.by,
        ties=options.ties,
        level=options.level,
        method=method,
        warnings=warnings,
        n_items=len(found.item_ids),
        n_votes=found.n_votes,
        _covariance=spread.covariance[: model.n_names, : model.n_names],
        _quantile=quantile(spread, options.level),
    )
