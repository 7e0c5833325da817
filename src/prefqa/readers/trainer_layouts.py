"""Files of trainers whose rows have a structure of their own: TRL (KTO), LLaMA-Factory, Axolotl, NeMo-RL and verl."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prefqa.message_json import holds_json, message_of, refuse_odd_parts
from prefqa.preferences import ROW
from prefqa.readers.declared import MESSAGES, TEXT, Declaration
from prefqa.readers.names import candidates
from prefqa.readers.records import fields_of
from prefqa.readers.tool import both, has_columns, has_fields
from prefqa.readers.trainer_rows import (
    asked,
    chosen_rows,
    has_objects,
    has_texts,
    is_blank,
    listed_rows,
    odd_labels,
    one_message,
    rated_rows,
    turns,
    unread,
    with_system,
)

_CHOSEN = "chosen is preferred to rejected"
_LABEL = "responses rated good (true) or bad (false); equal prompts are one item"
_MESSAGE = pl.Struct({"role": TEXT, "content": TEXT})
_TURN = pl.Struct({"from": TEXT, "value": TEXT})
#: Who speaks in ShareGPT's turns; other speakers (tools) keep their names.
_SPEAKERS = {"human": "user", "gpt": "assistant"}


def _text_or_messages(schema: pl.Schema, name: str) -> pl.DataType:
    return TEXT if schema.get(name) == TEXT else MESSAGES


# TRL: one labelled response per row.


def _kto_fields(schema: pl.Schema) -> Mapping[str, pl.DataType]:
    kinds = {name: _text_or_messages(schema, name) for name in ("prompt", "completion")}
    return {**kinds, "label": TEXT}


def _has_truth_values(head: pl.DataFrame) -> bool:
    """Whether the labels are true and false and nobody's own; a number or a word may as well name a class."""
    labels = head["label"].drop_nulls()
    if labels.dtype.is_nested() or candidates(
        "annotator_id", head.columns
    ):  # what each of several people says is no label of a trainer's file
        return False
    return labels.len() > 0 and labels.cast(pl.String).str.to_lowercase().is_in(["true", "false"]).all()


def _prompted(schema: pl.Schema) -> str | None:
    kinds = [schema.get("prompt"), schema.get("completion")]
    is_read = all(kind == TEXT or isinstance(kind, pl.List) for kind in kinds)
    return has_columns("prompt", "completion", "label")(schema) if is_read else None


KTO = Declaration(
    "kto",
    "TRL, unpaired preferences for KTO",
    _prompted,
    _kto_fields,
    lambda frame: rated_rows(frame, pl.col("prompt"), pl.col("completion"), "label"),
    "rated",
    _LABEL,
    _has_truth_values,
    odd_labels("label"),
    whole=True,
)


# LLaMA-Factory: rows of Alpaca and of ShareGPT.


def _conversation() -> pl.Expr:
    return with_system(turns(pl.col("conversations"), "from", "value", _SPEAKERS), pl.col("system"))


def _reply(side: str) -> pl.Expr:
    turn = pl.col(side).struct
    return one_message(turn.field("from").replace(_SPEAKERS), turn.field("value"))


SHAREGPT = Declaration(
    "llama-factory-sharegpt",
    "LLaMA-Factory, preferences in ShareGPT's form",
    both(
        has_columns("conversations"), has_objects("chosen", "from", "value"), has_objects("rejected", "from", "value")
    ),
    {"conversations": pl.List(_TURN), "chosen": _TURN, "rejected": _TURN, "system": TEXT},
    lambda frame: chosen_rows(frame, _conversation(), _reply("chosen"), _reply("rejected")),
    "pairs",
    _CHOSEN,
    whole=True,
)


def _labelled_conversations(frame: pl.DataFrame) -> pl.DataFrame:
    """Rate the last turn of each conversation; what stands before it is the prompt."""
    told = frame.with_columns(conversations=_conversation())
    turn, n = pl.col("conversations"), pl.col("conversations").list.len().cast(pl.Int64)
    return rated_rows(told, turn.list.head(n - 1), pl.when(n > 0).then(turn.list.tail(1)), "kto_tag")


