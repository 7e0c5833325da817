"""Pseudonyms for annotators: keyed, so that who lacks the key cannot try names until one fits."""

from __future__ import annotations

import hmac
import os
from dataclasses import replace
from pathlib import Path

import polars as pl

from prefqa.errors import UsageError
from prefqa.notes import Note
from prefqa.preferences import JUDGMENT_TYPES, Preferences, Source
from prefqa.reading import Facts
from prefqa.response_texts import RESPONSE, Lengths, keyed_table

#: Fewer bytes can be guessed.
LEAST_KEY = 16
_ENV = "env:"
#: Hexadecimal digits of a pseudonym: 64 bits, so that a million annotators collide with a chance below 1 in 10 million.
_DIGITS = 16
#: Ids with fewer characters are in other texts by chance.
_LEAST = 3
#: What people wrote and read, which is looked through by nobody here; and answers, which are no metadata.
_CONTENT = frozenset({"text", "_text_raw", "prompt", "_prompt_raw", "label", "_label_raw"})


def key_of(source: str) -> bytes:
    """Return the key that "env:NAME" (an environment variable) or a path holds, without blanks around it.

    Raises:
        UsageError: there is none, or it is shorter than 16 bytes.
    """
    if source.startswith(_ENV):
        key = os.environ.get(source.removeprefix(_ENV), "").strip().encode()
    else:
        try:
            key = Path(source).read_bytes().strip()
        except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"the key for pseudonyms cannot be read from {source!r}: {reason}") from error
    if len(key) < LEAST_KEY:
        raise UsageError(
            f"the key for pseudonyms from {source} has {len(key)} bytes, and needs {LEAST_KEY} or more",
            hint="make one with: openssl rand -hex 32; keep it away from the data.",
        )
    return key


def pseudonymise(prefs: Preferences, key: bytes) -> Preferences:
    """Return the preferences with another id for every annotator: the same key gives the same ids.

    A pseudonym is "a-" and the first 16 hexadecimal digits of HMAC-SHA256 (RFC 2104) of the id. Replaced are
    annotator_id; the same ids, and what holds them, in all other columns of judgments, responses and items, at any
    depth, in the names of columns, in what a reader noted, and in the names of files (ids with a letter and three
    characters or more; others would be found by chance); and shorter ids in columns that hold nothing but ids of
    annotators. Null and blank ids stay, since rule PQ102 speaks of them. Labels, and texts of prompts and responses,
    stay as they are: whether they name people is not known here.
    """
    ids = prefs.judgments.select(pl.col("annotator_id").unique().sort().drop_nulls()).collect().to_series().to_list()
    noted = {each for note in prefs.source.notes for each in note.rows["annotator_id"].drop_nulls()}
    names = Names({each: _pseudonym(each, key) for each in sorted({*ids, *noted}) if each.strip()})
    if not names.all:
        return prefs
    judgments = _renamed_table(prefs.judgments, names)
    prefs = replace(_with_tables(prefs, names), source=_of_source(prefs.source, names))
    return prefs.with_judgments(judgments)


class Names:
    """Pseudonyms by id: of `all` annotators, and in `told` of those whose ids are found within other texts."""

    def __init__(self, names: dict[str, str]) -> None:
        self.all = names
        told = {each: name for each, name in names.items() if len(each) >= _LEAST and any(map(str.isalpha, each))}
        # The longest first: of "ann" and "anna" the latter must not become a pseudonym and an "a".
        self.told = dict(sorted(told.items(), key=lambda pair: (-len(pair[0]), pair[0])))

    def whole(self, text: pl.Expr) -> pl.Expr:
        """Replace texts that are an id."""
        return text.replace(list(self.all), list(self.all.values()))

    def within(self, text: pl.Expr) -> pl.Expr:
        """Replace ids in texts."""
        return text.str.replace_many(list(self.told), list(self.told.values()), leftmost=True) if self.told else text

    def of_text(self, text: str) -> str:
        """Replace ids in one text."""
        return str(pl.select(self.within(pl.lit(text))).item())

    def deep(self, value: pl.Expr, kind: pl.DataType) -> pl.Expr:
        """Replace ids in texts at any depth of a column, and in the names of fields."""
        if kind == pl.String():
            return self.within(value)
        if isinstance(kind, pl.Categorical | pl.Enum):
            return self.within(value.cast(pl.String))
        if isinstance(kind, pl.List) and isinstance(kind.inner, pl.DataType):
            return value.list.eval(self.deep(pl.element(), kind.inner))
        if isinstance(kind, pl.Array) and isinstance(kind.inner, pl.DataType):
            return self.deep(value.arr.to_list(), pl.List(kind.inner))
        if isinstance(kind, pl.Struct) and kind.fields:
            fields = [
                self.deep(value.struct.field(field.name), field.dtype).alias(self.of_text(field.name))
                for field in kind.fields
                if isinstance(field.dtype, pl.DataType)
            ]
            return pl.when(value.is_not_null()).then(pl.struct(fields))
        return value


