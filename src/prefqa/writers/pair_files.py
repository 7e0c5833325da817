"""Files of consensus pairs: .parquet with all columns, .jsonl as trainers read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from prefqa.errors import UsageError
from prefqa.writers.atomic import write_parquet
from prefqa.writers.file_sets import file_set, is_staged
from prefqa.writers.registry import write_pairs

_PARTS = ("train", "validation", "test")


def write_pair_file(pairs: pl.DataFrame, path: str | Path) -> None:
    """Write pairs to one .parquet file as they are, or to one .jsonl file in the layout `prefqa`."""
    writer_of(path)(pairs, path)


def write_parts(parts: Mapping[str, pl.DataFrame], path: str | Path) -> dict[str, Path]:
    """Write each part of a split beside the others, all of them or none; return where: pairs.train.jsonl and so on."""
    path, write = Path(path), writer_of(path)
    if is_staged(path):
        for name, part in parts.items():
            write(part, part_of(path, name))
    else:
        with file_set(path.parent, family=(), is_listed=False) as files:
            write_parts(parts, files.new / path.name)
    return {name: part_of(path, name) for name in parts}


def part_of(path: str | Path, name: str) -> Path:
    """Return the path of a part of a split: pairs.train.jsonl beside pairs.jsonl."""
    whole = Path(path)
    return whole.with_name(f"{whole.stem}.{name}{whole.suffix}")


def write_in_place(
    path: str | Path, whole: pl.DataFrame, parts: Mapping[str, pl.DataFrame] | None = None
) -> list[Path]:
    """Write pairs to one file, or their parts beside each other instead; return where.

    What an earlier call for the same path wrote, and this one does not, is removed.

    Raises:
        UsageError: another ending, or a file to be removed was changed since it was written.
    """
    path = Path(path)
    writer_of(path)
    with file_set(path.parent, family={path.name, *(part_of(path, name).name for name in _PARTS)}) as files:
        if parts:
            write_parts(parts, files.new / path.name)
            return [part_of(path, name) for name in parts]
        write_pair_file(whole, files.new / path.name)
        return [path]


def writer_of(path: str | Path) -> Callable[[pl.DataFrame, str | Path], object]:
    """Return who writes a file of pairs, by its ending.

    Raises:
        UsageError: it is neither .parquet nor .jsonl.
    """
    ending = Path(path).suffix.lower()
    if ending == ".parquet":
        return lambda pairs, to: write_parquet(to, pairs)
    if ending in (".jsonl", ".ndjson"):
        return lambda pairs, to: write_pairs(pairs, to, layout="prefqa")
    raise UsageError(f"pairs are written as .parquet or .jsonl, not {ending or 'a file without an ending'}")
