"""What is written reads back as what was given, as far as the layout can hold it, for each layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.writers import LAYOUTS, PAIR_LAYOUTS, TABLE_LAYOUTS, Tables, write_pairs

Row = dict[str, Any]
SIDES = ("chosen", "rejected")
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), min_size=1, max_size=12).filter(
    lambda text: text.strip() != ""
)


def teaches(row: Row) -> bool:
    """Whether the two responses differ."""
    chosen, rejected = row["chosen"], row["rejected"]
    return bool(chosen.strip() != rejected.strip() if isinstance(chosen, str) else chosen != rejected)


def repeat_the_prompt(rows: list[Row]) -> bool:
    """Whether both responses of half of the rows begin with the prompt, which is then cut off."""
    n = sum(all(row[side].startswith(row["prompt"]) for side in SIDES) for row in rows)
    return 2 * n >= len(rows)


PAIRS = st.lists(
    st.fixed_dictionaries({"prompt": TEXT, "chosen": TEXT, "rejected": TEXT, "margin": st.floats(-5, 5)}).filter(
        teaches
    ),
    min_size=1,
    max_size=6,
).filter(lambda rows: not repeat_the_prompt(rows))


def message(role: str, content: str) -> Row:
    return {"role": role, "content": content}


@st.composite
def dialogue(draw: st.DrawFn) -> list[Row]:
    """A prompt of one to five turns, perhaps after a system message, that ends with the user's."""
    system = draw(st.lists(TEXT.map(lambda text: message("system", text)), max_size=1))
    n = draw(st.sampled_from([1, 3, 5]))
    return system + [message(("user", "assistant")[at % 2], draw(TEXT)) for at in range(n)]


REPLY = TEXT.map(lambda text: [message("assistant", text)])
CHATS = st.lists(
    st.fixed_dictionaries({"prompt": dialogue(), "chosen": REPLY, "rejected": REPLY}).filter(teaches),
    min_size=1,
    max_size=4,
)


def lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def same(row: Row) -> Row:
    return {name: row[name] for name in ("prompt", *SIDES)}


def whole(row: Row) -> Row:
    """Conversations divided before their last message."""
    assert row["chosen"][:-1] == row["rejected"][:-1]
    return {"prompt": row["chosen"][:-1], "chosen": row["chosen"][-1:], "rejected": row["rejected"][-1:]}


def axolotl(row: Row) -> Row:
    return {"prompt": row["messages"], "chosen": [row["chosen"]], "rejected": [row["rejected"]]}


def bradley_terry(row: Row) -> Row:
    system = [message("system", row["system"])] if row["system"] else []
    return {
        "prompt": [*system, message("user", row["input"])],
        **{side: [message("assistant", row[side])] for side in SIDES},
    }


def sharegpt(row: Row) -> Row:
    roles = {"human": "user", "gpt": "assistant", "system": "system"}
    turns = {"prompt": row["conversations"], "chosen": [row["chosen"]], "rejected": [row["rejected"]]}
    return {name: [message(roles[one["from"]], one["value"]) for one in said] for name, said in turns.items()}


def nemo(row: Row) -> Row:
    return {"prompt": row["context"]} | {SIDES[one["rank"]]: one["completion"] for one in row["completions"]}


def verl(row: Row) -> Row:
    assert row["extra_info"]["chosen"] == row["reward_model"]["ground_truth"]
    texts = {side: [message("assistant", row["extra_info"][side])] for side in SIDES}
    return {"prompt": row["prompt"], **texts}


