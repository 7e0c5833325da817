"""Items judged on both sides of a cut: do the verdicts on the same responses differ more than within a side."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from prefqa._types import Bools, Floats, Ints
from prefqa.drift.again import Judged, judged_again
from prefqa.drift.cuts import Cut, by_period, cuts, sides
from prefqa.drift.periods import PERIOD, Periods
from prefqa.drift.relabel import relabelled

#: Labels are drawn so often; further only where fewer than `_STOP` of the first draws reach what was seen.
FIRST_DRAWS, ALL_DRAWS, _STOP = 99, 999, 10
POWER = 0.8
_MANY_ITEMS, _NOTHING = 1_000, 1e-9
_BLOCK = 1 << 21
_FORMS = ("anchors", "anchors_same_annotators")


class Told(NamedTuple):
    """Per place of an item the side (1 after, 0 before, -1 neither) and annotator, and the votes."""

    side: Ints
    annotator: Ints
    choice: Floats


class Found(NamedTuple):
    """Per item the energy distance, its parts and weight; and the same distance under drawn labels, summed."""

    energy: Floats
    between: Floats
    within: Floats
    weight: Floats
    drawn: Floats
    drawn_variance: float
    n_votes: int


def anchors(periods: Periods, *, reference: str | None, alpha: float, seed: int = 0) -> list[dict[str, Any]]:
    r"""Compare verdicts on items that were judged before and after, item by item.

    For votes y in {1, 0 (tie), -1} the disagreement of two judgments of an item is the mean of |y - y'| / 2 over the
    pairs of responses that both rank. Per item

    .. math:: E_i = \text{between} - (\text{within before} + \text{within after}) / 2,

    means over pairs of judgments (U-statistics), half the energy distance of the verdicts of both sides (Székely &
    Rizzo 2013): 0 in expectation while the rule holds, whatever the item's difficulty. Where a side has one judgment,
    the other side's mean stands for both; items with one on each side tell nothing. The statistic is
    :math:`\sum_i w_i E_i`, w = n_b n_a / (n_b + n_a).

    The p-value draws the labels before/after anew within items, their numbers kept, with odds equal to each
    annotator's share of work on the two sides (see `relabel.relabelled`): new people, and people who judge more than
    before, are no change of the rule. A judgment by somebody who worked on one side only keeps its label. One-sided,
    (1 + number of draws at least as large) / (1 + draws), with 99 draws where these say p > .1 and 999 else (Besag &
    Clifford 1991); from 1,000 items on by the normal law with the drawn variance.

    "anchors_same_annotators" is the same among annotators who worked on both sides; only it has an effect that new
    people cannot move. Neither sees a change that leaves each item's distribution of verdicts as it was.

    Returns:
        One row per form and cut: estimate (between), reference_estimate (within), difference, its jackknife error over
        items and 95 % interval, p_value, min_detectable at 80 % power, numbers of items and votes, or a reason.
    """
    every = cuts(by_period(periods).cells[PERIOD].to_list(), reference)
    judged, n_work = judged_again(periods)
    if not judged:
        return [
            {"detector": form, "period": None, "reference": None, "reason": "no item was judged in two periods"}
            for form in _FORMS
        ]
    found: dict[str, list[dict[str, Any]]] = {form: [] for form in _FORMS}
    for at, cut in enumerate(every):
        here = {"period": cut.period, "reference": cut.reference}
        both = (n_work @ cut.before > 0) & (n_work @ cut.after > 0)
        of_all = _compared(judged, n_work, cut, np.random.default_rng([seed, at]), alpha, both | True)
        alike = all(both[one.annotator[(one.annotator >= 0) & (sides(cut, one.period) >= 0)]].all() for one in judged)
        of_same = of_all if alike else _compared(judged, n_work, cut, np.random.default_rng([seed, at]), alpha, both)
        for form, row in zip(_FORMS, (of_all, of_same), strict=True):
            found[form].append({"detector": form} | here | row)
    return [row for form in _FORMS for row in found[form]]


def _compared(
    judged: list[Judged], n_work: Floats, cut: Cut, rng: np.random.Generator, alpha: float, counts: Bools
) -> dict[str, Any]:
    n_before, n_after = n_work @ cut.before, n_work @ cut.after
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = n_after / n_before
    told = [_told(one, counts, cut) for one in judged]
    told = [one for one in told if len(one.side)]
    parts = [_measured(one, odds, rng, FIRST_DRAWS) for one in told]
    energy, between, within, weight = (
        np.concatenate([np.zeros(0), *(getattr(part, name) for part in parts)])
        for name in ("energy", "between", "within", "weight")
    )
    n = int((weight > 0).sum())
    row: dict[str, Any] = {"n_items": n, "n_votes": sum(part.n_votes for part in parts)}
    if n < 2:
        return row | {"reason": "fewer than two items were judged on both sides, three times in all"}
    sd = float(np.sqrt(sum(part.drawn_variance for part in parts)))
    if sd < _NOTHING:
        return row | {"reason": "nobody judged on both sides: a changed rule and changed people cannot be told apart"}
    total, weights = float(weight @ energy), float(weight.sum())
    drawn = np.sum([part.drawn for part in parts], axis=0)
    if n >= _MANY_ITEMS:
        p_value = float(ndtr(-(total - float(drawn.mean())) / sd))
    else:
        if (drawn >= total - _NOTHING).sum() < _STOP:
            more = [_measured(one, odds, rng, ALL_DRAWS - FIRST_DRAWS).drawn for one in told]
            drawn = np.concatenate([drawn, np.sum(more, axis=0)])
        p_value = float((1 + (drawn >= total - _NOTHING).sum()) / (1 + drawn.size))
    difference = total / weights
    left_out = ((total - weight * energy) / (weights - weight))[weight > 0]
    se = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum()))
    half = float(stdtrit(n - 1, 0.975)) * se
    return row | {
        "estimate": float(weight @ between) / weights,
        "reference_estimate": float(weight @ within) / weights,
        "difference": difference,
        "se": se,
        "ci_low": difference - half,
        "ci_high": difference + half,
        "p_value": p_value,
        "min_detectable": float(ndtri(1 - alpha) + ndtri(POWER)) * sd / weights,
    }


def _told(judged: Judged, counts: Bools, cut: Cut) -> Told:
    """Items with a judgment on each side and a third one on either, of annotators that count."""
    side = np.where((judged.annotator >= 0) & counts[judged.annotator], sides(cut, judged.period), -1)
    n_after, n_before = (side == 1).sum(axis=1), (side == 0).sum(axis=1)
    told = (n_after > 0) & (n_before > 0) & (n_after + n_before > 2)
    return Told(side[told], judged.annotator[told], judged.choice[told])


def _measured(told: Told, odds: Floats, rng: np.random.Generator, n_draws: int) -> Found:
    side, annotator, choice = told
    weights_of_labels = np.where(side >= 0, odds[annotator], 0.0)
    per_block = max(1, _BLOCK // (n_draws * max(side.shape[1], 1)))
    found = []
    for at in range(0, len(side), per_block):
        block = slice(at, at + per_block)
        apart, known = _disagreement(choice[block], side[block] >= 0)
        labels = relabelled(rng, weights_of_labels[block], (side[block] == 1).sum(axis=1), n_draws)
        here, present = side[block] == 1, side[block] >= 0
        energy, between, within = _energy(here[:, None, :], present, apart, known)
        drawn, _, _ = _energy(labels, present, apart, known)
        after, before = here.sum(axis=1), (side[block] == 0).sum(axis=1)
        found.append((energy[:, 0], between[:, 0], within[:, 0], after * before / (after + before), drawn))
    energy, between, within, weight = (np.concatenate([part[k] for part in found]) for k in range(4))
    drawn = np.concatenate([part[4] for part in found])
    known = np.isfinite(energy)
    n_votes = int(np.isfinite(choice[known][side[known] >= 0]).sum())
    drawn = weight[:, None] * np.nan_to_num(drawn)
    energy, between, within, weight = (np.where(known, x, 0.0) for x in (energy, between, within, weight))
    return Found(energy, between, within, weight, drawn.sum(axis=0), float(drawn.var(axis=1).sum()), n_votes)


def _disagreement(choice: Floats, present: Bools) -> tuple[Floats, Floats]:
    """Mean |y - y'| / 2 of each two judgments of an item, and whether they have a pair of responses in common."""
    total = np.zeros((*present.shape, present.shape[1]))
    count = np.zeros_like(total)
    for pair in range(choice.shape[2]):
        y = choice[:, :, pair]
        there = np.isfinite(y) & present
        y = np.where(there, y, 0.0)
        common = there[:, :, None] & there[:, None, :]
        total += np.where(common, np.abs(y[:, :, None] - y[:, None, :]) / 2, 0.0)
        count += common
    known = (count > 0) & ~np.eye(present.shape[1], dtype=bool)
    return np.where(known, total / np.maximum(count, 1), 0.0), known.astype(np.float64)


def _energy(after: Bools, present: Bools, apart: Floats, known: Floats) -> tuple[Floats, Floats, Floats]:
    """Between, within and their difference for labels of shape (n_items, n_draws, n_places)."""
    a = (after & present[:, None, :]).astype(np.float64)
    b = present[:, None, :] - a

    def mean(one: Floats, other: Floats) -> Floats:
        total, count = ((one @ of * other).sum(axis=2) for of in (apart, known))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(total / count)

    between, in_after, in_before = mean(a, b), mean(a, a), mean(b, b)
    in_after = np.where(np.isnan(in_after), in_before, in_after)
    within = (in_after + np.where(np.isnan(in_before), in_after, in_before)) / 2
    return between - within, between, within
