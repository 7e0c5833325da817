"""Files on disk become lazy frames; what is broken is named by path, line or row group, and reason."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException

from prefqa.errors import ReadError, UsageError, nearest, whole_characters
from prefqa.readers import croissant, preflib
from prefqa.readers.archives import Member, base, ending, names_in, unpacked
from prefqa.readers.class_labels import classes_in_parquet, described, with_class_names
from prefqa.readers.damage import explain, reason_of, unreadable_column
from prefqa.readers.excel import read_excel
from prefqa.readers.json_files import read_documents, read_json, read_jsonl
from prefqa.readers.packed import refuse_bombs
from prefqa.readers.records import Records
from prefqa.readers.separated import broken_line, scan_separated
from prefqa.readers.spool import as_file, given, named_as_given
from prefqa.writers.targets import literal

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
    ".xlsx": "xlsx",
    ".zip": "zip",
    **dict.fromkeys(preflib.ENDINGS, "preflib"),
}
#: Formats of files, by name.
FILE_FORMATS = ("parquet", "csv", "tsv", "json", "jsonl", "arrow", "xlsx", "preflib", "zip")
#: Formats of which some columns can be read without the others.
COLUMNAR = ("parquet", "arrow")
_TEXT = ("csv", "tsv", "json", "jsonl")
_SEPARATORS = {"csv": ",", "tsv": "\t"}
_COMPRESSED = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
#: Files that describe the data beside them, such as LLaMA-Factory's list of data sets, and ours of what we wrote.
_COMPANIONS = (croissant.NAME, "dataset_info.json", "prefqa-files.json")
_OLD_EXCEL = "an Excel file of the old kind (.xls), or one with a password"
_MAGIC = {
    b"PAR1": "parquet",
    b"ARRO": "arrow",
    b"\xff\xff\xff\xff": "arrow",
    b"PK\x03\x04": "a zip or Excel file",
    b"PK\x05\x06": "an empty zip file",
    b"\xd0\xcf\x11\xe0": _OLD_EXCEL,
}
#: Files of these names (before the ending) are tables of their own and no rows of one table.
_TABLES = frozenset(("judgments", "responses", "items"))


@dataclass(frozen=True)
class FileOptions:
    """What the caller says of files: the separator and encoding of text tables, the sheet of a workbook."""

    separator: str | None = None
    encoding: str | None = None
    sheet: str | None = None


#: Nothing is known of files but what they show.
NO_OPTIONS = FileOptions()


def find_files(source: str | Path) -> list[Path]:
    """Return the data files that a path, directory or glob names, sorted by name; a path that exists is no glob.

    Raises:
        ReadError: if there is no such file, or no data file in the directory.
    """
    path = literal(Path(source))
    try:
        if path.is_dir():
            found = sorted(p for p in path.iterdir() if p.is_file() and _is_data(p))
            if not found:
                raise ReadError(path, "the directory holds no data file", hint=f"looked for {_endings()}.")
            return found
        if path.exists():
            return [as_file(path, has_format=format_of(path) is not None)]
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from error
    if glob.has_magic(str(source)):
        matches = (literal(Path(match)) for match in glob.glob(str(source), recursive=True))
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


def read_files(
    paths: Sequence[Path],
    form: str = "auto",
    options: FileOptions = NO_OPTIONS,
    *,
    file_column: str | None = None,
    names: Sequence[str] | None = None,
) -> Records:
    """Return the records of files of one format, one file after the other.

    Args:
        paths: the files.
        form: their format; "auto" goes by the ending.
        options: what is known of them.
        file_column: the name of a column to add, with the name of each row's file without its ending.
        names: the names of the files, where they are copies.

    Raises:
        ReadError: files of several formats; and see `scan_file`.
    """
    kinds = sorted({format_of(path) or form for path in paths})
    if len(kinds) > 1:
        raise ReadError(paths[0].parent, f"files of several formats: {', '.join(kinds)}", hint="name them by a glob.")
    if len(paths) > 1 and file_column is None and all(_checked_format(path, form) == "json" for path in paths):
        with _explained(paths[0].parent, "json"):
            return read_documents(paths)
    if len(paths) == 1 and kinds == ["zip"]:
        return _read_archive(paths[0], options, file_column)
    parts = [_read(path, form, options) for path in paths]
    piped = {path: f"what came from {pipe}, read as {format_of(path)}" for path in paths if (pipe := given(path))}
    parts = [
        replace(part, how=(piped[path], *part.how)) if path in piped else part
        for path, part in zip(paths, parts, strict=True)
    ]
    named = names or [path.name for path in paths]
    if len({part.how for part in parts}) > 1:
        hows = [tuple(f"{name}: {one}" for one in part.how) for name, part in zip(named, parts, strict=True)]
        parts = [replace(part, how=how) for part, how in zip(parts, hows, strict=True)]
    if file_column is not None:
        stems = [base(name).name.removesuffix(ending(name)) for name in named]
        parts = [part.with_constant(file_column, stem) for part, stem in zip(parts, stems, strict=True)]
    return Records.joined(parts)


def read_records(
    path: Path,
    form: str = "auto",
    *,
    separator: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Records:
    """Return the records of one file; see `scan_file`."""
    return _read(path, form, FileOptions(separator, encoding, sheet))


def scan_file(
    path: Path,
    form: str = "auto",
    *,
    separator: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> pl.LazyFrame:
    """Return one file as a lazy frame; `form` overrides what the ending says.

    Text formats keep every value of CSV as text, so that ids such as 007 stay as they are.

    Raises:
        ReadError: an unknown ending, an empty file, content of another format, a broken header or line, a separator,
            encoding or sheet that is not clear.
    """
    return _read(path, form, FileOptions(separator, encoding, sheet)).typed()


@contextmanager
def readable(files: tuple[str, ...], options: FileOptions = NO_OPTIONS) -> Iterator[None]:
    """Turn a failure of Polars over `files` into a ReadError that names the file, line or row group at fault.

    A lazy scan meets a damaged part only when it is collected; a failure whose cause is not found in a file passes
    through unchanged, because then the data is not at fault.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, PanicException, OSError) as error:
        with named_as_given():
            for name in files:
                _probe_file(Path(name), options, error)
        if isinstance(error, PanicException):  # which is no Exception, and would pass for an end of the process
            raise RuntimeError(f"Polars stopped: {error}") from error
        raise


