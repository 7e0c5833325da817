"""Who judges what, and when, in a simulated campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from prefqa._simulate_drift import Plan
from prefqa._types import Bools, Floats, Ints

WEEK_S = 7 * 86_400
_DAY_START_S, _DAY_LENGTH_S = 8 * 3_600, 10 * 3_600
_BLOCK = 1 << 14


@dataclass(frozen=True)
class People:
    """Per annotator: reliability, whether a spammer, and the own length and position weights."""

    reliability: Floats
    is_spammer: Bools
    length: Floats
    position: Floats

    @classmethod
    def drawn(
        cls,
        rng: np.random.Generator,
        own: np.random.Generator,
        n: int,
        reliability: tuple[float, float],
        spammers: float,
        habits: float,
    ) -> People:
        """Draw n people; their habits by a generator of its own."""
        skill = rng.beta(*reliability, n)
        is_spammer = np.zeros(n, bool)
        is_spammer[rng.permutation(n)[: round(spammers * n)]] = True
        length, position = habits * own.standard_normal((2, n))
        return cls(np.where(is_spammer, 0.0, skill), is_spammer, length, position)

    def and_also(self, others: People) -> People:
        """Return these people followed by others."""
        pairs = zip(vars(self).values(), vars(others).values(), strict=True)
        return People(*(np.concatenate(pair) for pair in pairs))


class Work(NamedTuple):
    """Per judgment: item, annotator, attempt (0 for the first of this annotator on this item), week from 0."""

    item: Ints
    annotator: Ints
    attempt: Ints
    week: Ints


def assign(rng: np.random.Generator, item_week: Ints, n_annotators: int, per_item: int, repeats: float) -> Work:
    """Give each item to `per_item` annotators, each subset alike; some judge it once more.

    Each item draws without replacement: the next draw counts only the annotators not yet drawn, and is shifted
    past those that are, in ascending order.
    """
    n_items = item_week.size
    drawn = np.empty((n_items, per_item), np.int64)
    for j in range(per_item):
        pick = rng.integers(0, n_annotators - j, n_items)
        for taken in np.sort(drawn[:, :j], axis=1).T:
            pick += pick >= taken
        drawn[:, j] = pick
    again = 1 + (rng.random(drawn.size) < repeats)
    annotator = np.repeat(np.sort(drawn, axis=1).reshape(-1), again)
    item = np.repeat(np.repeat(np.arange(n_items), per_item), again)
    attempt = np.arange(again.sum()) - np.repeat(np.cumsum(again) - again, again)
    return Work(item, annotator, attempt, item_week[item])


def moved(own: np.random.Generator, work: Work, plan: Plan, liking: Floats, per_item: int) -> Work:
    """Draw the annotators of an item anew by their liking where the workload has moved."""
    tilt = plan.amount("workload", np.arange(work.week.max() + 1))[work.week]
    places = np.concatenate([[True], (np.diff(work.item) != 0) | (np.diff(work.annotator) != 0)])
    first = np.flatnonzero(places)
    annotator_of_place = work.annotator[first].copy()
    touched = np.flatnonzero(tilt[first].reshape(-1, per_item)[:, 0] != 0)
    for at in range(0, touched.size, _BLOCK):
        block = touched[at : at + _BLOCK]
        score = tilt[first].reshape(-1, per_item)[block, :1] * liking + own.gumbel(size=(block.size, liking.size))
        chosen = np.sort(np.argpartition(-score, per_item - 1, axis=1)[:, :per_item], axis=1)
        annotator_of_place.reshape(-1, per_item)[block] = chosen
    return work._replace(annotator=annotator_of_place[np.cumsum(places) - 1])


def anchored(own: np.random.Generator, n_anchors: int, weeks: int, n_annotators: int, per_item: int) -> Work:
    """Have the first items judged once more in each later week."""
    n = n_anchors * (weeks - 1)
    chosen = np.argsort(own.random((n, n_annotators)), axis=1)[:, :per_item].reshape(-1)
    week = np.repeat(np.tile(np.arange(1, weeks), n_anchors), per_item)
    item = np.repeat(np.arange(n_anchors), (weeks - 1) * per_item)
    return Work(item, chosen, week + 1, week)


def replaced(work: Work, plan: Plan, n_annotators: int) -> tuple[Work, int]:
    """Give the judgments of replaced annotators to new people, numbered on; return also how many these are."""
    share = plan.amount("pool", np.arange(int(work.week.max(initial=0)) + 1))
    goes = plan.place < np.ceil(n_annotators * share.max(initial=0.0) - 1e-9)
    gone = plan.place[work.annotator] < np.ceil(n_annotators * share[work.week] - 1e-9)
    newcomer = n_annotators + np.cumsum(goes) - 1
    return work._replace(annotator=np.where(gone, newcomer[work.annotator], work.annotator)), int(goes.sum())


def seconds(rng: np.random.Generator, week: Ints) -> Ints:
    """Seconds since the start: the week, a working day, a moment in working hours, in microseconds."""
    whole = week * WEEK_S + rng.integers(0, 5, week.size) * 86_400 + _DAY_START_S
    return np.asarray(whole * 1_000_000 + rng.integers(0, _DAY_LENGTH_S * 1_000_000, week.size))


def source_of_copies(own: np.random.Generator, work: Work, copies: Bools, may_be_copied: Bools, weeks: int) -> Ints:
    """Per judgment, the judgment that it repeats: its own number unless it copies and there is one to copy from."""
    source = np.arange(work.item.size)
    group = work.item * weeks + work.week
    donors = own.permutation(np.flatnonzero(may_be_copied))
    groups, first = np.unique(group[donors], return_index=True)
    at = np.searchsorted(groups, group).clip(max=max(groups.size - 1, 0))
    if groups.size:
        found = copies & (groups[at] == group)
        source[found] = donors[first[at[found]]]
    return source


@dataclass(frozen=True)
class Campaign:
    """People and their work. `place` is the number of the annotator whose place a judgment's author took, if any."""

    people: People
    plan: Plan
    work: Work
    place: Ints
    offset_us: Ints

    @property
    def week(self) -> Floats:
        """Weeks since the start, with their fraction."""
        return np.asarray(self.offset_us / (WEEK_S * 1_000_000))


