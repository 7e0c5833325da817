"""Family PQ2, rules on the media that data name."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.media import Media


def missing_media(frame: Frame) -> Found | NotRun:
    """PQ235."""
    words = "paths of media lead to no file in the folder {folder}. Look for a folder that was not copied, or a prefix."
    return _of_files(frame, "PQ235", "missing", words)


def broken_media(frame: Frame) -> Found | NotRun:
    """PQ236."""
    words = (
        "media files in the folder {folder} are empty, cut off, or not of the kind that their name says. Get them anew."
    )
    return _of_files(frame, "PQ236", "broken", words)


def same_media(frame: Frame) -> Found | NotRun:
    """PQ237."""
    media = Media.of(frame.prefs, frame.options["PQ237"]["columns"])
    if isinstance(media, str):
        return NotRun(media)
    if media.own.is_empty():
        return NotRun("media are of the items, not of their responses")
    folder = _folder(frame, "PQ237") if frame.options["PQ237"]["folder"] else None
    if isinstance(folder, NotRun):
        return folder
    rows = media.same(folder).with_columns(pl.col("media").alias("_value"))
    n, of = rows["item_id"].n_unique(), media.own["item_id"].n_unique()
    message = (
        f"In {n:,} of {of:,} items two responses have the very same media: nothing can be preferred in such a pair."
    )
    return Found(rows.select("item_id", "response_id", "_value").lazy(), n, of, message)


def _folder(frame: Frame, code: str) -> Path | NotRun:
    given = frame.options[code]["folder"]
    if not given:
        return NotRun("the option folder, in which the files must lie, is not set")
    folder = Path(given)
    return folder if folder.is_dir() else NotRun(f"the option folder names {given!r}, which is no folder")


def _of_files(frame: Frame, code: str, fault: str, words: str) -> Found | NotRun:
    media = Media.of(frame.prefs, frame.options[code]["columns"])
    if isinstance(media, str):
        return NotRun(media)
    folder = _folder(frame, code)
    if isinstance(folder, NotRun):
        return folder
    faults = media.faults(folder)
    rows = faults.filter(pl.col(fault).is_not_null())
    rows = rows.with_columns(formatted("{} {}", "path", fault).alias("_value"))
    files = rows["path"].n_unique()
    of = faults["path"].n_unique()
    message = f"{files:,} of {of:,} {words.format(folder=str(folder))}"
    n_remote = media.named["path"].n_unique() - of
    message += f" {n_remote:,} are addresses or data, and were not looked at." if n_remote else ""
    return Found(rows.select("item_id", "response_id", "_value").lazy(), files, of, message)
