"""What a person reads in the terminal about drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefqa.drift.result import CONFOUNDED
from prefqa.drift.words import drift_words
from prefqa.terminal.parts import MAX_ROWS, hang, interval, number, p_value, say_more, shown, table

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.drift import DriftResult


def print_drift(console: Console, drift: DriftResult) -> None:
    """Print what changed, each detector where it came nearest to a change, and what was observed by period."""
    hang(console, None, drift_words(drift))
    for warning in drift.warnings:
        hang(console, None, f"Note: {warning}.", style="yellow")
    tested = drift.detectors.filter(pl.col("kind") != "context")
    nearest = tested.sort("p_adjusted", "p_value", nulls_last=True, maintain_order=True).group_by("detector").first()
    order = tested["detector"].unique(maintain_order=True).to_list()
    found = {row["detector"]: row for row in nearest.iter_rows(named=True)}
    rows: list[tuple[str, ...]] = [_detector_row(found[name], shown(name, 24)) for name in order[:MAX_ROWS]]
    if rows:
        head = ("detector", "nearest", "change", "p", "could see", "")
        console.print(table(head, rows, right=(3, 4), fold=(0, 2)))
        say_more(console, len(order), "detector")
    observed = drift.detectors.filter(pl.col("kind") == "context")
    for (name,), part in observed.group_by("detector", maintain_order=True):
        lines: list[tuple[str, ...]] = [_period_row(row) for row in part.head(MAX_ROWS).iter_rows(named=True)]
        titles = (str(name), "estimate", "difference", "p (Holm)", "could see")
        console.print(table(titles, lines, right=(1, 3, 4), fold=(2,)))
        say_more(console, part.height, "period")
    if drift.detectors.height:
        method = f"{drift.method}; could see: what would have been found with a probability of 80 %."
        hang(console, None, method, style="dim")


def _detector_row(row: dict[str, Any], name: str) -> tuple[str, ...]:
    change, seen = interval(row["ci_low"], row["ci_high"]), number(row["min_detectable"])
    alarm = "changed" if row["alarm"] else row["grade"] if row["grade"] == CONFOUNDED and not row["reason"] else ""
    return name, shown(row["period"] or "", 18), row["reason"] or change, p_value(row["p_adjusted"]), seen, alarm


def _period_row(row: dict[str, Any]) -> tuple[str, ...]:
    span = interval(row["ci_low"], row["ci_high"]) if row["difference"] is not None else row["reason"] or ""
    figures = number(row["estimate"]), span, p_value(row["p_adjusted"]), number(row["min_detectable"])
    return shown(row["period"] or row["unit"] or "", 18), *figures
