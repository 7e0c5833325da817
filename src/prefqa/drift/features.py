"""What is known of responses that could decide a vote: length, any numeric column; and which model wrote them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from prefqa._types import Ints, sum_by
from prefqa.coding import Coded
from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.lookup import looked_up
from prefqa.preferences import Preferences

#: Response ids are read as names of models where no model is given and there are at most this many of them.
MAX_NAMED_RESPONSES = 12
#: Most numeric columns of responses that are followed where none is named.
MAX_NUMERIC = 6
#: Columns that measure length: where there is no text the first of them, by its logarithm, is the feature "length".
LENGTH, POSITION, MODEL = "length", "position", "model"
LENGTHS = (LENGTH, "n_words", "n_chars", "n_tokens")
#: A feature that moves so closely with another one, within items, is not tested beside it.
_SAME = 0.98
#: Names of places in a comparison, which do not say who wrote a response.
_SLOT = re.compile(
    r"left|right|first|second|third|fourth|top|bottom|upper|lower|chosen|rejected|preferred|base|baseline|one|two|three"
    r"|(r|resp|response|answer|ans|option|opt|choice|completion|output|candidate|cand|model|assistant|system|sys|text"
    r"|slot|side|sample|generation|gen|image|img|video|summary|reply|variant|arm|position|pos)?"
    r"[_\-. #:]*([0-9]{1,3}|[a-z])",
    re.IGNORECASE,
)
_UNKNOWN_LENGTH = "no text and no length of responses is known"


class Features(NamedTuple):
    """Values of responses less their mean, [n_names, n_listed]; NaN = not known.

    `length_is_log` says whether "length" is a logarithm, `length_mean` its mean. `model` is the number of each listed
    response's model, `n_models` where unknown, or None. `not_tested` has the reason for each column that is no
    feature.
    """

    names: list[str]
    values: NDArray[np.float32]
    length_is_log: bool
    length_mean: float
    model: Ints | None
    n_models: int
    not_tested: dict[str, str]


class _Known(NamedTuple):
    """A table of responses, item_id and response_id first, with the features and the model; and what is none."""

    table: pl.DataFrame
    length_is_log: bool
    not_tested: dict[str, str]


def response_features(
    prefs: Preferences, coded: Coded, item: Ints, response: Ints, wanted: Sequence[str] | None
) -> Features:
    """Look up the features of responses by their codes: log length and the columns `wanted`; and their models."""
    known, length_is_log, not_tested = _known(prefs, wanted)
    names = [name for name in known.columns if name not in ("item_id", "response_id", MODEL)]
    listed = known if known.width == 2 else looked_up(known, coded, item, response)
    models = listed[MODEL] if MODEL in listed.columns else _response_names(coded, item, response)
    columns: dict[str, NDArray[np.float64]] = {}
    length_mean = 0.0
    for name in names:
        column = listed[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        column = np.where(np.isfinite(column), column, np.nan)
        reason = _no_feature(item, column, columns if wanted is None else {})
        if reason:
            not_tested[name] = reason
            continue
        mean = float(np.nanmean(column))
        length_mean = mean if name == LENGTH else length_mean
        columns[name] = column - mean
    values = np.stack(list(columns.values())) if columns else np.empty((0, item.size))
    number, n_models = (None, 0) if models is None else _numbers(models)
    return Features(list(columns), values.astype(np.float32), length_is_log, length_mean, number, n_models, not_tested)


def _no_feature(item: Ints, column: NDArray[np.float64], others: dict[str, NDArray[np.float64]]) -> str | None:
    """Why a column cannot be tested; None where it can."""
    within = _within(item, column)
    if not np.abs(within).max(initial=0.0) > 1e-9 * max(float(np.abs(np.nan_to_num(column)).max(initial=0.0)), 1.0):
        return "no item has responses that differ in it"
    lowest = np.nanmin(column)
    forms = [within, _within(item, np.log(column))] if lowest > 0 else [within]
    for name, other in others.items():
        by = _within(item, other)
        size = float(by @ by)
        alike = max(abs(float(form @ by)) / max(float(np.sqrt(size * float(form @ form))), 1e-300) for form in forms)
        if alike > _SAME:
            return f"it moves as {name} does (correlation {alike:.2f})"
    return None


def _within(item: Ints, column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values less the mean of their item, 0 where not known."""
    there = np.isfinite(column)
    n = int(item.max(initial=-1)) + 1
    known = np.where(there, column, 0.0)
    mean = sum_by(item, known, n) / np.maximum(sum_by(item, there.astype(np.float64), n), 1)
    return np.where(there, known - mean[item], 0.0)


