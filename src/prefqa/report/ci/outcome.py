"""What the formats write: findings and the lines of the gate, freed of characters that no format can hold."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from prefqa.checks.rules import BY_CODE

if TYPE_CHECKING:
    from prefqa.checks import CheckResult
    from prefqa.gate import GateResult

#: Control characters, which terminals act on and XML refuses, and halves of surrogate pairs.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_PLACES = ("row", "item_id", "annotator_id", "response_id")


class Problem(NamedTuple):
    """A finding: its rule, the message, and the places of its examples as text."""

    code: str
    name: str
    severity: str
    message: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """The findings of a check and the verdict of the gate on a source."""

    origin: str
    check: CheckResult
    gate: GateResult

    @property
    def path(self) -> str:
        """The source as a path relative to the working folder, where it lies there, else as it was given."""
        if "://" in self.origin:
            return clean(self.origin)
        path = Path(self.origin)
        with suppress(ValueError, OSError):
            path = path.resolve().relative_to(Path.cwd())
        return clean(path.as_posix())

    @property
    def problems(self) -> list[Problem]:
        """The findings, in the order of the check."""
        return [
            Problem(
                row["code"],
                BY_CODE[row["code"]].name,
                row["severity"],
                clean(row["message"]),
                tuple(clean(_place(example)) for example in row["examples"]),
            )
            for row in self.check.findings.iter_rows(named=True)
        ]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of the gate."""
        return [row | {"message": clean(row["message"])} for row in self.gate.lines.iter_rows(named=True)]


def clean(text: str) -> str:
    """Return a text without control characters."""
    return _CONTROL.sub("\ufffd", text)


def _place(example: dict[str, Any]) -> str:
    parts = [f"{name} {example[name]}" for name in _PLACES if example[name] is not None]
    value = "" if example["value"] is None else f": {example['value']}"
    return ", ".join(parts) + value
