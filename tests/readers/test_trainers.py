"""Files of trainers and tuning services: prompts, who is preferred, and what is noted of damaged records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.readers import TRAINERS

Row = dict[str, Any]
ASK, GOOD, BAD = "What is the capital of France?", "Paris.", "It is Berlin."
SYSTEM = "Answer in one word."


def message(role: str, content: Any) -> Row:
    return {"role": role, "content": content}


def turn(role: str, content: str) -> Row:
    return {"from": role, "value": content}


def part(role: str, *texts: str) -> Row:
    return {"role": role, "parts": [{"text": text} for text in texts]}


USER, BEST, WORST = [message("user", ASK)], [message("assistant", GOOD)], [message("assistant", BAD)]
PROMPTED = [message("system", SYSTEM), *USER]
OWN = {
    "item_id": "p1", "chosen_id": "a", "rejected_id": "b", "probability": 0.9, "margin": 2.2, "n_votes": 4,
    "agreement": 0.5, "prompt": ASK, "chosen": GOOD, "rejected": BAD,
}  # fmt: skip


def openai(**more: Any) -> Row:
    asked = {"messages": PROMPTED, "tools": [], "parallel_tool_calls": True}
    return {"input": asked, "preferred_output": BEST, "non_preferred_output": WORST} | more


def gemini(*scored: tuple[Any, str]) -> Row:
    return {
        "system_instruction": {"parts": [{"text": SYSTEM}]},
        "contents": [part("user", ASK)],
        "completions": [{"score": score, "completion": part("model", text)} for score, text in scored],
    }


#: By format: records in which GOOD is preferred to BAD, and the prompt as it is read.
CASES: dict[str, tuple[list[Row], Any]] = {
    "kto": (
        [
            {"prompt": ASK, "completion": BAD, "label": False},
            {"prompt": ASK, "completion": GOOD, "label": True},
        ],
        ASK,
    ),
    "llama-factory-sharegpt": (
        [
            {
                "conversations": [turn("human", "Hello."), turn("gpt", "Hi."), turn("human", ASK)],
                "chosen": turn("gpt", GOOD),
                "rejected": turn("gpt", BAD),
                "system": SYSTEM,
            }
        ],
        [message("system", SYSTEM), message("user", "Hello."), message("assistant", "Hi."), *USER],
    ),
    "llama-factory-sharegpt-kto": (
        [
            {"conversations": [turn("human", ASK), turn("gpt", text)], "kto_tag": good}
            for text, good in ((BAD, False), (GOOD, True))
        ],
        USER,
    ),
    "llama-factory-alpaca": (
        [
            {
                "instruction": "Answer.",
                "input": ASK,
                "chosen": GOOD,
                "rejected": BAD,
                "system": "",
                "history": [["Hello.", "Hi."]],
            }
        ],
        [message("user", "Hello."), message("assistant", "Hi."), message("user", f"Answer.\n\n{ASK}")],
    ),
    "llama-factory-kto": (
        [
            {"instruction": ASK, "input": "", "output": GOOD, "kto_tag": True},
            {"instruction": ASK, "input": "", "output": BAD, "kto_tag": False},
        ],
        ASK,
    ),
    "axolotl": ([{"system": SYSTEM, "question": ASK, "chosen": GOOD, "rejected": BAD}], PROMPTED),
    "axolotl-chat": ([{"messages": PROMPTED, "chosen": BEST[0], "rejected": WORST[0]}], PROMPTED),
    "nemo-rl": (
        [{"context": USER, "completions": [{"rank": 1, "completion": WORST}, {"rank": 0, "completion": BEST}]}],
        USER,
    ),
    "verl": (
        [
            {
                "data_source": "x",
                "prompt": USER,
                "ability": "preference",
                "reward_model": {"style": "model", "ground_truth": GOOD},
                "extra_info": {"index": 0, "chosen": GOOD, "rejected": BAD},
            }
        ],
        USER,
    ),
    "openai-preferences": ([openai()], PROMPTED),
    "vertex-preferences": ([gemini((0, BAD), (1, GOOD))], PROMPTED),
    "prefqa-pairs": ([OWN | {"tie": False}], ASK),
    "prefqa-csv": ([{name: str(value) for name, value in OWN.items()} | {"tie": "false"}], ASK),
}


def plain(value: Any) -> str:
    return value if isinstance(value, str) else "".join(one["content"] or "" for one in value)


def ranks(source: Any, **options: Any) -> list[tuple[str, str, int | None]]:
    """Item, text and rank of each response, sorted."""
    rows = prefqa.read(source, **options).judgments.select("item_id", "text", "rank").collect().rows()
    return sorted((item, plain(text), rank) for item, text, rank in rows)


def codes(prefs: prefqa.Preferences) -> list[tuple[str, int, int]]:
    return [(note.code, note.count, note.of) for note in prefs.source.notes]


def test_every_format_has_a_case() -> None:
    assert {tool.name for tool in TRAINERS} == set(CASES)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("ending", [".jsonl", ".json", ".parquet"])
def test_it_is_recognised_and_the_better_response_is_first(tmp_path: Path, name: str, ending: str) -> None:
    records, prompt = CASES[name]
    path = tmp_path / f"x{ending}"
    if ending == ".parquet":
        pl.from_dicts(records, infer_schema_length=None).write_parquet(path)
    elif ending == ".json":
        path.write_text(json.dumps(records))
    else:
        path.write_text("\n".join(map(json.dumps, records)))
    prefs = prefqa.read(path)
    assert prefs.source.shape == name
    assert [row[1:] for row in ranks(path)] == [(BAD, 2), (GOOD, 1)]
    assert prefs.items is not None
    assert prefs.items["prompt"].to_list() == [prompt]
    assert prefs.source.notes == ()
    assert "position" not in prefs.judgments.collect_schema() or not prefs.judgments.collect()["position"].count()
    assert prefqa.check(prefs).findings.filter(severity="error").is_empty()


@pytest.mark.parametrize("name", CASES)
def test_a_record_of_nulls_ends_in_findings(name: str) -> None:
    records, _ = CASES[name]
    prefs = prefqa.read([*records, dict.fromkeys(records[0])], format=name)
    found = prefqa.check(prefs)
    assert prefs.source.notes or found.quarantine.height or not found.findings.is_empty()
    kept = found.preferences.judgments.filter(pl.col("rank").is_not_null()).collect()
    assert sorted(plain(text) for text in kept["text"]) == [BAD, GOOD]


# KTO


def test_prompts_with_one_completion_are_ratings_of_one_response() -> None:
    rows = [{"prompt": "a", "completion": "x", "label": True}, {"prompt": "b", "completion": "y", "label": False}]
    long = prefqa.read(rows).judgments.select("item_id", "response_id", "score", "rank").collect().rows()
    assert sorted(long) == [("prompt-1", "r1", 1.0, 1), ("prompt-2", "r1", 0.0, 1)]


def test_completions_of_one_prompt_tie_where_their_labels_do() -> None:
    labels = {"x": True, "y": True, "z": False}
    rows = [{"prompt": "a", "completion": text, "label": good} for text, good in labels.items()]
    assert ranks(rows) == [("prompt-1", "x", 1), ("prompt-1", "y", 1), ("prompt-1", "z", 3)]


@pytest.mark.parametrize("label", ["spam", "2", 1, 0])
def test_labels_that_are_no_truth_values_are_not_taken_for_kto(label: Any) -> None:
    with pytest.raises(prefqa.errors.PrefqaError):
        prefqa.read([{"prompt": "a", "completion": "x", "label": label}])


def test_numbers_are_labels_where_the_format_is_named_and_others_are_counted() -> None:
    rows = [{"prompt": "a", "completion": text, "label": label} for text, label in zip("xyzw", "10?1", strict=True)]
    prefs = prefqa.read([*rows, {"prompt": "a", "completion": "v", "label": None}], format="kto")
    assert codes(prefs) == [("PQ728", 2, 5)]
    assert prefs.source.notes[0].rows["_value"].to_list() == ["?", None]
    assert ranks([*rows], format="kto") == [
        ("prompt-1", "w", 1), ("prompt-1", "x", 1), ("prompt-1", "y", 3), ("prompt-1", "z", None),
    ]  # fmt: skip


def test_labels_of_a_csv_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("prompt,completion,label\na,x,True\na,y,False\n")
    assert ranks(path) == [("prompt-1", "x", 1), ("prompt-1", "y", 2)]


# LLaMA-Factory


def test_a_system_message_stands_before_the_column_of_system_prompts() -> None:
    records, _ = CASES["llama-factory-sharegpt"]
    first = turn("system", "First.")
    prefs = prefqa.read([records[0] | {"conversations": [first, turn("human", ASK), turn("observation", "7")]}])
    assert prefs.items is not None
    expected = [message("system", "First."), message("user", ASK), message("observation", "7")]
    assert prefs.items["prompt"].to_list() == [expected]


def test_conversations_of_the_same_turns_are_one_item_and_of_others_another() -> None:
    first = CASES["llama-factory-sharegpt"][0][0]
    other = first | {"conversations": [turn("human", "And of Spain?")], "chosen": turn("gpt", "Madrid.")}
    items = prefqa.read([first, other, first | {"rejected": turn("gpt", "Rome.")}]).judgments.collect()["item_id"]
    assert sorted(items.unique()) == ["prompt-1/r1|r2", "prompt-2/r1|r2", "prompt-2/r2|r3"]


def test_chosen_as_a_text_is_counted_as_of_another_structure() -> None:
    first = CASES["llama-factory-sharegpt"][0][0]
    prefs = prefqa.read([first, first | {"chosen": GOOD}], format="llama-factory-sharegpt")
    assert codes(prefs) == [("PQ728", 1, 2)]
    assert "PQ102" in prefqa.check(prefs).findings["code"].to_list()


# Axolotl


def test_blank_system_prompts_leave_questions_as_texts() -> None:
    rows = [{"system": " ", "input": ASK, "chosen": GOOD, "rejected": BAD}]
    prefs = prefqa.read(rows)
    assert (prefs.source.shape, prefs.items is not None and prefs.items["prompt"].to_list()) == ("axolotl", [ASK])


def test_argillas_names_of_chosen_and_rejected_are_read_without_a_system_prompt() -> None:
    rows = [{"instruction": ASK, "chosen_response": GOOD, "rejected_response": BAD}]
    assert ranks(rows) == [("prompt-1", BAD, 2), ("prompt-1", GOOD, 1)]


def test_a_status_beside_is_not_left_unread() -> None:
    rows = [{"system": SYSTEM, "input": ASK, "chosen": GOOD, "rejected": BAD, "status": "tie"}]
    assert prefqa.read(rows).source.shape != "axolotl"


def test_lists_of_messages_beside_messages_are_not_axolotls() -> None:
    rows = [{"prompt": ASK, "messages": [*USER, *BEST], "chosen": [*USER, *BEST], "rejected": [*USER, *WORST]}]
    assert prefqa.read(rows).source.shape == "chosen_rejected"


# NeMo-RL


def test_any_number_of_completions_is_ranked_and_equal_ranks_tie() -> None:
    texts = {"x": 3, "y": 0, "z": 3}
    completions = [{"rank": rank, "completion": [message("assistant", text)]} for text, rank in texts.items()]
    rows = [{"context": USER, "completions": completions}]
    assert ranks(rows) == [("prompt-1", "x", 2), ("prompt-1", "y", 1), ("prompt-1", "z", 2)]


def test_a_rank_that_is_no_number_is_a_finding_and_a_record_without_completions_is_counted() -> None:
    record = CASES["nemo-rl"][0][0]
    odd = {"context": [message("user", "?")], "completions": [{"rank": "best", "completion": BEST}]}
    prefs = prefqa.read([record, odd, record | {"completions": []}])
    assert codes(prefs) == [("PQ727", 1, 3)]
    found = prefqa.check(prefs).findings.filter(code="PQ104")
    assert found["count"].to_list() == [1]
    assert found["examples"].to_list()[0][0]["item_id"] == "prompt-1"


# verl


def test_data_of_verl_without_a_pair_are_not_read_as_pairs() -> None:
    record = CASES["verl"][0][0] | {"extra_info": {"index": 0, "split": "train"}}
    with pytest.raises(prefqa.errors.PrefqaError):
        prefqa.read([record])


# OpenAI and Vertex AI


def test_tools_offered_and_called_are_counted() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    called = [message("assistant", GOOD) | {"tool_calls": [call]}]
    offered = {"messages": USER, "tools": [{"type": "function", "function": {"name": "weather"}}]}
    prefs = prefqa.read([openai(), openai(preferred_output=called), openai(input=offered)])
    assert codes(prefs) == [("PQ728", 2, 3)]
    assert prefs.source.notes[0].rows["_row"].to_list() == [1, 2]


def test_an_output_that_is_no_list_is_counted() -> None:
    prefs = prefqa.read([openai(), openai(non_preferred_output=BAD)], format="openai-preferences")
    assert codes(prefs) == [("PQ728", 1, 2)]


def test_roles_of_gemini_become_those_of_others_and_its_parts_one_text() -> None:
    record = gemini((1, GOOD), (0, BAD)) | {
        "contents": [part("user", "Hi."), part("model", "Hello", "!"), part("user", ASK)]
    }
    prefs = prefqa.read([record])
    assert prefs.items is not None
    hello = [message("user", "Hi."), message("assistant", "Hello!")]
    assert prefs.items["prompt"].to_list() == [[message("system", SYSTEM), *hello, *USER]]
    long = prefs.judgments.select("text", "score", "rank").collect().rows()
    assert sorted(long, key=lambda row: row[2]) == [(BEST, 1.0, 1), (WORST, 0.0, 2)]


def test_equal_scores_tie_and_other_parts_and_scores_are_found() -> None:
    record = gemini((1, GOOD), (1, BAD))
    assert [rank for *_, rank in ranks([record])] == [1, 1]
    image = {"role": "user", "parts": [{"text": ASK}, {"fileData": {"fileUri": "gs://x"}}]}
    prefs = prefqa.read([record | {"contents": [image]}, gemini(("good", GOOD), (0, BAD)), gemini()])
    assert codes(prefs) == [("PQ728", 1, 3), ("PQ727", 1, 3)]
    assert prefqa.check(prefs).findings.filter(code="PQ104")["count"].to_list() == [1]


# Pairs of prefqa


def test_a_tie_written_in_both_directions_is_one_vote() -> None:
    back = OWN | {"chosen_id": "b", "rejected_id": "a", "chosen": BAD, "rejected": GOOD}
    rows = [one | {"weight": 0.5, "probability": 0.5} for one in (OWN, back)]
    assert ranks(rows) == [("p1", BAD, 1), ("p1", GOOD, 1)]
    whole = [one | {"weight": 1.0} for one in (OWN, back)]
    assert len(ranks(whole)) == 4


def test_apostrophes_before_formulas_are_taken_off_in_csv_alone() -> None:
    marked = {"prompt": "'=1+1", "chosen": "''quoted'", "rejected": "'plain"}
    texts = {
        name: sorted(text for _, text, _ in ranks([CASES[name][0][0] | marked]))
        for name in ("prefqa-csv", "prefqa-pairs")
    }
    assert texts == {"prefqa-csv": ["'plain", "'quoted'"], "prefqa-pairs": ["''quoted'", "'plain"]}
    prefs = prefqa.read([CASES["prefqa-csv"][0][0] | marked])
    assert prefs.items is not None
    assert prefs.items["prompt"].to_list() == ["=1+1"]