#: By layout of texts, and of messages: how a row that was written says prompt, chosen and rejected.
TEXTS: dict[str, Callable[[Row], Row]] = {
    "prefqa": same,
    "trl": same,
    "axolotl-intel": lambda row: same(row | {"prompt": row["question"]}),
    "llama-factory": lambda row: same(row | {"prompt": row["instruction"] + row["input"]}),
    "hugging-face": same,
    "csv": lambda row: {name: row[name].removeprefix("'") for name in ("prompt", *SIDES)},
}
MESSAGES: dict[str, Callable[[Row], Row]] = {
    "prefqa": same,
    "trl-conversational": same,
    "trl-implicit": whole,
    "trl-margin": same,
    "openrlhf": whole,
    "axolotl-chat": axolotl,
    "axolotl-bradley-terry": bradley_terry,
    "llama-factory-sharegpt": sharegpt,
    "nemo-rl": nemo,
    "verl": verl,
    "hugging-face": same,
}
#: Layouts whose rows are not pairs with a prompt apart, which have tests of their own below.
OTHERS = {"trl-unpaired", "trl-unpaired-text", "trl-implicit-text"}


def written(frame: pl.DataFrame, folder: Path, layout: str) -> list[Row]:
    """Write, and read as the trainer's own loader does."""
    ending = {"verl": ".parquet", "csv": ".csv", "hugging-face": ""}.get(layout, ".jsonl")
    path = folder / f"pairs{ending}"
    write_pairs(frame, path, layout=layout)
    if layout == "csv":
        return pl.read_csv(path, infer_schema=False).to_dicts()
    if layout == "hugging-face":
        return pl.read_parquet(path / "train-*.parquet").to_dicts()
    return pl.read_parquet(path).to_dicts() if ending == ".parquet" else lines(path)


@pytest.mark.parametrize("layout", [*TEXTS, *MESSAGES])
@given(rows=PAIRS)
def test_texts_come_back(tmp_path_factory: pytest.TempPathFactory, layout: str, rows: list[Row]) -> None:
    found = written(pl.DataFrame(rows), tmp_path_factory.mktemp("layout"), layout)
    if layout in TEXTS:
        assert [TEXTS[layout](row) for row in found] == [same(row) for row in rows]
    else:
        roles = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
        expected = [{name: [message(role, row[name])] for name, role in roles.items()} for row in rows]
        assert [MESSAGES[layout](row) for row in found] == expected
    if layout in ("trl-margin", "openrlhf"):
        assert [row["margin"] for row in found] == pytest.approx([row["margin"] for row in rows])


@pytest.mark.parametrize("layout", MESSAGES)
@given(rows=CHATS)
def test_dialogues_come_back(tmp_path_factory: pytest.TempPathFactory, layout: str, rows: list[Row]) -> None:
    if layout == "axolotl-bradley-terry":  # it holds one turn, and refuses others
        rows = [row | {"prompt": row["prompt"][-1:]} for row in rows]
    found = written(pl.DataFrame(rows), tmp_path_factory.mktemp("layout"), layout)
    assert [MESSAGES[layout](row) for row in found] == rows


