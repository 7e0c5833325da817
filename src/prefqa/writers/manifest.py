"""The list of files that prefqa wrote into a directory, so that none of an earlier run stays beside new ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prefqa.errors import UsageError

NAME = "prefqa-files.json"


def listed(folder: Path) -> dict[str, str]:
    """Return the files that are listed in a directory: name and digest; {} where nothing of ours is."""
    try:
        files = json.loads((folder / NAME).read_text(encoding="utf-8"))["files"]
        return {str(name): str(digest) for name, digest in files.items() if Path(name).name == name}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def stale(folder: Path, written: Collection[str], among: Collection[str] | None = None) -> list[Path]:
    """Return the listed files, or those of them in `among`, that are there and are not written anew.

    Raises:
        UsageError: one of them was changed after it was written: removing it would lose that.
    """
    found = []
    for name, digest in listed(folder).items():
        path = folder / name
        if name in written or (among is not None and name not in among) or path.is_symlink() or not path.is_file():
            continue
        if digest_of(path) != digest:
            raise UsageError(
                f"{path} is of an earlier run, would not fit to the new files, and was changed since",
                hint="move or remove it, or name another directory.",
            )
        found.append(path)
    return found


def content(files: Mapping[str, str]) -> dict[str, Any]:
    """Return what the list holds."""
    return {"prefqa": version("prefqa"), "files": dict(sorted(files.items()))}


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
