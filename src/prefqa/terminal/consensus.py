"""What a person reads in the terminal about pairs to train on and items to judge again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prefqa.terminal.parts import MAX_ROWS, hang, number, say_more, shown, table

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.consensus import CriterionPairs, PairSet, PairSplit, RelabelPlan
    from prefqa.pipeline import Built


def print_criterion(console: Console, built: Built) -> None:
    """Print of which of several criteria the pairs are, or how many each has."""
    for line in criterion_lines(built.names, built.criterion, built.by_criterion):
        hang(console, None, f"{line}.")


def criterion_lines(
    names: Sequence[str | None], criterion: str | None, by_criterion: Sequence[CriterionPairs], *, files: bool = False
) -> list[str]:
    """Return of which of several criteria the pairs are, or what each has, and its file; none without several."""
    listed = ", ".join("none" if name is None else str(name) for name in names)
    if criterion is not None:
        return [
            f"Consensus and pairs are of the criterion {criterion} (of {listed}; [consensus] criterion takes another)"
        ]
    if not by_criterion:
        return []
    has_file = [files and not part.pair_set.no_file for part in by_criterion]
    each = [
        f"{part.name}: {part.pair_set.sentence}{f' ({part.file(number)})' if has else ''}"
        for number, (part, has) in enumerate(zip(by_criterion, has_file, strict=True), start=1)
    ]
    return [f"Pairs are of each criterion for itself ({listed}); [consensus] criterion takes one", *each]


def print_pairs(console: Console, pairs: PairSet, split: PairSplit | None, written: Sequence[str | Path]) -> None:
    """Print how many pairs a file for trainers has, what is left out and why, its parts, and where they are."""
    hang(console, None, f"{pairs.sentence}.")
    if pairs.epsilon is not None:
        hang(console, None, f"Share of wrong labels to expect (label smoothing epsilon): {pairs.epsilon:.3f}.")
    if split:
        sizes = split.sizes.filter(split.sizes["part"].is_in(list(split.parts)))
        parts = (f"{part} {rows:,} rows of {prompts:,} prompts" for part, prompts, _, rows in sizes.iter_rows())
        hang(console, None, f"Split by prompt: {', '.join(parts)}.")
    if written:
        hang(console, None, f"Wrote {', '.join(map(str, written))}.")


def print_relabel(console: Console, plan: RelabelPlan) -> None:
    """Print what the budget buys, and the items."""
    if plan.accuracy_now is None or plan.accuracy_planned is None or plan.accuracy_random is None:
        hang(console, None, "No item has two responses to compare.")
        return
    bought = f"{plan.n_judgments:,} judgments" if plan.n_judgments > 1 else "one judgment"
    hang(
        console,
        None,
        f"{bought} of {plan.n_items:,} items: expected share of pairs in the right order {plan.accuracy_now:.4f} now, "
        f"{plan.accuracy_planned:.4f} after these, {plan.accuracy_random:.4f} after as many at random "
        f"(by {plan.method}).",
    )
    if plan.n_judgments < plan.budget:
        hang(console, None, "Each item is judged at most once more: plan the rest when these are in.")
    rows = [
        (shown(row["item_id"]), number(row["information"]), number(row["gain"]), str(row["n_judgments"]))
        for row in plan.items.head(MAX_ROWS).iter_rows(named=True)
    ]
    head = ("item", "information (bits)", "pairs put right", "judgments so far")
    console.print(table(head, rows, right=(1, 2, 3), fold=(0,)))
    say_more(console, plan.items.height, "item")
    if plan.n_taken_at_border < plan.n_at_border:
        note = f"{plan.n_at_border:,} items tell as much as the last one; which of them are taken does not matter."
        hang(console, None, note, style="dim")
