"""What a rule is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """A rule; `bad` are rows that it finds something in, `good` rows like them that it leaves alone."""

    code: str
    name: str
    severity: Severity
    summary: str
    explanation: str
    bad: tuple[Row, ...]
    good: tuple[Row, ...]
    quarantines: bool = False
