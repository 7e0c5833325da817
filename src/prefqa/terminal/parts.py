"""Pieces of what a person reads in the terminal: words beside a head, tables, figures, intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

#: Most slices of a coefficient, or periods of a detector, that are printed; `--format json` has all.
MAX_ROWS = 60
_LONGEST = 60
INDENT = 13


def shown(value: object, longest: int = _LONGEST) -> str:
    """Text from data as one printable line: control characters visible, cut where it is too long."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(value)[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"


def hang(
    console: Console, head: Text | None, body: str, *, indent: int = INDENT, style: str = "", longest: int = 600
) -> None:
    """Print `head` and beside it `body`, whose further lines stand below its first."""
    indent = 0 if head is None else indent
    words = Text(shown(body, longest), style)
    lines = words.wrap(console, max(console.width - indent, 20), overflow="fold") or [Text("")]
    for i, line in enumerate(lines):
        beside = (head or Text("")) if i == 0 else Text("")
        gap = " " * (max(indent - beside.cell_len, 1) if indent else 0)
        whole = Text.assemble(beside, gap, line)
        whole.rstrip()
        console.print(whole, soft_wrap=True)


def table(
    head: Iterable[str], rows: Iterable[Iterable[str]], right: Sequence[int] = (), fold: Sequence[int] = ()
) -> Table:
    """A table without box; only the columns `fold` may break, so that no figure is torn."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(head):
        table.add_column(
            Text(name), justify="right" if i in right else "left", overflow="fold", no_wrap=bool(fold) and i not in fold
        )
    for row in rows:
        table.add_row(*(Text(shown(cell, 200)) for cell in row))
    return table


def say_more(console: Console, n: int, noun: str) -> None:
    """Say how many rows of a table were not printed."""
    if n > MAX_ROWS:
        hang(console, None, f"… and {plural(n - MAX_ROWS, noun)} more: --format json has all.", style="dim")


def plural(n: int, noun: str) -> str:
    """A count and its noun."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def number(value: float | None) -> str:
    """A figure with three digits; nothing where there is none."""
    return "" if value is None else f"{value:.3f}"


def p_value(value: float | None) -> str:
    """A p-value with three digits."""
    return "< 0.001" if value is not None and value < 0.001 else number(value)


def interval(low: float | None, high: float | None) -> str:
    """An interval in words; nothing where there is none."""
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
