"""What the rules on measures share: each is taken when a rule asks for it, and once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from prefqa.measured.tallied import Tallied
from prefqa.preferences import Preferences
from prefqa.screening.pool import Pool
from prefqa.votes import tallies

if TYPE_CHECKING:
    from prefqa.drift import DriftResult


@dataclass(frozen=True)
class Measures:
    """Preferences and what is measured on them.

    `options` are those of the rules, by code; `drift_options` are the arguments of `prefqa.drift`; `drifted` is what it
    found, where that is known already.
    """

    prefs: Preferences
    options: Mapping[str, Mapping[str, Any]]
    drift_options: Mapping[str, Any] = field(default_factory=dict)
    drifted: DriftResult | None = None

    @cached_property
    def pool(self) -> Pool:
        """The annotators."""
        return Pool(self.prefs, self.options)

    @cached_property
    def drift(self) -> DriftResult:
        """What changed over the periods."""
        from prefqa.drift import drift

        return self.drifted if self.drifted is not None else drift(self.prefs, **self.drift_options)

    @cached_property
    def tallied(self) -> Tallied:
        """Votes on each pair of responses, by pattern."""
        return Tallied.of(self.pool.buckets)

    @cached_property
    def tallies(self) -> pl.DataFrame:
        """Votes on each pair of responses that has any, as `prefqa.votes.tallies`."""
        return tallies(self.pool.coded)
