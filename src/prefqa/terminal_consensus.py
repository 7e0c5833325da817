"""What a person reads in the terminal about pairs to train on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from prefqa.terminal import hang

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.consensus import PairSet, PairSplit

#: Reasons of `PairSet.left_out` in words.
_REASONS = {
    "no_votes": "nobody compared them",
    "not_selected": "not in the selection",
    "against_places": "votes against the item's order",
    "tie": "tied",
    "below_min_probability": "too unsure",
    "no_text": "a side without text",
    "same_text": "both sides the same text",
}


def print_pairs(console: Console, pairs: PairSet, split: PairSplit | None, written: Sequence[str | Path]) -> None:
    """Print how many pairs the selection has, what it left out and why, its parts, and where they are."""
    said = f"{pairs.n_pairs:,} pairs selected"
    if pairs.epsilon is not None:
        said += f", share of wrong labels to expect (label smoothing epsilon) {pairs.epsilon:.3f}"
    left_out = "; ".join(f"{count:,} {_REASONS[reason]}" for reason, count in pairs.left_out.iter_rows())
    hang(console, None, f"{said}. Left out: {left_out or 'none'}.")
    if split:
        sizes = split.sizes.filter(split.sizes["part"].is_in(list(split.parts)))
        parts = (f"{part} {rows:,} rows of {prompts:,} prompts" for part, prompts, _, rows in sizes.iter_rows())
        hang(console, None, f"Split by prompt: {', '.join(parts)}.")
    if written:
        hang(console, None, f"Wrote {', '.join(map(str, written))}.")
