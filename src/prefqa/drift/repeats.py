"""The same annotator on the same item before and after: has the own verdict moved."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtri, stdtrit

from prefqa._types import Floats
from prefqa.drift.again import Judged, judged_again
from prefqa.drift.cuts import Cut, by_period, cuts, sides
from prefqa.drift.periods import PERIOD, Periods

POWER = 0.8
_FEW, _DRAWS, _NOTHING = 100, 9_999, 1e-9


def repeats(periods: Periods, *, reference: str | None, alpha: float, seed: int = 0) -> list[dict[str, Any]]:
    r"""Compare what annotators say of an item with what they said of it before.

    A verdict on a pair of responses agrees with the majority of the other annotators' votes on it (in any period), is a
    tie, or goes against it; pairs without such a majority do not count. Of an annotator and item the last judgment
    before the cut and the first after it are taken. With d the change of the shares (agree, tie) over the pairs that
    both judgments rank, the test is that of Stuart (1955) and Maxwell (1970) for marginal homogeneity,

    .. math:: X^2 = D^T V^{-1} D, \quad D = \sum d, \; V = \sum d d^T,

    exactly so where each item has one pair, and with pairs of one ranking kept together where it has more; without ties
    it is McNemar's. p by chi² with the rank of V as degrees of freedom, or by 9,999 random swaps of before and after
    where fewer than 100 repeats have moved. It holds whatever the items are and whoever is in the pool, since everybody
    is compared with himself on the same item; annotators who remember what they said make it cautious.

    Returns:
        One row per cut: estimate and reference_estimate (share that agrees, after and before), difference, se under no
        change, 95 % interval, p_value, min_detectable of the share, numbers of repeats (n_items) and of their votes.
    """
    judged, _ = judged_again(periods)
    every = cuts(by_period(periods).cells[PERIOD].to_list(), reference)
    if not any(_has_repeats(one) for one in judged):
        return [
            {
                "detector": "repeats",
                "period": None,
                "reference": None,
                "reason": "no annotator judged an item in two periods",
            }
        ]
    oriented = [_verdicts(one) for one in judged]
    return [
        {"detector": "repeats", "period": cut.period, "reference": cut.reference}
        | _compared(judged, oriented, cut, np.random.default_rng([seed, at]), alpha)
        for at, cut in enumerate(every)
    ]


def _has_repeats(judged: Judged) -> bool:
    ordered = np.sort(judged.annotator, axis=1)
    return bool(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any())


def _verdicts(judged: Judged) -> Floats:
    """Votes turned towards the majority of the others: 1 agrees, 0 tie, -1 against, NaN where there is no majority."""
    votes = np.nan_to_num(judged.choice)
    same = judged.annotator[:, :, None] == judged.annotator[:, None, :]
    others = votes.sum(axis=1, keepdims=True) - same.astype(np.float64) @ votes
    return np.where(others == 0, np.nan, judged.choice * np.sign(others))


def _compared(
    judged: list[Judged], oriented: list[Floats], cut: Cut, rng: np.random.Generator, alpha: float
) -> dict[str, Any]:
    both = [_before_and_after(one, verdict, cut) for one, verdict in zip(judged, oriented, strict=True)]
    before, after = (np.concatenate([shares[side] for shares in both]) for side in (0, 1))
    n_votes = int(sum(shares[2] for shares in both))
    n = len(before)
    row: dict[str, Any] = {"n_items": n, "n_votes": n_votes}
    moved = after - before
    moves = moved[(np.abs(moved) > _NOTHING).any(axis=1)]
    if not len(moves):
        return row | {"reason": "no annotator judged an item on both sides, on a pair with a majority of others, anew"}
    statistic, freedom = _stuart_maxwell(moves)
    if len(moves) < _FEW:
        signs = rng.choice((-1.0, 1.0), (_DRAWS, len(moves)))
        inverse = np.linalg.pinv(moves.T @ moves, rcond=1e-9, hermitian=True)
        sums = signs @ moves
        drawn = ((sums @ inverse) * sums).sum(axis=1)
        p_value = float((1 + (drawn >= statistic - _NOTHING).sum()) / (1 + _DRAWS))
    else:
        p_value = float(chdtrc(freedom, statistic))
    difference = float(moved[:, 0].mean())
    se = float(np.sqrt((moved[:, 0] ** 2).sum())) / n
    spread = float(np.sqrt(((moved[:, 0] - difference) ** 2).sum() / max(n - 1, 1) / n))
    half = float(stdtrit(max(n - 1, 1), 0.975)) * spread
    return row | {
        "estimate": float(after[:, 0].mean()),
        "reference_estimate": float(before[:, 0].mean()),
        "difference": difference,
        "se": se,
        "ci_low": difference - half,
        "ci_high": difference + half,
        "p_value": p_value,
        "min_detectable": float(ndtri(1 - alpha / 2) + ndtri(POWER)) * se,
    }


def _stuart_maxwell(moves: Floats) -> tuple[float, int]:
    total, spread = moves.sum(axis=0), moves.T @ moves
    freedom = int(np.linalg.matrix_rank(spread, tol=1e-9 * max(float(np.trace(spread)), 1.0), hermitian=True))
    return float(total @ np.linalg.pinv(spread, rcond=1e-9, hermitian=True) @ total), freedom


def _before_and_after(judged: Judged, verdict: Floats, cut: Cut) -> tuple[Floats, Floats, int]:
    """Per annotator and item judged on both sides the shares (agree, tie) before and after, and the number of votes."""
    side = np.where(judged.annotator >= 0, sides(cut, judged.period), -1)
    item, place = np.nonzero(side >= 0)
    period, here = judged.period[item, place], side[item, place]
    # The last judgment before and the first after stand first.
    order = np.lexsort((np.where(here == 1, period, -period), here, judged.annotator[item, place], item))
    item, place, here = item[order], place[order], here[order]
    key = item * (int(judged.annotator.max()) + 1) + judged.annotator[item, place]
    first = np.flatnonzero(np.append(True, (np.diff(key) != 0) | (np.diff(here) != 0))) if key.size else key
    pairs = np.flatnonzero((np.diff(key[first]) == 0) & (here[first][:-1] == 0)) if first.size else first
    old, new = first[pairs], first[pairs + 1] if pairs.size else first[pairs]
    before, after = verdict[item[old], place[old]], verdict[item[new], place[new]]
    common = np.isfinite(before) & np.isfinite(after)
    n_pairs = common.sum(axis=1)
    told, safe = n_pairs > 0, np.maximum(n_pairs, 1)[:, None]
    shares = [
        np.stack([((side_of == value) & common).sum(axis=1) for value in (1, 0)], axis=1) / safe
        for side_of in (before, after)
    ]
    return shares[0][told], shares[1][told], int(2 * n_pairs[told].sum())
