"""By how much the chosen response of a pair is better: three measures for trainers that take a margin."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import polars as pl

from prefqa._types import Floats
from prefqa.consensus.bradley_terry import worths
from prefqa.consensus.pairs import logit, require

Margin = Literal["logit", "theta", "graded"]
#: From which probability on a pair has the grade 1 (slightly better), 2 (better), 3 (significantly better).
GRADES = (0.55, 0.70, 0.85)


def with_margin(codes: pl.DataFrame, k: pl.Series, margin: str) -> pl.DataFrame:
    """Replace `margin` of pairs from `with_figures`; a tie has 0 by each measure.

    - "logit": log odds of `probability`, that of a fresh annotator. Negative where the order of the item goes against
      the votes on the pair.
    - "theta": difference of the Bradley-Terry log worths of the two (`bradley_terry.worths`: ties half, prior N(0, 1)),
      fitted to the tallies of the item whatever the method of the consensus was, since only "bradley-terry" has worths
      of its own (which are these). Takes the item's other pairs into account, so margins add up along an order:
      a over c = a over b + b over c. Negative where the method and the worths disagree about the pair.
    - "graded": 0, 1, 2 or 3 from `probability`, cut at GRADES. The grades are the larger of the two margins of Llama 2
      (negligibly better or unsure 0, slightly 1, better 2, significantly 3). There annotators say the grade; the cuts
      on the probability are ours.

    Where the method is "graded", which has the strengths of the votes themselves, "theta" is the mean of the gap of the
    pair (`prefqa.consensus.graded`), and "graded" the mean strength of a fresh vote, a vote for rejected below 0.

    A trainer subtracts the margin from the difference of rewards before the logistic loss, so margins much larger than
    the rewards (logits of near certain pairs) push rewards apart without end; the grades are bounded.

    Args:
        codes: pairs.
        k: number of responses of each item, by the item's row.
        margin: see above.

    Source: Touvron et al. (2023), Llama 2, section 3.2.2 and table 27.
    """
    require(margin, get_args(Margin), "margin")
    if margin == "logit":
        return codes.with_columns(margin=logit("probability"))
    if "strength" in codes.columns:
        return codes.with_columns(margin="_gap" if margin == "theta" else "strength")
    if margin == "theta":
        difference = pl.Series("margin", _worth_differences(codes, k))
        return codes.with_columns(difference).with_columns(margin=pl.when("tie").then(0.0).otherwise("margin"))
    grade = sum((pl.col("probability") >= cut for cut in GRADES), start=pl.lit(0))
    return codes.with_columns(margin=pl.when("tie").then(0.0).otherwise(grade.cast(pl.Float64)))


def _worth_differences(codes: pl.DataFrame, k: pl.Series) -> Floats:
    item, chosen, rejected, for_chosen, tied, for_rejected = (
        codes[name].to_numpy() for name in ("_item", "_chosen", "_rejected", "n_chosen", "n_tie", "n_rejected")
    )
    k_here = k.to_numpy()[item]
    out = np.zeros(item.size)
    for size in np.unique(k_here):
        rows = k_here == size
        found, at = np.unique(item[rows], return_inverse=True)
        one, other = chosen[rows], rejected[rows]
        wins, ties = np.zeros((2, found.size, size, size), np.int32)
        wins[at, one, other], wins[at, other, one] = for_chosen[rows], for_rejected[rows]
        ties[at, one, other] = ties[at, other, one] = tied[rows]
        theta, _ = worths(wins, ties)
        out[rows] = np.round(theta[at, one] - theta[at, other], 9)
    return out
