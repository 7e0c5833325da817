"""Fifty fixtures of every kind through every layout and back: equal as JSON, refused by name, or the loss counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import polars as pl
import pytest

import prefqa
from prefqa.errors import UsageError
from prefqa.writers import PAIR_LAYOUTS, TABLE_LAYOUTS, PairLayout, Tables
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
    """Messages of a role and a content alone."""
    plain = {name: [{key: one[key] for key in ("role", "content")} for one in row[name]] for name in ("prompt", *SIDES)}
    return row | plain


def same(rows: list[Row], layout: str | None = None) -> Counter[str]:
    """Rows as conversations in JSON, with what rides along in a layout: equal as JSON means equal here."""
    counted: Counter[str] = Counter()
    for row in map(divided, rows):
        row = stripped(row) if layout in SINGLE else row
        carried = CARRIED if layout is None else BY_NAME[layout].carries
        whole = {side: row["prompt"] + row[side] for side in SIDES}
        if layout is not None and BY_NAME[layout].joined:
            whole = {side: "".join(one["content"] for one in messages) for side, messages in whole.items()}
        more = {name: row[name] for name in carried if row.get(name)}
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


@pytest.mark.parametrize("layout", BY_NAME)
@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_fixture_goes_through_a_layout_and_back(tmp_path: Path, fixture: str, layout: str) -> None:
    rows = FIXTURES[fixture]
    pairs, path = pairs_of(source(tmp_path, rows)), target(tmp_path, layout)
    reason = refusal(layout, rows)
    if reason is not None:
        with pytest.raises(UsageError, match=f"layout '{layout}'.*{reason}|{reason}"):
            pairs.write(path, layout=layout)
        assert not path.exists()
        return
    counted = pairs.write(path, layout=layout)
    assert {reason: n for reason, n in counted.select("reason", "count").rows() if reason != "roles"} == losses(
        layout, rows
    )
    back = pairs_of(path)
    assert same(written_rows(back, tmp_path), layout) == same(rows, layout)


#: Layouts whose rows are prompt, chosen and rejected under these names: they are compared without our readers.
STATED = ("prefqa", "trl-conversational", "trl-margin")


@pytest.mark.parametrize("layout", STATED)
@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_row_is_the_row_of_the_source(tmp_path: Path, fixture: str, layout: str) -> None:
    rows, path = FIXTURES[fixture], target(tmp_path, layout)
    pairs_of(source(tmp_path, rows)).write(path, layout=layout)
    names = ("prompt", *SIDES, *CARRIED)
    found = [{name: row[name] for name in names if row.get(name) is not None} for row in lines(path)]
    expected = rows if layout == "prefqa" and all(isinstance(row["chosen"], str) for row in rows) else None
    expected = expected or [{name: divided(row)[name] for name in names if name in divided(row)} for row in rows]
    # Keys of messages in their order, too.
    assert Counter(map(json.dumps, found)) == Counter(map(json.dumps, expected))


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("fixture", FIXTURES)
def test_a_chat_template_renders_the_same_before_and_after(tmp_path: Path, fixture: str, template: str) -> None:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined if template == "none" else jinja2.Undefined)
    render = environment.from_string(TEMPLATES[template]).render
    rows = FIXTURES[fixture]

    def texts(given: list[Row]) -> Counter[str]:
        return Counter(
            render(messages=row["prompt"] + row[side], tools=row.get("tools"))
            for row in map(divided, given)
            for side in SIDES
        )

    before = texts(rows)
    for layout in ("prefqa", "trl-conversational", "trl-implicit", "trl-margin"):
        path = tmp_path / f"{layout}.jsonl"
        pairs_of(source(tmp_path, rows)).write(path, layout=layout)
        assert texts(lines(path)) == before, layout


@pytest.mark.parametrize("layout", [one.name for one in TABLE_LAYOUTS])
@pytest.mark.parametrize("fixture", FIXTURES)
def test_judgments_with_messages_are_written_and_their_loss_is_counted(
    tmp_path: Path, fixture: str, layout: str
) -> None:
    rows, path = FIXTURES[fixture], target(tmp_path, layout)
    prefs = prefqa.read(source(tmp_path, rows)).with_texts()
    tables = Tables(prefs.judgments.collect(), prefs.responses, prefs.items)
    found = next(one for one in TABLE_LAYOUTS if one.name == layout).write(tables, path)
    counted = set(found["reason"])
    if layout == "preflib":
        assert {"texts", "annotators"} <= counted
        return
    is_text = all(isinstance(row[side], str) for row in rows for side in SIDES)
    assert ("messages" in counted) == (not is_text)
    assert counted - {"messages"} == {name for name in CARRIED if any(row.get(name) for row in rows)}
    shown = path.read_text(encoding="utf-8")
    for message in messages_in(rows):
        for call in message.get("tool_calls") or []:
            assert call["function"]["name"] in shown
        for part in message["content"] if isinstance(message.get("content"), list) else []:
            assert part.get("text", part.get("image", "")) in shown


@pytest.mark.parametrize("layout", [*BY_NAME, *(one.name for one in TABLE_LAYOUTS)])
@pytest.mark.parametrize("fixture", [*GRADED, *CRITERIA])
def test_votes_become_pairs_that_come_back(tmp_path: Path, fixture: str, layout: str) -> None:
    rows, path = {**GRADED, **CRITERIA}[fixture], target(tmp_path, layout)
    prefs = prefqa.read(source(tmp_path, rows))
    pairs = prefqa.consensus(prefs, method="majority").pair_set(ties="drop")
    expected = same(written_rows(pairs, tmp_path), layout if layout in BY_NAME else None)
    assert sum(expected.values()) == (6 if fixture == "criteria" else 3)
    if layout not in BY_NAME:
        whole = prefs.with_texts()
        tables = Tables(whole.judgments.collect(), whole.responses, whole.items)
        assert next(one for one in TABLE_LAYOUTS if one.name == layout).write(tables, path).height >= 0
        return
    written = pl.DataFrame(written_rows(pairs, tmp_path)).to_dicts()
    reason = refusal(layout, written)
    if reason is not None:
        with pytest.raises(UsageError, match=reason):
            pairs.write(path, layout=layout)
        return
    pairs.write(path, layout=layout)
    found = same(written_rows(pairs_of(path), tmp_path), layout)
    if fixture == "criteria":  # two items of one prompt are one where a layout has no ids
        assert set(found) == set(expected)
    else:
        assert found == expected


def test_every_pair_layout_has_a_row_here() -> None:
    assert all(isinstance(layout, PairLayout) for layout in BY_NAME.values())
