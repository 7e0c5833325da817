"""Files that belong together, put into a folder by one switch: all of them, or none, whatever ends the process.

A set is written into a hidden folder within the folder where it belongs, so that a mount point, or a parent that cannot
be written, is no obstacle, and every move is within one file system. Then, under a lock on the folder,

1. the list of the folder's files (`manifest`) and a journal are completed in the hidden folder. Until then nothing has
   changed, and the hidden folder of a process that was killed is thrown away by the next one that writes here;
2. the old list is moved away, then all old files of the set, then the new ones are moved in, the new list last. From
   the journal on, the next process that writes here finishes what a killed one has begun.

So the files of two sets never stand beside each other under their names, and while the list stands, so do its files:
see `manifest.read_list` for what a reader does.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from prefqa.errors import UsageError
from prefqa.writers import locks, manifest
from prefqa.writers.signals import uninterrupted
from prefqa.writers.targets import literal

#: How the hidden folders begin in which sets are written.
STAGE = f"{manifest.HIDDEN}stage-"
#: What stands in one: the lock of the process that writes, the journal, the new files, and the old ones moved away.
_LOCK, _JOURNAL, _NEW, _OLD = "lock", "journal.json", "new", "old"
#: From so many files on the system is asked once to have everything on the disk, and not for each of them.
_MANY = 200


class FileSet:
    """A set that is being written; what stands in `new` when the block ends is moved into `folder`."""

    def __init__(self, folder: Path, stage: Path, together: ExitStack) -> None:
        self.folder, self.stage, self.new = folder, stage, stage / _NEW
        self._together, self._is_locked = together, False

    def lock(self) -> None:
        """Let nobody else change the folder until this set is in it, because a file that is there is read for it."""
        if not self._is_locked:
            self._together.enter_context(locks.locked(self.folder))
            self._is_locked = True
            recover(self.folder)


@contextmanager
def file_set(folder: str | Path, *, family: Collection[str] | None = None, is_listed: bool = True) -> Iterator[FileSet]:
    """Write files that belong together; when the block ends well they, and the list of them, are put into `folder`.

    Args:
        folder: where they belong; it is made if it is not there.
        family: the names that this set may have, where other files of the folder are none of its business. Those of
            them that an earlier set put there and this one does not write are removed. None: all that is listed.
        is_listed: whether the files are listed; without, nothing is removed.

    Raises:
        UsageError: the folder is a file or cannot be written, a directory stands where a file belongs, a file that
            would be removed was changed since it was written.
    """
    with staged(folder) as files:
        yield files
        files.lock()
        with named(files.folder):
            names = sorted(path.name for path in files.new.iterdir())
            if manifest.NAME in names:
                raise UsageError(f"{manifest.NAME} is the list of files", hint="give the file another name.")
            stale: list[Path] = []
            if is_listed:
                written = {name: manifest.entry_of(files.new / name) for name in names}
                stale = manifest.stale(files.folder, written, family)
                kept = {} if family is None else manifest.others(files.folder, {*written, *family})
                (files.new / manifest.NAME).write_text(manifest.dumps(kept, written), encoding="utf-8")
            _switch(files.folder, files.stage, names, [path.name for path in stale])


@contextmanager
def staged(folder: str | Path) -> Iterator[FileSet]:
    """Yield a set of which nothing is moved; the hidden folder goes when the block ends.

    Raises:
        UsageError: the folder is a file, or cannot be made or written.
    """
    folder = literal(Path(folder))
    with ExitStack() as together:
        with named(folder):
            made = _made(folder)
            together.callback(_unmade, made)
            with locks.locked(folder):
                recover(folder)
                stage = folder / f"{STAGE}{secrets.token_hex(4)}"
                stage.mkdir()
                lock = locks.acquire(stage / _LOCK)
                (stage / _NEW).mkdir()
        together.callback(_discarded, stage, lock)
        yield FileSet(folder, stage, together)


def is_staged(path: Path) -> bool:
    """Whether a file is written as part of a set."""
    return path.parent.name == _NEW and path.parent.parent.name.startswith(STAGE)


def replaced(staged_file: Path, path: Path) -> None:
    """Give a file that is complete its name, in place of what has it.

    Raises:
        UsageError: a directory has this name, or the file system refuses.
    """
    with named(path):
        _refuse_directory(path)
        _flushed(staged_file)
        staged_file.replace(path)


def recover(folder: Path) -> None:
    """Finish, or undo, what processes that were killed have left in a folder; its lock must be held.

    Only folders that hold a lock file of ours which no process holds are touched, and empty ones of their names.
    """
    for stage in sorted(folder.glob(f"{STAGE}*")):
        if stage.is_symlink() or not stage.is_dir():
            continue
        if not (stage / _LOCK).is_file():
            with suppress(OSError):
                stage.rmdir()  # a process was killed before it had locked it: there is nothing in it
            continue
        try:
            lock = locks.acquire(stage / _LOCK)
        except PermissionError:  # another user's
            continue
        if lock is None:
            continue
        try:
            journal = _journal(stage)
            if journal is not None:
                _finish(folder, stage, *journal)
        finally:
            os.close(lock)
        locks.remove_locked(stage, _LOCK)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Turn a refusal of the file system into an error that names what was to be written."""
    try:
        yield
    except IsADirectoryError as error:
        raise UsageError(f"cannot write {path}: it is a directory") from error
    except (FileExistsError, NotADirectoryError) as error:
        what = error.filename or path
        raise UsageError(f"cannot write to {path}: {what} is not a directory", hint="name a directory.") from error
    except OSError as error:
        reason = error.strerror or str(error)
        other = f" ({error.filename})" if error.filename and str(error.filename) != str(path) else ""
        raise UsageError(f"cannot write {path}: {reason}{other}") from error


