"""Short names for the array types that stand in signatures, and a sum that keeps to them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.integer[Any]]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


def sum_by(group: Ints, values: NDArray[Any], n_groups: int = 0) -> Floats:
    """Sum values by the number of their group."""
    return np.bincount(group, weights=values, minlength=n_groups).astype(np.float64)
