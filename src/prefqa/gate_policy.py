"""The default policy: what the gate judges where the configuration sets no threshold of its own.

Its lines are documented in docs/gate.md. Thresholds are on intervals, never on bare estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from prefqa.agreement.meaning import CHANCE_CORRECTED
from prefqa.checks.baseline import is_new
from prefqa.gate_lines import FAIL, INCONCLUSIVE, PASS, WARN, Line, line

if TYPE_CHECKING:
    from prefqa.agreement import AgreementResult, DisagreementResult
    from prefqa.checks import CheckResult
    from prefqa.config import GateConfig
    from prefqa.drift import DriftResult

#: Agreement whose whole interval lies below this warns: "slight" in the words of Landis and Koch (1977).
LOW_AGREEMENT = 0.2
#: Intervals from fewer items say too little to fail data.
MIN_ITEMS = 20
#: A finding of severity warning on a larger share of the data warns.
WIDE = 0.01
#: The coefficient that is judged, the first of these that was measured over all items.
_HEADLINES = ("alpha_nominal", "alpha_ordinal", "alpha_interval")
#: Rules on annotators, and how many of their findings the line shows.
_FAMILY, _ANNOTATORS, _SHOWN = "PQ3", "annotators", 3


def policy_lines(
    check: CheckResult | None,
    agreement: AgreementResult | None,
    disagreement: DisagreementResult | None,
    drift: DriftResult | None,
    config: GateConfig,
) -> dict[str, Line]:
    """Return the lines of the policy by what they judge, without what the configuration judges itself."""
    lines: dict[str, Line | None] = {}
    if agreement is not None and not config.agreement:
        lines["agreement"] = _agreement(agreement, disagreement)
    if check is not None:
        lines["findings of severity warning"] = _findings(check, config)
        lines["annotators"] = _annotators(check, config)
    if drift is not None and config.drift.alarm == "warn":
        lines["drift"] = _drift(drift)
    return {name: one for name, one in lines.items() if one is not None}


def _agreement(agreement: AgreementResult, disagreement: DisagreementResult | None) -> Line | None:
    """Judge the headline coefficient against chance: fail if its interval includes 0, warn if it is below 0.2."""
    row = headline(agreement)
    if row is None:
        return None
    name = row["coefficient"]
    if row["estimate"] is None or row["ci_low"] is None:
        reason = row["reason"] or "no interval"
        message = (
            f"agreement could not be judged ({name}: {reason}); let a second annotator judge some of the items, "
            "200 or more"
        )
        return line(name, row["estimate"], 0.0, "min", WARN, message)
    shown = f"{name} {row['estimate']:.3f} ({row['ci_low']:.3f} to {row['ci_high']:.3f}, {row['n_items']:,} items)"
    best = _best_model(disagreement)
    if row["n_items"] < MIN_ITEMS:
        verdict, threshold = WARN, 0.0
        message = f"too few items to judge agreement, fewer than {MIN_ITEMS}: {shown}"
    elif row["ci_low"] <= 0.0:
        verdict, threshold = FAIL, 0.0
        message = f"agreement is not distinguishable from chance: {shown}{best}"
    elif row["ci_high"] < LOW_AGREEMENT:
        verdict, threshold = WARN, LOW_AGREEMENT
        message = f"agreement is low, below {LOW_AGREEMENT:g}: {shown}{best}"
    else:
        verdict, threshold = PASS, 0.0
        message = f"agreement is above chance: {shown}"
    return line(name, row["estimate"], threshold, "min", verdict, message, row["ci_low"], row["ci_high"])


def _findings(check: CheckResult, config: GateConfig) -> Line | None:
    """Warn of findings of severity warning on the data itself (PQ1, PQ2) that concern more than 1 % of it."""
    own = [one.code for one in config.findings]
    judged = [code for code in check.ran if code.startswith(("PQ1", "PQ2")) and code not in own]
    if not judged:
        return None
    wide = check.findings.filter(
        pl.col("code").is_in(judged) & (pl.col("severity") == "warning") & (pl.col("share") > WIDE) & is_new()
    )
    name = "findings of severity warning"
    if wide.is_empty():
        return line(name, 0.0, 0.0, "max", PASS, f"no finding of severity warning concerns more than {WIDE:.0%}")
    listed = ", ".join(f"{code} ({share:.1%})" for code, share in wide.select("code", "share").iter_rows())
    message = f"findings of severity warning concern more than {WIDE:.0%} of the data: {listed}"
    return line(name, float(wide.height), 0.0, "max", WARN, message)


def _annotators(check: CheckResult, config: GateConfig) -> Line | None:
    """Warn of annotators whose judgments cannot be used as they are: findings of severity warning in family PQ3."""
    own = [one.code for one in config.findings]
    judged = [code for code in check.ran if code.startswith(_FAMILY) and code not in own]
    if not judged:
        return None
    named = check.findings.filter(pl.col("code").is_in(judged) & (pl.col("severity") == "warning") & is_new())
    if named.is_empty():
        return line(_ANNOTATORS, 0.0, 0.0, "max", PASS, "no annotator stands out by habit, pace or votes below chance")
    messages = [f"{code}: {message}" for code, message in named.select("code", "message").head(_SHOWN).iter_rows()]
    more = f" {named.height - _SHOWN} more such findings." if named.height > _SHOWN else ""
    return line(_ANNOTATORS, float(named.height), 0.0, "max", WARN, " ".join(messages) + more)


def overall(verdicts: Sequence[str], *, allow_inconclusive: bool) -> str:
    """Return the verdict of all lines: the worst of them."""
    order = (FAIL, INCONCLUSIVE, WARN, PASS)
    if allow_inconclusive and INCONCLUSIVE in verdicts and FAIL not in verdicts:
        return INCONCLUSIVE
    return next((verdict for verdict in order if verdict in verdicts), PASS)


def strict(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with each warning a failure (policy = "strict")."""
    return [one | {"verdict": FAIL} if one["verdict"] == WARN else one for one in lines]


def drift_sentences(drift: DriftResult) -> tuple[list[str], list[str]]:
    """Return the sentences on changes that alarm, and on those that changed answers may explain."""
    alarms, others = (
        drift.changes.filter(which)["sentence"].to_list() for which in (pl.col("alarm"), ~pl.col("alarm"))
    )
    return alarms, others


def _drift(drift: DriftResult) -> Line | None:
    """Warn of an alarm, and of a change that changed answers may explain; no line where nothing could be tested."""
    if drift.alarm is None:
        return None
    alarms, others = drift_sentences(drift)
    if not alarms and not others:
        return line("drift", 0.0, 0.0, "max", PASS, f"no change from the reference {drift.reference}")
    return line("drift", float(drift.alarm), 0.0, "max", WARN, "; ".join([*alarms, *others]))


def headline(agreement: AgreementResult) -> dict[str, Any] | None:
    """Return the estimate over all items that is judged, as a row of `estimates`."""
    whole = [row for row in agreement.estimates.iter_rows(named=True) if row["slice"] is None]
    corrected = [row for row in whole if row["coefficient"] in CHANCE_CORRECTED]
    named = [row for name in _HEADLINES for row in corrected if row["coefficient"] == name]
    measured = [row for row in [*named, *corrected] if row["estimate"] is not None]
    return next(iter([*measured, *named, *corrected]), None)


def _best_model(disagreement: DisagreementResult | None) -> str:
    ceiling = disagreement.ceiling if disagreement is not None else None
    if ceiling is None or ceiling.model_against_one.value is None:
        return ""
    return f"; even a perfect reward model would agree with one annotator in {ceiling.model_against_one.value:.0%}"
