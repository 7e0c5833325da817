"""Layouts: what is written reads back as what the target can hold; what a trainer will lose is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.errors import UsageError
from prefqa.writers import LAYOUTS, PAIR_LAYOUTS, Tables, prepare_pairs, write_pairs

Row = dict[str, Any]
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), min_size=1, max_size=12).filter(
    lambda text: text.strip() != ""
)
PAIRS = st.lists(
    st.fixed_dictionaries(
        {"prompt": TEXT, "chosen": TEXT, "rejected": TEXT, "margin": st.floats(-5, 5), "tie": st.booleans()}
    ),
    min_size=1,
    max_size=6,
)


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


#: By layout: how a row that was written says prompt, chosen and rejected.
BACK = {
    "trl": simple,
    "trl-conversational": lambda row: {name: said(row[name]) for name in ("prompt", "chosen", "rejected")},
    "trl-margin": lambda row: {name: said(row[name]) for name in ("prompt", "chosen", "rejected")},
    "trl-implicit": lambda row: {
        "prompt": said(row["chosen"][:1]), "chosen": said(row["chosen"][1:]), "rejected": said(row["rejected"][1:]),
    },
    "openrlhf": lambda row: {
        "prompt": said(row["chosen"][:1]), "chosen": said(row["chosen"][1:]), "rejected": said(row["rejected"][1:]),
    },
    "axolotl-intel": lambda row: simple(row | {"prompt": row["question"]}),
    "axolotl-chat": lambda row: {
        "prompt": said(row["messages"]), "chosen": said(row["chosen"]), "rejected": said(row["rejected"]),
    },
    "axolotl-bradley-terry": lambda row: simple(row | {"prompt": row["input"]}),
    "llama-factory": lambda row: simple(row | {"prompt": row["instruction"]}),
    "llama-factory-sharegpt": lambda row: {
        "prompt": said(row["conversations"]), "chosen": said(row["chosen"]), "rejected": said(row["rejected"]),
    },
    "nemo-rl": lambda row: {"prompt": said(row["context"])} | {
        ("chosen", "rejected")[one["rank"]]: said(one["completion"]) for one in row["completions"]
    },
    "verl": lambda row: {
        "prompt": said(row["prompt"]), "chosen": row["reward_model"]["ground_truth"],
        "rejected": row["extra_info"]["rejected"],
    },
}  # fmt: skip


@pytest.mark.parametrize("layout", BACK)
@given(rows=PAIRS)
def test_what_is_written_says_the_same_pairs(
    tmp_path_factory: pytest.TempPathFactory, layout: str, rows: list[Row]
) -> None:
    ending = "parquet" if layout == "verl" else "jsonl"
    path = tmp_path_factory.mktemp("layout") / f"pairs.{ending}"
    write_pairs(pl.DataFrame(rows), path, layout=layout)
    written = pl.read_parquet(path).to_dicts() if layout == "verl" else lines(path)
    assert [BACK[layout](row) for row in written] == [simple(row) for row in rows]
    if layout in ("trl-margin", "openrlhf"):
        assert [row["margin"] for row in written] == pytest.approx([row["margin"] for row in rows])


@pytest.mark.parametrize("layout", ["trl", "trl-conversational", "trl-margin", "csv", "hugging-face", "axolotl-intel"])
@given(rows=PAIRS)
def test_what_is_written_reads_as_the_same_preferences(
    tmp_path_factory: pytest.TempPathFactory, layout: str, rows: list[Row]
) -> None:
    frame = pl.DataFrame(rows).filter(pl.col("chosen") != pl.col("rejected")).unique(["prompt"], keep="first")
    if frame.is_empty():
        return
    path = tmp_path_factory.mktemp("layout") / {"csv": "x.csv", "hugging-face": "x"}.get(layout, "x.jsonl")
    write_pairs(frame, path, layout=layout)
    columns = {"prompt": "question"} if layout == "axolotl-intel" else None
    pairs = prefqa.consensus(prefqa.read(path, columns=columns), method="majority").pairs().to_dicts()

    def plain(value: Any) -> str:
        text = value if isinstance(value, str) else said(value)
        return text[1:] if layout == "csv" and text[:1] == "'" else text

    found = {tuple(plain(row[name]) for name in ("prompt", "chosen", "rejected")) for row in pairs}
    assert found == {tuple(simple(row).values()) for row in frame.to_dicts()}


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
    losses = prepare_pairs(frame, max_characters=10).losses
    assert dict(losses.select("reason", "count").rows()) == {
        "no_text": 1,
        "empty": 1,
        "same": 1,
        "tie": 1,
        "too_long": 1,
    }
    assert losses["share"].to_list() == [0.2] * 5


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
    frame = pl.DataFrame({"chosen": [conversation(*roles)], "rejected": [conversation(*roles[:-1], "assistant")]})
    found = prepare_pairs(frame).losses.filter(reason="roles")["count"].sum()
    assert found == odd


def test_messages_do_not_fit_a_layout_of_texts(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"chosen": [conversation("user", "assistant")], "rejected": [conversation("user", "assistant")]}
    )
    for layout in ("trl", "csv", "llama-factory", "axolotl-intel"):
        with pytest.raises(UsageError, match="holds plain texts"):
            write_pairs(frame, tmp_path / "x.jsonl", layout=layout)
    turns = pl.DataFrame({"chosen": [conversation("user", "assistant", "user", "assistant")]})
    with pytest.raises(UsageError, match="several turns"):
        write_pairs(turns.with_columns(rejected="chosen"), tmp_path / "x.jsonl", layout="axolotl-bradley-terry")


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


RANKINGS = st.dictionaries(
    st.sampled_from(["p1", "p2"]),
    st.lists(st.lists(st.sampled_from([None, 1, 2, 3]), min_size=3, max_size=3), min_size=1, max_size=4),
    min_size=1,
)


@given(RANKINGS)
def test_preflib_keeps_every_order_and_its_count(
    tmp_path_factory: pytest.TempPathFactory, given_ranks: dict[str, list[list[int | None]]]
) -> None:
    rows = [
        {"item_id": item, "annotator_id": f"u{n}", "response_id": response, "rank": rank}
        for item, judgments in given_ranks.items()
        for n, ranks in enumerate(judgments)
        for response, rank in zip("abc", ranks, strict=True)
    ]
    if all(row["rank"] is None for row in rows):
        return
    folder = tmp_path_factory.mktemp("preflib") / "out"
    frame = pl.DataFrame(
        rows, schema={"item_id": pl.String, "annotator_id": pl.String, "response_id": pl.String, "rank": pl.Int64}
    )
    LAYOUTS["preflib"].write(Tables(frame), folder)  # type: ignore[arg-type]

    def shape(long: pl.DataFrame, names: dict[str, str]) -> list[Any]:
        ranked = long.drop_nulls("rank").with_columns(
            dense=pl.col("rank").rank("dense").over("item_id", "annotator_id"),
            name=pl.col("response_id").replace(names),
        )
        each = ranked.sort("name").group_by("item_id", "annotator_id").agg("name", "dense")
        return sorted((item, tuple(n), tuple(d)) for item, _, n, d in each.iter_rows())

    found: list[Any] = []
    for path in sorted(folder.iterdir()):
        prefs = prefqa.read(path)
        assert prefs.responses is not None
        found += shape(prefs.judgments.collect(), dict(prefs.responses.select("response_id", "text").rows()))
    assert sorted(found) == shape(frame, {})


def test_every_layout_of_pairs_is_tried_here() -> None:
    assert {one.name for one in PAIR_LAYOUTS} == {*BACK, "trl-unpaired", "hugging-face", "csv"}
