"""Fifty fixtures of every kind through every layout and back: equal as JSON, refused by name, or the loss counted."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import pytest

import prefqa
from prefqa.errors import UsageError
from prefqa.writers import PAIR_LAYOUTS, TABLE_LAYOUTS, Tables
from writers.fixtures import CRITERIA, FIXTURES, GRADED, TEMPLATES

Row = dict[str, Any]
SIDES = ("chosen", "rejected")
CARRIED = ("tools", "images", "videos", "audios")
MEDIA = CARRIED[1:]
TEXTS = {"trl", "trl-implicit-text", "trl-unpaired-text", "axolotl-intel", "llama-factory", "csv"}
SINGLE = {"axolotl-chat", "axolotl-bradley-terry", "llama-factory-sharegpt", "verl"}
BY_NAME = {layout.name: layout for layout in PAIR_LAYOUTS}


def as_messages(value: Any, role: str) -> list[Row]:
    return [{"role": role, "content": value}] if isinstance(value, str) else list(value or [])


def divided(row: Row) -> Row:
    """A row with prompt, chosen and rejected as messages; what both dialogues begin with is the prompt."""
    row = {**row, **{side: as_messages(row[side], "assistant") for side in SIDES}}
    if "prompt" in row:
        return row | {"prompt": as_messages(row["prompt"], "user")}
    chosen, rejected = row["chosen"], row["rejected"]
    n = 0
    while n < min(len(chosen), len(rejected)) - 1 and chosen[n] == rejected[n]:
        n += 1
    return row | {"prompt": chosen[:n], "chosen": chosen[n:], "rejected": rejected[n:]}


def messages_in(rows: list[Row]) -> list[Row]:
    return [message for row in map(divided, rows) for name in ("prompt", *SIDES) for message in row[name]]


def refusal(layout: str, rows: list[Row]) -> str | None:
    """Why a layout cannot hold these rows, in the words of its refusal; None where it can."""
    carries = BY_NAME[layout].carries
    media = [name for name in MEDIA if any(row.get(name) for row in rows) and name not in carries]
    is_text = all(isinstance(row[side], str) for row in rows for side in SIDES)
    if media:
        return f"has no place for '{media[0]}'"
    if layout in TEXTS:
        return None if is_text else "holds plain texts"
    if layout not in SINGLE:
        return None
    if any(len(divided(row)[side]) > 1 for row in rows for side in SIDES):
        return "a response of several messages"
    messages = messages_in(rows)
    if any(one["role"] == "tool" or one.get("tool_calls") or one.get("function_call") for one in messages):
        return "call tools"
    if any(isinstance(one["content"], list) for one in messages):
        return "contents of parts"
    turns = [[one for one in divided(row)["prompt"] if one["role"] != "system"] for row in rows]
    return "several turns" if layout == "axolotl-bradley-terry" and any(len(one) > 1 for one in turns) else None


def losses(layout: str, rows: list[Row]) -> dict[str, int]:
    """What is lost, and in how many rows."""
    lost = {}
    if "tools" not in BY_NAME[layout].carries:
        lost["tools"] = sum(1 for row in rows if row.get("tools"))
    if layout in SINGLE:
        keyed = [any(set(one) - {"role", "content"} for one in messages_in([row])) for row in rows]
        lost["keys"] = sum(keyed)
    if layout == "trl-implicit-text":
        lost["same_start"] = sum(row["chosen"][0] == row["rejected"][0] for row in rows)
    return {name: n for name, n in lost.items() if n}


def stripped(row: Row) -> Row:
    """A divided row with messages of a role and a content alone."""
    row = divided(row)
    plain = {name: [{key: one[key] for key in ("role", "content")} for one in row[name]] for name in ("prompt", *SIDES)}
    return row | plain


def same(rows: list[Row], layout: str | None = None) -> Counter[str]:
    """Rows as conversations in JSON, with what rides along in a layout: equal as JSON means equal here."""
    counted: Counter[str] = Counter()
    for row in map(stripped if layout in SINGLE else divided, rows):
        carried = CARRIED if layout is None else BY_NAME[layout].carries
        whole = {side: row["prompt"] + row[side] for side in SIDES}
        if layout is not None and BY_NAME[layout].joined:
            whole = {side: "".join(one["content"] for one in messages) for side, messages in whole.items()}
        more = {name: row[name] for name in carried if row.get(name)}
        if isinstance(more.get("tools"), str):  # LLaMA-Factory has them as JSON
            more["tools"] = json.loads(more["tools"])
        counted[json.dumps(whole | more, sort_keys=True, ensure_ascii=False)] += 1
    return counted


def lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def source(folder: Path, rows: list[Row]) -> Path:
    path = folder / "source.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def pairs_of(path: Path) -> Any:
    return prefqa.consensus(prefqa.read(path), method="majority").pair_set(ties="drop")


def target(folder: Path, layout: str) -> Path:
    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / "out").mkdir()
    ending = {"verl": ".parquet", "csv": ".csv", "hugging-face": "", "preflib": ""}.get(layout, ".jsonl")
    return folder / "out" / f"pairs{ending}"


def written_rows(pairs: Any, folder: Path) -> list[Row]:
    """Pairs as rows of the layout that holds everything."""
    path = folder / "again.jsonl"
    pairs.write(path, layout="prefqa")
    return lines(path)


def test_there_are_fifty_of_every_kind() -> None:
    assert len(FIXTURES) + len(GRADED) + len(CRITERIA) >= 50
    kinds = ("plain", "chat", "system", "turns", "keys", "tool", "trajectory", "image", "video", "audio")
    assert all(any(name.startswith(kind) for name in FIXTURES) for kind in kinds)
    assert {*TEXTS, *SINGLE} <= set(BY_NAME)


@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_fixture_goes_through_every_layout_and_back(tmp_path: Path, fixture: str) -> None:
    rows = FIXTURES[fixture]
    pairs = pairs_of(source(tmp_path, rows))
    for layout in BY_NAME:
        path = target(tmp_path, layout)
        reason = refusal(layout, rows)
        if reason is not None:
            with pytest.raises(UsageError, match=reason) as refused:
                pairs.write(path, layout=layout)
            assert f"'{layout}'" in str(refused.value) or layout == "axolotl-bradley-terry"
            assert not path.exists()
            continue
        counted = dict(pairs.write(path, layout=layout).select("reason", "count").rows())
        assert {name: n for name, n in counted.items() if name != "roles"} == losses(layout, rows), layout
        assert same(written_rows(pairs_of(path), tmp_path), layout) == same(rows, layout), layout


#: Layouts whose rows are prompt, chosen and rejected under these names: they are compared without our readers.
STATED = ("prefqa", "trl-conversational", "trl-margin")


@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_row_is_the_row_of_the_source_and_renders_the_same(tmp_path: Path, fixture: str) -> None:
    rows = FIXTURES[fixture]
    pairs = pairs_of(source(tmp_path, rows))
    for layout in (*STATED, "trl-implicit"):
        if refusal(layout, rows):
            continue
        path = target(tmp_path, layout)
        pairs.write(path, layout=layout)
        if layout in STATED:
            names = ("prompt", *SIDES, *CARRIED)
            found = [{name: row[name] for name in names if row.get(name) is not None} for row in lines(path)]
            expected = rows if layout == "prefqa" and all(isinstance(row["chosen"], str) for row in rows) else None
            expected = expected or [
                {name: divided(row)[name] for name in names if name in divided(row)} for row in rows
            ]
            assert Counter(map(json.dumps, found)) == Counter(map(json.dumps, expected)), (
                layout
            )  # the order of keys, too
        for template in TEMPLATES:
            assert rendered(template, lines(path)) == rendered(template, rows), (layout, template)


def rendered(template: str, rows: list[Row]) -> Counter[str]:
    """Prompt with each response, as a chat template prints them."""
    render = jinja2.Environment().from_string(TEMPLATES[template]).render
    return Counter(
        render(messages=row["prompt"] + row[side], tools=row.get("tools"))
        for row in map(divided, rows)
        for side in SIDES
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_templates_print_what_a_model_is_to_learn(template: str) -> None:
    """A template that printed nothing would find all files the same."""
    texts = rendered(template, FIXTURES["trajectory-both"])
    assert len(texts) == 2
    assert all(word in text for text in texts for word in ("Will it rain", "weather", "Oslo"))
    marks = {"qwen-vl": "<|image_pad|>"}
    assert all(marks.get(template, "") in text for text in rendered(template, FIXTURES["image-placeholder"]))


@pytest.mark.parametrize("fixture", FIXTURES)
def test_judgments_with_messages_are_written_and_their_loss_is_counted(tmp_path: Path, fixture: str) -> None:
    rows = FIXTURES[fixture]
    prefs = prefqa.read(source(tmp_path, rows)).with_texts()
    tables = Tables(prefs.judgments.collect(), prefs.responses, prefs.items)
    for layout in TABLE_LAYOUTS:
        path = target(tmp_path, layout.name)
        if layout.name == "rubric":
            with pytest.raises(UsageError, match="'rubric' has a score by each criterion, and there is no column"):
                layout.write(tables, path)
            continue
        counted = set(layout.write(tables, path)["reason"])
        if layout.name == "preflib":
            assert {"texts", "annotators"} <= counted
        else:
            assert_shown(rows, path, counted)


def assert_shown(rows: list[Row], path: Path, counted: set[str]) -> None:
    """Texts, parts and calls stand in a file for annotators, and what does not is counted."""
    is_text = all(isinstance(row[side], str) for row in rows for side in SIDES)
    assert ("messages" in counted) == (not is_text)
    assert counted - {"messages"} == {name for name in CARRIED if any(row.get(name) for row in rows)}
    shown = path.read_text(encoding="utf-8")
    for message in messages_in(rows):
        for call in message.get("tool_calls") or []:
            assert call["function"]["name"] in shown
        for part in message["content"] if isinstance(message.get("content"), list) else []:
            assert part.get("text", part.get("image", "")) in shown


@pytest.mark.parametrize("fixture", [*GRADED, *CRITERIA])
def test_votes_become_pairs_that_come_back(tmp_path: Path, fixture: str) -> None:
    prefs = prefqa.read(source(tmp_path, {**GRADED, **CRITERIA}[fixture]))
    criterion = "helpful" if fixture in CRITERIA else None
    pairs = prefqa.consensus(prefs, method="majority", criterion=criterion).pair_set(ties="drop")
    rows = written_rows(pairs, tmp_path)
    assert len(rows) == 3
    for layout in BY_NAME:
        path, reason = target(tmp_path, layout), refusal(layout, rows)
        if reason is not None:
            with pytest.raises(UsageError, match=reason):
                pairs.write(path, layout=layout)
            continue
        pairs.write(path, layout=layout)
        assert same(written_rows(pairs_of(path), tmp_path), layout) == same(rows, layout), layout
    whole = prefs.with_texts()
    tables = Tables(whole.judgments.collect(), whole.responses, whole.items)
    for one in TABLE_LAYOUTS:
        path = target(tmp_path, one.name)
        refused = {"preflib": "cannot name a file"} if fixture in CRITERIA else {}  # q1/helpful
        refused |= {"rubric": "has a score by each criterion, and there is no column"}  # these are ranks
        if one.name in refused:
            with pytest.raises(UsageError, match=refused[one.name]):
                one.write(tables, path)
            assert not path.exists()
        else:
            counted = one.write(tables, path)["reason"].to_list()
            assert ("messages" in counted) == (fixture == "graded-chat" and one.name != "preflib")
