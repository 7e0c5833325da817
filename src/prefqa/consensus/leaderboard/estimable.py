"""Whether the votes determine scores: which names they connect, and whether the tie parameter is finite."""

from __future__ import annotations

import numpy as np

from prefqa._types import Bools, sum_by
from prefqa.consensus.connectivity import components, groups, listed
from prefqa.consensus.leaderboard.fit import Table
from prefqa.errors import UsageError


def connected_groups(table: Table, names: list[str]) -> list[list[str]]:
    """The names, in groups that wins connect both ways; a tie connects both ways.

    With a single group scores by maximum likelihood are finite (Ford 1957). With several, some score would run off to
    infinity: of a group that never lost, never won, or never met, the distance to the others is not known.
    """
    return [[names[i] for i in group] for group in groups(components(_links(table, len(names))))]


def check_connected(table: Table, names: list[str], by: str) -> None:
    """Raise where there is more than one group of names.

    Raises:
        UsageError: names the groups.
    """
    found = connected_groups(table, names)
    if len(found) == 1:
        return
    links = _links(table, len(names))
    apart = groups(components(links, "weak"))
    if len(apart) > 1:
        why = f"no chain of votes leads between {len(apart)} sets of them"
    else:
        why = "some only won, or only lost, against all others"
    hint = (
        "prior_sd=1 shrinks all scores towards each other and so gives an estimate; or leave out what is not connected."
    )
    if by == "response_id" and len(apart) > len(names) / 5:
        hint += " Are responses named anew in each item? Then say by= with the column of their models."
    raise UsageError(
        f"the {by} values cannot be compared: votes do not connect them both ways ({why}), so no finite maximum "
        f"likelihood estimate exists. Connected in themselves are {len(found)} groups: {listed(found)}",
        hint=hint,
    )


def check_ties(table: Table, n_names: int, ties: str, *, prior: bool) -> None:
    """Raise where the tie parameter has no finite estimate: scores and ties could grow together for ever.

    That is where scores exist that are at least 1 apart in each win and at most 1 apart in each tie (with no prior):
    worths and tie parameter times ever more then fit ever better. It holds for Davidson and Rao-Kupper alike.
    """
    if table.votes.total.sum() == table.votes.tie.sum():
        raise UsageError(
            f"ties={ties!r}: every vote is a tie, so how common ties are has no finite estimate",
            hint='use ties="half".',
        )
    if not prior and _may_grow(table, n_names):
        raise UsageError(
            f"ties={ties!r}: the tie parameter has no finite maximum likelihood estimate: names can be put in levels "
            "such that each win is by a level or more, and each tie within one",
            hint='use ties="half", or prior_sd=1.',
        )


def _links(table: Table, n_names: int) -> Bools:
    """[n, n], whether the first ever won against the second or tied with it."""
    votes = table.votes
    found = np.zeros((n_names, n_names), np.bool_)
    for one, other, n in (
        (table.first, table.second, votes.first + votes.tie),
        (table.second, table.first, votes.second + votes.tie),
    ):
        found[one[n > 0], other[n > 0]] = True
    return found


def _may_grow(table: Table, n_names: int) -> bool:
    """Whether scores s exist with s_a - s_b >= 1 for each win and |s_a - s_b| <= 1 for each tie.

    A system of difference constraints: it can be met if and only if its graph (an edge of length -1 from winner to
    loser, 1 both ways for a tie, the shorter where there are both) has no negative cycle (Bellman 1958).
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import NegativeCycleError, bellman_ford

    size = n_names * n_names
    one, other = table.first * n_names + table.second, table.second * n_names + table.first
    won = (sum_by(one, table.votes.first, size) + sum_by(other, table.votes.second, size)).reshape(n_names, n_names) > 0
    tied = sum_by(one, table.votes.tie, size).reshape(n_names, n_names) > 0
    if components(won).max(initial=0) + 1 < n_names:
        return False  # a cycle of wins is a negative cycle
    length = np.where(won, -1.0, np.where(tied | tied.T, 1.0, 0.0))
    # From one more node an edge leads to each, of any length but 0, which would be none.
    graph = np.zeros((n_names + 1, n_names + 1))
    graph[:n_names, :n_names] = length
    graph[n_names, :n_names] = 2.0 * n_names
    try:
        bellman_ford(csr_array(graph), indices=np.array([n_names]))
    except NegativeCycleError:
        return False
    return True
