"""Files of consensus pairs: .parquet with all columns, .jsonl as trainers read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import polars as pl

from prefqa.errors import UsageError
from prefqa.writers.atomic import atomic_path, write_jsonl, write_parquet

#: Columns of .jsonl files, in the order in which trainers' users read them.
JSONL_COLUMNS = (
    "prompt", "chosen", "rejected", "item_id", "chosen_id", "rejected_id", "probability", "margin", "weight", "n_votes",
    "agreement",
)  # fmt: skip


def trainer_rows(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return pairs as trainers read them: prompt, chosen, rejected (texts, or ids where unknown), then the rest.

    Where one of prompt and responses is chat messages and the other is text, the text becomes one message of its role,
    since trainers take either, but not both.
    """
    stand_in = {"prompt": "item_id", "chosen": "chosen_id", "rejected": "rejected_id"}
    texts = [
        pl.coalesce(text, identity).alias(text)
        if pairs.schema.get(text) == pl.String()
        else (pl.col(text) if text in pairs.columns else pl.col(identity).alias(text))
        for text, identity in stand_in.items()
    ]
    rows = pairs.with_columns(texts)
    roles = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
    is_text = {name: rows.schema[name] == pl.String() for name in roles}
    if any(is_text.values()) and not all(is_text.values()):
        rows = rows.with_columns(_as_message(name, role) for name, role in roles.items() if is_text[name])
    return rows.select(JSONL_COLUMNS)


def write_pair_file(pairs: pl.DataFrame, path: str | Path) -> None:
    """Write pairs to one .parquet or .jsonl file, whole or not at all."""
    _writer(path)(path, pairs)


def write_parts(parts: Mapping[str, pl.DataFrame], path: str | Path) -> dict[str, Path]:
    """Write each part of a split beside the others, all of them or none; return where: pairs.train.jsonl and so on."""
    write, whole = _writer(path), Path(path)
    paths = {name: whole.with_name(f"{whole.stem}.{name}{whole.suffix}") for name in parts}
    for taken in filter(Path.is_dir, paths.values()):
        raise UsageError(f"cannot write {taken}: it is a directory")
    with ExitStack() as together:
        for name, part in parts.items():
            write(together.enter_context(atomic_path(paths[name])), part)
    return paths


def _writer(path: str | Path) -> Callable[[str | Path, pl.DataFrame], None]:
    ending = Path(path).suffix.lower()
    if ending == ".parquet":
        return write_parquet
    if ending in (".jsonl", ".ndjson"):
        return lambda to, pairs: write_jsonl(to, trainer_rows(pairs))
    raise UsageError(f"pairs are written as .parquet or .jsonl, not {ending or 'a file without an ending'}")


def _as_message(text: str, role: str) -> pl.Expr:
    return pl.concat_list(pl.struct(role=pl.lit(role), content=pl.col(text))).alias(text)
