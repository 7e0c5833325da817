"""Files on disk become lazy frames; what is broken is named by path, line or row group, and reason."""

from __future__ import annotations

import csv
import glob
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from prefqa.errors import ReadError, UsageError, nearest
from prefqa.readers import croissant, preflib
from prefqa.readers.json_files import read_json, read_jsonl
from prefqa.readers.records import Records

#: Format of a file by its ending; .gz and .zst may follow those of text formats.
ENDINGS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
    **dict.fromkeys(preflib.ENDINGS, "preflib"),
}
#: Formats of which some columns can be read without the others.
COLUMNAR = ("parquet", "arrow")
_TEXT = ("csv", "tsv", "json", "jsonl")
_COMPRESSED = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
#: Files that describe the data beside them, such as LLaMA-Factory's list of data sets.
_COMPANIONS = (croissant.NAME, "dataset_info.json")
_MAGIC = {b"PAR1": "parquet", b"ARRO": "arrow", b"\xff\xff\xff\xff": "arrow", b"PK\x03\x04": "a zip or Excel file"}


def find_files(source: str | Path) -> list[Path]:
    """Return the data files that a path, directory or glob names, sorted by name.

    Raises:
        ReadError: if there is no such file, or no data file in the directory.
    """
    path = Path(source)
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.is_file() and _is_data(p))
        if not found:
            raise ReadError(path, "the directory holds no data file", hint=f"looked for {_endings()}.")
        return found
    if path.exists():
        return [path]
    if glob.has_magic(str(source)):
        matches = map(Path, glob.glob(str(source), recursive=True))
        found = sorted(p for p in matches if p.is_file() and p.name not in _COMPANIONS)
        if not found:
            raise ReadError(source, "no file matches")
        return found
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = nearest(path.name, siblings)
    raise ReadError(path, "no such file", hint=f"did you mean {path.parent / close}?" if close else None)


def _is_data(path: Path) -> bool:
    return not path.name.startswith((".", "_")) and path.name not in _COMPANIONS and format_of(path) is not None


def format_of(path: Path) -> str | None:
    """Format of a file by its ending, None if the ending is not known."""
    name = path.name.lower()
    packed = next((ending for ending in _COMPRESSED if name.endswith(ending)), "")
    known = ENDINGS.get(Path(name.removesuffix(packed)).suffix)
    return None if packed and known not in _TEXT else known


def read_records(path: Path, form: str = "auto") -> Records:
    """Return the records of one file; see `scan_file`."""
    form = _checked_format(path, form)
    if form not in ("json", "jsonl"):
        return Records.of_frame(scan_file(path, form))
    try:
        return (read_json if form == "json" else read_jsonl)(path)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise explain(path, form, error) from error


def scan_file(path: Path, form: str = "auto") -> pl.LazyFrame:
    """Return one file as a lazy frame; `form` overrides what the ending says.

    Text formats keep every value of CSV as text, so that ids such as 007 stay as they are.

    Raises:
        ReadError: an unknown ending, an empty file, content of another format, a broken header or line.
    """
    form = _checked_format(path, form)
    try:
        frame = _SCANNERS[form](path)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise explain(path, form, error) from error
    return frame


@contextmanager
def readable(files: tuple[str, ...]) -> Iterator[None]:
    """Turn a failure of Polars over `files` into a ReadError that names the file, line or row group at fault.

    A lazy scan meets a damaged part only when it is collected; a failure whose cause is not found in a file passes
    through unchanged, because then the data is not at fault.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        for name in files:
            path = Path(name)
            form = format_of(path) or _sniffed(path) or "csv"
            try:
                _SCANNERS[form](path).select(pl.all().null_count()).collect(engine="streaming")
            except (pl.exceptions.PolarsError, OSError) as cause:
                raise explain(path, form, cause) from error
        raise


def explain(path: Path, form: str, error: Exception) -> ReadError:
    """Build the ReadError of a file that Polars refuses."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if form in ("csv", "tsv"):
        line, found = _broken_csv_line(path, "\t" if form == "tsv" else ",")
        return ReadError(path, found or reason, line=line)
    if form == "parquet":
        if not _ends_with(path, b"PAR1"):
            return ReadError(
                path, "the Parquet file is cut off: its footer is missing", hint="copy or download it again."
            )
        return ReadError(path, f"damaged Parquet file: {reason}", row_group=_broken_row_group(path))
    if isinstance(error, pl.exceptions.DuplicateError):
        return ReadError(path, f"two columns have one name: {reason}", hint="rename one of them.")
    return ReadError(path, reason, line=_first_line_not_utf8(path) if form in ("json", "jsonl") else None)


