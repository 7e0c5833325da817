"""The gate: conditions on findings, agreement and drift, each ending in pass, warn, fail or inconclusive."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from prefqa.checks.baseline import is_new
from prefqa.checks.rules import BY_CODE, unknown
from prefqa.config import AgreementGate, FindingsGate, GateConfig
from prefqa.errors import UsageError
from prefqa.gate_lines import FAIL, INCONCLUSIVE, LINE_SCHEMA, PASS, WARN, Line, line
from prefqa.gate_policy import drift_sentences, overall, policy_lines, strict
from prefqa.preferences import usable_rows
from prefqa.results import Result, records

if TYPE_CHECKING:
    from prefqa.agreement import AgreementResult, DisagreementResult
    from prefqa.checks import CheckResult
    from prefqa.consensus import ConsensusResult
    from prefqa.drift import DriftResult

SEVERITIES = ("info", "warning", "error")
#: Probability with which the advice on an inconclusive line decides it, and the normal quantile of it.
POWER, _Z_POWER = 0.8, 0.8416
_Z_LEVEL = 1.96
#: An advice to collect more than this many times the data is none.
_MOST = 1000.0


@dataclass(frozen=True)
class GateResult(Result):
    """The verdict on the data, and one line per condition with its own.

    `verdict` is the worst of the lines: "fail", "inconclusive", "warn" or "pass". `passed` is true for "pass" and
    "warn", and for "inconclusive" where the configuration allows it. `lines` has one row per condition: `name`,
    `value` (null where it could not be computed), its interval `ci_low` and `ci_high` (null where there is none),
    `threshold`, `bound` ("min", "max", "max_count" or "max_share"), `verdict`, and `message`. `not_judged` names what
    the policy "off" leaves out.
    """

    verdict: str
    lines: pl.DataFrame
    allow_inconclusive: bool = False
    policy: str = "default"
    not_judged: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the exit code is 0."""
        return self.verdict in (PASS, WARN) or (self.verdict == INCONCLUSIVE and self.allow_inconclusive)

    def to_dict(self) -> dict[str, Any]:
        """Return {"verdict": ..., "passed": ..., "lines": [...]}."""
        return {
            "verdict": self.verdict,
            "passed": self.passed,
            "policy": self.policy,
            "not_judged": list(self.not_judged),
            "allow_inconclusive": self.allow_inconclusive,
            "lines": records(self.lines),
        }


def gate(
    *,
    check: CheckResult | None = None,
    agreement: AgreementResult | None = None,
    disagreement: DisagreementResult | None = None,
    drift: DriftResult | None = None,
    consensus: ConsensusResult | None = None,
    config: GateConfig | None = None,
) -> GateResult:
    """Hold results against the thresholds of a configuration, and where it has none against the default policy.

    A line on an estimate is inconclusive where its interval covers the threshold, a line on a bound compares that
    bound alone, and a figure that could not be computed is inconclusive always. Inconclusive does not pass unless
    `allow_inconclusive` says so. The default policy fails agreement whose interval includes chance, and warns of
    agreement below 0.2 or on few items, of findings of severity warning on much of the data (PQ1, PQ2) or on annotators
    (PQ3), and of a changed rule; with `policy = "strict"` these fail, too, and with "off" they are not judged. Data of
    which nothing can be used fails always.

    Parameters
    ----------
    check, agreement, disagreement, drift, consensus
        The results to judge; what is not given is not judged. `disagreement` adds what a reward model could reach.
    config
        The `[gate]` table.

    Raises
    ------
    UsageError
        A threshold on something that was not measured in these results.
    """
    config = config or GateConfig()
    lines: list[Line] = []
    if check is not None:
        lines += _severity(check, config)
        lines += _nothing_counts(check, measured=agreement is not None) or _no_votes(consensus)
    lines += [_finding(one, check) for one in config.findings]
    lines += [_coefficient(one, agreement) for one in config.agreement]
    if config.drift.alarm == "fail":
        lines.append(_drift(drift))
    judged = policy_lines(check, agreement, disagreement, drift, config)
    not_judged: tuple[str, ...] = ()
    if config.policy == "off":
        not_judged = tuple(judged)
    elif check is None or check.states():
        lines += judged.values()
    if config.policy == "strict":
        lines = strict(lines)
    verdict = overall([one["verdict"] for one in lines], allow_inconclusive=config.allow_inconclusive)
    frame = pl.DataFrame(lines, schema=LINE_SCHEMA, orient="row")
    return GateResult(verdict, frame, config.allow_inconclusive, config.policy, not_judged)


