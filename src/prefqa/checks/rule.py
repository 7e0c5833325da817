"""What a rule is: its code, its words, its options, and an example of what it finds and what it leaves alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from prefqa.preferences import Preferences

Severity = Literal["error", "warning", "info"]
Row = Mapping[str, Any]
Option = str | int | float | tuple[str, ...] | Mapping[str, str]


@dataclass(frozen=True)
class Example:
    """A small campaign: rows of judgments and, where the rule needs them, of responses and items, and options.

    With `is_export` the rows are records as a tool exports them, to be read.
    """

    judgments: Sequence[Row]
    responses: Sequence[Row] | None = None
    items: Sequence[Row] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    is_export: bool = False

    def preferences(self) -> Preferences:
        """Return the example as preferences."""
        if self.is_export:
            from prefqa.readers import read

            return read([dict(row) for row in self.judgments])
        tables = (self.judgments, self.responses, self.items)
        judgments, responses, items = (
            None if rows is None else pl.DataFrame(list(rows), infer_schema_length=None) for rows in tables
        )
        assert judgments is not None  # noqa: S101 (every example has judgments)
        return Preferences.from_long(judgments, responses=responses, items=items)


@dataclass(frozen=True)
class Rule:
    """A rule; `bad` is a campaign that it finds something in, `good` one like it that it leaves alone.

    `options` are the names that `[checks.options.CODE]` takes, with their defaults; `extra` is the set of optional
    packages without which the rule says that it did not run. With `only_selected` the rule costs more than most data is
    worth at every look, and runs where it is selected by name or its family's.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    explanation: str
    bad: Example
    good: Example
    quarantines: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    extra: str | None = None
    only_selected: bool = False


def ranking(*ranks: Any, item: Any = "p1", annotator: Any = "ann", **columns: Any) -> tuple[Row, ...]:
    """A judgment of responses a, b, c, ... with these ranks; a further column holds a value, or one per response."""
    return tuple(
        {"item_id": item, "annotator_id": annotator, "response_id": "abcdefgh"[i], "rank": rank}
        | {name: value[i] if isinstance(value, list) else value for name, value in columns.items()}
        for i, rank in enumerate(ranks)
    )


def texts(*contents: Any, item: str = "p1", **columns: Any) -> tuple[Row, ...]:
    """Responses a, b, c, ... of an item with these texts."""
    return tuple(
        {"item_id": item, "response_id": "abcdefgh"[i], "text": content} | columns for i, content in enumerate(contents)
    )


def prompts(**contents: Any) -> tuple[Row, ...]:
    """Items with these prompts, by their ids."""
    return tuple({"item_id": item, "prompt": content} for item, content in contents.items())


def of_texts(*contents: Any, prompt: Any = None) -> Example:
    """One judgment of two responses with these texts."""
    items = None if prompt is None else prompts(p1=prompt)
    return Example(ranking(*range(1, len(contents) + 1)), texts(*contents), items)
