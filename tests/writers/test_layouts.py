"""Layouts: what is written reads back as what the target can hold; what a trainer will lose is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import UsageError
from prefqa.writers import LAYOUTS, Tables, prepare_pairs, write_pairs
from prefqa.writers.lengths import Limits
from prefqa.writers.pair_losses import losses_of

Row = dict[str, Any]


def user(text: str) -> list[Row]:
    return [{"role": "user", "content": text}]


def assistant(text: str) -> list[Row]:
    return [{"role": "assistant", "content": text}]


def said(messages: Any) -> str:
    (message,) = messages if isinstance(messages, list) else [messages]
    return str(message.get("content", message.get("value")))


def lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def simple(row: Row) -> Row:
    return {name: row[name] for name in ("prompt", "chosen", "rejected")}


def test_kto_rows_are_two_per_pair_with_their_label(tmp_path: Path) -> None:
    write_pairs(
        pl.DataFrame({"prompt": ["q"], "chosen": ["a"], "rejected": ["b"]}), tmp_path / "x.jsonl", layout="trl-unpaired"
    )
    assert lines(tmp_path / "x.jsonl") == [
        {"prompt": user("q"), "completion": assistant("a"), "label": True},
        {"prompt": user("q"), "completion": assistant("b"), "label": False},
    ]


def test_llama_factory_is_described_beside_and_other_entries_stay(tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").write_text(json.dumps({"other": {"file_name": "o.json"}}))
    frame = pl.DataFrame({"prompt": ["q"], "chosen": ["a"], "rejected": ["b"]})
    write_pairs(frame, tmp_path / "mine.json", layout="llama-factory-sharegpt")
    info = json.loads((tmp_path / "dataset_info.json").read_text())
    assert set(info) == {"other", "mine"}
    assert info["mine"] == {
        "file_name": "mine.json", "formatting": "sharegpt", "ranking": True,
        "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"},
    }  # fmt: skip
    assert json.loads((tmp_path / "mine.json").read_text())[0]["chosen"] == {"from": "gpt", "value": "a"}
    (tmp_path / "dataset_info.json").write_text("{")
    with pytest.raises(UsageError, match="dataset_info"):
        write_pairs(frame, tmp_path / "mine.json", layout="llama-factory")


def test_splits_become_files_and_the_card_tells_counts(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "prompt": ["q", "r", "s"],
            "chosen": ["a", "b", "c"],
            "rejected": ["x", "y", "z"],
            "split": ["train", "test", "train"],
        }
    )
    write_pairs(frame, tmp_path / "set", layout="hugging-face")
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    assert {name: part.num_rows for name, part in loaded.items()} == {"train": 2, "test": 1}
    assert "- rows in train: 2" in (tmp_path / "set" / "README.md").read_text()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'quoted"])
def test_formulas_are_neutralised_in_csv(tmp_path: Path, text: str) -> None:
    write_pairs(pl.DataFrame({"prompt": [text], "chosen": ["a"], "rejected": ["b"]}), tmp_path / "x.csv", layout="csv")
    assert pl.read_csv(tmp_path / "x.csv", infer_schema=False)["prompt"].to_list() == ["'" + text]


def conversation(*roles: str) -> list[Row]:
    return [{"role": role, "content": role[0]} for role in roles]


def test_losses_are_counted_by_reason() -> None:
    frame = pl.DataFrame(
        {
            "prompt": ["q", None, "q", "q", "q"],
            "chosen": ["long answer", "a", "same", "  ", "tied"],
            "rejected": ["b", "b", "same", "b", "c"],
            "tie": [False, False, False, False, True],
        }
    )
    pairs = prepare_pairs(frame)
    losses = losses_of(pairs, Limits(max_characters=10))
    reasons = ["no_text", "same_text", "tie", "no_prompt", "too_long"]
    assert dict(losses.select("reason", "count").rows()) == dict.fromkeys(reasons, 1)
    assert losses["share"].to_list() == [0.2] * 5
    assert said(pairs.chat["chosen"].item().to_list()) == "long answer"
    assert prepare_pairs(frame, ties=True, needs_prompt=False).chat.height == 3


@pytest.mark.parametrize(
    ("roles", "odd"),
    [
        (("user", "assistant"), 0),
        (("system", "user", "assistant"), 0),
        (("user", "assistant", "user", "assistant"), 0),
        (("user", "user", "assistant"), 1),
        (("assistant", "assistant"), 1),
        (("user", "assistant", "assistant"), 1),
        (("user", "assistant", "user"), 1),
    ],
)
def test_roles_that_do_not_alternate_are_counted(roles: tuple[str, ...], odd: int) -> None:
    other = [*conversation(*roles[:-1]), {"role": "assistant", "content": "another answer"}]
    frame = pl.DataFrame({"chosen": [conversation(*roles)], "rejected": [other]})
    found = losses_of(prepare_pairs(frame), Limits()).filter(reason="roles")["count"].sum()
    assert found == odd


def test_messages_do_not_fit_a_layout_of_texts(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"chosen": [conversation("user", "assistant")], "rejected": [conversation("user", "assistant")]}
    )
    for layout in ("trl", "csv", "llama-factory", "axolotl-intel"):
        with pytest.raises(UsageError, match="holds plain texts"):
            write_pairs(frame, tmp_path / "x.jsonl", layout=layout)
    asked = conversation("user", "assistant", "user")
    turns = pl.DataFrame({"chosen": [asked + assistant("a")], "rejected": [asked + assistant("b")]})
    with pytest.raises(UsageError, match="several turns"):
        write_pairs(turns, tmp_path / "x.jsonl", layout="axolotl-bradley-terry")


def test_an_unknown_layout_and_ending_name_what_there_is(tmp_path: Path) -> None:
    frame = pl.DataFrame({"chosen": ["a"], "rejected": ["b"]})
    with pytest.raises(UsageError, match="did you mean 'nemo-rl'"):
        write_pairs(frame, tmp_path / "x.jsonl", layout="nemorl")
    with pytest.raises(UsageError, match="holds judgments"):
        write_pairs(frame, tmp_path / "x.jsonl", layout="preflib")
    with pytest.raises(UsageError, match="rows are written as"):
        write_pairs(frame, tmp_path / "x.txt", layout="trl")


def campaign() -> prefqa.Preferences:
    rows = [
        {"item_id": item, "annotator_id": who, "response_id": response, "rank": rank, "prompt": f"question {item}",
         "text": f"{response} of {item}"}
        for item, orders in {"p1": [(1, 2, 3), (2, 1, 3)], "p2": [(3, 1, 2), (1, 1, 2)]}.items()
        for who, ranks in zip("xy", orders, strict=True)
        for response, rank in zip("abc", ranks, strict=True)
    ]  # fmt: skip
    return prefqa.read(rows)


def tables(prefs: prefqa.Preferences) -> Tables:
    places = prefqa.consensus(prefs, method="borda").responses.select("item_id", "response_id", "place")
    return Tables(prefs.judgments.collect(), prefs.responses, prefs.items, places)


@pytest.mark.parametrize("layout", ["argilla", "label-studio"])
def test_a_second_round_shows_the_texts_and_the_order_so_far(tmp_path: Path, layout: str) -> None:
    LAYOUTS[layout].write(tables(campaign()), tmp_path / "round.json")  # type: ignore[arg-type]
    rows = json.loads((tmp_path / "round.json").read_text())
    if layout == "argilla":
        assert rows[0]["id"] == "p1"
        assert rows[0]["fields"] == {"prompt": "question p1", "a": "a of p1", "b": "b of p1", "c": "c of p1"}
        assert rows[1]["suggestions"]["ranking"] == {"value": ["b", "a", "c"], "agent": "prefqa"}
    else:
        assert rows[0]["data"]["prompt"] == "question p1"
        assert [one["body"] for one in rows[0]["data"]["items"]] == ["a of p1", "b of p1", "c of p1"]
        (prediction,) = rows[1]["predictions"]
        assert prediction["result"][0]["value"] == {"ranker": {"rank": ["b", "a", "c"]}}
        assert '<Ranker name="rank" toName="results"/>' in (tmp_path / "round.xml").read_text()
