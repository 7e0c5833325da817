r"""Scores: per judgment, what a rule would have to change by to explain its votes better; zero on average if none did.

The score of a vote for a shift of parameter theta is :math:`E[\partial \log P(y | z) / \partial\theta \mid votes of the
unit]`, the derivative of the marginal likelihood (Louis 1982). Columns, in this order:

- one per feature: a common shift of its weight, :math:`s_a x_f (y - \tilde p)`;
- "strength": all known features count for more or less by one factor, :math:`s_a x^\top\beta (y - \tilde p)`;
- "ties": the log threshold shifts;
- "spread": the log of sigma shifts, the nuisance that stands for easier or harder items;
- "care": the log care of one annotator shifts, which is strength and spread together.

Beside each goes the information that it is expected to carry given only who judged what and when, never what was said,
so that weights made of it cannot lean on outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from prefqa._types import Floats, Ints, Reals, distinct, sum_by
from prefqa.drift.blocks import block_groups
from prefqa.drift.model import N_NODES, Gaps, Group, VoteModel, gaps, nodes, slopes
from prefqa.drift.rankings import Rankings
from prefqa.drift.vote_table import VoteTable

#: The largest spread, known part of a gap, and threshold that single precision can do.
_STEEPEST, _SURE, _WIDE = 8.0, 40.0, 9.0
STRENGTH, TIES, SPREAD, CARE = "strength", "ties", "spread", "care"


@dataclass(frozen=True)
class Scores:
    """Scores and expected information per judgment, [n_judgments, n_columns]; `names` are those of the columns.

    Judgments are sorted by item. `cell` numbers the pairs of annotator and stratum that occur, `cell_annotator` and
    `cell_stratum` say which. `votes` counts the votes of each judgment. `kept` is the share of the expected information
    that is left when z is not seen, per column; `overlap` the matrix of covariances of unit scores, of which the
    diagonal is that information and the rest says what the nuisance takes away.
    """

    names: list[str]
    score: Reals
    information: Reals
    item: Ints
    annotator: Ints
    period: Ints
    cell: Ints
    cell_annotator: Ints
    cell_stratum: Ints
    n_votes: Floats
    overlap: Floats
    expected: Floats
    kept: Floats

    def column(self, name: str) -> int:
        """Index of a column by its name."""
        return self.names.index(name)


def column_names(votes: VoteTable | Rankings) -> list[str]:
    """Names of the scores, in their order."""
    return [*votes.names, STRENGTH, TIES, SPREAD, CARE]


def score_judgments(rankings: Rankings, model: VoteModel) -> Scores:
    """Score all votes in blocks of whole items and sum them by judgment."""
    names = column_names(rankings)
    n, width = rankings.item.size, len(names)
    # Columns are worked on one by one: each stands together.
    score, information = np.empty((width, n), np.float32).T, np.empty((width, n), np.float32).T
    overlap, expected = np.zeros((width, width)), np.zeros(width)

    def of_part(low: int, high: int) -> tuple[slice, Floats, Floats, Floats]:
        at: list[Ints] = []
        columns: tuple[list[Floats], list[Floats]] = [], []
        units = np.zeros((width, width))
        for one in scored(block_groups(rankings, low, high), model):
            at.append(one.group.judgment.ravel() - low)
            for of_groups, values in zip(columns, (one.score, one.information), strict=True):
                of_groups.append(values.sum(axis=2).reshape(width, -1))
            of_unit = one.score.sum(axis=1).reshape(width, -1)
            units += np.einsum("iu,ju->ij", of_unit, of_unit)
        judgment = np.concatenate(at)
        found, other = (
            np.stack([sum_by(judgment, column, high - low) for column in np.concatenate(of_groups, axis=1)])
            for of_groups in columns
        )
        return slice(low, high), found, other, units

    for at, one, other, of_units in rankings.each(of_part):
        score[at], information[at] = one.T, other.T
        expected += other.sum(axis=1)
        overlap += of_units
    n_strata = len(rankings.strata)
    cells, cell = distinct(rankings.annotator.astype(np.int64) * n_strata + rankings.stratum)
    return Scores(
        names, score, information, rankings.item, rankings.annotator, rankings.period, cell,
        cells // n_strata, cells % n_strata, rankings.n_votes.astype(np.float64), overlap, expected, np.ones(width),
    )  # fmt: skip


class Scored(NamedTuple):
    """Scores and expected information of the votes of a group, [n_columns, n_votes_of_a_unit, n_together, n].

    `by_weight` is the slope by a common weight of a feature that is 1, [n_votes_of_a_unit, n_together, n].
    """

    group: Group
    score: Floats
    information: Floats
    by_weight: Floats


def scored(votes: Iterable[Group], model: VoteModel, *, information: bool = True) -> Iterator[Scored]:
    """Score votes group by group, without their information where none is asked for."""
    n = model.beta.size
    for group in votes:
        gap = gaps(group, model)
        slope = slopes(group, gap, model)
        care = model.care[group.annotator]
        score = np.empty((n + 4, *gap.known.shape))
        by_weight = care * slope.gap
        for column, x in enumerate(group.x):
            np.multiply(x, by_weight, out=score[column])
        score[n], score[n + 1], score[n + 2] = gap.common * slope.gap, slope.threshold, gap.spread * slope.gap_z
        score[n + 3] = gap.shared * slope.gap + score[n + 2]
        expected = np.zeros((n + 4, 0))
        if information:
            of_gap, of_z, of_threshold = _information(group, gap, model)
            expected = np.empty_like(score)
            of_weight = care**2 * of_gap
            for column, x in enumerate(group.x):
                np.multiply(x * x, of_weight, out=expected[column])
            expected[n], expected[n + 1], expected[n + 2] = gap.common**2 * of_gap, of_threshold, gap.spread**2 * of_z
            expected[n + 3] = gap.shared**2 * of_gap + expected[n + 2]
        yield Scored(group, score, expected, by_weight)


def _information(group: Group, gap: Gaps, model: VoteModel) -> tuple[Reals, Reals, Reals]:
    r"""Fisher information of each vote on its gap, the same times z squared, and on its log threshold, before any vote.

    With u and l the chances to be above the upper and the lower threshold and t = l - u that of a tie, the information
    on the gap is l (1 - u) (1 - t), and that on the threshold t (2 u + k) (2 (1 - l) + k) more, k = 2 / (exp(2 c) - 1).
    It weighs, and no votes narrow z down: every other node and single precision will do. Where the spread is more than
    `_STEEPEST`, little but the density of z where the gap is 0 counts, over the spread: so known part and spread are
    brought down alike, which keeps the odds within single precision, and so is what is found.
    """
    single = np.float32
    at = nodes(group.unit, 1 if model.single else N_NODES // 2 + 1)
    weight, first = at.weight.astype(single), at.first.astype(single)
    steep = (_STEEPEST / np.maximum(gap.spread, _STEEPEST)).astype(single)
    spread = gap.spread.astype(single) * steep
    known = np.clip(gap.known.astype(single) * steep, -_SURE, _SURE)
    odds, factor = np.exp(-known - spread * first), np.exp(single(-at.apart) * spread)
    ties = model.threshold is not None
    c = np.zeros(1, single)
    if model.threshold is not None:
        c = np.clip(model.thresholds(group.annotator, group.period).astype(single), single(1e-4), _WIDE)
    wide, narrow, k = np.exp(c), np.exp(-c), 2 / np.expm1(2 * c) if ties else c
    plain, of_z, of_c = (np.zeros(odds.shape, single) for _ in range(3))
    for node, prior in enumerate(weight):
        upper, lower = 1 / (1 + odds * wide), 1 / (1 + odds * narrow)
        tie = lower - upper
        of_gap = lower * (1 - upper)
        of_gap *= 1 - tie
        of_gap *= prior
        plain += of_gap
        of_z += of_gap * (first + single(at.apart * node)) ** 2
        if ties:
            tie *= upper + upper + k
            tie *= k + 2 - lower - lower
            tie *= prior
            of_c += tie
        odds *= factor
    return plain * steep, of_z * steep, c**2 * (plain + of_c) * steep if ties else of_c


def together(scores: Scores, cluster: Ints | None) -> Scores:
    """Let `item` be the cluster, and sort the judgments by it."""
    if cluster is None:
        return scores
    of_judgment = cluster[scores.item]
    order = np.argsort(of_judgment, kind="stable")
    per_judgment = ("score", "information", "annotator", "period", "cell", "n_votes")
    return replace(
        scores, item=of_judgment[order], **{name: getattr(scores, name)[order] for name in per_judgment}
    )  # fmt: skip


def without_nuisance(scores: Scores, *, single: bool) -> Scores:
    r"""Take out of each score what a change of the nuisance would bring into it, and the pool out of "care".

    The nuisance is the spread: scores become :math:`s - (I_{s\sigma} / I_{\sigma\sigma}) s_\sigma`, the efficient
    score. With one vote per pair there is no telling the spread, and what it does to first order is to multiply all
    weights by one factor; then the nuisance is "strength". An annotator's care is told from harder items only by how
    the others do on the same kind of item in the same period, so their common score is taken off.
    """
    nuisance, care = scores.column(STRENGTH if single else SPREAD), scores.column(CARE)
    own = scores.overlap[nuisance, nuisance]
    loading = scores.overlap[:, nuisance] / own if own > 0 else np.zeros(len(scores.names))
    loading[[nuisance, care]] = 0
    score = scores.score.copy(order="K")
    for column in np.flatnonzero(loading):
        score[:, column] -= loading[column] * scores.score[:, nuisance]
    n_strata = int(scores.cell_stratum.max(initial=0)) + 1
    group = scores.period * n_strata + scores.cell_stratum[scores.cell]
    total, weight = sum_by(group, scores.score[:, care]), sum_by(group, scores.information[:, care])
    common = total / np.where(weight > 0, weight, 1.0)
    score[:, care] -= scores.information[:, care] * common[group]
    left = np.diagonal(scores.overlap) - loading * scores.overlap[:, nuisance]
    kept = np.clip(left / np.where(scores.expected > 0, scores.expected, 1.0), 0.02, 1.0)
    return replace(scores, score=score, kept=kept)
