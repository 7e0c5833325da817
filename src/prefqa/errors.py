"""Every error that prefqa raises on purpose; each says what is wrong, where, and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class PrefqaError(Exception):
    """Base of all errors that are the input's or the caller's; the command line ends with exit code 2."""


class UsageError(PrefqaError):
    """A call or command that cannot be carried out as it was asked."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(_with_hint(message, hint))


class SizeError(UsageError):
    """Data of a shape for which the work grows beyond all bounds; the message has the figures and what helps."""


class ReadError(PrefqaError):
    """A file, line or row group that cannot be read."""

    def __init__(
        self,
        path: str | Path,
        reason: str,
        *,
        line: int | None = None,
        row_group: int | None = None,
        hint: str | None = None,
    ) -> None:
        where = str(path)
        if line is not None:
            where += f", line {line}"
        if row_group is not None:
            where += f", row group {row_group}"
        super().__init__(_with_hint(f"{where}: {reason}", hint))
        self.path, self.reason, self.line, self.row_group, self.hint = str(path), reason, line, row_group, hint


@contextmanager
def whole_characters(path: str | Path) -> Iterator[None]:
    """Refuse texts with half of a character, which an escape of JSON can stand for and no UTF-8 text can hold.

    Raises:
        ReadError: there is one.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        reason = "a text holds half of a character (a lone surrogate)"
        raise ReadError(path, reason, hint="write it anew.") from error


class ColumnNotFoundError(PrefqaError):
    """Columns that a call needs and the data lacks."""

    @classmethod
    def from_missing(
        cls, missing: Sequence[str], available: Sequence[str], path: str | Path | None = None
    ) -> ColumnNotFoundError:
        """Build the message from the missing names, the names there are, and the nearest of these."""
        where = f"{path}: " if path is not None else ""
        others = [name for name in available if name not in missing]
        close = {name: nearest(name, others) for name in missing}
        pairs = ", ".join(f"{there!r} for {name!r}" for name, there in close.items() if there)
        hint = (
            f"did you mean {pairs}? Say so with columns={{standard: yours}} or under [columns] in the config."
            if pairs
            else "map your names with columns={standard: yours} or under [columns] in the config."
        )
        listed = ", ".join(map(repr, missing))
        have = ", ".join(map(repr, available)) or "none"
        return cls(_with_hint(f"{where}column not found: {listed}. The data has: {have}.", hint))


@dataclass(frozen=True)
class Choice:
    """One of several ways to read a source: what it means, and the configuration that chooses it."""

    meaning: str
    config: str


class AmbiguousReadingError(UsageError):
    """A source that can be read in two ways or more; the message has the configuration for each."""

    def __init__(self, message: str, choices: Sequence[Choice]) -> None:
        lines = [f"{message}."]
        if choices:
            lines.append("Hint: say which reading is right; paste one of these into prefqa.toml.")
        lines += [f"\n({i}) {choice.meaning}:\n{choice.config}" for i, choice in enumerate(choices, start=1)]
        super().__init__("\n".join(lines))
        self.choices = tuple(choices)


class ConfigError(PrefqaError):
    """A configuration that cannot be used: unknown key, wrong type, impossible value."""

    def __init__(self, message: str, *, path: str | Path | None = None, key: str | None = None) -> None:
        where = "".join([f"{path}: " if path is not None else "", f"[{key}] " if key else ""])
        super().__init__(where + message)


class MissingExtraError(PrefqaError):
    """A part of prefqa whose optional packages are not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs the package {package!r}: install it with pip install 'prefqa[{extra}]'")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is closest to `word`, or None where none is close."""
    found = difflib.get_close_matches(word.lower(), {k.lower(): k for k in known}, n=1)
    return next((k for k in known if found and k.lower() == found[0]), None)


def _with_hint(message: str, hint: str | None) -> str:
    return f"{message}\nHint: {hint}" if hint else message
