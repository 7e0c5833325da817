"""Iterations of an EM to their fixed point, with fewer steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prefqa._types import Floats

#: The longest leap, in steps, and how far from a step a leap may end.
_LONGEST, _FARTHEST = 16.0, 1.0


def fixed_point(
    step: Callable[[Floats], Floats], start: Floats, *, tolerance: float, max_steps: int
) -> tuple[Floats, int, bool]:
    """Iterate x = step(x) until no entry moves by `tolerance` or more; two steps are followed by a leap.

    The leap goes where the two steps point if they shrink at one rate: x - 2 a r + a^2 v with r the first step, v the
    second less the first, a = -|r| / |v| (squared extrapolation, scheme S3). It is not taken where it would leave the
    step by more than 1 in some entry.

    Returns:
        The last x, which is a step and no leap; the number of steps; whether it got there.

    Source: Varadhan and Roland (2008), Simple and globally convergent methods for accelerating the convergence of any
    EM algorithm, Scandinavian Journal of Statistics 35.

    >>> import numpy as np
    >>> x, n, done = fixed_point(lambda x: 0.9 * x + 0.1, np.zeros(1), tolerance=1e-6, max_steps=100)
    >>> x.round(4).tolist(), n < 10, done
    ([1.0], True, True)
    """
    x, n_steps = start, 0
    while n_steps < max_steps:
        one = step(x)
        n_steps += 1
        first = one - x
        if np.abs(first).max(initial=0.0) < tolerance or n_steps == max_steps:
            return one, n_steps, bool(np.abs(first).max(initial=0.0) < tolerance)
        two = step(one)
        n_steps += 1
        second = two - one
        if np.abs(second).max(initial=0.0) < tolerance:
            return two, n_steps, True
        turn = second - first
        norm = float(np.sqrt((turn**2).sum()))
        length = min(float(np.sqrt((first**2).sum())) / norm, _LONGEST) if norm > 0 else 1.0
        leap = x + 2 * length * first + length**2 * turn
        x = leap if length > 1 and np.abs(leap - two).max(initial=0.0) <= _FARTHEST else two
    return x, n_steps, False
