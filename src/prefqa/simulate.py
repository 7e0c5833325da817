"""Campaigns with planted truth: for the demo, for tests and benchmarks, and for planning one's own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from prefqa import _simulate_text as text
from prefqa._types import Bools, Floats, Ints
from prefqa.errors import UsageError
from prefqa.preferences import Preferences, Source

DriftKind = Literal["length", "position", "ties", "care"]

#: Simulated campaigns begin on this Monday.
START = datetime(2025, 1, 6, tzinfo=UTC)
_WEEK_S = 7 * 86_400
_DAY_START_S, _DAY_LENGTH_S = 8 * 3_600, 10 * 3_600


@dataclass(frozen=True)
class Drift:
    """A planted change of the rule that all annotators follow, from the start of week `at_week` (the first is week 0).

    "length": `size` is added to the length weight; "position": to the position weight; "ties": to the tie threshold;
    "care": reliabilities are multiplied by 1 - `size`, so everybody gets noisier.
    """

    kind: DriftKind = "length"
    at_week: int = 6
    size: float = 1.0


@dataclass(frozen=True)
class Truth:
    """What was planted.

    `items`: item_id, response_id, quality, true_rank (by quality, 1 = best). `annotators`: annotator_id, reliability,
    kind ("careful" or "spammer"; a spammer's reliability is 0). `settings`: the arguments of `simulate`.
    """

    items: pl.DataFrame
    annotators: pl.DataFrame
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
    drift: Drift | None = None,
    texts: bool = True,
) -> Simulation:
    """Draw a campaign in which everything is known: how good each response is, and how each annotator judges.

    Annotator k feels for response j of item i the utility

        u = r_k * (quality_ij + length_bias * z_ij + position_bias * s_kij) + (1 - r_k) * g

    with quality ~ N(0, 1); z the standardised log length of the response; s from +1 for the response shown first
    down to -1 for the last; g standard Gumbel noise, drawn anew for each judgment and response; and r_k ~
    Beta(*reliability), 0 for spammers, who so rank at random. With neither ties nor biases a ranking thus follows
    the Plackett-Luce model with worths exp(quality * r / (1 - r)). Responses are ranked by u; a response less
    than `tie_threshold` below the next better one ties with it. Ranks are competition ranks (1, 1, 3).

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
        drift: a planted change, or None.
        texts: whether to write prompts and responses; without them a campaign is drawn three times faster.

    Returns:
        Simulation. Its judgments have item_id, annotator_id, response_id, judgment_id, rank, created_at, position,
        duration_s, guideline_version, batch (one per week); responses have model, n_words and text; items
        category and prompt.

    Example:
        >>> campaign = simulate(n_items=2, n_annotators=3, seed=1)
        >>> campaign.preferences.judgments.collect().height
        24
    """
    settings = dict(locals()) | {"drift": asdict(drift) if drift else None}
    _validate(settings, drift)
    rng = np.random.default_rng(seed)
    quality = rng.standard_normal((n_items, n_responses))
    n_words, length_z = text.lengths(rng, (n_items, n_responses))
    skill, is_spammer = _annotators(rng, n_annotators, reliability, spammers)
    item, annotator, attempt = _assignments(rng, n_items, n_annotators, annotators_per_item, repeats)
    created_us = _times(rng, item, n_items, weeks)
    after = np.zeros(item.size, bool)
    if drift is not None:
        after = created_us >= _start_us() + drift.at_week * _WEEK_S * 1_000_000

    def weight(kind: DriftKind, base: float) -> Floats:
        change = drift.size if drift is not None and drift.kind == kind else 0.0
        return base + change * after

    position = np.argsort(rng.random((item.size, n_responses)), axis=1).astype(np.int64) + 1
    shown_first = (n_responses + 1 - 2 * position) / max(n_responses - 1, 1)
    careful = skill[annotator] * (1 - np.clip(weight("care", 0.0), 0.0, 1.0))
    signal = quality[item]
    signal += weight("length", length_bias)[:, None] * length_z[item]
    signal += weight("position", position_bias)[:, None] * shown_first
    utility = careful[:, None] * signal + (1 - careful)[:, None] * rng.gumbel(size=signal.shape)
    del signal, shown_first
    ranks = _ranks(utility, weight("ties", tie_threshold), rng.random(utility.shape) < missing)
    pace = np.where(is_spammer[annotator], 1.0, 6.0) * n_responses
    duration_s = np.round(pace * rng.lognormal(0.0, 0.4, item.size), 1)

    names = text.Names.of(n_items, n_responses, n_annotators)
    week = ((created_us - _start_us()) // (_WEEK_S * 1_000_000)).astype(np.int64)
    judgments = _judgments(names, item, annotator, attempt, ranks, position, created_us, duration_s, week)
    judgments = judgments.with_columns(
        guideline_version=pl.format("v{}", pl.lit(1) + pl.col("_week") * guideline_versions // weeks)
    ).drop("_week")
    responses = text.responses(rng, names, n_words, texts=texts)
    items = text.items(rng, names, texts=texts)
    preferences = Preferences.from_long(
        judgments,
        source=Source("simulated", "rankings", f"simulated rankings of {n_responses} responses, seed {seed}"),
        responses=responses,
        items=items,
    )
    return Simulation(preferences, _truth(names, quality, skill, is_spammer, settings))


def _validate(settings: dict[str, Any], drift: Drift | None) -> None:
    for name in ("n_items", "n_responses", "n_annotators", "annotators_per_item", "weeks", "guideline_versions"):
        if settings[name] < 1:
            raise UsageError(f"{name} must be at least 1, not {settings[name]}")
    for name in ("spammers", "missing", "repeats"):
        if not 0 <= settings[name] <= 1:
            raise UsageError(f"{name} is a share from 0 to 1, not {settings[name]}")
    if settings["annotators_per_item"] > settings["n_annotators"]:
        raise UsageError(
            f"annotators_per_item={settings['annotators_per_item']} needs as many annotators, "
            f"and n_annotators={settings['n_annotators']}"
        )
    if min(settings["reliability"]) <= 0:
        raise UsageError(f"reliability takes two positive Beta parameters, not {settings['reliability']}")
    if drift is not None and drift.kind not in get_args(DriftKind):
        raise UsageError(f"drift kind {drift.kind!r} is not one of {', '.join(map(repr, get_args(DriftKind)))}")


def _annotators(
    rng: np.random.Generator, n: int, reliability: tuple[float, float], spammers: float
) -> tuple[Floats, Bools]:
    skill = rng.beta(*reliability, n)
    is_spammer = np.zeros(n, bool)
    is_spammer[rng.permutation(n)[: round(spammers * n)]] = True
    return np.where(is_spammer, 0.0, skill), is_spammer


def _assignments(
    rng: np.random.Generator, n_items: int, n_annotators: int, per_item: int, repeats: float
) -> tuple[Ints, Ints, Ints]:
    """Per judgment: item, annotator, attempt (0, or 1 for a repeat), sorted by these.

    Each item draws without replacement: the next draw counts only the annotators not yet drawn, and is shifted
    past those that are, in ascending order.
    """
    drawn = np.empty((n_items, per_item), np.int64)
    for j in range(per_item):
        pick = rng.integers(0, n_annotators - j, n_items)
        for taken in np.sort(drawn[:, :j], axis=1).T:
            pick += pick >= taken
        drawn[:, j] = pick
    annotator = np.sort(drawn, axis=1).reshape(-1)
    item = np.repeat(np.arange(n_items), per_item)
    again = 1 + (rng.random(item.size) < repeats)
    attempt = np.arange(again.sum()) - np.repeat(np.cumsum(again) - again, again)
    return np.repeat(item, again), np.repeat(annotator, again), attempt


def _start_us() -> int:
    return int(START.timestamp()) * 1_000_000


def _times(rng: np.random.Generator, item: Ints, n_items: int, weeks: int) -> Ints:
    """Microseconds since 1970: the item's week, a working day, a moment in working hours."""
    week = item * weeks // n_items
    seconds = week * _WEEK_S + rng.integers(0, 5, item.size) * 86_400 + _DAY_START_S
    return np.asarray(_start_us() + seconds * 1_000_000 + rng.integers(0, _DAY_LENGTH_S * 1_000_000, item.size))


def _ranks(utility: Floats, tie_threshold: Floats, is_missing: Bools) -> Ints:
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


def _judgments(
    names: text.Names,
    item: Ints,
    annotator: Ints,
    attempt: Ints,
    ranks: Ints,
    position: Ints,
    created_us: Ints,
    duration_s: Floats,
    week: Ints,
) -> pl.DataFrame:
    """One row per judgment and response, from one row per judgment."""
    n, k = ranks.shape
    judgment_item, judgment_annotator = names.items.gather(item), names.annotators.gather(annotator)
    per_judgment = pl.DataFrame(
        {"item_id": judgment_item, "annotator_id": judgment_annotator, "_week": week, "duration_s": duration_s}
    ).with_columns(
        judgment_id=pl.format("{}/{}/{}", "item_id", "annotator_id", pl.Series("attempt", attempt + 1)),
        created_at=pl.Series(created_us).cast(pl.Datetime("us", "UTC")),
        batch=pl.format("week-{}", (pl.col("_week") + 1).cast(pl.String).str.zfill(2)),
    )
    row = np.repeat(np.arange(n, dtype=np.uint32), k)
    return per_judgment.select("item_id", "annotator_id", "judgment_id", "created_at", "batch", "duration_s", "_week")[
        row
    ].with_columns(
        response_id=names.responses.gather(np.tile(np.arange(k), n)),
        rank=pl.Series(ranks.reshape(-1)).replace(0, None),
        position=pl.Series(position.reshape(-1)),
    )


def _truth(names: text.Names, quality: Floats, skill: Floats, is_spammer: Bools, settings: dict[str, Any]) -> Truth:
    true_rank = np.argsort(np.argsort(-quality, axis=1), axis=1) + 1
    items = names.keys().with_columns(
        quality=pl.Series(quality.reshape(-1)), true_rank=pl.Series(true_rank.reshape(-1))
    )
    kind = pl.Series("kind", np.where(is_spammer, "spammer", "careful"))
    annotators = pl.DataFrame([names.annotators.alias("annotator_id"), pl.Series("reliability", skill), kind])
    return Truth(items, annotators, settings)
