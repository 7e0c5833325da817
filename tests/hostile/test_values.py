"""Values of every kind in every column of every shape: read, or refused in words; and no row is lost in silence.

The cases are all pairs of a column and a kind, and of a column and a value of a record; see `values`. A quarter of
them, always the same, are tried here, all with PREFQA_HOSTILE=all; a share goes through the whole job, with its files.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from hostile.values import KINDS, NAMES, REMOVED, SHAPES, VALUES
from prefqa.errors import PrefqaError
from prefqa.pipeline import run

Case = tuple[str, Callable[[], Any]]
#: One of so many cases is tried; of these one of so many is checked by the rules on rows and texts, and one of so many
#: goes through the whole job.
SHARE, CHECKED, RUN = 4, 6, 60
PARTS = 8


@cache
def frame_of(shape: str) -> pl.DataFrame:
    return pl.DataFrame(SHAPES[shape](), infer_schema_length=None)


def of_kinds() -> Iterator[Case]:
    """A whole column of another kind."""
    for shape, make in SHAPES.items():
        rows = make()
        for column in rows[0]:
            for kind in KINDS:
                series = kind.make([row[column] for row in rows])
                if series is not None:
                    yield (
                        f"{shape}/{column}/{kind.name}",
                        (
                            lambda shape=shape, column=column, series=series: frame_of(shape).with_columns(
                                series.alias(column)
                            )
                        ),
                    )


def of_values() -> Iterator[Case]:
    """One value, or every other one, of another kind, or no value at all."""
    for shape, make in SHAPES.items():
        rows = make()
        for column in rows[0]:
            for number, value in enumerate(VALUES):
                every_other = number % 2 == len(column) % 2
                yield (
                    f"{shape}/{column}/{number}: {str(value)[:30]!r}",
                    lambda rows=rows, column=column, value=value, often=every_other: [
                        changed(row, column, value) if (n % 2 if often else n == 1) else row
                        for n, row in enumerate(rows)
                    ],
                )


def of_names() -> Iterator[Case]:
    """One column more, of a name that means something elsewhere."""
    for shape in SHAPES:
        for name in NAMES:
            yield (
                f"{shape}/+{name[:20]!r}",
                lambda shape=shape, name=name: frame_of(shape).with_columns(
                    pl.Series([f"v{n % 2}" for n in range(frame_of(shape).height)]).alias(name)
                ),
            )


def number_of(name: str) -> int:
    """A number that chance could have drawn, and that is the same each time."""
    return zlib.crc32(name.encode(errors="backslashreplace"))


def changed(row: dict[str, Any], column: str, value: Any) -> dict[str, Any]:
    kept = {name: one for name, one in row.items() if name != column}
    return kept if value is REMOVED else {**kept, column: value}


ALL = (*of_kinds(), *of_values(), *of_names())
CASES = ALL if os.environ.get("PREFQA_HOSTILE") == "all" else [one for one in ALL if number_of(one[0]) % SHARE == 0]


def test_there_are_enough_cases() -> None:
    assert len({name for name, _ in ALL}) == len(ALL)
    assert len(CASES) > 2_000


def depth_of(name: str) -> int:
    """How far a case goes: 0 read, 1 checked, 2 through the whole job; the same each time."""
    number = number_of(name) // SHARE
    return 2 if number % RUN == 0 else 1 if number % CHECKED == 0 else 0


def attempt(name: str, data: Any, folder: Path) -> None:
    """Read, check and run; an error of ours that says something is a good end."""
    try:
        prefs = prefqa.read(data)
        rows = prefs.judgments.collect().height
        depth = depth_of(name)
        if depth:
            found = prefqa.check(prefs, select=("PQ1", "PQ2", "PQ7"), ignore=("PQ223",))
            left = found.preferences.judgments.collect().height
            assert found.n_rows == rows, "rows that nobody counts"
            assert left + found.quarantine.height == rows, "rows that are neither left in nor in the quarantine"
        if depth > 1:
            run(prefs).write_files(folder / "out")
    except PrefqaError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize("part", range(PARTS))
def test_values_of_any_kind_end_in_findings_or_an_error_of_ours(part: int, tmp_path: Path) -> None:
    faults = []
    for name, make in CASES[part::PARTS]:
        try:
            attempt(name, make(), tmp_path)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            faults.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
    assert not faults, "\n".join(faults)