def campaign(rng: np.random.Generator, own: list[np.random.Generator], settings: dict[str, Any]) -> Campaign:
    """Draw the annotators and give them the items, week by week."""
    n, per_item, weeks = (settings[name] for name in ("n_annotators", "annotators_per_item", "weeks"))
    kind = settings["reliability"], settings["spammers"], settings["habits"]
    crew = People.drawn(rng, own[0], n, *kind)
    plan = Plan.of(settings["drifts"], settings["seed"], crew.is_spammer)
    work = assign(rng, item_weeks(settings), n, per_item, settings["repeats"])
    offset_us = seconds(rng, work.week)
    if plan.has("workload"):
        work = moved(own[1], work, plan, crew.length / settings["habits"], per_item)
    if settings["anchors"]:
        more = anchored(own[2], settings["anchors"], weeks, n, per_item)
        work = Work(*(np.concatenate(pair) for pair in zip(work, more, strict=True)))
        offset_us = np.concatenate([offset_us, seconds(own[2], more.week)])
    place = work.annotator
    work, n_new = replaced(work, plan, n)
    if n_new:
        crew = crew.and_also(People.drawn(own[3], own[3], n_new, *kind))
    return Campaign(crew, plan, work, place, offset_us)


def item_weeks(settings: dict[str, Any]) -> Ints:
    """Week of each item: they are spread evenly, in order."""
    return np.asarray(np.arange(settings["n_items"]) * settings["weeks"] // settings["n_items"])
