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

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from prefqa._types import Floats, Ints, distinct, sum_by
from prefqa.drift.model import VoteModel, nodes, posterior, slopes
from prefqa.drift.vote_table import VoteTable

STRENGTH, TIES, SPREAD, CARE = "strength", "ties", "spread", "care"
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Scores:
    """Scores and expected information per judgment, [n_judgments, n_columns]; `names` are those of the columns.

    Judgments are sorted by item. `cell` numbers the pairs of annotator and stratum that occur, `cell_annotator` and
    `cell_stratum` say which. `votes` counts the votes of each judgment. `kept` is the share of the expected information
    that is left when z is not seen, per column; `overlap` the matrix of covariances of unit scores, of which the
    diagonal is that information and the rest says what the nuisance takes away.
    """

    names: list[str]
    score: Floats
    information: Floats
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


def column_names(votes: VoteTable) -> list[str]:
    """Names of the scores, in their order."""
    return [*votes.names, STRENGTH, TIES, SPREAD, CARE]


def blocks(votes: VoteTable) -> Ints:
    """Where to cut the votes into blocks of whole units: the first vote of each, and their number."""
    starts = votes.starts
    edges = np.append(starts[np.searchsorted(starts, np.arange(0, votes.n, _BLOCK))] if votes.n else [], votes.n)
    return np.unique(edges.astype(np.int64))


def score_judgments(votes: VoteTable, model: VoteModel) -> Scores:
    """Score all votes in blocks of whole units and sum them by judgment."""
    names = column_names(votes)
    _, judgment = distinct(votes.judgment)
    n = int(judgment.max(initial=-1)) + 1
    score, information = np.zeros((n, len(names))), np.zeros((n, len(names)))
    overlap = np.zeros((len(names), len(names)))
    for low, high in pairwise(blocks(votes)):
        part = votes.take(slice(low, high))
        by_vote, expected = score_votes(part, model)
        of_unit = np.add.reduceat(by_vote, part.starts, axis=0)
        overlap += of_unit.T @ of_unit
        at = judgment[low:high]
        for column in range(len(names)):
            np.add.at(score[:, column], at, by_vote[:, column])
            np.add.at(information[:, column], at, expected[:, column])
    first = np.zeros(n, np.int64)
    first[judgment[::-1]] = np.arange(votes.n)[::-1]
    order = np.lexsort((first, votes.item[first]))
    first = first[order]
    annotator, stratum = votes.annotator[first], votes.stratum[first]
    cells, cell = distinct(annotator * len(votes.strata) + stratum)
    return Scores(
        names, score[order], information[order], votes.item[first], annotator, votes.period[first], cell,
        cells // len(votes.strata), cells % len(votes.strata), sum_by(judgment, np.ones(votes.n), n)[order],
        overlap, information.sum(axis=0), np.ones(len(names)),
    )  # fmt: skip


def score_votes(votes: VoteTable, model: VoteModel) -> tuple[Floats, Floats]:
    """Scores and expected information of some votes, [n_votes, n_columns]."""
    at = posterior(votes, votes.starts, model)
    by_gap, by_threshold = slopes(votes, at, model.threshold)
    z, log_w = nodes(votes, single=model.single)
    prior = np.exp(log_w)
    care = model.care[votes.annotator]
    spread = care * model.sigma[votes.stratum, votes.period]
    known = care[:, None] * np.column_stack([votes.x, votes.x @ model.beta])
    weighted = at.weight * by_gap
    gap = weighted.sum(axis=1, keepdims=True)
    strength, of_spread = known[:, -1:] * gap, (spread * (weighted * z).sum(axis=1))[:, None]
    of_threshold = (at.weight * by_threshold).sum(axis=1)[:, None]
    score = np.hstack([known[:, :-1] * gap, strength, of_threshold, of_spread, strength + of_spread])
    first, second = at.upper, 1 - at.lower
    tie = at.lower - at.upper
    of_gap = first * (1 - first) ** 2 + second * (1 - second) ** 2 + tie * (second - first) ** 2
    of_ties = np.zeros(votes.n)
    if model.threshold is not None:
        c = model.threshold[votes.annotator][:, None]
        if_tie = first + second + 2 / np.expm1(2 * c)
        of_c = first * (1 - first) ** 2 + second * (1 - second) ** 2 + tie * if_tie**2
        of_ties = (of_c * prior).sum(axis=1) * model.threshold[votes.annotator] ** 2
    by_known, by_spread = (
        known**2 * (of_gap * prior).sum(axis=1)[:, None],
        spread**2 * (of_gap * prior * z**2).sum(axis=1),
    )
    expected = np.column_stack([by_known, of_ties, by_spread, by_known[:, -1] + by_spread])
    return score, expected


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
    score = scores.score - scores.score[:, [nuisance]] * loading
    n_strata = int(scores.cell_stratum.max(initial=0)) + 1
    group = scores.period * n_strata + scores.cell_stratum[scores.cell]
    total, weight = sum_by(group, scores.score[:, care]), sum_by(group, scores.information[:, care])
    common = total / np.where(weight > 0, weight, 1.0)
    score[:, care] -= scores.information[:, care] * common[group]
    left = np.diagonal(scores.overlap) - loading * scores.overlap[:, nuisance]
    kept = np.clip(left / np.where(scores.expected > 0, scores.expected, 1.0), 0.02, 1.0)
    return replace(scores, score=score, kept=kept)
