"""Data sets in which people rank several responses, or choose one of several: two on what communities value."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT, Declaration
from prefqa.readers.dialogues import MESSAGES, plain_prompts
from prefqa.readers.export import note
from prefqa.readers.identity import by_prompt
from prefqa.readers.records import fields_of
from prefqa.readers.tool import has_columns

_BLOCKS = ("world", "personal")
_RANKING = pl.List(pl.Struct({"ranking": TEXT}))
_ASSESSMENT = pl.Struct(
    {
        **dict.fromkeys(("annotator_id", "conversation_id", "importance", "representativeness", "subjectivity"), TEXT),
        "ranking_blocks": pl.Struct(dict.fromkeys(_BLOCKS, _RANKING)),
    }
)
#: Letters or names in groups from best to worst, such as B>C=D>A.
_ORDER = r"^\s*[^<>=]*[^<>=\s][^<>=]*(?:[>=][^<>=]*[^<>=\s][^<>=]*)+$"
_TURNS = ("first", "second", "third", "fourth")
_LETTERS = "abcd"


def _rankings(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per ranking, with `ranking` as it is written."""
    each = frame.select(ROW, "prompt_id", assessment=pl.col("metadata").struct.field("assessments"))
    each = each.filter(pl.col("assessment").list.len() > 0).explode("assessment").unnest("assessment")
    each = each.with_row_index("_assessment")
    blocks = [
        each.select(pl.exclude("ranking_blocks"), _ranking=pl.col("ranking_blocks").struct.field(block),
                    criterion=pl.lit(block))
        .filter(pl.col("_ranking").list.len() > 0)
        .explode("_ranking")
        for block in _BLOCKS
    ]  # fmt: skip
    return pl.concat(blocks).with_columns(ranking=pl.col("_ranking").struct.field("ranking")).drop("_ranking")


def _collective(frame: pl.DataFrame) -> pl.DataFrame:
    name = pl.coalesce("prompt_id", formatted("row-{}", ROW))
    ranked = _rankings(frame).filter(pl.col("ranking").str.contains(_ORDER))
    ranked = ranked.with_row_index("_judgment").with_columns(_group=pl.col("ranking").str.split(">"))
    groups = ranked.with_columns(rank=pl.int_ranges(1, pl.col("_group").list.len() + 1)).explode("_group", "rank")
    named = groups.with_columns(response_id=pl.col("_group").str.split("=")).explode("response_id")
    named = named.with_columns(pl.col("response_id").str.strip_chars())
    texts = frame.filter(pl.col("responses").list.len() > 0).select(ROW, "responses").explode("responses")
    written = pl.col("responses").struct.field("messages")
    texts = texts.select(ROW, response_id=pl.col("responses").struct.field("response_index"), text=written).unique(
        [ROW, "response_id"], keep="first", maintain_order=True
    )
    texts = plain_prompts(texts.rename({"text": "prompt"}), role="assistant").rename({"prompt": "text"})
    prompts = plain_prompts(frame.select(ROW, prompt=pl.col("prompt").struct.field("messages")))
    rows = named.join(texts, on=[ROW, "response_id"], how="left", maintain_order="left")
    rows = rows.join(prompts, on=ROW, how="left", maintain_order="left")
    judgment = pl.coalesce("conversation_id", formatted("assessment-{}", "_assessment"))
    kept = ("importance", "representativeness", "subjectivity")
    return rows.select(
        ROW, "prompt", "annotator_id", "response_id", "text", "rank", "criterion", *kept,
        item_id=name, judgment_id=formatted("{}-{}", judgment, "criterion"),
    )  # fmt: skip


def _unread(frame: pl.DataFrame) -> tuple[Note, ...]:
    rankings = _rankings(frame)
    odd = rankings.filter(~pl.col("ranking").str.contains(_ORDER).fill_null(value=False))
    written = "{n} of {of} rankings are not written as B>C=D>A; they are left out."
    return note("PQ728", written, odd.with_columns(item_id="prompt_id"), rankings.height, value=pl.col("ranking"))


def _is_collective(schema: pl.Schema) -> bool:
    if schema["metadata"] == TEXT:  # JSON in a cell: the name of the identity of responses is nobody else's
        return "prompt_id" in schema and schema["responses"] == TEXT
    return "assessments" in fields_of(schema["metadata"]) and "response_index" in fields_of(schema["responses"])


def _community_fields(schema: pl.Schema) -> Mapping[str, pl.DataType]:
    plain = ["conversation_id", "annotator_id", "assigned_lang", "annotator_country"]
    turns = [
        f"{turn}_turn_{part}"
        for turn in _TURNS
        for part in ("prompt", "preferred_response", *(f"response_{letter}" for letter in _LETTERS))
    ]
    return dict.fromkeys([*plain, *(name for name in turns if name in schema)], TEXT)


