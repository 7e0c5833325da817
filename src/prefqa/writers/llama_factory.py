"""LLaMA-Factory: alpaca and sharegpt rows, with their entry in the dataset_info.json beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.errors import UsageError
from prefqa.messages import json_of
from prefqa.writers.atomic import write_json, write_rows
from prefqa.writers.file_sets import file_set
from prefqa.writers.pair_forms import SIDES, Pairs
from prefqa.writers.targets import check_file

_INFO = "dataset_info.json"
_FROM = {"user": "human", "assistant": "gpt", "system": "system"}


def write_alpaca(pairs: Pairs, path: Path) -> None:
    """Write instruction, input, chosen, rejected."""
    plain = pairs.texts("llama-factory")
    more = _carried(plain, pairs.carried)
    rows = plain.select(pl.col("prompt").alias("instruction"), pl.lit("").alias("input"), *SIDES, *more.values())
    columns = {"prompt": "instruction", "query": "input", "chosen": "chosen", "rejected": "rejected"}
    _write(path, rows, columns | {name: name for name in more})


def write_sharegpt(pairs: Pairs, path: Path) -> None:
    """Write conversations, and one turn each as chosen and rejected."""
    last = [_turn(pl.col(side).list.last()).alias(side) for side in SIDES]
    turns = pl.col("prompt").list.eval(_turn(pl.element())).alias("conversations")
    more = _carried(pairs.chat, pairs.carried)
    rows = pairs.chat.select(turns, *last, *more.values())
    columns = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
    _write(path, rows, columns | {name: name for name in more}, formatting="sharegpt")


def _carried(frame: pl.DataFrame, names: list[str]) -> dict[str, pl.Expr]:
    """Columns that ride along; the description of tools is a text of JSON."""
    return {
        name: json_of(pl.col(name), frame.schema[name]).alias(name)
        if name == "tools" and frame.schema[name].is_nested()
        else pl.col(name)
        for name in names
    }


def _turn(message: pl.Expr) -> pl.Expr:
    role = message.struct.field("role").replace(_FROM)
    return pl.struct(role.alias("from"), message.struct.field("content").alias("value"))


def _write(path: Path, rows: pl.DataFrame, columns: dict[str, str], **more: str) -> None:
    """Write the rows, and the file's entry in the dataset_info.json beside it: both or none."""
    entry = {"file_name": path.name} | more | {"ranking": True, "columns": columns}
    check_file(path)
    with file_set(path.parent, family={path.name, _INFO}) as files:
        write_rows(files.new / path.name, rows)
        files.lock()
        known = _known(path.parent / _INFO)
        write_json(files.new / _INFO, known | {path.name.split(".")[0]: entry})


def _known(info: Path) -> dict[str, Any]:
    """Return what dataset_info.json holds; it stays.

    Raises:
        UsageError: a file of this name that is none.
    """
    if not info.exists():
        return {}
    try:
        known = json.loads(info.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise UsageError(f"cannot add the data set to {info}: {error}", hint="mend or remove it.") from error
    if not isinstance(known, dict):
        raise UsageError(f"cannot add the data set to {info}: it is no JSON object", hint="mend or remove it.")
    return known
