"""Defects planted into preferences, with the list of where they are: what rules are measured against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefqa.errors import UsageError
from prefqa.preferences import Preferences
from prefqa.simulate_defects import people, rows, texts
from prefqa.simulate_defects.parts import Ground, Planted

__all__ = ["CAMPAIGNS", "CODES", "OPTIONS", "Planted", "plant"]

CODES = tuple(sorted([*rows.CODES, *texts.CODES, *people.CODES]))
#: Arguments of `simulate` for campaigns that have what a defect needs.
CAMPAIGNS: Mapping[str, Mapping[str, Any]] = {"PQ308": {"repeats": 0.5}, "PQ316": {"gold": 0.4}}
#: Options under which a rule looks for what is planted.
OPTIONS: Mapping[str, Mapping[str, Any]] = {"PQ704": {"use": "commercial"}, "PQ705": {"release": "Apache-2.0"}}


def plant(prefs: Preferences, code: str, *, share: float = 0.02, seed: int = 0) -> Planted:
    """Plant the defect that a rule looks for.

    Args:
        prefs: preferences of full rankings with texts and prompts, such as those of `simulate` (with `CAMPAIGNS[code]`,
            where that is there).
        code: the rule, one of `CODES`.
        share: of the rows, judgments, items, responses or annotators (two at least) that get the defect.
        seed: of the draw.

    Raises:
        UsageError: a code for which there is nothing to plant.
    """
    if code not in CODES:
        raise UsageError(f"nothing to plant for {code!r}", hint=f"there are: {', '.join(CODES)}")
    ground = Ground.of(prefs.with_texts(), share, seed)
    if code in texts.CODES:
        return texts.plant_texts(ground, code)
    return people.plant_people(ground, code) if code in people.CODES else rows.plant_rows(ground, code)
