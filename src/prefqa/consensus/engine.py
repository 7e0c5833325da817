"""From preferences to a consensus: all items with the same number of responses at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.coding import Coded
from prefqa.consensus.annotators import (
    JudgmentSums,
    annotator_frame,
    judgment_sums,
    with_reliability,
)
from prefqa.consensus.borda import borda
from prefqa.consensus.bradley_terry import bradley_terry
from prefqa.consensus.calibration import sharpen
from prefqa.consensus.choose import Candidate, Choice, choose, prior_of
from prefqa.consensus.dispersion import Kind
from prefqa.consensus.fitted import Fitted
from prefqa.consensus.graded import PRIOR_VOTES, fit_graded, graded_beliefs
from prefqa.consensus.kemeny import kemeny
from prefqa.consensus.majority import Prior, fit_tallies, majority, majority_probability, vote_probability
from prefqa.consensus.orders import Orders, orders_by_belief
from prefqa.consensus.pairs import pair_codes, with_figures
from prefqa.consensus.plackett_luce_items import plackett_luce
from prefqa.consensus.posterior import Beliefs, from_pairs
from prefqa.consensus.reliability import PRIOR, beliefs, fit_reliabilities
from prefqa.consensus.result import ConsensusResult
from prefqa.consensus.tables import counts, item_columns, item_table, response_columns
from prefqa.consensus.two_coin import coded_with_positions, two_coin
from prefqa.consensus.weighted_bradley_terry import weighted_bradley_terry
from prefqa.criteria.names import criteria_of, of_criterion, required
from prefqa.errors import UsageError, nearest
from prefqa.preferences import Preferences, as_preferences
from prefqa.strengths import Strengths, strengths
from prefqa.votes import Bucket, buckets, pair_counts

Method = Literal[
    "auto", "majority", "borda", "kemeny", "dawid-skene", "two-coin", "mallows", "graded", "bradley-terry",
    "weighted-bradley-terry", "plackett-luce",
]  # fmt: skip

_ORDERS: dict[str, Callable[[Bucket, Ints], Orders]] = {
    "majority": lambda _, wins: majority(wins),
    "borda": lambda bucket, _: borda(bucket.ranks, bucket.starts),
    "kemeny": lambda _, wins: kemeny(wins),
}
_MODELS: tuple[Kind, ...] = ("dawid-skene", "mallows")
#: What a method that fits annotators and items at once found, by bucket.
_Solved = list[tuple[Orders, Beliefs]]
#: Without a usable judgment the result has all its columns and no row.
_NONE = np.zeros(0, np.uint32)
_NOTHING = Bucket(k=2, cell=_NONE, item=_NONE, starts=_NONE, ranks=np.zeros((0, 2), np.int32), annotator=_NONE)


@dataclass(frozen=True)
class _Part:
    """What one bucket contributes: frames keyed by item code, and sums per judgment."""

    items: pl.DataFrame
    responses: pl.DataFrame
    pairs: pl.DataFrame
    annotators: Ints
    sums: JudgmentSums


def consensus(
    preferences: Preferences,
    *,
    method: Method = "auto",
    prior: float | None = None,
    seed: int = 0,
    criterion: str | None = None,
) -> ConsensusResult:
    """Combine the judgments of each item into one order and into pairs with probabilities.

    One vote of each annotator counts on each pair of responses. None of the methods breaks ties.

    - "majority" takes each pair by its own majority and ranks responses by Copeland score; "borda" ranks by mean Borda
      share; "kemeny" finds the orders that contradict the fewest votes. Their probabilities come from the votes on the
      pair alone (`prefqa.consensus.majority`); all annotators count alike.
    - "dawid-skene" (single votes) and "mallows" (whole rankings) weigh each annotator by the reliability that its
      agreement with the others shows (`prefqa.consensus.reliability`).
    - "two-coin" is "dawid-skene" with a lean of each annotator to what is shown first; it needs the column position
      (`prefqa.consensus.two_coin`).
    - "graded" takes the strength of votes into account (column `strength`): a cumulative-link model with cut points and
      a discrimination per annotator (`prefqa.consensus.graded`).
    - "bradley-terry" gives each response of an item a worth, with a normal prior (`prefqa.consensus.bradley_terry`);
      "plackett-luce" likewise from whole rankings (`prefqa.consensus.plackett_luce_items`);
      "weighted-bradley-terry" with a discrimination per annotator (`prefqa.consensus.weighted_bradley_terry`).
    - "auto" takes majority, dawid-skene, mallows or, where votes have strength, graded: whichever predicts held-out
      judgments best (`prefqa.consensus.choose`), and recalibrates its probabilities on the same votes.

    Args:
        preferences: the judgments, from `prefqa.read`.
        method: see above.
        prior: `a` of the Beta(a, a) prior on the votes of a pair; fitted to the data where None. A larger prior draws
            all probabilities of the vote-counting methods nearer to one half.
        seed: of the draw of held-out judgments, for "auto".
        criterion: take the judgments by this criterion alone. Without it all items are combined, those of every
            criterion, and their pairs are marked with it; a file for trainers takes the pairs of one.

    Returns:
        ConsensusResult, all frames sorted by their keys.

    Raises:
        UsageError: for an unknown method, a prior that is not positive, "two-coin" without positions, "graded" without
            strengths, or a criterion by which nothing was compared.

    Example:
        >>> import polars as pl
        >>> from prefqa.preferences import Preferences
        >>> votes = {"item_id": ["p"] * 4, "annotator_id": ["x", "x", "y", "y"], "response_id": ["a", "b"] * 2}
        >>> long = pl.DataFrame(votes | {"rank": [2, 1, 2, 1]})
        >>> consensus(Preferences.from_long(long), method="majority", prior=1.0).pairs().row(0)[:4]
        ('p', 'b', 'a', 0.75)
    """
    preferences = as_preferences(preferences)
    if method not in get_args(Method):
        near = nearest(str(method), get_args(Method))
        hint = f"did you mean {near!r}?" if near else None
        raise UsageError(f"method={method!r} is not one of {', '.join(map(repr, get_args(Method)))}", hint=hint)
    if prior is not None and not (np.isfinite(prior) and prior > 0):
        raise UsageError(f"prior is a positive number, not {prior}")
    if criterion is not None:
        preferences = of_criterion(preferences, required(criteria_of(preferences), criterion, "criterion", "consensus"))
    graded = _graded(preferences, method)
    coded, shown = coded_with_positions(preferences) if method == "two-coin" else (preferences.coded(), [])
    all_buckets = (graded.buckets() if graded else list(buckets(coded))) or [_NOTHING]
    tallied = [pair_counts(bucket) for bucket in all_buckets]
    n_annotators = coded.annotator_ids.len()
    choice = choose(all_buckets, n_annotators, seed, graded.values if graded else None) if method == "auto" else None
    candidate = choice.candidate if choice else Candidate(method, None)
    fitted, solved = _fit(all_buckets, tallied, coded, candidate, prior, choice, shown)
    if candidate.method == "graded" and graded:
        found = fit_graded(all_buckets, n_annotators, graded.values, candidate.prior_votes or PRIOR_VOTES)
        fitted = replace(fitted, annotators=found, graded=found, strengths=graded)
    parts = [_part(at, bucket, *tallied[at], fitted, solved) for at, bucket in enumerate(all_buckets)]
    return _assemble(parts, coded, preferences, fitted, choice)


def _graded(preferences: Preferences, method: str) -> Strengths | None:
    """Strengths of votes, for the methods that use them."""
    found = strengths(preferences) if method in ("auto", "graded") else None
    if found is None and method == "graded":
        raise UsageError(
            "graded needs votes of two strengths or more; there are none",
            hint='give the column strength (a number above 0, higher for a clearer preference), or take method="auto".',
        )
    return found.in_grades() if found else None


def _fit(
    all_buckets: list[Bucket],
    tallied: list[tuple[Ints, Ints]],
    coded: Coded,
    candidate: Candidate,
    prior: float | None,
    choice: Choice | None,
    shown: list[Ints],
) -> tuple[Fitted, _Solved | None]:
    found = Prior(float(prior), "given") if prior is not None else fit_tallies(tallied)
    fitted = Fitted(candidate.method, found, choice.slope if choice else 1.0)
    if not len(all_buckets[0].item):
        return fitted, None
    if candidate.method == "two-coin":
        solved, coins = two_coin(all_buckets, shown, coded.annotator_ids.len())
        return replace(fitted, annotators=coins), solved
    if candidate.method == "weighted-bradley-terry":
        solved, discriminations = weighted_bradley_terry(all_buckets, coded.annotator_ids.len())
        return replace(fitted, annotators=discriminations), solved
    if candidate.method in _MODELS:
        kind: Kind = "mallows" if candidate.method == "mallows" else "dawid-skene"
        beta = prior_of(all_buckets, kind, candidate.prior_votes) if candidate.prior_votes else PRIOR
        reliabilities = fit_reliabilities(all_buckets, coded.annotator_ids.len(), kind, beta)
        return replace(fitted, annotators=reliabilities, reliabilities=reliabilities), None
    return fitted, None


def _part(at: int, bucket: Bucket, wins: Ints, ties: Ints, fitted: Fitted, solved: _Solved | None) -> _Part:
    graded = None
    if fitted.graded is not None:
        graded = graded_beliefs(bucket, fitted.graded)
        believed = replace(graded.beliefs, better=sharpen(graded.beliefs.better, fitted.slope))
        orders = orders_by_belief(believed.better)
    else:
        orders, believed = solved[at] if solved else _solve(bucket, wins, ties, fitted)
    if fitted.slope != 1:
        believed = replace(believed, fresh=sharpen(believed.fresh, fitted.slope))
    sums = judgment_sums(bucket.ranks, bucket.starts, wins, ties)
    return _Part(
        item_columns(bucket, wins, ties, orders, believed),
        response_columns(bucket, wins, ties, orders, believed),
        pair_codes(bucket.item, wins, ties, orders, believed, graded),
        bucket.annotator,
        sums,
    )


def _solve(bucket: Bucket, wins: Ints, ties: Ints, fitted: Fitted) -> tuple[Orders, Beliefs]:
    if fitted.reliabilities is not None:
        believed = beliefs(bucket, fitted.reliabilities, temper=fitted.slope)
        return orders_by_belief(believed.better), believed
    if fitted.method == "bradley-terry":
        orders, better, fresh = bradley_terry(wins, ties)
        return orders, from_pairs(better, fresh)
    if fitted.method == "plackett-luce" and len(bucket.item):
        orders, better, fresh = plackett_luce(bucket)
        return orders, from_pairs(better, fresh)
    against, a = wins.transpose(0, 2, 1), fitted.prior.a
    fresh = vote_probability(wins, ties, wins + ties + against, a)
    method = fitted.method if fitted.method in _ORDERS and len(bucket.item) else "majority"
    better = sharpen(majority_probability(wins, ties, against, a), fitted.slope)
    return _ORDERS[method](bucket, wins), from_pairs(better, fresh)


def _assemble(
    parts: list[_Part], coded: Coded, preferences: Preferences, fitted: Fitted, choice: Choice | None
) -> ConsensusResult:
    items = pl.concat([part.items for part in parts]).sort("_item")
    responses = pl.concat([part.responses for part in parts]).sort("_item", "_response")
    pairs = pl.concat([part.pairs for part in parts])
    low, high = pl.min_horizontal("_chosen", "_rejected"), pl.max_horizontal("_chosen", "_rejected")
    pairs = pairs.sort("_item", low, high)
    row = np.searchsorted(items["_item"].to_numpy(), pairs["_item"].to_numpy()).astype(np.uint32)
    pairs = with_figures(pairs.with_columns(pl.Series("_item", row)))
    named = responses.select(
        coded.item_ids.gather(responses["_item"]).alias("item_id"),
        coded.response_ids.gather(coded.slot_response).alias("response_id"),
        "place",
        "score",
        "p_best",
        "n_votes",
    )
    annotators = annotator_frame(
        coded.annotator_ids,
        np.concatenate([part.annotators for part in parts]),
        JudgmentSums(*(np.concatenate([getattr(p.sums, f) for p in parts]) for f in JudgmentSums.__annotations__)),
    )
    annotators = with_reliability(annotators, fitted.annotators)
    table = item_table(items, named["response_id"], coded)
    overall = counts(table, items, pairs, fitted.method, fitted.prior) | {
        "n_annotators": annotators.height,
        "n_judgments": int(annotators["n_judgments"].sum()),
        "epsilon": None if pairs.is_empty() else 1 - float(pairs["p_better"].mean()),  # type: ignore[arg-type]
        "annotators_below_chance": annotators.filter("below_chance")["annotator_id"].to_list(),
        "iterations": fitted.annotators.n_iterations if fitted.annotators else None,
        "converged": fitted.annotators.converged if fitted.annotators else None,
        "calibration_slope": fitted.slope,
        "why": choice.why if choice else "as asked for",
        "candidates": choice.table.to_dicts() if choice else [],
        "calibration": choice.calibration.to_dicts() if choice else [],
    }
    if fitted.graded is not None:
        ids = coded.annotator_ids.filter(pl.Series(fitted.graded.ignored & (fitted.graded.votes_of > 0)))
        overall |= {"strength_used": fitted.graded.used, "annotators_without_use_of_strength": ids.to_list()}
    n_votes = int(table["n_votes"].sum())
    return ConsensusResult(
        table, named, annotators, fitted.method, table.height, n_votes, overall, pairs, preferences, fitted
    )
