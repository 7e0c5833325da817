"""`prefqa.check`: the rules on the data, then those on annotators and on what is measured, as one result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from prefqa.checks import CheckResult
from prefqa.checks.baseline import with_baseline
from prefqa.checks.engine import check_data, finding
from prefqa.checks.frame import Found, NotRun
from prefqa.checks.request import Request
from prefqa.checks.result import EXAMPLE, FINDING_SCHEMA, by_severity
from prefqa.checks.rule import Rule
from prefqa.checks.rules import BY_CODE
from prefqa.checks.slices import outside
from prefqa.measured import DRIFT, Measures
from prefqa.measured import FINDERS as MEASURED
from prefqa.measured.effects import effect_on_winning
from prefqa.preferences import Preferences
from prefqa.screening.read import MORE, read
from prefqa.screening.screen import CODES, FITTED, Screening, screen

if TYPE_CHECKING:
    from prefqa.drift import DriftResult


def check(
    prefs: Preferences,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    severity: Mapping[str, str] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    slices: Sequence[Mapping[str, Any]] = (),
    baseline: str | Path | None = None,
    max_examples: int = 5,
    now: datetime | None = None,
    drift: Mapping[str, Any] | None = None,
) -> CheckResult:
    """Check preferences against the rules: structure, content, provenance; annotators, agreement, votes, drift.

    Args:
        prefs: the preferences, from `prefqa.read`.
        select: codes of the rules to run, or beginnings of codes ("PQ1"); if empty, all but those on drift (PQ6), which
            take longer than all others together.
        ignore: codes not to run, likewise.
        severity: another severity by code: "error", "warning" or "info".
        options: options of rules by code, as `prefqa explain CODE` names them: {"PQ206": {"threshold": 0.9}}.
        slices: where some rules are not asked: {"where": "batch=pilot", "ignore": ["PQ105"]}.
        baseline: an earlier findings.json, whose counts are known: the gate fails on what is new.
        max_examples: how many rows each finding shows.
        now: the moment after which a time is in the future; the present one if not given.
        drift: arguments of `prefqa.drift` for PQ6: {"every": "1d"}.

    Returns:
        CheckResult. The rules on annotators, agreement, votes and drift look at what the other rules have left in.

    Raises:
        UsageError: a code, severity, option or slice that does not exist, or a negative `max_examples`.
        ReadError: a baseline that cannot be read.
    """
    request = Request(select, ignore, severity, options, slices, baseline, max_examples, now)
    rules = request.rules({*CODES, *MEASURED})
    screened = any(code in CODES and not wheres for code, wheres in request.without(rules).items())
    data, found = check_data(
        prefs,
        request,
        MORE if screened else (),
        lambda left: _beyond(left, request, rules, lambda some, _: Measures(some, request.settings, drift or {})),
    )
    measures = Measures(data.preferences, request.settings, drift or {})
    return _with_effects(_added(data, request, found or []), measures)


def _with_effects(checked: CheckResult, measures: Measures) -> CheckResult:
    """Add to the findings on what responses are whether the pool rewards it."""
    effects = {code: effect_on_winning(measures, rows) for code, rows in sorted(checked.marked.items())}
    if not effects:
        return checked
    said = {code: f" {effect}" for code, effect in effects.items()}
    message = pl.col("message") + pl.col("code").replace_strict(said, default="", return_dtype=pl.String)
    return replace(
        checked,
        findings=checked.findings.with_columns(message),
        effects={code: effect.to_dict() for code, effect in effects.items()},
    )


def with_drift(checked: CheckResult, request: Request, drifted: DriftResult, options: Mapping[str, Any]) -> CheckResult:
    """Add what the rules on drift say of a result that is known, measured with `options` on what the check left in."""
    rules = [rule for rule in request.rules(DRIFT, unasked=True) if rule.code not in checked.ran]

    def measures(left: Preferences, wheres: tuple[str, ...]) -> Measures:
        return Measures(left, request.settings, options, None if wheres else drifted)

    return _added(checked, request, _beyond(checked.preferences, request, rules, measures))


#: Rules on the pool whose effect has two directions: above and below a value.
_DIRECTIONS = {"PQ305": ("earlier", "later", 0.0), "PQ307": ("longer", "shorter", 0.5)}


class _Beyond(NamedTuple):
    """What the rules on measures say of the preferences outside some slices, and those on annotators."""

    answers: dict[str, Found | NotRun]
    screened: Screening | None


def _beyond(
    left: Preferences,
    request: Request,
    rules: Sequence[Rule],
    measures_of: Callable[[Preferences, tuple[str, ...]], Measures],
) -> list[_Beyond]:
    """Ask the rules on annotators and on measures about what a check has left in."""
    unasked = request.without(rules)
    found = []
    for wheres in dict.fromkeys(unasked.values()):
        codes = [code for code, those in unasked.items() if those == wheres]
        some = outside(left, wheres)
        measures = measures_of(some, wheres)
        if not set(codes) & set(CODES):
            found.append(_Beyond(_answers(measures, codes), None))
            continue
        # Read once, for both who look at it: the rules on annotators, and beside them those on measures.
        rows = read(some)
        with ThreadPoolExecutor(1) as beside:
            measured = beside.submit(_answers, measures, codes)
            screened = screen(some, codes=codes, options=request.options, rows=rows)
        found.append(_Beyond(measured.result(), screened))
    return found


def _added(checked: CheckResult, request: Request, found: Sequence[_Beyond]) -> CheckResult:
    """Add what the rules on annotators and on measures have found."""
    findings, not_run, ran = [], [checked.not_run], [*checked.ran]
    for answers, screened in found:
        if screened is not None:
            findings += _findings(screened, request)
            not_run.append(screened.not_run)
            ran += screened.tested
        for code, answer in answers.items():
            if isinstance(answer, NotRun):
                not_run.append(pl.DataFrame({"code": [code], "reason": [answer.reason]}))
                continue
            ran.append(code)
            if answer.count:
                rule = BY_CODE[code]
                findings.append(finding(rule, answer, request.level_of(rule), request.max_examples))
    added = with_baseline(pl.DataFrame(findings, schema=FINDING_SCHEMA, orient="row"), request.known)
    return replace(
        checked,
        findings=by_severity(pl.concat([checked.findings, added])),
        not_run=pl.concat(not_run).sort("code"),
        ran=tuple(sorted(ran)),
    )


def _answers(measures: Measures, codes: Sequence[str]) -> dict[str, Found | NotRun]:
    """What those of the rules say that look at measures."""
    return {code: MEASURED[code](measures) for code in sorted(MEASURED.keys() & set(codes))}


def _findings(screened: Screening, request: Request) -> list[dict[str, Any]]:
    found = []
    for code, of in screened.tested.items():
        flags = screened.flags.filter(pl.col("code") == code)
        if flags.is_empty():
            continue
        rule, n = BY_CODE[code], flags.height
        who = "pairs of annotators" if code == "PQ312" else "annotators"
        counted = "The pool" if flags["annotator_id"].null_count() else f"{n:,} of {of:,} {who}"
        message = f"{counted}: {_directed(rule, flags)}. {_said(flags.row(0, named=True))}."
        if code in FITTED and screened.n_sampled < screened.n_judgments:
            message += f" Looked at was a sample: {screened.n_sampled:,} of {screened.n_judgments:,} judgments."
        examples = [
            dict.fromkeys(EXAMPLE) | {"annotator_id": row["annotator_id"], "value": _said(row)}
            for row in flags.head(request.max_examples).to_dicts()
        ]
        found.append(
            {
                "code": code,
                "name": rule.name,
                "severity": request.level_of(rule),
                "count": n,
                "share": n / of if of else 0.0,
                "message": message,
                "examples": examples,
                "baseline": None,
            }
        )
    return found


def _directed(rule: Rule, flags: pl.DataFrame) -> str:
    """The summary of a rule; where it names two directions, of the pool as a whole, only the one that was found."""
    both = _DIRECTIONS.get(rule.code)
    if both is None:
        return rule.summary
    first, second, centre = both
    found = first if flags["effect"][0] > centre else second
    return rule.summary.replace(f"{first} (or {second})", found)


def _said(row: Mapping[str, Any]) -> str:
    """A flag in words: the effect with its interval, and what the chance of it is."""
    who = [f"{row['annotator_id']} and {row['other_id']}: "] if row["other_id"] is not None else []
    number = _number(row["unit"])
    effect = f"{number(row['effect'])} {row['unit']}"
    if row["ci_low"] is None:
        return "".join([*who, effect])
    p = row["p_value"] if row["p_adjusted"] is None else row["p_adjusted"]
    word = "p" if row["p_adjusted"] is None else "adjusted p"
    span = f"({number(row['ci_low'])} to {number(row['ci_high'])}, n = {row['n']:,}, {word} = {p:.2g})"
    return "".join([*who, effect, " ", span])


def _number(unit: str) -> Callable[[float], str]:
    """How figures of a unit are written: shares as percent, leanings as points."""
    if unit.startswith("of "):
        return lambda value: f"{value:.1%}"
    return (lambda value: f"{100 * value:+.0f}") if unit.startswith("points") else (lambda value: f"{value:.3g}")