def _checked_format(path: Path, form: str) -> str:
    if form != "auto" and form not in _SCANNERS:
        raise UsageError(f"unknown format {form!r}", hint=f"there are: auto, {', '.join(_SCANNERS)}.")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from error
    if empty:
        raise ReadError(path, "the file is empty")
    named = format_of(path) if form == "auto" else form
    if named is None:
        raise ReadError(
            path, f"the ending {path.suffix or '(none)'} is not known", hint=f"{_endings()}; or say format=."
        )
    inside = _sniffed(path)
    binary = named in ("parquet", "arrow")
    if inside is not None and inside != named:
        raise ReadError(path, f"is read as {named}, but its content is {inside}", hint="rename it, or say format=.")
    if binary and inside is None:
        raise ReadError(path, f"is read as {named}, but its content is not", hint="was it written as text, or cut off?")
    return named


def _sniffed(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(4)
    return _MAGIC.get(head)


def _scan_csv(path: Path) -> pl.LazyFrame:
    return _scan_separated(path, ",")


def _scan_tsv(path: Path) -> pl.LazyFrame:
    return _scan_separated(path, "\t")


def _scan_separated(path: Path, separator: str) -> pl.LazyFrame:
    header = next(csv.reader(pl.scan_lines(path).head(1).collect()["line"].to_list(), delimiter=separator), [])
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise ReadError(path, f"two columns have one name: {', '.join(map(repr, doubled))}", line=1, hint="rename one.")
    return pl.scan_csv(path, separator=separator, infer_schema=False)


def _scan_arrow(path: Path) -> pl.LazyFrame:
    with path.open("rb") as file:
        stream = file.read(6) != b"ARROW1"
    return pl.read_ipc_stream(path).lazy() if stream else pl.scan_ipc(path)


def _scan_preflib(path: Path) -> pl.LazyFrame:
    lines = pl.scan_lines(path).select(pl.col("line").str.strip_prefix("\ufeff").alias(preflib.LINE))
    return lines.with_row_index(preflib.NUMBER, 1).with_columns(pl.lit(str(path)).alias(preflib.FILE))


def _scan_parquet(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path)


_SCANNERS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    "parquet": _scan_parquet,
    "csv": _scan_csv,
    "tsv": _scan_tsv,
    "json": lambda path: read_json(path).typed(),
    "jsonl": lambda path: read_jsonl(path).typed(),
    "arrow": _scan_arrow,
    "preflib": _scan_preflib,
}

#: Formats of files, by name.
FILE_FORMATS = tuple(_SCANNERS)


def _broken_csv_line(path: Path, separator: str) -> tuple[int | None, str | None]:
    """Find the first line of a CSV file with more fields than the header; quoted line breaks are counted."""
    try:
        lines = csv.reader(pl.scan_lines(path).collect()["line"], delimiter=separator, strict=True)
        width = len(next(lines))
        for row in lines:
            if len(row) > width:
                return lines.line_num, f"{len(row)} fields, where the header has {width}"
    except csv.Error as error:
        return lines.line_num, str(error)
    except (pl.exceptions.PolarsError, OSError):
        return _first_line_not_utf8(path), "not UTF-8 text"
    return None, None


def _first_line_not_utf8(path: Path) -> int | None:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return None


def _broken_row_group(path: Path) -> int | None:
    """Find the damaged row group, where pyarrow is installed to look."""
    try:
        import pyarrow.parquet as pq
    except ImportError:
        return None
    try:
        file = pq.ParquetFile(path)
    except Exception:  # pyarrow has many error types for a damaged footer
        return None
    for group in range(file.num_row_groups):
        try:
            file.read_row_group(group)
        except Exception:
            return group
    return None


def _ends_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(-min(len(magic), path.stat().st_size), 2)
        return file.read() == magic


def _endings() -> str:
    return f"{', '.join(ENDINGS)} (text formats also with {' or '.join(_COMPRESSED)})"