SHAREGPT_KTO = Declaration(
    "llama-factory-sharegpt-kto",
    "LLaMA-Factory, ShareGPT's conversations with a KTO tag",
    both(has_fields("conversations", "from", "value"), has_columns("kto_tag")),
    {"conversations": pl.List(_TURN), "kto_tag": TEXT, "system": TEXT},
    _labelled_conversations,
    "rated",
    _LABEL,
    notes=odd_labels("kto_tag"),
    whole=True,
)
_ALPACA = {"instruction": TEXT, "input": TEXT, "system": TEXT, "history": pl.List(pl.List(TEXT))}


def _instructed(frame: pl.DataFrame) -> pl.Expr:
    """Instruction and input as one text, or as messages after the turns of the history and the system prompt."""
    given = pl.when(~is_blank(pl.col("input"))).then("input")
    question = pl.concat_str("instruction", given, separator="\n\n", ignore_nulls=True)
    question = pl.when(pl.col("instruction").is_not_null() | given.is_not_null()).then(question)
    rounds = pl.col("history")
    if not frame["history"].list.len().sum():
        return asked(frame, question, pl.col("system"))
    sides = [
        pl.struct(role=pl.lit(role), content=pl.element().list.get(at, null_on_oob=True))
        for at, role in enumerate(("user", "assistant"))
    ]
    earlier = rounds.list.eval(pl.concat_list(sides).explode()).fill_null(pl.lit([], MESSAGES))
    return with_system(earlier.list.concat(one_message("user", question)), pl.col("system"))


def _alpaca_pairs(schema: pl.Schema) -> str | None:
    more = [name for name in ("system", "history") if name in schema]
    return both(has_columns("instruction", *more[:1]), has_texts("chosen", "rejected"))(schema) if more else None


#: Without `system` and `history`, these are rows of chosen and rejected as others have them.
ALPACA = Declaration(
    "llama-factory-alpaca",
    "LLaMA-Factory, preferences in Alpaca's form with system or history",
    _alpaca_pairs,
    {**_ALPACA, "chosen": TEXT, "rejected": TEXT},
    lambda frame: chosen_rows(frame, _instructed(frame), pl.col("chosen"), pl.col("rejected")),
    "pairs",
    _CHOSEN,
    whole=True,
)
ALPACA_KTO = Declaration(
    "llama-factory-kto",
    "LLaMA-Factory, Alpaca's instructions with a KTO tag",
    has_columns("instruction", "output", "kto_tag"),
    {**_ALPACA, "output": TEXT, "kto_tag": TEXT},
    lambda frame: rated_rows(frame, _instructed(frame), pl.col("output"), "kto_tag"),
    "rated",
    _LABEL,
    notes=odd_labels("kto_tag"),
    whole=True,
)

# Axolotl: its types for DPO and for reward models.

#: Columns of question, chosen and rejected by type: chatml.intel, chatml.icr (and bradley_terry), chatml.argilla.
_TYPES = (
    ("question", "chosen", "rejected"),
    ("input", "chosen", "rejected"),
    ("instruction", "chosen_response", "rejected_response"),
)


def _axolotl_type(schema: pl.Schema) -> tuple[str, str, str] | None:
    return next((names for names in _TYPES if all(schema.get(name) == TEXT for name in names)), None)


def _sees_axolotl(schema: pl.Schema) -> str | None:
    names = _axolotl_type(schema)
    # Of these columns, question or input with a choice may belong to anything; a system prompt makes it Axolotl's.
    # A column `status` may say that a pair is a tie (distilabel), which is no concern of Axolotl.
    if names is None or ("system" not in schema and "chosen_response" not in names) or "status" in schema:
        return None
    return has_columns(*(["system"] if "system" in schema else []), *names)(schema)


def _axolotl_rows(frame: pl.DataFrame) -> pl.DataFrame:
    question, chosen, rejected = next(names for names in _TYPES if set(names) <= set(frame.columns))
    return chosen_rows(frame, asked(frame, pl.col(question), pl.col("system")), pl.col(chosen), pl.col(rejected))


AXOLOTL = Declaration(
    "axolotl",
    "Axolotl, chatml.intel, chatml.icr, chatml.argilla or bradley_terry.chat_template",
    _sees_axolotl,
    lambda schema: dict.fromkeys(("system", *(_axolotl_type(schema) or _TYPES[0])), TEXT),
    _axolotl_rows,
    "pairs",
    _CHOSEN,
)


def _messages_fields(schema: pl.Schema) -> Mapping[str, pl.DataType]:
    return {"messages": _text_or_messages(schema, "messages"), "chosen": _MESSAGE, "rejected": _MESSAGE}


