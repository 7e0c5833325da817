"""What `prefqa convert` writes, `prefqa.read` reads back: every layout, without an option, to the same preferences."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.cli import main
from prefqa.writers import LAYOUTS, PAIR_LAYOUTS, TABLE_LAYOUTS, PairLayout

Pair = tuple[Any, Any, Any]
#: Layouts of texts alone, and of one turn after a system prompt; every other must hold every campaign.
TEXTS = {"trl", "trl-implicit-text", "trl-unpaired-text", "axolotl-intel", "llama-factory", "csv"}
ONE_TURN = {"axolotl-bradley-terry"}
#: Layouts whose rows are single responses, labelled good or bad.
UNPAIRED = {"trl-unpaired", "trl-unpaired-text"}
#: Layouts with a place for a tie, and those that keep the figures of a pair.
TIES, FIGURES = {"csv"}, {"prefqa", "hugging-face", "csv"}
MARGIN = {"trl-margin", "openrlhf", *FIGURES}
ENDINGS = {"csv": ".csv", "verl": ".parquet", "hugging-face": "", "preflib": "", "argilla": ".json"}
#: Whole conversations as chosen and rejected: the prompt is what they share.
WITHIN = {"trl-implicit", "openrlhf"}


def message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def said(*contents: str, system: str | None = None) -> list[dict[str, str]]:
    turns = [message(("user", "assistant")[at % 2], content) for at, content in enumerate(contents)]
    return [message("system", system), *turns] if system else turns


def reply(content: str) -> list[dict[str, str]]:
    return [message("assistant", content)]


#: By campaign: prompt, chosen and rejected of each pair.
CAMPAIGNS: dict[str, list[Pair]] = {
    "texts": [
        ("Why is the sky blue?", "Air scatters blue light.", "It is painted."),
        ("=1+1", '-2 is wrong, 2 is right.\nSee "addition".', "'quoted, and wrong"),
        ("Wie heißt das?", "Ein Dreieck △, mit drei Seiten.", "+49, a number"),
    ],
    "messages": [
        (said("Why is the sky blue?"), reply("Air scatters blue light."), reply("It is painted.")),
        (said('A "quoted"\nline \\ and more'), reply('{"a": [1]}'), reply("[]")),
    ],
    "turns": [
        (said("Hello.", "Hi.", "Nice day?"), reply("Indeed it is."), reply("No.")),
        (said("Hello.", "Hi.", "Rain?"), reply("Not yet."), reply("Who knows.")),
    ],
    "system": [
        (said("Why is the sky blue?", system="Be brief."), reply("Light scatters."), reply("Well, you see ...")),
        (said("Name a tree."), reply("Oak."), reply("Granite.")),
    ],
    "no-prompt": [(None, "A good text.", "A bad text."), (None, "Another good one.", "Another bad one.")],
    "no-prompt-messages": [(None, reply("Good."), reply("Bad.")), (None, reply("Better."), reply("Worse."))],
}
SEVERAL = [
    ("Name a tree.", "Oak.", "Tree."),
    ("Name a tree.", "Oak.", "Granite."),
    ("Name a tree.", "Tree.", "Granite."),
]


def judged(pairs: list[Pair], folder: Path, tied: tuple[int, ...] = ()) -> str:
    """A campaign in which two annotators agree on all these pairs; one item each."""
    rows = [
        {"item_id": f"p.{n}", "annotator_id": who, "response_id": response, "rank": rank if n not in tied else 1,
         "prompt": prompt, "text": text}
        for n, (prompt, chosen, rejected) in enumerate(pairs)
        for who in "xy"
        for response, rank, text in (("a", 1, chosen), ("b", 2, rejected))
    ]  # fmt: skip
    path = folder / "campaign.parquet"
    frame = pl.DataFrame(rows)
    frame.select(name for name in frame.columns if frame[name].dtype != pl.Null()).write_parquet(path)
    return str(path)


def convert(capsys: pytest.CaptureFixture[str], source: str, out: Path, *options: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(["convert", source, "-o", str(out), *options])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out + printed.err


def file_of(folder: Path, layout: str, ending: str | None = None) -> Path:
    (folder / "out").mkdir()
    return folder / "out" / f"pairs{ENDINGS.get(layout, '.jsonl') if ending is None else ending}"


def turns_of(role: str, value: Any) -> tuple[tuple[str, str], ...]:
    """A text or messages as turns; a text is one turn of its role, and a blank prompt none."""
    if not isinstance(value, str):
        return tuple((one["role"], one["content"]) for one in value or ())
    return ((role, value),) if value else ()


def same(pair: Any, *, joined: bool = False) -> Any:
    """A pair as turns; of a layout that joins prompt and response, both as one text."""
    prompt, *responses = pair
    if joined:
        return tuple((prompt or "") + response for response in responses)
    return turns_of("user", prompt), *(turns_of("assistant", response) for response in responses)


def pairs_of(prefs: prefqa.Preferences, *, joined: bool = False) -> Counter[Any]:
    pairs = prefqa.consensus(prefs, method="majority").pairs()
    if "prompt" not in pairs.columns:
        pairs = pairs.with_columns(prompt=pl.lit(None, pl.String))
    rows = pairs.select("prompt", "chosen", "rejected", "tie").rows()
    return Counter((same(row[:3], joined=joined), row[3]) for row in rows)


def ratings_of(prefs: prefqa.Preferences) -> Counter[Any]:
    long = prefs.judgments.collect()
    prompts = long["prompt"].to_list() if "prompt" in long.columns else [None] * long.height
    rows = zip(prompts, long["text"].to_list(), long["score"].to_list(), strict=True)
    return Counter((turns_of("user", prompt), turns_of("assistant", text), score) for prompt, text, score in rows)


def labelled(pairs: list[Pair]) -> Counter[Any]:
    return Counter(
        (turns_of("user", prompt), turns_of("assistant", text), score)
        for prompt, *texts in pairs
        for text, score in zip(texts, (1.0, 0.0), strict=True)
    )


def is_refused(layout: str, campaign: str) -> str | None:
    """Why a layout cannot hold a campaign."""
    if layout in TEXTS and campaign not in ("texts", "no-prompt"):
        return "holds plain texts"
    return "several turns" if layout in ONE_TURN and campaign == "turns" else None


def case(layout: str, campaign: str) -> Any:
    return pytest.param(*((layout, campaign) if campaign != "several" else (layout,)))


@pytest.mark.parametrize(
    ("layout", "campaign"), [case(one.name, campaign) for one in PAIR_LAYOUTS for campaign in CAMPAIGNS]
)
def test_pairs_come_back(tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str, campaign: str) -> None:
    pairs, path = CAMPAIGNS[campaign], file_of(tmp_path, layout)
    code, printed = convert(capsys, judged(pairs, tmp_path), path, "--layout", layout)
    reason = is_refused(layout, campaign)
    if reason is not None:
        assert (code, reason in printed) == (2, True), printed
        return
    assert code == 0, printed
    prefs = prefqa.read(path)
    written = LAYOUTS[layout]
    joined = isinstance(written, PairLayout) and written.joined
    if layout in UNPAIRED:
        assert ratings_of(prefs) == labelled(pairs)
        if campaign.startswith("no-prompt"):  # then nothing says which two were compared
            assert prefs.judgments.collect()["item_id"].n_unique() == 2 * len(pairs)
            return
    assert pairs_of(prefs, joined=joined) == Counter((same(pair, joined=joined), False) for pair in pairs)
    assert prefqa.check(prefs, ignore=["PQ3"]).findings.filter(severity="error").is_empty()


@pytest.mark.parametrize("layout", [case(one.name, "several") for one in PAIR_LAYOUTS])
def test_several_pairs_of_a_prompt_come_back(tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str) -> None:
    path = file_of(tmp_path, layout)
    assert convert(capsys, judged(SEVERAL, tmp_path), path, "--layout", layout)[0] == 0
    prefs = prefqa.read(path)
    if layout in UNPAIRED:
        assert ratings_of(prefs) == labelled(SEVERAL)
        return
    written = LAYOUTS[layout]
    joined = isinstance(written, PairLayout) and written.joined
    assert pairs_of(prefs, joined=joined) == Counter((same(pair, joined=joined), False) for pair in SEVERAL)


@pytest.mark.parametrize("layout", [one.name for one in PAIR_LAYOUTS if one.name not in UNPAIRED])
def test_a_tie_stays_one_where_the_layout_has_a_place_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str
) -> None:
    pairs, path = CAMPAIGNS["texts"], file_of(tmp_path, layout)
    code, printed = convert(capsys, judged(pairs, tmp_path, tied=(1,)), path, "--layout", layout)
    assert code == 0
    holds = layout in TIES
    assert ("1 of 3 rows: neither response won" if holds else "3 pairs: 2 written, 1 tie left out.") in printed
    ties = [tie for _, tie in pairs_of(prefqa.read(path)).elements()]
    assert sorted(ties) == ([False, False, True] if holds else [False] * 2)


@pytest.mark.parametrize("layout", sorted(FIGURES))
@pytest.mark.parametrize("ties", ["keep", "half"])
def test_figures_and_ids_of_pairs_come_back(tmp_path: Path, layout: str, ties: str) -> None:
    prefs = prefqa.read(judged(CAMPAIGNS["texts"], tmp_path, tied=(1,)))
    written = prefqa.consensus(prefs, method="majority").pair_set(ties=ties)  # type: ignore[arg-type]
    path = file_of(tmp_path, layout)
    written.write(path, layout=layout)
    back = prefqa.read(path).judgments.collect()
    kept = written.frame if layout in TIES or ties == "half" else written.training
    assert back.height == 2 * kept["item_id"].n_unique()
    best = back.filter(pl.col("rank") == 1).unique("item_id", keep="first").sort("item_id")
    expected = kept.unique("item_id", keep="first").sort("item_id")
    for name in ("item_id", "probability", "margin", "agreement", "n_votes"):
        assert best[name].to_list() == expected[name].to_list(), name
    assert back.filter(item_id="p.1")["rank"].to_list() == ([1, 1] if "p.1" in kept["item_id"] else [])
    assert set(back["response_id"]) == {"a", "b"}


@pytest.mark.parametrize("layout", sorted(MARGIN))
def test_the_margin_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str) -> None:
    path = file_of(tmp_path, layout)
    assert convert(capsys, judged(CAMPAIGNS["texts"], tmp_path), path, "--layout", layout)[0] == 0
    margins = prefqa.read(path).judgments.collect()["margin"].cast(pl.Float64)
    assert margins.len() == 6
    assert margins.min() == pytest.approx(margins.max())
    assert margins.min() > 0  # type: ignore[operator]


@pytest.mark.parametrize("ending", [".json", ".parquet"])
@pytest.mark.parametrize(
    "layout", [one.name for one in PAIR_LAYOUTS if one.name not in {*ENDINGS, *UNPAIRED} and not one.joined]
)
def test_other_endings_read_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str, ending: str) -> None:
    pairs, path = CAMPAIGNS["texts"], file_of(tmp_path, layout, ending)
    assert convert(capsys, judged(pairs, tmp_path), path, "--layout", layout)[0] == 0
    assert pairs_of(prefqa.read(path)) == Counter((same(pair), False) for pair in pairs)


@pytest.mark.parametrize("layout", ["llama-factory", "llama-factory-sharegpt"])
def test_the_description_beside_the_data_is_no_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str
) -> None:
    pairs, path = CAMPAIGNS["texts"], file_of(tmp_path, layout, ".json")
    assert convert(capsys, judged(pairs, tmp_path), path, "--layout", layout)[0] == 0
    assert (path.parent / "dataset_info.json").exists()
    for source in (path.parent, path.parent / "*.json"):
        prefs = prefqa.read(source)
        assert prefs.source.files == (str(path),)
        assert pairs_of(prefs) == Counter((same(pair), False) for pair in pairs)


def orders_of(prefs: prefqa.Preferences, places: pl.DataFrame) -> set[Any]:
    """Item, response and dense place, by the text of the response where it has one."""
    assert prefs.responses is not None
    joined = places.join(prefs.responses.select("item_id", "response_id", "text"), on=["item_id", "response_id"])
    return set(joined.select("item_id", "text", "rank").rows())


@pytest.mark.parametrize("layout", [one.name for one in TABLE_LAYOUTS if one.name != "rubric"])  # see test_rubric
def test_judgments_come_back(tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str) -> None:
    pairs = CAMPAIGNS["texts"]
    path = file_of(tmp_path, layout, ENDINGS.get(layout, ".json"))
    assert convert(capsys, judged(pairs, tmp_path), path, "--layout", layout)[0] == 0
    if layout == "preflib":  # ids alone: they are the names of the alternatives
        prefs = prefqa.read(path)
        long = prefs.judgments.collect()
        assert long["annotator_id"].n_unique() == 2 * len(pairs)
        expected = {(f"p.{n}", response, rank) for n in range(3) for response, rank in (("a", 1), ("b", 2))}
        assert orders_of(prefs, long) == expected
        assert long.height == 4 * len(pairs)
        return
    nobody = prefqa.read(path)
    assert nobody.judgments.collect()["rank"].null_count() == nobody.judgments.collect().height
    assert nobody.source.notes[0].code == "PQ726"  # the order so far is no judgment of a person
    prefs = prefqa.read(path, models="only", **({"ranks": "order"} if layout == "argilla" else {}))
    assert pairs_of(prefs) == Counter((same(pair), False) for pair in pairs)


def test_every_layout_is_tried() -> None:
    assert set(LAYOUTS) == {one.name for one in (*PAIR_LAYOUTS, *TABLE_LAYOUTS)}
    assert {*TEXTS, *ONE_TURN, *UNPAIRED, *WITHIN, *MARGIN, *ENDINGS} <= set(LAYOUTS)


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_the_standard_form_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str], campaign: str) -> None:
    source, path = judged(CAMPAIGNS[campaign], tmp_path), file_of(tmp_path, "standard", ".parquet")
    assert convert(capsys, source, path)[0] == 0
    first, second = prefqa.read(source), prefqa.read(path)
    columns = [name for name in first.judgments.collect_schema().names() if not name.startswith("_")]
    assert second.judgments.select(columns).collect().equals(first.judgments.select(columns).collect())
    assert pairs_of(second) == pairs_of(first)


def test_the_standard_form_of_an_export_keeps_prompts_and_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ranked = {"from_name": "rank", "to_name": "results", "type": "ranker", "value": {"ranker": {"rank": ["b", "a"]}}}
    task = {
        "id": 1,
        "data": {"prompt": "Why?", "items": [{"id": "a", "body": "No."}, {"id": "b", "body": "So."}]},
        "annotations": [{"id": 5, "completed_by": 1, "result": [ranked]}],
    }
    source = tmp_path / "export.json"
    source.write_text(json.dumps([task]))
    path = file_of(tmp_path, "standard", ".parquet")
    assert convert(capsys, str(source), path)[0] == 0
    assert pairs_of(prefqa.read(path)) == Counter({(same(("Why?", "So.", "No.")), False): 1})
