"""What `plackett_luce` refuses: arguments of a wrong kind, and rankings from which no finite estimate follows."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prefqa._types import Bools, Floats, Ints
from prefqa.consensus.connectivity import components, groups, listed
from prefqa.consensus.plackett_luce_likelihood import Choices
from prefqa.errors import UsageError

_MOST_SETS = 10**290


def check_estimable(ranks: Ints | None, data: Choices) -> None:
    """Raise where no finite estimate exists: responses not connected (unless `ranks` is None), or ties always chosen.

    With the worths held, a choice of order c where order d was open too holds delta_d down against delta_c. All tie
    parameters are finite exactly where these relations connect all orders both ways.
    """
    if ranks is not None:
        _check_connected(ranks)
    widest = int(data.size.max(initial=0))
    if any(comb(widest, int(d)) > _MOST_SETS for d in data.orders):
        raise UsageError(f"ties of {data.orders.max()} among {widest} responses: too many sets for the numbers to hold")
    orders = np.append(1, data.orders)
    largest = np.zeros(int(orders.max()) + 1, np.int64)
    np.maximum.at(largest, data.order, data.size)
    label = components(largest[orders][:, None] >= orders[None, :])
    if label.max(initial=0) == 0:
        return
    loose = orders[label != label[0]].tolist()
    raise UsageError(
        f"the tie parameter has no finite estimate for ties of {', '.join(map(str, loose))} responses: wherever "
        "so many could tie, a tie of that order or a larger one was chosen",
        hint="leave these rankings out"
        + (", or n_pseudo > 0 gives an estimate" if 2 in loose and ranks is not None else ""),
    )


def _check_connected(ranks: Ints) -> None:
    """Raise where no chain of "ranked above" leads from each response to each other one."""
    found = groups(components(_ranked_above(ranks)))
    if len(found) == 1:
        return
    raise UsageError(
        "the worths have no finite maximum likelihood estimate: the rankings do not connect the responses both "
        f"ways. {len(found)} groups of responses (columns of ranks) are connected in themselves: {listed(found)}",
        hint="n_pseudo > 0 (such as 0.5), or another prior, gives an estimate; or rank within one group only",
    )


def _ranked_above(ranks: Ints) -> Bools:
    """[n, n], whether any ranking puts the first above the second."""
    above = [((ranks[:, [a]] > 0) & (ranks > ranks[:, [a]])).any(axis=0) for a in range(ranks.shape[1])]
    return np.array(above).reshape(ranks.shape[1], -1)


def checked_ranks(ranks: NDArray[Any]) -> Ints:
    """Return ranks as integers [n_rankings, n], 0 = not ranked."""
    ranks = np.asarray(ranks)
    if ranks.ndim != 2 or ranks.shape[1] == 0 or ranks.dtype.kind not in "iu":
        raise UsageError(f"ranks: expected integers [n_rankings, n responses], got {ranks.dtype} {list(ranks.shape)}")
    if (ranks < 0).any():
        raise UsageError("ranks: a rank is 1 or more, or 0 for a response that is not ranked; some are negative")
    return ranks.astype(np.int64)


def checked_weights(weights: ArrayLike | None, n_rankings: int) -> Floats:
    """Return the weight of each ranking, 1 where none is given."""
    found = np.ones(n_rankings) if weights is None else np.asarray(weights, np.float64)
    if found.shape != (n_rankings,) or not (np.isfinite(found) & (found >= 0)).all():
        raise UsageError(f"weights: expected {n_rankings} finite numbers of 0 or more, one a ranking")
    return found


def checked_rankers(group: ArrayLike | None, n_rankings: int) -> tuple[Ints | None, Ints]:
    """Return the distinct rankers and the number of each ranking's among them, -1 where no adherence is asked for."""
    if group is None:
        return None, np.full(n_rankings, -1)
    given = np.asarray(group)
    if given.shape != (n_rankings,) or given.dtype.kind not in "iu":
        raise UsageError(f"group: expected {n_rankings} integers, the ranker of each ranking")
    rankers, ranker = np.unique(given, return_inverse=True)
    return rankers, ranker


def check_numbers(n_pseudo: float, adherence_prior: tuple[float, float]) -> None:
    """Raise for pseudo-rankings or a prior that are no amounts."""
    if not 0 <= n_pseudo < np.inf:
        raise UsageError(f"n_pseudo: expected a finite number of 0 or more, got {n_pseudo}")
    if min(adherence_prior) <= 0 or not np.isfinite(adherence_prior).all():
        raise UsageError(f"adherence_prior: expected shape and rate above 0, got {adherence_prior}")
