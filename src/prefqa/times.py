"""Times as people and programs write them: which forms a column has, and the expression that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from prefqa.errors import UsageError

#: Values from the start of a column that show whether it is ISO 8601 throughout.
_SAMPLE = 1_000
#: Times since 1970 are read between the years 1990 and 2100; in this range the units cannot be taken for each other.
_FIRST_S, _LAST_S = 631_152_000, 4_102_444_800
_UNITS = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}
#: Microseconds from 1970 to the years 1 and 9999; Polars cannot show times far beyond.
_YEAR_1, _YEAR_9999 = -62_135_596_800_000_000, 253_402_300_799_999_999
_ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d")
#: Zones of the United States and Greenwich, as e-mail (RFC 2822) and Mechanical Turk name them.
_ZONES = {
    "UTC": "+0000", "UT": "+0000", "GMT": "+0000", "Z": "+0000", "EST": "-0500", "EDT": "-0400", "CST": "-0600",
    "CDT": "-0500", "MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
}  # fmt: skip
_DAYS = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTHS = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = r"(\d{1,2}:\d\d(?::\d\d(?:\.\d{1,9})?)?)"
#: Tue Mar 04 09:16:40 PST 2025
_UNIX = rf"(?i)^{_DAYS} {_MONTHS} +(\d{{1,2}}) {_CLOCK} ([A-Z]{{1,4}}|[+-]\d{{4}}) (\d{{4}})$"
#: Tue, 4 Mar 2025 09:16:40 +0100
_MAIL = rf"(?i)^(?:{_DAYS},? +)?(\d{{1,2}}) {_MONTHS} (\d{{4}}) {_CLOCK} ?([A-Z]{{1,4}}|[+-]\d{{4}})?(?: \(.*\))?$"
_LOOSE = rf"^(\d{{4}})[-/](\d{{1,2}})[-/](\d{{1,2}})(?:[Tt ]+{_CLOCK} ?(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$"
#: 03/04/2025 or 03.04.2025 or 03-04-2025, day or month first
_PARTS = rf"(?i)^(\d{{1,2}})[/.-](\d{{1,2}})[/.-](\d{{4}})(?:,? +{_CLOCK} ?([AP]M)?)?$"
_DIGITS = r"^\d{9,19}(\.\d+)?$"


@dataclass(frozen=True)
class TimeForms:
    """How the times of a column are written.

    Attributes:
        loose: some are not plain ISO 8601: without seconds, with slashes, with the names of months.
        unit: they are numbers of these since 1970.
        order: day and month as numbers before the year: "day" or "month" first; None where no value decides.
        time_format: they are in this format, and no other.
        how: what is not usual, or why values are not read, in short sentences.
    """

    loose: bool = False
    unit: str | None = None
    order: str | None = None
    time_format: str | None = None
    how: tuple[str, ...] = ()


PLAIN = TimeForms()


def time_forms(frame: pl.LazyFrame, name: str, dtype: pl.DataType, time_format: str | None = None) -> TimeForms:
    """Find how the times of a column are written.

    Of text, the first values show whether all is ISO 8601; only where it is not, and of numbers, the whole column is
    looked at. Numbers are read as the unit in which more than half of those from 1990 to 2100 are; the others are not
    read. Of 03/04/2025, day or month is first by the values in which one of the two is over 12, if these agree.

    Args:
        frame: a table with the column.
        name: the column.
        dtype: its type.
        time_format: the format of all values, where it is known, in the notation of `strptime`.

    Raises:
        UsageError: a format that no time can be read by.
    """
    if time_format is not None:
        return TimeForms(time_format=_checked(time_format), how=(f"{name} read as {time_format}",))
    text = dtype == pl.String()
    if not text and not dtype.is_numeric():
        return PLAIN
    values = frame.select(pl.col(name)).drop_nulls()
    if text:
        first = values.head(_SAMPLE).collect(engine="streaming")
        if first.select(_plain(pl.col(name).str.strip_chars()).is_not_null().all()).item():
            return PLAIN
    column = pl.col(name).str.strip_chars() if text else pl.col(name)
    seen = values.select(*_counts(column, text=text)).collect(engine="streaming").row(0, named=True)
    unit = next((one for one in _UNITS if 2 * seen[one] > sum(map(seen.__getitem__, _UNITS))), None)
    how = []
    if unit is not None:
        how.append(f"{name} read as {unit} since 1970")
        if seen[unit] < seen["numbers"]:
            how.append(f"{seen['numbers'] - seen[unit]:,} numbers in {name} not read: no {unit} of 1990 to 2100")
    elif seen["numbers"]:
        how.append(f"numbers in {name} not read: no unit since 1970 gives years from 1990 to 2100")
    order = None
    if seen["parts"]:
        day, month = seen["day_first"] > 0, seen["month_first"] > 0
        order = "day" if day and not month else "month" if month and not day else None
        why = "some have the day first, others the month" if day else "day and month cannot be told apart"
        hint = f'{why}: name the format in the config, such as [read] time_format = "%d/%m/%Y %H:%M"'
        how.append(f"{name} read with the {order} first" if order else f"{seen['parts']:,} times not read: {hint}")
    return TimeForms(text, unit, order, None, tuple(how))


def time_of(column: pl.Expr, dtype: pl.DataType, forms: TimeForms = PLAIN) -> pl.Expr:
    """Return times in UTC with microseconds: with a zone as they stand, without one as UTC; null for what is none."""
    if isinstance(dtype, pl.Datetime):
        return _stored(column, dtype)
    if isinstance(dtype, pl.Date):
        return in_years(column, dtype).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if dtype.is_numeric():
        return _since_1970(column, forms.unit)
    text = column.cast(pl.String).str.strip_chars()
    if forms.time_format is not None:
        return text.str.to_datetime(forms.time_format, strict=False, time_unit="us", time_zone="UTC")
    read = [_plain(text)]
    if forms.loose:
        read += [_loose(text), _with_names(text)]
    if forms.unit is not None:
        read.append(_since_1970(pl.when(text.str.contains(_DIGITS)).then(text), forms.unit, text=True))
    if forms.order is not None:
        read.append(_with_parts(text, forms.order))
    return pl.coalesce(read)


def as_written(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Text of values that may be no times: stored ones as numbers, since Polars cannot show all of them."""
    return (column.to_physical() if dtype.is_temporal() else column).cast(pl.String, strict=False)


