"""Division that is NaN, without a warning, where the denominator is 0."""

from __future__ import annotations

import numpy as np

from prefqa._types import Floats


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Return numerator / denominator elementwise; NaN where the denominator is not above 0 (but for rounding)."""
    numerator, denominator = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    safe = denominator > 1e-12
    return np.where(safe, numerator / np.where(safe, denominator, 1.0), np.nan)
