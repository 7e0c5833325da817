"""Which things a chain of wins connects both ways: only these can be compared by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_SHOWN = 8


def components(edges: NDArray[Any], connection: Literal["strong", "weak"] = "strong") -> NDArray[np.int32]:
    """Number the strong components of a graph [n, n] (edges lead from row to column); weak ones on request."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    found: NDArray[np.int32] = connected_components(csr_array(edges), connection=connection)[1]
    return found


def groups(label: NDArray[np.int32]) -> list[list[int]]:
    """Return the members of each component, by first member."""
    return [np.flatnonzero(label == c).tolist() for c in dict.fromkeys(label.tolist())]


def listed(members: Sequence[Sequence[object]]) -> str:
    """The components in words, as sets; of many only the first."""
    shown = "; ".join(f"{{{_shortened(group)}}}" for group in members[:_SHOWN])
    return shown + (f" and {len(members) - _SHOWN} more" if members[_SHOWN:] else "")


def _shortened(group: Sequence[object]) -> str:
    more = f" and {len(group) - _SHOWN} more" if group[_SHOWN:] else ""
    return ", ".join(map(str, group[:_SHOWN])) + more