def _switch(folder: Path, stage: Path, names: list[str], stale: list[str]) -> None:
    """Put the files of a stage, and their list, in the place of those before."""
    for name in (*names, manifest.NAME):
        _refuse_directory(folder / name)
    if len(names) > _MANY and hasattr(os, "sync"):
        os.sync()
    else:
        for path in (stage / _NEW).iterdir():
            _flushed(path)
    (stage / _OLD).mkdir()
    with uninterrupted():
        begun = stage / f"{_JOURNAL}.new"
        begun.write_text(json.dumps({"files": names, "remove": stale}), encoding="utf-8")
        _flushed(begun)
        begun.replace(stage / _JOURNAL)
        try:
            _finish(folder, stage, names, stale)
        except OSError:
            _undo(folder, stage, names)
            raise


def _finish(folder: Path, stage: Path, names: list[str], stale: list[str]) -> None:
    """Carry out a journal from wherever it was left; what is done already is left as it is."""
    new, old = stage / _NEW, stage / _OLD
    for name in (manifest.NAME, *stale, *names):
        if (name in stale or (new / name).is_file()) and not _is_there(old / name):
            with suppress(FileNotFoundError):
                (folder / name).rename(old / name)
    for name in (*names, manifest.NAME):
        with suppress(FileNotFoundError):
            (new / name).rename(folder / name)
    _flushed(folder)
    (stage / _JOURNAL).unlink()


def _undo(folder: Path, stage: Path, names: list[str]) -> None:
    """Put the old files back, the old list last."""
    new, old = stage / _NEW, stage / _OLD
    for name in names:
        if not _is_there(new / name):
            (folder / name).rename(new / name)
    for path in sorted(old.iterdir(), key=lambda path: path.name == manifest.NAME):
        path.rename(folder / path.name)
    (stage / _JOURNAL).unlink()


def _journal(stage: Path) -> tuple[list[str], list[str]] | None:
    """Return the names that a journal moves in and removes; None where there is none, or none of ours."""
    if any((stage / name).is_symlink() for name in (_NEW, _OLD)):
        return None
    try:
        journal: Any = json.loads((stage / _JOURNAL).read_text(encoding="utf-8"))
        files, remove = journal["files"], journal["remove"]
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(part, list) and all(map(manifest.is_name, part)) for part in (files, remove)):
        return None
    return (files, remove) if not any((stage / _NEW / name).is_symlink() for name in files) else None


def _made(folder: Path) -> list[Path]:
    """Make a folder; return those that were made for it, the innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _unmade(made: list[Path]) -> None:
    """Remove what was made for a set that was not written after all; a folder that holds something stays."""
    for path in made:
        with suppress(OSError):
            path.rmdir()


def _discarded(stage: Path, lock: int | None) -> None:
    """Remove a stage; one in which a journal is left holds the only copy of files, until the next process is done."""
    if lock is not None:
        os.close(lock)
    if not (stage / _JOURNAL).exists():
        locks.remove_locked(stage, _LOCK)


def _refuse_directory(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        raise UsageError(f"cannot write {path}: it is a directory", hint="move it, or name another place.")


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _flushed(path: Path) -> None:
    """Have the content of a file, or the names of a folder, on the disk itself before what relies on it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems have nothing to do here, and say so
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