def _community(frame: pl.DataFrame) -> pl.DataFrame:
    """Each turn is an item of its own: the same history, question and responses may be judged by several people."""
    history: list[pl.Expr] = []
    parts = []
    for number, turn in enumerate(_turns_of(frame), start=1):
        letters = [one for one in _LETTERS if f"{turn}_turn_response_{one}" in frame.columns]
        texts = {one: _filled(f"{turn}_turn_response_{one}") for one in letters}
        asked, chosen = _filled(f"{turn}_turn_prompt"), _choice(turn)
        messages = [*history, pl.struct(role=pl.lit("user"), content=asked)]
        judged = frame.select(
            ROW, "conversation_id", "annotator_id", language="assigned_lang", country="annotator_country",
            prompt=pl.concat_list(messages).cast(MESSAGES), turn=pl.lit(number), _chosen=chosen,
            _letter=pl.lit(letters), _text=pl.concat_list(*texts.values()),
        )  # fmt: skip
        usable = asked.is_not_null() & chosen.is_in(letters)
        parts.append(judged.filter(frame.select(usable.fill_null(value=False)).to_series()))
        best = pl.coalesce(*(pl.when(chosen == one).then(text) for one, text in texts.items()))
        history = [*messages, pl.struct(role=pl.lit("assistant"), content=best)]
    if not parts:
        raise ReadError("community-alignment", "there is no turn with a prompt, responses and a preferred one")
    rows = pl.concat(parts)
    rows = rows.with_columns(_set=pl.col("_text").list.sort().list.join("\x1f", ignore_nulls=True))
    rows = rows.with_columns(item_id=by_prompt(rows, "prompt", "_set"))
    each = plain_prompts(rows).explode("_letter", "_text").filter(pl.col("_text").is_not_null())
    place = pl.col("_text").rank("dense").over("item_id").cast(pl.Int64)
    again = pl.int_range(pl.len()).over(ROW, "turn", "_text")
    name = pl.when(again > 0).then(formatted("r{}-{}", place, again + 1)).otherwise(formatted("r{}", place))
    return each.select(
        ROW, "item_id", "annotator_id", "prompt", "turn", "language", "country", response_id=name, text="_text",
        rank=pl.when(pl.col("_letter") == pl.col("_chosen")).then(1).otherwise(2),
        judgment_id=formatted("{}-{}", pl.coalesce("conversation_id", formatted("row-{}", ROW)), "turn"),
    )  # fmt: skip


def _turns_of(frame: pl.DataFrame) -> list[str]:
    needed = ("prompt", "preferred_response", "response_a", "response_b")
    return [turn for turn in _TURNS if all(f"{turn}_turn_{part}" in frame.columns for part in needed)]


def _filled(column: str) -> pl.Expr:
    text = pl.col(column)
    return pl.when(~text.str.strip_chars().is_in(["", "EMPTY STRING"])).then(text)


def _choice(turn: str) -> pl.Expr:
    return _filled(f"{turn}_turn_preferred_response").str.strip_chars().str.strip_prefix("response_").str.to_lowercase()


def _unchosen(frame: pl.DataFrame) -> tuple[Note, ...]:
    """Turns with responses of which none, or none that there is, is named as the preferred one."""
    turns = _turns_of(frame)
    asked = [
        frame.filter(_filled(f"{turn}_turn_prompt").is_not_null()).select(ROW, "annotator_id", _choice=_choice(turn))
        for turn in turns
    ]
    if not asked:
        return ()
    both = pl.concat(asked)
    odd = both.filter(~pl.col("_choice").is_in(list(_LETTERS)).fill_null(value=False))
    written = "{n} of {of} turns name no preferred response; they are left out."
    return note("PQ727", written, odd, both.height, value=pl.col("_choice"))


COLLECTIVE = Declaration(
    name="collective-alignment",
    what="collective-alignment-1, comparisons",
    sees=has_columns("prompt", "responses", "metadata"),
    confirms=lambda head: _is_collective(head.schema),
    fields={
        "prompt_id": TEXT,
        "prompt": pl.Struct({"messages": MESSAGES}),
        "responses": pl.List(pl.Struct({"response_index": TEXT, "messages": MESSAGES})),
        "metadata": pl.Struct({"assessments": pl.List(_ASSESSMENT)}),
    },
    rows=_collective,
    form="ranked",
    detail="rankings such as B>C=D>A, best first; for the world and personally, as criteria",
    notes=_unread,
)
COMMUNITY = Declaration(
    name="community-alignment",
    what="Community Alignment",
    sees=has_columns(
        "first_turn_prompt", "first_turn_response_a", "first_turn_response_b", "first_turn_preferred_response"
    ),
    fields=_community_fields,
    rows=_community,
    form="ranked",
    detail="the preferred response of each turn is better than the others, which share a rank",
    notes=_unchosen,
)
