"""What can be known of a place before anything is computed: whether it can be written at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from prefqa.errors import UsageError
from prefqa.writers import manifest


def check_file(path: str | Path) -> Path:
    """Return where a file is written, a symbolic link followed.

    Raises:
        UsageError: it cannot be: a directory, a device or a pipe has its name, the name is too long or reserved, its
            directory is a file or cannot be written.
    """
    path = _named(path)
    mode = _mode(path)
    place = Path(os.path.realpath(path)) if path.is_symlink() else path
    if mode is not None and stat.S_ISDIR(mode):
        raise UsageError(f"cannot write {path}: it is a directory", hint="name a file.")
    if mode is not None and not stat.S_ISREG(mode):
        raise UsageError(f"cannot write {path}: it is no regular file", hint="name a file.")
    _check_folder(place.parent, path)
    return place


def check_folder(folder: str | Path, files: Collection[str] = ()) -> None:
    """Check that a directory can take files.

    Args:
        folder: the directory, which need not be there yet.
        files: names of files that will be written into it, as far as they are known.

    Raises:
        UsageError: it cannot: it is a file, or cannot be made or written, or a directory stands where a file belongs.
    """
    folder = _named(folder)
    mode = _mode(folder)
    if mode is not None and not stat.S_ISDIR(mode):
        raise UsageError(f"cannot write into {folder}: it is a file", hint="name a directory.")
    _check_folder(folder, folder)
    for name in files:
        inner = _mode(folder / name)
        if inner is not None and stat.S_ISDIR(inner):
            raise UsageError(
                f"cannot write {folder / name}: it is a directory", hint="move it, or name another directory."
            )


def literal(path: Path) -> Path:
    """Return a path that Polars takes as it is: a first part such as ~ stands for no home."""
    return path.absolute() if path.parts and path.parts[0].startswith("~") else path


def _check_folder(folder: Path, path: Path) -> None:
    """Refuse a directory that cannot be written, or that cannot be made."""
    nearest = next(parent for parent in (folder, *folder.parents) if _mode(parent) is not None or parent == Path("."))
    mode = _mode(nearest)
    if mode is not None and not stat.S_ISDIR(mode):
        raise UsageError(f"cannot write {path}: {nearest} is not a directory", hint="name another place.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write {path}: the directory {nearest} is read-only, or not yours to write into")


def _mode(path: Path) -> int | None:
    """Return the kind of file that stands at a path; None if there is none.

    Raises:
        UsageError: a path that the system cannot look up.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot write {path}: {reason}", hint="name another place.") from error


def _named(path: str | Path) -> Path:
    """Return a path whose name is not missing, and not one that is kept for what prefqa writes for itself."""
    if not str(path):
        raise UsageError("cannot write: the name of the place is empty", hint="name a file or a directory.")
    path = Path(path)
    taken = next((part for part in path.parts if part.startswith(manifest.HIDDEN)), None)
    if taken is not None or path.name == manifest.NAME:
        raise UsageError(f"cannot write {path}: the name {taken or path.name} is prefqa's own", hint="name another.")
    return path
