"""Hashes of short words, many at once."""

from __future__ import annotations

import numpy as np

from prefqa._types import Ints

_ONE, _ODD = np.uint64(1), np.uint64(0x9E3779B97F4A7C15)
#: One in each byte, and what makes a capital a small letter.
_ONES, _SMALL = np.uint64(0x0101010101010101), np.uint64(0x2020202020202020)


def words(eight: Ints) -> Ints:
    """Hashes of the words that eight bytes each begin with, in small letters."""
    # Letters are bytes with one of their two highest bits: all others end the word.
    other = (eight >> np.uint64(6) | eight >> np.uint64(7)) & _ONES ^ _ONES
    return np.asarray(((eight | _SMALL) & (other - _ONE) & ~other) * _ODD)
