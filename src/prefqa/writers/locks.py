"""Locks on files that end with the process that holds them, however that ends."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prefqa.errors import UsageError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


#: The lock on a folder whose files are being replaced.
FOLDER_LOCK = ".prefqa-lock"
#: Another process replaces files within moments; one that takes longer was stopped.
WAIT_S = 60.0
_STEP_S = 0.02
_HELD = frozenset((errno.EACCES, errno.EAGAIN, errno.EDEADLK))


def acquire(path: Path) -> int | None:
    """Lock a file, which is made if there is none; return the descriptor that holds the lock, None if another does.

    Raises:
        OSError: the file cannot be made or opened, or its file system has no locks.
    """
    descriptor = _opened(path)
    try:
        _lock(descriptor)
        if _is(descriptor, path):
            return descriptor
    except OSError as error:
        if error.errno not in _HELD:
            os.close(descriptor)
            raise
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def release(path: Path, descriptor: int) -> None:
    """Remove a lock file and end its lock; the file stays where its folder lets only its owner remove it."""
    if sys.platform == "win32":
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()
        return
    try:
        with suppress(OSError):
            path.unlink()
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the lock on the files of a folder; wait where another process holds it.

    Raises:
        UsageError: another process has held it for `wait_s` seconds, or the file system has no locks.
    """
    path = folder / FOLDER_LOCK
    end = time.monotonic() + wait_s
    try:
        while (descriptor := acquire(path)) is None:
            if time.monotonic() > end:
                what = f"cannot write into {folder}: another prefqa has been replacing its files for {wait_s:g} seconds"
                raise UsageError(what, hint="end that process, or name another directory.")
            time.sleep(_STEP_S)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):
            what = f"cannot write into {folder}: its file system cannot lock files"
            raise UsageError(what, hint="write to another directory, and copy the files.") from error
        raise
    try:
        yield
    finally:
        release(path, descriptor)


def remove_locked(folder: Path, lock_name: str) -> None:
    """Remove a folder as far as it can be; its lock goes last, since what has none is taken for somebody else's."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.name == lock_name:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
        (folder / lock_name).unlink(missing_ok=True)
        folder.rmdir()


def _opened(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(path, flags, 0o666)
    except PermissionError:
        # One that another user left behind in a folder for all, such as /tmp: to lock it, reading it is enough.
        if not path.is_file():
            raise
        return os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))


def _is(descriptor: int, path: Path) -> bool:
    """Whether the file that was locked still has its name: who held the lock before has removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False
