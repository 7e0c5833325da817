"""What a check left out: how many of how many rows, by rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from prefqa.checks.rules import BY_CODE


@dataclass(frozen=True)
class LeftOut:
    """Rows that no result counts, of how many, and by which rules.

    `by_rule` holds for each rule its `code` and `name`, the `count` of rows that it was the first to leave out, the
    number `n_judgments` that they are of, and the `reason`; most rows first.
    """

    n_rows: int
    of: int
    by_rule: tuple[Mapping[str, Any], ...]

    @classmethod
    def counted(cls, quarantine: pl.DataFrame, uncounted: Mapping[str, int], of: int) -> LeftOut:
        """Count the rows of a quarantine, and those that count nowhere although their rule was not asked, by code."""
        key = [name for name in ("item_id", "annotator_id", "judgment_id", "criterion") if name in quarantine.columns]
        by_code = quarantine.group_by("code").agg(pl.len().alias("count"), pl.struct(key).n_unique().alias("n"))
        counts = {code: (count, n) for code, count, n in by_code.iter_rows()}
        for code, count in uncounted.items():
            before, n = counts.get(code, (0, 0))
            counts[code] = before + count, n if before else None
        by_rule = [
            {
                "code": code,
                "name": BY_CODE[code].name,
                "count": count,
                "n_judgments": n,
                "reason": BY_CODE[code].summary,
            }
            for code, (count, n) in sorted(counts.items(), key=lambda one: (-one[1][0], one[0]))
        ]
        return cls(sum(count for count, _ in counts.values()), of, tuple(by_rule))

    def n_judgments(self, code: str) -> int:
        """Return of how many judgments a rule left out rows."""
        return sum(rule["n_judgments"] or 0 for rule in self.by_rule if rule["code"] == code)

    def to_dict(self) -> dict[str, Any]:
        """Return {"n_rows": ..., "of": ..., "by_rule": [...]}."""
        return {"n_rows": self.n_rows, "of": self.of, "by_rule": [dict(rule) for rule in self.by_rule]}

    def __str__(self) -> str:
        """Say in a sentence without its end what was left out."""
        said = f"{self.n_rows:,} of {self.of:,} rows left out"
        if len(self.by_rule) == 1:
            (rule,) = self.by_rule
            return f"{said} ({rule['code']}: {rule['reason']})"
        listed = "; ".join(f"{rule['count']:,} by {rule['code']}, {rule['reason']}" for rule in self.by_rule)
        return f"{said}: {listed}" if listed else said
