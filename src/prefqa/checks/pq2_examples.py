"""Texts, prompts and scores with a fault and without: the examples of family PQ2."""

from __future__ import annotations

from prefqa.checks.rule import Example, prompts, ranking, texts

PLANTS = "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen."
PLANTS_TOO = "Plants eat sunlight, more or less, and they breathe out what we breathe in."
TRANSPORT = (
    "Public transport in a large city works best when buses come often, when stops are near, and when one ticket"
)
TRANSPORT += " is enough for the whole way, since people who must wait and pay twice will sooner or later take the car."

GERMAN = "Am besten ist es, wenn die Busse oft kommen, die Haltestellen nah sind und eine Fahrkarte für alles gilt."


def three(first: str, second: str, *, third: str = "What is rust?") -> Example:
    """Three items with these prompts, one judgment each."""
    rows = tuple(row for i in (1, 2, 3) for row in ranking(1, 2, item=f"p{i}"))
    return Example(rows, items=prompts(p1=first, p2=second, p3=third))


def lengths(*, cut: bool) -> Example:
    """Sixty responses of many lengths, two an item, cut at 80 characters or not."""
    each = [f"{i:03d} " + "word " * (3 + i * 7 % 40) + "end" for i in range(60)]
    said = [text[:80] if cut else text for text in each]
    return Example(
        tuple(row for i in range(30) for row in ranking(1 + i % 2, 2 - i % 2, item=f"p{i:02d}")),
        tuple(row for i in range(30) for row in texts(said[i], said[i + 30], item=f"p{i:02d}")),
    )


def chat(*turns: str, roles: tuple[str, ...] = ("user", "assistant")) -> list[dict[str, str]]:
    """A conversation of these turns."""
    return [{"role": role, "content": turn} for role, turn in zip(roles * len(turns), turns, strict=False)]


def scores(*values: float) -> Example:
    """Items with two scored responses each, one judgment an item; the better one is now first, now second."""
    pairs = [sorted(pair, reverse=i % 2 == 0) for i, pair in enumerate(zip(values[::2], values[1::2], strict=True))]
    return Example(
        tuple(
            row
            for i, (one, two) in enumerate(pairs)
            for row in ranking(1 + (one < two), 1 + (two < one), item=f"p{i:03d}", score=[one, two])
        )
    )


def split(second: str) -> Example:
    """Two items with one prompt, the first in the training split, the second in this one."""
    rows = (*ranking(1, 2, split="train"), *ranking(1, 2, item="p2", split=second))
    return Example(rows, items=prompts(p1="Why is the sky blue?", p2="Why is the  sky blue?"))


def twice(*, other_way: bool) -> Example:
    """One prompt and one pair of texts in two items."""
    second = (2, 1) if other_way else (1, 2)
    return Example(
        (*ranking(1, 2), *ranking(*second, item="p2")),
        (*texts(PLANTS, PLANTS_TOO), *texts(PLANTS, PLANTS_TOO, item="p2")),
        prompts(p1="Explain photosynthesis.", p2="Explain photosynthesis."),
    )
