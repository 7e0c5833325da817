"""Public data sets of pairs: two responses and a word, a number or a place for the better one.

Each reader makes long rows with the prompt and the texts in them, which `read` turns into the tables of items and
responses. The polarity of each stands in docs/formats.md and is tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name
from prefqa.errors import ReadError
from prefqa.preferences import ROW
from prefqa.readers.export import Export, Extract, misfit_note
from prefqa.readers.long_rows import PAIR, UNNAMED

_TEXT = pl.String()
_MESSAGES = pl.List(pl.Struct({"role": _TEXT, "content": _TEXT}))
#: Aspects that MultiPref asks about, each with its own preference.
_ASPECTS = ("overall", "helpful", "truthful", "harmless")


def read_helpsteer2(export: Export) -> Extract:
    """HelpSteer2's preferences: strength -3 to 3, negative where response 1 is better."""
    return _strengths(
        export, "response_1", "response_2", "preference_strength", ("all_preferences_unprocessed", "strength")
    )


def read_helpsteer3(export: Export) -> Extract:
    """HelpSteer3's preferences: score -3 to 3, negative where response 1 is better."""
    return _strengths(export, "response1", "response2", "overall_preference", ("individual_preference", "score"))


def read_shp(export: Export) -> Extract:
    """SHP: `labels` is 1 where A is the preferred comment, 0 where B is."""
    frame, note = _text(
        export, "post_id", "domain", "history", "human_ref_A", "human_ref_B", "labels", "score_A", "score_B",
        "c_root_id_A", "c_root_id_B",
    )  # fmt: skip
    said = pl.col("labels")
    better = pl.when(said == "1").then(1).when(said == "0").then(2)
    sides = [
        {"response_id": pl.coalesce(f"c_root_id_{side}", pl.lit(side)), "text": f"human_ref_{side}",
         "votes": f"score_{side}"}
        for side in "AB"
    ]  # fmt: skip
    told = frame.with_columns(item_id=_id("post_id"), prompt="history", annotator_id=pl.lit("reddit"))
    return _reading(_two(told, better, said, sides, ["domain"]), "labels 1 prefers A, 0 prefers B", note, pairs=True)


def read_pku(export: Export) -> Extract:
    """PKU-SafeRLHF: the better and the safer response by their numbers, 0 and 1."""
    frame, note = _text(export, "prompt", "response_0", "response_1", "better_response_id", "safer_response_id")
    told = frame.with_columns(item_id=formatted("row-{}", ROW), annotator_id=pl.lit(UNNAMED))
    sides = [{"response_id": pl.lit(str(n)), "text": f"response_{n}"} for n in (0, 1)]
    parts = []
    for criterion, column in (("helpful", "better_response_id"), ("safe", "safer_response_id")):
        said = pl.col(column)
        better = pl.when(said == "0").then(1).when(said == "1").then(2)
        answered = told.filter(said.is_not_null()).with_columns(criterion=pl.lit(criterion))
        parts.append(_two(answered, better, said, sides, ["criterion"]))
    said_of = "better_response_id (helpful) and safer_response_id (safe) name the better one"
    return _reading(pl.concat(parts), said_of, note)


