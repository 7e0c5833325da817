"""The encoding of a text file: UTF-8, what its byte order mark says, or Windows-1252 where the bytes speak for it."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import polars as pl

from prefqa.errors import ReadError, UsageError
from prefqa.readers.blocks import BLOCK, opened

UTF8 = "utf-8"
WINDOWS = "cp1252"
_MARKS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: Fewer bytes than this beyond ASCII do not show an encoding; one alone is as likely damage.
_ENOUGH = 2
_SIGNS = "€‚„…†‡‰‹‘’“”•–—™›\u00a0¡¢£¥§©ª«®°±²³´µ·¹º»¼½¾¿×÷"
_UPPER = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŠŽŒ"
_LOWER = "àáâãäåæçèéêëìíîïñòóôõöøùúûüßšžœ"
# Without the letters of Icelandic, in whose places Turkish (Windows-1254) has others.
#: Text that Windows-1252 gives for bytes of another encoding: three such letters in a row (as of Cyrillic or Greek), a
#: capital after a small letter (as of Mac and DOS), a sign within a word (as of Central European letters).
_UNLIKELY = re.compile(
    rf"[{_UPPER}{_LOWER}]{{3}}|[a-z{_LOWER}][{_UPPER}]|(?<=[^\W\d_])[‚„†‡‰¢£¥§©ª«®°±²³´µ¹º»¼½¾×÷](?=[^\W\d_])"
    r"|(?<=[^\W\d_])[¡¿]"
)
_KNOWN = frozenset(_SIGNS + _UPPER + _LOWER)


def checked_encoding(name: str) -> str:
    """Return the name of an encoding of text that Python knows.

    Raises:
        UsageError: for any other name.
    """
    try:
        if "".encode(name) == b"" or codecs.lookup(name).name.startswith("utf"):
            return codecs.lookup(name).name.removesuffix("-sig")
    except (LookupError, UnicodeError, ValueError):
        pass
    raise UsageError(f"unknown encoding {name!r}", hint='such as "utf-8", "utf-16", "cp1252", "latin-1", "shift_jis".')


def start_of(path: Path, encoding: str | None) -> tuple[str, str, bool]:
    """Return the encoding of a file, the text that it begins with, and whether that is all of it.

    Where no encoding is given, a byte order mark decides, then whether the first 16 MB are UTF-8, then whether they are
    text of Western Europe in Windows-1252.

    Raises:
        ReadError: bytes that are none of these, or not the encoding that was given.
    """
    if path.name.lower().endswith(".zst"):  # unpacked by Polars, which reads UTF-8 alone
        lines = pl.scan_lines(path, glob=False).head(5_000).collect()["line"]
        return UTF8, "\n".join(lines).removeprefix("\ufeff"), False
    with opened(path) as file:
        raw = file.read(BLOCK)
        whole = not file.read(1)
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    found = encoding or marked or UTF8
    try:
        return found, _decoded(raw, found, whole), whole
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        if encoding or marked:
            raise ReadError(path, f"not {found} text", line=line, hint=_hint(path)) from error
        if _is_windows(raw):
            return WINDOWS, _decoded(raw, WINDOWS, whole), whole
        raise ReadError(path, "not UTF-8 text", line=line, hint=_hint(path)) from error


def not_utf8(path: Path) -> ReadError | None:
    """Return the error that names the first line of a file that is not UTF-8."""
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return ReadError(path, "not UTF-8 text", line=number, hint=_hint(path))
    return None


@contextmanager
def opened_text(path: Path, encoding: str) -> Iterator[TextIO]:
    """Open a file as text of an encoding, with its line ends as they are."""
    with opened(path) as file, io.TextIOWrapper(file, _with_mark(encoding), newline="") as text:
        yield text


def _decoded(raw: bytes, encoding: str, whole: bool) -> str:
    return codecs.getincrementaldecoder(_with_mark(encoding))().decode(raw, final=whole)


def _with_mark(encoding: str) -> str:
    return "utf-8-sig" if encoding == UTF8 else encoding


def _is_windows(raw: bytes) -> bool:
    if len(re.findall(rb"[\x80-\xff]", raw)) < _ENOUGH or b"\0" in raw:
        return False
    try:
        text = raw.decode(WINDOWS)
    except UnicodeDecodeError:
        return False
    beyond = {sign for sign in set(text) if ord(sign) > 127}
    return beyond <= _KNOWN and _UNLIKELY.search(text) is None


def _hint(path: Path) -> str:
    if path.name.lower().endswith(".zst"):
        return "unpack it, and save it again as UTF-8."
    return 'save it again as UTF-8, or name its encoding in the config, such as\n[read]\nencoding = "cp1252"'