def _probe_file(path: Path, options: FileOptions, error: BaseException) -> None:
    form = format_of(path) or _sniffed(path) or "csv"
    form = form if form in FILE_FORMATS else "csv"
    if form != "zip":
        _probe(path, form, options, error)
        return
    members = unpacked(path, _data_in(path))
    with _in_archive(path, members):
        for member in members:
            _probe(member.path, str(format_of(member.path)), options, error)


def _probe(path: Path, form: str, options: FileOptions, error: BaseException) -> None:
    """Read all of a file, and raise its error for `error`."""
    try:
        frame = _read(path, form, options).typed()
        frame.select(pl.all().null_count()).collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as cause:
        raise _explain(path, form, cause, options) from error
    except PanicException as cause:
        column = unreadable_column(frame)
        where = f"column {column!r} cannot be read: " if column is not None else "cannot be read: "
        raise ReadError(path, f"{where}{reason_of(cause)}", hint="write the file again.") from error


def _read(path: Path, form: str, options: FileOptions) -> Records:
    form = _checked_format(path, form)
    with _explained(path, form, options), whole_characters(path):
        refuse_bombs(path, form)
        if form == "zip":
            return _read_archive(path, options)
        if form in ("json", "jsonl"):
            return (read_json if form == "json" else read_jsonl)(path)
        if form in _SEPARATORS:
            frame, dialect = scan_separated(path, _SEPARATORS[form], options.separator, options.encoding)
            records = Records.of_frame(frame)
            return replace(records, how=dialect.describe(), decimal_comma=dialect.separator != ",")
        if form == "xlsx":
            frame, how = read_excel(path, options.sheet)
            return replace(Records.of_frame(frame), how=how)
        frame = _scan(path, form)
        classes = classes_in_parquet(path) if form == "parquet" else {}
        return replace(Records.of_frame(with_class_names(frame, classes)), how=described(classes))


@contextmanager
def _explained(path: Path, form: str, options: FileOptions = NO_OPTIONS) -> Iterator[None]:
    try:
        yield
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise _explain(path, form, error, options) from error
    except PanicException as error:
        raise ReadError(path, f"cannot be read: {reason_of(error)}", hint="write the file again.") from error