def read_multipref(export: Export) -> Extract:
    """MultiPref: four aspects by several annotators, A-is-clearly-better to B-is-clearly-better, or Tie."""
    judged = dict.fromkeys(("evaluator", "timestamp", "time_spent", *(f"{one}_pref" for one in _ASPECTS)), _TEXT)
    groups = ("normal", "expert")
    plain = ("comparison_id", "text", "completion_a", "completion_b", "model_a", "model_b", "category")
    frame, misfits = export.records.as_text(
        dict.fromkeys(plain, _TEXT) | {f"{group}_worker_annotations": pl.List(pl.Struct(judged)) for group in groups}
    )
    sides = [{"response_id": pl.lit(side), "model": f"model_{side}", "text": f"completion_{side}"} for side in "ab"]
    parts = []
    for group in groups:
        name = f"{group}_worker_annotations"
        each = frame.filter(pl.col(name).list.len() > 0).explode(name).rename({"text": "prompt"})
        inner = pl.col(name).struct
        for aspect in _ASPECTS:
            said = inner.field(f"{aspect}_pref")
            better = pl.when(said == "Tie").then(0).when(said.str.starts_with("A-is-")).then(1).when(
                said.str.starts_with("B-is-")
            ).then(2)  # fmt: skip
            told = each.filter(said.is_not_null()).with_columns(
                item_id=_id("comparison_id"), annotator_id=inner.field("evaluator"), criterion=pl.lit(aspect),
                annotator_group=pl.lit(group), created_at=inner.field("timestamp"),
                duration_s=inner.field("time_spent"),
                strength=pl.when(said.str.contains("-slightly-")).then(1.0).when(said.str.contains("-clearly-")).then(2.0),
            )  # fmt: skip
            more = ["strength", "criterion", "annotator_group", "category", "created_at", "duration_s"]
            parts.append(_two(told, better, said, sides, more))
    note = misfit_note(misfits, frame)
    return _reading(
        pl.concat(parts),
        "A-is-... prefers A, B-is-... prefers B, four aspects as criteria; slightly has strength 1, clearly 2",
        note,
    )


def read_pandalm(export: Export) -> Extract:
    """PandaLM's test set: annotator1 to annotator3 say 1 or 2 for the better response, 0 for a tie."""
    people = [name for name in export.records.schema if name.startswith("annotator") and name[9:].isdigit()]
    if not people:
        raise ReadError(export.origin, "there is no column annotator1")
    frame, note = _text(export, "idx", "instruction", "input", "response1", "response2", "cmp_key", *people)
    asked = pl.concat_str(
        "instruction", pl.when(pl.col("input") != "").then("input"), separator="\n\n", ignore_nulls=True
    )
    told = frame.with_columns(item_id=_id("idx"), prompt=asked)
    sides = [{"response_id": pl.lit(str(n)), "text": f"response{n}"} for n in (1, 2)]
    parts = [
        _two(told.filter(pl.col(name).is_not_null()).with_columns(annotator_id=pl.lit(name)),
             _number(pl.col(name)), pl.col(name), sides, ["cmp_key"])
        for name in people
    ]  # fmt: skip
    return _reading(pl.concat(parts), "1 and 2 name the better response, 0 is a tie", note)


def read_llmbar(export: Export) -> Extract:
    """LLMBar: `label` is the number of the output that follows the instruction, a known answer."""
    frame, note = _text(export, "input", "output_1", "output_2", "label")
    told = frame.with_columns(item_id=formatted("row-{}", ROW), prompt="input", annotator_id=pl.lit("gold"))
    sides = [{"response_id": pl.lit(str(n)), "text": f"output_{n}"} for n in (1, 2)]
    better = pl.when(pl.col("label").is_in(["1", "2"])).then(_number(pl.col("label")))
    long = _two(told, better, pl.col("label"), sides, [])
    return _reading(long.with_columns(is_gold=pl.lit(True)), "label is the number of the better output", note)


def _strengths(export: Export, first: str, second: str, overall: str, each: tuple[str, str]) -> Extract:
    """Pairs with a signed strength per annotator, or where these are not there, one for all."""
    people, strength = each
    plain = dict.fromkeys((first, second, overall, "prompt", "domain", "language"), _TEXT)
    wanted = plain | {people: pl.List(pl.Struct({strength: _TEXT})), "context": _MESSAGES}
    frame, misfits = export.records.as_text(wanted)
    asked = "context" if "context" in export.records.schema else "prompt"
    told = frame.with_columns(item_id=formatted("row-{}", ROW), prompt=asked)
    single = told.with_columns(_number=pl.int_ranges(1, pl.col(people).list.len() + 1)).filter(
        pl.col(people).list.len() > 0
    )
    # Who they are is not told: each stands for one person of its own.
    single = single.explode(people, "_number").with_columns(
        _said=pl.col(people).struct.field(strength), annotator_id=formatted("{}-{}", "item_id", "_number")
    )
    rest = told.filter(pl.col(people).list.len().fill_null(0) == 0)
    rest = rest.with_columns(_said=pl.col(overall), annotator_id=pl.lit(UNNAMED))
    rows = pl.concat([single.drop(people, "_number"), rest.drop(people)], how="diagonal_relaxed")
    value = pl.col("_said").cast(pl.Float64, strict=False)
    better = pl.when(value.abs() <= 3).then(pl.when(value < 0).then(1).when(value > 0).then(2).otherwise(0))
    sides = [{"response_id": pl.lit(str(n)), "text": column} for n, column in ((1, first), (2, second))]
    rows = rows.with_columns(strength=pl.when(value.abs() <= 3).then(value.abs()))
    long = _two(rows, better, pl.col("_said"), sides, ["strength", "domain", "language"])
    said = "strength from -3 to 3, negative prefers response 1; annotators are anonymous, each stands for itself"
    return _reading(long, said, misfit_note(misfits, frame))


