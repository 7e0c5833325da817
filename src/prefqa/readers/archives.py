"""Data files in .zip archives, unpacked to temporary files within bounds."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from uuid import uuid4

from prefqa.errors import ReadError
from prefqa.readers.blocks import folder

#: Members of an archive, and bytes of all of them unpacked.
MAX_MEMBERS, MAX_BYTES = 100_000, 10_000_000_000
_STEP = 1 << 20
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name there, and where it was unpacked."""

    name: str
    path: Path


@contextmanager
def opened_archive(path: Path, max_bytes: int) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose parts are in bounds by its own list of them.

    Raises:
        ReadError: an archive that is damaged, too large, or encrypted.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_MEMBERS:
                raise ReadError(path, f"holds {len(entries):,} files", hint="unpack it.")
            if sum(one.file_size for one in entries) > max_bytes:
                raise ReadError(path, f"holds more than {max_bytes:,} bytes when unpacked", hint="unpack it.")
            if any(one.flag_bits & _ENCRYPTED for one in entries):
                raise ReadError(path, "is encrypted", hint="unpack it with its password.")
            yield archive
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise ReadError(path, f"cannot be unpacked: {error}", hint="copy or download it again.") from error


def names_in(path: Path) -> list[str]:
    """Return the names of the files in an archive, without those that a system or editor hides."""
    with opened_archive(path, MAX_BYTES) as archive:
        names = [one.filename for one in archive.infolist() if not one.is_dir() and not _is_hidden(one.filename)]
    doubled = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if doubled is not None:
        raise ReadError(path, f"holds two files of one name: {doubled!r}", hint="unpack it.")
    return names


def unpacked(path: Path, names: tuple[str, ...]) -> list[Member]:
    """Unpack some files of an archive; where they go has nothing to do with their names but for the ending."""
    stat = path.stat()
    return _unpacked(path, names, (stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=16)
def _unpacked(path: Path, names: tuple[str, ...], _version: tuple[int, int]) -> list[Member]:
    place = folder() / uuid4().hex
    place.mkdir()
    members, left = [], MAX_BYTES
    with opened_archive(path, MAX_BYTES) as archive:
        for number, name in enumerate(names):
            target = place / f"{number:06d}{ending(name)}"
            with archive.open(name) as source, target.open("wb") as file:
                while part := source.read(_STEP):  # stops at the size that the archive names, and checks its sum
                    left -= len(part)
                    if left < 0:
                        raise ReadError(path, f"holds more than {MAX_BYTES:,} bytes when unpacked", hint="unpack it.")
                    file.write(part)
            members.append(Member(name, target))
    return members


def base(name: str) -> Path:
    """Return the last part of the name of a member, which some programs write with backslashes."""
    return Path(name.replace("\\", "/").rsplit("/", 1)[-1])


def ending(name: str) -> str:
    """Return the ending of a name, with that of its packing: .jsonl.gz."""
    suffixes = PurePosixPath(name.lower()).suffixes
    packed = len(suffixes) > 1 and suffixes[-1] in (".gz", ".zst")
    kept = "".join(suffixes[-2:] if packed else suffixes[-1:])
    return kept if kept.replace(".", "").isalnum() and kept.isascii() else ""


def _is_hidden(name: str) -> bool:
    return "__MACOSX" in name.replace("\\", "/").split("/") or base(name).name.startswith(".")
