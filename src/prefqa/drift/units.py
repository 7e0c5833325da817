"""What one unit of each detector means, and how a change of it reads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefqa.drift.features import LENGTH, POSITION
from prefqa.drift.scores import CARE, STRENGTH, TIES


class Unit(NamedTuple):
    """`factor` turns a weight per scaled difference into one per unit; `said` is the unit in words."""

    factor: float
    said: str


def unit(name: str, scale: float, care: float, *, length_is_log: bool = True) -> Unit:
    """The unit of a detector: log odds per unit of a feature for an annotator of typical care, or a log factor."""
    if name == LENGTH and length_is_log:
        return Unit(care * float(np.log(2)) / scale, "log odds for a response twice as long")
    if name == LENGTH:
        return Unit(care * 100 / scale, "log odds for a response longer by 100")
    if name == POSITION:
        return Unit(care, "log odds for the response shown first")
    if name in (STRENGTH, CARE):
        return Unit(1.0, f"log of {name}")
    if name == TIES:
        return Unit(1.0, "log of the threshold below which two responses tie")
    return Unit(care / scale, f"log odds per unit of {name}")


def subject_of(name: str, *, length_is_log: bool = True) -> str:
    """What one unit of a feature is, in words."""
    if name == LENGTH and length_is_log:
        return "a response twice as long"
    if name == LENGTH:
        return "a response longer by 100"
    return "standing first on the screen" if name == POSITION else f"one more {name}"


def sentence(
    name: str,
    since: str,
    before: float | None,
    after: float | None,
    effect: float,
    who: str,
    *,
    length_is_log: bool = True,
) -> str:
    """Say in plain words what changed; `who` is who drives it."""
    start = f"From {since}" if since else "Over the periods"
    if name == STRENGTH:
        more = "more" if effect > 0 else "less"
        return f"{start}, the known features together decide {_times(effect)} as strongly ({more} than before); {who}."
    if name == TIES:
        wider = "wider" if effect > 0 else "narrower"
        return f"{start}, annotators call a tie at gaps {_times(effect)} as wide ({wider} than before); {who}."
    if name == CARE:
        how = "less, as one who judges at random" if effect < 0 else "more, as one who copies"
        return f"{start}, {who} agrees with the others {how} would, on the same kind of items."
    subject = subject_of(name, length_is_log=length_is_log)
    if before is None or after is None:
        return f"{start}, {subject} counts {'more' if effect > 0 else 'less'} for {who} (odds x {np.exp(effect):.2f})."
    return f"{start}, {subject} {_odds(after)}; before: {_percent(before)}; {who}."


def _times(effect: float) -> str:
    return f"{np.exp(effect):.2f} times"


def _odds(weight: float) -> str:
    if weight > 1:
        return f"multiplies the odds of winning by {_round(np.exp(weight))}"
    change = np.expm1(weight)
    return f"{'raises' if change >= 0 else 'lowers'} the odds of winning by {abs(change):.0%}"


def _round(factor: float) -> str:
    return f"{factor:.1f}" if factor < 10 else f"{float(f'{factor:.2g}'):,.0f}"


def _percent(weight: float) -> str:
    return f"by {_round(np.exp(weight))}" if weight > 1 else f"{np.expm1(weight):+.0%}"


def listed(names: list[str], longest: int = 6) -> str:
    """Names in a sentence, the first few of many."""
    more = f" and {len(names) - longest} more" if len(names) > longest else ""
    return ", ".join(names[:longest]) + more
