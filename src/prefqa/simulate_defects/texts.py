"""Defects of texts, prompts and of where they come from (families PQ2 and PQ7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from prefqa.preferences import Preferences
from prefqa.simulate_defects.parts import JUDGMENT, Ground, Planted

_LENGTH = 120


def _word_changed(text: str) -> str:
    words = text.split(" ")
    return " ".join([*words[:-1], "indeed."]) if len(words) > 20 else text + " Indeed."


#: What becomes of the text of a response, given the text of the one before it in its item.
TEXTS: Mapping[str, Callable[[str, str], str]] = {
    "PQ201": lambda _text, _other: " ",
    "PQ202": lambda _text, _other: "true",
    "PQ203": lambda _text, other: other,
    "PQ204": lambda _text, other: other.upper().replace(" ", "  ", 1),
    "PQ205": lambda _text, other: other,
    "PQ206": lambda _text, other: _word_changed(other),
    "PQ212": lambda text, _other: (text + " and so it goes on" * 10)[:_LENGTH],
    "PQ213": lambda text, _other: f"{text}\n```python\nprint(1)",
    "PQ214": lambda _text, _other: "Error: the request timed out.",
    "PQ215": lambda text, _other: f"Dear NAME_1, {text}",
    "PQ216": lambda text, _other: f"{text}<|im_end|>",
    "PQ219": lambda text, _other: f"{text} That isnâ€™t all.",
    "PQ222": lambda text, _other: f"{text} Write to jane.doe@university.edu.",
}
#: Defects that two responses of an item make together.
_PAIRS = ("PQ203", "PQ204", "PQ205", "PQ206", "PQ218")
#: A column of responses: its name, what stands there without a defect, and with it.
COLUMNS: Mapping[str, tuple[str, str, str | None]] = {
    "PQ701": ("licence", "MIT", None),
    "PQ703": ("licence", "MIT", "free for all"),
    "PQ704": ("licence", "MIT", "CC-BY-NC-4.0"),
    "PQ705": ("licence", "MIT", "CC-BY-SA-4.0"),
    "PQ706": ("model", "mistral-7b", "gpt-4-0613"),
    "PQ707": ("source", "hf://owner/name@40b4365", "hf://owner/name"),
}
_CHATS = ("PQ217", "PQ218")
_PROMPTS = ("PQ208", "PQ209", "PQ210")
CODES = tuple(sorted([*TEXTS, *COLUMNS, *_CHATS, *_PROMPTS]))


def plant_texts(ground: Ground, code: str) -> Planted:
    """Plant a defect of responses or of prompts."""
    if code in _PROMPTS:
        return _prompts(ground, code)
    responses = ground.prefs.responses
    assert responses is not None  # noqa: S101 (said in the docstring of plant)
    # One defect per item, never in its first response, so that each pair of texts has at most one.
    at = np.flatnonzero(responses.select(pl.int_range(pl.len()).over("item_id") == 1).to_series().to_numpy())
    hit = np.zeros(responses.height, bool)
    hit[at[ground.drawn(at.size).to_numpy()]] = True
    here = pl.Series("hit", hit)
    if code in COLUMNS:
        name, usual, fault = COLUMNS[code]
        value = pl.when(here).then(pl.lit(fault, pl.String)).otherwise(pl.lit(usual)).alias(name)
        planted = responses.with_columns(value)
    elif code in _CHATS:
        planted = _chats(ground, responses, code, here)
    else:
        other = responses.select(pl.col("text").shift().over("item_id")).to_series()
        each = zip(responses["text"], other, hit, strict=True)
        planted = responses.with_columns(text=pl.Series([TEXTS[code](a, b) if c else a for a, b, c in each]))
    keys = planted.filter(here).select("item_id", *([] if code in _PAIRS else ["response_id"]))
    return ground.planted(code, ground.rows, keys, replace(ground.prefs, responses=planted))


def _chats(ground: Ground, responses: pl.DataFrame, code: str, hit: pl.Series) -> pl.DataFrame:
    """The responses as conversations: of those hit both turns are the user's, or the user asked something else."""
    assert ground.prefs.items is not None  # noqa: S101
    asked = responses.join(ground.prefs.items.select("item_id", "prompt"), on="item_id", maintain_order="left")

    def turn(role: pl.Expr, content: pl.Expr) -> pl.Expr:
        return pl.struct(role.alias("role"), content.alias("content"))

    second = pl.lit("assistant")
    if code == "PQ217":
        second = pl.when(hit).then(pl.lit("user")).otherwise(second)
    prompt = pl.col("prompt")
    question = pl.when(hit).then(pl.lit("Good day. ") + prompt).otherwise(prompt) if code == "PQ218" else prompt
    return asked.with_columns(text=pl.concat_list(turn(pl.lit("user"), question), turn(second, pl.col("text")))).drop(
        "prompt"
    )


def _prompts(ground: Ground, code: str) -> Planted:
    """Every item drawn takes the prompt of the one before it: and its texts, with the opposite ranks, or its split."""
    items = ground.prefs.items
    assert items is not None  # noqa: S101
    even = pl.int_range(items.height) % 2 == 1
    drawn = ground.drawn(items.height)
    items = items.with_columns(drawn=drawn & items.select(even).to_series())
    items = items.with_columns(
        prompt=pl.when("drawn").then(pl.col("prompt").shift()).otherwise(pl.col("prompt")),
        _twin=pl.col("item_id").shift(),
    )
    hit = items.filter("drawn").select("item_id", "_twin")
    keys = pl.concat([hit.select("item_id"), hit.select(item_id="_twin")])
    prefs = replace(ground.prefs, items=items.drop("drawn", "_twin"))
    rows = ground.rows
    if code == "PQ210":
        part = pl.when("drawn").then(pl.lit("test")).otherwise(pl.lit("train")).alias("split")
        rows = rows.join(items.select("item_id", part), on="item_id", how="left", maintain_order="left")
    if code == "PQ209":
        rows, prefs = _opposite(ground, prefs, hit)
    return ground.planted(code, rows, keys, prefs)


def _opposite(ground: Ground, prefs: Preferences, hit: pl.DataFrame) -> tuple[pl.DataFrame, Preferences]:
    """Give items the texts of their twins; their judges agree on one order, those of the twins on the other."""
    assert prefs.responses is not None  # noqa: S101
    mine = hit.join(prefs.responses, left_on="_twin", right_on="item_id", how="inner").drop("_twin")
    others = prefs.responses.join(hit, on="item_id", how="anti")
    responses = pl.concat([others, mine.select(others.columns)]).sort("item_id", "response_id")
    place = pl.col("response_id").rank("dense").over(JUDGMENT).cast(pl.Int64)
    turned = pl.len().over(JUDGMENT).cast(pl.Int64) + 1 - place
    ranks = (
        pl.when(pl.col("item_id").is_in(hit["item_id"].implode()))
        .then(place)
        .when(pl.col("item_id").is_in(hit["_twin"].implode()))
        .then(turned)
        .otherwise(pl.col("rank"))
    )
    return ground.rows.with_columns(rank=ranks), replace(prefs, responses=responses)
