"""What a command shares with the system: standard streams, signals, and how it ends."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from prefqa.cli.streams import guard
from prefqa.errors import UsageError

_ENDING = ("SIGTERM", "SIGHUP")


class Ended(BaseException):
    """A signal asked the process to end; raised so that what is under way is cleaned up, as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """Raise `Ended` for signals that would end the process on the spot; those that are ignored stay ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, _frame: Any) -> None:
        raise Ended(number)

    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in ours:
            signal.signal(number, end)
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Let standard output and error take any text, and go on where the reader of a pipe has left.

    The reader of `prefqa check FILE | head` has what it wants: the command ends as if all had been read.
    """
    _open_missing()
    before = sys.stdout, sys.stderr
    lasting = tuple(_lasting(stream) for stream in before)
    sys.stdout, sys.stderr = lasting
    guard()
    try:
        yield
    finally:
        for stream, original in zip(lasting, before, strict=True):
            if stream is not original:
                with suppress(OSError, UsageError, ValueError):
                    stream.flush()
                stream.buffer.raw.give_up()
        sys.stdout, sys.stderr = before


def refuse_closed_output() -> None:
    """Refuse to begin where standard output is closed.

    Raises:
        UsageError: it is.
    """
    if sys.stdout is None:
        raise UsageError("standard output is closed", hint="redirect it: > FILE, or > /dev/null.")


class _Lasting(io.RawIOBase):
    """A stream that takes what is written after its reader has left, and names itself where it cannot be written."""

    def __init__(self, stream: io.FileIO, name: str) -> None:
        self._stream, self._name, self._is_over = stream, name, False

    def give_up(self) -> None:
        """Write nothing any more."""
        self._is_over = True

    def write(self, data: Any) -> int | None:
        """Write some of the data."""
        if self._is_over:
            return len(data)
        try:
            return self._stream.write(data)
        except BrokenPipeError:
            self.give_up()
            return len(data)
        except OSError as error:
            self.give_up()
            raise UsageError(f"cannot write to {self._name}: {error.strerror or error}") from error

    def writable(self) -> bool:
        """Whether the stream can be written."""
        return True

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return its descriptor."""
        return self._stream.fileno()


def _lasting(stream: Any) -> Any:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.reconfigure(errors="backslashreplace")  # ids may hold what the terminal cannot show
    raw = getattr(stream.buffer, "raw", stream.buffer)  # without PYTHONUNBUFFERED there is a buffer between them
    if not isinstance(raw, io.FileIO):
        return stream
    stream.flush()
    name = "standard error" if stream is sys.stderr else "standard output"
    return io.TextIOWrapper(
        io.BufferedWriter(_Lasting(raw, name)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _open_missing() -> None:
    """Let no file that is opened later take the number of a standard stream that is closed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
