r"""Does an annotator now say the same as another of the same item more often than one who judges alone would.

A judgment of three or more responses is compared as a whole with the others' of the same responses: t is the share of
them that are equal to it in every pair. (Judgments that tie all responses are left out: two who see no difference have
not copied.) While nobody changes,

.. math:: \mathrm{logit}\,E[t] = \mathrm{logit}\,\mu_{gt} + \alpha_a,

with mu the pool's rate in stratum g and period t, so that easier items, on which everybody agrees more, are no
change, and alpha_a what is usual for annotator a. Who copies one of the m - 1 others in a share pi of their judgments
raises t by pi (1 - E[t]) / (m - 1). With that as information the scores t - E[t] go through the kernel of all
detectors (contrasts within annotator and stratum, all cuts); the null hypothesis is not pi = 0 but pi <= `MARGIN`,
since the logit is only near the truth where annotators differ much in care. One-sided; p by permutation of periods
within strata where it is below .03 by the normal law and Bonferroni over cuts; Benjamini and Hochberg over annotators.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from scipy.special import expit, logit, ndtr, ndtri

from prefqa._types import Floats, Ints, begins, distinct, sum_by
from prefqa.drift.annotators import ANNOTATOR, PERMUTE_BELOW, benjamini_hochberg
from prefqa.drift.changes import date_interval, half_width
from prefqa.drift.contrasts import Contrasts, by_annotator, cell_sums, compare
from prefqa.drift.hashing import mixed
from prefqa.drift.permute import permuted
from prefqa.drift.power import POWER
from prefqa.drift.rankings import Rankings
from prefqa.drift.result import Family
from prefqa.drift.scan import MIN_JUDGMENTS, enough
from prefqa.drift.scores import Scores, together
from prefqa.votes import row_pairs

COPIES = "copies"
#: A share of judgments that is called no change; and the fewest pairs in a judgment that is compared as a whole.
MARGIN, MIN_PAIRS = 0.1, 3
_PRIOR_SD, _STEPS = 1.0, 20
#: Longer rankings are sorted, not compared two by two.
_COMPARED = 8
#: With more judgments of an item each is not held against each.
_HELD_AGAINST = 24


def copies(votes: Rankings, contrasts: Contrasts, *, alpha: float, told: float, level: float, seed: int) -> Family:
    """Test every annotator; a row for each, a change for each who began to copy (see `rule` for `alpha`, `told`)."""
    scores = together(_scores(votes), votes.cluster)
    n_people = len(votes.annotators)
    cells = cell_sums(scores, len(votes.periods))
    compared = compare(cells, contrasts)
    found = (compared.difference, compared.weight, compared.variance)
    difference, weight, variance = (by_annotator(values, cells, n_people)[:, :, 0] for values in found)
    seen = enough(cells, contrasts, n_people)[:, :, 0] & (variance > 0)
    people = np.flatnonzero(seen.any(axis=1))
    if not people.size:
        few = f"no annotator has {MIN_JUDGMENTS} judgments of three responses that others ranked too on both sides"
        return Family([{"detector": f"{ANNOTATOR}: {COPIES}", "kind": ANNOTATOR, "reason": few}], None, [])
    sd = np.sqrt(np.where(seen, variance, 1.0))
    z = np.where(seen, (difference - MARGIN * weight) / sd, -np.inf)
    best = z.argmax(axis=1)
    p_value = np.minimum(1.0, seen[people].sum(axis=1) * ndtr(-z[people, best[people]]))
    rng = np.random.default_rng(seed)
    for index in np.flatnonzero(p_value < PERMUTE_BELOW):
        mine = np.flatnonzero(scores.annotator == people[index])
        columns = np.zeros(1, np.int64)
        p_value[index] = permuted(scores, mine, contrasts, seen[people[index]], columns, rng, margin=MARGIN)
    p_adjusted = benjamini_hochberg(p_value)
    half = half_width(1.0, level)
    n_votes = sum_by(scores.annotator, scores.n_votes, n_people).astype(np.int64)
    pairs, _ = distinct(scores.item.astype(np.int64) * n_people + scores.annotator)
    n_items = np.bincount(pairs % n_people, minlength=n_people)
    rows, changes = [], []
    for person, p, adjusted in zip(people.tolist(), p_value, p_adjusted, strict=True):
        at = person, int(best[person])
        effect, se = float(difference[at] / weight[at]), float(sd[at] / weight[at])
        critical = float(ndtri(1 - alpha / people.size / int(seen[person].sum())) + ndtri(POWER))
        row: dict[str, Any] = {
            "detector": f"{ANNOTATOR}: {COPIES}",
            "kind": ANNOTATOR,
            "annotator_id": votes.annotators[person],
            "period": contrasts.period[at[1]],
            "reference": contrasts.reference[at[1]],
            "difference": effect,
            "se": se,
            "ci_low": effect - half * se,
            "ci_high": effect + half * se,
            "p_value": float(p),
            "p_adjusted": float(adjusted),
            "unit": "share of judgments",
            "min_detectable": MARGIN + critical * se,
            "n_items": int(n_items[person]),
            "n_votes": int(n_votes[person]),
        }
        rows.append(row)
        if adjusted < told:
            low, high = at[1], at[1]
            if contrasts.ordered:
                correlation = _correlation(cells.information[cells.annotator == person, :, 0].sum(axis=0), contrasts)
                low, high = date_interval(correlation, at[1], float(difference[at] / sd[at]), level, seed)
            changes.append(_change(row, contrasts.period[low], contrasts.period[high]))
    return Family(rows, float(p_adjusted.min()), sorted(changes, key=lambda change: change["p_adjusted"]))


def _change(row: dict[str, Any], low: str, high: str) -> dict[str, Any]:
    who = str(row["annotator_id"])
    kept = ("effect", "ci_low", "ci_high", "unit", "p_adjusted", "min_detectable")
    return {name: row["difference" if name == "effect" else name] for name in kept} | {
        "what": COPIES,
        "since": row["period"],
        "since_low": low,
        "since_high": high,
        "driver": who,
        "drivers": [who],
        "sentence": f"From {row['period']}, annotator {who} says the same of all responses as another does, as if "
        f"{min(row['difference'], 1.0):.0%} of the judgments were copied.",
    }


class Equal(NamedTuple):
    """Judgments that others made of the same responses: its number, how many these are, and the share that is equal."""

    judgment: Ints
    others: Floats
    same: Floats


def equal_judgments(votes: Rankings) -> Equal:
    """Compare the judgments of at least `MIN_PAIRS` votes with those of others on the same responses."""
    judgment, responses, order = _as_a_whole(votes)
    by_item = np.argsort(judgment, kind="stable")
    judgment, responses, order = judgment[by_item], responses[by_item], order[by_item]
    others, same = _equal_to(votes.item[judgment], votes.annotator[judgment], responses, order)
    use = others > 0
    return Equal(judgment[use], others[use].astype(np.float64), same[use] / others[use])


def _equal_to(item: Ints, person: Ints, *keys: Ints) -> list[Ints]:
    """Per judgment and key, how many judgments by others of its item have the same; they are sorted by item.

    Each judgment is held against each other of its item; where items have so many that this takes long, they are
    counted by key.
    """
    starts = np.flatnonzero(begins(item))
    lengths = np.diff(np.append(starts, item.size))
    if (lengths**2).sum() > _HELD_AGAINST * item.size:
        table = pl.DataFrame({"person": person, **{str(at): key for at, key in enumerate(keys)}})
        names = [str(at) for at in range(len(keys))]
        counted = table.select((pl.len().over(name) - pl.len().over(name, "person")).alias(name) for name in names)
        return [counted[name].cast(pl.Int64).to_numpy() for name in names]
    _, one, other = row_pairs(starts, item.size)
    apart = person[one] != person[other]
    counts: list[Ints] = []
    for key in keys:
        equal = apart & (key[one] == key[other])
        counts.append(np.bincount(np.append(one[equal], other[equal]), minlength=item.size))
    return counts


def _scores(votes: Rankings) -> Scores:
    judgment, others, same = equal_judgments(votes)
    person, stratum, period = (
        part[judgment].astype(np.int64) for part in (votes.annotator, votes.stratum, votes.period)
    )
    usual = usual_share(same, person, stratum * len(votes.periods) + period)
    information = (1 - usual) / others
    cells, cell = distinct(person * len(votes.strata) + stratum)
    one = np.ones(1)
    return Scores(
        [COPIES], (same - usual)[:, None], information[:, None], votes.item[judgment], person, period, cell,
        cells // len(votes.strata), cells % len(votes.strata), votes.n_votes[judgment].astype(np.float64),
        one[:, None], one * information.sum(), one,
    )  # fmt: skip


def _as_a_whole(votes: Rankings) -> tuple[Ints, Ints, Ints]:
    """Judgments of enough responses, the number of the set that each ranks, and of the order it brings them into."""
    lengths = np.diff(votes.starts)
    judgments, sets, orders = [], [], []
    for length in np.unique(lengths[votes.n_votes >= MIN_PAIRS]).tolist():
        judgment = np.flatnonzero(lengths == length)
        rows = [votes.starts[judgment] + column for column in range(length)]
        first = votes.item[judgment].astype(np.int64) * votes.width
        places = _places([votes.rank[row] for row in rows])
        # Sums of 64 mixed bits, so that the order of rows does not matter; two sums are alike by chance once in 2^64.
        found, order = np.zeros(judgment.size, np.uint64), np.zeros(judgment.size, np.uint64)
        for row, place in zip(rows, places, strict=True):
            response = first + votes.slot[row]
            found += mixed(response)
            order += mixed(response * (votes.width + 1) + place, seed=1)
        told = np.logical_or.reduce([place > 0 for place in places])
        judgments.append(judgment[told])
        sets.append(found[told])
        orders.append(order[told])
    none = [np.zeros(0, np.uint64)]
    return (
        np.concatenate([*judgments, np.zeros(0, np.int64)]),
        np.concatenate(sets or none),
        np.concatenate(orders or none),
    )


def _places(ranks: list[Ints]) -> list[Ints]:
    """How many responses of each judgment stand before each; the columns are the judgments' responses."""
    if len(ranks) > _COMPARED:
        from scipy.stats import rankdata

        return list((rankdata(np.stack(ranks), "min", axis=0) - 1).astype(np.int64))
    return [sum(((other < rank).astype(np.int8) for other in ranks), np.zeros(rank.size, np.int8)) for rank in ranks]


