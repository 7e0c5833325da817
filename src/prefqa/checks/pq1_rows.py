"""Family PQ1, rules on single rows: ids, types, ranges, status, times, who judged."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name
from prefqa.checks.frame import IDS, Found, Frame, NotRun, height, nothing
from prefqa.checks.schemas import RANGES
from prefqa.preferences import ROW


def mistyped_value(frame: Frame) -> Found:
    """PQ101."""
    bad = {name: n for name in frame.unread if (n := frame.counts[f"unread {name}"])}
    listed = ", ".join(f"{n:,} in {name} ({_type(name)})" for name, n in bad.items())
    return _of_rows(
        frame,
        "unread",
        _listed({name: (frame.tests[f"unread {name}"], raw_name(name)) for name in bad}),
        f"{{n}} of {{of}} rows hold values that cannot be read as their type: {listed}. They count as missing; mend "
        "the export, or map another column.",
    )


def null_id(frame: Frame) -> Found:
    """PQ102."""
    return _of_rows(
        frame,
        "null id",
        None,
        "{n} of {of} rows have no item, annotator or response id; they are left out. Look for a join or an export "
        "that lost the ids.",
    )


def not_submitted(frame: Frame) -> Found | NotRun:
    """PQ110."""
    if "status" not in frame.columns:
        return NotRun("there is no status column")
    return _of_rows(
        frame,
        "not submitted",
        pl.col("status"),
        "{n} of {of} rows are of judgments that were not submitted; they are left out. Set their status to submitted "
        "if they do count.",
    )


def naive_time(frame: Frame) -> Found | NotRun:
    """PQ111."""
    if "created_at" not in frame.columns:
        return NotRun("there is no created_at column")
    message = "{n} of {of} rows have a time without zone; it is read as UTC. Export times with their zone."
    return _of_rows(frame, "naive time", pl.col("created_at"), message)


def future_time(frame: Frame) -> Found | NotRun:
    """PQ112."""
    if "created_at" not in frame.columns:
        return NotRun("there is no created_at column")
    message = "{n} of {of} rows have a time in the future. Look at the clock, the zone and the unit of the times."
    return _of_rows(frame, "future time", pl.col("created_at"), message)


def mixed_annotator_kinds(frame: Frame) -> Found | NotRun:
    """PQ115."""
    if "annotator_kind" not in frame.columns:
        return NotRun("there is no annotator_kind column")
    if not (frame.counts["human"] and frame.counts["model"]):
        return nothing(frame)
    return _of_rows(
        frame,
        "model",
        pl.lit("model"),
        "{n} of {of} rows are judgments of models, among those of people. Measure them apart with by=annotator_kind.",
    )


def out_of_range(frame: Frame) -> Found:
    """PQ116."""
    parts = [pl.LazyFrame(schema={ROW: pl.Int64} | dict.fromkeys((*IDS, "_value"), pl.String))]
    words: list[str] = []
    of = frame.n_rows
    counts = {name: n for name in frame.ranged if (n := frame.counts[f"range {name}"])}
    if counts:
        wrong = {name: (~RANGES[name].test).fill_null(False) for name in frame.ranged}
        parts.append(
            frame.all_rows.with_columns(_listed({name: (test, name) for name, test in wrong.items()}).alias("_value"))
            .filter(pl.any_horizontal(*wrong.values()))
            .select(ROW, *IDS, "_value")
        )
        words += [f"{n:,} in {name} ({RANGES[name].words})" for name, n in counts.items()]
    for table, keys in (("responses", IDS[::2]), ("items", IDS[:1])):
        frame_of = getattr(frame.prefs, table)
        if frame_of is None or not any(frame_of[name].null_count() for name in keys):
            continue
        of += frame_of.height
        null = frame_of.lazy().filter(pl.any_horizontal(pl.col(name).is_null() for name in keys))
        parts.append(null.select(*keys, pl.lit(f"null key in the table of {table}").alias("_value")))
        words.append(f"{height(null):,} null in the key of the table of {table}")
    if not words:
        return nothing(frame)
    rows = pl.concat(parts, how="diagonal")
    n = height(rows)
    message = (
        f"{n:,} of {of:,} rows hold values that their column cannot have: {'; '.join(words)}. Mend them, or map "
        "another column."
    )
    return Found(rows, n, of, message)


def _of_rows(frame: Frame, test: str, value: pl.Expr | None, message: str) -> Found:
    """A rule on single rows, by the name of its test."""
    n = frame.counts[test]
    shown = value.cast(pl.String) if value is not None else pl.lit(None, pl.String)
    rows = frame.all_rows.filter(frame.tests[test]).with_columns(shown.alias("_value"))
    return Found(rows, n, frame.n_rows, message.format(n=f"{n:,}", of=f"{frame.n_rows:,}"))


def _listed(wrong: dict[str, tuple[pl.Expr, str]]) -> pl.Expr:
    """What is wrong in a row: each column whose test holds, with its value."""
    said = [
        pl.when(test).then(formatted(f"{name}={{}}", pl.col(column).cast(pl.String)))
        for name, (test, column) in wrong.items()
    ]
    return pl.concat_str(said or [pl.lit(None, pl.String)], separator=", ", ignore_nulls=True)


def _type(name: str) -> str:
    words = {
        "score": "number",
        "created_at": "time",
        "duration_s": "number",
        "position": "integer",
        "is_gold": "true or false",
    }
    return words.get(name, "text")
