"""How often each annotator votes like the majority of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints
from prefqa.votes import pair_votes

# Six is a multiple of every 1/k credit (k = 1, 2, 3), so credits are whole numbers and their sums exact.
_UNIT = 6
#: How sure it must be that an annotator is below chance.
BELOW_CHANCE = 0.975
#: Columns that some models of annotators fill, and the others leave null.
MODEL_COLUMNS = (
    "reliability", "reliability_se", "position_bias", "position_bias_se", "discrimination", "discrimination_se",
)  # fmt: skip


class AnnotatorModel(Protocol):
    """What a fitted model of annotators tells."""

    @property
    def below_chance(self) -> Floats:
        """Posterior probability that the annotator votes against the others' order."""

    @property
    def n_iterations(self) -> int:
        """Iterations of the fit."""

    @property
    def converged(self) -> bool:
        """Whether the fit ended by itself."""

    def columns(self) -> dict[str, Floats]:
        """Return some of MODEL_COLUMNS, one value per annotator, NaN where there is none."""


@dataclass(frozen=True)
class JudgmentSums:
    """Per judgment: its votes, how many of them others voted on too, and its credit on these in sixths of a vote."""

    n_votes: Ints
    n_compared: Ints
    credit: Ints


def judgment_sums(ranks: Ints, starts: Ints, wins: Ints, ties: Ints) -> JudgmentSums:
    """Compare each vote of each judgment with the majority of the other votes on its pair.

    The others' votes on a pair (first, tie, second) have a most frequent answer, or several equally frequent
    ones. A vote equal to one of j most frequent answers earns 1/j, any other vote nothing. Votes that nobody
    shares are not compared.

    Args:
        ranks: [n judgments, k], 0 = not ranked.
        starts: [n items], index of each item's first judgment.
        wins, ties: [n items, k, k].
    """
    n_judgments = len(ranks)
    item = np.repeat(np.arange(starts.size), np.diff(np.append(starts, n_judgments)))
    n_votes, n_compared, credit = (np.zeros(n_judgments, np.int64) for _ in range(3))
    for first, second, *own in pair_votes(ranks):
        of_items = wins[:, first, second], ties[:, first, second], wins[:, second, first]
        counts = np.stack([each.T[:, item] for each in of_items])
        answer = np.stack(own)
        others = counts - answer
        most = others.max(axis=0)
        is_most = others == most
        share = np.where((is_most & answer).any(axis=0), _UNIT // is_most.sum(axis=0), 0)
        voted = answer.any(axis=0)
        compared = voted & (most > 0)
        n_votes += voted.sum(axis=0)
        n_compared += compared.sum(axis=0)
        credit += np.where(compared, share, 0).sum(axis=0)
    return JudgmentSums(n_votes, n_compared, credit)


def annotator_frame(annotator_ids: pl.Series, annotators: Ints, sums: JudgmentSums) -> pl.DataFrame:
    """Sum judgments by annotator: agreement with the others, with its standard error.

    agreement = credit / votes compared, s / c over an annotator's items. Its standard error is that of a ratio over
    items as clusters, sqrt(J / (J - 1) * sum (s_i - agreement * c_i)^2) / sum c_i with J items; null with fewer
    than two.

    Returns:
        One row per annotator, sorted by id: annotator_id, n_judgments, n_items, n_votes, n_compared,
        agreement_with_others (null where no vote was shared), se.
    """
    n = annotator_ids.len()
    s, c = sums.credit.astype(np.float64), sums.n_compared.astype(np.float64)

    def total(weights: Ints | Floats | Bools) -> Floats:
        return np.asarray(np.bincount(annotators, weights=weights.astype(np.float64), minlength=n), np.float64)

    judgments = np.bincount(annotators, minlength=n)
    compared, items = total(c), total(c > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        agreement = total(s) / compared
        squares = total(s * s) - 2 * agreement * total(s * c) + agreement**2 * total(c * c)
        se = np.sqrt(np.maximum(squares, 0) * items / (items - 1)) / compared
    numbers = {"n_judgments": judgments, "n_items": judgments, "n_votes": total(sums.n_votes), "n_compared": compared}
    return pl.DataFrame(
        [annotator_ids.alias("annotator_id")]
        + [pl.Series(name, values.astype(np.int64)) for name, values in numbers.items()]
        + [
            pl.Series("agreement_with_others", np.where(compared > 0, agreement / _UNIT, np.nan), nan_to_null=True),
            pl.Series("se", np.where(items > 1, se / _UNIT, np.nan), nan_to_null=True),
        ]
    )


def with_reliability(annotators: pl.DataFrame, found: AnnotatorModel | None) -> pl.DataFrame:
    """Add MODEL_COLUMNS, and below_chance; all null for methods that count every annotator alike.

    below_chance is true where the posterior probability that the annotator votes against the others' order more often
    than with it is above .975.
    """
    told = {} if found is None else found.columns()
    unknown = pl.Series([None] * annotators.height, dtype=pl.Float64)
    figures = [pl.Series(name, told.get(name, unknown), pl.Float64, nan_to_null=True) for name in MODEL_COLUMNS]
    below = None if found is None else found.below_chance > BELOW_CHANCE
    return annotators.with_columns(
        *figures, pl.lit(None, pl.Boolean).alias("below_chance") if below is None else pl.Series("below_chance", below)
    )
