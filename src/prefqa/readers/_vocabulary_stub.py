"""Words for a side of a pair, a tie, or no answer: a small vocabulary with the signature of `readers.vocabulary`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from prefqa.errors import UsageError

_FIRST = {"a", "left", "first", "1st"}
_SECOND = {"b", "right", "second", "2nd"}
_TIE = {"tie", "tied", "equal", "equally", "same", "draw", "neither", "both", "similar", "preference"}
_BAD = {"bad"}
_MISSING = {"", "n/a", "na", "none", "null", "skip", "skipped", "hard to tell", "cannot tell", "can't tell",
            "cant-tell", "not sure", "unsure"}  # fmt: skip
#: Words that say nothing about the side.
_FILLER = frozenset(
    "response answer option text output summary model completion candidate choice image video is are was the better "
    "best preferred prefer i good more about almost roughly no much slightly clearly far way".split()
)


def understand(values: Sequence[str], sides: tuple[str, str]) -> dict[str, str | None]:
    """Map each distinct value to first, second, tie, both_bad or missing; None where it is none of these.

    Args:
        values: distinct values of a vote.
        sides: the names of the two responses.

    Raises:
        UsageError: values that are bare numbers, whose meaning nothing tells.
    """
    meanings = {value: _meaning(value, sides) for value in values}
    numbers = [value for value in values if re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", value)]
    if numbers:
        raise UsageError(f"votes are written as numbers ({', '.join(sorted(numbers)[:5])}), whose meaning is not known")
    return meanings


def _meaning(value: str, sides: tuple[str, str]) -> str | None:
    plain = value.strip().lower()
    named = [side.strip().lower() for side in sides]
    if plain in _MISSING:
        return "missing"
    if plain in named:
        return ("first", "second")[named.index(plain)]
    words = [word for word in re.split(r"[^0-9a-z]+", plain) if word]
    sided = [word for word in words if word not in _FILLER]
    if words and set(sided) <= _TIE | _BAD and set(sided):
        return "both_bad" if _BAD & set(sided) else "tie"
    first, second = set(sided) & (_FIRST | {named[0]}), set(sided) & (_SECOND | {named[1]})
    if set(sided) - first - second or not sided or (first and second):
        return None
    return "first" if first else "second"
