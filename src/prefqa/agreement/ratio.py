"""Division that is NaN, without a warning, where the denominator is 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from prefqa._types import Floats


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> Floats:
    """Return numerator / denominator elementwise; NaN where the denominator is not above 0 (but for rounding)."""
    above, below = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    safe = below > 1e-12
    return np.where(safe, above / np.where(safe, below, 1.0), np.nan)
