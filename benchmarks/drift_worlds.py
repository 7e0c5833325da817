"""A second generator of campaigns, which shares nothing with `prefqa.simulate` but the names of what is planted.

Choices are Thurstone's (case III): of every response an annotator has an impression, its worth for the own camp plus
an error of Student's t with 3 degrees of freedom times the annotator's own standard deviation (lognormal), and ranks
by it. There are two camps with different, correlated ideas of quality; items differ in how far apart their responses
are (lognormal); annotators lapse now and then and rank by chance; two impressions within a share of the annotator's own
error tie; being shown first is worth something, and no other place is; lengths are lognormal with a mean of their own
for every item. Nothing here follows a logistic law, and the quality gaps are not normal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

import prefqa

START = datetime(2025, 1, 6, tzinfo=UTC)
_WEEK_S = 7 * 86_400
#: Lapses, spread of the annotators' errors (log), correlation of the camps' qualities, spread of items (log).
_LAPSE, _PEOPLE, _CAMPS, _ITEMS = 0.03, 0.35, 0.6, 0.5
_LOG_LENGTH = 0.5


@dataclass(frozen=True)
class Truth:
    """What was planted, as far as the benchmark asks."""

    drifts: pl.DataFrame
    settings: dict[str, Any]


@dataclass(frozen=True)
class World:
    """A campaign and its truth."""

    preferences: prefqa.Preferences
    truth: Truth


def draw(
    n_items: int,
    n_responses: int,
    *,
    seed: int,
    weeks: int,
    drifts: list[prefqa.Drift],
    n_annotators: int = 20,
    annotators_per_item: int = 3,
    habits: float = 0.3,
    length_bias: float = 0.3,
    position_bias: float = 0.1,
    tie_threshold: float = 0.1,
    reliability: tuple[float, float] | None = None,
    categories: float = 0.0,
    n_models: int | None = None,
    correlation: float = 0.0,
    topics: float = 0.0,
    order: float = 0.0,
    linear: bool = False,
    reward: float | None = None,
    anchors: int = 0,
    gold: float = 0.0,
    guideline_versions: int = 1,
) -> World:
    """Draw a campaign; arguments mean what they mean in `simulate`, by this world's own law of choice."""
    rng = np.random.default_rng([seed, 77])
    item_week = np.arange(n_items) * weeks // n_items

    def strength(drift: prefqa.Drift, week: Any) -> Any:
        if drift.gradual:
            return np.clip((week - drift.at_week) / drift.gradual, 0, 1)
        return (week >= drift.at_week).astype(float)

    def amount(kind: str, week: Any, place: Any = None) -> Any:
        total = np.zeros(np.shape(week))
        for drift in drifts:
            if drift.kind == kind:
                takes = 1.0 if place is None else place < max(1, round(drift.annotators * n_annotators))
                total = total + drift.size * strength(drift, week) * takes
        return total

    # Answers.
    shape = (n_items, n_responses)
    general = rng.normal(size=shape)
    own = rng.normal(size=(2, *shape))
    far = np.exp(_ITEMS * rng.normal(size=(n_items, 1)) - _ITEMS**2)
    gap = (
        far[:, 0]
        * (1 + amount("gaps", item_week))
        * np.where(rng.random(n_items) < amount("alike", item_week), 0.05, 1)
    )
    rho = np.full(n_items, correlation) + amount("correlation", item_week)
    if topics:
        rho = rho * (rng.random(n_items) < topics + amount("topics", item_week))
    length_z = rho[:, None] * general + np.sqrt(1 - rho**2)[:, None] * rng.normal(size=shape)
    model_columns: dict[str, Any] = {}
    bonus = np.zeros(shape)
    if n_models:
        odds = amount("models", item_week)[:, None] * np.linspace(-1, 1, n_models) + rng.gumbel(
            size=(n_items, n_models)
        )
        leave = round(n_models * max([d.size for d in drifts if d.kind == "arrivals"], default=0))
        first = np.rint(n_models * amount("arrivals", item_week)).astype(int)[:, None]
        number = np.arange(n_models)
        odds = np.where((number >= first) & (number < n_models - leave + first), odds, -np.inf)
        model = np.argsort(-odds, axis=1)[:, :n_responses]
        worth = np.linspace(-0.6, 0.6, n_models)
        bonus = worth[model] + (model == n_models // 2) * amount("improves", item_week)[:, None]
        length_z = length_z + worth[model]
        model_columns["model"] = [f"m{one:02d}" for one in model.ravel()]
    quality = [general * np.sqrt(_CAMPS) + np.sqrt(1 - _CAMPS) * q for q in own]
    category = rng.integers(0, 5, n_items)
    if categories:
        tilt = np.exp(amount("prompts", item_week)[:, None] * np.linspace(-1, 1, 5))
        category = (rng.random(n_items)[:, None] > np.cumsum(tilt / tilt.sum(axis=1, keepdims=True), axis=1)).sum(
            axis=1
        )
        c = categories * np.linspace(-1, 1, 5)[category]
        gap, length_z = gap * np.exp(c), length_z + c[:, None]
    quality = [gap[:, None] * (q + bonus) for q in quality]
    length_z = length_z * (1 + amount("spread", item_week))[:, None] + amount("longer", item_week)[:, None]
    words = np.clip(np.rint(90 * np.exp(_LOG_LENGTH * (length_z + 0.6 * rng.normal(size=(n_items, 1))))), 3, None)
    felt = (words / 90 - 1) / _LOG_LENGTH if linear else length_z
    style, hidden = rng.normal(size=(2, *shape))

    # People: everybody has a place in the planted changes; new people take places.
    place_of = rng.permutation(n_annotators)
    n_new = int(np.ceil(n_annotators * amount("pool", np.array([weeks]))[0]))
    people = n_annotators + n_new
    spread = _PEOPLE if reliability is None else 2.5 * _PEOPLE
    error = 0.55 * np.exp(spread * rng.normal(size=people))
    camp = rng.integers(0, 2, people)
    likes_length, likes_first = habits * rng.normal(size=(2, people))

    # Who judges what.
    base = np.repeat(np.arange(n_items), annotators_per_item)
    week = item_week[base]
    likes = amount("workload", week)[::annotators_per_item, None] * likes_length[:n_annotators] / max(habits, 1e-9)
    keys = likes + rng.gumbel(size=(n_items, n_annotators))
    who = np.argsort(-keys, axis=1)[:, :annotators_per_item].ravel()
    if anchors:
        again = np.tile(np.arange(anchors), weeks - 1)
        when = np.repeat(np.arange(1, weeks), anchors)
        more = np.argsort(rng.random((again.size, n_annotators)), axis=1)[:, :annotators_per_item].ravel()
        base = np.append(base, np.repeat(again, annotators_per_item))
        week = np.append(week, np.repeat(when, annotators_per_item))
        who = np.append(who, more)
    place = place_of[who]
    seconds = week * _WEEK_S + rng.integers(0, 5 * 86_400, week.size)
    time = seconds / _WEEK_S
    goes = place < np.ceil(n_annotators * amount("pool", week) - 1e-9)
    who = np.where(goes, n_annotators + place, who)

    # Choices.
    drawn = rng.random((base.size, n_responses)) - order * length_z[base]
    position = np.argsort(np.argsort(drawn, axis=1), axis=1) + 1
    signal = np.where(camp[who][:, None] == 0, quality[0][base], quality[1][base])
    for kind, other in (("criterion", hidden), ("style", style)):
        share = amount(kind, time, place)[:, None]
        signal = np.sqrt(1 - share**2) * signal + share * other[base]
    signal = signal + (length_bias + likes_length[who] + amount("length", time, place))[:, None] * felt[base]
    first_is_worth = 1.5 * (position_bias + likes_first[who] + amount("position", time, place))
    signal = signal + first_is_worth[:, None] * (position == 1)
    care = np.clip(1 - amount("care", time, place), 0.0, 1.0)
    noise = error[who] / np.maximum(care**2, 1e-3)
    impression = signal + noise[:, None] * rng.standard_t(3, size=signal.shape)
    lapse = rng.random(who.size) < _LAPSE
    impression[lapse] = rng.normal(size=(int(lapse.sum()), n_responses))
    threshold = (tie_threshold + amount("ties", time, place)) * 2 * error[who]
    ranking = np.argsort(-impression, axis=1)
    ordered = np.take_along_axis(impression, ranking, axis=1)
    opens = np.append(np.ones((who.size, 1), bool), ordered[:, :-1] - ordered[:, 1:] >= threshold[:, None], axis=1)
    in_order = np.maximum.accumulate(np.where(opens, np.arange(1, n_responses + 1), 0), axis=1)
    ranks = np.empty_like(in_order)
    np.put_along_axis(ranks, ranking, in_order, axis=1)
    copies = amount("copy", time, place) > rng.random(who.size)
    for at in np.flatnonzero(copies):
        others = np.flatnonzero(base[max(0, at - 3) : at + 4] == base[at]) + max(0, at - 3)
        others = others[(others != at) & ~copies[others]]
        if others.size:
            ranks[at] = ranks[others[0]]

    # Tables.
    items, names = np.array([f"q{one:06d}" for one in range(n_items)]), [f"x{k}" for k in range(n_responses)]
    n = who.size * n_responses
    judgments = pl.DataFrame(
        {
            "item_id": np.repeat(items[base], n_responses),
            "annotator_id": np.repeat(np.array([f"w{one:02d}" for one in range(people)])[who], n_responses),
            "judgment_id": np.repeat(np.arange(who.size), n_responses).astype(str),
            "response_id": np.tile(names, who.size),
            "rank": ranks.ravel(),
            "position": position.ravel(),
            "created_at": pl.Series(
                np.repeat(seconds, n_responses) * 1_000_000 + int(START.timestamp()) * 1_000_000
            ).cast(pl.Datetime("us", "UTC")),
        }
    )
    assert judgments.height == n
    if guideline_versions > 1:
        version = np.repeat(week * guideline_versions // weeks, n_responses)
        judgments = judgments.with_columns(guideline_version=pl.Series([f"v{one}" for one in version]))
    if gold:
        known = rng.permutation(n_items)[: round(gold * n_items)]
        true = np.argsort(np.argsort(-(quality[0] + quality[1]), axis=1), axis=1) + 1
        is_gold = np.isin(base, known)
        judgments = judgments.with_columns(
            is_gold=pl.Series(np.repeat(is_gold, n_responses)), gold_rank=pl.Series(true[base].ravel())
        ).with_columns(gold_rank=pl.when("is_gold").then("gold_rank"))
    responses = pl.DataFrame(
        {"item_id": np.repeat(items, n_responses), "response_id": np.tile(names, n_items), "n_words": words.ravel()}
        | model_columns
    ).with_columns(pl.col("n_words").cast(pl.Int64))
    if reward is not None:
        seen = (quality[0] + quality[1]) / 2 + reward * rng.normal(size=shape)
        responses = responses.with_columns(reward=pl.Series(seen.ravel()))
    if any(d.kind == "style" for d in drifts):
        responses = responses.with_columns(style=pl.Series(style.ravel()))
    topic = pl.DataFrame({"item_id": items, "category": pl.Series([f"c{one}" for one in category])})
    prefs = prefqa.Preferences.from_long(judgments, responses=responses, items=topic)
    return World(prefs, _truth(drifts, place_of, weeks))


def _truth(drifts: list[prefqa.Drift], place_of: Any, weeks: int) -> Truth:
    n = place_of.size
    rows = [
        {
            "kind": drift.kind,
            "since": drift.at_week,
            "changes_rule": drift.changes_rule,
            "annotators": [f"w{at:02d}" for at in np.flatnonzero(place_of < max(1, round(drift.annotators * n)))]
            if drift.changes_rule
            else None,
        }
        for drift in drifts
    ]
    schema: dict[str, Any] = {
        "kind": pl.String, "since": pl.Int64, "changes_rule": pl.Boolean, "annotators": pl.List(pl.String)
    }  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return Truth(frame.with_columns(since=pl.lit(START) + pl.duration(weeks="since")), {"weeks": weeks})
