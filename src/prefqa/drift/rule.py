"""The pool's rule: a row per score and cut, adjusted p by grade of evidence, and the changes that stand out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from prefqa._types import Bools, Floats, Ints
from prefqa.drift.anchor_need import items_needed
from prefqa.drift.changes import Shift, dates, explained, half_width, movers, shift
from prefqa.drift.evidence import STRENGTH, TIES, Evidence
from prefqa.drift.explain import Bounds, explanation, favoured, words
from prefqa.drift.power import min_detectable
from prefqa.drift.result import CONFOUNDED, IDENTIFIED, Family
from prefqa.drift.scan import exceeds, largest
from prefqa.drift.units import listed, sentence

RULE = "rule"
#: Changes told of one campaign; those after the first must stand out with those before in the model.
MAX_CHANGES = 3
#: A feature is named in place of the strength of all from this share of its z on.
_NEARLY = 0.8
#: Standard errors from which two figures differ.
_SURE = 2.0


class Pool(NamedTuple):
    """The families of the two grades, and the evidence with the told changes in the model: what is left for others."""

    identified: Family
    confounded: Family
    left: Evidence


class _Tests(NamedTuple):
    """What the pool is tested on in one grade, [n_contrasts, n_columns], and the sorted draws of the largest of it."""

    pool: Bools
    anyone: Bools
    draws: Floats

    @classmethod
    def of(cls, evidence: Evidence, columns: Ints, anyone: Ints, seed: int) -> _Tests:
        pool, people = evidence.grid(columns), evidence.grid(anyone)
        people &= evidence.scan.anyone != 0
        return cls(pool, people, largest(evidence.scan.correlation, pool.ravel(), people.ravel(), seed))

    @property
    def any(self) -> bool:
        return bool(self.pool.any() or self.anyone.any())


def rule(
    evidence: Evidence, fixed: Evidence, *, alpha: float, bounds: Bounds, told: float, level: float, seed: int
) -> Pool:
    """Test the pool on all scores and cuts, and each score on whether anyone changed against the others.

    Confounded scores are those of `evidence`, identified ones those of `fixed`, which has in its model all that changed
    answers can move.
    `alpha` is the family's share of the error rate; changes are told up to `told`, since all families decide together.
    """
    nobody: Ints = np.zeros(0, np.int64)
    tests = {
        IDENTIFIED: _Tests.of(fixed, fixed.identified_columns, fixed.annotator_columns, seed),
        CONFOUNDED: _Tests.of(evidence, evidence.confounded_columns, nobody, seed),
    }
    rows: dict[str, list[dict[str, Any]]] = {}
    for grade, given, columns, share, held in (
        (IDENTIFIED, fixed, fixed.identified_columns, alpha, None),
        (CONFOUNDED, evidence, evidence.confounded_columns, told, bounds),
    ):
        draws = tests[grade].draws
        critical = float(np.quantile(draws, 1 - share))
        rows[grade] = [
            _row(given, contrast, column, draws, critical, level, held)
            for column in columns
            for contrast in range(given.contrasts.n)
        ]
    someone = tests[IDENTIFIED]
    rows[IDENTIFIED] += [
        _anyone_row(fixed, column, someone.draws)
        for column in fixed.annotator_columns
        if someone.anyone[:, column].any()
    ]
    changes, left = _changes({IDENTIFIED: fixed, CONFOUNDED: evidence}, tests, bounds, told, level, seed)
    families = {}
    for grade, of_grade in rows.items():
        tested = [row["p_adjusted"] for row in of_grade if row.get("p_adjusted") is not None]
        undefined = _undefined(evidence) if grade == CONFOUNDED else []
        own = [change for change in changes if change["grade"] == grade]
        families[grade] = Family(of_grade + undefined, min(tested) if tested else None, own)
    return Pool(families[IDENTIFIED], families[CONFOUNDED], left)


def _row(
    evidence: Evidence,
    contrast: int,
    column: int,
    draws: Floats,
    critical: float,
    level: float,
    bounds: Bounds | None,
) -> dict[str, Any]:
    """One score and cut; with `bounds` it is confounded."""
    contrasts, name = evidence.contrasts, evidence.scores.names[column]
    after = contrasts.after[contrast]
    row: dict[str, Any] = {
        "detector": name,
        "kind": RULE,
        "grade": IDENTIFIED if bounds is None else CONFOUNDED,
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
    if bounds is not None:
        row |= _explained(evidence, contrast, column, found, half, bounds)
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


def _explained(
    evidence: Evidence, contrast: int, column: int, found: Shift, half: float, bounds: Bounds
) -> dict[str, Any]:
    """What explains a shift without anybody changing; an alarm only where nothing plausible does."""
    because = explanation(evidence, contrast, column, found.effect, half)
    plausible = because.low <= bounds.of(evidence.scores.names[column])
    return {"explained_by": because.by, "explained_low": because.low, "plausible": plausible}


def _anyone_row(evidence: Evidence, column: int, draws: Floats) -> dict[str, Any]:
    score = evidence.scan.anyone[:, column]
    contrast = int(score.argmax())
    p = float((np.count_nonzero(draws >= score[contrast]) + 1) / (draws.size + 1))
    return {
        "detector": f"{evidence.scores.names[column]} of anyone",
        "kind": RULE,
        "grade": IDENTIFIED,
        "period": evidence.contrasts.period[contrast],
        "reference": evidence.contrasts.reference[contrast],
        "p_value": float(ndtr(-score[contrast])),
        "p_adjusted": p,
        "n_items": int(evidence.n_items.sum()),
        "n_votes": int(evidence.votes.n),
    }


def _changes(
    by_grade: dict[str, Evidence],
    tests: dict[str, _Tests],
    bounds: Bounds,
    told: float,
    level: float,
    seed: int,
) -> tuple[list[dict[str, Any]], Evidence]:
    """Take what stands out most, identified before confounded; put it into the model; take what still stands out.

    A change that the model cannot hold as a feature (ties, strength, care) ends the search among confounded ones:
    others may be its echo.
    """
    changes: list[dict[str, Any]] = []
    named: set[str] = set()
    grades = [IDENTIFIED, CONFOUNDED]
    largest_p = dict.fromkeys(grades, 0.0)
    while grades and len(changes) < MAX_CHANGES:
        grade = grades[0]
        evidence = by_grade[grade]
        heights = _heights(evidence, tests[grade], named)
        at = int(heights.argmax())
        p = float(exceeds(tests[grade].draws, heights.flat[at : at + 1])[0]) if np.isfinite(heights.flat[at]) else 1.0
        if p >= told:
            grades.pop(0)
            continue
        contrast, column = divmod(at, heights.shape[1])
        if grade == CONFOUNDED:
            contrast, column = _named_rightly(evidence, heights, contrast, column, tests[grade].draws, told)
        # Steps down: what comes later is no surer than what came before it.
        p = largest_p[grade] = max(p, largest_p[grade])
        confounded = bounds if grade == CONFOUNDED else None
        changes.append(describe(evidence, contrast, column, level, seed, confounded, told) | {"p_adjusted": p})
        name = evidence.scores.names[column]
        named |= {name, STRENGTH}
        if name in evidence.votes.names:
            moved = movers(evidence, contrast, column)
            who = np.ones_like(moved.moved) if moved.everybody else moved.moved
            # What is identified stands in the model of what is confounded too, or that would be its echo.
            by_grade = by_grade | {
                one: by_grade[one].given(contrast, column, who, seed=seed) for one in {grade, CONFOUNDED}
            }
        elif grade == CONFOUNDED:
            grades.pop(0)
    return changes, by_grade[IDENTIFIED]


def _heights(evidence: Evidence, tests: _Tests, named: set[str]) -> Floats:
    """How far each test stands out: |z| of the pool, or the annotators' normal score where that is more."""
    n_columns = len(evidence.scores.names)
    pool, anyone = (_aligned(evidence, part, n_columns) for part in (tests.pool, tests.anyone))
    heights = np.where(pool, np.abs(evidence.scan.z), -np.inf)
    heights = np.maximum(heights, np.where(anyone & (evidence.scan.anyone != 0), evidence.scan.anyone, -np.inf))
    for name in named:
        heights[:, evidence.scores.column(name)] = -np.inf
    return heights


