"""One change in a JSON value, at any depth: what both fuzzers do to a file that is JSON."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

#: What holds a value (a list or an object), and its key.
Place = tuple[Any, Any]


def places_in(value: Any) -> list[Place]:
    """Return every place in lists and objects."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places_in(value[key])]]


def change_one(places: Sequence[Place], values: Sequence[Any], draw: random.Random) -> None:
    """Replace the value in one of the places by one of `values`, remove it, or double it in its list."""
    parent, key = draw.choice(places)
    action = draw.choice(["replace", "replace", "remove", "double"])
    if action == "remove":
        del parent[key]
    elif action == "double" and isinstance(parent, list):
        parent.append(parent[key])
    else:
        parent[key] = draw.choice(values)
