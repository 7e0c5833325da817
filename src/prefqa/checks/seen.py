"""What the rules see in the texts of responses, a block of whole items at a time: texts are never held whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import polars as pl

from prefqa._threads import each
from prefqa.checks.looks import Look
from prefqa.checks.patterns import VISIBLE, Test
from prefqa.checks.texts import none_said, text_in, texts_of, unusable
from prefqa.response_texts import TEXT, blocks

_FIGURES = ("hash", "n_chars", "there")


@dataclass(frozen=True)
class Seen:
    """What was seen in all texts of responses.

    `figures` are the hash, n_chars and there of each text, in the order of the table of responses. `found` is by code
    what the rule's look found; `parts` are the names of what a text has (see `Texts.rows`).
    """

    texts: pl.LazyFrame
    n_items: int
    parts: frozenset[str]
    figures: pl.DataFrame
    found: Mapping[str, pl.DataFrame]

    @classmethod
    def of(
        cls,
        texts: pl.LazyFrame | None,
        tests: Mapping[str, Test],
        looks: Mapping[str, Look],
        options: Mapping[str, Mapping[str, Any]],
    ) -> Seen | str:
        """Look through texts (sorted by item), or say why there are none."""
        reason = unusable({} if texts is None else texts.collect_schema(), TEXT)
        if texts is None or reason is not None:
            return str(reason)

        def look(block: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int, dict[str, pl.DataFrame]]:
            here = texts_of(block, TEXT, tests)
            found = {code: _apart(one(here, options[code])) for code, one in looks.items()}
            n_items = int(here.figures["item"][-1]) + 1
            return here.rows.clear(), here.figures.select(_FIGURES), n_items, found

        seen = list(each(look, blocks(texts), waiting=0))
        if not seen:
            return f"no response has a {TEXT}"
        rows, figures = seen[0][0], pl.concat([part for _, part, _, _ in seen])
        reason = none_said(figures, rows, TEXT)
        if reason is not None:
            return reason
        found = {code: pl.concat([part[code] for *_, part in seen], how="vertical_relaxed") for code in looks}
        n_items = sum(n for _, _, n, _ in seen)
        return cls(texts, n_items, frozenset(rows.columns), figures, found)

    @property
    def n(self) -> int:
        """Number of texts."""
        return self.figures.height

    def where(self, asked: pl.Expr, value: pl.Expr, **more: pl.Expr) -> pl.DataFrame:
        """Return the keys of texts that are there and of which `asked` holds, with `_value` and what more is wanted.

        All are made of `text`; reads the texts once more.
        """
        rows = self.texts.with_columns(text=text_in(self.texts.collect_schema(), TEXT))
        some = rows.filter(asked & pl.col("text").str.contains(VISIBLE))
        return some.select("item_id", "response_id", value.alias("_value"), **more).collect(engine="streaming")


def _apart(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in memory of their own: as they come their strings may be pieces of the block's, and keep it all."""
    if rows.is_empty():
        return rows.clear()
    written = BytesIO()
    rows.write_ipc(written, compat_level=pl.CompatLevel.oldest())
    return pl.read_ipc(written.getvalue())
