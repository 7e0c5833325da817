"""Nothing in a message is lost or invented: calls of tools, further keys, parts, and what belongs to a prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import UsageError
from prefqa.writers import PAIR_LAYOUTS, write_pairs

Row = dict[str, Any]
TOOLS = [
    {"type": "function", "function": {"name": "search", "parameters": {"properties": {"q": {"type": "string"}}}}},
    {"type": "function", "function": {"name": "add", "parameters": {"properties": {"n": {"type": "number"}}}}},
]


def call(name: str, arguments: Any) -> Row:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}],
    }


USER: Row = {"role": "user", "content": "Which is the tallest tree?"}
SYSTEM: Row = {"role": "system", "content": "Be brief.", "name": "rules"}
RESULT: Row = {"role": "tool", "content": 'a "redwood"\n', "tool_call_id": "c1", "name": "search"}
GOOD: Row = {"role": "assistant", "content": "A redwood.", "reasoning": "It says so.", "weight": 1}
BAD: Row = {"role": "assistant", "content": "An oak."}
TRAJECTORY: Row = {
    "prompt": [SYSTEM, USER],
    "chosen": [call("search", {"q": "trees"}), RESULT, GOOD],
    "rejected": [call("search", {"q": "trees"}), RESULT, BAD],
    "tools": TOOLS,
}
ANSWER: Row = {"prompt": [USER], "chosen": [GOOD], "rejected": [BAD], "tools": TOOLS[:1]}
REFUSED: Row = {"prompt": [USER], "chosen": [call("add", {"n": 2})], "rejected": [BAD], "tools": TOOLS}
#: Layouts of messages that hold responses of several messages, and how their rows say prompt, chosen and rejected.
WHOLE: dict[str, Any] = {
    "prefqa": lambda row: row,
    "trl-conversational": lambda row: row,
    "trl-margin": lambda row: row,
    "trl-implicit": None,
    "openrlhf": None,
    "nemo-rl": lambda row: {
        "prompt": row["context"], "chosen": row["completions"][0]["completion"],
        "rejected": row["completions"][1]["completion"],
    },
}  # fmt: skip


def lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def written(rows: list[Row], folder: Path, layout: str) -> tuple[list[Row], dict[str, int]]:
    path = folder / "pairs.jsonl"
    losses = write_pairs(pl.DataFrame(rows, infer_schema_length=None), path, layout=layout)
    return lines(path), dict(losses.select("reason", "count").rows())


@pytest.mark.parametrize("layout", WHOLE)
def test_trajectories_come_back_whole_and_equal_as_json(tmp_path: Path, layout: str) -> None:
    rows = [TRAJECTORY, ANSWER, REFUSED]
    found, losses = written(rows, tmp_path, layout)
    for row, given in zip(found, rows, strict=True):
        if WHOLE[layout] is None:
            assert all(row[side] == given["prompt"] + given[side] for side in ("chosen", "rejected"))
        else:
            stated = WHOLE[layout](row)
            assert all(stated[name] == given[name] for name in ("prompt", "chosen", "rejected"))
        if layout not in ("openrlhf", "nemo-rl"):
            assert row["tools"] == given["tools"]
    assert losses == ({"tools": 3} if layout in ("openrlhf", "nemo-rl") else {})


def test_role_and_content_stand_first_and_absent_keys_stay_absent(tmp_path: Path) -> None:
    row = {
        "prompt": [{"content": [{"type": "image"}, {"type": "text", "text": "What is it?"}], "role": "user"}],
        "chosen": [{"content": "A tree.", "role": "assistant"}],
        "rejected": [{"content": "A car.", "role": "assistant"}],
        "images": ["tree.png"],
    }
    found, _ = written([row], tmp_path, "trl-conversational")
    text = (tmp_path / "pairs.jsonl").read_text()
    assert '{"role":"user","content":[{"type":"image"},{"type":"text","text":"What is it?"}]}' in text
    assert "null" not in text
    assert found[0]["images"] == ["tree.png"]
    whole, _ = written([row], tmp_path, "trl-implicit")
    assert whole[0]["chosen"] == [*row["prompt"], *row["chosen"]]


@pytest.mark.parametrize("layout", [one.name for one in PAIR_LAYOUTS])
def test_what_belongs_to_a_prompt_is_carried_counted_or_refused(tmp_path: Path, layout: str) -> None:
    frame = pl.DataFrame([{"prompt": "Why?", "chosen": "So.", "rejected": "No.", "tools": "[1]", "images": ["a.png"]}])
    carries = next(one.carries for one in PAIR_LAYOUTS if one.name == layout)
    path = tmp_path / ("set" if layout == "hugging-face" else "x.parquet" if layout == "verl" else "x.jsonl")
    if "images" not in carries:
        with pytest.raises(UsageError, match=f"{layout}' has no place for 'images', which 1 of 1 pairs"):
            write_pairs(frame, path, layout=layout)
        assert not path.exists()
        frame = frame.drop("images")
    losses = write_pairs(frame, path, layout=layout)
    assert ("tools" in losses["reason"].to_list()) == ("tools" not in carries)
    if carries and path.suffix == ".jsonl":
        assert all(row["tools"] == "[1]" for row in lines(path))
        assert all(row["images"] == ["a.png"] for row in lines(path))


def test_llama_factory_says_where_tools_and_images_are(tmp_path: Path) -> None:
    row = {"prompt": "Why?", "chosen": "So.", "rejected": "No.", "tools": TOOLS, "images": ["a.png"]}
    found, _ = written([row], tmp_path, "llama-factory-sharegpt")
    assert json.loads(found[0]["tools"]) == TOOLS
    columns = json.loads((tmp_path / "dataset_info.json").read_text())["pairs"]["columns"]
    assert (columns["tools"], columns["images"]) == ("tools", "images")


@pytest.mark.parametrize("layout", [one.name for one in PAIR_LAYOUTS if one.single])
@pytest.mark.parametrize(
    ("row", "reason"),
    [(TRAJECTORY, "a response of several messages"), (REFUSED, "call tools")],
    ids=["several", "call"],
)
def test_a_layout_of_single_answers_refuses_by_name(tmp_path: Path, layout: str, row: Row, reason: str) -> None:
    with pytest.raises(UsageError, match=f"{layout}': 1 of 1 pairs.*{reason}"):
        written([row], tmp_path, layout)
    assert not list(tmp_path.iterdir())


def test_further_keys_of_messages_are_counted_where_they_are_not_written(tmp_path: Path) -> None:
    row = {name: ANSWER[name] for name in ("prompt", "chosen", "rejected")}
    found, losses = written([row], tmp_path, "axolotl-bradley-terry")
    assert (found[0]["chosen"], losses) == ("A redwood.", {"keys": 1})


def test_a_call_says_something_and_an_empty_answer_does_not(tmp_path: Path) -> None:
    silent: Row = {"role": "assistant", "content": " ", "tool_calls": None}
    rows = [REFUSED, ANSWER | {"chosen": [silent]}, ANSWER | {"chosen": [BAD]}]
    found, losses = written([{k: v for k, v in row.items() if k != "tools"} for row in rows], tmp_path, "prefqa")
    assert [row["chosen"] for row in found] == [REFUSED["chosen"]]
    assert losses == {"no_text": 1, "same_text": 1}


@pytest.mark.parametrize(
    "prompt", [None, [USER], [SYSTEM, USER], USER["content"]], ids=["no", "user", "system", "text"]
)
def test_a_prompt_within_the_responses_stands_once(tmp_path: Path, prompt: Any) -> None:
    row = {"prompt": prompt, "chosen": [USER, GOOD], "rejected": [USER, BAD]}
    if prompt is None:
        del row["prompt"]
    found, _ = written([row], tmp_path, "trl-conversational")
    expected = [SYSTEM, USER] if prompt == [SYSTEM, USER] else [USER]
    assert found == [{"prompt": expected, "chosen": [GOOD], "rejected": [BAD]}]


def test_texts_that_repeat_the_prompt_are_cut(tmp_path: Path) -> None:
    row = {"prompt": "Q: Why?\nA:", "chosen": "Q: Why?\nA: So.", "rejected": "Q: Why?\nA: No."}
    assert written([row], tmp_path, "trl")[0] == [{"prompt": "Q: Why?\nA:", "chosen": " So.", "rejected": " No."}]


def test_a_file_without_any_prompt_has_no_such_column_and_a_layout_that_needs_one_counts(tmp_path: Path) -> None:
    rows = [{"chosen": "So.", "rejected": "No."}]
    assert written(rows, tmp_path, "trl") == (rows, {})
    found, losses = written(rows, tmp_path, "axolotl-intel")
    assert (found[0]["question"], losses) == ("", {"empty_prompt": 1})
    mixed = [rows[0] | {"prompt": None}, rows[0] | {"prompt": "Why?"}]
    assert written(mixed, tmp_path, "trl") == ([mixed[1]], {"no_prompt": 1})
    assert [row["chosen"] for row in written(mixed, tmp_path, "trl-implicit-text")[0]] == ["So.", "Why?So."]


def test_a_trajectory_that_was_read_is_written_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(
        "\n".join(json.dumps(row) for row in (TRAJECTORY, ANSWER | {"prompt": [SYSTEM, USER, BAD, USER]}))
    )
    pairs = prefqa.consensus(prefqa.read(source), method="majority").pair_set()
    assert pairs.write(tmp_path / "out.jsonl", layout="trl-conversational").is_empty()
    by_length = sorted(lines(tmp_path / "out.jsonl"), key=lambda row: len(row["prompt"]))
    assert by_length[0] == TRAJECTORY
    assert by_length[1]["prompt"] == [SYSTEM, USER, BAD, USER]
    assert by_length[1]["tools"] == TOOLS[:1]


def test_items_with_several_tools_are_left_out_and_counted() -> None:
    rows = [
        {"item_id": "p", "annotator_id": who, "response_id": response, "rank": rank, "text": response, "tools": tools}
        for who, tools in (("x", "[1]"), ("y", "[2]"))
        for rank, response in ((1, "good"), (2, "bad"))
    ]
    pairs = prefqa.consensus(prefqa.read(rows), method="majority").pair_set()
    assert dict(pairs.left_out.rows()) == {"several_contexts": 1}
    assert pairs.marked["left_out"].to_list() == ["several_contexts"]