def usual_share(same: Floats, person: Ints, group: Ints) -> Floats:
    """Expected share of equal judgments: the group's logit and the annotator's own."""
    if not same.size:
        return same
    mean = float(np.clip(same.mean(), 1e-3, 1 - 1e-3))
    n_groups = int(group.max()) + 1
    # All judgments of one annotator in one group have one expectation.
    cells, cell = distinct(person.astype(np.int64) * n_groups + group)
    n, total = sum_by(cell, np.ones(same.size)), sum_by(cell, same)
    person, group = cells // n_groups, cells % n_groups
    share = (sum_by(group, total) + mean) / (sum_by(group, n) + 1)
    pool = logit(np.clip(share, 1e-6, 1 - 1e-6))[group]
    own = np.zeros(int(person.max()) + 1)
    for _ in range(_STEPS):
        usual = expit(pool + own[person])
        pull = sum_by(person, total - n * usual) - own / _PRIOR_SD**2
        own = own + pull / (sum_by(person, n * usual * (1 - usual)) + 1 / _PRIOR_SD**2)
    return np.asarray(expit(pool + own[person])[cell])


def _correlation(information: Floats, contrasts: Contrasts) -> Floats:
    """Correlation of one annotator's contrasts at successive cuts: that of a Brownian bridge."""
    before = np.maximum(contrasts.before @ information, 1e-12)
    odds = before / np.maximum(contrasts.after @ information, 1e-12)
    low, high = np.minimum(odds[:, None], odds), np.maximum(odds[:, None], odds)
    return np.asarray(np.sqrt(low / high))
