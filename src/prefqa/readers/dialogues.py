"""Conversations: from marked text, from turns side by side, from contents in parts; and where two of them part."""

from __future__ import annotations

import polars as pl

from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.export import note
from prefqa.readers.nested import decode

TEXT = pl.String()
#: Chat messages.
MESSAGES = pl.List(pl.Struct({"role": TEXT, "content": TEXT}))
_PARTS = pl.List(pl.Struct({"type": TEXT, "text": TEXT}))
_KINDS = ("text", "image", "image_url", "file", "audio", "input_audio", "video")
#: Names that data sets have for the two sides of a conversation.
ROLES = {"human": "user", "prompter": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}
#: Characters that stand for the marks while a text is cut at them.
_TURN, _SAID = "\x1e", "\x1f"
_MARK = r"\n\n(Human|Assistant):"


def marked(text: pl.Expr) -> pl.Expr:
    """Messages of a text with the marks "Human:" and "Assistant:" before its turns; text without marks is the user's.

    A last turn of the assistant without text is the place for the response, and left out.
    """
    clean = text.str.replace_all(f"[{_TURN}{_SAID}]", "")
    cut = ("\n\n" + clean.str.strip_chars()).str.replace_all(_MARK, f"{_TURN}${{1}}{_SAID}").str.split(_TURN)
    two = pl.element().str.split_exact(_SAID, 1)
    role = pl.when(two.struct.field("field_0").str.strip_chars() == "Assistant").then(pl.lit("assistant"))
    no_mark = two.struct.field("field_1").is_null()
    written = (
        pl.when(no_mark).then(two.struct.field("field_0")).otherwise(two.struct.field("field_1")).str.strip_chars()
    )
    message = pl.struct(role.otherwise(pl.lit("user")).alias("role"), written.alias("content"))
    blank = no_mark & (written == "")
    turns = cut.list.eval(message.filter(~blank)).cast(MESSAGES)
    open_end = (turns.list.last().struct.field("content") == "") & (turns.list.len() > 1)
    open_end &= turns.list.last().struct.field("role") == "assistant"
    whole = pl.when(open_end).then(turns.list.head(turns.list.len() - 1)).otherwise(turns)
    return pl.when(text.is_not_null()).then(whole)


def interleaved(frame: pl.DataFrame, asked: str, answered: str) -> pl.Series:
    """Messages of a column of lists of questions and one of lists of answers, turn by turn."""
    sides = []
    for order, (column, role) in enumerate(((asked, "user"), (answered, "assistant"))):
        turn = pl.int_ranges(pl.col(column).list.len())
        turns = frame.filter(pl.col(column).list.len() > 0).select(ROW, content=column, _turn=turn)
        each = turns.explode("content", "_turn")
        sides.append(each.select(ROW, "_turn", _order=pl.lit(order), role=pl.lit(role), content="content"))
    message = pl.struct(pl.col("role"), pl.col("content").fill_null(""))
    turns = pl.concat(sides).sort(ROW, "_turn", "_order").group_by(ROW, maintain_order=True).agg(_messages=message)
    joined = frame.select(ROW).join(turns, on=ROW, how="left", maintain_order="left")
    return joined["_messages"].cast(MESSAGES)


def without_parts(frame: pl.DataFrame, *columns: str) -> tuple[pl.DataFrame, tuple[Note, ...]]:
    """Messages whose contents were lists of parts, with the texts of the parts in their place.

    Parts that are no text (images, files) are left out, and their records noted.
    """
    other: list[pl.DataFrame] = []
    for column in columns:
        each = frame.filter(pl.col(column).list.len() > 0).select(ROW, column).explode(column).unnest(column)
        contents = each["content"].unique().drop_nulls()
        contents = contents.filter(contents.str.contains(r"^\s*\[\s*\{"))
        if contents.is_empty():
            continue
        read = pl.DataFrame({"content": contents, "_parts": decode(contents, _PARTS)}).drop_nulls()
        kind, text = pl.element().struct.field("type"), pl.element().struct.field("text")
        is_text = kind == "text"
        # Somebody may have written a JSON list as a message; it is one of parts only if each says of which kind it is.
        known = kind.is_in(_KINDS).fill_null(value=False)
        read = read.filter(pl.col("_parts").list.eval(known).list.all()).select(
            "content",
            _text=pl.col("_parts").list.eval(text.filter(is_text)).list.join("\n", ignore_nulls=True),
            _other=pl.col("_parts").list.eval(~is_text).list.any(),
        )
        each = each.join(read, on="content", how="left", maintain_order="left", nulls_equal=True)
        other.append(each.filter("_other").select(ROW))
        message = pl.struct("role", pl.coalesce("_text", "content").alias("content"))
        whole = each.group_by(ROW, maintain_order=True).agg(message.alias(column))
        frame = frame.drop(column).join(whole, on=ROW, how="left", maintain_order="left")
    if not other:
        return frame, ()
    rows = pl.concat(other).unique(maintain_order=True)
    written = (
        "{n} of {of} records have messages with parts that are no text (images, files); only their texts are read."
    )
    return frame, note("PQ728", written, rows, frame.height)


