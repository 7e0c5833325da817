"""What a person reads in the terminal: short tables and one line per fact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.agreement import AgreementResult
    from prefqa.checks import CheckResult
    from prefqa.consensus import ConsensusResult
    from prefqa.drift import DriftResult
    from prefqa.gate import GateResult
    from prefqa.pipeline import RunResult

#: Coefficients that stand in the summary of a run; the report has all of them.
MAIN = ("alpha_nominal", "percent_agreement", "kendall_w_corrected")
_STYLE = {
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "pass": "green",
    "fail": "bold red",
    "inconclusive": "yellow",
}
_LONGEST = 60


def print_run(console: Console, result: RunResult, out: Path) -> None:
    """Print the summary of a run: what was read, found, measured, built and judged, and where the files are."""
    overall = result.consensus.overall
    console.print()
    _fact(console, "Data", f"{result.source.detail or result.source.shape}")
    counts = (
        f"{overall['n_items']:,} items, {overall['n_annotators']:,} annotators, {overall['n_judgments']:,} judgments, "
        f"{overall['n_votes']:,} votes; {result.check.quarantine.height:,} of {result.check.n_rows:,} rows left out"
    )
    _fact(console, "", counts)
    for row in result.check.findings.iter_rows(named=True):
        console.print(_finding_line(row))
    if result.check.findings.is_empty():
        _fact(console, "Checks", "nothing found")
    _agreement_table(
        console, [row for row in result.agreement.estimates.iter_rows(named=True) if row["coefficient"] in MAIN]
    )
    for warning in result.agreement.warnings:
        _fact(console, "Note", warning)
    _fact(console, "Drift", _drift_words(result.drift))
    winners = overall["n_items_with_winner"]
    _fact(
        console,
        "Consensus",
        f"{result.pairs.height:,} pairs by {overall['method']}; {winners:,} of {overall['n_items']:,} items have one "
        f"best response, {overall['n_items_tied']:,} are tied, {overall['n_items_with_cycle']:,} have a cycle",
    )
    print_gate(console, result.gate)
    _fact(console, "Files", f"{out} (open report.html)")


def print_findings(console: Console, check: CheckResult) -> None:
    """Print the findings with their first examples."""
    for row in check.findings.iter_rows(named=True):
        console.print(_finding_line(row))
        for example in row["examples"]:
            place = ", ".join(
                f"{name} {shown(example[key])}"
                for name, key in (
                    ("row", "row"),
                    ("item", "item_id"),
                    ("annotator", "annotator_id"),
                    ("response", "response_id"),
                )
                if example[key] is not None
            )
            value = f": {shown(example['value'])}" if example["value"] is not None else ""
            console.print(Text(f"    {place}{value}", style="dim"), soft_wrap=True)
    for code, reason in check.not_run.iter_rows():
        console.print(Text(f"{code} could not run: {reason}", style="dim"))
    n = check.findings.height
    console.print(
        Text(
            f"{n} {'finding' if n == 1 else 'findings'} in {check.n_rows:,} rows, {check.n_judgments:,} judgments; "
            f"{check.quarantine.height:,} rows left out."
        )
    )


def print_agreement(console: Console, agreement: AgreementResult) -> None:
    """Print all estimates."""
    _agreement_table(console, list(agreement.estimates.iter_rows(named=True)))
    console.print(Text(f"{agreement.level:.0%} intervals: {agreement.method}.", style="dim"))
    for warning in agreement.warnings:
        console.print(Text(f"Note: {warning}.", style="yellow"))


def print_drift(console: Console, drift: DriftResult) -> None:
    """Print what changed, and the comparison of each period."""
    console.print(Text(_drift_words(drift)))
    if drift.detectors.is_empty():
        return
    rows = [
        (
            row["detector"],
            row["period"],
            _number(row["estimate"]),
            _number(row["reference_estimate"]),
            _interval(row["ci_low"], row["ci_high"]) if row["difference"] is not None else row["reason"] or "",
            _number(row["p_adjusted"]),
            _number(row["min_detectable"]),
        )
        for row in drift.detectors.iter_rows(named=True)
    ]
    head = ("detector", "period", "estimate", "reference", "difference", "p (Holm)", "could be seen")
    console.print(_table(head, rows, right=(2, 3, 5, 6)))


def print_consensus(console: Console, consensus: ConsensusResult) -> None:
    """Print the counts of a consensus."""
    rows = [(name.removeprefix("n_").replace("_", " "), _figure(value)) for name, value in consensus.overall.items()]
    console.print(_table(("", consensus.method), rows, right=(1,)))


def print_gate(console: Console, gate: GateResult) -> None:
    """Print each line of the gate with its verdict, and the verdict of all."""
    for row in gate.lines.iter_rows(named=True):
        console.print(Text.assemble((f"{row['verdict']:<13}", _STYLE[row["verdict"]]), shown(row["message"], 400)))
    verdict = ("pass", "Gate passed") if gate.passed else ("fail", "Gate failed")
    if gate.passed and "inconclusive" in gate.lines["verdict"]:
        verdict = ("inconclusive", "Gate passed; inconclusive lines are allowed by the config")
    console.print(Text(verdict[1], style=_STYLE[verdict[0]]))


def print_schema(console: Console, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Print the columns of the standard form."""
    for name, columns in tables.items():
        rows = [(c["column"], c["type"], "required" if c["required"] else "", c["meaning"]) for c in columns]
        console.print(_table((name, "type", "", "meaning"), rows))


