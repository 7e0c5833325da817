"""Writing: files appear whole or not at all; layouts of trainers and annotation tools."""

from prefqa.writers.pair_forms import prepare_pairs
from prefqa.writers.registry import LAYOUTS, PAIR_LAYOUTS, TABLE_LAYOUTS, PairLayout, layout_of, write_pairs
from prefqa.writers.tables import Tables

__all__ = [
    "LAYOUTS",
    "PAIR_LAYOUTS",
    "TABLE_LAYOUTS",
    "PairLayout",
    "Tables",
    "layout_of",
    "prepare_pairs",
    "write_pairs",
]
