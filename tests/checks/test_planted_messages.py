"""Sixty planted faults of each kind in calls of tools, turns and media: all are found, and nothing else is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import prefqa
from checks.test_media import WHOLE, png
from prefqa.checks import check

Row = dict[str, Any]
N = 60
NAMES = ("weather", "search", "add", "book", "translate")
CITIES = ("Oslo", "São Paulo", "東京", 'the "city"', "back\\slash")


def tools_of(rng: random.Random) -> list[Row]:
    kinds: list[Row] = [
        {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "default": None}},
        {"query": {"type": "string"}, "limit": {"type": "integer"}},
        {"terms": {"type": "array", "items": {"type": "number"}}},
        {
            "date": {"type": "string"},
            "options": {"type": "object", "properties": {"seat": {"enum": ["aisle", "window"]}}},
        },
        {"text": {"type": "string"}, "to": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    ]
    made = [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": properties,
         "required": [next(iter(properties))], "additionalProperties": False}}}
        for name, properties in zip(NAMES, kinds, strict=True)
    ]  # fmt: skip
    return rng.sample(made, len(made))


def arguments_of(name: str, rng: random.Random) -> Row:
    return {
        "weather": {"city": rng.choice(CITIES), "days": rng.randint(1, 9)},
        "search": {"query": rng.choice(CITIES), "limit": rng.randint(1, 9)},
        "add": {"terms": [rng.random() for _ in range(rng.randint(1, 4))]},
        "book": {"date": "2030-01-01", "options": {"seat": rng.choice(["aisle", "window"])}},
        "translate": {"text": rng.choice(CITIES), "to": rng.choice(["de", None])},
    }[name]


def called(name: str, arguments: Any, key: str, rng: random.Random) -> Row:
    """A call, in one of the forms that files have it in."""
    given = json.dumps(arguments, ensure_ascii=False) if rng.random() < 0.5 else arguments
    message: Row = {"role": "assistant", "tool_calls": [
        {"id": key, "type": "function", "function": {"name": name, "arguments": given}}]}  # fmt: skip
    return message | rng.choice([{}, {"content": None}, {"content": ""}, {"content": "I look."}])


def answered(key: str) -> Row:
    return {"role": "tool", "tool_call_id": key, "content": "done"}


def sound(rng: random.Random, turns: int) -> list[Row]:
    messages: list[Row] = []
    for turn in range(turns):
        name = rng.choice(NAMES)
        messages += [called(name, arguments_of(name, rng), f"c{turn}", rng), answered(f"c{turn}")]
    return [*messages, {"role": "assistant", "content": f"All {turns} done, {rng.random()}."}]


def undefined(messages: list[Row], place: int, rng: random.Random) -> None:
    name = rng.choice(["forecast", "Weather", "search ", "wea"])
    messages[place] = called(name, {"city": "Oslo"}, messages[place]["tool_calls"][0]["id"], rng)


def no_json(messages: list[Row], place: int, rng: random.Random) -> None:
    text = rng.choice(['{"city": ', "city=Oslo", "{'city': 'Oslo'}", '{"city": "Oslo",}', "", "[1]", "3"])
    messages[place]["tool_calls"][0]["function"] |= {"name": "weather", "arguments": text}


def no_fit(messages: list[Row], place: int, rng: random.Random) -> None:
    name, arguments = rng.choice([
        ("weather", {"city": 3}), ("weather", {"days": 2}), ("weather", {"city": "Oslo", "days": 0}),
        ("weather", {"city": "Oslo", "land": "NO"}), ("add", {"terms": ["one"]}), ("add", {"terms": 1}),
        ("book", {"date": "2030-01-01", "options": {"seat": "roof"}}), ("translate", {"text": "a", "to": 5}),
        ("search", {"query": None}),
    ])  # fmt: skip
    messages[place] = called(name, arguments, messages[place]["tool_calls"][0]["id"], rng)


def no_call(messages: list[Row], place: int, rng: random.Random) -> None:
    if rng.random() < 0.5:
        messages.insert(place + 2, answered("lost"))
    else:
        messages[place + 1]["tool_call_id"] = "lost"
        messages.insert(place + 2, answered(messages[place]["tool_calls"][0]["id"]))


def no_result(messages: list[Row], place: int, _rng: random.Random) -> None:
    del messages[place + 1]


def no_turns(messages: list[Row], place: int, rng: random.Random) -> None:
    if rng.random() < 0.5:
        messages.append({"role": "assistant", "content": "Once more."})
    else:
        messages[:] = messages[: place + 2]  # it ends on a result


FAULTS: dict[str, tuple[str, Callable[[list[Row], int, random.Random], None]]] = {
    "undefined tool": ("PQ231", undefined),
    "arguments that are not JSON": ("PQ232", no_json),
    "arguments that do not fit": ("PQ232", no_fit),
    "result without call": ("PQ233", no_call),
    "call without result": ("PQ234", no_result),
    "roles that do not alternate": ("PQ217", no_turns),
}
TRAJECTORY_CODES = ["PQ217", "PQ231", "PQ232", "PQ233", "PQ234"]


@pytest.mark.parametrize("kind", FAULTS)
def test_every_planted_fault_of_a_trajectory_is_found_where_it_is(tmp_path: Path, kind: str) -> None:
    code, plant = FAULTS[kind]
    rng, rows, planted = random.Random(kind), [], set()
    for i in range(2 * N):
        bad = sound(rng, rng.randint(1, 4))
        if i % 2:
            plant(bad, 2 * rng.randrange((len(bad) - 1) // 2), rng)
            planted.add(f"q{i}")
        side = rng.choice(["chosen", "rejected"])
        other = "rejected" if side == "chosen" else "chosen"
        rows.append({"id": f"q{i}", "prompt": [{"role": "user", "content": f"Do {i}."}], side: bad,
                     other: sound(rng, rng.randint(0, 3)), "tools": tools_of(rng)})  # fmt: skip
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    prefs = prefqa.read(path)
    assert prefs.items is not None
    assert prefs.items.height == 2 * N
    found = check(prefs, select=TRAJECTORY_CODES, max_examples=10 * N)
    by_code = {row["code"]: {example["item_id"] for example in row["examples"]} for row in found.findings.to_dicts()}
    numbers = {item: prompt[0]["content"][3:-1] for item, prompt in prefs.items.select("item_id", "prompt").rows()}
    named = {code: {f"q{numbers[item]}" for item in items} for code, items in by_code.items()}
    if kind == "call without result":  # which leaves two messages of the assistant side by side
        assert named.pop("PQ217") <= planted
    assert named == {code: planted}
    assert len(planted) == N


def faulty(kind: str, folder: Path, i: int, rng: random.Random) -> tuple[str, str]:
    """Two paths of a pair, the first with the fault."""
    ending, data = rng.choice(list(WHOLE.items()))
    first, second = f"{i}-a.{ending}", f"{i}-b.{ending}"
    (folder / second).write_bytes(data)
    if kind == "empty":
        (folder / first).write_bytes(b"")
    elif kind == "truncated":
        (folder / first).write_bytes(data[: rng.randint(20, len(data) - 1)] if ending != "mp3" else data[:100])
    elif kind == "the same file":
        first = second
    elif kind == "the same bytes":
        (folder / first).write_bytes(data)
    return first, second


MEDIA = {
    "missing": "PQ235", "empty": "PQ236", "truncated": "PQ236", "the same file": "PQ237", "the same bytes": "PQ237",
}  # fmt: skip


@pytest.mark.parametrize("form", ["columns", "parts"])
@pytest.mark.parametrize("kind", MEDIA)
def test_every_planted_fault_of_media_is_found_where_it_is(tmp_path: Path, kind: str, form: str) -> None:
    rng, rows, planted = random.Random(kind), [], set()
    for i in range(2 * N):
        paths = (f"{i}-x.png", f"{i}-y.png")
        if i % 2:
            paths = faulty(kind, tmp_path, i, rng)
            planted.add(f"q{i}")
        else:
            for pixel, name in enumerate(paths):
                (tmp_path / name).write_bytes(png(pixel))
        words = [f"first {i}", f"second {i}"]
        if form == "columns":
            row: Row = {"response_a": words[0], "response_b": words[1], "image_a": paths[0], "image_b": paths[1]}
        else:
            sides = [
                [{"role": "assistant", "content": [{"type": "image", "image": path}, {"type": "text", "text": word}]}]
                for path, word in zip(paths, words, strict=True)
            ]
            row = {"response_a": sides[0], "response_b": sides[1]}
        rows.append({"item_id": f"q{i}", "prompt": f"Draw {i}.", "winner": rng.choice("ab")} | row)
    path = tmp_path / "votes.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    options = {code: {"folder": str(tmp_path)} for code in set(MEDIA.values())}
    found = check(prefqa.read(path), select=sorted(options), options=options, max_examples=10 * N)
    named = {row["code"]: {example["item_id"] for example in row["examples"]} for row in found.findings.to_dicts()}
    assert named == {MEDIA[kind]: planted}
    assert len(planted) == N


def test_the_same_text_beside_another_picture_is_no_duplicate() -> None:
    def shown(image: str, good: str = "A fox.", bad: str = "A cat.") -> Row:
        parts = [{"type": "image", "image": image}, {"type": "text", "text": "What is it?"}]
        messages = {
            side: [{"role": "assistant", "content": text}] for side, text in (("chosen", good), ("rejected", bad))
        }
        return {"prompt": [{"role": "user", "content": parts}], **messages}

    codes = ["PQ203", "PQ204", "PQ205", "PQ206", "PQ207", "PQ208", "PQ209"]
    rows = [shown(f"{i}.png") for i in range(N)]
    turned = [row | {"chosen": row["rejected"], "rejected": row["chosen"]} for row in rows[::2]]  # no contradiction
    asked = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}]
    placeholders = [shown("") | {"prompt": asked, "images": [f"{i}.png"]} for i in range(N)]
    for given in (rows, [*rows[1::2], *turned], placeholders):
        prefs = prefqa.read(given)
        assert prefs.items is not None
        assert prefs.items.height == N
        assert check(prefs, select=codes).findings.is_empty()


def test_rules_on_texts_look_at_parts_and_at_all_messages() -> None:
    mail = "ann.smith@acme-mail.org"
    rows = [
        {"prompt": [{"role": "system", "content": f"Write to {mail}."}, {"role": "user", "content": "Do."}],
         "chosen": [{"role": "assistant", "content": "Yes."}], "rejected": [{"role": "assistant", "content": "No."}]},
        {"prompt": [{"role": "user", "content": "Find."}],
         "chosen": [called("search", {"query": mail}, "c1", random.Random(1)), answered("c1"),
                    {"role": "assistant", "content": "Found."}],
         "rejected": [{"role": "assistant", "content": [{"type": "text", "text": f"Ask {mail}."}]}]},
        {"prompt": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": f"Who is {mail}?"}]}],
         "chosen": [{"role": "assistant", "content": "Nobody."}], "rejected": [{"role": "assistant", "content": "I."}]},
    ]  # fmt: skip
    found = check(prefqa.read(rows), select=["PQ222"], max_examples=20).findings.to_dicts()
    assert [row["count"] for row in found] == [4]
    examples = found[0]["examples"]
    assert sorted(example["response_id"] is None for example in examples) == [False, False, True, True]
    assert mail not in json.dumps(examples)


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("Is the sky blue? Answer true or false.", "True"),
        ("Decide whether the statement is correct: 2 + 2 = 5.", "false"),
        ("Wahr oder falsch: Wasser ist nass.", "true"),
        ("What does this function return? def f(): pass", "None"),
        ("What is the output of console.log(typeof x)?", "undefined"),
        ("Does JavaScript have null or undefined for a missing key?", "undefined"),
        ("Yes or no: is ice cold?", "yes"),
        ("A) oak B) granite. Which is a tree?", "A"),
        ("How many legs has a spider?", "8"),
        ("2 + 2?", "4"),
    ],
)
@pytest.mark.parametrize("form", ["text", "chat", "system"])
def test_a_value_that_the_prompt_asks_for_is_an_answer(prompt: str, answer: str, form: str) -> None:
    def said(role: str, text: str) -> Any:
        return text if form == "text" else [{"role": role, "content": text}]

    row = {
        "prompt": said("user", prompt),
        "chosen": said("assistant", answer),
        "rejected": said("assistant", "Hm, well."),
    }
    if form == "system":
        row["prompt"] = [{"role": "system", "content": prompt}, {"role": "user", "content": "Go."}]
    other = {"prompt": said("user", "Tell me a story."), "chosen": said("assistant", "Once."),
             "rejected": said("assistant", "true")}  # fmt: skip
    found = check(prefqa.read([row, other]), select=["PQ202"], max_examples=5).findings.to_dicts()
    assert [row["count"] for row in found] == [1]
    assert [example["value"] for example in found[0]["examples"]] == ["true"]
