"""What is asked of the rules: which of them, how heavy each is, with which options, where not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from prefqa.checks.baseline import known_counts
from prefqa.checks.result import SEVERITIES
from prefqa.checks.rule import Rule
from prefqa.checks.rules import BY_CODE, chosen, unknown, with_defaults
from prefqa.checks.slices import slices_of
from prefqa.errors import UsageError


@dataclass(frozen=True)
class Request:
    """The arguments of `prefqa.check`, where their meaning stands.

    Raises:
        UsageError: a code, severity, option or slice that does not exist, or a negative `max_examples`.
        ReadError: a baseline that cannot be read.
    """

    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    severity: Mapping[str, str] | None = None
    options: Mapping[str, Mapping[str, Any]] | None = None
    slices: Sequence[Mapping[str, Any]] = ()
    baseline: str | Path | None = None
    max_examples: int = 5
    now: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be done before anything is looked at."""
        every = chosen(self.select, self.ignore)
        for code, level in (self.severity or {}).items():
            if code not in BY_CODE:
                raise unknown(code)
            if level not in SEVERITIES:
                raise UsageError(f"severity of {code}: {level!r} is not one of {', '.join(SEVERITIES)}")
        if self.max_examples < 0:
            raise UsageError(f"max_examples is {self.max_examples}; it must be 0 or more")
        assert self.settings is not None  # noqa: S101 (options are looked at here, not in the midst of the rules)
        slices_of(every, self.slices)

    @cached_property
    def settings(self) -> dict[str, dict[str, Any]]:
        """The options of every rule."""
        return with_defaults(self.options or {})

    @cached_property
    def known(self) -> dict[str, int] | None:
        """The counts of the baseline by code; None without one."""
        return known_counts(self.baseline) if self.baseline is not None else None

    def rules(self, codes: Collection[str], *, unasked: bool = False) -> list[Rule]:
        """Return the rules asked for among `codes`; with `unasked` those too that run only where they are named."""
        return [
            rule
            for rule in chosen(self.select, self.ignore)
            if rule.code in codes and (self.select or unasked or not rule.only_selected)
        ]

    def level_of(self, rule: Rule) -> str:
        """Return the severity of what a rule finds."""
        return (self.severity or {}).get(rule.code, rule.severity)

    def without(self, rules: Sequence[Rule]) -> dict[str, tuple[str, ...]]:
        """Return, by code, the slices in which a rule is not asked."""
        return slices_of(rules, self.slices)
