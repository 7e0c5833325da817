"""What a person reads in the terminal about the consensus on labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefqa.terminal import MAX_ROWS, hang, number, say_more, table

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.consensus import LabelConsensus


def print_labels(console: Console, found: LabelConsensus) -> None:
    """Print how often each label is the consensus, the annotators (least reliable first), and how sure it is."""
    overall = found.overall
    counted = dict(found.labels["label"].drop_nulls().value_counts().iter_rows())
    rows = [(str(label), f"{counted.get(label, 0):,}", number(prior)) for label, prior in found.priors.iter_rows()]
    rows += [("tied", f"{overall['n_tied']:,}", "")] if overall["n_tied"] else []
    console.print(table((f"by {found.method}", "consensus", "share"), rows, right=(1, 2), fold=(0,)))
    order = "agreement" if found.method == "majority" else "reliability"
    people = [
        (str(row["annotator_id"]), number(row["agreement"]), number(row["reliability"]), number(row["se"]),
         f"{row['n_labels']:,}")
        for row in found.annotators.sort(order, "annotator_id").head(MAX_ROWS).iter_rows(named=True)
    ]  # fmt: skip
    head = ("annotator", "with consensus", "reliability", "error", "labels")
    console.print(table(head, people, right=(1, 2, 3, 4), fold=(0,)))
    say_more(console, found.annotators.height, "annotator")
    if overall["mean_probability"] is not None:
        said = f"Mean probability of the consensus {overall['mean_probability']:.3f}"
        if overall["iterations"]:
            ended = "" if overall["converged"] else ", not converged"
            said += f" (after {overall['iterations']:,} iterations{ended})"
        hang(console, None, f"{said}.", style="dim")
    if overall["reason"]:
        hang(console, None, f"Note: {overall['reason']}.", style="dim")
    below = overall["annotators_below_chance"]
    if below:
        hang(console, None, "Below chance: " + ", ".join(below[:5]) + (", …" if len(below) > 5 else ""))