def _text(export: Export, *columns: str) -> tuple[pl.DataFrame, Any]:
    frame, misfits = export.records.as_text(dict.fromkeys(columns, _TEXT))
    return frame, misfit_note(misfits, frame)


def _id(column: str) -> pl.Expr:
    return pl.coalesce(column, formatted("row-{}", ROW))


def _number(said: pl.Expr) -> pl.Expr:
    """0, 1 or 2; null for anything else."""
    value = said.cast(pl.Float64, strict=False)
    return pl.when(value.is_in([0.0, 1.0, 2.0])).then(value.cast(pl.Int64))


def _two(
    frame: pl.DataFrame, better: pl.Expr, said: pl.Expr, sides: list[dict[str, Any]], more: list[str]
) -> pl.DataFrame:
    """Two rows per judgment: `better` is 0 for a tie, 1, 2, or null where what was said is none of these."""
    judged = frame.with_columns(_better=better, _told=pl.coalesce(said.cast(pl.String), pl.lit("(no vote)")))
    kept = [name for name in (ROW, "item_id", "annotator_id", "prompt", *more) if name in judged.columns]
    mine = pl.col("_better")
    rows = []
    for place, side in enumerate(sides, start=1):
        rank = pl.when(mine.is_in([0, place])).then(1).when(mine.is_not_null()).then(2).cast(pl.Int64)
        # Not in place of the rank: a value such as 3 would pass for one.
        unread = pl.when(mine.is_null()).then("_told").alias(raw_name("rank"))
        named = {name: pl.col(value) if isinstance(value, str) else value for name, value in side.items()}
        vote = mine.replace_strict(_MEANINGS, default=None, return_dtype=pl.String)
        own = {"rank": rank, "position": pl.lit(place, pl.Int64), _SAID: pl.col("_told"), _VOTE: vote}
        rows.append(judged.select(*kept, unread, **own, **named))
    return pl.concat(rows)


def _reading(long: pl.DataFrame, detail: str, notes: Any, *, pairs: bool = False) -> Extract:
    if pairs:  # one prompt may come with several pairs, which are judged apart
        names = pl.col("response_id").sort().str.join("|").over(ROW)
        long = long.with_columns(names.alias(PAIR))
    empty = [name for name in long.columns if name in _OPTIONAL and long[name].null_count() == long.height]
    votes = long.filter(pl.col("position") == 1)
    column = pl.col("criterion") if "criterion" in long.columns else pl.lit("vote")
    values = (
        votes.group_by(column.alias("column"), pl.col(_SAID).alias("value"), pl.col(_VOTE).alias("meaning"))
        .agg(count=pl.len().cast(pl.Int64))
        .sort("column", "count", "value", descending=[False, True, False])
    )
    return Extract(long.drop(*empty, _SAID, _VOTE), None, None, detail, notes, values=values)


#: What a row was read from, for the table of values; not kept.
_SAID, _VOTE = "_said", "_vote"
_MEANINGS = {0: "tie", 1: "first", 2: "second"}


_OPTIONAL: Mapping[str, None] = dict.fromkeys(
    ("prompt", "text", "created_at", "duration_s", "strength", "domain", "language", "turn", "category", "votes")
)
