"""Numbers drawn from codes: the same for the same code and seed, whatever else there is."""

from __future__ import annotations

import numpy as np

from prefqa._types import Floats, Ints


def uniform(code: Ints, seed: int) -> Floats:
    """A number in [0, 1) for each code."""
    return np.asarray(mixed(code, seed + 1) / np.float64(2**64))


def mixed(code: Ints, seed: int = 0) -> Ints:
    """64 bits for each code, by the finaliser of splitmix64."""
    with np.errstate(over="ignore"):
        z = code.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
