r"""Annotators against each other: what the whole pool's scores do in a period is taken off each annotator's own.

A shift that all annotators show at once may be the answers' as well as theirs. So in each period and stratum the
common shift :math:`\delta = \sum_a S_a / \sum_a W_a` is taken off, :math:`S_a - W_a \delta`, which leaves of an
annotator's own shift the share 1 - h, with h the annotator's share of the information there: who judges alone tells
nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from prefqa._types import Floats, Ints, sum_by
from prefqa.drift.contrasts import Cells
from prefqa.drift.scores import CARE, Scores

#: Judgments' worth of everybody's ratio in an annotator's own.
_POOLED = 30


class Common(NamedTuple):
    """The shift of all annotators, [n_periods, n_strata, n_columns], and the sum of their weights W there.

    `ratio` is the weight of a unit of each annotator's expected information, [n_annotators, n_columns].
    """

    shift: Floats
    ratio: Floats
    weight: Floats


def common(scores: Scores, cells: Cells, n_annotators: int) -> Common:
    """The pool's shift by period and stratum; 0 for care, which is against the others already.

    A score's variance is its information (Bartlett's second identity), of which careful annotators lose more than the
    expected information knows when z is not seen: so the weight of an annotator is in proportion to it.
    """
    n_columns = len(scores.names)
    square, information, count = (
        _of_people(values.sum(axis=1), cells.annotator, n_annotators)
        for values in (cells.square, cells.information, cells.count[:, :, None])
    )
    overall = square.sum(axis=0) / np.maximum(information.sum(axis=0), 1e-300)
    own = np.where(information > 0, square / np.maximum(information, 1e-300), overall)
    ratio = (count * own + _POOLED * overall) / (count + _POOLED)
    n_strata, n_periods = int(cells.stratum.max(initial=0)) + 1, cells.count.shape[1]
    shape = (n_periods, n_strata, n_columns)
    total, weight = np.zeros(shape), np.zeros(shape)
    for column in range(n_columns):
        weighed = cells.information[:, :, column] * ratio[cells.annotator, column, None]
        np.add.at(total[:, :, column].T, cells.stratum, cells.score[:, :, column])
        np.add.at(weight[:, :, column].T, cells.stratum, weighed)
    shift = np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), 0.0)
    shift[:, :, scores.column(CARE)] = 0.0
    return Common(shift, ratio, weight)


def relative_cells(scores: Scores, cells: Cells, common: Common) -> Cells:
    """Sums by cell and period with the pool's shift taken off, and the information and variance that this leaves."""
    own = cells.information * common.ratio[cells.annotator][:, None, :]
    of_pool = common.shift[:, cells.stratum].transpose(1, 0, 2)
    weight = common.weight[:, cells.stratum].transpose(1, 0, 2)
    left = 1 - np.where(weight > 0, own / np.where(weight > 0, weight, 1.0), 0.0)
    left[:, :, scores.column(CARE)] = 1.0
    left = np.clip(left, 0.0, 1.0)
    return replace(
        cells, score=cells.score - own * of_pool, information=cells.information * left, square=cells.square * left
    )


def relative_scores(scores: Scores, mine: Ints, common: Common) -> Scores:
    """The judgments `mine` alone, with the pool's shift taken off."""
    period, cell, annotator = scores.period[mine], scores.cell[mine], scores.annotator[mine]
    of_pool = common.shift[period, scores.cell_stratum[cell]] * common.ratio[annotator]
    per_judgment = {
        name: getattr(scores, name)[mine] for name in ("information", "item", "annotator", "period", "cell", "n_votes")
    }
    return replace(scores, score=scores.score[mine] - scores.information[mine] * of_pool, **per_judgment)


def _of_people(values: Floats, annotator: Ints, n_annotators: int) -> Floats:
    return np.stack([sum_by(annotator, column, n_annotators) for column in values.T], axis=1)
