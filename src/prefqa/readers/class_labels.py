"""Classes that Hugging Face `datasets` stores by number, with their names in the features of the data set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.dtypes import is_pattern

#: The key under which `datasets` writes its features into a Parquet file.
_KEY = "huggingface"


def names_of_classes(features: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of the classes of each column that holds classes, or lists of them."""
    found: dict[str, list[str]] = {}
    for column, feature in features.items():
        kind = _inner(feature)
        names = kind.get("names") if isinstance(kind, Mapping) else getattr(kind, "names", None)
        kind_name = kind.get("_type") if isinstance(kind, Mapping) else type(kind).__name__
        if kind_name == "ClassLabel" and isinstance(names, Sequence) and all(isinstance(name, str) for name in names):
            found[str(column)] = list(names)
    return found


def classes_in_parquet(path: Path) -> dict[str, list[str]]:
    """Return the names of classes that a Parquet file of `datasets` holds; none where it is of another origin."""
    try:
        text = pl.read_parquet_metadata(path).get(_KEY, "")
        features = json.loads(text)["info"]["features"]
    except (pl.exceptions.PolarsError, OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return names_of_classes(features) if isinstance(features, dict) else {}


def with_class_names(frame: pl.LazyFrame, classes: Mapping[str, Sequence[str]]) -> pl.LazyFrame:
    """Return the frame with the names of classes for their numbers; null for -1, which is no class."""
    schema = frame.collect_schema()
    changed = []
    for column, names in classes.items():
        dtype = schema.get(column)
        known = dict(enumerate(names))
        if is_pattern(column):
            continue
        if dtype is not None and dtype.is_integer():
            changed.append(_named(pl.col(column), known))
        elif isinstance(dtype, pl.List) and dtype.inner.is_integer():
            changed.append(pl.col(column).list.eval(_named(pl.element(), known)))
    return frame.with_columns(changed)


def described(classes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return sentences on the columns whose numbers have names."""
    return tuple(
        f"the numbers in {column!r} are the classes {', '.join(names[:6])}{', …' if len(names) > 6 else ''}, "
        "as the file says"
        for column, names in classes.items()
    )


def _named(number: pl.Expr, known: Mapping[int, str]) -> pl.Expr:
    return number.cast(pl.Int64).replace_strict(known, default=None, return_dtype=pl.String)


def _inner(feature: Any) -> Any:
    """The feature within a list of features."""
    if isinstance(feature, Mapping):
        return (
            feature["feature"]
            if feature.get("_type") in ("List", "Sequence", "LargeList") and "feature" in feature
            else feature
        )
    if isinstance(feature, list) and len(feature) == 1:
        return feature[0]
    return getattr(feature, "feature", feature)
