"""How figures, ids and other values read on the page."""

from __future__ import annotations

import unicodedata
from typing import Any

LONGEST = 80
_LONGEST_TITLE = 160
_JOINERS = "\u200c\u200d"  # part of words in some scripts and of emoji, unlike other invisible characters


def number(value: float | None, digits: int = 3) -> str:
    """A figure with a fixed number of digits; a dash where there is none."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def count(value: int | None) -> str:
    """A count with thousands set apart."""
    return "–" if value is None else f"{value:,}"


def p_value(value: float | None) -> str:
    """A p-value; one too small for three digits is said to be so."""
    return "< 0.001" if value is not None and value < 0.001 else number(value)


def share(value: float | None) -> str:
    """A share as a percentage; one that is not zero never reads as zero."""
    if value is None:
        return "–"
    return "< 0.1%" if 0 < value < 0.0005 else f"{value:.1%}"


def interval(row: dict[str, Any], digits: int = 3) -> str:
    """The interval of an estimate, or a dash."""
    low, high = row["ci_low"], row["ci_high"]
    return "–" if low is None or high is None else f"{number(low, digits)} to {number(high, digits)}"


def short(value: object, longest: int = LONGEST) -> str:
    """An id or value as one line, cut where it is too long."""
    text = "" if value is None else printable(str(value)[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"


def title(value: object) -> str:
    """What a cut id shows under the pointer; empty where nothing was cut."""
    text = str(value)
    return short(text, _LONGEST_TITLE) if len(text) > LONGEST else ""


def printable(text: str) -> str:
    """Text in which control characters, and those that turn the direction of reading, are seen instead of acting."""
    return "".join(_printable(c) for c in text)


def _printable(c: str) -> str:
    if c.isprintable() or c in _JOINERS:
        return c
    return " " if unicodedata.category(c) == "Zs" else "�"
