"""Where disagreement lies and with whom: annotators, pairs of annotators, items, and of which kind it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtrit

from prefqa._types import Bools, Floats, Ints, distinct, sum_by
from prefqa._words import formatted
from prefqa.agreement.annotator_pairs import clustered_error, cohen
from prefqa.agreement.ceiling import Ceiling, ceiling
from prefqa.agreement.estimate import Options, sources
from prefqa.agreement.rating_source import RatingSource
from prefqa.agreement.ratio import ratio
from prefqa.agreement.registry import TARGETS
from prefqa.coding import Coded
from prefqa.errors import UsageError
from prefqa.preferences import Preferences, as_preferences
from prefqa.ratings import Ratings, ratings_of_gaps
from prefqa.results import Result, records

ANNOTATORS: dict[str, Any] = {
    "annotator_id": pl.String,
    "majority_agreement": pl.Float64,
    "se": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "kappa": pl.Float64,
    "n_items": pl.Int64,
    "n_votes": pl.Int64,
}
PAIRS: dict[str, Any] = {
    "annotator_a": pl.String,
    "annotator_b": pl.String,
    "agreement": pl.Float64,
    "kappa": pl.Float64,
    "se": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n_votes": pl.Int64,
}


@dataclass(frozen=True)
class DisagreementResult(Result):
    """Who disagrees with whom, where, and about what.

    `annotators`: agreement with the majority of the others, the mean of Cohen's kappas with them, and n. `pairs`: each
    two annotators who judged something in common. `items`: the most divided items first, with what was said.
    `split` (votes only): shares of the comparisons of two votes that agree, set a tie against a decision, reverse two
    neighbours in both rankings, or reverse more than that. `ceiling`: what a reward model could reach.
    """

    target: str
    annotators: pl.DataFrame
    pairs: pl.DataFrame
    items: pl.DataFrame
    split: dict[str, float]
    ceiling: Ceiling | None
    level: float = 0.95

    def to_dict(self) -> dict[str, Any]:
        """Return the four parts as lists and a mapping."""
        return {
            "target": self.target,
            "annotators": records(self.annotators),
            "pairs": records(self.pairs),
            "items": records(self.items),
            "split": self.split,
            "ceiling": None if self.ceiling is None else self.ceiling.to_dict(),
            "level": self.level,
        }


def disagreement(
    prefs: Preferences,
    *,
    target: str = "votes",
    n_items: int = 20,
    orientation: str = "symmetric",
    weights: str | None = None,
    level: float = 0.95,
) -> DisagreementResult:
    r"""Tell where annotators disagree and with whom.

    A vote (or label) is held against the majority of the *other* votes on its unit; where k categories tie for that
    majority, the vote scores 1/k if it is one of them. The error of an annotator's mean is clustered by item,

    .. math:: se = \frac{1}{N} \sqrt{\frac{n}{n - 1} \sum_i (s_i - N_i \bar s)^2}

    over n items with N_i votes scoring s_i. Votes that nobody else voted beside do not count.

    Args:
        prefs: the judgments.
        target: "votes", "scores" or "labels"; scores are taken as categories.
        n_items: how many of the most divided items to list.
        orientation: of votes, for the kappas; see `agreement`.
        weights: agreement weights of the kappas; see `agreement`.
        level: confidence level of the intervals.

    Raises:
        UsageError: another target, or too many distinct scores.
    """
    prefs = as_preferences(prefs)
    if target not in ("votes", "scores", "labels"):
        raise UsageError(f"no disagreement on {target!r}", hint="there are: votes, scores, labels.")
    options = Options(level, orientation, "items", weights)
    source = next(iter(sources(prefs, (), [TARGETS[target]["cohen_kappa"]], options).values()))
    assert isinstance(source, RatingSource)  # noqa: S101 - cohen_kappa reads ratings
    reason = source.reason(TARGETS[target]["cohen_kappa"])
    if reason:
        raise UsageError(f"no disagreement on {target}: {reason}", hint="round the scores.")
    scored = _scores(source.ratings)
    pairs = _pairs(source, level)
    return DisagreementResult(
        target,
        _annotators(source, scored, pairs, level),
        pairs,
        _items(source, n_items),
        _split(source.coded) if target == "votes" else {},
        ceiling(source.ratings, scored.score, scored.counted, level) if target == "votes" else None,
        level,
    )


@dataclass(frozen=True)
class _Scored:
    """Per rating: its score against the majority of the others, and whether there are others."""

    score: Floats
    counted: Bools


def _counts(ratings: Ratings) -> Floats:
    """How often each category was given to each unit, [n_units, V]."""
    unit = np.repeat(np.arange(ratings.starts.size), ratings.lengths)
    v = max(ratings.n_values, 1)
    return np.bincount(unit * v + ratings.value, minlength=ratings.starts.size * v).reshape(-1, v).astype(np.float64)


def _scores(ratings: Ratings) -> _Scored:
    unit = np.repeat(np.arange(ratings.starts.size), ratings.lengths)
    rows = np.arange(unit.size)
    others = _counts(ratings)[unit]
    others[rows, ratings.value] -= 1
    best = others.max(axis=1, initial=0)
    counted = best > 0
    n_best = (others == best[:, None]).sum(axis=1)
    hit = others[rows, ratings.value] == best
    return _Scored(np.where(counted & hit, 1 / np.maximum(n_best, 1), 0.0), counted)


def _annotators(source: RatingSource, scored: _Scored, pairs: pl.DataFrame, level: float) -> pl.DataFrame:
    ratings, ids = source.ratings, source.coded.annotator_ids
    at = scored.counted
    judgments, inverse = distinct(ratings.judgment[at])
    total, n = sum_by(inverse, scored.score[at]), np.bincount(inverse).astype(np.float64)
    of = np.empty(judgments.size, np.int64)
    of[inverse] = ratings.annotator[at]
    everyone = len(ids)
    votes, items = sum_by(of, n, everyone), np.bincount(of, minlength=everyone).astype(np.float64)
    mean = ratio(sum_by(of, total, everyone), votes)
    squares = sum_by(of, (total - n * mean[of]) ** 2, everyone)
    se = ratio(np.sqrt(ratio(items, items - 1) * squares), votes)
    half = stdtrit(np.maximum(items - 1, 1), (1 + level) / 2) * se
    frame = pl.DataFrame(
        {
            "annotator_id": ids,
            "majority_agreement": mean,
            "se": se,
            "ci_low": np.clip(mean - half, 0, 1),
            "ci_high": np.clip(mean + half, 0, 1),
            "n_items": items.astype(np.int64),
            "n_votes": votes.astype(np.int64),
        }
    ).fill_nan(None)
    ends = [pairs.select(annotator_id=f"annotator_{end}", kappa="kappa", n="n_votes") for end in "ab"]
    kappas = pl.concat(ends).drop_nulls("kappa").group_by("annotator_id").agg(_weighted("kappa", "n"))
    whole = frame.join(kappas, on="annotator_id", how="left").select(list(ANNOTATORS))
    return whole.sort("majority_agreement", "annotator_id", nulls_last=True)


def _weighted(value: str, weight: str) -> pl.Expr:
    return ((pl.col(value) * pl.col(weight)).sum() / pl.col(weight).sum()).alias(value)


def _pairs(source: RatingSource, level: float) -> pl.DataFrame:
    found = source.pairs(0)
    if found is None or not found.pair.size:
        return pl.DataFrame(schema=PAIRS)
    kappas, ids = cohen(found), source.coded.annotator_ids
    se = np.where(np.isnan(kappas.kappa), np.nan, clustered_error(found, kappas))
    se = np.where(se > 0, se, np.nan)
    z = float(stdtrit(1e9, (1 + level) / 2))
    frame = pl.DataFrame(
        {
            "annotator_a": ids.gather(found.first),
            "annotator_b": ids.gather(found.second),
            "agreement": kappas.observed,
            "kappa": kappas.kappa,
            "se": se,
            "ci_low": np.clip(kappas.kappa - z * se, -1, 1),
            "ci_high": np.clip(kappas.kappa + z * se, -1, 1),
            "n_votes": found.n.astype(np.int64),
        }
    )
    return frame.fill_nan(None).select(list(PAIRS)).sort("annotator_a", "annotator_b")


def _items(source: RatingSource, n: int) -> pl.DataFrame:
    """The items with the least agreement among their annotators, and what each said."""
    ratings = source.ratings
    m = ratings.lengths.astype(np.float64)
    alike = ((_counts(ratings) ** 2).sum(axis=1) - m) / 2
    compared = sum_by(ratings.cluster, m * (m - 1) / 2, len(ratings.cell))
    agreement = ratio(sum_by(ratings.cluster, alike, len(ratings.cell)), compared)
    some = np.flatnonzero(compared > 0)
    order = some[np.lexsort((ratings.item[some], -compared[some], agreement[some]))][:n]
    frame = pl.DataFrame(
        {
            "item_id": source.coded.item_ids.gather(ratings.item[order]),
            "agreement": agreement[order],
            "n_comparisons": compared[order].astype(np.int64),
        }
    )
    return frame.join(_said(source, ratings.item[order]), on="item_id", how="left", maintain_order="left")


def _said(source: RatingSource, items: Ints) -> pl.DataFrame:
    """What was said on each item: rankings as "a > b = c", scores and labels as "a: 4, b: 2", how often each."""
    rows = source.coded.rows_of_items(items)
    if source.values is None:
        rows = rows.sort("judgment", "rank", "response_id")
        step = pl.col("rank").diff().over("judgment")
        sign = pl.when(step.is_null()).then(pl.lit("")).when(step == 0).then(pl.lit(" = ")).otherwise(pl.lit(" > "))
        rows, between = rows.with_columns(pl.concat_str(sign, "response_id").alias("_word")), ""
    else:
        value = source.values.cast(pl.String).gather(rows["rank"] - 1)
        rows, between = rows.with_columns(pl.concat_str("response_id", pl.lit(": "), value).alias("_word")), ", "
    words = rows.group_by("judgment", maintain_order=True).agg(
        pl.col("item_id").first(), pl.col("_word").str.join(between)
    )
    counted = words.group_by("item_id", "_word").len("n").sort("item_id", "n", "_word", descending=[False, True, False])
    texts = counted.select("item_id", said=formatted("{} × {}", "n", "_word"))
    return texts.group_by("item_id", maintain_order=True).agg("said")


def _split(coded: Coded) -> dict[str, float]:
    """Shares of comparisons of two votes: agree, tie against decision, reversal of neighbours, other reversal."""
    c = _counts(ratings_of_gaps(coded))
    if not c.size:
        return {}
    far_one, near_one, tie, near_two, far_two = c.T
    one, two, m = far_one + near_one, far_two + near_two, c.sum(axis=1)
    kinds: dict[str, Floats] = {
        "agree": (one**2 + two**2 + tie**2 - m) / 2,
        "tie_against_decision": tie * (one + two),
        "neighbours_reversed": near_one * near_two,
        "others_reversed": one * two - near_one * near_two,
    }
    total = float((m * (m - 1) / 2).sum())
    return {name: float(values.sum()) / total for name, values in kinds.items()} if total else {}
