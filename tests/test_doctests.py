"""The examples in the docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from importlib.util import find_spec

import prefqa


def test_every_example_gives_what_it_shows() -> None:
    names = [module.name for module in pkgutil.walk_packages(prefqa.__path__, "prefqa.")]
    if find_spec("trl") is None:
        names.remove("prefqa.trl")
    names.remove("prefqa.__main__")
    found = [doctest.testmod(importlib.import_module(name)) for name in names]
    assert sum(result.attempted for result in found) > 0
    assert sum(result.failed for result in found) == 0
