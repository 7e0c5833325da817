"""Writing a set of pairs, and what its card says."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.consensus.card import pair_agreement


def campaign(ranks: list[list[int]], licences: list[str | None] | None = None) -> prefqa.Preferences:
    """One item, three responses; one list of ranks per annotator."""
    rows = [
        {"item_id": "p", "annotator_id": f"u{n}", "response_id": response, "rank": rank, "prompt": "why?"}
        for n, given_ranks in enumerate(ranks)
        for response, rank in zip("abc", given_ranks, strict=True)
    ]
    texts = [{"item_id": "p", "response_id": response, "text": f"text {response}"} for response in "abc"]
    if licences:
        texts = [text | {"licence": licence} for text, licence in zip(texts, licences, strict=True)]
    return prefqa.read(rows, responses=texts)


@given(st.lists(st.lists(st.integers(1, 3), min_size=3, max_size=3), min_size=2, max_size=5))
def test_agreement_on_the_pairs_is_percent_agreement(ranks: list[list[int]]) -> None:
    prefs = campaign(ranks)
    percent = prefqa.agreement(prefs, coefficients=["percent_agreement"]).estimates["estimate"][0]
    consensus = prefqa.consensus(prefs, method="borda")
    for ties in ("keep", "half"):
        assert pair_agreement(consensus.pairs(ties=ties)) == pytest.approx(percent)


def test_the_card_says_what_was_done_agreement_licence_and_counts(tmp_path: Path) -> None:
    prefs = campaign([[1, 2, 3], [1, 2, 3], [1, 3, 2]], ["MIT", "CC-BY-4.0", None])
    pairs = prefqa.consensus(prefs, method="borda").pair_set("best-vs-rest")
    losses = pairs.write(tmp_path / "set", layout="hugging-face")
    assert losses.is_empty()
    card = (tmp_path / "set" / "README.md").read_text()
    assert "license:\n- cc-by-4.0\n- mit\n" in card
    for line in (
        "- judgments: 9 votes by 3 annotators on 1 items",
        "- consensus: borda; pairs: best-vs-rest; ties: keep",
        "- agreement: 100.0% of the pairs of votes on a pair of responses are equal",
        "- pairs: 2",
        "- pairs left out (not_selected): 1",
        "- responses without a licence: 1",
        "- rows in train: 2",
    ):
        assert line in card.splitlines(), line


def test_one_vote_shows_no_agreement(tmp_path: Path) -> None:
    pairs = prefqa.consensus(campaign([[1, 2, 3]]), method="borda").pair_set()
    pairs.write(tmp_path / "set", layout="hugging-face")
    card = (tmp_path / "set" / "README.md").read_text()
    assert "- agreement: not known, since no pair has two votes" in card
    assert "license" not in card


def test_a_set_is_written_in_any_layout_and_says_what_is_lost(tmp_path: Path) -> None:
    pairs = prefqa.consensus(campaign([[1, 2, 2]]), method="borda").pair_set()
    losses = pairs.write(tmp_path / "pairs.jsonl", layout="trl-conversational", max_characters=3)
    assert dict(losses.select("reason", "count").rows()) == {"tie": 1, "too_long": 2}
    assert pl.read_ndjson(tmp_path / "pairs.jsonl").height == 2
