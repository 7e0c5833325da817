"""How a source was read, for a person: in full, and as the lines at the head of other commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from prefqa.reading import Facts, Reading, short_lines
from prefqa.terminal.parts import INDENT, MAX_ROWS, hang, plural, say_more, table

if TYPE_CHECKING:
    from rich.console import Console

_FIGURES = (
    ("n_prompts", "prompt"),
    ("n_items", "item"),
    ("n_responses", "response"),
    ("n_annotators", "annotator"),
    ("n_criteria", "criterion"),
    ("n_judgments", "judgment"),
)


def print_facts(console: Console, facts: Facts, *, indent: int = INDENT) -> None:
    """Print the reading in a few lines."""
    for i, line in enumerate(short_lines(facts)):
        hang(console, Text("Read as" if i == 0 else ""), line, indent=indent)


def print_reading(console: Console, reading: Reading) -> None:
    """Print the whole reading: columns, votes, scales, times, statements and examples."""
    console.print()
    hang(console, Text("Layout"), f"{reading.layout}: {reading.detail}")
    counts = [_count(reading.figures[name], noun) for name, noun in _FIGURES if name in reading.figures]
    hang(console, Text("Data"), ", ".join(counts))
    lost = reading.figures.get("n_unread_ranks", 0)
    if lost:
        hang(
            console,
            Text("Not read"),
            f"{lost:,} of {reading.figures['n_rows']:,} rows have no rank that can be read",
            style="red",
        )
    rows = [(name, role or "not used", note) for name, role, note in reading.columns.head(MAX_ROWS).iter_rows()]
    console.print(table(("column", "role", ""), rows, fold=(0, 2)))
    say_more(console, reading.columns.height, "column")
    if reading.values.height:
        shown = [
            (column, value, meaning or "not read", f"{count:,}")
            for column, value, meaning, count in reading.values.head(MAX_ROWS).iter_rows()
        ]
        console.print(table(("vote", "value", "read as", "rows"), shown, right=(3,), fold=(0, 1)))
        say_more(console, reading.values.height, "value")
    for column, low, high, n_values, better in reading.scales.iter_rows():
        if column == "rank" and n_values <= 2:
            continue  # a vote on two responses
        hang(console, Text(column.capitalize()), f"{low:g} to {high:g}, {n_values:,} values; {better} is better")
    if reading.times is not None:
        hang(
            console,
            Text("Times"),
            f"{reading.times['first']} to {reading.times['last']} ({plural(reading.times['n_rows'], 'row')})",
        )
    for statement in reading.statements:
        hang(console, Text("Note"), f"{statement}.")
    for i, example in enumerate(reading.examples):
        hang(console, Text("Examples" if i == 0 else ""), example)


def _count(n: int, noun: str) -> str:
    return f"{n:,} criteria" if noun == "criterion" and n != 1 else plural(n, noun)
