"""How many items judged again find a shift: the arithmetic of `anchor_plan`, for one detector."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from prefqa.drift.evidence import Evidence

POWER = 0.8
#: Neighbouring cuts share most of their data: all of them together are worth about so many. The error rate is shared
#: with other families of detectors.
_CUTS, _FAMILIES = 6, 4
#: What few items, and people who differ from item to item, add to the error (measured by benchmarks/drift_anchors.py).
_MEASURED = 1.35


def critical(n_scores: int, alpha: float) -> float:
    """How many standard errors a shift must have to be found with a probability of 80 % among so many scores."""
    return _MEASURED * float(ndtri(1 - alpha / (2 * n_scores * _CUTS * _FAMILIES)) + ndtri(POWER))


def information_of_a_judgment(evidence: Evidence, column: int) -> float:
    """Information of one judgment on a column's parameter where the item is held fixed, less what its noise takes."""
    expected = float(evidence.cells.information[:, :, column].sum()) / max(float(evidence.cells.count.sum()), 1.0)
    return expected / max(float(evidence.noise[column]), 1.0)


def items_needed(evidence: Evidence, column: int, effect: float, *, alpha: float) -> tuple[int, int]:
    """Items from before a change to have judged again once, and judgments of each, to find an effect (detector's unit).

    As many judgments of each as the campaign has.
    """
    judged = np.bincount(evidence.votes.item)
    per_item = int(np.median(judged[judged > 0]))
    v = information_of_a_judgment(evidence, column)
    shift = abs(effect / evidence.unit(column).factor)
    n_scores = len(evidence.votes.names) + 2
    n = 2 * (critical(n_scores, alpha) / max(shift, 1e-9)) ** 2 / max(per_item * v, 1e-300)
    return int(np.ceil(min(n, 1e9))), per_item
