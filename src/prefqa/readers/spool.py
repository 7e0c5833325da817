"""Pipes and standard input, which can be read once, as files, which can be read as often as it takes."""

from __future__ import annotations

import gzip
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

from prefqa.errors import ReadError
from prefqa.readers.blocks import folder

#: Bytes that are taken from a pipe.
MAX_BYTES = 10_000_000_000
_STEP, _HEAD = 1 << 20, 1 << 16
#: Where descriptors of the process stand as files.
_DESCRIPTORS = ("/dev/", "/proc/")
_ENDINGS = {b"PAR1": ".parquet", b"ARRO": ".arrow", b"\xff\xff\xff\xff": ".arrow"}
_GZIP = b"\x1f\x8b"
#: The pipes that were read, by the temporary file that holds what came from each.
_GIVEN: dict[str, Path] = {}


def as_file(path: Path, *, has_format: bool) -> Path:
    """Return the file that a path leads to; what comes from a pipe is written to a temporary one.

    Args:
        path: what exists there.
        has_format: whether its name shows its format; otherwise the name of the temporary file gets the ending of what
            the content is: Parquet, Arrow, Excel, zip, JSON, or else a text table.

    Raises:
        ReadError: a device or a socket, nothing in the pipe, or more than `MAX_BYTES`.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return _beyond_descriptor(path)
        if not stat.S_ISFIFO(mode):
            raise ReadError(path, "is a device or a socket, not a file", hint="give a file, or a pipe that ends.")
        with path.open("rb") as pipe:
            return _spooled(path, pipe, has_format=has_format)
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from error


def given(path: Path) -> Path | None:
    """Return the pipe from which a temporary file was made; None for any other file."""
    return _GIVEN.get(str(path))


@contextmanager
def named_as_given() -> Iterator[None]:
    """Let an error about what came from a pipe name the pipe."""
    try:
        yield
    except ReadError as error:
        pipe = _GIVEN.get(error.path)
        if pipe is None:
            raise
        raise ReadError(pipe, error.reason, line=error.line, row_group=error.row_group, hint=error.hint) from error


def _beyond_descriptor(path: Path) -> Path:
    """Return the file that standard input, or another descriptor, was opened on: its name shows its format."""
    if not str(path.absolute()).startswith(_DESCRIPTORS):
        return path
    real = Path(os.path.realpath(path))
    return real if real.exists() and real.samefile(path) else path


def _spooled(path: Path, pipe: IO[bytes], *, has_format: bool) -> Path:
    place = folder() / f"piped-{uuid4().hex}"
    place.mkdir()
    copy, left = place / path.name, MAX_BYTES
    with copy.open("wb") as file:
        while part := pipe.read(_STEP):
            left -= len(part)
            if left < 0:
                raise ReadError(path, f"gives more than {MAX_BYTES:,} bytes", hint="write them to a file.")
            file.write(part)
    if copy.stat().st_size == 0:
        raise ReadError(path, "the pipe gave nothing")
    if not has_format:
        copy = copy.rename(copy.with_name(copy.name + _ending_of(copy)))
    _GIVEN[str(copy)] = path
    return copy


def _ending_of(copy: Path) -> str:
    with copy.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PK"):
        return ".xlsx" if _is_workbook(copy) else ".zip"
    if head.startswith(_GZIP):
        try:
            with gzip.open(copy) as file:
                return _ending_of_text(file.read(_HEAD)) + ".gz"
        except (OSError, EOFError, zlib.error):
            return ".jsonl.gz"  # the reader says what is wrong with it
    return _ENDINGS.get(head[:4]) or _ending_of_text(head)


def _ending_of_text(head: bytes) -> str:
    """JSON begins with a bracket, a table with the name of a column; the reader of JSON Lines takes documents, too."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return ".jsonl" if text.startswith((b"{", b"[")) else ".csv"


def _is_workbook(copy: Path) -> bool:
    try:
        with zipfile.ZipFile(copy) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False