def _nothing_counts(check: CheckResult, *, measured: bool) -> list[Line]:
    """Fail data of which no row counts: nothing in it can be used.

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
    return [line("judgments", 0.0, 1.0, "min", FAIL, message)]


def _no_votes(consensus: ConsensusResult | None) -> list[Line]:
    """Fail a run on data without a vote on any pair: there is nothing to train on."""
    if consensus is None or consensus.overall["n_votes"]:
        return []
    message = (
        "no annotator compared two responses of an item: there is nothing to train on. Labels are combined by "
        "prefqa label-consensus"
    )
    return [line("votes", 0.0, 1.0, "min", FAIL, message)]


def _severity(check: CheckResult, config: GateConfig) -> list[Line]:
    if config.fail_on == "never":
        return []
    failing = SEVERITIES[SEVERITIES.index(config.fail_on) :]
    own = [one.code for one in config.findings]  # a line of its own replaces this one for its code
    found = check.findings.filter(pl.col("severity").is_in(failing) & ~pl.col("code").is_in(own) & is_new())
    codes = ", ".join(found["code"].to_list())
    message = (
        f"findings of severity {' or '.join(failing)}: {codes}" if codes else f"no finding of severity {config.fail_on}"
    )
    name = f"findings of severity {config.fail_on}" + ("" if config.fail_on == "error" else " or above")
    return [line(name, float(found.height), 0.0, "max", FAIL if found.height else PASS, message)]


def _finding(one: FindingsGate, check: CheckResult | None) -> Line:
    if check is None:
        raise UsageError(f"the gate has a line on {one.code}, but no checks were run")
    if one.code not in BY_CODE:
        raise unknown(one.code)
    bound, threshold = ("max_count", one.max_count) if one.max_share is None else ("max_share", one.max_share)
    assert threshold is not None  # noqa: S101 (the config holds exactly one of the two)
    not_run = check.not_run.filter(pl.col("code") == one.code)
    if not_run.height:
        return line(one.code, None, threshold, bound, INCONCLUSIVE, f"{one.code} could not run: {not_run['reason'][0]}")
    if one.code not in check.ran:
        raise UsageError(f"the gate has a line on {one.code}, which [checks] leaves out")
    found = check.findings.filter(pl.col("code") == one.code)
    value = float(found["count" if bound == "max_count" else "share"].sum())
    verdict = PASS if value <= threshold else FAIL
    return line(one.code, value, threshold, bound, verdict, f"{one.code}: {value:g} (at most {threshold:g})")


def _coefficient(one: AgreementGate, agreement: AgreementResult | None) -> Line:
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
    return line(name, row["estimate"], threshold, bound, verdict, shown, row["ci_low"], row["ci_high"])


def _open(row: dict[str, Any], threshold: float) -> str:
    """Say what would decide a line whose interval covers the threshold, with probability `POWER`.

    The width of an interval shrinks with the root of the sample. With s the standard error and d the distance of the
    estimate from the threshold, it decides where d / s reaches z(level) + z(power).
    """
    if row["ci_low"] is None:
        return f"no interval, {row['reason']}"
    half, gap = (row["ci_high"] - row["ci_low"]) / 2, abs(row["estimate"] - threshold)
    factor = (half / gap * (1 + _Z_POWER / _Z_LEVEL)) ** 2 if gap else math.inf
    if factor > _MOST:
        return "the interval covers the threshold, and the estimate is too close to it for more data to decide"
    items, people = (math.ceil(row[key] * (factor - 1)) for key in ("n_items", "n_annotators"))
    return (
        f"the interval covers the threshold; {max(items, 1):,} more items by {max(people, 1):,} more annotators would "
        f"decide with a probability of {POWER:.0%}, if the estimate is right"
    )


def _drift(drift: DriftResult | None) -> Line:
    if drift is None:
        raise UsageError("the gate has a line on drift, but drift was not looked for")
    if drift.alarm is None:
        return line("drift", None, 0.0, "max", INCONCLUSIVE, f"drift could not be looked for: {drift.reason}")
    alarms, others = drift_sentences(drift)
    message = "; ".join(alarms or [f"no alarm against the reference {drift.reference}", *others])
    return line("drift", float(drift.alarm), 0.0, "max", FAIL if drift.alarm else PASS, message)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