def _aligned(evidence: Evidence, use: Bools, n_columns: int) -> Bools:
    """The same tests in evidence that has further features: those of confirmed changes, after all others."""
    added = n_columns - use.shape[1]
    at = len(evidence.votes.names) - added
    return np.insert(use, [at] * added, False, axis=1) if added else use


def _named_rightly(
    evidence: Evidence, heights: Floats, contrast: int, column: int, draws: Floats, told: float
) -> tuple[int, int]:
    """Tell a single feature from the strength of all.

    A feature is named where it stands out nearly as much and is sure itself, unless all that annotators agree on, known
    and unknown, shrank or grew by one factor: then they became less or more careful, or items harder or easier.
    """
    names = evidence.votes.names
    strength = evidence.scores.column(STRENGTH)
    if column == strength:
        features = heights[:, : len(names)]
        other, feature = divmod(int(features.argmax()), features.shape[1])
        height = features[other, feature]
        near = height >= _NEARLY * heights[contrast, column] and exceeds(draws, height) < told
        if not near or _by_one_factor(evidence, other, feature):
            return contrast, column
        return other, feature
    if column < len(names) and strength in evidence.pool_columns and _by_one_factor(evidence, contrast, column):
        return contrast, strength
    return contrast, column


def _by_one_factor(evidence: Evidence, contrast: int, column: int) -> bool:
    """Whether a feature's weight moved by the factor by which sigma did, as far as their errors tell."""
    found = shift(evidence, contrast, column)
    if found is None or found.before is None or evidence.model.single:
        return False
    log_factor, se = evidence.spread_shift(contrast)
    if abs(log_factor) < _SURE * se:
        return False
    expected = found.before * np.expm1(log_factor)
    error = np.hypot(found.se, found.before * np.exp(log_factor) * se)
    return bool(abs(found.effect - expected) < _SURE * error)


