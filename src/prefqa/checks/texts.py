"""The texts of responses and prompts, with what the rules ask of each computed in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints, begins
from prefqa._words import formatted
from prefqa.casts import raw_name
from prefqa.checks.patterns import ODD, ODD_BLANK, UNSTABLE, VISIBLE, Test
from prefqa.checks.words import words
from prefqa.message_json import JSON, has_other_parts
from prefqa.response_texts import TEXT

#: How much of a text an example shows.
SHOWN = 60
_ROLES = {"human": "user", "prompter": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}
#: Bytes of text that are looked at at once, so few that they stay near the processor.
_PIECE = 8_000_000
#: Letters that two texts must share at their heads and tails to be the same; taken from this many characters.
_KEY, _SLICE = 8, 32
_KEYS = ("item_id", "response_id")
_ODD_NUMBER = 0x9E3779B97F4A7C15
#: The highest bit of each of eight bytes; and seven bytes of eight.
_HIGH, _SEVEN = np.uint64(0x8080808080808080), np.uint64(2**56 - 1)


@dataclass(frozen=True)
class Texts:
    """Texts with their keys, and as many rows of figures.

    `rows`: the keys and `text`; for chat messages `text` is the last message, `context` the ones before it, `roles`
    all roles in order, `parts` the content of the last message where it has parts that are no text. `earlier`: the
    contents and calls of the messages before the last one, for rules that look at all of them. `figures`: `item`
    (number of the item), `hash`, `n_chars`, `there` (not blank), `begin` (the first eight bytes), `before` (hash of the
    turns of a response before its last; 0 if it has one), and one column per test. `hash` is of all turns.
    """

    rows: pl.DataFrame
    figures: pl.DataFrame
    earlier: Texts | None = None

    @property
    def n(self) -> int:
        """Number of texts."""
        return self.rows.height

    @cached_property
    def twins(self) -> pl.DataFrame:
        """Rows (by their number, `row`) whose text stands in their item more than once, and a `group` of the equal."""
        figures = self.figures.select("item", "hash", "there").with_row_index("row")
        some = figures.filter(_twice(figures, "hash") & figures["there"])
        if some.height:
            some = some.filter(pl.len().over("item", "hash") > 1)
        return some.select("row", group="hash")

    @cached_property
    def none(self) -> pl.DataFrame:
        """What is told of no text."""
        return self._told(self.rows.clear(), pl.col("text"))

    def where(self, mask: pl.Series, value: pl.Expr | None = None) -> pl.DataFrame:
        """Keys of the rows where `mask` holds, with `_value`: an expression of `text`, or how the text begins."""
        return self.told(self.rows.filter(mask), value) if mask.any() else self.none

    def told(self, rows: pl.DataFrame, value: pl.Expr | None = None) -> pl.DataFrame:
        """Keys of rows, with `_value`."""
        if rows.is_empty():  # of most blocks, and to make an example of nothing costs more than to look for it
            return self.none
        return self._told(rows, excerpt(pl.col("text")) if value is None else value)

    def _told(self, rows: pl.DataFrame, shown: pl.Expr) -> pl.DataFrame:
        return rows.select(*(name for name in _KEYS if name in rows.columns), shown.alias("_value"))


def excerpt(text: pl.Expr) -> pl.Expr:
    """How a text begins, on one line."""
    line = text.str.slice(0, SHOWN + 1).str.replace_all(r"\s+", " ")
    cut = text.str.len_chars() > SHOWN
    return pl.when(cut).then(line.str.slice(0, SHOWN) + "…").otherwise(line)


def normal(texts: pl.Series) -> pl.Series:
    """Texts without what is not their content: space, case, and the form of their characters (Unicode NFKC)."""
    # To look whether there is anything to change is far cheaper than to change it; ASCII has no other form.
    odd = not_ascii(texts)
    composed = changed(texts, _matching(texts, odd, UNSTABLE), lambda some: some.str.normalize("NFKC"))
    lowered = composed.str.to_lowercase()
    blank = lowered.str.contains(r"[\t-\r]") | lowered.str.contains("  ", literal=True)
    blank |= _matching(lowered, odd, ODD_BLANK)
    return changed(lowered, blank, lambda some: some.str.replace_all(r"\s+", " ")).str.strip_chars()


def not_ascii(texts: pl.Series) -> pl.Series:
    """Which texts have a character that is not ASCII."""
    return texts.str.len_bytes() != texts.str.len_chars()


def _matching(texts: pl.Series, where: pl.Series, pattern: str) -> pl.Series:
    """Which of some texts match a pattern, which is not asked of the others."""
    places = where.arg_true()
    return mask_of(places.filter(texts.filter(where).str.contains(pattern)), texts.len())


def changed(texts: pl.Series, where: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Texts, of which some are changed."""
    places = where.arg_true()
    return texts.clone().scatter(places, change(texts.filter(where))) if places.len() else texts


