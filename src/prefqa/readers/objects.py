"""Objects in memory (frames, Arrow tables, Hugging Face datasets, lists of rows) become lazy frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PanicException

from prefqa.errors import MissingExtraError, ReadError, UsageError, whole_characters
from prefqa.readers.class_labels import names_of_classes, with_class_names
from prefqa.readers.records import Records

#: How an address on the Hugging Face hub begins.
HUB = "hf://"
#: Files that mark a directory as a dataset saved by Hugging Face `datasets`: of several splits, or of one. The
#: dataset_info.json that stands beside both is also what LLaMA-Factory calls its list of data sets.
_SAVED = ("dataset_dict.json", "state.json")


@contextmanager
def sound(data: Any) -> Iterator[None]:
    """Turn a failure of Polars over a lazy frame that cannot be collected into a ReadError."""
    try:
        yield
    except (pl.exceptions.PolarsError, PanicException) as error:
        if isinstance(data, pl.LazyFrame):
            _collectable(data, error)
        raise


def _collectable(data: pl.LazyFrame, error: BaseException) -> None:
    try:
        data.select(pl.all().null_count()).collect(engine="streaming")
    except (pl.exceptions.PolarsError, PanicException) as cause:
        raise ReadError("lazy frame", f"cannot be collected: {str(cause).splitlines()[0]}") from error


def records_of_object(data: Any) -> Records:
    """Return the records of an object in memory; a list of dicts may hold values of several kinds in one place."""
    if isinstance(data, pl.LazyFrame):
        with sound(data):
            return Records.of_frame(data)
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        with whole_characters("frame"):
            return Records.of_rows(data, lambda: scan_object(data))
    return Records.of_frame(scan_object(data))


def scan_object(data: Any) -> pl.LazyFrame:
    """Return an object in memory as a lazy frame.

    Raises:
        UsageError: for an object of a kind that is not known.
        ReadError: for a frame that Polars cannot take, such as one with two columns of one name.
    """
    if isinstance(data, pl.LazyFrame):
        return data
    if isinstance(data, pl.DataFrame):
        return data.lazy()
    try:
        if type(data).__module__.split(".")[0] == "datasets":
            return _dataset(data)
        if hasattr(data, "__arrow_c_stream__"):
            return pl.DataFrame(data).lazy()
        if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
            return pl.from_dicts(data, infer_schema_length=None, strict=False).lazy()
    except (pl.exceptions.PolarsError, PanicException, ValueError, TypeError, OverflowError) as error:
        raise ReadError(type(data).__name__, f"cannot be read as a table: {error}") from error
    raise UsageError(
        f"cannot read a {type(data).__name__}",
        hint="give a path, a glob, a polars or pandas frame, an Arrow table, a dataset, or a list of dicts.",
    )


def is_saved_dataset(path: Path) -> bool:
    """Whether a directory was written by `Dataset.save_to_disk`."""
    return path.is_dir() and any((path / name).is_file() for name in _SAVED)


def load_saved(path: Path) -> pl.LazyFrame:
    """Load a dataset that `save_to_disk` wrote; nothing but its Arrow files and JSON is read."""
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "all") from error
    try:
        return _dataset(datasets.load_from_disk(str(path)))
    except ReadError:
        raise
    except Exception as error:  # datasets and pyarrow raise many kinds for a damaged directory
        raise ReadError(path, f"cannot be read as a saved dataset: {error}") from error


def load_hub(address: str) -> pl.LazyFrame:
    """Load a dataset of the Hugging Face hub: hf://OWNER/NAME, perhaps with @REVISION; code in it is never run.

    Raises:
        UsageError: an address that names no dataset.
        ReadError: the dataset cannot be loaded.
    """
    name, _, revision = address.removeprefix(HUB).removeprefix("datasets/").partition("@")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        raise UsageError(f"{address} names no dataset", hint="write hf://OWNER/NAME or hf://OWNER/NAME@REVISION.")
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "all") from error
    try:
        return _dataset(datasets.load_dataset(_on_the_hub(name), revision=revision or None))
    except (ReadError, UsageError):
        raise
    except Exception as error:  # datasets, its hub client and its readers raise many kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ReadError(address, f"cannot be loaded: {reason}") from error


def _on_the_hub(name: str) -> str:
    """Return the name under which `load_dataset` looks at the hub alone.

    By itself it takes a folder of this name in the working directory, and drops the revision; a name without an owner
    may also be one of its own readers, such as `csv`, which takes the files of the working directory.
    """
    from datasets import packaged_modules

    if name in getattr(packaged_modules, "_PACKAGED_DATASETS_MODULES", ()):
        raise UsageError(f"{HUB}{name} names a reader of the package datasets", hint=f"write {HUB}OWNER/{name}.")
    return f"{HUB}datasets/{name}" if Path(name).exists() else name


def _dataset(data: Any) -> pl.LazyFrame:
    """One dataset; or the splits of a dictionary of them, one after the other, told apart by a column `split`."""
    if isinstance(data, dict):
        parts = [_dataset(part).with_columns(split=pl.lit(str(name))) for name, part in sorted(data.items())]
        return pl.concat(parts, how="diagonal_relaxed")
    if not hasattr(data, "to_polars"):
        raise ReadError(type(data).__name__, "a streamed dataset has no end", hint="give a Dataset or DatasetDict.")
    frame: pl.DataFrame = data.to_polars()
    return with_class_names(frame.lazy(), names_of_classes(data.features or {}))
