"""Published files of votes, read as they were released: the same votes as in their conversion to the standard form."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

import prefqa
from prefqa.errors import PrefqaError

pytestmark = pytest.mark.real_data


def votes(prefs: prefqa.Preferences) -> Counter[tuple[str, str]]:
    """How often each response is better than each other one by name; ties count once for either order."""
    ranks = prefs.judgments.select("item_id", "annotator_id", "response_id", "rank")
    pairs = ranks.join(ranks, on=["item_id", "annotator_id"], suffix="_other")
    better = pairs.filter(
        (pl.col("response_id") != pl.col("response_id_other")) & (pl.col("rank") <= pl.col("rank_other"))
    )
    return Counter(better.select("response_id", "response_id_other").collect().rows())


def test_names_of_models_are_names_though_they_have_blanks(real_data: Path) -> None:
    released = prefqa.read(real_data / "llmfao" / "crowd-comparisons.csv")
    converted = prefqa.read(real_data / "llmfao" / "judgments.parquet")
    assert released.judgments.select(pl.col("response_id").n_unique()).collect().item() == 59
    assert votes(released) == votes(converted)
    board = prefqa.leaderboard(released).leaderboard
    same = prefqa.leaderboard(converted).leaderboard
    assert dict(board.select("name", "score").iter_rows()) == pytest.approx(
        dict(same.select("name", "score").iter_rows())
    )


def test_texts_without_votes_are_refused(real_data: Path) -> None:
    with pytest.raises(PrefqaError, match="no column is known to hold the votes"):
        prefqa.read(real_data / "llmfao" / "pairs-crowd.jsonl")


def test_votes_of_pandalm_are_those_of_its_conversion(real_data: Path) -> None:
    released = prefqa.read(real_data / "pandalm-test" / "testset-v1.json")
    meanings = {value: (meaning, n) for _, value, meaning, n in released.reading.values.iter_rows()}
    assert meanings == {"1": ("first", 1_255), "2": ("second", 1_416), "0": ("tie", 326)}
    converted = prefqa.read(real_data / "pandalm-test" / "judgments.parquet")
    ties = [
        prefs.judgments.filter(pl.col("rank").max().over("item_id", "annotator_id") == 1)
        for prefs in (released, converted)
    ]
    assert [len(one.collect()) for one in ties] == [652, 652]
