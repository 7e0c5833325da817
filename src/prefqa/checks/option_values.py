"""Which values an option of a rule takes: those of its default's type, and within its range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

#: Ranges by name of a number that is a share, a probability or a likeness of two things, from 0 to 1.
_SHARES = frozenset("threshold floor margin max_share min_share min_probability min_effect".split())
#: Coefficients of agreement.
_COEFFICIENTS = frozenset({"min"})
#: Counts fit into 32 bits: no table has more rows of an item, and no text more characters.
_MOST = 2**31 - 1


def fault_of(name: str, value: Any, default: Any) -> str | None:
    """Return in words what an option takes where a value is not of that kind; None where it is.

    Numbers are finite; shares are from 0 to 1, coefficients from -1 to 1, counts whole and from 0, others from 0.
    """
    if isinstance(default, Mapping):
        fits = isinstance(value, Mapping) and all(isinstance(part, str) for pair in value.items() for part in pair)
        return None if fits else "it is a table of texts"
    if isinstance(default, tuple):
        fits = isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)
        return None if fits else "it is a list of texts"
    if isinstance(default, str):
        return None if isinstance(value, str) else "it is a text"
    if isinstance(default, int):
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
        return None if fits else f"it is a whole number from 0 to {_MOST:,}"
    low, high = (0, 1) if name in _SHARES else (-1, 1) if name in _COEFFICIENTS else (0, _MOST)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = number and low <= value <= high and math.isfinite(value)
    return None if fits else f"it is a number from {low} to {high:,}"
