"""Short names for the array types that stand in signatures, and what numpy has not of them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.integer[Any]]
Floats: TypeAlias = NDArray[np.float64]
Reals: TypeAlias = NDArray[np.floating[Any]]
Bools: TypeAlias = NDArray[np.bool_]


def sum_by(group: Ints, values: NDArray[Any], n_groups: int = 0) -> Floats:
    """Sum values by the number of their group."""
    return np.bincount(group, weights=values, minlength=n_groups).astype(np.float64)


def distinct(keys: Ints) -> tuple[Ints, Ints]:
    """Return the sorted distinct keys (0 or more) and the number of each key among them.

    As `np.unique`, by counting instead of sorting where the keys are small.
    """
    reach = int(keys.max(initial=0)) + 1
    if reach > max(1 << 20, 2 * keys.size):
        found, number = np.unique(keys, return_inverse=True)
        return found, number
    there = np.bincount(keys, minlength=reach) > 0
    return np.flatnonzero(there), (np.cumsum(there) - 1)[keys]


def begins(*keys: Ints) -> Bools:
    """Where a run of equal keys begins; a key that is empty does not count."""
    given = [key for key in keys if key.size]
    new = np.ones(max((key.size for key in given), default=0), bool)
    if given:
        new[1:] = given[0][1:] != given[0][:-1]
    for key in given[1:]:
        new[1:] |= key[1:] != key[:-1]
    return new
