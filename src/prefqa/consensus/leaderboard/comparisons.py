"""From judgments to comparisons of names: who was set beside whom, who won, and by how much their covariates differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints
from prefqa.coding import codes_of, latest, read_rows, sort_rows
from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.preferences import Preferences, Source
from prefqa.response_texts import TEXT
from prefqa.votes import row_pairs

#: The covariate that is counted in the text where no column has its name.
LENGTH = "length"
_KEYS = ["item_id", "response_id"]
_CODES = ["_item", "_annotator", "_response"]


@dataclass(frozen=True)
class Comparisons:
    """Votes on two different names, in the order of items; `first` is the name that sorts before `second`.

    Per vote: `item`, `annotator`, `first`, `second`, all numbers into the sorted ids; `outcome` 1 first won, 0 a tie,
    -1 second won; `x` [n, k], covariate of first less that of second, in its own unit. Names, items and annotators
    without a vote are not among the ids. `left_out` counts votes that are not there, by reason; `without_votes` are
    the names that no vote compares with another.
    """

    names: pl.Series
    item_ids: pl.Series
    annotator_ids: pl.Series
    item: Ints
    annotator: Ints
    first: Ints
    second: Ints
    outcome: Ints
    x: Floats
    left_out: dict[str, int]
    without_votes: list[str]

    @property
    def n_votes(self) -> int:
        """Number of votes."""
        return int(self.item.size)


class _Named(NamedTuple):
    """Per row: the number of its name, -1 where it has none, and its covariates."""

    names: pl.Series
    name: Ints
    x: Floats


def comparisons(prefs: Preferences, by: str, covariates: Sequence[str] = ()) -> Comparisons:
    """Return the votes of all judgments as comparisons of the names in column `by`.

    A judgment votes on each pair of responses that it ranks both of. Votes on two responses of the same name, or
    without a name or covariate on either side, are left out and counted.

    Args:
        prefs: the judgments.
        by: the column with the names: response_id, or any of the judgments or responses.
        covariates: numeric columns of judgments or responses; "length" counts the characters of the texts where no
            column is called so.
    """
    columns = list(dict.fromkeys([*([] if by == "response_id" else [by]), *covariates]))
    frame = read_rows(_with_columns(prefs, columns, covariates), columns)
    if "judgment_id" in frame.columns:
        frame = latest(frame)
    rows, ids, _ = sort_rows(frame.select(pl.exclude("^_by_.*$")))
    if columns:
        judgment = np.repeat(np.arange(rows.starts.size), np.diff(np.append(rows.starts, rows.rank.size)))
        keys = [rows.item[judgment], rows.annotator[judgment], rows.response]
        named = _values(frame, keys, by, covariates)
    else:
        named = _Named(ids.response_ids, rows.response.astype(np.int64), np.zeros((rows.rank.size, 0)))
    at, one, other = row_pairs(rows.starts, rows.rank.size)
    first, second = named.name[one], named.name[other]
    x = named.x[one] - named.x[other]
    nameless = (first < 0) | (second < 0)
    alike = (first == second) & ~nameless
    unknown = np.isnan(x).any(axis=1) & ~nameless & ~alike
    keep = ~(nameless | alike | unknown)
    left_out = {"without_name": nameless, "same_name": alike, "without_covariate": unknown}
    if not keep.all():
        at, one, other, first, second, x = (array[keep] for array in (at, one, other, first, second, x))
    outcome = np.sign(rows.rank[other] - rows.rank[one]).astype(np.int8)
    turned = first > second
    outcome[turned] *= -1
    x[turned] *= -1
    first, second = np.minimum(first, second), np.maximum(first, second)
    compared = np.bincount(first, minlength=len(named.names)) + np.bincount(second, minlength=len(named.names)) > 0
    if not compared.all():
        number = np.cumsum(compared) - 1
        first, second = number[first], number[second]
    item, item_ids = _present(rows.item[at], ids.item_ids)
    annotator, annotator_ids = _present(rows.annotator[at], ids.annotator_ids)
    return Comparisons(
        names=named.names.filter(pl.Series(compared)).alias("name"),
        item_ids=item_ids,
        annotator_ids=annotator_ids,
        item=item,
        annotator=annotator,
        first=first,
        second=second,
        outcome=outcome,
        x=x,
        left_out={reason: int(which.sum()) for reason, which in left_out.items()},
        without_votes=named.names.filter(pl.Series(~compared)).to_list(),
    )


def _present(codes: Ints, ids: pl.Series) -> tuple[Ints, pl.Series]:
    """Number anew the ids that occur."""
    there: Bools = np.bincount(codes, minlength=len(ids)) > 0
    if there.all():
        return codes, ids
    return (np.cumsum(there) - 1)[codes], ids.filter(pl.Series(there))


def _with_columns(prefs: Preferences, columns: list[str], covariates: Sequence[str]) -> pl.LazyFrame:
    """Usable rows with the wanted columns, those of responses joined."""
    usable, responses, texts = prefs.usable(), prefs.responses, prefs.texts
    more = {} if responses is None else {n: t for n, t in responses.schema.items() if n not in _KEYS}
    if texts is not None and TEXT in columns and TEXT not in more:
        more[TEXT], responses = texts.collect_schema()[TEXT], prefs.with_texts().responses
    known = dict(prefs.judgments.collect_schema()) | {n: t for n, t in more.items() if n not in prefs.columns}
    counted = LENGTH in columns and LENGTH not in known and texts is not None
    missing = [name for name in columns if name not in known and not (counted and name == LENGTH)]
    if missing:
        if missing == [LENGTH]:
            what = "covariate 'length': there are no texts of the responses to count the characters of"
            raise UsageError(what, hint="give responses with a column text, or name a numeric column instead.")
        raise ColumnNotFoundError.from_missing(missing, [n for n in known if not n.startswith("_")], _origin(prefs))
    for name in covariates:
        if name in known and not (known[name].is_numeric() or known[name] == pl.Boolean()):
            raise UsageError(f"covariate {name!r} holds {known[name]}, where numbers are expected")
    wanted = [pl.col(name) for name in columns if name in more and name not in prefs.columns]
    if counted and texts is not None:
        lengths = texts.select(*_KEYS, _characters(texts.collect_schema()["text"]).alias(LENGTH))
        usable = usable.join(lengths, on=_KEYS, how="left")
    if wanted and responses is not None:
        usable = usable.join(responses.lazy().select(*_KEYS, *wanted), on=_KEYS, how="left")
    return usable


def _characters(dtype: pl.DataType | Any) -> pl.Expr:
    """Number of characters of a text, or of the contents of chat messages."""
    text = pl.col("text")
    if dtype == pl.String():
        return text.str.len_chars()
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return text.list.eval(pl.element().struct.field("content").cast(pl.String).str.len_chars()).list.sum()
    raise UsageError(f"column 'text' of the responses holds {dtype}, where texts or chat messages are expected")


def _values(frame: pl.DataFrame, keys: list[Ints], by: str, covariates: Sequence[str]) -> _Named:
    """Name and covariates of sorted rows, whose codes of item, annotator and response are `keys`."""
    coded = [codes_of(frame, column) for column in ("item_id", "annotator_id", "response_id")]
    numbers = [pl.Series(name, codes) for name, (codes, _) in zip(_CODES, coded, strict=True)]
    label = pl.col(f"_by_{by}").cast(pl.String).replace("", None) if by != "response_id" else pl.lit(None, pl.String)
    said = frame.select(
        *numbers,
        label.alias("_name"),
        *(pl.col(f"_by_{name}").cast(pl.Float64).alias(f"_x_{name}") for name in covariates),
    )
    # A row that stands twice may differ in what it says beside the rank.
    per_row = said.group_by(_CODES).agg(
        pl.col("_name").drop_nulls().first(),
        pl.col("_name").drop_nulls().n_unique().alias("_several"),
        pl.col("^_x_.*$").mean(),
    )
    torn = per_row.filter(pl.col("_several") > 1)
    if torn.height:
        item, response = torn.sort(_CODES).select("_item", "_response").row(0)
        where = f"item {coded[0][1][item]!r}, response {coded[2][1][response]!r}"
        raise UsageError(f"column {by!r} has several values for one response: {where}")
    rows = pl.DataFrame(dict(zip(_CODES, keys, strict=True)))
    found = rows.join(per_row, on=_CODES, how="left", maintain_order="left")
    x = np.column_stack([found[f"_x_{name}"].to_numpy() for name in covariates]) if covariates else None
    x = np.zeros((found.height, 0)) if x is None else np.where(np.isfinite(x), x, np.nan)
    if by == "response_id":
        return _Named(coded[2][1], keys[2].astype(np.int64), x)
    names = found["_name"].drop_nulls().unique().sort()
    number = (
        found["_name"].replace_strict(names, pl.int_range(len(names), eager=True), default=-1) if len(names) else None
    )
    return _Named(names, np.full(found.height, -1) if number is None else number.to_numpy(), x)


def _origin(prefs: Preferences) -> str:
    source: Source = prefs.source
    return source.origin
