"""One answer about a campaign: did the rule change, in what, since when, for whom."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from prefqa.drift.annotators import annotators
from prefqa.drift.context import context, frame, holm, warnings
from prefqa.drift.contrasts import Contrasts, against, change_points
from prefqa.drift.copies import COPIES, copies
from prefqa.drift.evidence import Evidence
from prefqa.drift.explain import MAX_ALIKE, MAX_CORRELATION, Bounds
from prefqa.drift.gold_timeline import gold_by_period
from prefqa.drift.known import KNOWN_ANSWERS, known_answers
from prefqa.drift.lines import lines_by_annotator
from prefqa.drift.periods import PERIOD, Periods, cut, too_many
from prefqa.drift.places import coded_with_places
from prefqa.drift.rankings import Rankings, cells_by, rankings
from prefqa.drift.rejudged import REJUDGED, rejudged
from prefqa.drift.result import (
    CHANGE_SCHEMA,
    CONFOUNDED,
    DETECTOR_SCHEMA,
    IDENTIFIED,
    LINE_SCHEMA,
    NOT_TESTED_SCHEMA,
    TIMELINE_SCHEMA,
    DriftResult,
    Family,
    undefined,
)
from prefqa.drift.rule import rule
from prefqa.drift.same_mix import Found, same_mix
from prefqa.drift.scale import scale_by_period
from prefqa.drift.strata import slices
from prefqa.drift.timeline import weights_by_period
from prefqa.errors import UsageError
from prefqa.preferences import Preferences, as_preferences

#: With more periods than this each holds too little to be compared.
MAX_PERIODS = 160
RULE, ANNOTATORS, CONFOUNDED_RULE = "rule", "annotators", "confounded"
#: Who copies stands out far more than this costs; the other families have weight 1.
WEIGHTS = {COPIES: 0.5}


class Evidences(NamedTuple):
    """Evidence with constant weights, with what changed answers move in the model, and with all told changes too."""

    plain: Evidence
    fixed: Evidence
    left: Evidence


def drift(
    prefs: Preferences,
    *,
    time: str | None = None,
    every: str | None = None,
    version: str | None = None,
    batch: str | None = None,
    reference: str | None = None,
    features: Sequence[str] | None = None,
    strata: Sequence[str] | None = None,
    cluster: str | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
    max_correlation: float = MAX_CORRELATION,
    max_alike: float = MAX_ALIKE,
    seed: int = 0,
) -> DriftResult:
    """Look for a change of the rule that annotators follow, as apart from a change of prompts, models or people.

    Periods of a clock are cut in two at every date; batches and versions, and periods of a clock where `reference` is
    given, are compared with the reference. Every comparison is within annotator and stratum, of scores that are zero on
    average while nobody changes the rule (see docs/drift.md). The alarm's family-wise error rate over all identified
    detectors, annotators and periods is `alpha`; so is that of warnings on what changed answers may explain.

    Args:
        prefs: the judgments; in each period the latest judgment of an annotator and item counts.
        time: time column (default created_at). every: length of a period as Polars writes it, default "1w".
        version: a column whose values are the periods, such as guideline_version. batch: likewise.
        reference: the period to compare with; default the first, or for a clock all periods before.
        features: numeric columns of responses that may decide votes, beside length and position; default all, up to
            six. What is not tested is in `not_tested`. Which model wins is no criterion and never tested: the quality
            of models enters as random effects.
        strata: columns of items or judgments within which alone judgments are compared; default the criterion and the
            text columns of items with few values.
        cluster: column of items or judgments that tells which items belong together, such as the text that is judged
            by several criteria; their judgments are one draw. Default the prompt, where there are criteria.
        alpha: family-wise error rate of the alarm. level: confidence level of the intervals.
        max_correlation: a change of the whole pool is a warning, not an alarm, as long as a correlation of the feature
            with quality that nothing records of up to this would explain it. max_alike: likewise for ties, the share of
            pairs without any difference.
        seed: of the simulated null distributions and permutations.

    Raises:
        UsageError: two ways of cutting at once, an unknown reference, or a level outside (0, 1).
    """
    prefs = as_preferences(prefs)
    shares = {"alpha": alpha, "level": level, "max_correlation": max_correlation, "max_alike": max_alike}
    for name, share in shares.items():
        if not 0 < share < 1:
            raise UsageError(f"{name} must be between 0 and 1, not {share}")
    periods = cut(prefs, time=time, every=every, version=version, batch=batch)
    if periods is None:
        return undefined(
            "no created_at or guideline_version column to tell periods by; name another with batch=", None, alpha
        )
    strata = slices(prefs) if strata is None else tuple(strata)
    by = cells_by(periods.prefs, strata)
    placed = coded_with_places(periods.prefs, by)
    coded = placed.coded if by == (PERIOD,) else periods.prefs.coded(by[:1])
    periods = replace(periods, coded=coded)
    names = coded.cells[PERIOD].to_list()
    if reference is not None and reference not in names:
        raise UsageError(f"no period is called {reference!r}", hint=f"there are: {', '.join(map(str, names[:20]))}.")
    reason = too_many(names, periods.by)
    if reason:
        return undefined(reason, periods.by, alpha)
    base = reference or (names[0] if names else None)
    if base is None:
        return undefined("no judgment counts", periods.by, alpha)
    if len(names) < 2:
        seen = context(coded, base, alpha=alpha, level=level)
        return undefined("only one period", periods.by, alpha, frame(seen.timeline, TIMELINE_SCHEMA))
    clock = not (version or batch) and reference is None and periods.by not in periods.prefs.columns
    contrasts = change_points(names) if clock else against(names, base)
    # What does not rest on the model is worked out beside it, on a core that would wait.
    scored = Event()
    with ThreadPoolExecutor(1) as beside:
        seeing = beside.submit(context, coded, base, alpha=alpha, level=level)
        votes = rankings(periods, features=features, strata=strata, placed=placed, cluster=cluster)

        def mix() -> Found:
            scored.wait()
            return same_mix(seeing.result().sides, votes, base, level=level, alpha=alpha)

        mixing = beside.submit(mix)
        try:
            families, evidence = _families(
                periods,
                votes,
                contrasts,
                beside,
                scored,
                alpha=alpha,
                bounds=Bounds(max_correlation, max_alike),
                level=level,
                seed=seed,
            )
        finally:
            scored.set()
        seen, alike = seeing.result(), mixing.result()
    rows, changes = _combined(families, alpha)
    drawn = seen.timeline + alike.timeline + gold_by_period(periods, level) + scale_by_period(periods, level)
    lines = lines_by_annotator(evidence.fixed, evidence.left, changes) if evidence else pl.DataFrame(schema=LINE_SCHEMA)
    drawn += weights_by_period(evidence.plain, level) if evidence else []
    detectors = frame(rows + seen.detectors + alike.detectors, DETECTOR_SCHEMA)
    alarm, reason = _answer(rows, changes, votes)
    told = [change["sentence"].removesuffix(".") for change in changes if not change["alarm"]]
    return DriftResult(
        alarm, detectors, frame(changes, CHANGE_SCHEMA), frame(drawn, TIMELINE_SCHEMA), periods.by,
        base, alpha, reason, (*told, *warnings(seen.detectors + alike.detectors, alpha)),
        lines, _not_tested(rows),
    )  # fmt: skip


def _answer(
    rows: list[dict[str, Any]], changes: list[dict[str, Any]], votes: Rankings
) -> tuple[bool | None, str | None]:
    """The alarm, null with a reason where none was raised and no feature of responses could be tested."""
    if any(row["alarm"] for row in [*rows, *changes]):
        return True, None
    tested = {row["detector"] for row in rows if row.get("p_adjusted") is not None}
    if not tested:
        return None, next((row["reason"] for row in rows if row.get("reason")), "nothing could be compared")
    if not tested & {*votes.names, *KNOWN_ANSWERS, *(f"{name}, {REJUDGED}" for name in votes.names)}:
        why = "; ".join(
            f"{row['detector']}: {row['reason']}" for row in rows if row["kind"] == RULE and row.get("reason")
        )
        return None, f"no feature of responses could be tested ({why or 'nothing could be compared'})"
    return False, None


def _not_tested(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Detectors of which no row was tested, with the reason of the first."""
    tested = {row["detector"] for row in rows if row.get("p_adjusted") is not None}
    reasons: dict[str, str] = {}
    for row in rows:
        if row["detector"] not in tested and row.get("reason"):
            reasons.setdefault(row["detector"], row["reason"])
    reasons.setdefault("model", "which model wins is no criterion; the quality of models is taken into account")
    return pl.DataFrame({"name": list(reasons), "reason": list(reasons.values())}, schema=NOT_TESTED_SCHEMA)


