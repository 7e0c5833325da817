"""How large packed files are once they are unpacked, told before they are: a few bytes may stand for gigabytes."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import IO

import polars as pl

from prefqa.errors import ReadError

#: A file may unpack to so many bytes, or to so many times its own. Texts shrink to a tenth, or a fiftieth at most.
MAX_BYTES, MAX_RATIO = 1_000_000_000, 200
#: A table may have so many rows, or so many times the bytes of its file.
MAX_ROWS = 50_000_000
#: What gzip and Zstandard make of a byte at most: 1,032, and a block of 128 KiB for three bytes and some.
_GZIP_MOST, _PARQUET_MOST = 1_040, 16_000
_STEP = 1 << 20
_ZSTD, _SKIPPABLE = 0xFD2FB528, 0x184D2A50
_RAW, _RLE, _COMPRESSED = 0, 1, 2
_BLOCK = 1 << 17


def refuse_bombs(path: Path, form: str) -> None:
    """Refuse a packed file that is far larger than its bytes suggest.

    Raises:
        ReadError: a file beyond `MAX_BYTES` and `MAX_RATIO`, or a table beyond `MAX_ROWS` and `MAX_RATIO`.
    """
    size = path.stat().st_size
    name = path.name.lower()
    most = max(MAX_BYTES, MAX_RATIO * size)
    if name.endswith(".gz"):
        if size * _GZIP_MOST > most and _more_than_gzip(path, most):
            raise _too_large(path, most)
    elif name.endswith(".zst"):
        if _size_of_zstd(path, most) > most:
            raise _too_large(path, most)
    elif form == "parquet":
        rows = pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
        if rows > max(MAX_ROWS, MAX_RATIO * size):
            raise ReadError(path, f"claims {rows:,} rows in {size:,} bytes", hint="write the table again.")
        if size * _PARQUET_MOST > most and _size_of_parquet(path) > most:
            raise _too_large(path, most)


def _too_large(path: Path, most: int) -> ReadError:
    return ReadError(path, f"unpacks to more than {most:,} bytes", hint="unpack it yourself if that is meant.")


def _more_than_gzip(path: Path, most: int) -> bool:
    """Whether the members of a gzip file hold more bytes; what is damaged is said by who reads it."""
    total = 0
    with path.open("rb") as file:
        member = zlib.decompressobj(wbits=31)
        data = file.read(_STEP)
        while data and total <= most:
            try:
                total += len(member.decompress(data, _STEP))
            except zlib.error:
                return False
            data = member.unconsumed_tail
            if member.eof:
                data, member = member.unused_data, zlib.decompressobj(wbits=31)
            data = data or file.read(_STEP)
    return total > most


def _size_of_zstd(path: Path, most: int) -> int:
    """Bytes that the frames of a Zstandard file unpack to, at most; from the headers of its blocks (RFC 8878)."""
    total = 0
    with path.open("rb") as file:
        while total <= most and len(magic := file.read(4)) == 4:
            number = int.from_bytes(magic, "little")
            if number & 0xFFFFFFF0 == _SKIPPABLE:
                file.seek(int.from_bytes(file.read(4), "little"), 1)
            elif number == _ZSTD:
                total += _size_of_frame(file, most - total)
            else:
                break
    return total


def _size_of_frame(file: IO[bytes], most: int) -> int:
    head = file.read(1)
    if not head:
        return 0
    descriptor = head[0]
    single, checksum = descriptor >> 5 & 1, descriptor >> 2 & 1
    content = (single, 2, 4, 8)[descriptor >> 6]
    file.seek((0 if single else 1) + (0, 1, 2, 4)[descriptor & 3] + content, 1)
    total = 0
    while total <= most and len(raw := file.read(3)) == 3:
        block = int.from_bytes(raw, "little")
        last, kind, size = block & 1, block >> 1 & 3, block >> 3
        total += _BLOCK if kind == _COMPRESSED else size
        file.seek(1 if kind == _RLE else size, 1)
        if last:
            file.seek(4 * checksum, 1)
            break
    return total


def _size_of_parquet(path: Path) -> int:
    """Bytes of the pages of a Parquet file by its footer, where pyarrow is installed to read it."""
    try:
        import pyarrow.parquet as pq
    except ImportError:
        return 0
    try:
        footer = pq.read_metadata(path)
    except Exception:  # pyarrow has many error types for a damaged footer, which is named by who reads the file
        return 0
    return sum(int(footer.row_group(group).total_byte_size) for group in range(footer.num_row_groups))