def unusable(schema: Mapping[str, pl.DataType], column: str) -> str | None:
    """Say why there are no texts in a column of a table with this schema, if so."""
    if column not in schema:
        return f"there is no {column} of {'responses' if column == TEXT else 'items'}"
    if _parts(schema[column], column) is None:
        return f"column {column!r} holds {schema[column]}, not text or chat messages"
    return None


def none_said(texts: pl.DataFrame, rows: pl.DataFrame, column: str) -> str | None:
    """Say that not one of the rows of a column has a text, if so."""
    if texts["n_chars"].null_count() < texts.height or raw_name(column) in rows.columns:
        return None
    return f"no {'response' if column == TEXT else 'item'} has a {column}"


def texts_of(table: pl.DataFrame, column: str, tests: Mapping[str, Test]) -> Texts:
    """Return the texts in a usable column of a table with `item_id`."""
    parts = dict(_parts(table.schema[column], column) or {})
    said_before = parts.pop("earlier", None)
    kept = [name for name in (*_KEYS, raw_name(column)) if name in table.columns and name not in parts]
    rows = table.select(*kept, *(expression.alias(name) for name, expression in parts.items()))
    text = pl.col("text")
    before = _before(rows.columns)
    asked = [
        (text.hash() ^ before ^ _media(rows.columns)).alias("hash"),
        before.alias("before"),
        text.str.len_chars().alias("n_chars"),
        _eight(text).alias("begin"),
        pl.any_horizontal(pl.lit(False), *(test.screen for test in tests.values())).alias("screened"),
    ]
    # All that is asked of one piece before the next: each answer goes through the texts, which are then at hand.
    step = n_texts(rows["text"], _PIECE)
    pieces = [rows[low : low + step] for low in range(0, max(rows.height, 1), step)]
    figures = pl.concat([piece.lazy().select(asked).collect() for piece in pieces])
    screened = figures["screened"]
    # Filtered, not gathered: that would copy the texts.
    closer = rows["text"].filter(screened).to_frame().select(**{code: test.closer for code, test in tests.items()})
    places = screened.arg_true()
    found = [mask_of(places.filter(closer[code]), rows.height).alias(code) for code in tests]
    more = rows["item_id"].rle_id().alias("item"), _there(rows["text"], figures["begin"]).alias("there")
    earlier = None if said_before is None else _earlier(table, said_before, tests)
    return Texts(rows, figures.drop("screened").with_columns(*more, *found), earlier)


def _earlier(table: pl.DataFrame, said: pl.Expr, tests: Mapping[str, Test]) -> Texts | None:
    """The messages before the last one as texts, for the tests that are made of all messages."""
    keys = [name for name in _KEYS if name in table.columns]
    rows = table.select(*keys, said.alias("text")).filter(pl.col("text") != "")
    tests = {code: test for code, test in tests.items() if test.of_prompts}
    return texts_of(rows, "text", tests) if rows.height else None


def _media(columns: Sequence[str]) -> pl.Expr:
    """Hash of the parts of a message that are no text; 0 where it has none."""
    if "parts" not in columns:
        return pl.lit(0, pl.UInt64)
    return pl.when(pl.col("parts").is_not_null()).then(pl.col("parts").hash()).otherwise(pl.lit(0, pl.UInt64))


def _before(columns: Sequence[str]) -> pl.Expr:
    """Hash of what a response of several turns has before its last message; 0 where that is all of it."""
    if "context" not in columns:
        return pl.lit(0, pl.UInt64)
    several = pl.col("roles").str.contains(r"^(assistant|tool|function),")
    return pl.when(several.fill_null(value=False)).then(pl.col("context").hash()).otherwise(pl.lit(0, pl.UInt64))


def _there(texts: pl.Series, begin: pl.Series) -> pl.Series:
    """Whether a text has a character that is seen; told by its first byte where that is ASCII and no blank."""
    there = pl.Series(_plain(begin.fill_null(0).to_numpy()))
    return there | _matching(texts, ~there, VISIBLE)


