"""The one standard form of preference data: judgments (+ responses, + items), and their integer codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import polars as pl

from prefqa._types import Ints, distinct
from prefqa.casts import cast, raw_name
from prefqa.coding import Coded, encode, encode_rows, read_rows
from prefqa.dtypes import plain_columns, plain_names
from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.keyed import KeyedRows, encode_keyed
from prefqa.notes import Note
from prefqa.reading import Facts, Reading, reading_of
from prefqa.response_texts import RESPONSE, TEXT, Lengths, keyed_table, texts_in, without_texts
from prefqa.times import PLAIN, has_zone, time_forms

#: The standard columns of judgments and the types they are cast to; design and docs/data.md say what each means.
JUDGMENT_TYPES: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "item_id": pl.String(),
        "annotator_id": pl.String(),
        "response_id": pl.String(),
        "rank": pl.Int64(),
        "judgment_id": pl.String(),
        "score": pl.Float64(),
        "strength": pl.Float64(),
        "label": pl.String(),
        "created_at": pl.Datetime("us", "UTC"),
        "guideline_version": pl.String(),
        "batch": pl.String(),
        "criterion": pl.String(),
        "position": pl.Int64(),
        "duration_s": pl.Float64(),
        "status": pl.String(),
        "is_gold": pl.Boolean(),
        "annotator_kind": pl.String(),
    }
)
REQUIRED = ("item_id", "annotator_id", "response_id", "rank")
#: Where the row stood in the source, from 0; findings and the quarantine name rows by it.
ROW = "_row"
SUBMITTED = "submitted"
#: Whether the row's time came without a zone, where that differs from row to row.
NAIVE = "_naive_time"


@dataclass(frozen=True)
class Source:
    """Where preferences came from, which layout they had there, how they were read, and what the reader noted.

    `times` says how times were read that are not plain ISO 8601, and why some were not.
    """

    origin: str
    shape: str = "rankings"
    detail: str = ""
    files: tuple[str, ...] = ()
    naive_time: bool = False
    notes: tuple[Note, ...] = ()
    from_tool: bool = False
    facts: Facts = field(default_factory=Facts, repr=False, compare=False)
    annotators_known: bool = True
    times: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preferences:
    """Preference data in its standard form.

    `judgments` is lazy and long: one row per judgment and response, standard columns in their standard types, all
    further columns kept, `_row` for the place in the source. Values that could not be read as their column's type
    are null there and stand as text in `_<column>_raw`; the checks report them.

    `responses` and `items` are in memory, one row per key, sorted; texts of responses that were given lazily stay in
    their file (see `texts`).
    """

    judgments: pl.LazyFrame
    responses: pl.DataFrame | None = None
    items: pl.DataFrame | None = None
    source: Source = field(default_factory=lambda: Source("frame"))
    _codes: dict[tuple[str, ...], Coded] = field(default_factory=dict, repr=False, compare=False)
    _values: dict[tuple[str, ...], tuple[Coded, pl.Series]] = field(default_factory=dict, repr=False, compare=False)
    _read: list[tuple[KeyedRows, Ints | None]] = field(default_factory=list, repr=False, compare=False)
    _texts: pl.LazyFrame | None = field(default=None, repr=False, compare=False)
    _lengths: Lengths = field(default_factory=Lengths, repr=False, compare=False)

    @classmethod
    def from_long(
        cls,
        frame: pl.LazyFrame | pl.DataFrame,
        *,
        source: Source | None = None,
        responses: pl.LazyFrame | pl.DataFrame | None = None,
        items: pl.DataFrame | None = None,
        time_format: str | None = None,
    ) -> Preferences:
        """Cast a long frame (one row per judgment and response) to the standard types.

        Times without a known form stay unread (see `prefqa.times.time_forms`, which also says what `time_format` is).

        Of responses given as a lazy frame the texts stay where they are, if its rows are sorted by item_id and
        response_id, each once; otherwise all is read into memory.

        Raises:
            ColumnNotFoundError: if one of item_id, annotator_id, response_id, rank is not there (labels need no rank).
        """
        source = source or Source("frame")
        lazy, left_out = plain_columns(frame.lazy())
        for name in left_out:
            if name in JUDGMENT_TYPES:
                raise UsageError(f"column {name!r} holds {left_out[name]}, where {JUDGMENT_TYPES[name]} is expected")
        schema = lazy.collect_schema()
        if odd := plain_names(schema.names()):
            lazy = lazy.rename(odd)
            schema = lazy.collect_schema()
        if "label" in schema and "rank" not in schema:
            lazy = lazy.with_columns(rank=pl.lit(None, pl.Int64))
            schema = lazy.collect_schema()
        missing = [name for name in REQUIRED if name not in schema]
        if missing:
            raise ColumnNotFoundError.from_missing(missing, schema.names(), source.origin)
        if ROW not in schema:
            lazy = lazy.with_row_index(ROW)
        clock = schema.get("created_at")
        forms = PLAIN if clock is None else time_forms(lazy, "created_at", clock, time_format)
        casts: list[pl.Expr] = [pl.col(ROW).cast(pl.Int64)]
        for name, wanted in JUDGMENT_TYPES.items():
            if name not in schema:
                continue
            if raw_name(name) not in schema:
                casts += cast(name, schema[name], wanted, forms)
            elif schema[name] != wanted:  # some of a reader's rows have been read, others not yet
                typed, unread = cast(name, schema[name], wanted, forms)
                casts += [typed, pl.coalesce(pl.col(raw_name(name)), unread).alias(raw_name(name))]
        if clock == pl.String() and NAIVE not in schema:
            casts.append((~has_zone(pl.col("created_at"), forms)).alias(NAIVE))
        naive = clock == pl.Date() or (isinstance(clock, pl.Datetime) and clock.time_zone is None)
        listed, texts = without_texts(responses) if isinstance(responses, pl.LazyFrame) else (responses, None)
        return cls(
            lazy.with_columns(casts),
            listed if texts is not None else keyed_table(listed, RESPONSE),
            keyed_table(items, ("item_id",)),
            replace(source, naive_time=source.naive_time or naive, times=forms.how),
            _texts=texts,
        )

    @property
    def columns(self) -> list[str]:
        """Names of the judgment columns that the data came with or that its shape gave."""
        return [name for name in self.judgments.collect_schema().names() if not name.startswith("_")]

    @property
    def reading(self) -> Reading:
        """How the source was read: roles of columns, values of votes, scales, times and three examples, with counts."""
        return reading_of(self)

    def with_judgments(self, judgments: pl.LazyFrame) -> Preferences:
        """Return the same preferences over other judgments (codes are made anew)."""
        return replace(self, judgments=judgments, _codes={}, _values={}, _read=[])

    def of_items(self, item_ids: pl.DataFrame) -> Preferences:
        """Return the same judgments with the responses and items of some items alone (a frame of item_id)."""
        tables = (
            None if table is None else table.join(item_ids, on="item_id", how="semi", maintain_order="left")
            for table in (self.responses, self.items)
        )
        responses, items = tables
        lazily = item_ids.lazy()
        texts = (
            None if self._texts is None else self._texts.join(lazily, on="item_id", how="semi", maintain_order="left")
        )
        return replace(self, responses=responses, items=items, _texts=texts, _lengths=Lengths())

    @property
    def texts(self) -> pl.LazyFrame | None:
        """Rows of `responses`, in its order, as item_id, response_id, text and what could not be read as one.

        Lazy, since the texts may have been left in their file: what asks for a little of each does not hold them all.
        None where there are no texts.
        """
        if self._texts is not None or self.responses is None or TEXT not in self.responses.columns:
            return self._texts
        return self.responses.lazy().select(*RESPONSE, *texts_in(self.responses.columns))

    @property
    def lengths(self) -> pl.DataFrame | None:
        """Characters of the texts: item_id, response_id and n_chars in the order of `responses`; None without texts.

        The texts are read for it once, where nobody has.
        """
        return self._lengths.of((self.responses, self._texts), self.texts)

    def know_lengths(self, n_chars: pl.Series) -> None:
        """Take the characters of each text, null where there is none, from who has read the texts."""
        if self.responses is not None:
            lengths = self.responses.select(*RESPONSE).with_columns(n_chars)
            self._lengths.know((self.responses, self._texts), lengths)

    def with_texts(self) -> Preferences:
        """Return the same preferences with all texts of responses in memory."""
        if self._texts is None or self.responses is None:
            return self
        texts = self._texts.drop(RESPONSE).collect(engine="streaming")
        return replace(self, responses=self.responses.hstack(texts), _texts=None)

    def require(self, *columns: str) -> None:
        """Raise ColumnNotFoundError unless the judgments (or the items) have all of `columns`."""
        available = self.slice_columns()
        missing = [name for name in columns if name not in available]
        if missing:
            raise ColumnNotFoundError.from_missing(missing, available, self.source.origin)

    def slice_columns(self) -> list[str]:
        """Names of the columns that `by=` takes: those of the judgments, and those of the items."""
        more = [] if self.items is None else [name for name in self.items.columns if name not in self.columns]
        return self.columns + more

    def usable(self, by: Sequence[str] = ()) -> pl.LazyFrame:
        """Judgment rows that count: submitted, with all three ids, ranked; with the columns `by` of the items."""
        return self._with_slices(tuple(by), self.judgments.filter(usable_rows(self.columns)))

    def coded(self, by: Sequence[str] = (), *, whole: bool = False) -> Coded:
        """Return the usable rows with integer codes for keys, made once per `by` and kept.

        Rows are split into cells by the distinct values of `by`; all counting is within a cell. With `whole`, the codes
        without `by` are made from the same reading of the data.
        """
        key = tuple(by)
        if not key and key not in self._codes and self._read:
            self._codes[key] = encode_keyed(self._read.pop()[0])
        if key not in self._codes:
            self.require(*key)
            rows = read_rows(self._with_slices(key, self.usable()), key)
            self._codes[key] = encode_rows(rows, key)
            if whole and () not in self._codes:
                self._codes[()] = encode_rows(rows)
        return self._codes[key]

    def coded_from(self, make: Callable[[], Coded]) -> Coded:
        """As `coded()`, made where it is not known yet by `make` from another reading of the same rows."""
        if () not in self._codes:
            self._codes[()] = make()
        return self._codes[()]

    def hand_over(self, rows: KeyedRows | None, coded: Coded | None = None, place: Ints | None = None) -> None:
        """Take the usable rows from who has read them, so that `coded` without `by`, or who takes them, need not.

        `place` is that on the screen of each row of `coded`.
        """
        if coded is not None:
            self._codes.setdefault((), coded)
        self._read[:] = [] if rows is None else [(rows, place)]

    def taken(self, columns: Sequence[str]) -> tuple[KeyedRows, Ints | None] | None:
        """Return the usable rows that were handed over if they have these columns, once, and `place`; else None."""
        there = bool(self._read) and set(columns) <= set(self._read[0][0].frame.columns)
        return self._read.pop() if there else None

    def coded_values(
        self, column: str, by: Sequence[str] = (), categories: Sequence[object] | None = None
    ) -> tuple[Coded, pl.Series]:
        """Return rows that count and have a value in `column`, and its categories: those given, or all values.

        As `coded`, with `rank` the number of the category, from 1, in sorted order (labels: in the order given).
        Whether the row is ranked does not matter.

        Raises:
            UsageError: a value that is not among `categories`.
        """
        key = (f"={column}", *by, repr(categories))
        if key not in self._values:
            self.require(column, *by)
            value = pl.col(column)
            there = value.is_finite() if column == "score" else value.is_not_null()
            rows = self._with_slices(tuple(by), self.judgments.filter(usable_rows(self.columns, ranked=False) & there))
            values = rows.select(value.unique().sort()).collect()[column]
            code = value.rank("dense").cast(pl.Int64)
            if categories is not None:
                known = pl.Series(column, list(dict.fromkeys(categories)), values.dtype)
                known = known.sort() if column == "score" else known
                odd = values.filter(~values.is_in(known.implode()))
                if len(odd):
                    raise UsageError(f"column {column!r} holds {odd[0]!r}, which is not among the categories given")
                code = value.replace_strict(known, pl.int_range(1, len(known) + 1, eager=True), return_dtype=pl.Int64)
                values = known
            coded = encode(rows.with_columns(rank=code), by=by)
            if categories is None:  # a value that stands in a superseded judgment only is none
                used, number = distinct(coded.rank)
                coded, values = replace(coded, rank=(number + 1).astype(coded.rank.dtype)), values.gather(used - 1)
            self._values[key] = coded, values
        return self._values[key]

    def _with_slices(self, by: tuple[str, ...], usable: pl.LazyFrame) -> pl.LazyFrame:
        from_items = [name for name in by if name not in self.columns]
        if from_items and self.items is not None:
            usable = usable.join(self.items.lazy().select("item_id", *from_items), on="item_id", how="left")
        return usable


def usable_rows(columns: Sequence[str], *, ranked: bool = True) -> pl.Expr:
    """Expression that is true for a row that counts (see `Preferences.usable`)."""
    ids = [pl.col(name).is_not_null() & (pl.col(name) != "") for name in REQUIRED[:3]]
    status = [(pl.col("status").is_null()) | (pl.col("status") == SUBMITTED)] if "status" in columns else []
    return pl.all_horizontal(*ids, *([pl.col("rank") >= 1] if ranked else []), *status)


def stating_rows(columns: Sequence[str], values: Sequence[str] = ("rank", "score", "label")) -> pl.Expr:
    """Expression that is true for a row that states one of `values`, submitted and with all three ids."""
    tests = {
        "rank": pl.col("rank") >= 1,
        "score": pl.col("score").is_finite(),
        "label": pl.col("label").is_not_null(),
    }
    stated = [tests[name].fill_null(False) for name in values if name in columns]
    return usable_rows(columns, ranked=False) & pl.any_horizontal(pl.lit(False), *stated)


def as_preferences(data: Any) -> Preferences:
    """Return `data` itself if it is Preferences; say what to do if it is not."""
    if isinstance(data, Preferences):
        return data
    raise UsageError(
        f"expected Preferences, not {type(data).__name__}", hint="make them with prefqa.read(path_or_frame)."
    )
