"""The pool's rule: a row per score and cut, the adjusted p of the whole family, and the changes that stand out."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from prefqa._types import Floats
from prefqa.drift.changes import Shift, dates, explained, half_width, movers, shift
from prefqa.drift.evidence import STRENGTH, TIES, Evidence
from prefqa.drift.power import min_detectable
from prefqa.drift.result import Family
from prefqa.drift.scan import exceeds, largest
from prefqa.drift.units import listed, sentence

RULE = "rule"
#: Changes told of one campaign; those after the first must stand out with those before in the model.
MAX_CHANGES = 3
#: A feature is named in place of the strength of all from this share of its z on.
_NEARLY = 0.8


def rule(evidence: Evidence, *, alpha: float, told: float, level: float, seed: int) -> tuple[Family, Evidence]:
    """Test the pool on all scores and cuts, and each score on whether anyone changed.

    `alpha` is the family's share of the error rate; changes are told up to `told`, since all families decide together.

    Returns:
        The family, and the evidence with the confirmed changes in the model: what is left for others to explain.
    """
    pool, anyone = evidence.grid(evidence.pool_columns), evidence.grid(evidence.annotator_columns)
    anyone &= evidence.scan.anyone != 0
    if not pool.any():
        return Family(_undefined(evidence), None, []), evidence
    draws = largest(evidence.scan.correlation, pool.ravel(), anyone.ravel(), seed)
    critical = float(np.quantile(draws, 1 - alpha))
    rows = [
        _row(evidence, contrast, column, draws, critical, level)
        for column in evidence.pool_columns
        for contrast in range(evidence.contrasts.n)
    ]
    some = [_anyone_row(evidence, column, draws) for column in evidence.annotator_columns if anyone[:, column].any()]
    rows = rows + some
    tested = [row["p_adjusted"] for row in rows if row.get("p_adjusted") is not None]
    changes, left = _changes(evidence, draws, alpha, told, level, seed)
    return Family(rows + _undefined(evidence), min(tested) if tested else None, changes), left


def _row(
    evidence: Evidence, contrast: int, column: int, draws: Floats, critical: float, level: float
) -> dict[str, Any]:
    contrasts, name = evidence.contrasts, evidence.scores.names[column]
    after = contrasts.after[contrast]
    row: dict[str, Any] = {
        "detector": name,
        "kind": RULE,
        "period": contrasts.period[contrast],
        "reference": contrasts.reference[contrast],
        "unit": evidence.unit(column).said,
        "n_items": int(evidence.n_items[after].sum()),
        "n_votes": int(evidence.n_votes[after].sum()),
    }
    found = shift(evidence, contrast, column)
    if found is None:
        return row | {"reason": "no annotator judged the same kind of items on both sides"}
    z = evidence.scan.z[contrast, column]
    half = half_width(found.se, level)
    return row | {
        "estimate": found.after,
        "reference_estimate": found.before,
        "difference": found.effect,
        "se": found.se,
        "ci_low": found.effect - half,
        "ci_high": found.effect + half,
        "p_value": float(2 * ndtr(-abs(z))),
        "p_adjusted": float(exceeds(draws, z)),
        "min_detectable": min_detectable(evidence, contrast, column, critical),
    }


def _anyone_row(evidence: Evidence, column: int, draws: Floats) -> dict[str, Any]:
    score = evidence.scan.anyone[:, column]
    contrast = int(score.argmax())
    p = float((np.count_nonzero(draws >= score[contrast]) + 1) / (draws.size + 1))
    return {
        "detector": f"{evidence.scores.names[column]} of anyone",
        "kind": RULE,
        "period": evidence.contrasts.period[contrast],
        "reference": evidence.contrasts.reference[contrast],
        "p_value": float(ndtr(-score[contrast])),
        "p_adjusted": p,
        "n_items": int(evidence.n_items.sum()),
        "n_votes": int(evidence.votes.n),
    }


def _changes(
    evidence: Evidence, draws: Floats, alpha: float, told: float, level: float, seed: int
) -> tuple[list[dict[str, Any]], Evidence]:
    """Take what stands out most, the pool or its annotators; put it into the model; take what still stands out.

    A change that the model cannot hold as a feature (ties, strength, care) ends the search: others may be its echo.
    """
    changes: list[dict[str, Any]] = []
    named: set[str] = set()
    while len(changes) < MAX_CHANGES:
        pool, anyone = (evidence.grid(columns) for columns in (evidence.pool_columns, evidence.annotator_columns))
        heights = np.where(pool, np.abs(evidence.scan.z), -np.inf)
        score = np.where(anyone & (evidence.scan.anyone != 0), evidence.scan.anyone, -np.inf)
        for name in named:
            heights[:, evidence.scores.column(name)] = score[:, evidence.scores.column(name)] = -np.inf
        among = bool(score.max() > heights.max())
        height = score if among else heights
        at = int(height.argmax())
        if exceeds(draws, height.flat[at]) >= told:
            break
        if not among:
            at = _feature_instead(evidence, heights, at, draws, alpha)
        contrast, column = divmod(at, heights.shape[1])
        p = float(exceeds(draws, height.flat[at]))
        changes.append(describe(evidence, contrast, column, level, seed) | {"p_adjusted": p})
        name = evidence.scores.names[column]
        if name not in evidence.votes.names:
            break
        named |= {name, STRENGTH}
        moved = movers(evidence, contrast, column)
        who = np.ones_like(moved.moved) if moved.everybody else moved.moved
        evidence = evidence.given(contrast, column, who, seed=seed)
    return changes, evidence


def _feature_instead(evidence: Evidence, heights: Floats, at: int, draws: Floats, alpha: float) -> int:
    """Name a single feature rather than the strength of all, where it stands out nearly as much and is sure itself."""
    if evidence.scores.names[at % heights.shape[1]] != STRENGTH:
        return at
    features = heights[:, : len(evidence.votes.names)]
    contrast, column = divmod(int(features.argmax()), features.shape[1])
    height = features[contrast, column]
    near = height >= _NEARLY * heights.flat[at] and exceeds(draws, height) < alpha
    return contrast * heights.shape[1] + column if near else at


def describe(evidence: Evidence, contrast: int, column: int, level: float, seed: int) -> dict[str, Any]:
    """One change of the pool in full."""
    contrasts, name = evidence.contrasts, evidence.scores.names[column]
    found_movers = movers(evidence, contrast, column)
    moved, everybody = found_movers
    found = shift(evidence, contrast, column, found_movers) or Shift(0.0, 0.0, None, None)
    low, high = dates(evidence, contrast, column, level, seed) if contrasts.ordered else (contrast, contrast)
    names = evidence.votes.annotators.gather(np.flatnonzero(moved)).to_list()
    driver = "all annotators" if everybody else ", ".join(names)
    half = half_width(found.se, level)
    parts = explained(evidence, contrast, column)
    since = contrasts.period[contrast]
    who = "all annotators alike" if everybody else "driven by " + listed(names)
    return {
        "what": name,
        "since": since,
        "since_low": contrasts.period[low],
        "since_high": contrasts.period[high],
        "driver": driver,
        "drivers": [] if everybody else names,
        "before": found.before,
        "after": found.after,
        "effect": found.effect,
        "ci_low": found.effect - half,
        "ci_high": found.effect + half,
        "unit": evidence.unit(column).said,
        "min_detectable": None,
        "share_rule": parts.rule,
        "share_annotators": parts.annotators,
        "share_items": parts.items,
        "sentence": sentence(name, since, found.before, found.after, found.effect, who),
    }


def _undefined(evidence: Evidence) -> list[dict[str, Any]]:
    """Detectors that this campaign cannot have, each with its reason."""
    names, single = evidence.votes.names, evidence.model.single
    alone = "too few pairs have votes of two annotators: harder items and a changed rule cannot be told apart"
    reasons = {
        "length": None if "length" in names else "no text and no n_words of responses is known",
        "position": None if "position" in names else "no position of responses is known",
        STRENGTH: alone if single else None if len(names) > 1 else "fewer than two features are known",
        TIES: alone if single else None if evidence.model.threshold is not None else "no vote, or every vote, is a tie",
    }
    return [{"detector": name, "kind": RULE, "reason": reason} for name, reason in reasons.items() if reason]
