r"""Each annotator by themselves: did this one change, in what, and since when.

The scan of the pool, for one annotator against the others on the same kind of item in the same period: care, the
weight of each feature, the tie threshold, over all contrasts; p by the maximum's simulated distribution. Where that
is below .03, a permutation decides: the annotator's judgments change their periods within each stratum, which is
exact where they are exchangeable, and only scores net of the stratum's mean are compared. Benjamini and Hochberg
(1995) then control the false discovery rate over annotators; their smallest adjusted p is Simes's p for "somebody
changed".
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from prefqa._types import Floats, Ints
from prefqa.drift.changes import dates, half_width
from prefqa.drift.contrasts import Contrasts
from prefqa.drift.evidence import Evidence
from prefqa.drift.permute import permuted
from prefqa.drift.power import annotator_min_detectable
from prefqa.drift.relative import relative_scores
from prefqa.drift.result import IDENTIFIED, Family
from prefqa.drift.scan import MIN_JUDGMENTS, Scan, exceeds, largest
from prefqa.drift.scores import Scores
from prefqa.drift.units import sentence

ANNOTATOR = "annotator"
#: Of very many annotators only those are permuted who could still stand out among so many.
PERMUTE_BELOW, PERMUTE_EXPECTED = 0.03, 10


class AnnotatorScan(NamedTuple):
    """Per annotator tested: code, p, p adjusted over annotators, and where the largest z stands and what it is."""

    annotator: Ints
    p_value: Floats
    p_adjusted: Floats
    contrast: Ints
    column: Ints
    z: Floats
    critical: float


def annotators(evidence: Evidence, *, alpha: float, told: float, level: float, seed: int) -> Family:
    """Test every annotator; a row for each, a change for each who changed (see `rule` for `alpha` and `told`)."""
    columns = evidence.annotator_columns
    found = scan_annotators(evidence.scores, evidence.scan, evidence.contrasts, columns, alpha=alpha, seed=seed)
    if not found.annotator.size:
        few = f"no annotator has {MIN_JUDGMENTS} judgments on both sides of any cut"
        return Family([{"detector": ANNOTATOR, "kind": ANNOTATOR, "reason": few}], None, [])
    rows = [_row(evidence, found, index, level) for index in range(found.annotator.size)]
    changed = np.flatnonzero(found.p_adjusted < told)
    changes = [_change(evidence, found, int(index), rows[index], level, seed) for index in changed]
    return Family(rows, float(found.p_adjusted.min()), sorted(changes, key=lambda change: change["p_adjusted"]))


def _row(evidence: Evidence, found: AnnotatorScan, index: int, level: float) -> dict[str, Any]:
    annotator, contrast, column = (int(part[index]) for part in (found.annotator, found.contrast, found.column))
    at = annotator, contrast, column
    row: dict[str, Any] = {
        "detector": f"{ANNOTATOR}: {evidence.scores.names[column]}",
        "kind": ANNOTATOR,
        "grade": IDENTIFIED,
        "annotator_id": evidence.votes.annotators[annotator],
        "period": evidence.contrasts.period[contrast],
        "reference": evidence.contrasts.reference[contrast],
        "p_value": float(found.p_value[index]),
        "p_adjusted": float(found.p_adjusted[index]),
        "unit": evidence.unit(column).said,
        "min_detectable": annotator_min_detectable(evidence, *at, found.critical),
        "n_items": int(evidence.n_items_of_annotator[annotator]),
        "n_votes": int(evidence.n_votes_of_annotator[annotator]),
    }
    sensitivity = float(evidence.relative_sensitivity[at])
    if sensitivity <= 0:
        return row
    factor = evidence.unit(column).factor
    effect = float(evidence.scan.relative_difference[at]) / sensitivity * factor
    se = float(np.sqrt(evidence.scan.relative_variance[at])) / sensitivity * abs(factor)
    half = half_width(se, level)
    return row | {"difference": effect, "se": se, "ci_low": effect - half, "ci_high": effect + half}


def _change(
    evidence: Evidence, found: AnnotatorScan, index: int, row: dict[str, Any], level: float, seed: int
) -> dict[str, Any]:
    contrast, column = int(found.contrast[index]), int(found.column[index])
    name, who = evidence.scores.names[column], str(row["annotator_id"])
    low, high = contrast, contrast
    if evidence.contrasts.ordered:
        low, high = dates(evidence, contrast, column, level, seed, height=float(found.z[index]))
    return {
        "what": name,
        "grade": IDENTIFIED,
        "since": row["period"],
        "since_low": evidence.contrasts.period[low],
        "since_high": evidence.contrasts.period[high],
        "driver": who,
        "drivers": [who],
        "effect": row.get("difference"),
        "ci_low": row.get("ci_low"),
        "ci_high": row.get("ci_high"),
        "unit": row["unit"],
        "p_adjusted": row["p_adjusted"],
        "min_detectable": row["min_detectable"],
        "sentence": sentence(name, row["period"], None, None, row.get("difference") or 0.0, f"annotator {who}"),
    }


def scan_annotators(
    scores: Scores, scanned: Scan, contrasts: Contrasts, columns: Ints, *, alpha: float, seed: int
) -> AnnotatorScan:
    """Test every annotator who judged enough on both sides of some contrast."""
    z = scanned.annotator_z[:, :, columns]
    annotators = np.flatnonzero((z != 0).any(axis=(1, 2)))
    use = np.zeros(scanned.z.shape, bool)
    use[:, columns] = True
    flat = z[annotators].reshape(annotators.size, z.shape[1] * z.shape[2])
    draws = largest(scanned.correlation, use.ravel(), np.zeros(use.size, bool), seed)
    if not annotators.size:
        empty = np.zeros(0)
        return AnnotatorScan(annotators, empty, empty, annotators, annotators, empty, float("inf"))
    best = np.abs(flat).argmax(axis=1)
    top = flat[np.arange(annotators.size), best]
    p_value = exceeds(draws, top)
    rng = np.random.default_rng(seed)
    for index in np.flatnonzero(p_value < min(PERMUTE_BELOW, PERMUTE_EXPECTED / annotators.size)):
        mine = np.flatnonzero(scores.annotator == annotators[index])
        seen = (z[annotators[index]] != 0).any(axis=1)
        own = relative_scores(scores, mine, scanned.common)
        p_drawn = permuted(own, np.arange(mine.size), contrasts, seen, columns, rng)
        # Permutations do not know of the slack that was taken off z.
        p_value[index] = max(p_drawn, p_value[index]) if _shrunk(scanned, annotators[index], columns) else p_drawn
    critical = float(np.quantile(draws, 1 - alpha / annotators.size))
    return AnnotatorScan(
        annotators,
        p_value,
        benjamini_hochberg(p_value),
        best // columns.size,
        columns[best % columns.size],
        top,
        critical,
    )


def _shrunk(scanned: Scan, annotator: int, columns: Ints) -> bool:
    """Whether slack takes a tenth or more of an annotator's largest z."""
    variance = scanned.relative_variance[annotator][:, columns]
    z = scanned.annotator_z[annotator][:, columns]
    whole = scanned.relative_difference[annotator][:, columns] / np.sqrt(np.where(variance > 0, variance, np.inf))
    at = np.abs(z).argmax()
    return bool(np.abs(z.flat[at]) < 0.9 * np.abs(whole.flat[at]))


def benjamini_hochberg(p_value: Floats) -> Floats:
    """Adjusted p-values: the smallest of n p_(j) / j over all j from one's own place on."""
    order = np.argsort(p_value, kind="stable")
    stepped = p_value[order] * p_value.size / np.arange(1, p_value.size + 1)
    adjusted = np.empty(p_value.size)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(stepped[::-1])[::-1])
    return adjusted
