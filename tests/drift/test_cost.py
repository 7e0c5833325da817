"""Campaigns of very many periods: compared, or refused in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import prefqa
from prefqa.drift.periods import MAX_PERIODS
from prefqa.errors import SizeError
from prefqa.preferences import Preferences


def weekly(n: int) -> Preferences:
    """One item a week, judged by two people."""
    start = datetime(1900, 1, 1, tzinfo=UTC)
    rows = [
        {
            "item_id": f"p{i}",
            "annotator_id": who,
            "response_id": f"r{r}",
            "rank": 1 + (i + r) % 2,
            "created_at": start + timedelta(weeks=i),
        }
        for i in range(n)
        for who in ("a", "b")
        for r in (0, 1)
    ]
    return Preferences.from_long(pl.DataFrame(rows))


def test_very_many_periods_are_refused_in_words() -> None:
    prefs = weekly(400)
    every = prefs.with_judgments(prefs.judgments.with_columns(batch=pl.int_range(pl.len()).cast(pl.String)))
    found = prefqa.drift(every, batch="batch")
    assert found.alarm is None
    assert found.reason is not None
    assert f"1,600 periods by batch, and {MAX_PERIODS}" in found.reason


def test_watch_refuses_too_many_periods(tmp_path: Path) -> None:
    with pytest.raises(SizeError, match="periods by created_at"):
        prefqa.watch(weekly(MAX_PERIODS + 1), state=tmp_path / "s.json")
    assert not (tmp_path / "s.json").exists()