def describe(
    evidence: Evidence,
    contrast: int,
    column: int,
    level: float,
    seed: int,
    bounds: Bounds | None = None,
    told: float = 0.05,
) -> dict[str, Any]:
    """One change of the pool in full; with `bounds` a confounded one, with what else would explain it."""
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
    is_log = evidence.votes.length_is_log
    said = sentence(name, since, found.before, found.after, found.effect, who, length_is_log=is_log)
    because: dict[str, Any] = {"grade": IDENTIFIED}
    if bounds is not None:
        because = {"grade": CONFOUNDED} | _explained(evidence, contrast, column, found, half, bounds)
        other = words(explanation(evidence, contrast, column, found.effect, half), name, length_is_log=is_log)
        if because["plausible"]:
            said = (
                f"The pool's votes {favoured(name, found.effect, length_is_log=is_log)} from {since} on; the answers "
                f"may have changed instead: {other}; {_deciding(evidence, column, found.effect, told)}."
            )
        else:
            said = f"{said} No plausible change of the answers explains it: {other}."
    return because | {
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
        "sentence": said,
    }


def _deciding(evidence: Evidence, column: int, effect: float, alpha: float) -> str:
    """How many items from before the change would tell a changed rule from changed answers."""
    n, per_item = items_needed(evidence, column, effect, alpha=alpha)
    if n > evidence.n_items.sum():
        return "items judged before, shown again, would decide, more of them than there are"
    return f"{n:,} items from before, judged again by {per_item} each, would decide"


def _undefined(evidence: Evidence) -> list[dict[str, Any]]:
    """Detectors that this campaign cannot have, each with its reason."""
    names, single = evidence.votes.names, evidence.model.single
    alone = "too few pairs have votes of two annotators: harder items and a changed rule cannot be told apart"
    reasons = {
        "position": None if "position" in names else "no position of responses is known",
        **evidence.votes.not_tested,
        STRENGTH: alone if single else None if len(names) > 1 else "fewer than two features are known",
        TIES: alone if single else None if evidence.model.threshold is not None else "no vote, or every vote, is a tie",
    }
    return [{"detector": name, "kind": RULE, "reason": reason} for name, reason in reasons.items() if reason]
