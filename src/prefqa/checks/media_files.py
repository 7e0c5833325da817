"""Whether a media file is whole, from its headers and lengths alone: nothing is decoded.

Known are PNG, JPEG, GIF, WebP, WAV, MP3 and MP4; of other files only that they are there and not empty.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

#: What is no path of a file: an address, or data.
REMOTE = r"^(?:[A-Za-z][A-Za-z0-9+.-]+://|data:)"
_CUT = "ends before its end"
_KINDS = ("png", "jpg", "jpeg", "gif", "webp", "wav", "mp3", "mp4", "m4a", "m4v", "mov")
_PNG = b"\x89PNG\r\n\x1a\n"
#: Markers of JPEG that no length follows.
_ALONE = frozenset([0x01, *range(0xD0, 0xD8)])
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_BITRATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_UNKNOWN_LENGTHS = (0, 0xFFFFFFFF)


def located(folder: Path, path: str) -> Path | str:
    """Return where the file of a path from the data lies within a folder, or why it is not looked at.

    A path that leads out of the folder, by itself or by a link, is never opened.
    """
    if not path.strip() or "\0" in path:
        return "is no path"
    root = os.path.realpath(folder)
    try:
        plain = os.path.normpath(os.path.join(root, path))
        if not _is_within(root, plain):
            return "lies outside the folder and was not opened"
        found = os.path.realpath(plain)
        if not _is_within(root, found):
            return "leads out of the folder and was not opened"
        mode = os.stat(found).st_mode
    except (OSError, ValueError):
        return "does not exist"
    return Path(found) if stat.S_ISREG(mode) else "is no file"


def fault_of(file: Path) -> str | None:
    """Say what is wrong with a file: empty, cut off, or not of the kind that its name says; None where nothing is."""
    try:
        if not file.stat().st_size:
            return "is empty"
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
            read = _reader_of(data[:16])
            if read is not None:
                return read(data)
            kind = file.suffix.lower().lstrip(".")
            return f"is no {kind.upper()} file" if kind in _KINDS else None
    except (OSError, ValueError):
        return "cannot be read"


def digest_of(file: Path) -> str | None:
    """Return the SHA-256 of the bytes of a file; None where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None


def _is_within(root: str, path: str) -> bool:
    return path.startswith(root.rstrip(os.sep) + os.sep)


def _reader_of(begin: bytes) -> Callable[[mmap.mmap], str | None] | None:
    if begin.startswith(_PNG):
        return _png
    if begin.startswith(b"\xff\xd8\xff"):
        return _jpeg
    if begin.startswith((b"GIF87a", b"GIF89a")):
        return _gif
    if begin[:4] in (b"RIFF", b"RF64", b"RIFX") and begin[8:12] in (b"WEBP", b"WAVE"):
        return _riff
    if begin[4:8] in (b"ftyp", b"moov", b"wide", b"mdat", b"free"):
        return _mp4
    if begin.startswith(b"ID3") or (begin[0] == 0xFF and len(begin) > 1 and begin[1] & 0xE6 == 0xE2):
        return _mp3
    return None


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _png(data: mmap.mmap) -> str | None:
    """Chunks of a length, a name, the data and a checksum, the last one named IEND."""
    place = len(_PNG)
    while place + 12 <= len(data):
        length, name = _number(data[place : place + 4]), data[place + 4 : place + 8]
        place += 12 + length
        if name == b"IEND":
            return None if place <= len(data) else _CUT
    return _CUT


def _jpeg(data: mmap.mmap) -> str | None:
    """Segments with their lengths up to the first scan; an end-of-image marker after it."""
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            return "has a damaged header"
        marker = data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
        elif marker == 0xD9:
            return _CUT
        elif marker in _ALONE:
            place += 2
        elif marker == 0xDA:  # in what follows the byte FF of the image itself is never before D9
            return None if data.find(b"\xff\xd9", place) >= 0 else _CUT
        else:
            place += 2 + _number(data[place + 2 : place + 4])
    return _CUT


def _gif(data: mmap.mmap) -> str | None:
    """Extensions and images, each of sub-blocks with their lengths, up to the trailer."""
    if len(data) < 13:
        return _CUT
    place = 13 + _colours(data[10])
    while place < len(data):
        kind = data[place]
        if kind == 0x3B:
            return None
        if kind == 0x21:
            place += 2
        elif kind == 0x2C:
            if place + 10 > len(data):
                return _CUT
            place += 11 + _colours(data[place + 9])
        else:
            return "has a damaged block"
        while place < len(data) and data[place]:
            place += 1 + data[place]
        place += 1
    return _CUT


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _riff(data: mmap.mmap) -> str | None:
    """The length of the whole stands in the header; writers that could not know it leave 0 or the largest number."""
    length = int.from_bytes(data[4:8], "big" if data[:4] == b"RIFX" else "little")
    if data[:4] == b"RF64" or length in _UNKNOWN_LENGTHS:
        return None
    return None if 8 + length <= len(data) else _CUT


def _mp4(data: mmap.mmap) -> str | None:
    """Boxes with their lengths; one of them says what is in the others."""
    place, names = 0, set[bytes]()
    while place + 8 <= len(data):
        length, name = _number(data[place : place + 4]), data[place + 4 : place + 8]
        names.add(name)
        if length == 1:
            length = _number(data[place + 8 : place + 16])
        if length == 0:  # up to the end of the file
            place = len(data)
            break
        if length < 8:
            return "has a damaged box"
        place += length
    if place > len(data):
        return _CUT
    return None if names & {b"moov", b"meta", b"moof"} else _CUT


def _mp3(data: mmap.mmap) -> str | None:
    """Frames whose lengths follow from their headers, and the number of bytes that the first one may state."""
    place = 0
    if data[:3] == b"ID3":
        if len(data) < 10:
            return _CUT
        place = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    if place >= len(data):
        return _CUT
    start, found = place, False
    while place + 4 <= len(data):
        length = _mp3_frame(data[place : place + 4])
        if length is None:  # a tag at the end, or another layer
            return None if found or data[:3] != b"ID3" else "has no frame of sound"
        if not found:
            stated = _mp3_bytes(data[place : place + length])
            if stated is not None and start + stated > len(data):
                return _CUT
        found, place = True, place + length
    rest = data[place:]  # less than a header: the beginning of one, or filling
    return _CUT if place > len(data) or not found or rest.startswith(b"\xff") else None


def _mp3_frame(header: bytes) -> int | None:
    """Length of a frame of layer 3; None for what is none."""
    if header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, rate, bits = header[1] >> 3 & 3, header[2] >> 2 & 3, header[2] >> 4
    if version == 1 or rate == 3 or bits in (0, 15):
        return None
    first = version == 3
    return (144 if first else 72) * _BITRATES[first][bits] * 1000 // _RATES[version][rate] + (header[2] >> 1 & 1)


def _mp3_bytes(frame: bytes) -> int | None:
    found = re.search(rb"Xing|Info", frame[:64])
    if found is None:
        return None
    place = found.end()
    flags = _number(frame[place : place + 4])
    if not flags & 2:
        return None
    place += 4 + (4 if flags & 1 else 0)
    return _number(frame[place : place + 4]) or None
