"""Campaigns with planted truth: for the demo, for tests and benchmarks, and for planning one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from prefqa import _simulate_choice as choice
from prefqa import _simulate_people as people
from prefqa import _simulate_text as text
from prefqa._simulate_answers import answers, felt_length, positions
from prefqa._simulate_drift import Drift, as_drifts
from prefqa._types import Floats, Ints
from prefqa._words import formatted
from prefqa.errors import UsageError
from prefqa.preferences import Preferences, Source

__all__ = ["START", "Drift", "Simulation", "Truth", "simulate"]

#: Arguments without which a planted change would change nothing.
NEEDS = {
    "prompts": "categories", "models": "n_models", "arrivals": "n_models", "improves": "n_models", "workload": "habits",
    "topics": "topics",
}  # fmt: skip
#: Simulated campaigns begin on this Monday.
START = datetime(2025, 1, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Truth:
    """What was planted.

    `items`: item_id, response_id, quality, true_rank (by quality, 1 = best). `annotators`: annotator_id, reliability,
    kind ("careful" or "spammer"; a spammer's reliability is 0), length_weight and position_weight (their own, beside
    everybody's). `drifts`: kind, since, size, gradual, changes_rule, annotators, one row per planted change.
    `settings`: the arguments of `simulate`.
    """

    items: pl.DataFrame
    annotators: pl.DataFrame
    drifts: pl.DataFrame
    settings: dict[str, Any]


@dataclass(frozen=True)
class Simulation:
    """Simulated preferences, and the truth they were drawn from."""

    preferences: Preferences
    truth: Truth


def simulate(
    n_items: int = 300,
    n_responses: int = 4,
    n_annotators: int = 12,
    annotators_per_item: int = 3,
    *,
    seed: int = 0,
    reliability: tuple[float, float] = (4.0, 2.0),
    spammers: float = 0.1,
    position_bias: float = 0.0,
    length_bias: float = 0.0,
    tie_threshold: float = 0.05,
    missing: float = 0.0,
    repeats: float = 0.0,
    weeks: int = 12,
    guideline_versions: int = 1,
    drift: Drift | Sequence[Drift] | None = None,
    habits: float = 0.0,
    categories: float = 0.0,
    n_models: int | None = None,
    correlation: float = 0.0,
    topics: float = 0.0,
    order: float = 0.0,
    linear: bool = False,
    reward: float | None = None,
    anchors: int = 0,
    gold: float = 0.0,
    texts: bool = True,
    grades: Sequence[float] | None = None,
    grade_habits: float = 0.0,
) -> Simulation:
    """Draw a campaign in which everything is known: how good each response is, and how each annotator judges.

    Annotator k feels for response j of item i the utility

        u = r_k * (quality_ij + (length_bias + a_k) * z_ij + (position_bias + b_k) * s_kij) + (1 - r_k) * g

    with quality ~ N(0, 1); z the standardised log length of the response; s from +1 for the response shown first
    down to -1 for the last; a and b ~ N(0, habits²) the annotator's own weights; g standard Gumbel noise, drawn anew
    for each judgment and response; and r_k ~ Beta(*reliability), 0 for spammers, who so rank at random. With neither
    ties nor biases a ranking thus follows the Plackett-Luce model with worths exp(quality * r / (1 - r)). Responses are
    ranked by u; a response less than `tie_threshold` below the next better one ties with it. Ranks are competition
    ranks (1, 1, 3).

    Items are spread evenly over the weeks, in order of item_id; all judgments of an item fall into its week.
    Everything is drawn by numpy's default generator: the same arguments give the same campaign.

    Args:
        n_items, n_responses, n_annotators: size of the campaign.
        annotators_per_item: distinct annotators, drawn with equal probability for each item.
        seed: of the generator.
        reliability: parameters of the Beta distribution of reliabilities; 1 is an annotator without noise.
        spammers: share of the annotators who judge at random (rounded to whole people).
        position_bias, length_bias: weights in standard deviations of quality.
        tie_threshold: the utility difference below which an annotator sees no difference; 0 for no ties.
        missing: probability that a response is left unranked in a judgment (partial rankings).
        repeats: probability that an annotator judges an item a second time, afresh, with its own judgment_id.
        weeks, guideline_versions: the campaign's length, and into how many versions it is cut evenly.
        drift: one planted change, several, or None.
        habits: standard deviation of the annotators' own length and position weights.
        categories: how far categories differ: in category c, from -1 to 1 in equal steps, quality gaps are multiplied
            by exp(categories * c) and lengths grow by categories * c standard deviations.
        n_models: so many models, of which each item has `n_responses` different ones; from the first to the last their
            mean quality and mean log length rise by one standard deviation. Without it each item has the same models.
        correlation: of log length with quality. topics: share of the items that have this correlation, in the others it
            is 0; 0 for all of them.
        order: how much the longer responses tend to be shown first, where 0 is an order by chance.
        linear: whether length counts by the number of words, in place of its logarithm.
        reward: noise, in standard deviations of quality, of a score of quality that responses record as `reward`.
        anchors: so many items of the first week are judged again in every later week, by annotators drawn anew.
        gold: share of the items whose true ranks are known, as `gold_rank`, where `is_gold`.
        grades: votes on two responses have a strength: 1 where their utilities differ by less than the first of these
            numbers, 2 by less than the second, and so on.
        grade_habits: standard deviation of the logarithm of a factor of `grades` that each annotator has of its own.
        texts: whether to write prompts and responses; without them a campaign is drawn three times faster.

    Returns:
        Simulation. Its judgments have item_id, annotator_id, response_id, judgment_id, rank, created_at, position,
        duration_s, guideline_version, batch (one per week), with gold is_gold and gold_rank, with grades strength;
        responses have model, n_words and text; items category and prompt.

    Example:
        >>> campaign = simulate(n_items=2, n_annotators=3, seed=1)
        >>> campaign.preferences.judgments.collect().height
        24
    """
    drifts = as_drifts(drift)
    settings = dict(locals()) | {"drift": [asdict(one) for one in drifts]}
    del settings["drifts"]
    _validate(settings, drifts)
    rng = np.random.default_rng(seed)
    # What was asked for beyond the plain campaign has generators of its own, so that it leaves the rest as it was.
    own = [np.random.default_rng([seed, number]) for number in range(2, 12)]
    quality = rng.standard_normal((n_items, n_responses))
    length_z = rng.standard_normal((n_items, n_responses))
    campaign = people.campaign(rng, own, settings | {"drifts": drifts})
    plan, work, item_week = campaign.plan, campaign.work, people.item_weeks(settings)
    category = text.category(own[4], plan.amount("prompts", item_week)) if categories else None
    quality, length_z, model = answers(quality, length_z, plan, item_week, category, [own[5], own[9]], settings)
    criteria = own[6].standard_normal((2, n_items, n_responses))

    position = positions(rng, length_z[work.item], order)
    utility, threshold = choice.utility(
        rng, campaign, quality, felt_length(length_z, linear), criteria, position, settings
    )
    ranks = choice.ranked(utility, threshold, rng.random(utility.shape) < missing)
    strength = None
    if grades is not None:
        own_use = np.exp(grade_habits * np.random.default_rng([seed, 12]).standard_normal(n_annotators))
        strength = choice.strength(utility, ranks, grades, own_use[work.annotator])
    if plan.has("copy"):
        copies = own[7].random(work.item.size) < plan.amount("copy", campaign.week, campaign.place)
        honest = ~plan.takes_part("copy")[campaign.place]
        source = people.source_of_copies(own[7], work, copies, honest, weeks)
        ranks, strength = ranks[source], None if strength is None else strength[source]
    pace = np.where(campaign.people.is_spammer[work.annotator], 1.0, 6.0) * n_responses
    duration_s = np.round(pace * rng.lognormal(0.0, 0.4, work.item.size), 1)

    names = text.Names.of(n_items, n_responses, campaign.people.reliability.size)
    judgments = _judgments(names, work, ranks, position, campaign.offset_us, duration_s)
    judgments = judgments.with_columns(
        guideline_version=formatted("v{}", pl.lit(1) + pl.col("_week") * guideline_versions // weeks)
    ).drop("_week")
    if strength is not None:
        judgments = judgments.with_columns(strength=pl.Series(np.repeat(strength, n_responses)).fill_nan(None))
    truth = _truth(names, quality, campaign, settings)
    if gold:
        known = names.items.gather(np.sort(own[8].permutation(n_items)[: round(gold * n_items)]))
        judgments = _with_gold(judgments, truth.items, known)
    responses = text.responses(rng, names, text.n_words(length_z), model, texts=texts)
    if reward is not None:
        noise = reward * own[9].standard_normal(quality.shape)
        responses = responses.with_columns(reward=pl.Series((quality + noise).reshape(-1)))
    if plan.has("style"):
        responses = responses.with_columns(style=pl.Series(criteria[1].reshape(-1)))
    preferences = Preferences.from_long(
        judgments,
        source=Source("simulated", "rankings", f"simulated rankings of {n_responses} responses, seed {seed}"),
        responses=responses,
        items=text.items(rng, names, category, texts=texts),
    )
    return Simulation(preferences, truth)


def _validate(settings: dict[str, Any], drifts: Sequence[Drift]) -> None:
    for name in ("n_items", "n_responses", "n_annotators", "annotators_per_item", "weeks", "guideline_versions"):
        if settings[name] < 1:
            raise UsageError(f"{name} must be at least 1, not {settings[name]}")
    for name in ("spammers", "missing", "repeats", "gold"):
        if not 0 <= settings[name] <= 1:
            raise UsageError(f"{name} is a share from 0 to 1, not {settings[name]}")
    if settings["annotators_per_item"] > settings["n_annotators"]:
        raise UsageError(
            f"annotators_per_item={settings['annotators_per_item']} needs as many annotators, "
            f"and n_annotators={settings['n_annotators']}"
        )
    for name in ("correlation", "topics"):
        ends = [settings[name], settings[name] + sum(one.size for one in drifts if one.kind == name)]
        if max(map(abs, ends)) > 1 or (name == "topics" and min(ends) < 0):
            raise UsageError(f"{name} must stay within -1 and 1, not go from {ends[0]:g} to {ends[1]:g}")
    if min(settings["reliability"]) <= 0:
        raise UsageError(f"reliability takes two positive Beta parameters, not {settings['reliability']}")
    cuts = settings["grades"]
    if cuts is not None and (settings["n_responses"] != 2 or not all(a < b for a, b in pairwise((0.0, *cuts)))):
        raise UsageError("grades needs n_responses=2 and numbers above 0 that rise, one less than there are strengths")
    if settings["n_models"] is not None and settings["n_models"] < settings["n_responses"]:
        raise UsageError(f"n_models must be at least n_responses={settings['n_responses']}")
    if not 0 <= settings["anchors"] * settings["weeks"] <= settings["n_items"]:
        raise UsageError("anchors must be items of the first week: at most n_items / weeks of them")
    _validate_drifts(settings, drifts)


def _validate_drifts(settings: dict[str, Any], drifts: Sequence[Drift]) -> None:
    for drift in drifts:
        drift.check()
        needed = NEEDS.get(drift.kind)
        if needed and not settings[needed]:
            raise UsageError(f"drift of kind {drift.kind!r} needs {needed}=")


def _judgments(
    names: text.Names, work: people.Work, ranks: Ints, position: Ints, offset_us: Ints, duration_s: Floats
) -> pl.DataFrame:
    """One row per judgment and response, from one row per judgment."""
    n, k = ranks.shape
    start_us = int(START.timestamp()) * 1_000_000
    per_judgment = pl.DataFrame(
        {
            "item_id": names.items.gather(work.item),
            "annotator_id": names.annotators.gather(work.annotator),
            "_week": work.week,
            "duration_s": duration_s,
        }
    ).with_columns(
        judgment_id=formatted("{}/{}/{}", "item_id", "annotator_id", pl.Series("attempt", work.attempt + 1)),
        created_at=pl.Series(start_us + offset_us).cast(pl.Datetime("us", "UTC")),
        batch=formatted("week-{}", (pl.col("_week") + 1).cast(pl.String).str.zfill(2)),
    )
    row = np.repeat(np.arange(n, dtype=np.uint32), k)
    return per_judgment.select("item_id", "annotator_id", "judgment_id", "created_at", "batch", "duration_s", "_week")[
        row
    ].with_columns(
        response_id=names.responses.gather(np.tile(np.arange(k), n)),
        rank=pl.Series(ranks.reshape(-1)).replace(0, None),
        position=pl.Series(position.reshape(-1)),
    )


def _with_gold(judgments: pl.DataFrame, truth: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    """Add is_gold, and the true rank of responses of gold items."""
    answers = truth.filter(pl.col("item_id").is_in(known.implode()))
    answers = answers.select("item_id", "response_id", gold_rank="true_rank")
    joined = judgments.join(answers, on=["item_id", "response_id"], how="left", maintain_order="left")
    return joined.with_columns(is_gold=pl.col("gold_rank").is_not_null())


def _truth(names: text.Names, quality: Floats, campaign: people.Campaign, settings: dict[str, Any]) -> Truth:
    crew = campaign.people
    true_rank = np.argsort(np.argsort(-quality, axis=1), axis=1) + 1
    items = names.keys().with_columns(
        quality=pl.Series(quality.reshape(-1)), true_rank=pl.Series(true_rank.reshape(-1))
    )
    annotators = pl.DataFrame(
        {
            "annotator_id": names.annotators,
            "reliability": crew.reliability,
            "kind": np.where(crew.is_spammer, "spammer", "careful"),
            "length_weight": crew.length,
            "position_weight": crew.position,
        }
    )
    return Truth(items, annotators, campaign.plan.frame(pl.lit(START), names.annotators), settings)
