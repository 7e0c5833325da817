"""What one look adds: contrasts of a period's scores with those of all periods looked at before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints, Reals, distinct, sum_by
from prefqa.drift.cuts import NUMBER, numbered
from prefqa.drift.evidence import CARE, MIN_ORDER_P, MIN_OVERLAP, SHOWN_VOTES, fitted, overlap
from prefqa.drift.features import POSITION
from prefqa.drift.gold import GOLD, right_answers
from prefqa.drift.order import order_p_value
from prefqa.drift.periods import Periods
from prefqa.drift.rankings import rankings
from prefqa.drift.scores import Scores, score_judgments, without_nuisance

GOLD_STREAM, PERSON = "gold", "annotator "
#: The weight of position where the order on the screen is not random.
NOT_RANDOM = "position, order not random"
#: A look of fewer items than this in all, with those before, is only learned from.
MIN_ITEMS = 100
#: The difficulty of each period has to be known, or easier items look like a changed rule.
FIT_PER_PERIOD = 1_000
#: An annotator of fewer judgments is only learned from; a judgment counts up to so many standard deviations.
MIN_JUDGMENTS, _FARTHEST = 40, 3.0
_POOLED = 30


@dataclass(frozen=True)
class Scored:
    """One score per judgment, its information, and the item, cell (compared within) and period of the judgment."""

    score: Reals
    information: Reals
    item: Ints
    cell: Ints
    period: Ints


@dataclass(frozen=True)
class Material:
    """Scores of the streams that all annotators feed, and of the care that is told annotator by annotator."""

    pooled: dict[str, Scored]
    care: Scored | None
    annotator_of_cell: Ints
    annotators: pl.Series
    periods: list[str]
    n_judgments: Ints


def material(periods: Periods, *, features: tuple[str, ...], strata: tuple[str, ...] | None, seed: int) -> Material:
    """Fit the model of votes, as `drift` does, and score every judgment; and gold items, right (1) or wrong (0)."""
    votes = rankings(periods, features=features, strata=strata)
    rows, names = numbered(periods)
    n_judgments = rows.group_by(NUMBER).agg(pl.struct("item_id", "annotator_id").n_unique()).sort(NUMBER).collect()
    pooled: dict[str, Scored] = {}
    care: Scored | None = None
    annotator_of_cell: Ints = np.zeros(0, np.int64)
    if votes.any_preferred:
        single = overlap(votes, seed) < MIN_OVERLAP
        at_least = FIT_PER_PERIOD * len(votes.periods)
        model = fitted(votes, single=single, at_least=at_least, seed=seed)
        confounded = {name: name for name in votes.names}
        if POSITION in votes.names:
            random = order_p_value(votes.sampled(SHOWN_VOTES, 0), model) >= MIN_ORDER_P
            confounded[POSITION] = NOT_RANDOM
            if random:
                del confounded[POSITION]
        scores = without_nuisance(score_judgments(votes, model), single=single)
        pooled = {stream: _column(scores, name) for name, stream in confounded.items()}
        # What changed answers can move in the whole pool is in the model of the others.
        free = tuple(votes.names.index(name) for name in confounded)
        fixed = fitted(votes, single=single, at_least=at_least, seed=seed, free=free)
        scores = without_nuisance(score_judgments(votes, fixed), single=single)
        pooled |= {name: _column(scores, name) for name in votes.names if name not in confounded}
        care = None if single else _near(_column(scores, CARE))
        annotator_of_cell = scores.cell_annotator
    if set(GOLD) <= set(periods.prefs.columns):
        answers = right_answers(rows, [NUMBER])
        if answers.height:
            item, cell = (
                answers[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in ("item_id", "annotator_id")
            )
            right = answers["right"].to_numpy().astype(np.float64)
            period = answers[NUMBER].to_numpy().astype(np.int64)
            pooled[GOLD_STREAM] = Scored(right, np.ones(right.size), item, cell, period)
    return Material(pooled, care, annotator_of_cell, votes.annotators, names, n_judgments["item_id"].to_numpy())


def _near(scored: Scored) -> Scored:
    """Draw judgments far out in to `_FARTHEST`: one vote against all others says much of a careful annotator."""
    ratio = float((scored.score**2).sum()) / max(float(scored.information.sum()), 1e-300)
    most = _FARTHEST * np.sqrt(ratio * scored.information)
    return replace(scored, score=np.clip(scored.score, -most, most))


def _column(scores: Scores, name: str) -> Scored:
    at = scores.column(name)
    return Scored(scores.score[:, at], scores.information[:, at], scores.item, scores.cell, scores.period)


def look(found: Material, before: Bools, now: int) -> dict[str, list[float]]:
    r"""Contrasts of one period with those `before`: per stream N, weight H, variance V and information W.

    Within a cell c (annotator in a stratum) N_c = f S_now - (1 - f) S_before with S sums of scores and f the share of
    the cell's information W that lies before; N and H = f (1 - f) W are summed over cells. V is the sum over items of
    the squared sum of what their judgments add to N, with scores less the mean of all. A new annotator or stratum adds
    nothing. An annotator's care is a stream of its own, with V drawn towards everybody's ratio V / H, and is
    told from MIN_JUDGMENTS of theirs on.
    """
    streams = {}
    for name, scored in found.pooled.items():
        part = _contrast(scored, before, now)
        if part is None:
            continue
        difference, weight, moved, item, _ = part
        per_item = sum_by(distinct(item)[1], moved)
        n = per_item.size
        variance = float((per_item**2).sum()) * n / max(n - 1, 1) if n >= MIN_ITEMS else 0.0
        total = float(weight.sum()) if n >= MIN_ITEMS else 0.0
        streams[name] = [float(difference.sum()), total, variance, _information(scored, now)]
    return streams | (_by_annotator(found, found.care, before, now) if found.care is not None else {})


def _by_annotator(found: Material, care: Scored, before: Bools, now: int) -> dict[str, list[float]]:
    part = _contrast(care, before, now)
    if part is None:
        return {}
    difference, weight, moved, item, cell = part
    n_people = len(found.annotators)
    of_cell, person = found.annotator_of_cell, found.annotator_of_cell[cell]
    n_cells = of_cell.size
    own_n, own_h = (sum_by(of_cell, part_of, n_people) for part_of in (difference[:n_cells], weight[:n_cells]))
    own_v, judged = sum_by(person, moved**2, n_people), sum_by(person, np.ones(person.size), n_people)
    ratio = float(own_v.sum()) / max(float(own_h.sum()), 1e-300)
    own_v = (judged * own_v + _POOLED * ratio * own_h) / (judged + _POOLED)
    here = care.period == now
    information = sum_by(of_cell[care.cell[here]], care.information[here], n_people)
    told = (judged >= MIN_JUDGMENTS) & (distinct(item)[0].size >= MIN_ITEMS)
    names = found.annotators.to_list()
    return {
        PERSON + names[a]: [
            float(own_n[a]),
            float(own_h[a] * told[a]),
            float(own_v[a] * told[a]),
            float(information[a]),
        ]
        for a in np.flatnonzero(information > 0)
    }


def _information(scored: Scored, now: int) -> float:
    return float(scored.information[scored.period == now].sum())


def _contrast(scored: Scored, before: Bools, now: int) -> tuple[Floats, Floats, Floats, Ints, Ints] | None:
    """Per cell N and H; per judgment that counts what it adds to N, its item and its cell."""
    used = before[scored.period] | (scored.period == now)
    if not used.any():
        return None
    score, information, cell = scored.score[used], scored.information[used], scored.cell[used]
    after = scored.period[used] == now
    n_cells = int(scored.cell.max()) + 1
    w_after, s_after = (sum_by(cell[after], part[after], n_cells) for part in (information, score))
    w_before, s_before = (sum_by(cell[~after], part[~after], n_cells) for part in (information, score))
    both = (w_before > 0) & (w_after > 0)
    total = np.where(both, w_before + w_after, 1.0)
    share = np.where(both, w_before / total, 0.0)
    other = np.where(both, 1 - share, 0.0)
    counts = both[cell]
    # Less the mean of all, not of the cell: a cell of two judgments would lose half of its variance.
    mean = float(score[counts].sum()) / max(float(information[counts].sum()), 1e-300)
    moved = np.where(after, share[cell], -other[cell]) * (score - information * mean)
    difference = share * s_after - other * s_before
    return difference, share * other * total, moved[counts], scored.item[used][counts], cell[counts]