def _scan(path: Path, form: str) -> pl.LazyFrame:
    if form == "parquet":
        return pl.scan_parquet(path, glob=False)
    if form == "preflib":
        lines = pl.scan_lines(path, glob=False).select(pl.col("line").str.strip_prefix("\ufeff").alias(preflib.LINE))
        return lines.with_row_index(preflib.NUMBER, 1).with_columns(pl.lit(str(path)).alias(preflib.FILE))
    with path.open("rb") as file:
        if file.read(6) == b"ARROW1":
            return pl.scan_ipc(path, glob=False)
    with path.open("rb") as file:  # which, unlike a path, cannot be taken for a pattern
        return pl.read_ipc_stream(file).lazy()


def _explain(path: Path, form: str, error: Exception, options: FileOptions) -> ReadError:
    if form in _SEPARATORS:
        return broken_line(path, _SEPARATORS[form], reason_of(error), options.separator, options.encoding)
    return explain(path, form, error)


def _read_archive(path: Path, options: FileOptions, file_column: str | None = None) -> Records:
    """Return the records of the data files of an archive, which must be of one format."""
    data = _data_in(path)
    members = unpacked(path, data)
    with _in_archive(path, members):
        paths = [member.path for member in members]
        records = read_files(paths, "auto", options, file_column=file_column, names=data)

    def typed() -> pl.LazyFrame:
        with _in_archive(path, members):
            return records.typed()

    others = sorted(set(names_in(path)) - set(data))
    how = (f"from the archive {_some(data)}", *((f"left {_some(others)} in the archive",) if others else ()))
    return replace(records, typed=typed, how=(*how, *records.how))


def _data_in(path: Path) -> tuple[str, ...]:
    """Names of the data files of an archive.

    Raises:
        ReadError: an archive without any, or with files of several kinds or several tables.
    """
    names = names_in(path)
    data = sorted(name for name in names if _is_data(base(name)))
    if not data:
        raise ReadError(path, f"the archive holds no data file: {_some(names)}", hint=f"looked for {_endings()}.")
    kinds = sorted({str(format_of(base(name))) for name in data})
    if len(kinds) > 1 or "zip" in kinds:
        raise ReadError(path, f"the archive holds files of several kinds: {_some(data)}", hint="unpack it.")
    if len(data) > 1 and _TABLES & {base(name).name.split(".")[0] for name in data}:
        raise ReadError(path, f"the archive holds several tables: {_some(data)}", hint="unpack it into a directory.")
    return tuple(data)


@contextmanager
def _in_archive(path: Path, members: Sequence[Member]) -> Iterator[None]:
    """Name the archive, and the file in it, where an error names what was unpacked."""
    try:
        yield
    except ReadError as error:
        name = next((f"in {member.name!r}: " for member in members if str(member.path) == error.path), "")
        reason = f"{name}{error.reason}"
        raise ReadError(path, reason, line=error.line, row_group=error.row_group, hint=error.hint) from error


def _checked_format(path: Path, form: str) -> str:
    if form != "auto" and form not in FILE_FORMATS:
        raise UsageError(f"unknown format {form!r}", hint=f"there are: auto, {', '.join(FILE_FORMATS)}.")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from error
    if empty:
        raise ReadError(path, "the file is empty")
    inside = _sniffed(path)
    named = format_of(path) if form == "auto" else form
    if named is None:
        if inside == _OLD_EXCEL or path.suffix.lower() in (".xls", ".xlsm", ".xlsb", ".ods"):
            raise ReadError(path, f"{path.suffix} is not read", hint="save it as .xlsx or CSV.")
        raise ReadError(
            path, f"the ending {path.suffix or '(none)'} is not known", hint=f"{_endings()}; or say format=."
        )
    packed = "a zip or Excel file"
    wanted = packed if named in ("xlsx", "zip") else named
    if inside is not None and inside != wanted:
        hint = "save it as .xlsx or CSV." if inside == _OLD_EXCEL else "rename it, or say format=."
        raise ReadError(path, f"is read as {named}, but its content is {inside}", hint=hint)
    if wanted in (*COLUMNAR, packed) and inside is None:
        raise ReadError(path, f"is read as {named}, but its content is not", hint="was it written as text, or cut off?")
    return named


def _sniffed(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(4)
    return _MAGIC.get(head)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:4])
    return (shown + (f" and {len(names) - 4:,} more" if len(names) > 4 else "")) or "nothing"


def _endings() -> str:
    return f"{', '.join(ENDINGS)} (text formats also with {' or '.join(_COMPRESSED)})"
