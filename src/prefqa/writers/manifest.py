"""The list of files that prefqa wrote into a directory: which run each is of, and how one knows that it is whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prefqa.errors import ReadError, UsageError

NAME = "prefqa-files.json"
#: How the names of locks and of folders begin in which files are written.
HIDDEN = ".prefqa-"
_HINT = "run the command that writes into it again: it finishes, or undoes, what was cut short."

#: What is known of a file: bytes and sha256; in the list also its run.
Entry = dict[str, Any]


def read_list(folder: str | Path) -> dict[str, Entry]:
    """Return the files that prefqa wrote into a directory, each of which is whole and of the run that is listed.

    A reader that wants files of one run takes those with the same `run`, and only names that are listed here. While
    files are being replaced there is no list, so that a reader meets the files of one run or an error, never a mix; one
    that reads for longer compares `run` before and after, or the `sha256` of what it read.

    Args:
        folder: the directory.

    Returns:
        By name: `run` (16 hexadecimal digits, which files that were written together share, and which are the same for
        the same content), `bytes` and `sha256`.

    Raises:
        ReadError: there is no list, because nothing was written, or a run is replacing files or was cut short in it;
            or a file is not as it is listed.
    """
    folder = Path(folder)
    path = folder / NAME
    try:
        files = _parsed(path)
    except FileNotFoundError as error:
        raise ReadError(path, "there is no list of files: a run is writing, or was cut short", hint=_HINT) from error
    except (OSError, ValueError) as error:
        raise ReadError(path, f"not a list of files: {error}", hint=_HINT) from error
    for name, entry in files.items():
        try:
            is_whole = entry_of(folder / name)["sha256"] == entry["sha256"]
        except OSError as error:
            raise ReadError(folder / name, f"is listed in {NAME}, and {error.strerror}", hint=_HINT) from error
        if not is_whole:
            raise ReadError(folder / name, f"is not the file that {NAME} lists: it was changed since", hint=_HINT)
    return files


def listed(folder: Path) -> dict[str, Entry]:
    """Return the files that are listed in a directory; {} where nothing of ours is."""
    try:
        return _parsed(folder / NAME)
    except (OSError, ValueError):
        return {}


def stale(folder: Path, written: Collection[str], family: Collection[str] | None = None) -> list[Path]:
    """Return the listed files, or those of them in `family`, that are there and are not written anew.

    Raises:
        UsageError: one of them was changed after it was written: removing it would lose that.
    """
    found = []
    for name, entry in listed(folder).items():
        path = folder / name
        if name in written or (family is not None and name not in family) or path.is_symlink() or not path.is_file():
            continue
        if entry_of(path)["sha256"] != entry["sha256"]:
            raise UsageError(
                f"{path} is of an earlier run, would not fit to the new files, and was changed since",
                hint="move or remove it, or name another directory.",
            )
        found.append(path)
    return found


def others(folder: Path, names: Collection[str]) -> dict[str, Entry]:
    """Return the listed files of other names."""
    return {name: entry for name, entry in listed(folder).items() if name not in names}


def dumps(kept: Mapping[str, Entry], written: Mapping[str, Entry]) -> str:
    """Return the text of the list: entries that stay, and those of files that were written together."""
    content = json.dumps({name: written[name]["sha256"] for name in sorted(written)})
    run = hashlib.sha256(content.encode()).hexdigest()[:16]
    files = dict(kept) | {name: {"run": run} | entry for name, entry in written.items()}
    whole = {"prefqa": version("prefqa"), "files": dict(sorted(files.items()))}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def entry_of(path: Path) -> Entry:
    """Return the size and the SHA-256 of a file."""
    with path.open("rb") as file:
        return {"bytes": os.fstat(file.fileno()).st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def is_name(name: Any) -> bool:
    """Whether a text is the name of a file in this very folder, and none of our hidden ones."""
    if not isinstance(name, str) or name.startswith(HIDDEN) or "\0" in name:
        return False
    return Path(name).name == name and name != ".."


def _parsed(path: Path) -> dict[str, Entry]:
    """Return the entries of a list.

    Raises:
        ValueError: it is none.
    """
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {
            name: {"run": str(entry["run"]), "bytes": int(entry["bytes"]), "sha256": str(entry["sha256"])}
            for name, entry in files.items()
            if is_name(name)
        }
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