def _known(prefs: Preferences, wanted: Sequence[str] | None) -> _Known:
    """The features of responses before they are looked up, and why other columns are none."""
    responses = prefs.responses
    if responses is None:
        if wanted:
            raise UsageError("features= names columns of responses, and there are no responses")
        nothing = pl.DataFrame(schema={"item_id": pl.String, "response_id": pl.String})
        return _Known(nothing, True, {LENGTH: _UNKNOWN_LENGTH})
    schema = responses.schema
    not_tested: dict[str, str] = {}
    taken = _numeric(responses, not_tested) if wanted is None else list(dict.fromkeys(wanted))
    missing = [name for name in taken if name not in responses.columns]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, responses.columns)
    for name in taken:
        if not (schema[name].is_numeric() or schema[name] == pl.Boolean()):
            raise UsageError(f"features: column {name!r} holds {schema[name]}, not numbers")
    if wanted is not None:
        others = [name for name, dtype in schema.items() if dtype.is_numeric() and name not in wanted]
        not_tested |= dict.fromkeys(others, "it is not among the features that were named")
    source = _length_column(prefs, responses)
    is_log = source is None or source != LENGTH or not float(responses[LENGTH].cast(pl.Float64).min() or 0.0) < 1  # type: ignore[arg-type]
    length: list[pl.Expr] = []
    if source is None:
        not_tested[LENGTH] = _UNKNOWN_LENGTH
    elif is_log:
        known = prefs.lengths
        column = pl.lit(known["n_chars"]) if source == "" and known is not None else pl.col(source)
        length = [column.cast(pl.Float64).clip(lower_bound=1).log().alias(LENGTH)]
        taken = [name for name in taken if name != source or (wanted is not None and name != LENGTH)]
        not_tested.pop(source, None)
        if source not in ("", LENGTH) and source not in taken:
            not_tested[source] = "it is tested as length"
    elif LENGTH not in taken:
        taken = [LENGTH, *taken]
        not_tested.pop(LENGTH, None)
    model = [MODEL] if MODEL in schema and responses[MODEL].n_unique() > 1 else []
    return _Known(responses.select("item_id", "response_id", *length, *taken, *model), is_log, not_tested)


def _length_column(prefs: Preferences, responses: pl.DataFrame) -> str | None:
    """Column that the feature "length" is made of; "" for the texts, None where no length is known."""
    schema = responses.schema
    if LENGTH in schema and schema[LENGTH].is_numeric():
        return LENGTH
    if prefs.lengths is not None:
        return ""
    return next((name for name in LENGTHS if name in schema and schema[name].is_numeric()), None)


def _numeric(responses: pl.DataFrame, not_tested: dict[str, str]) -> list[str]:
    """Columns that may decide votes where nothing else is said: numbers that vary, those of lengths last."""
    numbers = [name for name, dtype in responses.schema.items() if dtype.is_numeric()]
    varying = [name for name in numbers if responses[name].n_unique() > 1]
    not_tested |= {name: "it is the same for all responses" for name in numbers if name not in varying}
    varying.sort(key=lambda name: name in LENGTHS)
    not_tested |= dict.fromkeys(
        varying[MAX_NUMERIC:],
        f"only {MAX_NUMERIC} numeric columns are followed where none is named; features= names others",
    )
    return varying[:MAX_NUMERIC]


def _response_names(coded: Coded, item: Ints, response: Ints) -> pl.Series | None:
    """Response ids as models, where few of them come back from item to item and they are no names of places."""
    n_items = int((np.bincount(item, minlength=1) > 0).sum())
    if not 1 < coded.response_ids.len() <= min(MAX_NAMED_RESPONSES, n_items // 4):
        return None
    if any(_SLOT.fullmatch(str(name).strip()) for name in coded.response_ids):
        return None
    return coded.response_ids.gather(response).alias(MODEL)


def _numbers(models: pl.Series) -> tuple[Ints, int]:
    """Number of each model in the order of names; the number of models stands for one that is not known."""
    names = models.cast(pl.String)
    n = names.drop_nulls().n_unique()
    rank = names.rank("dense").cast(pl.Int64) - 1
    return rank.fill_null(n).to_numpy().astype(np.int64), n
