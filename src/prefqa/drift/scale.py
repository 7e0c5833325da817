"""How annotators use the scale of scores, period by period: context to draw, never an alarm."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.special import stdtrit

from prefqa._types import Floats, Ints
from prefqa.drift.cuts import NUMBER, numbered
from prefqa.drift.periods import Periods

LEVEL, SPREAD = "score level", "score spread"


def scale_by_period(periods: Periods, level: float) -> list[dict[str, Any]]:
    r"""Mean of the scores of a judgment, and their standard deviation, by period for the same annotators.

    With r the value of a judgment less its annotator's mean over all periods, the shift of period t against all others
    is

    .. math:: N_t / H_t, \quad N_t = \sum_{j \in t} r_j, \quad H_t = \sum_a n_{at} (1 - n_{at} / n_a),

    so that generous and strict annotators who come and go move nothing; the estimate is the mean of all plus the shift
    against it. The interval clusters by item (t law), the weight of a judgment being 1 in the period less its
    annotator's share of work there. Better responses raise scores as well as more generous annotators do.
    A judgment with one score has no spread; rows without a score are left out.
    """
    if "score" not in periods.prefs.columns:
        return []
    rows, names = numbered(periods)
    keys = ["item_id", "annotator_id", NUMBER]
    keys += [name for name in ("judgment_id",) if name in periods.prefs.columns]
    scores = pl.col("score").cast(pl.Float64)
    judged = rows.filter(scores.is_not_null()).group_by(keys).agg(level=scores.mean(), spread=scores.std())
    table = judged.with_columns(pl.col("item_id", "annotator_id").rank("dense").cast(pl.Int64) - 1).sort(keys).collect()
    found = []
    for name, column in ((LEVEL, "level"), (SPREAD, "spread")):
        part = table.drop_nulls(column)
        item, annotator, period = (part[key].to_numpy().astype(np.int64) for key in keys[:3])
        estimate, se, n_items, n = _within(part[column].to_numpy(), item, annotator, period, len(names))
        for at, period_name in enumerate(names):
            row = {"period": period_name, "coefficient": name, "n_items": int(n_items[at]), "n_votes": int(n[at])}
            if np.isfinite(estimate[at]) and n_items[at] > 1:
                half = float(stdtrit(n_items[at] - 1, (1 + level) / 2)) * float(se[at])
                value = float(estimate[at])
                row |= {"estimate": value, "ci_low": value - half, "ci_high": value + half}
            found.append(row)
    return found if table.height else []


def _within(
    value: Floats, item: Ints, annotator: Ints, period: Ints, n_periods: int
) -> tuple[Floats, Floats, Ints, Ints]:
    """Per period the estimate and its standard error, NaN where nothing can be compared; items and judgments."""
    n_people, n_items = int(annotator.max(initial=-1)) + 1, int(item.max(initial=-1)) + 1
    n = np.bincount(period, minlength=n_periods)
    work = np.bincount(annotator * n_periods + period, minlength=n_people * n_periods).reshape(n_people, n_periods)
    total = np.maximum(work.sum(axis=1), 1)
    share = work / total[:, None]
    rest = value - (np.bincount(annotator, value, minlength=n_people) / total)[annotator]
    information = (work * (1 - share)).sum(axis=0)
    # An item adds the sum of its rests in the period less each annotator's rests times their share of work there.
    of_person = coo_array((rest, (item, annotator)), shape=(n_items, n_people)).tocsr()
    of_period = coo_array((rest, (item, period)), shape=(n_items, n_periods)).tocsr()
    crossed = (of_person.T @ of_period).toarray()
    own = np.asarray((of_person.T @ of_person) @ share)
    variance = np.asarray(of_period.power(2).sum(axis=0)).ravel() + (share * (own - 2 * crossed)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        others = 1 - n / max(n.sum(), 1)
        shift = np.bincount(period, rest, minlength=n_periods) / information
        estimate = (value.mean() if value.size else np.nan) + others * shift
        se = others * np.sqrt(np.maximum(variance, 0.0)) / information
    items = np.unique(item * n_periods + period) % n_periods
    return estimate, se, np.bincount(items, minlength=n_periods), n
