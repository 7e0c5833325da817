"""What simulated responses are like: who wrote them, how good and how long they are, and what that goes with."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from prefqa import _simulate_text as text
from prefqa._simulate_drift import Plan
from prefqa._types import Floats, Ints

#: Quality gaps of items whose responses are all but the same are this narrow.
_ALIKE = 0.05


class Answers(NamedTuple):
    """Quality and standardised log length, [n_items, n_responses], and the numbers of the models, if any."""

    quality: Floats
    length_z: Floats
    model: Ints | None


def answers(
    quality: Floats,
    length_z: Floats,
    plan: Plan,
    week: Ints,
    category: Ints | None,
    own: list[np.random.Generator],
    settings: dict[str, Any],
) -> Answers:
    """Move standard normal quality and log length by what models, categories and planted changes do to them.

    `own` are generators for the models, and for what else is drawn by item.
    """
    n_items, n_responses = quality.shape
    rho = settings["correlation"] + plan.amount("correlation", week)
    if settings["topics"]:
        in_topic = own[1].random(n_items) < np.clip(settings["topics"] + plan.amount("topics", week), 0, 1)
        rho = rho * in_topic
    if rho.any():
        length_z = rho[:, None] * quality + np.sqrt(1 - rho**2)[:, None] * length_z
    model = _models(own[0], n_responses, plan, week, settings)
    if model is not None:
        n_models = settings["n_models"]
        mean = np.linspace(-0.5, 0.5, n_models)[model]
        improved = (model == n_models // 2) * plan.amount("improves", week)[:, None]
        quality, length_z = quality + mean + improved, length_z + mean
    alike = own[1].random(n_items) < plan.amount("alike", week) if plan.has("alike") else np.zeros(n_items, bool)
    gap = (1 + plan.amount("gaps", week)) * np.where(alike, _ALIKE, 1.0)
    quality = quality * gap[:, None]
    length_z = length_z * (1 + plan.amount("spread", week))[:, None] + plan.amount("longer", week)[:, None]
    if category is not None:
        c = settings["categories"] * text.category_scale()[category][:, None]
        quality, length_z = quality * np.exp(c), length_z + c
    return Answers(quality, length_z, model)


def _models(
    own: np.random.Generator, n_responses: int, plan: Plan, week: Ints, settings: dict[str, Any]
) -> Ints | None:
    """Models of each item's responses; with arrivals those of a window that moves from first to last."""
    n = settings["n_models"]
    if not n:
        return None
    odds = plan.amount("models", week)[:, None] * np.linspace(-1.0, 1.0, n) + own.gumbel(size=(week.size, n))
    if plan.has("arrivals"):
        leave = round(n * max(drift.size for drift in plan.drifts if drift.kind == "arrivals"))
        first = np.rint(n * plan.amount("arrivals", week)).astype(np.int64)[:, None]
        number = np.arange(n)
        odds = np.where((number >= first) & (number < n - leave + first), odds, -np.inf)
    return np.asarray(np.argsort(-odds, axis=1)[:, :n_responses])


def positions(rng: np.random.Generator, length_z: Floats, order: float) -> Ints:
    """Places on the screen of each judgment's responses, from 1: by chance, or the longer the earlier with `order`."""
    drawn = rng.random(length_z.shape)
    if not order:
        return np.argsort(drawn, axis=1).astype(np.int64) + 1
    return np.asarray(np.argsort(np.argsort(drawn - order * length_z, axis=1), axis=1).astype(np.int64) + 1)


def felt_length(length_z: Floats, linear: bool) -> Floats:
    """What the length weight multiplies: log length, or with `linear` the number of words, alike at the median."""
    return np.expm1(text.LOG_SPREAD * length_z) / text.LOG_SPREAD if linear else length_z