def in_years(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return stored times or dates as they are; null for those that are not of the years 1 to 9999."""
    ticks = column.to_physical()
    return pl.when(_inside(ticks, dtype)).then(ticks).cast(dtype)


def written_times(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return stored times or dates as text: ISO 8601, or how many units since 1970 where they are not of 1 to 9999."""
    known = in_years(column, dtype)
    if isinstance(dtype, pl.Datetime):
        utc = known.dt.convert_time_zone("UTC") if dtype.time_zone else known
        text = utc.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f" + ("Z" if dtype.time_zone else ""))
    else:
        text = known.dt.strftime("%Y-%m-%d")
    unit = dtype.time_unit if isinstance(dtype, pl.Datetime) else "days"  # named, so that nobody takes it for another
    return pl.coalesce(text, column.to_physical().cast(pl.String) + f" {unit} since 1970")


def has_zone(column: pl.Expr, forms: TimeForms = PLAIN) -> pl.Expr:
    """Whether a time written as text says which zone it is of; numbers since 1970 are of UTC."""
    if forms.time_format is not None:
        return pl.lit("%z" in forms.time_format or "%:z" in forms.time_format or "%+" in forms.time_format)
    text = column.str.strip_chars()
    named = rf"\b({'|'.join(_ZONES)})( \d{{4}})?|[+-]\d{{4}} \d{{4}}"
    zone = rf"(?i)\d:\d\d.*(z|[+-]\d\d(:?\d\d)?|{named})( \(.*\))?$"
    return text.str.contains(zone) | text.str.contains(_DIGITS)


def _checked(time_format: str) -> str:
    try:
        known = pl.select(pl.datetime(2025, 1, 6, time_zone="UTC").dt.strftime(time_format)).item()
        read = pl.Series([known]).str.to_datetime(time_format, strict=False, time_unit="us", time_zone="UTC")
    except (pl.exceptions.PolarsError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"time_format {time_format!r} cannot be used: {reason}", hint=_FORMAT_HINT) from error
    if read[0] is None or read[0].date() != date(2025, 1, 6):
        raise UsageError(f"no time can be read by time_format {time_format!r}", hint=_FORMAT_HINT)
    return time_format


_FORMAT_HINT = 'such as "%d/%m/%Y %H:%M": %Y year, %m month, %d day, %H hour, %M minute, %S second, %z zone.'


def _plain(text: pl.Expr) -> pl.Expr:
    """ISO 8601 as programs write it."""
    naive = [text.str.to_datetime(form, strict=False, time_unit="us").dt.replace_time_zone("UTC") for form in _ISO]
    return pl.coalesce(text.str.to_datetime("%+", strict=False, time_unit="us", time_zone="UTC"), *naive)


def _loose(text: pl.Expr) -> pl.Expr:
    """ISO 8601 without seconds or leading zeros, with slashes, or with a short zone."""
    parts = text.str.extract_groups(_LOOSE)
    day = pl.concat_str(*(parts.struct[place] for place in range(3)), separator="-")
    return _built(day, parts.struct[3].fill_null("0:00"), parts.struct[4])


def _with_names(text: pl.Expr) -> pl.Expr:
    """Times with the name of the month, of Unix (and Mechanical Turk) and of e-mail."""
    unix, mail = text.str.extract_groups(_UNIX), text.str.extract_groups(_MAIL)
    of_unix = pl.concat_str(unix.struct[4], unix.struct[0], unix.struct[1], separator="-")
    of_mail = pl.concat_str(mail.struct[2], mail.struct[1], mail.struct[0], separator="-")
    return pl.coalesce(
        _built(of_unix, unix.struct[2], unix.struct[3], month="%b"),
        _built(of_mail, mail.struct[3], mail.struct[4], month="%b"),
    )


def _with_parts(text: pl.Expr, order: str) -> pl.Expr:
    parts = text.str.extract_groups(_PARTS)
    day, month = (parts.struct[0], parts.struct[1]) if order == "day" else (parts.struct[1], parts.struct[0])
    whole = pl.concat_str(parts.struct[2], month, day, separator="-")
    clock, half = parts.struct[3].fill_null("0:00"), parts.struct[4].str.to_uppercase()
    return pl.when(half.is_null()).then(_built(whole, clock, None)).otherwise(_built(whole, clock, None, half=half))


def _built(
    day: pl.Expr, clock: pl.Expr, zone: pl.Expr | None, *, month: str = "%m", half: pl.Expr | None = None
) -> pl.Expr:
    """A time of its day, clock and zone (UTC where that is null); null for a zone that is not known."""
    seconds = pl.when(clock.str.count_matches(":") == 1).then(clock + ":00").otherwise(clock)
    offset = pl.lit("+0000") if zone is None else _offset(zone)
    hour = "%H" if half is None else "%I"
    whole = pl.concat_str(day, seconds, offset, *([] if half is None else [half]), separator=" ")
    form = f"%Y-{month}-%d {hour}:%M:%S%.f %z" + ("" if half is None else " %p")
    return whole.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")


def _offset(zone: pl.Expr) -> pl.Expr:
    upper = zone.str.to_uppercase()
    numeric = upper.str.replace(":", "", literal=True)
    numeric = pl.when(numeric.str.len_chars() == 3).then(numeric + "00").otherwise(numeric)
    named = upper.replace_strict(list(_ZONES), list(_ZONES.values()), default=None, return_dtype=pl.String)
    return (
        pl.when(zone.is_null()).then(pl.lit("+0000")).when(upper.str.contains(r"^[+-]")).then(numeric).otherwise(named)
    )


def _stored(column: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    times = in_years(column, dtype)
    utc = times if dtype.time_zone else times.dt.replace_time_zone("UTC")
    return utc.dt.convert_time_zone("UTC").dt.cast_time_unit("us")


def _inside(ticks: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Whether the numbers of stored times or dates are of the years 1 to 9999."""
    unit = dtype.time_unit if isinstance(dtype, pl.Datetime) else "d"
    if unit == "ns":  # of which all that fits into 64 bits is between the years 1677 and 2262
        return pl.lit(value=True)
    per_tick = {"us": 1, "ms": 1_000, "d": 86_400_000_000}[unit]
    return ticks.is_between(_YEAR_1 // per_tick, _YEAR_9999 // per_tick)


def _since_1970(number: pl.Expr, unit: str | None, *, text: bool = False) -> pl.Expr:
    """Times of numbers of a unit since 1970, between the years 1990 and 2100."""
    if unit is None:
        return pl.lit(None, pl.Datetime("us", "UTC"))
    per_second = _UNITS[unit]
    real = number.cast(pl.Float64, strict=False)
    if per_second == 1:
        ticks = (real * 1e6).round()
    else:
        ticks = (number.str.replace(r"\..*$", "") if text else number).cast(pl.Int64, strict=False)
        ticks = ticks * 1_000_000 // per_second if per_second < 1_000_000 else ticks // (per_second // 1_000_000)
    us = pl.when(_is_of(real, unit)).then(ticks).cast(pl.Int64, strict=False)
    return us.cast(pl.Datetime("us", "UTC"))


def _is_of(number: pl.Expr, unit: str) -> pl.Expr:
    return number.is_between(_FIRST_S * _UNITS[unit], _LAST_S * _UNITS[unit])


def _counts(column: pl.Expr, *, text: bool) -> list[pl.Expr]:
    digits = pl.when(column.str.contains(_DIGITS)).then(column) if text else column
    number = digits.cast(pl.Float64, strict=False)
    counts = [number.is_not_null().sum().alias("numbers"), *(_is_of(number, unit).sum().alias(unit) for unit in _UNITS)]
    if not text:
        return [*counts, *(pl.lit(0).alias(name) for name in ("parts", "day_first", "month_first"))]
    parts = column.str.extract_groups(_PARTS)
    first, second = (parts.struct[place].cast(pl.Int64, strict=False) for place in range(2))
    return [
        *counts,
        first.is_not_null().sum().alias("parts"),
        (first > 12).sum().alias("day_first"),
        (second > 12).sum().alias("month_first"),
    ]
