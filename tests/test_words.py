"""Texts from columns, also where `pl.format` of Polars 2.1 panics."""

from __future__ import annotations

import polars as pl
import pytest

from prefqa._words import formatted


def test_a_first_chunk_that_a_filter_emptied_is_no_fault() -> None:
    part = pl.DataFrame({"text": ["a text that is longer than twelve bytes"] * 3})
    left = part.vstack(part).filter(pl.Series([False] * 3 + [True] * 3))
    assert left["text"].n_chunks() == 2
    said = left.select(formatted("say: {}", "text")).to_series()
    assert said.to_list() == ["say: a text that is longer than twelve bytes"] * 3


def test_it_says_what_pl_format_says() -> None:
    frame = pl.DataFrame({"n": [1, None], "x": [0.25, 2.0], "t": ["a", "b"]})
    ours, theirs = (
        frame.select(form("{} of {}: {}", "n", pl.col("x") * 2, "t").alias("said")) for form in (formatted, pl.format)
    )
    assert ours.equals(theirs)


def test_places_and_columns_are_as_many() -> None:
    with pytest.raises(ValueError, match="1 places"):
        formatted("{}", "a", "b")
