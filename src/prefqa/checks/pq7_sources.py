"""Family PQ7, rules on where the data comes from and by which guidelines it was judged."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import polars as pl

from prefqa.checks.frame import Found, Frame, NotRun

#: Addresses whose content may be another tomorrow: without a revision, or with that of a branch.
_MOVES = (
    r"^hf://(?:datasets/)?[^/@\s]+(?:/[^/@\s]+)?(?:@(?:main|master|HEAD))?/?$",
    r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/[^/\s]+/[^/\s]+/?$",
    r"^https?://\S+/(?:blob|raw|tree|resolve)/(?:main|master|HEAD)(?:/|$)",
    r"^https?://raw\.githubusercontent\.com/[^/\s]+/[^/\s]+/(?:refs/heads/)?(?:main|master)/",
    r"^https?://github\.com/[^/\s]+/[^/\s]+/?$",
)


def unpinned_source(frame: Frame) -> Found | NotRun:
    """PQ707."""
    tables = [table for table in (frame.prefs.responses, frame.prefs.items) if table is not None]
    parts = [
        table.select("item_id", *{"response_id"} & set(table.columns), pl.col("source").cast(pl.String).alias("_value"))
        for table in tables
        if "source" in table.columns
    ]
    origin = frame.prefs.source.origin
    if "://" in origin:
        parts.append(pl.DataFrame({"_value": [origin]}))
    sources = pl.concat(parts, how="diagonal").drop_nulls("_value") if parts else pl.DataFrame()
    if sources.is_empty():
        return NotRun("the data was read from a file, and there is no source of responses or items")
    moves = pl.any_horizontal(pl.col("_value").str.contains(form) for form in _MOVES)
    rows = sources.filter(moves)
    n, of, distinct = rows.height, sources.height, rows["_value"].n_unique()
    message = (
        f"{n:,} of {of:,} sources, {distinct:,} different ones, name no revision, or a branch: what stands there "
        "tomorrow may be other data. Name the commit: hf://OWNER/NAME@REVISION."
    )
    return Found(rows.lazy(), n, of, message)


def guidelines_absent(frame: Frame) -> Found | NotRun:
    """PQ708."""
    if "guideline_version" not in frame.columns:
        return NotRun("there is no guideline_version column")
    files: Mapping[str, str] = frame.options["PQ708"]["files"]
    if not files:
        return NotRun("the option files, which says where the text of each version stands, is not set")
    version = pl.col("guideline_version")
    known = [name for name, path in files.items() if (_content(path) or b"").strip()]
    absent = frame.rows.filter(version.is_not_null() & ~version.is_in(known))
    counts = absent.group_by(version).len().sort("guideline_version").collect()
    listed = [f"{name} ({n:,} rows)" for name, n in counts.iter_rows()]
    n = int(counts["len"].sum())
    message = (
        f"{n:,} of {frame.n_rows:,} rows were judged by guidelines whose text is not there: {', '.join(listed[:5])}. "
        "Keep the text beside the data; without it nobody can say what was asked for."
    )
    return Found(absent.with_columns(version.alias("_value")), n, frame.n_rows, message)


def guidelines_changed(frame: Frame) -> Found | NotRun:
    """PQ709."""
    recorded: Mapping[str, str] = frame.options["PQ709"]["sha256"]
    if not recorded:
        today = [f'"{path}" = "{mark}"' for path in frame.options["PQ708"]["files"].values() if (mark := _mark(path))]
        return NotRun("the option sha256 is not set" + (f"; today: {{ {', '.join(today)} }}" if today else ""))
    marks = {path: _mark(path) for path in recorded}
    changed = [path for path, mark in recorded.items() if marks[path] != mark.lower()]
    said = [f"{path}: {marks[path] or 'cannot be read'}" for path in changed]
    n, of = len(changed), len(recorded)
    message = (
        f"{n:,} of {of:,} texts of guidelines are not what was recorded: {', '.join(changed[:3])}. Give a new text a "
        "version and a file of its own, and put the old one back."
    )
    return Found(pl.LazyFrame({"_value": said}, schema={"_value": pl.String}), n, of, message)


def _content(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _mark(path: str) -> str | None:
    text = _content(path)
    return sha256(text).hexdigest() if text is not None else None
