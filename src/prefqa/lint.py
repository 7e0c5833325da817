"""`prefqa.check`: the rules on the data, then those on the annotators, as one result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.checks import CheckResult
from prefqa.checks import check as check_data
from prefqa.checks.baseline import known_counts, with_baseline
from prefqa.checks.result import EXAMPLE, FINDING_SCHEMA, by_severity
from prefqa.checks.rules import BY_CODE, chosen
from prefqa.checks.slices import outside, slices_of
from prefqa.preferences import Preferences
from prefqa.screening.screen import CODES, Screening, screen


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
) -> CheckResult:
    """Check preferences against the rules: structure, content, annotators.

    Args:
        prefs: the preferences, from `prefqa.read`.
        select: codes of the rules to run, or beginnings of codes ("PQ1"); all if empty.
        ignore: codes not to run, likewise.
        severity: another severity by code: "error", "warning" or "info".
        options: options of rules by code, as `prefqa explain CODE` names them: {"PQ206": {"threshold": 0.9}}.
        slices: where some rules are not asked: {"where": "batch=pilot", "ignore": ["PQ105"]}.
        baseline: an earlier findings.json, whose counts are known: the gate fails on what is new.
        max_examples: how many rows each finding shows.
        now: the moment after which a time is in the future; the present one if not given.

    Returns:
        CheckResult. The rules on annotators look at what the other rules have left in.

    Raises:
        UsageError: a code, severity, option or slice that does not exist, or a negative `max_examples`.
        ReadError: a baseline that cannot be read.
    """
    data = check_data(
        prefs,
        select=select,
        ignore=ignore,
        severity=severity,
        options=options,
        slices=slices,
        baseline=baseline,
        max_examples=max_examples,
        now=now,
    )
    rules = [rule for rule in chosen(select, ignore) if rule.code in CODES]
    unasked = slices_of(rules, slices)
    groups = {wheres: [code for code, those in unasked.items() if those == wheres] for wheres in unasked.values()}
    screened = [
        screen(outside(data.preferences, wheres), codes=codes, options=options) for wheres, codes in groups.items()
    ]
    if not screened:
        return data
    findings = [finding for one in screened for finding in _findings(one, severity or {}, max_examples)]
    known = known_counts(baseline) if baseline is not None else None
    added = with_baseline(pl.DataFrame(findings, schema=FINDING_SCHEMA, orient="row"), known)
    return replace(
        data,
        findings=by_severity(pl.concat([data.findings, added])),
        not_run=pl.concat([data.not_run, *(one.not_run for one in screened)]).sort("code"),
        ran=tuple(sorted([*data.ran, *(code for one in screened for code in one.tested)])),
    )


def _findings(screened: Screening, severity: Mapping[str, str], max_examples: int) -> list[dict[str, Any]]:
    found = []
    for code, of in screened.tested.items():
        flags = screened.flags.filter(pl.col("code") == code)
        if flags.is_empty():
            continue
        rule, n = BY_CODE[code], flags.height
        who = "pairs of annotators" if code == "PQ312" else "annotators"
        counted = "The pool" if flags["annotator_id"].null_count() else f"{n:,} of {of:,} {who}"
        message = f"{counted}: {rule.summary}. {_said(flags.row(0, named=True))}."
        examples = [
            dict.fromkeys(EXAMPLE) | {"annotator_id": row["annotator_id"], "value": _said(row)}
            for row in flags.head(max_examples).to_dicts()
        ]
        found.append(
            {
                "code": code,
                "name": rule.name,
                "severity": severity.get(code, rule.severity),
                "count": n,
                "share": n / of if of else 0.0,
                "message": message,
                "examples": examples,
                "baseline": None,
            }
        )
    return found


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
