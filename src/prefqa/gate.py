"""The gate: thresholds on findings, agreement and drift, each ending in pass, fail or inconclusive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefqa.checks.baseline import is_new
from prefqa.checks.rules import BY_CODE, unknown
from prefqa.config import AgreementGate, FindingsGate, GateConfig
from prefqa.errors import UsageError
from prefqa.preferences import usable_rows
from prefqa.results import Result, records

if TYPE_CHECKING:
    from prefqa.agreement import AgreementResult
    from prefqa.checks import CheckResult
    from prefqa.drift import DriftResult

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
SEVERITIES = ("info", "warning", "error")
LINE_SCHEMA: dict[str, Any] = {
    "name": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "threshold": pl.Float64,
    "bound": pl.String,
    "verdict": pl.String,
    "message": pl.String,
}


@dataclass(frozen=True)
class GateResult(Result):
    """One line per condition with its verdict; `passed` is true when none fails and none is left open."""

    passed: bool
    lines: pl.DataFrame
    allow_inconclusive: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return {"passed": ..., "lines": [...]}."""
        return {
            "passed": self.passed,
            "allow_inconclusive": self.allow_inconclusive,
            "lines": records(self.lines),
        }


def gate(
    *,
    check: CheckResult | None = None,
    agreement: AgreementResult | None = None,
    drift: DriftResult | None = None,
    config: GateConfig | None = None,
) -> GateResult:
    """Hold results against the thresholds of a configuration.

    A line on an estimate is inconclusive where its interval covers the threshold, a line on a bound compares that
    bound alone, and a figure that could not be computed is inconclusive always. Inconclusive does not pass unless
    `allow_inconclusive` says so.

    Raises:
        UsageError: a threshold on something that was not measured in these results.
    """
    config = config or GateConfig()
    lines: list[dict[str, Any]] = []
    if check is not None:
        lines += _severity(check, config) + _nothing_counts(check, measured=agreement is not None)
    lines += [_finding(one, check) for one in config.findings]
    lines += [_coefficient(one, agreement) for one in config.agreement]
    if config.drift.alarm == "fail":
        lines.append(_drift(drift))
    verdicts = [line["verdict"] for line in lines]
    passed = FAIL not in verdicts and (config.allow_inconclusive or INCONCLUSIVE not in verdicts)
    return GateResult(passed, pl.DataFrame(lines, schema=LINE_SCHEMA, orient="row"), config.allow_inconclusive)


def _nothing_counts(check: CheckResult, *, measured: bool) -> list[dict[str, Any]]:
    """Data of which no row counts has been neither good nor bad, so it does not pass.

    Records of tools that state nothing of their texts, such as instruction data, can be checked, but not measured.
    """
    prefs = check.preferences
    if check.states():
        return []
    if prefs.source.from_tool and not measured:
        texts = prefs.judgments.filter(usable_rows(prefs.columns, ranked=False))
        if not texts.head(1).collect().is_empty():
            return []
    left_out = check.left_out
    message = "no judgment counts: there was nothing to measure" + (f", {left_out}" if left_out.n_rows else "")
    return [_line("judgments", 0.0, 1.0, "min", INCONCLUSIVE, message)]


def _severity(check: CheckResult, config: GateConfig) -> list[dict[str, Any]]:
    if config.fail_on == "never":
        return []
    failing = SEVERITIES[SEVERITIES.index(config.fail_on) :]
    found = check.findings.filter(pl.col("severity").is_in(failing) & is_new())
    codes = ", ".join(found["code"].to_list())
    message = (
        f"findings of severity {' or '.join(failing)}: {codes}" if codes else f"no finding of severity {config.fail_on}"
    )
    name = f"findings of severity {config.fail_on}" + ("" if config.fail_on == "error" else " or above")
    return [_line(name, float(found.height), 0.0, "max", FAIL if found.height else PASS, message)]


