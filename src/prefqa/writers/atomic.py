"""The one place that puts files on disk: each appears whole under its final name, or not at all."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.errors import UsageError
from prefqa.messages import json_of
from prefqa.writers import manifest
from prefqa.writers.columns import writable


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes the final name only when the block ends well."""
    path = Path(path)
    _make_parent(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    staged = Path(name)
    try:
        yield staged
        staged.chmod(0o666 & ~_umask())
        staged.replace(path)
    except IsADirectoryError as error:
        raise UsageError(f"cannot write {path}: it is a directory") from error
    finally:
        staged.unlink(missing_ok=True)


@contextmanager
def staged_directory(out: str | Path) -> Iterator[Path]:
    """Yield a staging directory; its files move into `out` together, only when the block ends well.

    They are listed there with their digests (`manifest`). What the list of an earlier run names, and this one does not
    write, is removed; all other files in `out` are left alone.

    Raises:
        UsageError: `out` is a file, or a file to be removed was changed since it was written.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise UsageError(f"cannot write into {out}: it is a file", hint="name a directory.")
    _make_parent(out)
    stage = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield stage
        files = {staged.name: manifest.digest_of(staged) for staged in sorted(stage.iterdir())}
        stale = manifest.stale(out, files)
        write_json(stage / manifest.NAME, manifest.content(files))
        out.mkdir(exist_ok=True)
        for staged in sorted(stage.iterdir()):
            staged.replace(out / staged.name)
        for path in stale:
            path.unlink(missing_ok=True)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


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


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_path(path) as staged:
        staged.write_text(text, encoding="utf-8")


def write_parquet(path: str | Path, frame: pl.DataFrame | pl.LazyFrame) -> None:
    """Write a frame as Parquet, whole or not at all; a lazy frame is streamed."""
    with atomic_path(path) as staged, writable(path, frame):
        if isinstance(frame, pl.LazyFrame):
            frame.sink_parquet(staged)
        else:
            frame.write_parquet(staged)


def write_jsonl(path: str | Path, frame: pl.DataFrame) -> None:
    """Write a frame as one JSON object per line, whole or not at all; objects within have no keys that are null."""
    with atomic_path(path) as staged, writable(path, frame):
        _json_rows(frame).write_csv(staged, include_header=False, quote_style="never")


def write_rows(path: str | Path, frame: pl.DataFrame) -> None:
    """Write rows by the ending of the file: .jsonl or .ndjson, .json (one list) or .parquet.

    Raises:
        UsageError: any other ending.
    """
    ending = Path(path).suffix.lower()
    if ending == ".parquet":
        write_parquet(path, frame)
    elif ending in (".jsonl", ".ndjson"):
        write_jsonl(path, frame)
    elif ending == ".json":
        write_text(path, "[" + ",\n".join(_json_rows(frame).to_series()) + "]")
    else:
        raise UsageError(f"rows are written as .jsonl, .json or .parquet, not {ending or 'a file without an ending'}")


def _json_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Each row as a JSON object, in which null columns are null."""
    cells = [
        pl.concat_str(pl.lit(json.dumps(name, ensure_ascii=False) + ":"), json_of(pl.col(name), kind).fill_null("null"))
        for name, kind in frame.schema.items()
    ]
    return frame.select(pl.concat_str(pl.lit("{"), pl.concat_str(cells, separator=","), pl.lit("}")).alias("row"))


def _make_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {path.parent}: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
