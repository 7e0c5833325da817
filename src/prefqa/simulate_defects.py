"""Defects planted into preferences, with the list of where they are: what rules are measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from prefqa.errors import UsageError
from prefqa.preferences import Preferences

_KEYS = ("item_id", "annotator_id", "response_id")
_LENGTH = 120


@dataclass(frozen=True)
class Planted:
    """Preferences with one kind of defect; `keys` says where: item, annotator or response ids, whichever tell."""

    preferences: Preferences
    code: str
    keys: pl.DataFrame


def _word_changed(text: str) -> str:
    words = text.split(" ")
    return " ".join([*words[:-1], "indeed."]) if len(words) > 20 else text + " Indeed."


#: What becomes of the text of a response, given the text of the one before it in its item.
TEXTS: Mapping[str, Callable[[str, str], str]] = {
    "PQ201": lambda _text, _other: " ",
    "PQ202": lambda _text, _other: "true",
    "PQ203": lambda _text, other: other,
    "PQ204": lambda _text, other: other.upper().replace(" ", "  ", 1),
    "PQ206": lambda _text, other: _word_changed(other),
    "PQ212": lambda text, _other: (text + " and so it goes on" * 10)[:_LENGTH],
    "PQ213": lambda text, _other: f"{text}\n```python\nprint(1)",
    "PQ214": lambda _text, _other: "Error: the request timed out.",
    "PQ215": lambda text, _other: f"Dear NAME_1, {text}",
    "PQ216": lambda text, _other: f"{text}<|im_end|>",
    "PQ219": lambda text, _other: f"{text} That isnâ€™t all.",
    "PQ222": lambda text, _other: f"{text} Write to jane.doe@university.edu.",
}
#: What becomes of a row of judgments.
ROWS: Mapping[str, pl.Expr] = {
    "PQ102": pl.lit(None, pl.String).alias("annotator_id"),
    "PQ104": pl.lit(0).alias("rank"),
    "PQ110": pl.lit("draft").alias("status"),
    "PQ112": pl.lit("2999-01-01T00:00:00Z").str.to_datetime(time_zone="UTC").alias("created_at"),
}
_K = pl.len().over("item_id", "annotator_id", "judgment_id")
_JUDGMENT = ("item_id", "annotator_id", "judgment_id")
#: The ranks that an annotator gives, by the place on the screen, the length, or a draw; `_u` is a draw per judgment.
RANKS: Mapping[str, pl.Expr] = {
    "PQ302": _K + 1 - pl.col("position"),
    "PQ303": pl.col("position"),
    "PQ304": pl.when(pl.col("_u") < 0.6).then(pl.col("position")).otherwise(pl.col("rank")),
    "PQ306": pl.when(pl.col("_u") < 0.6)
    .then(pl.col("_chars").rank("ordinal", descending=True).over(_JUDGMENT))
    .otherwise(pl.col("rank")),
    "PQ310": pl.col("_v").rank("ordinal").over(_JUDGMENT),
    "PQ311": _K + 1 - pl.col("rank"),
}
CODES = tuple(sorted([*TEXTS, *ROWS, *RANKS, "PQ103", "PQ105", "PQ208", "PQ210", "PQ301", "PQ312"]))


def plant(prefs: Preferences, code: str, *, share: float = 0.02, seed: int = 0) -> Planted:
    """Plant the defect that a rule looks for.

    Args:
        prefs: preferences of full rankings with texts and prompts, such as those of `simulate`.
        code: the rule, one of `CODES`.
        share: of the rows, judgments, items, responses or annotators (two at least) that get the defect.
        seed: of the draw.

    Raises:
        UsageError: a code for which there is nothing to plant.
    """
    if code not in CODES:
        raise UsageError(f"nothing to plant for {code!r}", hint=f"there are: {', '.join(CODES)}")
    rng = np.random.default_rng(seed)
    order = [name for name in (*_KEYS, "judgment_id") if name in prefs.columns]
    rows = prefs.judgments.collect().sort(order)
    if code in TEXTS:
        return _texts(prefs, code, share, rng)
    if code in ("PQ208", "PQ210"):
        return _prompts(prefs, rows, code, share, rng)
    if code in RANKS or code in ("PQ301", "PQ312"):
        return _annotators(prefs, rows, code, share, rng)
    return _rows(prefs, rows, code, share, rng)


def _drawn(rng: np.random.Generator, n: int, share: float, least: int = 1) -> pl.Series:
    chosen = np.zeros(n, bool)
    chosen[rng.permutation(n)[: max(round(share * n), least)]] = True
    return pl.Series("drawn", chosen)


def _texts(prefs: Preferences, code: str, share: float, rng: np.random.Generator) -> Planted:
    assert prefs.responses is not None  # noqa: S101 (said in the docstring of plant)
    responses = prefs.responses.with_columns(pl.col("text").shift().over("item_id").alias("_other"))
    # One defect per item, never in its first response, so that each pair of texts has at most one.
    first = responses.select(pl.int_range(pl.len()).over("item_id") == 1).to_series()
    at = np.flatnonzero(first.to_numpy())
    hit = np.zeros(responses.height, bool)
    hit[rng.permutation(at)[: max(round(share * at.size), 1)]] = True
    changed = [
        TEXTS[code](text, other) if here else text
        for text, other, here in zip(responses["text"], responses["_other"], hit, strict=True)
    ]
    planted = responses.drop("_other").with_columns(text=pl.Series(changed))
    pairs = code in ("PQ203", "PQ204", "PQ206")
    keys = planted.filter(pl.Series(hit)).select("item_id", *([] if pairs else ["response_id"]))
    return Planted(replace(prefs, responses=planted), code, keys)


def _prompts(prefs: Preferences, rows: pl.DataFrame, code: str, share: float, rng: np.random.Generator) -> Planted:
    assert prefs.items is not None  # noqa: S101
    items = prefs.items.with_columns(_drawn(rng, prefs.items.height // 2 * 2, share).extend_constant(
        False, prefs.items.height % 2))  # fmt: skip
    twin = pl.col("drawn").shift(-1).fill_null(False) & ~pl.col("drawn")
    items = items.with_columns(
        prompt=pl.when("drawn").then(pl.col("prompt").shift(1)).otherwise(pl.col("prompt")), _twin=twin
    )
    part = pl.when("drawn").then(pl.lit("test")).otherwise(pl.lit("train")).alias("split")
    same = items.with_columns(n=pl.len().over("prompt"))
    keys = same.filter(pl.col("n") > 1).select("item_id")
    if code == "PQ210":
        rows = rows.join(items.select("item_id", part), on="item_id", how="left", maintain_order="left")
    return Planted(_with_rows(replace(prefs, items=items.drop("drawn", "_twin")), rows), code, keys)


def _rows(prefs: Preferences, rows: pl.DataFrame, code: str, share: float, rng: np.random.Generator) -> Planted:
    if code == "PQ105":
        judgments = rows.select(_JUDGMENT).unique().sort(_JUDGMENT)
        hit = judgments.filter(_drawn(rng, judgments.height, share))
        gaps = hit.with_columns(_gap=pl.lit(2))
        moved = pl.col("rank") + pl.when(pl.col("rank") > 1).then(pl.col("_gap").fill_null(0)).otherwise(0)
        rows = rows.join(gaps, on=_JUDGMENT, how="left", maintain_order="left").with_columns(rank=moved).drop("_gap")
        return Planted(_with_rows(prefs, rows), code, hit.select("item_id", "annotator_id"))
    drawn = rows.with_columns(_drawn(rng, rows.height, share))
    hit = drawn.filter("drawn").drop("drawn")
    keys = hit.select(_KEYS)
    if code == "PQ103":
        return Planted(_with_rows(prefs, pl.concat([rows, hit])), code, keys)
    if "status" not in rows.columns and code == "PQ110":
        drawn = drawn.with_columns(status=pl.lit("submitted"))
    name = ROWS[code].meta.output_name()
    value = pl.when("drawn").then(ROWS[code]).otherwise(pl.col(name)).alias(name)
    keys = keys.drop(name) if name in keys.columns else keys
    return Planted(_with_rows(prefs, drawn.with_columns(value).drop("drawn")), code, keys)


def _annotators(prefs: Preferences, rows: pl.DataFrame, code: str, share: float, rng: np.random.Generator) -> Planted:
    people = rows.select(pl.col("annotator_id").unique().sort())
    hit = people.filter(_drawn(rng, people.height, share, least=2))
    if code == "PQ312":
        pairs = hit["annotator_id"].to_list()
        pairs = pairs[: len(pairs) // 2 * 2]
        copied = dict(zip(pairs[::2], pairs[1::2], strict=True))
        copies = rows.filter(pl.col("annotator_id").is_in(list(copied))).with_columns(
            pl.col("annotator_id").replace(copied), judgment_id=pl.format("{}/copy", "judgment_id")
        )
        kept = rows.filter(~pl.col("annotator_id").is_in(list(copied.values())))
        return Planted(_with_rows(prefs, pl.concat([kept, copies])), code, pl.DataFrame({"annotator_id": pairs}))
    theirs = pl.col("annotator_id").is_in(hit["annotator_id"].implode())
    if code == "PQ301":
        fast = pl.when(theirs).then(pl.col("duration_s") / 20).otherwise(pl.col("duration_s"))
        return Planted(_with_rows(prefs, rows.with_columns(duration_s=fast)), code, hit)
    assert prefs.responses is not None  # noqa: S101
    chars = prefs.responses.select("item_id", "response_id", _chars=pl.col("text").str.len_chars())
    wide = rows.join(chars, on=["item_id", "response_id"], how="left", maintain_order="left").with_columns(
        _v=pl.Series(rng.random(rows.height)), _u=pl.Series(rng.random(rows.height))
    )
    wide = wide.with_columns(pl.col("_u").first().over(_JUDGMENT))
    ranked = wide.with_columns(rank=pl.when(theirs).then(RANKS[code].cast(pl.Int64)).otherwise(pl.col("rank")))
    return Planted(_with_rows(prefs, ranked.drop("_chars", "_v", "_u")), code, hit)


def _with_rows(prefs: Preferences, rows: pl.DataFrame) -> Preferences:
    again = Preferences.from_long(rows.select(pl.exclude("^_.*$")), source=prefs.source)
    return replace(again, responses=prefs.responses, items=prefs.items)
