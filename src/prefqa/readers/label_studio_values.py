"""Answers of Label Studio's controls, which stand as JSON, become long rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from prefqa.readers.export import RECORD
from prefqa.readers.label_studio_config import Control
from prefqa.readers.long_rows import WORDS
from prefqa.readers.records import json_lists, json_objects

#: The sides of a pairwise control.
SIDES = ("left", "right")
#: The bucket of what was not ranked, and that of a Ranker without buckets.
UNRANKED, RANKED = "_", "rank"


def person(column: str) -> pl.Expr:
    """An id, or the id within an object."""
    said = pl.col(column)
    return pl.when(said.str.starts_with("{")).then(said.str.json_path_match("$.id")).otherwise(said)


def to_long(kind: str, answers: pl.DataFrame, control: Control | None) -> pl.DataFrame:
    """One row per answer and response, for the answers of one control; `value` holds their JSON."""
    return _READERS[kind](answers, control)


def _pairwise(answers: pl.DataFrame, _control: Control | None) -> pl.DataFrame:
    return _sides(answers, pl.col("value").str.json_path_match("$.selected"))


def _sides(answers: pl.DataFrame, said: pl.Expr) -> pl.DataFrame:
    """Two rows per answer: which of two responses is better, or that neither is."""
    words = answers.with_columns(_said=said.str.strip_chars().str.to_lowercase())
    is_tie, is_first, is_second = (pl.col("_said").is_in(WORDS[word]) for word in ("tie", "first", "second"))
    better = pl.when(is_tie).then(0).when(is_first).then(1).when(is_second).then(2)
    rows = [
        words.with_columns(
            response_id=pl.lit(side),
            position=pl.lit(place, pl.Int64),
            rank=pl.when(better.is_in([0, place])).then(pl.lit("1")).when(better.is_not_null()).then(pl.lit("2"))
            .otherwise(pl.coalesce("_said", pl.lit("(no vote)"))),
        )
        for place, side in enumerate(SIDES, start=1)
    ]  # fmt: skip
    return pl.concat(rows).drop("_said", "value")


def _ranker(answers: pl.DataFrame, control: Control | None) -> pl.DataFrame:
    """Responses of one bucket share a rank; without buckets the order is the ranking.

    Older versions write a bare list, newer ones an object of lists by bucket. Buckets run from best to worst as the
    configuration lists them; the order of keys is that of the database (see `buckets_without_order`).
    """
    answers = _with_ranker(answers)
    if answers.is_empty():
        return answers.drop("value", "_ranker").with_columns(
            response_id=pl.lit(None, pl.String), rank=pl.lit(None, pl.String)
        )
    named = control.buckets if control is not None else ()
    seen = json_objects(answers["_ranker"]).columns
    buckets = [name for name in dict.fromkeys([*named, *seen]) if name not in (UNRANKED, RANKED)]
    lists = json_objects(answers["_ranker"], dict.fromkeys((*buckets, RANKED, UNRANKED), pl.List(pl.String())))
    plain = pl.concat([answers.drop("value", "_ranker"), lists], how="horizontal").with_row_index("_answer")
    keys = [name for name in answers.columns if name not in ("value", "_ranker")]
    parts = []
    for place, bucket in enumerate([*buckets, RANKED, UNRANKED], start=1):
        rank = pl.lit(place) if bucket in buckets else pl.int_ranges(1, pl.col(bucket).list.len() + 1)
        rank = pl.lit(None, pl.Int64) if bucket == UNRANKED else rank
        filled = plain.filter(pl.col(bucket).list.len() > 0)
        rows = filled.select("_answer", *keys, response_id=bucket, _rank=rank, bucket=pl.lit(bucket))
        parts.append(rows.explode("response_id", *(["_rank"] if bucket == RANKED else [])))
    whole = pl.concat(parts, how="vertical_relaxed").sort("_answer", maintain_order=True)
    dense = pl.col("_rank").rank("dense").over("_answer").cast(pl.String)
    whole = whole.with_columns(rank=dense).drop("_answer", "_rank")
    return whole if buckets else whole.drop("bucket")


def _with_ranker(answers: pl.DataFrame) -> pl.DataFrame:
    """Add `_ranker`, the JSON of the lists by bucket; a bare list is that of the bucket `rank`."""
    ranker = pl.col("value").str.json_path_match("$.ranker")
    as_object = pl.when(ranker.str.starts_with("[")).then(pl.lit('{"rank":') + ranker + "}").otherwise(ranker)
    return answers.with_columns(_ranker=as_object).filter(pl.col("_ranker").str.starts_with("{"))


def buckets_without_order(answers: pl.DataFrame, control: Control | None) -> list[str]:
    """Return the buckets of a Ranker that no configuration puts in order, where there is more than one to order.

    Databases return the keys of an object in an order of their own (PostgreSQL by length, then by letters).
    """
    ranked = _with_ranker(answers)
    if ranked.is_empty():
        return []
    seen = [name for name in json_objects(ranked["_ranker"]).columns if name != UNRANKED]
    named = control.buckets if control is not None else ()
    unnamed = [name for name in seen if name not in named and (name != RANKED or len(seen) > 1)]
    return sorted(unnamed) if len(seen) > 1 else []


def _rating(answers: pl.DataFrame, _control: Control | None) -> pl.DataFrame:
    score = pl.col("value").str.json_path_match("$.rating")
    return answers.with_columns(response_id=pl.lit(RECORD), score=score).drop("value")


def _choices(answers: pl.DataFrame, _control: Control | None) -> pl.DataFrame:
    """A choice between two sides is a vote where every word used says a side or a tie; other choices are labels."""
    said = answers["value"].str.json_path_match("$.choices")
    chosen = answers.with_columns(json_lists(said).alias("_list"), said.alias("_said")).with_columns(
        _chosen=pl.coalesce("_list", pl.when(pl.col("_said").is_not_null()).then(pl.concat_list("_said")))
    )
    chosen = chosen.drop("_list", "_said")
    words = set(chosen["_chosen"].explode().drop_nulls().str.strip_chars().str.to_lowercase().to_list())
    sides = {side: words & set(WORDS[side]) for side in ("first", "second", "tie")}
    # Bare letters and numbers may be the names of anything, unless somebody could also call a tie.
    clear = not any(word.lstrip("-").isdigit() for word in words) and (sides["tie"] or not words & {"a", "b"})
    if clear and sides["first"] and sides["second"] and words == set().union(*sides.values()):
        return _sides(chosen, pl.col("_chosen").list.join("|")).drop("_chosen")
    label = pl.col("_chosen").list.drop_nulls().list.unique().list.sort().list.join("|")
    return chosen.with_columns(response_id=pl.lit(RECORD), label=label).drop("value", "_chosen")


def _textarea(answers: pl.DataFrame, _control: Control | None) -> pl.DataFrame:
    lines = json_lists(answers["value"].str.json_path_match("$.text"))
    plain = pl.col("value").str.json_path_match("$.text")
    text = pl.coalesce(pl.col("_lines").list.join("\n"), plain)
    return answers.with_columns(lines.alias("_lines")).with_columns(
        response_id=pl.col("annotator_id"), text=text
    ).drop("value", "_lines")  # fmt: skip


_READERS: dict[str, Callable[[pl.DataFrame, Control | None], pl.DataFrame]] = {
    "pairwise": _pairwise,
    "ranker": _ranker,
    "rating": _rating,
    "choices": _choices,
    "textarea": _textarea,
}


def listed_responses(tasks: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
    """Responses that stand in a task as a list of objects with an id: item_id, response_id, position, text."""
    parts = [
        pl.DataFrame(schema={"item_id": pl.String, "response_id": pl.String, "position": pl.Int64, "text": pl.String})
    ]
    for name in fields:
        lists = tasks.select("item_id", json_lists(tasks[name]).alias("_one")).filter(pl.col("_one").list.len() > 0)
        each = lists.with_columns(position=pl.int_ranges(1, pl.col("_one").list.len() + 1)).explode("_one", "position")
        one = pl.col("_one").str
        text = pl.coalesce(one.json_path_match(f"$.{part}") for part in ("body", "text", "html", "title"))
        parts.append(each.select("item_id", "position", response_id=one.json_path_match("$.id"), text=text))
    return pl.concat(parts, how="diagonal_relaxed").drop_nulls("response_id").unique(
        ["item_id", "response_id"], keep="first", maintain_order=True
    )  # fmt: skip
