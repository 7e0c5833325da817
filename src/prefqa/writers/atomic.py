"""The one place that puts files on disk: each appears whole under its final name, or not at all."""

from __future__ import annotations

import errno
import json
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.errors import UsageError
from prefqa.message_json import holds_json
from prefqa.messages import json_of
from prefqa.writers.columns import writable
from prefqa.writers.file_sets import file_set, is_staged, named, replaced, staged
from prefqa.writers.targets import check_file, check_folder

#: Errors of the system that only writing has; others may be of the input, where a frame is read while it is written.
_OF_WRITING = frozenset((errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS))


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a path to write to; what was written there takes the name `path` only when the block ends well.

    Within a set of files (`file_sets`) that is `path` itself, since the set as a whole appears or does not.

    Raises:
        UsageError: the file cannot be written.
    """
    path = Path(path)
    if is_staged(path):
        yield path
        return
    place = check_file(path)
    with staged(place.parent) as files:
        yield files.new / place.name
        replaced(files.new / place.name, place)


@contextmanager
def staged_directory(out: str | Path) -> Iterator[Path]:
    """Yield a staging directory; its files move into `out` together, only when the block ends well.

    They are listed there with their digests (`manifest`). What the list of an earlier run names, and this one does not
    write, is removed; all other files in `out` are left alone.

    Raises:
        UsageError: `out` is a file or cannot be written, or a file to be removed was changed since it was written.
    """
    check_folder(out)
    with file_set(out) as files:
        yield files.new


#: What json.dumps leaves as it is: further control characters, such as turn the direction of reading, and commands.
_ACTS = re.compile("[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]|##(?=[A-Za-z]*\\[)")


def dumps(value: Any) -> str:
    """JSON text; a figure that is not a number is written as null.

    It may be printed: what a terminal or a CI runner would act on is written as escapes, which read back as it was.
    """
    text = json.dumps(json_ready(value), ensure_ascii=False, indent=2, allow_nan=False, default=str) + "\n"
    return _ACTS.sub(lambda found: "".join(f"\\u{ord(c):04x}" for c in found[0]), text)


def json_ready(value: Any) -> Any:
    """Replace NaN and infinities by null, tuples by lists, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): json_ready(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(inner) for inner in value]
    return value


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as JSON, whole or not at all."""
    write_text(path, dumps(value))


def rewrite_json(path: str | Path, value: Any, before: bytes | None) -> None:
    """Write `value` as JSON in the place of a file whose content was `before`, None where there was none.

    Raises:
        UsageError: another process has written the file since, and not the same.
    """
    place, text = check_file(path), dumps(value)
    with staged(place.parent) as files:
        write_text(files.new / place.name, text)
        files.lock()
        if content_of(place) not in (before, text.encode()):
            what = f"{path} was written by another process since this one has read it; it is left as that one wrote it"
            raise UsageError(what, hint="run the command again.")
        replaced(files.new / place.name, place)


def content_of(path: str | Path) -> bytes | None:
    """Return the bytes of a file; None if there is none."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_path(path) as place, _refusals_named(path):
        place.write_text(text, encoding="utf-8")


def write_parquet(path: str | Path, frame: pl.DataFrame | pl.LazyFrame) -> None:
    """Write a frame as Parquet, whole or not at all; a lazy frame is streamed."""
    with atomic_path(path) as place, _refusals_named(path), writable(path, frame):
        if isinstance(frame, pl.LazyFrame):
            frame.sink_parquet(place)
        else:
            frame.write_parquet(place)


def write_jsonl(path: str | Path, frame: pl.DataFrame) -> None:
    """Write a frame as one JSON object per line, whole or not at all; objects within have no keys that are null."""
    write_csv(path, _json_rows(frame), include_header=False, quote_style="never")


def write_csv(path: str | Path, frame: pl.DataFrame, **options: Any) -> None:
    """Write a frame as CSV, whole or not at all."""
    with atomic_path(path) as place, _refusals_named(path), writable(path, frame):
        frame.write_csv(place, **options)


def write_rows(path: str | Path, frame: pl.DataFrame) -> None:
    """Write rows by the ending of the file: .jsonl or .ndjson, .json (one list) or .parquet.

    Raises:
        UsageError: any other ending; or Parquet, and objects that hold their JSON, of which Parquet would make others.
    """
    ending = check_rows(path)
    if ending == ".parquet":
        for name in (name for name, dtype in frame.schema.items() if holds_json(dtype)):
            raise UsageError(
                f"cannot write {path}: {name!r} has calls of tools, parts or further keys, and Parquet gives each "
                "object the keys of all others, as nulls",
                hint="write .jsonl.",
            )
        write_parquet(path, frame)
    elif ending == ".json":
        write_text(path, "[" + ",\n".join(_json_rows(frame).to_series()) + "]")
    else:
        write_jsonl(path, frame)


def check_rows(path: str | Path) -> str:
    """Return the ending of a file of rows.

    Raises:
        UsageError: rows are not written under it.
    """
    ending = Path(path).suffix.lower()
    if ending not in (".jsonl", ".ndjson", ".json", ".parquet"):
        raise UsageError(f"rows are written as .jsonl, .json or .parquet, not {ending or 'a file without an ending'}")
    return ending


def _json_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Each row as a JSON object, in which null columns are null."""
    cells = [
        pl.concat_str(pl.lit(json.dumps(name, ensure_ascii=False) + ":"), json_of(pl.col(name), kind).fill_null("null"))
        for name, kind in frame.schema.items()
    ]
    return frame.select(pl.concat_str(pl.lit("{"), pl.concat_str(cells, separator=","), pl.lit("}")).alias("row"))


@contextmanager
def _refusals_named(path: str | Path) -> Iterator[None]:
    """Turn what the file system refuses, which Polars words in several ways, into an error that names the file."""
    path = Path(path)
    final = path.parent.parent.parent / path.name if is_staged(path) else path
    with named(final):
        try:
            yield
        except pl.exceptions.PolarsError as error:
            number = re.search(r"\(os error (\d+)\)", str(error))
            if number and int(number[1]) in _OF_WRITING:
                raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
            raise
