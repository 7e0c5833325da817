"""Consensus pairs as prefqa writes them: with ids, probability and ties, in Parquet, JSON Lines or CSV."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prefqa._formulas import unmarked
from prefqa.preferences import ROW
from prefqa.readers.declared import MESSAGES, TEXT, Declaration
from prefqa.readers.tool import has_columns

_IDS = ("item_id", "chosen_id", "rejected_id")
_TEXTS = ("prompt", "chosen", "rejected")
_FIGURES = ("probability", "margin", "agreement")
_DETAIL = "chosen is preferred to rejected, or tied; each pair is one judgment, of the annotators together"


def _sees(schema: pl.Schema) -> str | None:
    tie = next((name for name in ("tie", "weight") if name in schema), "tie")
    return has_columns(*_IDS, "chosen", "rejected", "probability", tie)(schema)


def _sees_csv(schema: pl.Schema) -> str | None:
    """Recognise the file of the layout csv: the same columns, with a probability that is text as all else."""
    return _sees(schema) if schema.get("probability") == TEXT else None


def _fields(schema: pl.Schema) -> Mapping[str, pl.DataType]:
    kinds = {name: MESSAGES if isinstance(schema.get(name), pl.List) else TEXT for name in _TEXTS}
    if MESSAGES in (kinds["chosen"], kinds["rejected"]):
        kinds |= {"chosen": MESSAGES, "rejected": MESSAGES}
    return {**dict.fromkeys((*_IDS, *_FIGURES, "n_votes", "split", "tie", "weight"), TEXT), **kinds}


def _rows(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per pair; a tie that is written once in each direction (`ties="half"`) is one."""
    weight = pl.col("weight").cast(pl.Float64, strict=False)
    tied = pl.coalesce(pl.col("tie").str.to_lowercase() == "true", weight < 1).fill_null(value=False)
    pair = pl.concat_list("chosen_id", "rejected_id").list.sort()
    rows = frame.with_columns(_tied=tied, _pair_of=pair)
    again = pl.col("_tied") & ~pl.struct("item_id", "_pair_of", "_tied").is_first_distinct()
    prompt = pl.col("prompt")
    has_prompt = prompt.str.strip_chars() != "" if frame.schema["prompt"] == TEXT else prompt.list.len() > 0
    return rows.filter(~again).select(
        ROW,
        "item_id",
        "split",
        pl.when(has_prompt).then(prompt).alias("prompt"),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in _FIGURES),
        n_votes=pl.col("n_votes").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False),
        first_id="chosen_id",
        second_id="rejected_id",
        first_text="chosen",
        second_text="rejected",
        position=pl.lit(None, pl.Int64),
        vote=pl.when("_tied").then(pl.lit("tie")).otherwise(pl.lit("first")),
        said=pl.when("_tied").then(pl.lit("tie")).otherwise(pl.lit("chosen")),
    )


def _csv_rows(frame: pl.DataFrame) -> pl.DataFrame:
    texts = [name for name in (*_IDS, *_TEXTS, "split") if frame.schema[name] == TEXT]
    return _rows(frame.with_columns(unmarked(name) for name in texts))


CSV_PAIRS = Declaration("prefqa-csv", "consensus pairs of prefqa, CSV", _sees_csv, _fields, _csv_rows, "pairs", _DETAIL)
PAIRS = Declaration("prefqa-pairs", "consensus pairs of prefqa", _sees, _fields, _rows, "pairs", _DETAIL, whole=True)

OWN = (CSV_PAIRS, PAIRS)