def n_texts(texts: pl.Series, n_bytes: int) -> int:
    """How many of these texts have about so many bytes."""
    return max(n_bytes * texts.len() // max(int(texts.str.len_bytes().sum()), 1), 1)


def mask_of(places: pl.Series, size: int) -> pl.Series:
    """A mask that is true at some places."""
    mask = np.zeros(size, np.bool_)
    mask[places] = True
    return pl.Series(mask)


def text_in(schema: Mapping[str, pl.DataType], column: str) -> pl.Expr:
    """The text of a usable column, as in `Texts.rows`."""
    return (_parts(schema[column], column) or {})["text"]


def normal_candidates(texts: Texts) -> pl.DataFrame:
    """Rows (by their number, `row`) that may equal another of their item once normalised.

    What is compared is the first word, and where it is the same the first and the last letters, blanks left out, of the
    first and the last 32 characters; where they are too few, the text is a candidate whatever they are.
    """
    text = pl.col("text")
    begun = texts.figures.select("item", "hash").with_row_index("row")
    begun = begun.with_columns(_first_words(texts).alias("word")).filter(texts.figures["there"])
    begun = _alike(begun, "word")
    if begun.is_empty():
        return begun
    ends = texts.rows.select(text.filter(mask_of(begun["row"], texts.n))).select(
        head=_end(text.str.head(_SLICE), first=True), tail=_end(text.str.tail(_SLICE), first=False)
    )
    return _alike(_alike(begun.with_columns(ends), "head"), "tail")


def _alike(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Rows whose key another of their item has, or that are in an item with an unsure one."""
    some = _twice(rows, key)
    if rows[key].null_count():
        some |= rows["item"].is_in(rows.filter(pl.col(key).is_null())["item"].unique().implode())
    rows = rows.filter(some)
    if rows.is_empty():
        return rows
    unsure = pl.col(key).is_null().any().over("item")
    return rows.filter((pl.len().over("item") > 1) & (unsure | (pl.len().over("item", key) > 1)))


def _twice(rows: pl.DataFrame, key: str) -> pl.Series:
    """Whether another row could have the same item and key, a hash; null where the key is."""
    # Both in one number, of which few are there twice: to put them in order is far cheaper than to look each one up.
    packed = rows.select(pl.col(key) ^ (pl.col("item").cast(pl.UInt64) * pl.lit(_ODD_NUMBER, pl.UInt64))).to_series()
    return packed.is_in(repeated(packed.drop_nulls()).implode())


def repeated(hashes: pl.Series) -> pl.Series:
    """Which of these hashes, none of them null, stand more than once."""
    number = np.sort(hashes.to_numpy())
    return pl.Series(number[~begins(number)])


def _first_words(texts: Texts) -> pl.Series:
    """Hashes of the first seven bytes, as far as they are one word, normalised; null where they may be too few."""
    eight = texts.figures["begin"].fill_null(0).to_numpy(writable=True)
    sure = _plain(eight)
    others = np.flatnonzero(~sure)
    if others.size:
        cut = texts.rows["text"].filter(pl.Series(~sure)).str.head(_SLICE)
        eight[others] = _begin(cut.str.strip_chars_start())
        odd = ~_plain(eight[others])
        cut, others = cut.filter(pl.Series(odd)), others[odd]
        # Some blanks have several bytes, which would pass for letters.
        formed = cut.str.normalize("NFKC").str.to_lowercase().str.strip_chars_start().str.replace_all(r"\s", " ")
        sure[:] = True
        sure[others] = ((cut.str.len_chars() < _SLICE) | (formed.str.len_chars() >= _KEY + 8)).fill_null(True)
        eight[others] = _begin(formed + "\0" * 8)
    # The eighth byte may be of one character with what follows it.
    found = pl.DataFrame({"word": words(eight & _SEVEN), "sure": sure})
    return found.select(pl.when("sure").then("word")).to_series()


def _plain(eight: Ints) -> Bools:
    """Whether eight bytes are ASCII, the first no blank: what of them is one word only its case can change."""
    return np.asarray((eight & _HIGH == 0) & (eight & np.uint64(0xFF) > ord(" ")))


def _eight(text: pl.Expr) -> pl.Expr:
    """The first eight bytes; null where there are fewer."""
    return text.cast(pl.Binary).bin.head(8).bin.reinterpret(dtype=pl.UInt64, endianness="little")


def _begin(texts: pl.Series) -> pl.Series:
    return texts.to_frame().select(_eight(pl.first()).fill_null(0)).to_series()


def _end(cut: pl.Expr, *, first: bool) -> pl.Expr:
    """Hash of the first (or last) letters of a cut, normalised; null where they are so few that the cut may matter."""
    # Few texts begin or end with other than plain letters, and only these are brought to their form.
    odd = cut.str.contains(ODD)
    formed = pl.when(odd).then(cut).str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s", "")
    plain = cut.str.to_lowercase().str.replace_all(" ", "", literal=True)
    letters = pl.when(odd).then(formed).otherwise(plain)
    sure = (cut.str.len_chars() < _SLICE) | (letters.str.len_chars() >= _KEY + 8)
    return pl.when(sure).then((letters.str.head(_KEY) if first else letters.str.tail(_KEY)).hash())


def _parts(dtype: pl.DataType, column: str) -> dict[str, pl.Expr] | None:
    """How a column of texts, or of chat messages, is taken apart; None for what is neither."""
    whole = pl.col(column)
    if dtype == pl.String():
        return {"text": whole}
    if dtype == pl.Boolean() or dtype.is_numeric():
        return {"text": pl.lit(None, pl.String), raw_name(column): whole.cast(pl.String)}
    if not (isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)):
        return None
    fields = {field.name: field.dtype for field in dtype.inner.fields}
    said = next((name for name in ("content", "value", "text") if _is_said(fields.get(name))), None)
    who = next((name for name in ("role", "from", "speaker") if fields.get(name) == pl.String()), None)
    if said is None or who is None:
        return None
    role = pl.element().struct.field(who).str.to_lowercase().replace(_ROLES)
    calls = next((name for name in ("tool_calls", "function_call") if name in fields), None)
    both = JSON in fields  # either stands there, as text
    made_there = pl.lit("") if calls is None else _as_text(pl.element().struct.field(calls), fields[calls])
    if both:
        made_there += _as_text(pl.element().struct.field("function_call"), pl.String())
    content = _content(pl.element().struct.field(said), fields[said]).fill_null("")
    other = pl.lit(None, pl.String) if JSON not in fields else _other_parts(pl.element().struct.field(JSON))
    message = formatted("{}: {}{}{}", role.fill_null("?"), content, made_there, other.fill_null(""))
    last, n_before = whole.list.last(), whole.list.len().cast(pl.Int64) - 1
    made = {} if calls is None else {"calls": _is_made(last.struct.field(calls), fields[calls])}
    if both:
        made["calls"] |= last.struct.field("function_call").is_not_null()
    shown = {} if JSON not in fields else {"parts": _other_parts(last.struct.field(JSON))}
    return (
        made
        | shown
        | {
            "text": _content(last.struct.field(said), fields[said]),
            "context": whole.list.eval(message).list.head(n_before).list.join("\n"),
            "earlier": whole.list.eval(formatted("{} {}", content, made_there)).list.head(n_before).list.join("\n"),
            "roles": whole.list.eval(role.fill_null("?")).list.join(","),
        }
    )


def _is_said(dtype: Any) -> bool:
    return dtype == pl.String() or (
        isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct) and "text" in dtype.inner.to_schema()
    )


def _content(content: pl.Expr, dtype: Any) -> pl.Expr:
    """A content as text: of parts, their texts."""
    if dtype == pl.String():
        return content
    return content.list.eval(pl.element().struct.field("text")).list.join("\n", ignore_nulls=True)


def _other_parts(message: pl.Expr) -> pl.Expr:
    """The content of a message, in JSON, where it has parts that are no text; null elsewhere."""
    return pl.when(has_other_parts(message)).then(message.str.json_path_match("$.content"))


def _is_made(call: pl.Expr, dtype: Any) -> pl.Expr:
    """Whether a message calls a tool."""
    if isinstance(dtype, pl.List):
        return (call.list.len() > 0).fill_null(value=False)
    return (
        (call.str.strip_chars().str.len_bytes() > 2).fill_null(value=False)
        if dtype == pl.String()
        else call.is_not_null()
    )


def _as_text(call: pl.Expr, dtype: Any) -> pl.Expr:
    """The calls of a message as text."""
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        call = call.list.eval(pl.element().struct.json_encode()).list.join(",")
    elif isinstance(dtype, pl.Struct):
        call = call.struct.json_encode()
    return call.cast(pl.String, strict=False).fill_null("")