def compared(
    prefs: Preferences,
    *,
    time: str | None = None,
    every: str | None = None,
    version: str | None = None,
    batch: str | None = None,
    features: Sequence[str] | None = None,
    strata: Sequence[str] | None = None,
    seed: int = 0,
) -> Evidence:
    """The evidence of a campaign with constant weights, as `drift` has it.

    Raises:
        UsageError: nothing to tell periods by, or no vote that prefers a response.
    """
    prefs = as_preferences(prefs)
    periods = cut(prefs, time=time, every=every, version=version, batch=batch)
    if periods is None:
        raise UsageError("no created_at or guideline_version column to tell periods by", hint="name one with batch=.")
    votes = rankings(periods, features=features, strata=strata)
    if not votes.any_preferred:
        raise UsageError("no vote prefers one response to another")
    by_column = bool(version or batch) or periods.by in periods.prefs.columns
    contrasts = against(votes.periods, votes.periods[0]) if by_column else change_points(votes.periods)
    return Evidence.of(votes, contrasts, seed=seed)


def _families(
    periods: Periods,
    votes: Rankings,
    contrasts: Contrasts,
    beside: Executor,
    scored: Event,
    *,
    alpha: float,
    bounds: Bounds,
    level: float,
    seed: int,
) -> tuple[dict[str, Family], Evidences | None]:
    """Run the families of detectors; and what they rest on, as it is and with the pool's changes in the model.

    What is given to `beside` begins when votes are `scored`, which takes all cores.
    """
    reference = None if contrasts.ordered else contrasts.reference[0]
    known = known_answers(periods, reference=reference, alpha=alpha, seed=seed)
    reason = None
    if len(votes.periods) > MAX_PERIODS:
        reason = f"{len(votes.periods)} periods are too many to compare within annotators: choose longer ones"
    elif not votes.any_preferred:
        reason = "no vote prefers one response to another"
    if reason:
        return {RULE: Family([{"detector": RULE, "kind": RULE, "reason": reason}], None, [])} | known, None
    each = alpha / (2 + WEIGHTS[COPIES] + sum(family.p_value is not None for family in known.values()))
    copying = beside.submit(copies, votes, contrasts, alpha=each * WEIGHTS[COPIES], told=alpha, level=level, seed=seed)
    evidence = Evidence.of(votes, contrasts, seed=seed).light()
    fixed = evidence.without_answers(seed=seed, scored=scored)
    evidence = replace(evidence, spread=fixed.spread_by_period)
    again = rejudged(fixed, alpha=each, told=alpha, level=level, seed=seed)
    pool = rule(evidence, fixed, alpha=each, bounds=bounds, told=alpha, level=level, seed=seed)
    families = {
        RULE: pool.identified,
        CONFOUNDED_RULE: pool.confounded,
        # A change of the pool moves how much careful and careless people agree: what it explains is nobody's own.
        ANNOTATORS: annotators(pool.left, alpha=each, told=alpha, level=level, seed=seed),
        COPIES: copying.result(),
        REJUDGED: again,
    }
    return families | known, Evidences(evidence, fixed, pool.left)


