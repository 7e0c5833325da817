"""What is printed cannot act: no command to a CI runner, no escape sequence to a terminal, whatever the data hold."""

from __future__ import annotations

import io
import re
import sys
from typing import Any, TextIO

#: GitHub Actions takes a line for a command that begins with :: after blanks, and ##[ anywhere in a line; Azure ##vso[.
_LINE = re.compile(r"(?m)^([ \t]*)::")
_ANYWHERE = re.compile(r"##(?=[A-Za-z]*\[)")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
_LINES = str.maketrans("", "", "\n\t")


def without_commands(text: str, *, in_line: bool = False) -> str:
    """Return text with a backslash where a CI runner would see a command; `in_line`: it goes on a line."""
    text = _ANYWHERE.sub(r"#\\#", text)
    if not in_line:
        return _LINE.sub(r"\1\\::", text)
    first, line_end, rest = text.partition("\n")
    return first + line_end + _LINE.sub(r"\1\\::", rest)


def printable(text: str) -> str:
    """Return text in which control characters, and those that turn the direction of reading, are seen."""
    if text.translate(_LINES).isprintable():  # nearly all is
        return text
    return "".join(c if c.isprintable() or ord(c) in _LINES else c.encode("unicode_escape").decode() for c in text)


class Guarded(io.TextIOBase):
    """A stream for text that passes on nothing that acts; `styled` lets the colours of Rich through.

    Rich's own pieces make data printable before (`prefqa.terminal.parts.shown`).
    """

    def __init__(self, stream: TextIO, *, styled: bool = False) -> None:
        self._stream, self._styled, self._in_line = stream, styled, False

    def write(self, text: str) -> int:
        """Write text without commands and control characters."""
        if not isinstance(text, str):
            raise TypeError(f"a text is written here, not {type(text).__name__}")
        if not self._styled:
            text = printable(text)
        written = without_commands(text, in_line=self._in_line)
        last = _ESCAPES.sub("", text.rpartition("\n")[2])
        self._in_line = bool(last.strip()) or (self._in_line and "\n" not in text)
        self._stream.write(written)
        return len(text)

    def flush(self) -> None:
        """Flush the stream behind."""
        self._stream.flush()

    def fileno(self) -> int:
        """Return the number of the file behind."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Return whether the stream behind is a terminal."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """Return True."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the stream behind."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """What the stream behind does with characters that it cannot write."""
        return self._stream.errors

    def commands(self, text: str) -> None:
        """Write commands to a CI runner, which were made here and hold data as the runner's own escapes."""
        self._stream.write(printable(text))

    def styled(self) -> Guarded:
        """Return the stream for what Rich prints."""
        return Guarded(self._stream, styled=True)


def guard() -> None:
    """Guard standard output and standard error."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Guarded):
            setattr(sys, name, Guarded(stream))


def for_rich(stream: Any) -> Any:
    """Return the stream that a console of Rich writes to."""
    return stream.styled() if isinstance(stream, Guarded) else stream


def echo_commands(text: str) -> None:
    """Print commands to a CI runner."""
    if isinstance(sys.stdout, Guarded):
        sys.stdout.commands(text)
    else:
        sys.stdout.write(printable(text))
