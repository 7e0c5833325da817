"""Rubric rows: the mean score of each response by each criterion, and what is left out."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import polars as pl
import pytest

import prefqa
from prefqa.errors import UsageError
from prefqa.writers import LAYOUTS, Tables

SCORES = {("a", "helpful"): [4.0, 2.0, 3.0], ("b", "helpful"): [1.0], ("a", "safe"): [5.0, 5.0], ("b", "safe"): []}


def tables(**more: object) -> Tables:
    judgments = pl.DataFrame(
        [
            {"item_id": f"p/{name}", "annotator_id": f"w{n}", "response_id": side, "rank": 1, "score": score,
             "criterion": name} | more
            for (side, name), scores in SCORES.items()
            for n, score in enumerate(scores)
        ]
    )  # fmt: skip
    keys = [(f"p/{name}", side) for side, name in SCORES]
    responses = pl.DataFrame([{"item_id": i, "response_id": r, "text": f"Answer {r}"} for i, r in keys])
    items = pl.DataFrame({"item_id": ["p/helpful", "p/safe"], "prompt": ["Why?", "Why?"]})
    return Tables(judgments, responses, items)


def write(given: Tables, path: Path) -> tuple[list[dict[str, object]], dict[str, int]]:
    losses = LAYOUTS["rubric"].write(given, path)  # type: ignore[arg-type]
    return [json.loads(line) for line in path.read_text().splitlines()], dict(losses.select("reason", "count").rows())


def test_a_row_per_prompt_response_and_criterion_with_mean_number_and_spread(tmp_path: Path) -> None:
    rows, losses = write(tables(), tmp_path / "rubric.jsonl")
    assert losses == {}
    assert list(rows[0]) == ["prompt", "response", "criteria", "score", "n", "sd", "item_id", "response_id"]
    expected = {key: scores for key, scores in SCORES.items() if scores}
    assert {(row["response_id"], row["criteria"]): (row["score"], row["n"]) for row in rows} == {
        key: (statistics.mean(scores), len(scores)) for key, scores in expected.items()
    }
    spread = {(row["response_id"], row["criteria"]): row["sd"] for row in rows}
    assert spread["a", "helpful"] == statistics.stdev([4.0, 2.0, 3.0])
    assert spread["b", "helpful"] is None
    assert {(row["prompt"], row["response"]) for row in rows} == {("Why?", "Answer a"), ("Why?", "Answer b")}


def test_who_scored_twice_counts_once_and_rows_have_no_order(tmp_path: Path) -> None:
    given = tables()
    again = given.judgments.filter(response_id="a", criterion="helpful", annotator_id="w0").with_columns(score=2.0)
    twice = Tables(pl.concat([given.judgments, again]), given.responses, given.items)
    rows, _ = write(twice, tmp_path / "a.jsonl")
    assert {row["score"] for row in rows if row["n"] == 3} == {statistics.mean([3.0, 2.0, 3.0])}
    turned = Tables(twice.judgments.reverse(), given.responses, given.items)
    write(turned, tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    given = tables()
    judgments = given.judgments.with_columns(
        criterion=pl.when(~((pl.col("annotator_id") == "w1") & (pl.col("criterion") == "safe"))).then("criterion")
    )
    assert given.responses is not None
    responses = given.responses.with_columns(text=pl.when(response_id="a").then("text").otherwise(pl.lit(" ")))
    rows, losses = write(Tables(judgments, responses, None), tmp_path / "rubric.jsonl")
    assert losses == {"no_criterion": 1, "no_text": 1, "empty_prompt": 2}
    assert [row["response_id"] for row in rows] == ["a", "a"]
    drafts = tables(status="draft")
    with pytest.raises(UsageError, match="no score has one"):
        write(drafts, tmp_path / "none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()


@pytest.mark.parametrize("name", ["criterion", "score"])
def test_without_scores_or_criteria_there_is_nothing_to_write(name: str, tmp_path: Path) -> None:
    given = tables()
    with pytest.raises(UsageError, match=f"there is no column {name}"):
        write(Tables(given.judgments.drop(name), given.responses, given.items), tmp_path / "rubric.jsonl")
    with pytest.raises(UsageError, match="no table of them with texts"):
        write(Tables(given.judgments), tmp_path / "rubric.jsonl")


def test_messages_stay_messages_and_all_reads_back(tmp_path: Path) -> None:
    given = tables()
    assert given.responses is not None
    assert given.items is not None
    chat = [{"role": "user", "content": "Why?"}]
    reply = [{"role": "assistant", "content": "So."}]
    messages = Tables(
        given.judgments,
        given.responses.with_columns(text=pl.Series([reply] * 4)),
        given.items.with_columns(prompt=pl.Series([chat] * 2)),
    )
    rows, _ = write(messages, tmp_path / "chat.jsonl")
    assert (rows[0]["prompt"], rows[0]["response"]) == (chat, reply)
    write(given, tmp_path / "rubric.jsonl")
    back = prefqa.read(tmp_path / "rubric.jsonl")
    read = back.judgments.select("criterion", "response_id", "score").collect()
    assert {row[:2]: row[2] for row in read.iter_rows()} == {
        (name, side): statistics.mean(scores) for (side, name), scores in SCORES.items() if scores
    }
    assert back.items is not None
    assert back.items["prompt"].unique().to_list() == ["Why?"]
