"""What a person reads in the terminal about disagreement and plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefqa.report.text import printable, sentences_of_ceiling, words_of_split
from prefqa.terminal.parts import MAX_ROWS, hang, interval, number, say_more, table

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.agreement import DisagreementResult, PlanResult

#: Items whose rankings are printed; `--format json` has all that were asked for.
MAX_ITEMS = 10


def print_disagreement(console: Console, found: DisagreementResult) -> None:
    """Print annotators (worst first), the most divided items, the kinds of disagreement and the ceiling."""
    rows = [
        (
            str(row["annotator_id"]),
            number(row["majority_agreement"]) or "nobody beside",
            interval(row["ci_low"], row["ci_high"]),
            number(row["kappa"]),
            f"{row['n_votes']:,}",
        )
        for row in found.annotators.head(MAX_ROWS).iter_rows(named=True)
    ]
    head = ("annotator", "with majority", f"{found.level * 100:g} % interval", "kappa", found.target)
    console.print(table(head, rows, right=(1, 3, 4), fold=(0,)))
    say_more(console, found.annotators.height, "annotator")
    divided = [
        (str(row["item_id"]), number(row["agreement"]), "; ".join(printable(said) for said in row["said"] or ()))
        for row in found.items.head(MAX_ITEMS).iter_rows(named=True)
    ]
    if divided:
        console.print(table(("most divided items", "agreement", "what was said"), divided, right=(1,), fold=(0, 2)))
    for sentence in [*words_of_split(found.split), *sentences_of_ceiling(found.ceiling)]:
        hang(console, None, sentence)
    note = "With majority: votes equal to the majority of the other votes. Kappa: mean of Cohen's with the others."
    hang(console, None, note, style="dim")


def print_plan(console: Console, plan: PlanResult) -> None:
    """Print what is needed, and the table of what other numbers would give."""
    hang(
        console,
        None,
        f"{plan.coefficient} {plan.estimate:.3f} ± {plan.half_width:.3f} ({plan.level:.0%}) from {plan.n_items:,} "
        f"items and {plan.n_annotators:,} annotators; wanted ± {plan.wanted:g}.",
    )
    needs = {
        "items, with these annotators": plan.n_items_needed,
        "annotators, with these items": plan.n_annotators_needed,
        f"annotators per item for a mean of reliability {plan.wanted_reliability:g}": plan.n_per_item_needed,
    }
    rows = [(what, "not enough alone" if n is None else f"{n:,}") for what, n in needs.items()]
    console.print(table(("needed", ""), rows, right=(1,), fold=(0,)))
    pools = plan.grid["n_annotators"].unique().sort().to_list()
    grid = [
        (f"{m:,}", *(f"{width:.3f}" for width in part.sort("n_annotators")["half_width"]))
        for (m,), part in plan.grid.group_by("n_items", maintain_order=True)
    ]
    head = ("± with items \\ annotators", *(f"{n:,}" for n in pools))
    console.print(table(head, grid, right=tuple(range(1, len(head)))))
