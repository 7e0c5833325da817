"""Responses looked up by codes."""

from __future__ import annotations

import numpy as np
import polars as pl

import prefqa
from prefqa.lookup import looked_up


def test_a_table_of_as_many_rows_with_a_null_id_is_not_taken_as_it_stands() -> None:
    rows = pl.DataFrame({"item_id": ["i", "i"], "annotator_id": ["a", "a"], "response_id": ["1", "2"], "rank": [1, 2]})
    coded = prefqa.Preferences.from_long(rows).coded()
    table = pl.DataFrame({"item_id": ["i", "i"], "response_id": [None, "2"], "model": ["A", "B"]})
    listed = looked_up(table, coded, np.array([0, 0]), np.array([0, 1]))
    assert listed["model"].to_list() == [None, "B"]
    there = table.with_columns(response_id=pl.Series(["1", "2"]))
    assert looked_up(there, coded, np.array([0, 0]), np.array([0, 1]))["model"].to_list() == ["A", "B"]
