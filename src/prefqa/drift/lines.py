"""Each annotator by period, to draw: how the own care, or what a change is about, moved from one period to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from prefqa.drift.contrasts import by_annotator
from prefqa.drift.evidence import Evidence
from prefqa.drift.result import LINE_SCHEMA
from prefqa.drift.scores import CARE

#: Annotators who did not change are drawn beside those who did, the ones with most judgments; more are a smear.
MAX_OTHERS = 60
#: A period with fewer judgments of an annotator has no point.
MIN_JUDGMENTS = 5


def lines_by_annotator(before: Evidence, after: Evidence, changes: list[dict[str, Any]]) -> pl.DataFrame:
    """Each annotator's care, and what else single annotators changed in, by period against their own other periods.

    In the unit of the detector of that name, 0 where a period is as the others. `before` is the evidence as it is, of
    which changes of a part of the pool are drawn; `after` has the pool's changes in the model. `changed` are those whom
    a confirmed change of this coefficient names, copies standing with care.
    """
    who: dict[str, set[str]] = {CARE: set()}
    for change in changes:
        if change.get("drivers"):
            name = change["what"] if change["what"] in before.scores.names else CARE
            who.setdefault(name, set()).update(change["drivers"])
    drawn = [_lines(before if _of_pool(name, changes) else after, name, who[name]) for name in sorted(who)]
    return pl.concat(drawn)


def _of_pool(name: str, changes: list[dict[str, Any]]) -> bool:
    """Whether a change of several annotators together is about this."""
    return any(change["what"] == name and len(change.get("drivers") or []) > 1 for change in changes)


def _lines(evidence: Evidence, name: str, changed: set[str]) -> pl.DataFrame:
    column, periods = evidence.scores.column(name), evidence.votes.periods
    if column not in evidence.annotator_columns:
        return pl.DataFrame(schema=LINE_SCHEMA)
    n_annotators, compared = len(evidence.votes.annotators), evidence.by_period
    own, weight = (
        by_annotator(part[:, :, column], evidence.cells, n_annotators)
        for part in (compared.difference, compared.weight)
    )
    count = by_annotator(evidence.cells.count, evidence.cells, n_annotators)
    kept = weight * evidence.scores.kept[column]
    others = 1 - count / np.maximum(count.sum(axis=1, keepdims=True), 1)
    there = (count >= MIN_JUDGMENTS) & (kept > 0)
    shift = others * own / np.where(there, kept, 1.0) * evidence.unit(column).factor
    names = evidence.votes.annotators
    is_changed = names.is_in(sorted(changed)).to_numpy()
    order = np.lexsort((np.arange(n_annotators), -count.sum(axis=1), ~is_changed))
    at = np.sort(order[: int(is_changed.sum()) + MAX_OTHERS])
    annotator, period = np.nonzero(there[at])
    annotator = at[annotator]
    return pl.DataFrame(
        {
            "annotator_id": names.gather(annotator),
            "coefficient": np.full(annotator.size, name),
            "period": [periods[one] for one in period.tolist()],
            "estimate": shift[annotator, period],
            "n_judgments": count[annotator, period].astype(np.int64),
            "changed": is_changed[annotator],
        },
        schema=LINE_SCHEMA,
    )
