"""What a person reads in the terminal about criteria and the overall vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefqa.terminal.parts import MAX_ROWS, hang, interval, number, say_more, shown, table

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.criteria import CriteriaResult

#: Contradictions that are printed; `--format json` and contradictions.parquet have all.
MAX_CONTRADICTIONS = 10


def print_criteria(console: Console, found: CriteriaResult) -> None:
    """Print the weights, what they are worth, and the votes that contradict them."""
    print_weights(console, found)
    hang(console, None, f"{found.sentence}.")
    rows = [
        (
            shown(row["item_id"], 40),
            shown(row["annotator_id"], 24),
            shown(f"{row['chosen_id']} over {row['rejected_id']}", 40),
            number(row["probability"]),
            "all" if row["against_all"] else "",
            shown(", ".join(str(vote["criterion"]) for vote in row["criteria"] if vote["prefers"] == "rejected"), 60),
        )
        for row in found.contradictions.head(MAX_CONTRADICTIONS).iter_rows(named=True)
    ]
    if rows:
        head = ("item", "annotator", "overall vote", "probability", "against", "criteria that prefer the other")
        console.print(table(head, rows, right=(3,), fold=(0, 2, 5)))
        if found.contradictions.height > len(rows):
            n = found.contradictions.height - len(rows)
            hang(console, None, f"… and {n:,} more: --format json has all.", style="dim")
    if found.n_ties or found.n_incomplete:
        left = f"Not fitted: {found.n_ties:,} ties, {found.n_incomplete:,} without a vote by some criterion."
        hang(console, None, left, style="dim")
    if found.method:
        hang(console, None, f"{found.method}; {found.link}.", style="dim")


def print_weights(console: Console, found: CriteriaResult) -> None:
    """Print a row per criterion; nothing where there are no weights."""
    rows = [
        (
            shown(row["criterion"], 40),
            number(row["weight"]),
            interval(row["ci_low"], row["ci_high"]) or str(row["reason"] or ""),
            number(row["shrunk"]),
            "" if row["agreement"] is None else f"{row['agreement']:.1%} of {row['n_decided']:,}",
        )
        for row in found.weights.head(MAX_ROWS).iter_rows(named=True)
    ]
    if rows:
        unit = "log odds" if found.values == "votes" else "log odds per point"
        head = (f"for {shown(found.overall, 30)}", unit, f"{found.level * 100:g} %", "shrunk", "same vote")
        console.print(table(head, rows, right=(1, 3, 4), fold=(0, 2)))
        say_more(console, found.weights.height, "criterion")
    for warning in found.warnings:
        hang(console, None, f"Note: {warning}.", style="yellow")