def print_rules(console: Console, listed: Sequence[dict[str, str]]) -> None:
    """Print the rules."""
    rows = [(rule["code"], rule["severity"], rule["name"], rule["summary"]) for rule in listed]
    console.print(_table(("code", "severity", "name", "finds"), rows))


def shown(value: object, longest: int = _LONGEST) -> str:
    """Text from data as one printable line: control characters visible, cut where it is too long."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(value)[: 4 * longest])
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _fact(console: Console, name: str, words: str) -> None:
    line = Table.grid(padding=(0, 1))
    line.add_column(width=10, style="bold")
    line.add_column(overflow="fold")
    line.add_row(name, Text(shown(words, 600)))
    console.print(line)


def _finding_line(row: dict[str, Any]) -> Text:
    return Text.assemble((f"{row['code']} {row['severity']:<8}", _STYLE[row["severity"]]), shown(row["message"], 400))


def _agreement_table(console: Console, estimates: list[dict[str, Any]]) -> None:
    rows = [
        (
            row["coefficient"],
            *(
                [shown(row["slice"], 30)]
                if any(r["slice"] for r in estimates) and row["slice"]
                else [""] * any(r["slice"] for r in estimates)
            ),
            _number(row["estimate"]) if row["estimate"] is not None else "undefined",
            _interval(row["ci_low"], row["ci_high"]) if row["ci_low"] is not None else row["reason"] or "",
            f"{row['n_items']:,}",
        )
        for row in estimates
    ]
    head = (
        "agreement",
        *(["slice"] if any(r["slice"] for r in estimates) else []),
        "estimate",
        "95 % interval",
        "items",
    )
    console.print(_table(head, rows, right=(len(head) - 3, len(head) - 1)))


def _drift_words(drift: DriftResult) -> str:
    if drift.alarm is None:
        return f"could not be looked for: {drift.reason}"
    if drift.alarm:
        return " ".join(drift.changes["sentence"])
    smallest = drift.detectors.group_by("detector", maintain_order=True).agg(seen=_min("min_detectable"))
    seen = "; ".join(f"{name} {_number(value)}" for name, value in smallest.iter_rows() if value is not None)
    return f"none found against {drift.reference} ({drift.by}); smallest change that could have been seen: {seen}"


def _min(name: str) -> Any:
    import polars as pl

    return pl.col(name).min()


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], right: Sequence[int] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(head):
        table.add_column(name, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell, 200)) for cell in row))
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
