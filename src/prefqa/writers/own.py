"""pairs.jsonl of `run`: prompt, chosen and rejected as they are, with ids and figures."""

from __future__ import annotations

from pathlib import Path

from prefqa.writers.atomic import write_rows
from prefqa.writers.pair_forms import Pairs

#: Columns after the texts, in the order in which trainers' users read them.
FIGURES = (
    "item_id", "chosen_id", "rejected_id", "probability", "margin", "weight", "n_votes", "agreement",
    "criterion",
)  # fmt: skip


def write_own(pairs: Pairs, path: Path) -> None:
    """Write texts where all three are texts, messages otherwise, and the figures that there are."""
    frame = pairs.chat if pairs.plain is None else pairs.plain
    figures = [name for name in FIGURES if name in frame.columns]
    write_rows(path, frame.select(*pairs.stated, *pairs.carried, *figures))
