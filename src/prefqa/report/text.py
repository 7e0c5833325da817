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


def words_of_split(split: dict[str, float]) -> list[str]:
    """Of which kind disagreement is, as a sentence; none without comparisons."""
    if not split or split["agree"] >= 1:
        return []
    kinds = {
        "one ties where the other decides": split["tie_against_decision"],
        "two neighbours in both rankings are reversed": split["neighbours_reversed"],
        "a reversal goes further": split["others_reversed"],
    }
    parts = ", ".join(f"in {share(value)} {said}" for said, value in kinds.items() if value)
    return [f"Of two votes on a pair, {share(split['agree'])} agree; {parts}."]


def sentences_of_ceiling(ceiling: Any) -> list[str]:
    """What agreement allows a reward model, as sentences; none without two votes on a pair."""
    if ceiling is None or ceiling.two_annotators.value is None:
        return []

    def figure(measure: Any) -> str:
        low, high = measure.ci_low, measure.ci_high
        return f"{share(measure.value)}" + ("" if low is None else f" ({share(low)} to {share(high)})")

    return [
        f"Two annotators who both decide agree in {figure(ceiling.two_annotators)}; one against the majority of the "
        f"others in {figure(ceiling.one_against_majority)}.",
        f"So a perfect reward model could agree with one annotator in about {figure(ceiling.model_against_one)}, and "
        f"with the majority of {ceiling.n_votes} in about {figure(ceiling.model_against_majority)}.",
    ]


def gate_sentence(gate: Any) -> str:
    """Return the verdict on the data as a sentence."""
    counts = {name: int((gate.lines["verdict"] == name).sum()) for name in ("warn", "inconclusive")}
    if gate.verdict == "fail":
        return "Gate failed"
    if gate.verdict == "inconclusive":
        allowed = " The configuration allows that" if gate.allow_inconclusive else ""
        n = counts["inconclusive"]
        return f"Gate inconclusive: {n} condition{'' if n == 1 else 's'} could not be decided.{allowed}"
    n = counts["warn"]
    return f"Gate passed with {n} warning{'' if n == 1 else 's'}" if n else "Gate passed"