@given(rows=PAIRS)
def test_unpaired_rows_come_back_as_pairs(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    for layout in ("trl-unpaired", "trl-unpaired-text"):
        found = written(pl.DataFrame(rows), tmp_path_factory.mktemp("layout"), layout)
        assert [row["label"] for row in found] == [True, False] * len(rows)

        def plain(value: Any) -> Any:
            return value if isinstance(value, str) else value[0]["content"]

        both = [
            {
                "prompt": plain(good["prompt"]),
                "chosen": plain(good["completion"]),
                "rejected": plain(bad["completion"]),
            }
            for good, bad in zip(found[::2], found[1::2], strict=True)
        ]
        assert both == [same(row) for row in rows]
        assert [row["prompt"] for row in found[::2]] == [row["prompt"] for row in found[1::2]]


@given(rows=PAIRS)
def test_joined_texts_come_back_and_what_hides_the_prompt_is_counted(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    path = tmp_path_factory.mktemp("layout") / "x.jsonl"
    losses = write_pairs(pl.DataFrame(rows), path, layout="trl-implicit-text")
    assert lines(path) == [{side: row["prompt"] + row[side] for side in SIDES} for row in rows]
    alike = sum(row["chosen"][0] == row["rejected"][0] and row["chosen"] != row["rejected"] for row in rows)
    assert losses.filter(reason="same_start")["count"].sum() == alike


@pytest.mark.parametrize("layout", ["trl", "trl-conversational", "trl-margin", "csv", "hugging-face", "axolotl-intel"])
@given(rows=PAIRS)
def test_what_is_written_reads_as_the_same_preferences(
    tmp_path_factory: pytest.TempPathFactory, layout: str, rows: list[Row]
) -> None:
    frame = pl.DataFrame(rows).unique(["prompt"], keep="first")
    if frame["prompt"].str.contains(r"^[\d.\s]*$").all():  # numbers are no prompts
        return
    path = tmp_path_factory.mktemp("layout") / {"csv": "x.csv", "hugging-face": "x"}.get(layout, "x.jsonl")
    write_pairs(frame, path, layout=layout)
    columns = {"prompt": "question"} if layout == "axolotl-intel" else None
    pairs = prefqa.consensus(prefqa.read(path, columns=columns), method="majority").pairs().to_dicts()

    def plain(value: Any) -> str:
        text = value if isinstance(value, str) else value[0]["content"]
        return text[1:] if layout == "csv" and text[:1] == "'" else text

    found = {tuple(plain(row[name]) for name in ("prompt", "chosen", "rejected")) for row in pairs}
    assert found == {tuple(same(row).values()) for row in frame.to_dicts()}


ITEMS = st.lists(
    st.tuples(TEXT, st.lists(TEXT, min_size=3, max_size=3), st.lists(st.integers(1, 3), min_size=3, max_size=3)),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("layout", ["argilla", "label-studio"])
@given(items=ITEMS)
def test_a_second_round_reads_back_with_its_texts_and_orders(
    tmp_path_factory: pytest.TempPathFactory, layout: str, items: list[tuple[str, list[str], list[int]]]
) -> None:
    rows = [
        {"item_id": f"p{n}", "prompt": prompt, "response_id": response, "text": text, "place": place}
        for n, (prompt, texts, places) in enumerate(items)
        for response, text, place in zip("abc", texts, places, strict=True)
    ]
    frame = pl.DataFrame(rows)
    judgments = frame.select("item_id", "response_id", annotator_id=pl.lit("x"), rank="place")
    given_tables = Tables(
        judgments,
        frame.select("item_id", "response_id", "text"),
        frame.select("item_id", "prompt").unique(),
        frame.select("item_id", "response_id", "place"),
    )
    path = tmp_path_factory.mktemp("round") / "round.json"
    losses = LAYOUTS[layout].write(given_tables, path)  # type: ignore[arg-type]
    tied = {f"p{n}" for n, (_, _, places) in enumerate(items) if len(set(places)) < 3}
    assert dict(losses.select("reason", "count").rows()) == ({"tied": len(tied)} if tied else {})
    if len(tied) == len(items):
        return
    back = prefqa.read(path, models="only", **({"ranks": "order"} if layout == "argilla" else {}))
    dense = frame.with_columns(pl.col("place").rank("dense").over("item_id").cast(pl.Int64))
    expected = {row[:3] for row in dense.select("item_id", "response_id", "place").iter_rows() if row[0] not in tied}
    assert set(back.judgments.collect().select("item_id", "response_id", "rank").rows()) == expected
    assert back.responses is not None
    assert back.items is not None
    assert set(back.responses.select("item_id", "response_id", "text").rows()) == set(
        frame.select("item_id", "response_id", "text").rows()
    )
    assert set(back.items.select("item_id", "prompt").rows()) == set(frame.select("item_id", "prompt").rows())


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
    for path in sorted(set(folder.iterdir()) - {folder / "prefqa-files.json"}):
        prefs = prefqa.read(path)
        assert prefs.responses is not None
        found += shape(prefs.judgments.collect(), dict(prefs.responses.select("response_id", "text").rows()))
    assert sorted(found) == shape(frame, {})


def test_every_layout_is_tried_here() -> None:
    assert {one.name for one in PAIR_LAYOUTS} == {*TEXTS, *MESSAGES, *OTHERS}
    assert {one.name for one in TABLE_LAYOUTS} == {"argilla", "label-studio", "preflib", "rubric"}