def parted(frame: pl.DataFrame, first: str, second: str) -> pl.DataFrame:
    """Two conversations as `prompt`, `first_text` and `second_text`: the messages that both begin with, and the rest.

    Where each rest is one message of the assistant in all rows, the texts are plain; otherwise messages. A prompt of
    one message of the user in all rows is plain likewise.
    """
    sides = []
    for column in (first, second):
        place = pl.int_ranges(pl.col(column).list.len())
        each = frame.filter(pl.col(column).list.len() > 0).select(ROW, column, _place=place).explode(column, "_place")
        sides.append(each.unnest(column))
    both = sides[0].join(sides[1], on=[ROW, "_place"], suffix="_2", maintain_order="left")
    same = pl.col("role").eq_missing(pl.col("role_2")) & pl.col("content").eq_missing(pl.col("content_2"))
    shared = both.with_columns(_same=same.cast(pl.Int8).cum_min().over(ROW)).group_by(ROW).agg(pl.sum("_same"))
    frame = frame.join(shared, on=ROW, how="left", maintain_order="left")
    # Conversations that are equal, or one the beginning of the other, still have a response each.
    shortest = pl.min_horizontal(pl.col(first).list.len(), pl.col(second).list.len()).cast(pl.Int64)
    n_shared = pl.min_horizontal(pl.col("_same").fill_null(0).cast(pl.Int64), shortest - 1).clip(0)
    prompt = pl.when(n_shared > 0).then(pl.col(first).list.head(n_shared))
    frame = frame.with_columns(
        prompt=prompt, first_text=pl.col(first).list.slice(n_shared), second_text=pl.col(second).list.slice(n_shared)
    ).drop("_same")
    texts = ["first_text", "second_text"]
    if all(_single(frame[name], "assistant") for name in texts):
        frame = frame.with_columns(pl.col(name).list.first().struct.field("content").alias(name) for name in texts)
    return plain_prompts(frame)


def plain_prompts(frame: pl.DataFrame, *, role: str = "user") -> pl.DataFrame:
    """Prompts as plain text, where each is one message of this role."""
    if not _single(frame["prompt"], role):
        return frame
    return frame.with_columns(prompt=pl.col("prompt").list.first().struct.field("content"))


def _single(messages: pl.Series, role: str) -> bool:
    """Whether each is one message of this role, or none."""
    filled = messages.drop_nulls()
    filled = filled.filter(filled.list.len() > 0)
    roles = filled.list.first().struct.field("role")
    return bool((filled.list.len() == 1).all() and (roles == role).fill_null(value=False).all())


def up_to_turn(frame: pl.DataFrame, column: str, turn: pl.Expr) -> pl.Series:
    """Messages up to the answer to the question number `turn`, all of them where it is null."""
    each = frame.filter(pl.col(column).list.len() > 0).select(ROW, column, _turn=turn).explode(column)
    asked = (pl.col(column).struct.field("role") == "user").cast(pl.Int64).cum_sum().over(ROW)
    kept = each.filter(pl.col("_turn").is_null() | (asked <= pl.col("_turn")))
    whole = kept.group_by(ROW, maintain_order=True).agg(column)
    return frame.select(ROW).join(whole, on=ROW, how="left", maintain_order="left")[column]


def n_questions(column: str) -> pl.Expr:
    """Number of messages of the user."""
    roles = pl.col(column).list.eval(pl.element().struct.field("role") == "user")
    return roles.list.sum()
