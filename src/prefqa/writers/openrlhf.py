"""OpenRLHF: whole conversations as chosen and rejected, with the margin that its reward loss takes."""

from __future__ import annotations

from pathlib import Path

from prefqa.writers.atomic import write_rows
from prefqa.writers.pair_forms import SIDES, Pairs
from prefqa.writers.trl import with_margin


def write_openrlhf(pairs: Pairs, path: Path) -> None:
    """Write for `--apply_chat_template` without a prompt key, for reward models and DPO alike."""
    write_rows(path, with_margin(pairs.whole).select(*SIDES, "margin"))
