"""A directory that Hugging Face `datasets` loads: Parquet by split, and a card that says what was done."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.errors import UsageError
from prefqa.message_json import holds_json
from prefqa.writers.atomic import staged_directory, write_rows, write_text
from prefqa.writers.markdown import plain
from prefqa.writers.pair_forms import SIDES, Pairs

#: Names of splits as `datasets` takes them (`NamedSplit`), and how long they may be in the name of a file.
_SPLIT, _LONGEST = r"\w+(\.\w+)*", 200


def write_hugging_face(pairs: Pairs, path: Path) -> None:
    """Write SPLIT-00000-of-00001.parquet and README.md; JSON Lines in place of Parquet where messages need it.

    Parquet gives each message the keys of all others, as nulls; of JSON Lines `datasets` reads each as it is.

    Args:
        pairs: the pairs; a column `split` divides them, without it all are `train`. Their facts are the lines of the
            card: one licence or several under `license`, all others as they are called.
        path: the directory.

    Raises:
        UsageError: a split whose name the hub does not allow; it would be part of the name of a file.
    """
    frame = pairs.chat if pairs.plain is None else pairs.plain
    frame = frame if pairs.has_prompt else frame.drop("prompt")
    split = pl.col("split") if "split" in frame.columns else pl.lit("train")
    parts = frame.with_columns(split.fill_null("train").alias("split")).partition_by("split", as_dict=True)
    named = {str(key[0]): part.drop("split") for key, part in sorted(parts.items())}
    for wrong in (name for name in named if not re.fullmatch(_SPLIT, name, re.ASCII) or len(name) > _LONGEST):
        hint = "rename it: letters, digits, underscores and single dots, as in train or test.2024."
        raise UsageError(f"the split {wrong!r} cannot name a file", hint=hint)
    if len({name.casefold() for name in named}) < len(named):
        raise UsageError("the names of two splits differ in capital letters alone", hint="rename one.")
    with staged_directory(path) as stage:
        for name, part in named.items():
            ending = "jsonl" if any(map(holds_json, part.dtypes)) else "parquet"
            write_rows(stage / f"{name}-00000-of-00001.{ending}", part)
        write_text(stage / "README.md", _card(path.name, named, dict(pairs.facts)))


def _card(title: str, parts: Mapping[str, pl.DataFrame], facts: dict[str, Any]) -> str:
    licences = [facts.pop("license")] if isinstance(facts.get("license"), str) else facts.pop("license", [])
    files = [f'      - split: "{name}"\n        path: "{name}-*"' for name in parts]
    head = [
        "---",
        *(["license:", *(f"- {_identifier(one)}" for one in licences)] if licences else []),
        "task_categories:",
        "- text-generation",
        "tags:",
        "- preference",
        "configs:",
        "  - config_name: default",
        "    data_files:",
        *files,
        "---",
    ]
    told = [f"- {plain(name)}: {plain(value)}" for name, value in facts.items()]
    counts = [f"- rows in {plain(name)}: {part.height:,}" for name, part in parts.items()]
    columns = next(iter(parts.values())).columns if parts else list(SIDES)
    body = [
        f"# {plain(title)}",
        "",
        "Preference pairs, written by prefqa.",
        "",
        *told,
        *counts,
        f"- columns: {', '.join(map(plain, columns))}",
    ]
    return "\n".join([*head, "", *body, ""])


def _identifier(licence: str) -> str:
    """A licence as the hub names it: its SPDX identifier in small letters; a name that is none is quoted."""
    return licence.lower() if re.fullmatch(r"[A-Za-z0-9.+-]+", licence) else json.dumps(licence)
