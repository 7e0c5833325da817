"""Campaigns in each shape, and values of every kind that stand where others are expected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

Row = dict[str, Any]

N_ITEMS = 4
PEOPLE = ("ann", "bob")
TEXTS = ("Water boils at 100 degrees at sea level.", "It depends on where you are standing.", "Ask a cook.")
START = dt.datetime(2025, 3, 4, 9, 30)


def _judged() -> Iterator[tuple[int, int, str]]:
    for item in range(N_ITEMS):
        for n, person in enumerate(PEOPLE):
            yield item, n, person


def _time(item: int, n: int) -> str:
    return (START + dt.timedelta(days=item, hours=n)).isoformat()


def _text(item: int, response: int) -> str:
    return f"{TEXTS[response]} Case {item}."


def _message(role: str, content: str) -> Row:
    return {"role": role, "content": content}


def rankings() -> list[Row]:
    """Long rankings with every standard column."""
    return [
        {"item_id": f"i{item}", "annotator_id": person, "response_id": f"r{r}", "rank": (r + n * (item % 2)) % 3 + 1,
         "judgment_id": f"j{item}{n}", "score": float(5 - r), "created_at": _time(item, n), "guideline_version": "v1",
         "batch": f"b{n}", "criterion": "overall", "position": r + 1, "duration_s": 30.0 + item, "status": "submitted",
         "is_gold": False, "annotator_kind": "human", "model": f"m{r}", "prompt": f"When does water boil, {item}?",
         "text": _text(item, r), "language": "en"}
        for item, n, person in _judged() for r in range(3)
    ]  # fmt: skip


def ratings() -> list[Row]:
    """One score per annotator and response."""
    return [
        {"prompt": f"When does water boil, {item}?", "annotator_id": person, "response": _text(item, r),
         "score": 1 + (r + n * (item % 2)) % 3, "model": f"m{r}", "created_at": _time(item, n)}
        for item, n, person in _judged() for r in range(3)
    ]  # fmt: skip


def votes() -> list[Row]:
    """Two responses and a vote per row."""
    return [
        {"prompt": f"When does water boil, {item}?", "response_a": _text(item, 0), "response_b": _text(item, 1),
         "winner": ("a", "b", "tie", "a")[(item + n) % 4], "annotator_id": person, "created_at": _time(item, n),
         "model_a": "m0", "model_b": "m1", "language": "en"}
        for item, n, person in _judged()
    ]  # fmt: skip


def chosen() -> list[Row]:
    """A chosen and a rejected text."""
    return [
        {"prompt": f"When does water boil, {item}?", "chosen": _text(item, 0), "rejected": _text(item, 1),
         "annotator_id": person, "score_chosen": 4.0, "score_rejected": 2.0, "source": "web"}
        for item, n, person in _judged()
    ]  # fmt: skip


def messages() -> list[Row]:
    """A chosen and a rejected dialogue."""
    return [
        {"prompt": [_message("user", f"When does water boil, {item}?")],
         "chosen": [_message("assistant", _text(item, 0))], "rejected": [_message("assistant", _text(item, 1))],
         "annotator_id": person}
        for item, n, person in _judged()
    ]  # fmt: skip


def lists() -> list[Row]:
    """Lists of responses with their ranks."""
    return [
        {"prompt": f"When does water boil, {item}?", "responses": [_text(item, r) for r in range(3)],
         "ranks": [(r + n * (item % 2)) % 3 + 1 for r in range(3)], "annotator_id": person,
         "models": ["m0", "m1", "m2"], "scores": [3.0, 2.0, 1.0]}
        for item, n, person in _judged()
    ]  # fmt: skip


def labels() -> list[Row]:
    """A label per item and annotator."""
    return [
        {"item_id": f"i{item}", "annotator_id": person, "label": ("good", "bad")[(item + n) % 2],
         "created_at": _time(item, n), "prompt": f"When does water boil, {item}?"}
        for item, n, person in _judged()
    ]  # fmt: skip


def answers() -> list[Row]:
    """A score of each item as a whole."""
    return [
        {"item_id": f"i{item}", "annotator_id": person, "score": 1 + (item + n) % 4, "text": _text(item, 0)}
        for item, n, person in _judged()
    ]  # fmt: skip


SHAPES: dict[str, Callable[[], list[Row]]] = {
    "rankings": rankings,
    "ratings": ratings,
    "pairwise": votes,
    "chosen_rejected": chosen,
    "messages": messages,
    "ranking_lists": lists,
    "labels": labels,
    "records": answers,
}

_LEVELS = ("a", "b", "c")


class Kind(NamedTuple):
    """A kind of values: a series made from those that stood there; None where these do not allow it."""

    name: str
    make: Callable[[list[Any]], pl.Series | None]


def _repeated(values: list[Any], dtype: Any = None) -> Callable[[list[Any]], pl.Series]:
    def make(before: list[Any]) -> pl.Series:
        return pl.Series([values[i % len(values)] for i in range(len(before))], dtype=dtype, strict=False)

    return make


def _texts(change: Callable[[pl.Series], pl.Series | None]) -> Callable[[list[Any]], pl.Series | None]:
    def make(before: list[Any]) -> pl.Series | None:
        return change(pl.Series(list(map(str, before)))) if all(isinstance(one, str) for one in before) else None

    return make


def _ticks(values: list[int], dtype: Any) -> Callable[[list[Any]], pl.Series]:
    def make(before: list[Any]) -> pl.Series:
        return pl.Series([values[i % len(values)] for i in range(len(before))], dtype=pl.Int64).cast(dtype)

    return make


def _nested(inner: Any) -> Callable[[list[Any]], pl.Series | None]:
    def make(before: list[Any]) -> pl.Series | None:
        if not all(isinstance(one, str) for one in before):
            return None
        frame = pl.DataFrame(
            {"x": pl.Series(before).cast(pl.Categorical if inner == "categorical" else pl.Enum(sorted(set(before))))}
        )
        return frame.select(
            pl.concat_list("x") if inner == "categorical" else pl.struct(text="x", n=pl.lit(1))
        ).to_series()

    return make


_MIN, _MAX = -(2**63), 2**63 - 1
KINDS: tuple[Kind, ...] = (
    Kind("null", _repeated([None], pl.Null)),
    Kind("null of text", _repeated([None], pl.String)),
    Kind("empty text", _repeated([""])),
    Kind("blanks", _repeated([" ", "\t", "\u00a0", "\u200b"])),
    Kind("control characters", _repeated(["\x00", "\x1b[31m", "\r\n", "\u202e"])),
    Kind("one text", _repeated(["x"])),
    Kind("long text", _repeated(["x" * 100_000, "y"])),
    Kind("brackets", _repeated(["[", "{", '["a"', "[]", "{}", "null"])),
    Kind("json text", _repeated(['["a", "b"]', '{"a": 1}'])),
    Kind("numbers as text", _repeated(["1", "2", "1e999", "-0", "0x10"])),
    Kind("true", _repeated([True])),
    Kind("booleans", _repeated([True, False, None])),
    Kind("zero", _repeated([0])),
    Kind("negative", _repeated([-1, -(2**31), 3])),
    Kind("large integers", _repeated([_MAX, _MIN, 0], pl.Int64)),
    Kind("unsigned", _repeated([2**64 - 1, 0, 1], pl.UInt64)),
    Kind("128 bits", _repeated([2**100, -(2**100), 1], pl.Int128)),
    Kind("eight bits", _repeated([1, 2, 3], pl.Int8)),
    Kind("floats", _repeated([0.5, 1.5, -0.0])),
    Kind("nan", _repeated([float("nan"), 1.0])),
    Kind("all nan", _repeated([float("nan")])),
    Kind("infinite", _repeated([float("inf"), float("-inf"), 1.0])),
    Kind("single precision", _repeated([1.0, 2.0, 3.4e38], pl.Float32)),
    Kind("decimal", _repeated([Decimal("1.50"), Decimal("2.25"), None], pl.Decimal(20, 2))),
    Kind("duration", _repeated([dt.timedelta(seconds=3), None, dt.timedelta(days=-400_000)])),
    Kind("duration at the end", _ticks([_MAX, _MIN + 1], pl.Duration("us"))),
    Kind("date", _repeated([dt.date(2025, 1, 1), dt.date(1, 1, 1), None])),
    Kind("date at the end", lambda before: _repeated([2**31 - 1, -(2**31)], pl.Int32)(before).cast(pl.Date)),
    Kind("time of day", _repeated([dt.time(9, 30), dt.time(0), None])),
    Kind("times", _repeated([START, None])),
    Kind("times at the end", _ticks([_MAX, _MIN, 0], pl.Datetime("us"))),
    Kind("times in ms at the end", _ticks([_MAX, _MIN, 0], pl.Datetime("ms"))),
    Kind("times in ns at the end", _ticks([_MAX, _MIN + 1, 0], pl.Datetime("ns"))),
    Kind("times with a zone at the end", _ticks([_MAX, _MIN], pl.Datetime("us", "Asia/Tokyo"))),
    Kind("seconds", _repeated([1_741_080_600, 1_741_080_700, 9_000_000_000_000])),
    Kind("seconds and milliseconds", _repeated([1_741_080_600, 1_741_080_700_000])),
    Kind("times as odd text", _repeated(["2025-13-45", "infinity", "0000-00-00", "9999999999999", "now"])),
    Kind("bytes of text", _texts(lambda text: text.cast(pl.Binary))),
    Kind("bytes", _repeated([b"\xff\xfe", b"\x00", b"ok"])),
    Kind("empty bytes", _repeated([b"", None], pl.Binary)),
    Kind("categorical", _texts(lambda text: text.cast(pl.Categorical))),
    Kind("other categorical", _repeated(["a", "b", None], pl.Categorical)),
    Kind("enum", _texts(lambda text: text.cast(pl.Enum(text.unique().sort())))),
    Kind("other enum", _repeated(["a", None, "b"], pl.Enum(_LEVELS))),
    Kind("list of categorical", _nested("categorical")),
    Kind("struct of enum", _nested("enum")),
    Kind("list of text", _repeated([["a", "b"], [], None, [None]])),
    Kind("list of numbers", _repeated([[1, 2], [], [3]])),
    Kind("list of one", _repeated([["a"]])),
    Kind("empty lists", _repeated([[]], pl.List(pl.Null))),
    Kind("empty lists of text", _repeated([[]], pl.List(pl.String))),
    Kind("list of bytes", _repeated([[b"\xff"], []], pl.List(pl.Binary))),
    Kind("list of times at the end", lambda old: _repeated([[_MAX], [_MIN]])(old).cast(pl.List(pl.Datetime("us")))),
    Kind("lists of lists", _repeated([[["a"], []], [[]]])),
    Kind("array", _repeated([[1, 2], [3, 4]], pl.Array(pl.Int64, 2))),
    Kind("array of text", _repeated([["a", "b"]], pl.Array(pl.String, 2))),
    Kind("array of width 0", _repeated([[]], pl.Array(pl.String, 0))),
    Kind("array of arrays", _repeated([[["a"], ["b"]]], pl.Array(pl.Array(pl.String, 1), 2))),
    Kind("struct", _repeated([{"a": 1, "b": "x"}, None])),
    Kind("struct with a text", _repeated([{"text": "a"}, {"text": None}])),
    Kind("empty struct", _repeated([{}], pl.Struct([]))),
    Kind("struct of an empty struct", _repeated([{"a": {}}], pl.Struct({"a": pl.Struct([])}))),
    Kind("struct of null", _repeated([{"a": None}], pl.Struct({"a": pl.Null}))),
    Kind("struct of a struct", _repeated([{"a": {"b": [1, None]}}, {"a": None}])),
    Kind("list of structs", _repeated([[{"a": 1}], [], None])),
    Kind("list of empty structs", _repeated([[{}], []], pl.List(pl.Struct([])))),
    Kind("messages", _repeated([[_message("user", "a"), _message("assistant", "b")], []])),
    Kind("messages without a speaker", _repeated([[{"role": None, "content": None}], [_message("user", "")]])),
    Kind("messages with a number", _repeated([[{"role": 1, "content": 2}]])),
    Kind("messages with parts", _repeated([[{"role": "user", "content": [{"type": "text", "text": "a"}]}]])),
    Kind("messages with a struct", _repeated([[{"role": {"a": 1}, "content": {"b": 2}}]])),
    Kind("objects", lambda before: pl.Series([object() for _ in before], dtype=pl.Object)),
)  # fmt: skip

#: Names that mean something to Polars, or that are ours.
NAMES = (
    "*", "^x$", "^.*$", "^_row$", "^(a|b)$", "^[$", "", " ", "\n", "a\x00b", "\u202e", "'", '"', "{}", "{0}", "%s",
    "row", "_row", "_long", "_bad", "_value", "_test x", "_test rows", "code", "reason", "n_chars", "item", "response",
    "value", "count", "len", "literal", "index", "level_0", "_rank_raw", "_created_at_raw", "_text_raw", "_naive_time",
    "_pair", "_vote", "_file", "hash", "before", "begin", "there", "media", "key", "_group", "first", "second", "tie",
    "one", "two", "n", "id", "name", "chosen_id", "rejected_id", "probability", "margin", "source", "rank_right",
    "item_id_right", "period", "stratum", "annotator", "cluster", "weight", "slice", "dense", "_status", "baseline",
    "examples", "x" * 1000, "item_id_unmapped", "source_row", "polars", "self", "by", "ß", "İ", "\U0001f600",
)  # fmt: skip

#: No value at all: the key is left out of the record.
REMOVED = object()
#: Values that are put into single records.
VALUES: tuple[Any, ...] = (
    None, REMOVED, True, 0, 1, -1, 1.5, 1e300, 2**63, 2**70, float("nan"), float("inf"), "", " ", "a", "\x1f", "\\",
    "[", '{"', "[1]", "\ud800", "2024-01-01", "9e12", "\x00",
    [], [None], [[]], ["a"], ["a", "b", "c"], [1], [1, 2], [[1], ["a"]], [True, "x", 1.5, None], ["\udfff"],
    {}, {"a": 1}, {"text": "a"}, {"a": {}}, {"value": "a", "rank": 1}, {"role": "user", "content": "a"},
    [{}], [{"role": "user", "content": "a"}], [{"role": "user", "content": None}], [{"role": "user"}],
    [{"role": "user", "content": [{"type": "image"}]}], [{"role": 1, "content": {"a": 1}}], [None, {"role": "user"}],
    dt.date(2025, 1, 1), dt.datetime(1, 1, 1), dt.timedelta(days=1), dt.time(1), Decimal("1.5"), b"ok", b"\xff",
    object(), (1, 2), {1: 2}, {None: 1}, {"": 1}, {"^x$": 1, "*": 2}, range(2),
)  # fmt: skip