def _combined(families: dict[str, Family], alpha: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Adjust each family's p-values, which hold within it, for the other families by Holm's weighted steps.

    What is confounded is a family apart: it warns at `alpha` of its own, and alarms only where no plausible change of
    the answers explains it.
    """
    times = _holm_factors({name: family for name, family in families.items() if name != CONFOUNDED_RULE})
    rows: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for name, family in families.items():
        factor = times.get(name, 1.0)
        grade = CONFOUNDED if name == CONFOUNDED_RULE else IDENTIFIED
        for row in family.rows:
            p = row.get("p_adjusted")
            adjusted = None if p is None else min(1.0, p * factor)
            alarm = None if adjusted is None else adjusted < alpha and not row.get("plausible", False)
            rows.append({"grade": grade} | row | {"p_adjusted": adjusted, "alarm": alarm})
        for change in family.changes:
            adjusted = min(1.0, change["p_adjusted"] * factor)
            told = {"grade": grade} | change | {"p_adjusted": adjusted, "alarm": not change.get("plausible", False)}
            if adjusted < alpha and not _told(told, changes):
                changes.append(told)
    alarming = {(change["what"], change["since"]) for change in changes if change["alarm"]}
    for row in rows:
        # What is confounded alarms where the change that is told does: other cuts see parts of it.
        if row["grade"] == CONFOUNDED and row["alarm"]:
            row["alarm"] = (row["detector"], row["period"]) in alarming
    return rows, sorted(changes, key=lambda change: not change["alarm"])


def _holm_factors(families: dict[str, Family]) -> dict[str, float]:
    """What Holm's steps multiply the p-values of each tested family by."""
    tested = [name for name, family in families.items() if family.p_value is not None]
    smallest = np.array([families[name].p_value for name in tested], np.float64)
    adjusted_p = holm(smallest, np.array([WEIGHTS.get(name, 1.0) for name in tested]))
    return dict(zip(tested, (adjusted_p / np.maximum(smallest, 1e-300)).tolist(), strict=True))


def _told(change: dict[str, Any], before: list[dict[str, Any]]) -> bool:
    """Whether an earlier change of the pool already says this of the same people, on evidence as good."""
    return any(
        change["what"] == other["what"]
        and other["alarm"]
        and (other["grade"] == IDENTIFIED or change["grade"] == CONFOUNDED)
        and (not other["drivers"] or set(change["drivers"]) <= set(other["drivers"]))
        for other in before
    )
