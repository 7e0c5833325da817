"""Consensus pairs: which response of a pair is chosen, how sure that is, and which pairs a training set takes."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints
from prefqa.consensus.graded import GradedBeliefs
from prefqa.consensus.orders import Orders
from prefqa.consensus.posterior import Beliefs
from prefqa.errors import UsageError

Select = Literal["all", "best-worst", "adjacent", "best-vs-rest"]
Ties = Literal["keep", "drop", "half"]

_FIRST, _LAST = 1, pl.col("_n_places")
_PLACES = pl.col("_place_chosen"), pl.col("_place_rejected")
_BETTER, _WORSE = pl.min_horizontal(_PLACES), pl.max_horizontal(_PLACES)
#: Which pairs a selection takes, by the places of the two. A pair that shares a place is a tie and is taken like its
#: neighbours, so that `ties` alone decides about ties.
_SELECTED: dict[str, pl.Expr] = {
    "all": pl.lit(True),
    "best-worst": (_BETTER == _FIRST) & (_WORSE == _LAST),
    "adjacent": _WORSE - _BETTER <= 1,
    "best-vs-rest": _BETTER == _FIRST,
}


def pair_codes(
    items: Ints, wins: Ints, ties: Ints, orders: Orders, believed: Beliefs, graded: GradedBeliefs | None = None
) -> pl.DataFrame:
    """Return every pair of n items that has votes, as codes: item, chosen and rejected slot, votes, places.

    The better placed response is `_chosen`. Where the method holds the two equal, the one whose id sorts first stands
    there, and `tie` says that this means nothing. With graded votes there are `strength`, that of a fresh vote on
    average (a vote for rejected counts below 0), and `_gap`; both are 0 for a tie.
    """
    k = wins.shape[1]
    first, second = np.triu_indices(k, 1)
    swapped = orders.precedes[:, second, first]
    tie = ~(orders.precedes[:, first, second] | swapped)
    for_first, for_second = wins[:, first, second], wins[:, second, first]
    chosen, rejected = np.where(swapped, second, first), np.where(swapped, first, second)
    columns = {
        "_item": np.broadcast_to(items[:, None], chosen.shape).astype(np.uint32),
        "_chosen": chosen.astype(np.uint16),
        "_rejected": rejected.astype(np.uint16),
        "n_chosen": np.where(swapped, for_second, for_first).astype(np.int32),
        "n_tie": ties[:, first, second].astype(np.int32),
        "n_rejected": np.where(swapped, for_first, for_second).astype(np.int32),
        "tie": tie,
        "probability": _of_chosen(believed.fresh, swapped, tie),
        "p_better": _of_chosen(believed.better, swapped, tie),
        "_place_chosen": np.take_along_axis(orders.place, chosen, axis=1).astype(np.int32),
        "_place_rejected": np.take_along_axis(orders.place, rejected, axis=1).astype(np.int32),
        "_n_places": np.broadcast_to(orders.place.max(axis=1)[:, None], chosen.shape).astype(np.int32),
    }
    if graded is not None:
        for name, odd in (("strength", graded.strength), ("_gap", graded.gap)):
            of_first = odd[:, first, second]
            columns[name] = np.where(tie, 0.0, np.where(swapped, -of_first, of_first))
    frame = pl.DataFrame({name: np.ascontiguousarray(values).reshape(-1) for name, values in columns.items()})
    return frame.filter(pl.sum_horizontal("n_chosen", "n_tie", "n_rejected") > 0)


def _of_chosen(probability: Floats, swapped: Bools, tie: Bools) -> Floats:
    """From [n, k, k] to the pairs [n, P], for the chosen side; one half where the two are held equal."""
    first, second = np.triu_indices(probability.shape[1], 1)
    of_first = probability[:, first, second]
    return np.where(tie, 0.5, np.where(swapped, 1 - of_first, of_first))


def with_figures(codes: pl.DataFrame) -> pl.DataFrame:
    """Add n_votes, margin, weight, entropy, agreement, unanimous to pairs from `pair_codes`.

    weight is 1 for a pair that the method decides and 0 for a tie, whose direction means nothing.
    """
    chosen, tied, rejected = pl.col("n_chosen"), pl.col("n_tie"), pl.col("n_rejected")
    m, p, q = pl.col("n_votes"), pl.col("p_better"), 1 - pl.col("p_better")
    equal = sum((x * (x - 1) for x in (chosen, tied, rejected)), start=pl.lit(0))
    uncertainty = sum((pl.when(x > 0).then(-x * x.log(2)).otherwise(0.0) for x in (p, q)), start=pl.lit(0.0))
    return codes.with_columns(
        n_votes=(chosen + tied + rejected).cast(pl.Int64),
        margin=logit("probability"),
        weight=(~pl.col("tie")).cast(pl.Float64),
    ).with_columns(
        entropy=uncertainty,
        agreement=pl.when(m > 1).then(equal / (m * (m - 1))),
        unanimous=pl.when(m > 1).then(pl.max_horizontal(chosen, tied, rejected) == m),
    )


def logit(column: str) -> pl.Expr:
    """Log odds, held within those of 1e-12 and 1 - 1e-12 so that they stay finite."""
    p = pl.col(column).clip(1e-12, 1 - 1e-12)
    return p.log() - (1 - p).log()


def select_pairs(
    codes: pl.DataFrame, *, select: str, min_probability: float | None, ties: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Apply a selection to pairs from `with_figures`; return its pairs, and reason, count of those that are not in it.

    Pairs of the selection that a training set leaves out are marked in `left_out`: ties under "drop", and pairs below
    the probability.
    """
    require(select, get_args(Select), "select")
    require(ties, get_args(Ties), "ties")
    if min_probability is not None and not 0 <= min_probability <= 1:
        raise UsageError(f"min_probability is a share from 0 to 1, not {min_probability}")
    outside: pl.Expr = pl.when(~_SELECTED[select]).then(pl.lit("not_selected"))
    if select != "all":
        against = ~pl.col("tie") & (_PLACES[0] >= _PLACES[1])
        outside = outside.when(against).then(pl.lit("against_places"))  # type: ignore[attr-defined]
    selected, others = divide(codes, outside)
    tied = pl.col("tie") if ties == "drop" else pl.lit(value=False)
    unsure = pl.lit(value=False) if min_probability is None else pl.col("probability") < min_probability
    reason = pl.when(tied).then(pl.lit("tie")).when(unsure).then(pl.lit("below_min_probability"))
    return selected.with_columns(left_out=reason), others


def divide(frame: pl.DataFrame, reason: pl.Expr) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows for which `reason` is null, and a count of the others by reason."""
    marked = frame.with_columns(_left_out=reason.cast(pl.String))
    counts = (
        marked.filter(pl.col("_left_out").is_not_null()).group_by(reason="_left_out").agg(count=pl.len().cast(pl.Int64))
    )
    return marked.filter(pl.col("_left_out").is_null()).drop("_left_out"), counts.sort("reason")


def require(value: str, allowed: tuple[str, ...], name: str) -> None:
    """Raise UsageError unless `value` is one of the allowed ones."""
    if value not in allowed:
        raise UsageError(f"{name}={value!r} is not one of {', '.join(map(repr, allowed))}")