def _message(side: str) -> pl.Expr:
    return pl.when(pl.col(side).struct.field("role").is_not_null()).then(pl.concat_list(side))


AXOLOTL_CHAT = Declaration(
    "axolotl-chat",
    "Axolotl, chat_template.default; LLaMA-Factory's OpenAI form",
    both(has_columns("messages"), has_objects("chosen", "role", "content"), has_objects("rejected", "role", "content")),
    _messages_fields,
    lambda frame: chosen_rows(frame, pl.col("messages"), _message("chosen"), _message("rejected")),
    "pairs",
    _CHOSEN,
    whole=True,
)

# NeMo-RL: any number of ranked completions.


def _nemo_fields(schema: pl.Schema) -> Mapping[str, pl.DataType]:
    completion = pl.Struct({"rank": TEXT, "completion": pl.List(TEXT)})  # messages as JSON
    return {"context": _text_or_messages(schema, "context"), "completions": pl.List(completion)}


def _nemo_rows(frame: pl.DataFrame) -> pl.DataFrame:
    written = pl.element().struct.field("completion").list.explode()
    refuse_odd_parts(frame.select(pl.col("completions").list.eval(written)).to_series().explode(), "completions")
    rank, texts = pl.element().struct.field("rank"), pl.element().struct.field("completion")
    message = message_of(pl.element())
    if not holds_json(frame.schema["context"]) and not _say_more(frame):
        message = pl.struct(message.struct.field("role"), message.struct.field("content"))
    completion = pl.struct(rank, texts.list.eval(message).alias("completion"))
    frame = frame.with_columns(pl.col("completions").list.eval(completion))
    one = pl.col("completions").struct
    number = one.field("rank").cast(pl.Float64, strict=False)
    place = pl.when(number.is_finite()).then(number).rank("min").over(ROW).cast(pl.Int64).cast(pl.String)
    return listed_rows(
        frame, pl.col("context"), "completions", one.field("completion"), pl.coalesce(place, one.field("rank"))
    )


def _say_more(frame: pl.DataFrame) -> bool:
    """Whether a completion has more than a role and a text."""
    texts = frame["completions"].explode().struct.field("completion").explode().drop_nulls()
    texts = texts.filter(texts.str.starts_with("{"))
    typed = pl.scan_ndjson("\n".join(texts).encode(), infer_schema_length=None) if len(texts) else None
    if typed is None or dict(typed.collect_schema()) != {"role": TEXT, "content": TEXT}:
        return typed is not None
    content = typed.select("content").collect()["content"]
    return bool(content.null_count() or content.str.contains(r"^\s*[\[{]").any())


NEMO_RL = Declaration(
    "nemo-rl",
    "NeMo-RL, ranked completions",
    both(has_columns("context"), has_fields("completions", "rank", "completion")),
    _nemo_fields,
    _nemo_rows,
    "ranked",
    "the lower rank is preferred",
    notes=lambda frame: unread(
        frame,
        pl.col("completions").list.len().fill_null(0) == 0,
        "{n} of {of} records have no completion; they give no judgment.",
        "PQ727",
    ),
    whole=True,
)


# verl: the pair stands among the extra information, where prefqa writes it.


def _has_pair(schema: pl.Schema) -> str | None:
    info = fields_of(schema.get("extra_info"))
    is_read = all(info.get(side) == TEXT for side in ("chosen", "rejected"))
    return has_fields("extra_info", "chosen", "rejected")(schema) if is_read else None


VERL = Declaration(
    "verl",
    "verl, pairs among the extra information",
    both(has_columns("prompt", "reward_model"), _has_pair),
    lambda schema: {
        "prompt": _text_or_messages(schema, "prompt"),
        "extra_info": pl.Struct({"chosen": TEXT, "rejected": TEXT}),
    },
    lambda frame: chosen_rows(
        frame,
        pl.col("prompt"),
        pl.col("extra_info").struct.field("chosen"),
        pl.col("extra_info").struct.field("rejected"),
    ),
    "pairs",
    _CHOSEN,
    whole=True,
)

LAYOUTS = (KTO, SHAREGPT, SHAREGPT_KTO, ALPACA, ALPACA_KTO, AXOLOTL, AXOLOTL_CHAT, NEMO_RL, VERL)
