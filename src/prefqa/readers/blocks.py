"""JSON Lines in blocks of whole lines, and frames that were read of them, on disk where there are many."""

from __future__ import annotations

import atexit
import gzip
import io
import os
import stat
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, cast
from uuid import uuid4

import polars as pl

from prefqa.errors import ReadError
from prefqa.writers import locks

#: Bytes of a file that are read at once. What is made of a larger file goes to temporary files block by block.
BLOCK = 16_000_000
#: Rows of a typed frame that are made into JSON Lines at once.
_ROWS = 50_000
#: How folders of temporary files begin; one without a lock is new for so many seconds.
_PREFIX, _NEW_S = "prefqa-tmp-", 60
_BOM = b"\xef\xbb\xbf"


def blocks_of(lines: Path | bytes | tuple[Path | bytes, ...]) -> Iterator[bytes]:
    """Yield JSON Lines, or several one after the other, in blocks of whole lines; compressed files are unpacked.

    Raises:
        ReadError: a compressed file that is damaged or cut off.
    """
    if isinstance(lines, tuple):
        for one in lines:
            yield from blocks_of(one)
    elif isinstance(lines, bytes):
        yield lines
    elif lines.name.lower().endswith(".zst"):
        for part in pl.scan_lines(lines, glob=False).collect().iter_slices(_ROWS):
            yield "\n".join(part["line"]).removeprefix("\ufeff").encode()
    else:
        with opened(lines) as file:
            mark = _BOM
            while block := file.read(BLOCK):
                yield (block + file.readline()).removeprefix(mark)
                mark = b""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open the bytes of a file, unpacked where it is packed by gzip.

    Raises:
        ReadError: a packed file that is damaged or cut off.
    """
    packed = path.name.lower().endswith(".gz")
    try:
        with cast(IO[bytes], gzip.open(path, "rb") if packed else path.open("rb")) as file:
            yield file
    except EOFError as error:
        raise ReadError(path, "the packed file is cut off", hint="copy or download it again.") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise ReadError(path, f"the packed file is damaged: {error}", hint="copy or download it again.") from error


def blocks_of_frame(frame: pl.DataFrame) -> Iterator[bytes]:
    """Yield the rows of a frame as JSON Lines."""
    for part in frame.iter_slices(_ROWS):
        buffer = io.BytesIO()
        part.write_ndjson(buffer)
        yield buffer.getvalue()


class Parts:
    """Frames that become one; from the second on, all stand on disk."""

    def __init__(self, schema: dict[str, pl.DataType]) -> None:
        self._first = pl.DataFrame(schema=schema)
        self._paths: list[Path] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Add a frame of the schema."""
        if self._first.is_empty() and not self._paths:
            self._first = frame
            return
        if not self._paths:
            self._paths.append(_written(self._first))
        self._paths.append(_written(frame))

    def whole(self) -> pl.LazyFrame:
        """Return all rows."""
        return pl.scan_ipc(self._paths, glob=False) if self._paths else self._first.lazy()


def spilled(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Carry out a plan in batches, with its rows on disk; they stay there until the process ends."""
    path = folder() / f"{uuid4().hex}.parquet"
    frame.sink_parquet(path, compression="lz4")
    return pl.scan_parquet(path, glob=False)


def _written(frame: pl.DataFrame) -> Path:
    path = folder() / f"{uuid4().hex}.arrow"
    frame.write_ipc(path)
    return path


def folder() -> Path:
    """The folder of temporary files, which goes when the process ends; a later one removes what a killed one left."""
    return _temporary().path


class _Temporary:
    """A folder in the system's place for temporary files, whose lock shows that its process is alive."""

    def __init__(self) -> None:
        lock = None
        while lock is None:  # another process may take for left behind what is not yet locked
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
            lock = locks.acquire(self.path / locks.FOLDER_LOCK)
        self._lock = lock

    def remove(self) -> None:
        os.close(self._lock)
        locks.remove_locked(self.path, locks.FOLDER_LOCK)


@cache
def _temporary() -> _Temporary:
    _remove_left_behind(Path(tempfile.gettempdir()))
    temporary = _Temporary()
    atexit.register(temporary.remove)
    return temporary


def _remove_left_behind(place: Path) -> None:
    """Remove folders of this user whose processes are gone; nothing that does not hold our lock, but for empty ones."""
    for left in place.glob(f"{_PREFIX}????????"):
        with suppress(OSError):
            status = left.lstat()
            if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
                continue
            if (left / locks.FOLDER_LOCK).is_file():
                lock = locks.acquire(left / locks.FOLDER_LOCK)
                if lock is not None:
                    os.close(lock)
                    locks.remove_locked(left, locks.FOLDER_LOCK)
            elif time.time() - status.st_mtime > _NEW_S:
                left.rmdir()
