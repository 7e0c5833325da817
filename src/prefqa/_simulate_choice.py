"""How simulated annotators feel for responses, and rank them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from prefqa._simulate_drift import DriftKind
from prefqa._simulate_people import Campaign
from prefqa._types import Bools, Floats, Ints


def utility(
    rng: np.random.Generator,
    campaign: Campaign,
    quality: Floats,
    length_z: Floats,
    criteria: Floats,
    position: Ints,
    settings: dict[str, Any],
) -> tuple[Floats, Floats]:
    """What each judgment's author feels for the responses, and the tie threshold of the time."""
    crew, work = campaign.people, campaign.work

    def weight(kind: DriftKind, base: Floats | float) -> Floats:
        return base + campaign.plan.amount(kind, campaign.week, campaign.place)

    shown_first = (position.shape[1] + 1 - 2 * position) / max(position.shape[1] - 1, 1)
    careful = crew.reliability[work.annotator] * (1 - np.clip(weight("care", 0.0), 0.0, 1.0))
    signal = quality[work.item]
    kinds: tuple[DriftKind, DriftKind] = ("criterion", "style")
    for kind, other in zip(kinds, criteria, strict=True):
        if campaign.plan.has(kind):
            share = np.clip(weight(kind, 0.0), 0.0, 1.0)[:, None]
            signal = np.sqrt(1 - share**2) * signal + share * other[work.item]
    length = weight("length", settings["length_bias"] + crew.length[work.annotator])
    signal += length[:, None] * length_z[work.item]
    signal += weight("position", settings["position_bias"] + crew.position[work.annotator])[:, None] * shown_first
    utility = careful[:, None] * signal + (1 - careful)[:, None] * rng.gumbel(size=signal.shape)
    return utility, weight("ties", settings["tie_threshold"])


def ranked(utility: Floats, tie_threshold: Floats, is_missing: Bools) -> Ints:
    """Competition ranks by falling utility, 0 where missing; neighbours nearer than the threshold tie."""
    utility = np.where(is_missing, -np.inf, utility)
    order = np.argsort(-utility, axis=1, kind="stable")
    ordered = np.take_along_axis(utility, order, axis=1)
    place = np.broadcast_to(np.arange(1, utility.shape[1] + 1), utility.shape)
    with np.errstate(invalid="ignore"):
        apart = ordered[:, :-1] - ordered[:, 1:] >= tie_threshold[:, None]
    opens = np.concatenate([np.ones((utility.shape[0], 1), bool), apart], axis=1)
    rank_in_order = np.maximum.accumulate(np.where(opens, place, 0), axis=1)
    ranks = np.empty(utility.shape, np.int64)
    np.put_along_axis(ranks, order, rank_in_order, axis=1)
    return np.where(is_missing, 0, ranks)


def strength(utility: Floats, ranks: Ints, cuts: Sequence[float], own_use: Floats) -> Floats:
    """Strength of each vote on two responses, from 1, by the difference of utilities; NaN for ties and no votes."""
    gap = np.abs(utility[:, 0] - utility[:, 1])
    grade = 1 + (gap[:, None] >= own_use[:, None] * np.asarray(cuts)).sum(axis=1)
    decided = (ranks > 0).all(axis=1) & (ranks[:, 0] != ranks[:, 1])
    return np.where(decided, grade, np.nan).astype(np.float64)