def _pseudonym(name: str, key: bytes) -> str:
    return "a-" + hmac.new(key, name.encode(), "sha256").hexdigest()[:_DIGITS]


def _renamed_table(table: pl.LazyFrame, names: Names) -> pl.LazyFrame:
    """Replace ids in the cells and names of columns of a table."""
    schema = table.collect_schema()
    kept = {name: kind for name, kind in schema.items() if name not in _CONTENT}
    texts = [name for name, kind in kept.items() if kind == pl.String() and name not in JUDGMENT_TYPES]
    ids = pl.Series(list(names.all), dtype=pl.String)
    copies = table.select(_is_copy(pl.col(name), ids).alias(name) for name in texts).collect() if texts else None
    exprs = []
    for name, kind in kept.items():
        whole = name == "annotator_id" or (copies is not None and name in copies.columns and copies[name].item())
        exprs.append((names.whole(pl.col(name)) if whole else names.deep(pl.col(name), kind)).alias(name))
    free = [name for name in schema if name not in JUDGMENT_TYPES and name not in _CONTENT]
    named = {name: names.of_text(name) for name in free}
    moved = {name: new for name, new in named.items() if new != name and new not in schema}
    return table.with_columns(exprs).rename(moved)


def _is_copy(text: pl.Expr, ids: pl.Series) -> pl.Expr:
    """Whether a column holds ids of annotators and nothing else."""
    return (text.is_in(ids.implode()).all() & text.is_not_null().any()).fill_null(value=False)


def _with_tables(prefs: Preferences, names: Names) -> Preferences:
    """The preferences with ids replaced in the tables of responses and items, which stay sorted by key."""
    responses, items = prefs.responses, prefs.items
    if responses is not None:
        keys = responses.select(RESPONSE)
        if not keys.lazy().with_columns(names.within(pl.col(name)) for name in RESPONSE).collect().equals(keys):
            prefs = prefs.with_texts()  # in another order, texts cannot stay in their file
            responses = prefs.responses
    if responses is not None:
        responses = keyed_table(_renamed_table(responses.lazy(), names).collect(), RESPONSE)
    if items is not None:
        items = keyed_table(_renamed_table(items.lazy(), names).collect(), ("item_id",))
    return replace(prefs, responses=responses, items=items, _lengths=Lengths())


def _of_source(source: Source, names: Names) -> Source:
    folder, _, file = source.origin.rpartition("/")
    return replace(
        source,
        origin=f"{folder}/{names.of_text(file)}" if folder else names.of_text(file),
        detail=names.of_text(source.detail),
        notes=tuple(_of_note(note, names) for note in source.notes),
        facts=_of_facts(source.facts, names),
    )


def _of_facts(facts: Facts, names: Names) -> Facts:
    """The reading without names of annotators, which are names of columns where each annotator has one."""
    column = names.within(names.whole(pl.col("column")))
    columns = facts.columns.with_columns(column, names.within(pl.col("note")))
    values = facts.values.with_columns(column, names.within(pl.col("value")))
    return Facts(columns, values, tuple(map(names.of_text, facts.statements)), {})


def _of_note(note: Note, names: Names) -> Note:
    others = [names.within(pl.col(name)) for name in ("item_id", "response_id")]
    annotator, value = names.whole(pl.col("annotator_id")), names.whole(names.within(pl.col("_value")))
    return replace(note, message=names.of_text(note.message), rows=note.rows.with_columns(annotator, value, *others))
