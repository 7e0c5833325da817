"""What is known of responses that could decide a vote: length, model, any numeric column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from prefqa._types import Bools, Ints
from prefqa.coding import Coded
from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.lookup import looked_up
from prefqa.preferences import Preferences

#: Most models that have a weight of their own; the rest are one.
MAX_MODELS = 8
#: Response ids are read as names of models where no model is given and there are at most this many of them.
MAX_NAMED_RESPONSES = 12
#: Most numeric columns of responses that are followed where none is named; those of length are one feature.
MAX_NUMERIC = 6
LENGTHS = ("n_words", "n_chars", "n_tokens", "length")
LENGTH, POSITION, MODEL = "length", "position", "model"


class Features(NamedTuple):
    """Values of responses less their mean, [n_names, n_listed]; NaN = not known."""

    names: list[str]
    values: NDArray[np.float32]


def response_features(
    prefs: Preferences, coded: Coded, item: Ints, response: Ints, wanted: Sequence[str] | None
) -> Features:
    """Look up the features of responses by their codes: log length, models as indicators, and the columns `wanted`."""
    known = _known(prefs, wanted)
    names = [name for name in known.columns if name not in ("item_id", "response_id", MODEL)]
    listed = known if known.width == 2 else looked_up(known, coded, item, response)
    models = listed[MODEL] if MODEL in listed.columns else _response_names(coded, item, response)
    indicators = {} if models is None else _indicators(models)
    values = np.empty((len(names) + len(indicators), item.size), np.float32)
    for row, name in enumerate(names):
        column = listed[name].cast(pl.Float64).to_numpy()
        finite = np.isfinite(column)
        values[row] = np.where(finite, column - column[finite].mean() if finite.any() else 0.0, np.nan)
    for row, there in enumerate(indicators.values(), len(names)):
        values[row] = there
    return Features([*names, *indicators], values)


def _known(prefs: Preferences, wanted: Sequence[str] | None) -> pl.DataFrame:
    responses = prefs.responses
    if responses is None:
        if wanted:
            raise UsageError("features= names columns of responses, and there are no responses")
        return pl.DataFrame(schema={"item_id": pl.String, "response_id": pl.String})
    wanted = _numeric(responses) if wanted is None else wanted
    missing = [name for name in wanted if name not in responses.columns]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, responses.columns)
    schema = responses.schema
    for name in wanted:
        if not (schema[name].is_numeric() or schema[name] == pl.Boolean()):
            raise UsageError(f"features: column {name!r} holds {schema[name]}, not numbers")
    length: list[pl.Expr] = []
    if LENGTH in wanted:
        pass
    elif (known := prefs.lengths) is not None:
        length = [pl.lit(known["n_chars"])]
    elif (measured := next((name for name in LENGTHS if name in schema and schema[name].is_numeric()), None)) is not None:
        length = [pl.col(measured)]
    logs = [one.cast(pl.Float64).clip(lower_bound=1).log().alias(LENGTH) for one in length]
    model = [MODEL] if MODEL in schema and responses[MODEL].n_unique() > 1 else []
    return responses.select("item_id", "response_id", *logs, *wanted, *model)


def _numeric(responses: pl.DataFrame) -> list[str]:
    """Columns that may decide votes where nothing else is said: numbers that vary, lengths apart."""
    numbers = [name for name, dtype in responses.schema.items() if dtype.is_numeric() and name not in LENGTHS]
    return [name for name in numbers if responses[name].n_unique() > 1][:MAX_NUMERIC]


def _response_names(coded: Coded, item: Ints, response: Ints) -> pl.Series | None:
    """Response ids as models, where few of them come back from item to item."""
    n_items = int((np.bincount(item, minlength=1) > 0).sum())
    if not 1 < coded.response_ids.len() <= min(MAX_NAMED_RESPONSES, n_items // 4):
        return None
    return coded.response_ids.gather(response).alias(MODEL)


def _indicators(models: pl.Series) -> dict[str, Bools]:
    """One column per model, commonest first; of two models the second says nothing that the first does not."""
    counts = models.drop_nulls().cast(pl.String).value_counts(name="n").sort("n", models.name, descending=[True, False])
    names = sorted(counts[models.name].head(MAX_MODELS).to_list())
    if counts.height == 2:
        names = names[:1]
    return {f"{MODEL}:{name}": (models == name).fill_null(value=False).to_numpy() for name in names}
