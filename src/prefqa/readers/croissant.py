"""The licence of a data set, from the Croissant metadata beside its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NAME = "croissant.json"
_KEYS = ("license", "sc:license", "schema:license", "https://schema.org/license", "http://schema.org/license")


def licence_beside(data: Path) -> str | None:
    """Return the licence that croissant.json in the folder of the data tells, several joined by " AND "; None without.

    Croissant is JSON-LD of schema.org: a licence is a text, an address, or an object with one, or a list of these.

    Raises:
        ReadError: a file of that name that is not JSON.
    """
    path = (data if data.is_dir() else data.parent) / NAME
    if not path.is_file():
        return None
    from prefqa.companions import json_of

    whole = json_of(path, "Croissant metadata")
    said = next((whole[key] for key in _KEYS if key in whole), None) if isinstance(whole, dict) else None
    found = [name for one in (said if isinstance(said, list) else [said]) if (name := _named(one))]
    return " AND ".join(dict.fromkeys(found)) or None


def _named(licence: Any) -> str | None:
    if isinstance(licence, dict):
        licence = next((licence[key] for key in ("name", "url", "@id", "@value") if key in licence), None)
    return licence.strip() or None if isinstance(licence, str) else None
