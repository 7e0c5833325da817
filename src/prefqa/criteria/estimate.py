"""From preferences to the weights of their criteria and the votes that contradict them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats
from prefqa.criteria.held_out import HeldOut, held_out
from prefqa.criteria.logistic import Patterns
from prefqa.criteria.result import CONTRADICTIONS_SCHEMA, HELD_OUT_SCHEMA, WEIGHTS_SCHEMA, CriteriaResult
from prefqa.criteria.votes import CLUSTER, CriteriaVotes, Values, criteria_votes, differences
from prefqa.criteria.weights import Groups, Weights, weights
from prefqa.errors import UsageError
from prefqa.preferences import Preferences, as_preferences
from prefqa.replicates import FEWEST

#: Fewer annotators than this tell little about others like them.
_FEW = 15


def criteria(
    prefs: Preferences,
    *,
    overall: str | None = None,
    names: Sequence[str] | None = None,
    item: str | None = None,
    values: Values = "votes",
    max_probability: float = 0.05,
    level: float = 0.95,
) -> CriteriaResult:
    r"""Estimate what each criterion weighs for the overall vote, and list overall votes that go against their criteria.

    For the overall vote of one annotator on two responses, and the votes x_c of the same annotator on the same two by
    the criteria c (1: prefers the first, 0: a tie, -1: prefers the second; or differences of scores),

    .. math:: \log \frac{P(\text{first})}{P(\text{second})} = \sum_c w_c x_c

    a logistic regression without intercept, so that the sides of a pair can be swapped. Overall votes that are ties are
    not fitted (under Davidson's model of ties the others have these same odds); votes without one by every criterion
    are counted and left out. Weights and intervals are without a penalty. The probabilities that the contradictions are
    found by have a ridge penalty, chosen by cross-validation over prompts, and come from the other prompts alone.

    Args:
        prefs: judgments with a column `criterion`, from `prefqa.read`.
        overall: the criterion that is the overall vote; by default the only one whose name has the word "overall".
        names: the other criteria to take; by default all. Fewer criteria may leave fewer votes incomplete.
        item: column of judgments or items with the same value for the items of one prompt and pair of responses; by
            default item_id without its criterion.
        values: "votes", or "scores": differences of `score` in its own points.
        max_probability: overall votes less probable than this are listed as contradictions.
        level: of the intervals.

    Returns:
        CriteriaResult; where the votes cannot be put side by side, `reason` says why and what to do.

    Raises:
        UsageError: a criterion that nothing was voted on by, an unknown kind of values, or a share out of range.
        ColumnNotFoundError: there is no column `item`.

    Example:
        >>> import prefqa
        >>> rows = [
        ...     {"item_id": f"p{i}/{name}", "annotator_id": "ann", "response_id": side, "criterion": name, "rank": rank}
        ...     for i in range(40)
        ...     for name, first in (("overall", i % 4 < 3), ("helpful", True), ("safe", i % 3 < 2))
        ...     for side, rank in (("a", 1 if first else 2), ("b", 2 if first else 1))
        ... ]
        >>> result = prefqa.criteria(prefqa.Preferences.from_long(pl.DataFrame(rows)))
        >>> result.overall, result.names, result.n_votes
        ('overall', ('helpful', 'safe'), 40)
        >>> [round(weight, 2) for weight in result.weights["weight"]]
        [1.13, -0.08]
    """
    prefs = as_preferences(prefs)
    if values not in get_args(Values):
        raise UsageError(f"values={values!r} is not one of {', '.join(map(repr, get_args(Values)))}")
    if not 0 <= max_probability <= 1 or not 0 < level < 1:
        raise UsageError(f"max_probability={max_probability} and level={level} are shares from 0 to 1")
    votes = criteria_votes(prefs, overall=overall, names=names, item=item, values=values)
    if isinstance(votes, str):
        return CriteriaResult.none(votes, level=level, values=values, max_probability=max_probability)
    return _fitted(prefs, votes, values, max_probability, level)


def _fitted(
    prefs: Preferences, votes: CriteriaVotes, values: Values, max_probability: float, level: float
) -> CriteriaResult:
    frame, steps = votes.frame, differences(len(votes.names))
    rows = np.ascontiguousarray(frame.select(steps).to_numpy().astype(np.float64)).reshape(frame.height, len(steps))
    groups = _groups(frame, known=prefs.source.annotators_known)
    table, found, estimated = None, None, Weights([], 0, with_annotators=False)
    if frame.height:
        patterns = Patterns.of(rows)
        estimated = weights(votes.names, patterns, groups, level)
        scale = np.ones(len(steps)) if values == "votes" else _spread(rows)
        if int(groups.cluster.max()) > 0:
            found = held_out(patterns, groups.cluster, scale)
        table = _weights(estimated.rows, votes, rows, found)
    against: Bools = np.asarray((rows <= 0).all(axis=1) & (rows < 0).any(axis=1))
    improbable = np.zeros(len(rows), bool) if found is None else found.probability < max_probability
    return CriteriaResult(
        overall=votes.overall,
        names=votes.names,
        weights=pl.DataFrame(schema=WEIGHTS_SCHEMA) if table is None else table,
        contradictions=_contradictions(prefs, votes, against, improbable, found),
        held_out=pl.DataFrame(schema=HELD_OUT_SCHEMA) if found is None else found.table,
        n_votes=frame.height,
        n_ties=votes.n_ties,
        n_incomplete=votes.n_incomplete,
        n_items=frame["item_id"].n_unique(),
        n_annotators=frame["annotator_id"].n_unique(),
        n_against_all=int(against.sum()),
        n_improbable=int(improbable.sum()),
        penalty=None if found is None else found.penalty,
        method=_method(values, with_annotators=estimated.with_annotators),
        level=level,
        values=values,
        max_probability=max_probability,
        link=votes.link,
        reason=None if frame.height else _no_votes(votes),
        warnings=_warnings(votes, groups, estimated),
    )


def _groups(frame: pl.DataFrame, *, known: bool) -> Groups:
    ranks = frame.select(pl.col(CLUSTER, "annotator_id").rank("dense").cast(pl.Int64) - 1)
    annotator = ranks["annotator_id"].to_numpy()
    several = frame["annotator_id"].n_unique() >= FEWEST
    return Groups(ranks[CLUSTER].to_numpy(), annotator if known and several else None)


def _spread(rows: Floats) -> Floats:
    """Root mean square of each column; 1 where it is 0."""
    spread = np.sqrt(np.sort(rows**2, axis=0).mean(axis=0))
    return np.where(spread > 0, spread, 1.0)


def _weights(listed: list[dict[str, Any]], votes: CriteriaVotes, rows: Floats, found: HeldOut | None) -> pl.DataFrame:
    decided = (rows != 0).sum(axis=0)
    agrees = (rows > 0).sum(axis=0)
    for i, row in enumerate(listed):
        row["odds"] = None if row["weight"] is None else float(np.exp(np.float64(row["weight"])))
        row["shrunk"] = None if found is None else float(found.shrunk[i])
        row["agreement"] = float(agrees[i] / decided[i]) if decided[i] else None
        row["n_decided"], row["n_votes"] = int(decided[i]), votes.n_of[votes.names[i]]
    return pl.DataFrame(listed, schema=WEIGHTS_SCHEMA)


def _contradictions(
    prefs: Preferences, votes: CriteriaVotes, against: Bools, improbable: Bools, found: HeldOut | None
) -> pl.DataFrame:
    probability = pl.lit(None, pl.Float64) if found is None else pl.Series("probability", found.probability)
    step = {name: pl.col(column) for name, column in zip(votes.names, differences(len(votes.names)), strict=True)}
    said = [
        pl.struct(
            pl.lit(name).alias("criterion"),
            pl.when(value > 0)
            .then(pl.lit("chosen"))
            .when(value < 0)
            .then(pl.lit("rejected"))
            .otherwise(pl.lit("neither"))
            .alias("prefers"),
            value.alias("difference"),
        )
        for name, value in step.items()
    ]
    marked = votes.frame.with_columns(probability=probability, against_all=pl.Series(against))
    listed = marked.filter(pl.Series(against | improbable)).with_columns(criteria=pl.concat_list(said))
    if prefs.items is not None and prefs.items.schema.get("prompt") == pl.String():
        listed = listed.join(prefs.items.select("item_id", "prompt"), on="item_id", how="left")
    else:
        listed = listed.with_columns(prompt=pl.lit(None, pl.String))
    keys = ["probability", "item_id", "annotator_id", "chosen_id", "rejected_id"]
    return listed.sort(keys, nulls_last=True).select(pl.col(name).cast(t) for name, t in CONTRADICTIONS_SCHEMA.items())


def _method(values: Values, *, with_annotators: bool) -> str:
    over = "prompts and annotators" if with_annotators else "prompts"
    what = "votes" if values == "votes" else "differences of scores"
    return f"logistic regression without intercept on {what}; jackknife over {over}, t quantiles"


def _no_votes(votes: CriteriaVotes) -> str:
    if not any(votes.n_of.values()):
        return f"no annotator decided a pair on {votes.overall} and voted on it by another criterion"
    most = sorted(votes.n_of.items(), key=lambda pair: (-pair[1], pair[0]))
    listed = ", ".join(f"{name} ({n:,})" for name, n in most[:8])
    return (
        f"no annotator voted on a pair by {votes.overall} and by all other criteria; votes beside it: {listed}. Name "
        "those to take under [criteria] names"
    )


def _warnings(votes: CriteriaVotes, groups: Groups, estimated: Weights) -> tuple[str, ...]:
    found = []
    if votes.n_incomplete > votes.frame.height > 0:
        found.append(
            f"{votes.n_incomplete:,} decided overall votes lack one by some criterion and are left out, more than are "
            "fitted: name fewer criteria under [criteria] names"
        )
    n = 0 if groups.annotator is None or not len(groups.annotator) else int(groups.annotator.max()) + 1
    has_weights = any(row["weight"] is not None for row in estimated.rows)
    if has_weights and estimated.n_votes < votes.frame.height:
        found.append(
            f"some criteria separate the overall votes: weights of the others are from the {estimated.n_votes:,} votes "
            "that these leave open"
        )
    if n and has_weights and not estimated.with_annotators:
        found.append("a weight is undefined without one of the annotators, so intervals speak about prompts only")
    elif n and n < _FEW:
        found.append(f"{n} annotators: fewer than {_FEW} tell little about others like them")
    return tuple(found)
