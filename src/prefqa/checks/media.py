"""Media that responses, items and judgments name, by their paths: which they are, and whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.checks.media_files import REMOTE, digest_of, fault_of, located
from prefqa.message_json import JSON, has_other_parts, holds_json
from prefqa.preferences import Preferences
from prefqa.response_texts import RESPONSE

#: Columns that hold paths of media.
COLUMNS = ("image", "images", "video", "videos", "audio", "audios")
#: Where a value is an object, what of it is the path.
_FIELDS = ("path", "url", "file_name", "image", "image_url", "video", "video_url", "audio", "audio_url")
#: A path or an address in a part of a content, in JSON.
_PATH = (
    r'"(?:path|url|file_name|image|image_url|video|video_url|audio|audio_url|input_audio)"\s*:\s*("(?:[^"\\]|\\.)*")'
)
_SCHEMA = {"item_id": pl.String, "response_id": pl.String, "path": pl.String}


@dataclass(frozen=True)
class Media:
    """Paths with whose they are: item_id, response_id (null: of the item) and path, each once.

    Files are looked at only within a folder, and each once.
    """

    named: pl.DataFrame

    @classmethod
    def of(cls, prefs: Preferences, columns: Sequence[str]) -> Media | str:
        """Return the media in columns of responses, items and judgments and in messages, or say that there are none.

        A column of judgments is of the responses if it differs among those of most items; otherwise of the items.
        """
        parts = []
        for table, keys in ((prefs.responses, RESPONSE), (prefs.items, RESPONSE[:1]), (prefs.judgments, RESPONSE)):
            if table is None:
                continue
            for paths in _paths(table.lazy(), columns):
                each = table.lazy().select(*(pl.col(key).cast(pl.String) for key in keys), path=paths)
                rows = each.drop_nulls("item_id").explode("path").drop_nulls("path").unique().collect()
                if "response_id" not in rows.columns or (table is prefs.judgments and not _of_responses(rows)):
                    rows = rows.select("item_id", "path").unique().with_columns(response_id=pl.lit(None, pl.String))
                parts.append(rows.select(pl.col(key).cast(kind) for key, kind in _SCHEMA.items()))
        parts += _in_messages(prefs)
        named = pl.concat(parts).unique().sort(*_SCHEMA) if parts else pl.DataFrame(schema=_SCHEMA)
        return cls(named) if named.height else f"no column or message has paths of media ({', '.join(columns)})"

    @property
    def own(self) -> pl.DataFrame:
        """The media of each response as one text: item_id, response_id and `media`."""
        own = self.named.filter(pl.col("response_id").is_not_null())
        return own.group_by("item_id", "response_id").agg(media=pl.col("path").sort().str.join("\n"))

    @property
    def local(self) -> pl.DataFrame:
        """Those that are no address and no data."""
        return self.named.filter(~pl.col("path").str.contains(REMOTE))

    def faults(self, folder: Path) -> pl.DataFrame:
        """Return the local ones with `missing`, why there is no file, and `broken`, what is wrong with the file."""
        rows: list[tuple[str, str | None, str | None]] = []
        for path in self.local["path"].unique():
            file = located(folder, path)
            rows.append((path, file, None) if isinstance(file, str) else (path, None, fault_of(file)))
        schema = {"path": pl.String, "missing": pl.String, "broken": pl.String}
        return self.local.join(
            pl.DataFrame(rows, schema=schema, orient="row"), on="path", how="left", maintain_order="left"
        )

    def same(self, folder: Path | None) -> pl.DataFrame:
        """Return the responses whose media are those of another response of their item, with `media`.

        Media are the same if their paths are, and within a folder if their bytes are, too.
        """
        own = self.named.filter(pl.col("response_id").is_not_null())
        shared = own.filter(pl.col("response_id").n_unique().over("item_id") > 1)
        known = pl.DataFrame(_identities(shared, folder), schema={"path": pl.String, "_as": pl.String}, orient="row")
        whole = (
            shared.join(known, on="path", how="left", maintain_order="left")
            .group_by("item_id", "response_id", maintain_order=True)
            .agg(pl.col("_as").sort(), media=pl.col("path").sort().first())
        )
        return whole.filter(pl.len().over("item_id", pl.col("_as").list.join("\n")) > 1)


def _identities(shared: pl.DataFrame, folder: Path | None) -> list[tuple[str, str]]:
    """What tells the media of an item apart: their bytes where those of another may be the same, else their path."""
    if folder is None:
        return [(path, path) for path in shared["path"].unique()]
    files = {
        path: located(folder, path) for path in shared.filter(~pl.col("path").str.contains(REMOTE))["path"].unique()
    }
    sizes = {path: file.stat().st_size for path, file in files.items() if isinstance(file, Path)}
    sized = shared.with_columns(_n=pl.col("path").replace_strict(sizes, default=None, return_dtype=pl.Int64))
    # Files of one size are few, and only these are read.
    alike = sized.filter(pl.col("_n").is_not_null() & (pl.struct("item_id", "_n").is_duplicated()))["path"].unique()
    digests = {path: digest_of(file) for path in alike if isinstance(file := files[path], Path)}
    return [(path, digests.get(path) or path) for path in shared["path"].unique()]


def media_of_prompts(prefs: Preferences, prompts: pl.DataFrame) -> pl.DataFrame | None:
    """Return by item the media that its prompt is about as one text, `media`: of columns, and parts of its messages.

    Args:
        prefs: the preferences.
        prompts: item_id and perhaps `parts`, as `Texts.rows` has them.
    """
    found, named = Media.of(prefs, COLUMNS), []
    if not isinstance(found, str):
        named.append(found.named.filter(pl.col("response_id").is_null()).select("item_id", "path"))
    if "parts" in prompts.columns:
        named.append(prompts.drop_nulls("parts").select("item_id", path="parts"))
    whole = pl.concat(named) if named else None
    if whole is None or whole.is_empty():
        return None
    return whole.group_by("item_id").agg(media=pl.col("path").sort().str.join("\n"))


def _in_messages(prefs: Preferences) -> list[pl.DataFrame]:
    """Paths in the parts of messages, of responses and of prompts."""
    tables: list[tuple[pl.LazyFrame | None, str, Sequence[str]]] = [
        (prefs.texts, "text", RESPONSE),
        (None if prefs.items is None else prefs.items.lazy(), "prompt", RESPONSE[:1]),
    ]
    found = []
    for table, column, keys in tables:
        if table is None or not holds_json(table.collect_schema().get(column)):
            continue
        content = pl.col(column).struct.field(JSON).str.json_path_match("$.content")
        # Within a text a quotation mark follows a backslash, so that no text passes for a key.
        paths = content.str.extract_all(_PATH).list.eval(
            pl.element().str.extract(_PATH, 1).str.json_path_match("$").filter(pl.element().is_not_null())
        )
        rows = table.select(*keys, column).explode(column).filter(has_other_parts(pl.col(column).struct.field(JSON)))
        each = rows.select(*(pl.col(key).cast(pl.String) for key in keys), path=paths).explode("path")
        own = each.drop_nulls("path").unique().collect()
        if "response_id" not in own.columns:
            own = own.with_columns(response_id=pl.lit(None, pl.String))
        found.append(own.select(pl.col(key).cast(kind) for key, kind in _SCHEMA.items()))
    return found


def _paths(table: pl.LazyFrame, columns: Sequence[str]) -> list[pl.Expr]:
    """Columns of a table that hold paths, each as a list of them."""
    schema = table.collect_schema()
    found = []
    for name in columns:
        kind: Any = schema.get(name)
        several = isinstance(kind, pl.List)
        path = _path(pl.element() if several else pl.col(name), kind.inner if several else kind)
        if path is not None:
            found.append(pl.col(name).list.eval(path) if several else pl.concat_list(path))
    return found


def _path(value: pl.Expr, kind: Any) -> pl.Expr | None:
    if kind == pl.String:
        return pl.when(value.str.strip_chars() != "").then(value)
    if not isinstance(kind, pl.Struct):
        return None
    texts = {field.name for field in kind.fields if field.dtype == pl.String}
    paths = [value.struct.field(name) for name in _FIELDS if name in texts]
    return pl.coalesce(paths) if paths else None


def _of_responses(rows: pl.DataFrame) -> bool:
    """Whether media in rows of judgments differ among the responses of most items."""
    own = rows.group_by("item_id", "response_id").agg(pl.col("path").sort().str.join("\n"))
    differ = own.group_by("item_id").agg(pl.col("path").n_unique() > 1)["path"]
    return bool(2 * differ.sum() > differ.len())
