"""How small a change could have been seen: beside every test, so that "no drift found" never stands alone."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from prefqa.drift.evidence import Evidence

POWER = 0.8


def min_detectable(evidence: Evidence, contrast: int, column: int, critical: float) -> float | None:
    r"""Smallest shift of the pool that is found with a probability of 80 %, in the detector's unit.

    .. math:: \delta = (c + z_{.8}) \sqrt{V} / I

    with c the critical value of the family's maximum, V the variance of the contrast over items, and I its sensitivity.
    """
    sensitivity, gram = float(evidence.sensitivity[contrast, column]), float(evidence.scan.by_item[contrast, column])
    return _smallest(critical, gram, sensitivity) * evidence.unit(column).factor if sensitivity > 0 else None


def annotator_min_detectable(
    evidence: Evidence, annotator: int, contrast: int, column: int, critical: float
) -> float | None:
    """The same for one annotator's own shift."""
    at = annotator, contrast, column
    sensitivity = float(evidence.relative_sensitivity[at])
    variance = float(evidence.scan.relative_variance[at])
    return _smallest(critical, variance, sensitivity) * evidence.unit(column).factor if sensitivity > 0 else None


def _smallest(critical: float, variance: float, sensitivity: float) -> float:
    return float((critical + ndtri(POWER)) * np.sqrt(variance) / sensitivity)
