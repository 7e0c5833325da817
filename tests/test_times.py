"""Times as people and programs write them: the instant that each is, or that it is not read, and why."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from prefqa.errors import UsageError
from prefqa.preferences import NAIVE, Preferences


def read(values: Any, dtype: pl.DataType | None = None, **options: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    times = pl.Series("created_at", values, dtype)
    n = len(times)
    ids = {"item_id": ["p"] * n, "annotator_id": ["ann"] * n, "response_id": [str(i) for i in range(n)]}
    prefs = Preferences.from_long(pl.DataFrame(ids | {"rank": [1] * n}).with_columns(times), **options)
    return prefs.judgments.collect(), prefs.source.times


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "instant", "naive"),
    [
        ("2025-01-06T10:00:00Z", utc(2025, 1, 6, 10), False),
        ("2025-01-06 10:00", utc(2025, 1, 6, 10), True),
        ("2025-01-06T10:00", utc(2025, 1, 6, 10), True),
        ("2025-01-06T10:00Z", utc(2025, 1, 6, 10), False),
        ("2025-01-06 10:00:00.25+01:00", utc(2025, 1, 6, 9, 0, 0, 250_000), False),
        ("2025-01-06T10:00:00+0100", utc(2025, 1, 6, 9), False),
        ("2025-01-06 10:00:00 UTC", utc(2025, 1, 6, 10), False),
        ("2025/01/06 10:00", utc(2025, 1, 6, 10), True),
        ("2025/1/6", utc(2025, 1, 6), True),
        ("Tue Mar 04 09:16:40 PST 2025", utc(2025, 3, 4, 17, 16, 40), False),
        ("Fri Jul 4 09:16:40 EDT 2025", utc(2025, 7, 4, 13, 16, 40), False),
        ("Tue, 4 Mar 2025 09:16:40 +0100", utc(2025, 3, 4, 8, 16, 40), False),
        ("04 Mar 2025 09:16 GMT", utc(2025, 3, 4, 9, 16), False),
        ("Tue, 04 Mar 2025 09:16:40 -0800 (PST)", utc(2025, 3, 4, 17, 16, 40), False),
        ("1741079800", utc(2025, 3, 4, 9, 16, 40), False),
        ("1741079800.5", utc(2025, 3, 4, 9, 16, 40, 500_000), False),
        ("1741079800123", utc(2025, 3, 4, 9, 16, 40, 123_000), False),
        ("31/12/2025 23:05", utc(2025, 12, 31, 23, 5), True),
        ("12/31/2025 11:05 PM", utc(2025, 12, 31, 23, 5), True),
        ("31.12.2025", utc(2025, 12, 31), True),
    ],
)
def test_a_time_is_read(text: str, instant: dt.datetime, naive: bool) -> None:
    rows, _ = read([text, None])
    assert rows["created_at"].to_list() == [instant, None]
    assert rows["_created_at_raw"].to_list() == [None, None]
    assert rows[NAIVE][0] is naive


@pytest.mark.parametrize(
    "text", ["2025-02-30 10:00", "Tue Mar 04 09:16:40 CET 2025", "10:30", "tomorrow", "9000000000000", "0", "", "2025"]
)
def test_what_is_no_time_stays_as_text(text: str) -> None:
    rows, _ = read([text])
    assert rows["created_at"].to_list() == [None]
    assert rows["_created_at_raw"].to_list() == [text]


@pytest.mark.parametrize(
    ("unit", "per_second"),
    [("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_the_unit_of_numbers_is_that_of_most(unit: str, per_second: int, as_text: bool) -> None:
    values = [1_741_079_800 * per_second, (1_741_079_800 + 60) * per_second, 5 * 10**9 * per_second]
    rows, how = read([str(value) for value in values] if as_text else values)
    assert rows["created_at"].to_list() == [utc(2025, 3, 4, 9, 16, 40), utc(2025, 3, 4, 9, 17, 40), None]
    assert rows["_created_at_raw"].to_list() == [None, None, str(values[2])]
    assert how[0] == f"created_at read as {unit} since 1970"


def test_numbers_of_two_units_are_not_mixed() -> None:
    seconds, milliseconds = 1_741_079_800, 1_741_079_800_000
    rows, _ = read([seconds, seconds, milliseconds, 0, -5])
    assert rows["created_at"].null_count() == 3
    assert rows["_created_at_raw"].to_list() == [None, None, str(milliseconds), "0", "-5"]
    rows, how = read([seconds, milliseconds])
    assert rows["created_at"].null_count() == 2
    assert "not read" in how[0]


def test_fractions_of_seconds_and_numbers_that_are_none_are_read_or_kept() -> None:
    rows, _ = read([1_741_079_800.25, float("nan"), float("inf"), None])
    assert rows["created_at"].to_list() == [utc(2025, 3, 4, 9, 16, 40, 250_000), None, None, None]
    assert rows["_created_at_raw"].to_list() == [None, "NaN", "inf", None]


def test_day_and_month_are_told_apart_by_the_column_or_not_at_all() -> None:
    rows, how = read(["03/04/2025", "13/04/2025"])
    assert rows["created_at"].to_list() == [utc(2025, 4, 3), utc(2025, 4, 13)]
    assert how == ("created_at read with the day first",)
    rows, how = read(["03/04/2025", "04/13/2025"])
    assert rows["created_at"].to_list() == [utc(2025, 3, 4), utc(2025, 4, 13)]
    assert how == ("created_at read with the month first",)
    for values in (["03/04/2025", "05/04/2025"], ["13/04/2025", "04/13/2025"]):
        rows, how = read(values)
        assert rows["created_at"].to_list() == [None, None]
        assert rows["_created_at_raw"].to_list() == values
        assert "[read] time_format = " in how[0]


def test_a_format_that_is_given_is_the_only_one() -> None:
    rows, how = read(["03/04/2025 10:00", "2025-04-03T10:00:00Z"], time_format="%d/%m/%Y %H:%M")
    assert rows["created_at"].to_list() == [utc(2025, 4, 3, 10), None]
    assert how == ("created_at read as %d/%m/%Y %H:%M",)
    assert rows[NAIVE].to_list() == [True, True]
    rows, _ = read(["03/04/2025 10:00 +0200"], time_format="%d/%m/%Y %H:%M %z")
    assert rows["created_at"].to_list() == [utc(2025, 4, 3, 8)]
    assert rows[NAIVE].to_list() == [False]
    for wrong in ("%Q", "hello", "%Y", "%d/%m/%Y %H"):
        with pytest.raises(UsageError, match="time_format"):
            read(["03/04/2025"], time_format=wrong)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_stored_times_beyond_what_polars_can_show_are_kept_with_their_unit(unit: Any, zone: str | None) -> None:
    per_second = {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    ends = [] if unit == "ns" else [2**63 - 1, -(2**63)]
    stored = pl.Series([*ends, 1_741_079_800 * per_second], dtype=pl.Int64).cast(pl.Datetime(unit, zone))
    rows, _ = read(stored)
    assert rows["created_at"].to_list() == [*[None] * len(ends), utc(2025, 3, 4, 9, 16, 40)]
    assert rows["_created_at_raw"].to_list() == [*(f"{end} {unit} since 1970" for end in ends), None]


def test_stored_dates_are_bounded_too() -> None:
    rows, _ = read(pl.Series([2**31 - 1, -(2**31), 20_000], dtype=pl.Int32).cast(pl.Date))
    assert rows["created_at"].to_list() == [None, None, utc(2024, 10, 4)]


def test_a_column_of_iso_times_needs_no_second_look() -> None:
    assert read(["2025-01-06T10:00:00Z", "2025-01-06"])[1] == ()
    assert read([], pl.String())[1] == ()
    assert read([None], pl.Int64())[1] == ()
