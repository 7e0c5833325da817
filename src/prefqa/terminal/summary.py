"""The summary of a run and of its steps in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from prefqa.agreement.meaning import BENCHMARKS, BY_PROBABILITY, CHANCE_CORRECTED, in_words
from prefqa.drift.words import drift_words
from prefqa.report.text import gate_sentence
from prefqa.terminal.consensus import criterion_lines
from prefqa.terminal.criteria import print_weights
from prefqa.terminal.parts import MAX_ROWS, hang, interval, number, plural, say_more, shown, table
from prefqa.terminal.reading import print_facts

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.agreement import AgreementResult
    from prefqa.checks import CheckResult
    from prefqa.checks.left_out import LeftOut
    from prefqa.consensus import ConsensusResult
    from prefqa.gate import GateResult
    from prefqa.pipeline import RunResult

#: Coefficients that stand in the summary of a run; the report has all of them.
MAIN = ("alpha_nominal", "percent_agreement", "kendall_w_corrected")
#: Longest text on what was left out: every rule that leaves out rows is named.
_LONGEST = 2000
_STYLE = {
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "pass": "green",
    "warn": "yellow",
    "fail": "bold red",
    "inconclusive": "yellow",
}
_PLACE = {"row": "row", "item": "item_id", "annotator": "annotator_id", "response": "response_id"}
_WEIGHTS_ANNOTATORS = ("dawid-skene", "two-coin", "mallows", "graded", "weighted-bradley-terry")
_COUNTS = {
    "items": "n_items",
    "  with one best response": "n_items_with_winner",
    "  tied at the top": "n_items_tied",
    "  unanimous": "n_items_unanimous",
    "  with a cycle": "n_items_with_cycle",
    "  judged by one annotator only": "n_items_single_annotator",
    "  with one response only": "n_items_single_response",
    "  best order not proven": "n_items_not_exact",
    "pairs": "n_pairs",
    "  tied": "n_tied_pairs",
    "  left out, nobody compared them": "n_pairs_without_votes",
    "annotators": "n_annotators",
    "judgments": "n_judgments",
    "votes": "n_votes",
}

_INDENT = 11


def print_run(console: Console, result: RunResult, out: Path) -> None:
    """Print the summary of a run: what was read, found, measured, built and judged, and where the files are."""
    overall, check = result.consensus.overall, result.check
    console.print()
    _fact(console, "Data", result.source.detail or result.source.shape)
    print_facts(console, result.source.facts, indent=_INDENT)
    alone = "" if result.criterion is None else f"by the criterion {result.criterion}: "
    _fact(
        console,
        "",
        f"{alone}{overall['n_items']:,} items, {overall['n_annotators']:,} annotators, "
        f"{overall['n_judgments']:,} judgments, {overall['n_votes']:,} votes; {check.left_out}",
    )
    infos = int((check.findings["severity"] == "info").sum())
    hidden = f", {infos} of severity info not shown" if infos else ""
    found = f"{plural(check.findings.height, 'finding')}{hidden}" if check.findings.height else "nothing found"
    not_run = f"; {plural(check.not_run.height, 'rule')} could not run" if check.not_run.height else ""
    _fact(console, "Checks", found + not_run)
    _findings(console, check, infos=False)
    estimates = [row for row in result.agreement.estimates.iter_rows(named=True) if row["slice"] is None]
    main = [row for row in estimates if row["coefficient"] in MAIN] or estimates
    console.print(_agreement_table(main, "agreement", result.agreement.level))
    for warning in result.agreement.warnings:
        _fact(console, "Note", f"{warning}.")
    if result.agreement.by:
        _fact(console, "", f"By {', '.join(result.agreement.by)}: see the report.")
    _fact(console, "Drift", drift_words(result.drift))
    _fact(
        console,
        "Consensus",
        f"{result.pairs.height:,} pairs by {overall['method']}; {overall['n_items_with_winner']:,} of "
        f"{overall['n_items']:,} items have one best response, {overall['n_items_tied']:,} are tied, "
        f"{overall['n_items_unanimous']:,} unanimous, {overall['n_items_with_cycle']:,} have a cycle",
    )
    lines = criterion_lines(result.criterion_names, result.criterion, result.by_criterion, files=True)
    own = [] if result.by_criterion else [result.pair_set.sentence]  # else each criterion has a sentence
    for head, line in zip_longest(("Pairs",), [*own, *lines], fillvalue=""):
        _fact(console, head, line)
    if result.criteria is not None:
        _fact(console, "Criteria", result.criteria.sentence)
        print_weights(console, result.criteria)
    console.print()
    print_gate(console, result.gate, brief=True)
    _fact(console, "Files", f"{out} (open report.html)")


def print_findings(console: Console, check: CheckResult) -> None:
    """Print the findings with their first examples."""
    print_facts(console, check.preferences.source.facts)
    _findings(console, check, examples=True)
    for reason, codes in check.not_run.group_by("reason", maintain_order=True).agg("code").iter_rows():
        hang(console, Text("not run"), f"{', '.join(codes)}: {reason}", style="dim")
    found = f"{plural(check.findings.height, 'finding')} in {check.n_rows:,} rows, {check.n_judgments:,} judgments; "
    hang(console, None, f"{found}{check.left_out}.", longest=_LONGEST)


def print_left_out(console: Console, left_out: LeftOut) -> None:
    """Print how many rows were left out and by which rules, if any were."""
    if left_out.n_rows:
        hang(console, None, f"{left_out}.", style="yellow", longest=_LONGEST)


def print_agreement(console: Console, agreement: AgreementResult) -> None:
    """Print all estimates; slices stand below each other, coefficient by coefficient."""
    whole = [row for row in agreement.estimates.iter_rows(named=True) if row["slice"] is None]
    console.print(_agreement_table(whole, "agreement", agreement.level))
    for estimate in whole if agreement.by else []:
        name = estimate["coefficient"]
        here = [row for row in agreement.estimates.iter_rows(named=True) if row["coefficient"] == name]
        sliced = [row for row in here if row["slice"] is not None]
        console.print(_agreement_table(sliced[:MAX_ROWS], name, agreement.level, key="slice"))
        say_more(console, len(sliced), "slice")
    hang(console, None, f"{agreement.level:.0%} intervals: {agreement.method}.", style="dim")
    if any(row["coefficient"] in CHANCE_CORRECTED for row in whole):
        hang(console, None, f"In words: {BENCHMARKS['landis_koch'].source}, {BY_PROBABILITY}.", style="dim")
    for warning in agreement.warnings:
        hang(console, None, f"Note: {warning}.", style="yellow")


def print_consensus(console: Console, consensus: ConsensusResult) -> None:
    """Print the counts of a consensus; what no item or pair did is left out."""
    overall = consensus.overall
    rows = [
        (said, f"{overall[key]:,}")
        for said, key in _COUNTS.items()
        if overall.get(key) or (key in overall and not said.startswith(" "))
    ]
    console.print(table((f"by {consensus.method}", ""), rows, right=(1,)))
    mean = overall.get("mean_probability")
    if mean is not None:
        said = f"prior {overall['prior']:.3f}, {overall['prior_origin']}"
        if consensus.method in _WEIGHTS_ANNOTATORS:
            said = f"reliabilities of {overall['n_annotators']:,} annotators after {overall['iterations']} iterations"
        hang(console, None, f"Mean probability of the chosen response {mean:.3f} ({said}).", style="dim")
    if overall["candidates"]:
        hang(console, None, f"Method: {overall['why']}.", style="dim")
    below = overall["annotators_below_chance"]
    if below:
        named = ", ".join(below[:5]) + (", …" if len(below) > 5 else "")
        hang(console, Text("below chance"), f"{plural(len(below), 'annotator')} against the others: {named}")


def print_gate(console: Console, gate: GateResult, *, brief: bool = False) -> None:
    """Print each line of the gate with its verdict, and the verdict on the data; `brief` counts what passes."""
    holds = gate.lines["verdict"] == "pass"
    passing, others = gate.lines.filter(holds), gate.lines.filter(~holds)
    for row in (others if brief else others.vstack(passing)).iter_rows(named=True):
        hang(console, Text(row["verdict"], _STYLE[row["verdict"]]), row["message"])
    if gate.not_judged:
        hang(console, None, f'not judged ([gate] policy = "off"): {", ".join(gate.not_judged)}', style="dim")
    held = f" ({passing.height} of {plural(gate.lines.height, 'condition')} hold)" if brief else ""
    hang(console, None, f"{gate_sentence(gate)}{held}", style=_STYLE[gate.verdict])


def print_schema(console: Console, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Print the columns of the standard form."""
    for name, columns in tables.items():
        rows = [
            (c["column"], c["type"].partition("(")[0], "required" if c["required"] else "", c["meaning"])
            for c in columns
        ]
        console.print(table((name, "type", "", "meaning"), rows, fold=(1, 3)))