def _finding(one: FindingsGate, check: CheckResult | None) -> dict[str, Any]:
    if check is None:
        raise UsageError(f"the gate has a line on {one.code}, but no checks were run")
    if one.code not in BY_CODE:
        raise unknown(one.code)
    bound, threshold = ("max_count", one.max_count) if one.max_share is None else ("max_share", one.max_share)
    assert threshold is not None  # noqa: S101 (the config holds exactly one of the two)
    not_run = check.not_run.filter(pl.col("code") == one.code)
    if not_run.height:
        return _line(
            one.code, None, threshold, bound, INCONCLUSIVE, f"{one.code} could not run: {not_run['reason'][0]}"
        )
    if one.code not in check.ran:
        raise UsageError(f"the gate has a line on {one.code}, which [checks] leaves out")
    found = check.findings.filter(pl.col("code") == one.code)
    value = float(found["count" if bound == "max_count" else "share"].sum())
    verdict = PASS if value <= threshold else FAIL
    return _line(one.code, value, threshold, bound, verdict, f"{one.code}: {value:g} (at most {threshold:g})")


def _coefficient(one: AgreementGate, agreement: AgreementResult | None) -> dict[str, Any]:
    if agreement is None:
        raise UsageError(f"the gate has a line on {one.coefficient}, but agreement was not measured")
    here = pl.col("slice").is_null() if one.slice is None else pl.col("slice") == one.slice
    found = agreement.estimates.filter((pl.col("coefficient") == one.coefficient) & here)
    if one.target is not None:
        found = found.filter(pl.col("target") == one.target)
    name = one.coefficient + (f" [{one.slice}]" if one.slice else "")
    if found.is_empty():
        raise UsageError(f"the gate has a line on {name}, which is not among the estimates", hint="see [agreement].")
    row = found.row(0, named=True)
    threshold = one.min if one.min is not None else one.max
    assert threshold is not None  # noqa: S101 (the config holds exactly one of the two)
    bound = "min" if one.min is not None else "max"
    value = row[one.on]
    span = f"{_number(row['ci_low'])} to {_number(row['ci_high'])}"
    shown = f"{name} {_number(row['estimate'])} ({span}), {bound} {threshold:g} on {one.on}"
    if value is None:
        verdict, shown = INCONCLUSIVE, f"{shown}: could not be computed, {row['reason']}"
    elif one.on == "estimate" and (row["ci_low"] is None or row["ci_low"] < threshold < row["ci_high"]):
        verdict, shown = INCONCLUSIVE, f"{shown}: {_open(row, threshold)}"
    else:
        verdict = PASS if (value >= threshold if bound == "min" else value <= threshold) else FAIL
    return _line(name, row["estimate"], threshold, bound, verdict, shown) | {
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
    }


def _open(row: dict[str, Any], threshold: float) -> str:
    """Say what would decide a line whose interval covers the threshold; the width shrinks with the root of n."""
    if row["ci_low"] is None:
        return f"no interval, {row['reason']}"
    half, gap = (row["ci_high"] - row["ci_low"]) / 2, abs(row["estimate"] - threshold)
    if gap == 0:
        return "the interval covers the threshold"
    factor = (half / gap) ** 2
    items = f"{max(int(row['n_items'] * (factor - 1)) + 1, 1):,} more items"
    people = max(int(row["n_annotators"] * (factor - 1)) + 1, 1)
    return f"the interval covers the threshold; about {items} by {people:,} more annotators would decide"


def _drift(drift: DriftResult | None) -> dict[str, Any]:
    if drift is None:
        raise UsageError("the gate has a line on drift, but drift was not looked for")
    if drift.alarm is None:
        return _line("drift", None, 0.0, "max", INCONCLUSIVE, f"drift could not be looked for: {drift.reason}")
    alarms = drift.changes.filter("alarm")["sentence"].to_list()
    # What changed answers may explain does not fail, and is told.
    warned = drift.changes.filter(~pl.col("alarm"))["sentence"].to_list()
    said = "; ".join(alarms or [f"no alarm against the reference {drift.reference}", *warned])
    return _line("drift", float(drift.alarm), 0.0, "max", FAIL if drift.alarm else PASS, said)


def _line(name: str, value: float | None, threshold: float, bound: str, verdict: str, message: str) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "ci_low": None,
        "ci_high": None,
        "threshold": float(threshold),
        "bound": bound,
        "verdict": verdict,
        "message": message,
    }


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
