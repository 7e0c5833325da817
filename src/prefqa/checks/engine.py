"""Runs the rules: what they share is computed once, what they leave out is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.checks.baseline import known_counts, with_baseline
from prefqa.checks.finders import FINDERS
from prefqa.checks.frame import LONG, Found, Frame, NotRun
from prefqa.checks.result import EXAMPLE, FINDING_SCHEMA, SEVERITIES, CheckResult, by_severity
from prefqa.checks.rule import Rule
from prefqa.checks.rules import BY_CODE, chosen, unknown, with_defaults
from prefqa.checks.slices import outside, slices_of
from prefqa.errors import UsageError
from prefqa.preferences import ROW, Preferences, as_preferences


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
    """Check preferences against the rules on the data; `prefqa.check` adds those on annotators.

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
        CheckResult. Rows that no result can use (empty ids, not submitted, no rank) are never counted anywhere, whether
        or not their rule runs; the rule puts them into the quarantine.

    Raises:
        UsageError: a code, severity, option or slice that does not exist, or a negative `max_examples`.
        ReadError: a baseline that cannot be read.
    """
    prefs = as_preferences(prefs)
    rules = [rule for rule in chosen(select, ignore) if rule.code in FINDERS]
    for code, level in (severity or {}).items():
        if code not in BY_CODE:
            raise unknown(code)
        if level not in SEVERITIES:
            raise UsageError(f"severity of {code}: {level!r} is not one of {', '.join(SEVERITIES)}")
    if max_examples < 0:
        raise UsageError(f"max_examples is {max_examples}; it must be 0 or more")
    settings = with_defaults(options or {})
    known = known_counts(baseline) if baseline is not None else None
    unasked = slices_of(rules, slices)
    codes = [rule.code for rule in rules]
    frames = {
        wheres: Frame.of(outside(prefs, wheres), now or datetime.now(UTC), settings, codes)
        for wheres in {(), *unasked.values()}
    }
    frame = frames[()]
    findings, not_run, left_out = [], [], []
    for rule in rules:
        found = FINDERS[rule.code](frames[unasked[rule.code]])
        if isinstance(found, NotRun):
            not_run.append({"code": rule.code, "reason": found.reason})
        elif found.count:
            findings.append(_finding(rule, found, (severity or {}).get(rule.code, rule.severity), max_examples))
            if rule.quarantines:
                left_out.append(_left_out(rule, found))
    quarantine, clean = _split(prefs, frame, left_out)
    return CheckResult(
        findings=by_severity(with_baseline(pl.DataFrame(findings, schema=FINDING_SCHEMA, orient="row"), known)),
        quarantine=quarantine,
        preferences=clean,
        not_run=pl.DataFrame(not_run, schema={"code": pl.String, "reason": pl.String}, orient="row"),
        n_rows=frame.n_rows,
        n_judgments=frame.n_judgments,
        ran=tuple(rule.code for rule in rules if rule.code not in {one["code"] for one in not_run}),
    )


def _finding(rule: Rule, found: Found, severity: str, max_examples: int) -> dict[str, object]:
    have = found.rows.collect_schema()
    columns = dict(zip(EXAMPLE, (ROW, "item_id", "annotator_id", "response_id", "_value"), strict=True))
    examples = (
        found.rows.select(
            (pl.col(column) if column in have else pl.lit(None)).cast(EXAMPLE[name]).alias(name)
            for name, column in columns.items()
        )
        .bottom_k(max_examples, by=[pl.col("value").is_null(), *list(EXAMPLE)[:4]])
        .sort(*EXAMPLE)
        .collect()
    )
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": severity,
        "count": found.count,
        "share": found.count / found.of if found.of else 0.0,
        "message": found.message,
        "examples": examples.to_dicts(),
        "baseline": None,
    }


def _left_out(rule: Rule, found: Found) -> pl.LazyFrame:
    reason = pl.when(pl.col("_value").is_not_null()).then(
        pl.format("{}: {}", pl.lit(rule.summary), pl.col("_value").cast(pl.String))
    )
    return found.rows.select(
        LONG, pl.lit(rule.code).alias("code"), reason.otherwise(pl.lit(rule.summary)).alias("reason")
    )


def _split(prefs: Preferences, frame: Frame, left_out: list[pl.LazyFrame]) -> tuple[pl.DataFrame, Preferences]:
    """Divide the rows into the quarantine (each once, with its first code) and the preferences that go on."""
    names = [name for name in prefs.judgments.collect_schema().names() if name != ROW]
    if not left_out:
        empty = prefs.judgments.head(0).select(pl.col(ROW).alias("row"), *names).collect()
        return empty.with_columns(code=pl.lit(None, pl.String), reason=pl.lit(None, pl.String)), prefs
    bad = pl.concat(left_out).collect().sort(LONG, "code", "reason").unique(LONG, keep="first", maintain_order=True)
    long = frame.all_rows.select(LONG, ROW, *names)
    quarantine = long.join(bad.lazy(), on=LONG, how="inner").sort(ROW, LONG).drop(LONG).rename({ROW: "row"})
    clean = long.join(bad.lazy().select(LONG), on=LONG, how="anti", maintain_order="left").drop(LONG)
    return quarantine.collect(), prefs.with_judgments(clean)
