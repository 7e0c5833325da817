"""Weights of the features by period, to draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from prefqa.drift.changes import half_width
from prefqa.drift.evidence import Evidence


def weights_by_period(evidence: Evidence, level: float) -> list[dict[str, Any]]:
    """Each period against all others, within cells: the weight of each feature but the models, and the tie threshold.

    The threshold stands as its log against the mean of the campaign. Variances are those of judgments, widened as much
    as items widen the variance of the scan.
    """
    periods = evidence.votes.periods
    compared = evidence.by_period
    rows = []
    for column in sorted(set(evidence.pool_columns.tolist()) & set(evidence.annotator_columns.tolist())):
        unit = evidence.unit(column)
        sensitivity = compared.weight[:, :, column].sum(axis=0) * evidence.scores.kept[column]
        difference = compared.difference[:, :, column].sum(axis=0)
        own = evidence.scan.annotator_variance[:, :, column].sum()
        widened = evidence.scan.by_item[:, column].sum() / own if own > 0 else 1.0
        se = np.sqrt(compared.variance[:, :, column].sum(axis=0) * widened)
        of_period = evidence.cells.information[:, :, column].sum(axis=0)
        others = 1 - of_period / max(of_period.sum(), 1e-300)
        base = evidence.model.beta[column] if column < len(evidence.votes.names) else 0.0
        for at, period in enumerate(periods):
            row: dict[str, Any] = {
                "period": period,
                "coefficient": evidence.scores.names[column],
                "n_items": int(evidence.n_items[at]),
                "n_votes": int(evidence.n_votes[at]),
            }
            if sensitivity[at] > 0:
                shift = difference[at] / sensitivity[at]
                estimate = float((base + others[at] * shift) * unit.factor)
                half = half_width(float(se[at] / sensitivity[at] * unit.factor), level)
                row |= {"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half}
            rows.append(row)
    return rows