def print_rules(console: Console, listed: Sequence[dict[str, str]]) -> None:
    """Print the rules."""
    rows = [(rule["code"], rule["severity"], rule["name"], rule["summary"]) for rule in listed]
    console.print(table(("code", "severity", "name", "finds"), rows, fold=(3,)))


def _fact(console: Console, name: str, words: str) -> None:
    hang(console, Text(name, "bold"), words, indent=_INDENT)


def _findings(console: Console, check: CheckResult, *, examples: bool = False, infos: bool = True) -> None:
    for row in check.findings.iter_rows(named=True):
        if row["severity"] == "info" and not infos:
            continue
        head = Text.assemble(row["code"], " ", (row["severity"], _STYLE[row["severity"]]))
        hang(console, head, row["message"], indent=14)
        for example in row["examples"] if examples else []:
            place = [f"{name} {shown(example[key])}" for name, key in _PLACE.items() if example[key] is not None]
            value = [] if example["value"] is None else [f"value {shown(example['value'])}"]
            hang(console, Text(""), ", ".join(place + value), indent=14, style="dim")


def _agreement_table(rows: list[dict[str, Any]], head: str, level: float, key: str = "coefficient") -> Table:
    twice = len({row["target"] for row in rows}) > 1 and len({row[key] for row in rows}) < len(rows)
    cells = [
        (
            shown(row[key], 30) + (f" ({row['target']})" if twice else ""),
            number(row["estimate"]) or "undefined",
            interval(row["ci_low"], row["ci_high"]) or row["reason"] or "",
            in_words(row, level),
            f"{row['n_items']:,}",
        )
        for row in rows
    ]
    titles = (head, "estimate", f"{level * 100:g} % interval", "in words", "items")
    return table(titles, cells, right=(1, 4), fold=(2,))
