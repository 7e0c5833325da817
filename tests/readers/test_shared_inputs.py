"""Formats as people have them: each input of shared/formats is read as is said of it, or refused and then read."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import prefqa
from readers.campaigns import plain
from readers.outcomes import (
    assert_refused_then,
    by_config,
    call,
    codes,
    column,
    configs_of,
    decided,
    figures,
    mark,
    outcomes,
    pairs,
    prompts,
    rankings,
    refused,
)

pytestmark = pytest.mark.real_data

ALL_GOOD = {"[G]": 8}
GOOD_AND_TIES = {"[G]": 6, "tie": 2}
THREE = {"[G]": 18, "tie": 6}
#: Folder, file, (items, annotators, judgments), outcomes of judgments, outcomes of items.
READ = {
    "agent_tool_trajectories": ("data.jsonl", (8, 1, 8), ALL_GOOD, ALL_GOOD),
    "alpaca_farm_human": ("alpaca_farm_human_crossannotations.json", (8, 4, 32), {"[G]": 32}, ALL_GOOD),
    "arena_140k": ("train.parquet", (8, 1, 8), GOOD_AND_TIES, GOOD_AND_TIES),
    "arena_55k_onehot_json_strings": ("train.csv", (8, 1, 8), GOOD_AND_TIES, GOOD_AND_TIES),
    "chosen_rejected_prompt_and_whole_dialogue": ("train.parquet", (8, 1, 8), ALL_GOOD, ALL_GOOD),
    "chosen_rejected_question_column": ("orca_rlhf.jsonl", (8, 1, 8), ALL_GOOD, ALL_GOOD),
    "hh_rlhf_by_its_columns": ("train.jsonl", (8, 1, 8), ALL_GOOD, ALL_GOOD),
    "index_of_the_better_response": ("train.jsonl", (8, 1, 8), ALL_GOOD, ALL_GOOD),
    "kto_unpaired": ("train.jsonl", (8, 1, 8), ALL_GOOD, ALL_GOOD),
    "llama_factory_alpaca_input": ("lf_alpaca_input.json", (8, 1, 8), ALL_GOOD, ALL_GOOD),
    "long_ratings_ordinary_names": ("long_ratings.csv", (8, 3, 24), THREE, GOOD_AND_TIES),
    "mtbench_human_two_turns": ("human.parquet", (8, 3, 24), THREE, GOOD_AND_TIES),
    "mturk_batch_results": ("Batch_5169454_batch_results.csv", (8, 3, 23), {"[G]": 17, "tie": 6}, GOOD_AND_TIES),
    "openai_preference_finetuning": ("preference.jsonl", (8, 1, 8), ALL_GOOD, ALL_GOOD),
    "pairwise_annotator_column": ("data.csv", (8, 3, 24), THREE, GOOD_AND_TIES),
    "pairwise_graded_words": ("data.csv", (8, 3, 24), THREE, GOOD_AND_TIES),
    "prodigy_choice": ("annotations.jsonl", (5, 2, 10), {"[G]": 10}, {"[G]": 5}),
    "score_contradicts_pair": ("uf_inverted.parquet", (8, 1, 8), ALL_GOOD, ALL_GOOD),
    "semicolon_csv": ("semi.csv", (8, 3, 24), THREE, GOOD_AND_TIES),
    "status_column_of_another_meaning": ("train.parquet", (8, 1, 8), GOOD_AND_TIES, GOOD_AND_TIES),
    "summarize_from_feedback_comparisons": ("train.parquet", (8, 2, 16), {"[G]": 16}, ALL_GOOD),
}  # fmt: skip
#: Inputs whose pairs do not ask for the eight prompts alone.
OTHER_PROMPTS = {"summarize_from_feedback_comparisons", "llama_factory_alpaca_input", "prodigy_choice"}


def path_of(shared: Path, folder: str) -> Path:
    """The input of a folder: its only file beside expected.md."""
    (path,) = (one for one in (shared / "formats" / folder).iterdir() if one.name != "expected.md")
    return path


def ran(capsys: pytest.CaptureFixture[str], path: Path, out: Path) -> list[dict[str, Any]]:
    """The pairs that `run` writes for a path, which ends with 0."""
    code, _, err = call(capsys, "run", path, "-o", out)
    assert (code, err) == (0, "")
    return pairs(out)


@pytest.mark.parametrize("folder", READ)
def test_items_annotators_judgments_and_winners(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    name, n, by_judgment, by_item = READ[folder]
    path = shared_inputs / "formats" / folder / name
    prefs = prefqa.read(path)
    assert figures(prefs) == n
    assert outcomes(prefs) == by_judgment
    code, _, err = call(capsys, "run", path, "-o", tmp_path / "out")
    assert (code, err) == (int(folder == "score_contradicts_pair"), "")
    assert decided(tmp_path / "out") == by_item
    if folder not in OTHER_PROMPTS:
        asked = {plain(row["prompt"]) for row in pairs(tmp_path / "out")}
        assert len(asked) == 8 - by_item.get("tie", 0)  # a tie writes no pair
        assert all(text.startswith("How do I ") and text.endswith("?") for text in asked)


def test_trajectories_keep_their_messages(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "agent_tool_trajectories"))
    assert all([one["role"] for one in prompt] == ["user"] for prompt in prompts(prefs))
    assert prefs.responses is not None
    for text in prefs.responses["text"].to_list():
        assert [one["role"] for one in text] == ["assistant", "tool", "assistant"]
        (called,) = json.loads(text[0]["tool_calls"])
        assert called["function"]["name"] == "search"
        assert called["id"] == text[1]["tool_call_id"] == "c1"
    assert column(prefs, "tools")["tools"].str.contains("search").all()


def test_converted_trajectories_keep_their_messages(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pairs.jsonl"
    path = path_of(shared_inputs, "agent_tool_trajectories")
    assert call(capsys, "convert", path, "-o", out, "--layout", "trl-conversational")[0] == 0
    row = json.loads(out.read_text().splitlines()[0])
    assert [one["role"] for one in row["chosen"]] == ["assistant", "tool", "assistant"]
    assert row["chosen"][0]["tool_calls"][0]["id"] == row["chosen"][1]["tool_call_id"] == "c1"
    assert "search" in str(row["tools"])


def test_arena_of_2025_has_ids_texts_times_and_languages(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "arena_140k"))
    assert column(prefs, "item_id")["item_id"].to_list() == [f"0000{n}-aa" for n in range(8)]
    assert prefs.responses is not None
    assert not [text for text in [*prompts(prefs), *prefs.responses["text"]] if text.startswith(("[{", "{"))]
    times = column(prefs, "created_at")["created_at"]
    assert times.n_unique() == 8
    assert times.min() == dt.datetime(2025, 5, 1, 10, tzinfo=dt.UTC)
    assert column(prefs, "language")["language"].null_count() == 0
    assert prefs.judgments.collect().filter("both_bad")["rank"].to_list() == [1, 1]


def test_arena_of_2024_has_plain_texts_and_models(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "arena_55k_onehot_json_strings"))
    assert prefs.responses is not None
    assert all(text.startswith(("[G]", "[B]", "[T]")) for text in prefs.responses["text"])
    assert set(prefs.responses["model"]) == {"gpt-4-1106-preview", "gpt-4-0613"}


@pytest.mark.parametrize("folder", ["chosen_rejected_prompt_and_whole_dialogue", "openai_preference_finetuning"])
def test_the_question_stands_once(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    rows = ran(capsys, path_of(shared_inputs, folder), tmp_path / "out")
    converted = tmp_path / "converted.jsonl"
    path = path_of(shared_inputs, folder)
    assert call(capsys, "convert", path, "-o", converted, "--layout", "trl-conversational")[0] == 0
    for row in [*rows, *map(json.loads, converted.read_text().splitlines())]:
        assert [one["role"] for one in row["prompt"] if one["role"] != "system"] == ["user"]
        assert row["prompt"][-1]["content"].startswith("How do I ")
        for side, sign in (("chosen", "[G]"), ("rejected", "[B]")):
            assert [(one["role"], one["content"][:3]) for one in row[side]] == [("assistant", sign)]


def test_scores_of_a_pair_are_the_scores_of_its_responses(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "chosen_rejected_prompt_and_whole_dialogue"))
    rows = prefs.judgments.select("item_id", "rank", "score").sort("item_id", "rank").collect()
    third = [8.5, 8.5]
    assert rows["score"].to_list() == [8.5, 4.0] * 3 + third + [8.5, 4.0] * 4
    assert codes(prefs)["PQ122"] == ("warning", 1)


def test_scores_that_contradict_a_pair_are_found(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(shared_inputs, "score_contradicts_pair")
    code, out, _ = call(capsys, "check", path, "--format", "json")
    findings = {one["code"]: one for one in json.loads(out)["findings"]}
    assert code == 1
    assert (findings["PQ109"]["severity"], findings["PQ109"]["count"]) == ("error", 2)
    assert {one["row"] for one in findings["PQ109"]["examples"]} == {2, 5}
    assert findings["PQ122"]["count"] == 3
    assert {one["row"] for one in findings["PQ122"]["examples"]} == {1, 4, 7}


def test_the_question_is_the_prompt(shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = path_of(shared_inputs, "chosen_rejected_question_column")
    for row in ran(capsys, path, tmp_path / "out"):
        assert [one["role"] for one in row["prompt"]] == ["system", "user"]
        assert row["prompt"][1]["content"].startswith("How do I ")
    code, _, err = call(capsys, "convert", path, "-o", tmp_path / "p.jsonl", "--layout", "trl")
    assert (code, "chat messages" in err) == (2, True)
    assert call(capsys, "convert", path, "-o", tmp_path / "p.jsonl", "--layout", "trl-conversational")[0] == 0


def test_instruction_and_input_are_the_prompt(shared_inputs: Path) -> None:
    found = prompts(prefqa.read(path_of(shared_inputs, "llama_factory_alpaca_input")))
    assert len(found) == 8
    assert all(text.startswith("Answer the question.\n\nHow do I ") for text in found)


def test_human_and_assistant_turns_are_messages(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "hh_rlhf_by_its_columns"))
    assert prefs.source.shape == "hh-rlhf"
    assert all([one["role"] for one in prompt] == ["user", "assistant", "user"] for prompt in prompts(prefs))
    assert "PQ216" not in codes(prefs)


def test_rankings_of_a_panel_are_read_by_criterion(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "collective_alignment"))
    assert figures(prefs) == (10, 3, 30)
    assert len(prompts(prefs)) == 5
    rows = prefs.judgments.select("criterion", "annotator_id", "response_id", "rank").unique().collect()
    ranks = {(criterion, response): rank for criterion, _, response, rank in rows.iter_rows()}
    assert len(ranks) == 8
    assert [ranks["world", one] for one in "BCDA"] == [1, 2, 3, 4]
    assert [ranks["personal", one] for one in "BCDA"] in ([1, 2, 2, 4], [1, 2, 2, 3])
    assert {mark(min(one, key=one.__getitem__)) for one in rankings(prefs).values()} == {"[G]"}
    assert {mark(max(one, key=one.__getitem__)) for one in rankings(prefs).values()} == {"[B]"}


def test_ratings_of_several_aspects_are_criteria(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "helpsteer2_ratings"))
    assert set(column(prefs, "criterion")["criterion"]) == {"helpfulness", "correctness", "coherence"}
    helpful = {key: one for key, one in rankings(prefs).items() if key[0].endswith("/helpfulness")}
    found = Counter(
        "tie" if len(set(one.values())) == 1 else mark(min(one, key=one.__getitem__)) for one in helpful.values()
    )
    assert found == GOOD_AND_TIES
    assert prefs.responses is not None
    assert {"complexity", "verbosity"} <= set(prefs.responses.columns)


def test_json_lists_in_cells_of_csv(shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "json_lists_in_csv"))
    assert figures(prefs) == (5, 3, 15)
    for one in rankings(prefs).values():
        assert sorted((rank, mark(text)) for text, rank in one.items()) == [(1, "[G]"), (2, "[T]"), (3, "[B]")]
    assert len(ran(capsys, path_of(shared_inputs, "json_lists_in_csv"), tmp_path / "out")) == 15


def test_the_first_turn_alone_is_judged_where_the_file_says_so(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "mtbench_human_two_turns"))
    assert prefs.responses is not None
    assert not [text for text in prefs.responses["text"] if "In short" in plain(text)]
    assert not [text for text in prompts(prefs) if "And shorter" in plain(text)]
    assert "PQ218" not in codes(prefs)


def test_rejected_assignments_are_discarded_and_times_have_their_zone(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "mturk_batch_results"))
    rows = prefs.judgments.collect()
    out = rows.filter(status="discarded").select("item_id", "annotator_id").unique()
    assert out.rows() == [("3HIT0", "WORKER2")]
    assert codes(prefs)["PQ110"] == ("warning", 2)
    first = rows.filter(item_id="3HIT0", annotator_id="WORKER0")
    assert set(first["created_at"]) == {dt.datetime(2025, 3, 4, 17, 16, 40, tzinfo=dt.UTC)}
    assert set(first["duration_s"]) == {98.0}


def test_any_column_of_annotators_is_known(shared_inputs: Path, tmp_path: Path) -> None:
    text = path_of(shared_inputs, "pairwise_annotator_column").read_text()
    for name in ("annotator", "rater", "worker_id", "user_id", "judge", "labeler", "annotator_name"):
        path = tmp_path / f"{name}.csv"
        path.write_text(text.replace(",annotator\n", f",{name}\n", 1))
        prefs = prefqa.read(path)
        assert (figures(prefs), outcomes(prefs)) == ((8, 3, 24), THREE), name
        estimates = prefqa.agreement(prefs).estimates
        assert estimates.filter(coefficient="alpha_nominal")["estimate"].to_list() == [1.0]
        assert "PQ103" not in codes(prefs)


def test_graded_words_keep_how_much_better(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "pairwise_graded_words"))
    assert column(prefs, "strength")["strength"].drop_nulls().n_unique() > 1


def test_potato_names_the_sides(shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "potato_csv"))
    assert figures(prefs) == (6, 2, 12)
    assert set(column(prefs, "criterion")["criterion"]) == {"preference"}
    expected = ("A", "B", "tie", "B", "A", "A")
    for (item, _, _), ranks in rankings(prefs).items():
        found = "tie" if len(set(ranks.values())) == 1 else min(ranks, key=ranks.__getitem__)
        assert found == expected[int(item.removeprefix("item_"))]
    assert prefs.responses is None
    assert call(capsys, "run", path_of(shared_inputs, "potato_csv"), "-o", tmp_path / "out")[0] == 0


def test_ignored_tasks_are_discarded(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "prodigy_choice"))
    rows = prefs.judgments.collect()
    assert (rows["item_id"].n_unique(), rows["annotator_id"].n_unique()) == (6, 2)
    assert rows.filter(status="discarded")["item_id"].n_unique() == 1
    assert rows["created_at"].min() == dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def test_a_survey_has_a_person_per_row_and_an_item_per_question(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(shared_inputs, "qualtrics_three_header_rows")
    prefs = prefqa.read(path)
    assert figures(prefs) == (5, 6, 30)
    assert set(column(prefs, "item_id")["item_id"]) == {f"Q{n}" for n in range(1, 6)}
    assert all(one.startswith("R_") for one in column(prefs, "annotator_id")["annotator_id"])
    sides = {"A": 12, "B": 12, "tie": 6}
    assert outcomes(prefs) == sides
    for text in prompts(prefs):  # the better one is marked where it is named
        assert text.startswith("How do I ")
    for row in ran(capsys, path, tmp_path / "out"):
        if row["weight"]:
            assert f"{row['chosen']}: [G]" in row["prompt"]


def test_lists_of_chosen_and_rejected(shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = path_of(shared_inputs, "reward_bench_2_lists")
    prefs = prefqa.read(path)
    assert figures(prefs) == (8, 1, 8)
    for one in rankings(prefs).values():
        assert sorted((rank, mark(text)) for text, rank in one.items()) == [(1, "[G]"), *[(2, "[B]")] * 3]
    rows = ran(capsys, path, tmp_path / "out")
    assert decided(tmp_path / "out") == {"[G]": 24, "tie": 24}
    assert all(isinstance(row[side], str) for row in rows for side in ("chosen", "rejected"))
    assert call(capsys, "convert", path, "-o", tmp_path / "p.jsonl", "--layout", "trl")[0] == 0


def test_a_status_that_is_not_ours_is_kept_to_slice_by(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "status_column_of_another_meaning"))
    assert set(column(prefs, "source_status")["source_status"]) == {"unchanged", "swapped", "tie"}
    assert {"PQ110", "PQ116"} & set(codes(prefs)) == set()


def test_comparisons_of_summaries_ask_for_their_post(shared_inputs: Path) -> None:
    prefs = prefqa.read(path_of(shared_inputs, "summarize_from_feedback_comparisons"))
    assert set(column(prefs, "item_id")["item_id"]) == {f"t3_{n}" for n in range(8)}
    assert set(column(prefs, "annotator_id")["annotator_id"]) == {"w_A", "w_B"}
    assert all(text.endswith("A long story follows.") for text in prompts(prefs))


def test_ratings_of_images_have_prompts_and_criteria(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(shared_inputs, "vlfeedback")
    prefs = prefqa.read(path)
    assert figures(prefs) == (15, 1, 15)
    assert len(prompts(prefs)) == 5
    assert set(column(prefs, "criterion")["criterion"]) == {
        "Helpfulness",
        "Visual Faithfulness",
        "Ethical Considerations",
    }
    assert set(column(prefs, "annotator_kind")["annotator_kind"]) == {"model"}
    assert outcomes(prefs) == {"[G]": 10, "tie": 5}
    written = ("convert", path, "-o", tmp_path / "p.jsonl", "--layout", "trl")
    code, _, err = call(capsys, *written)
    assert (code, "--criterion" in err) == (2, True)
    assert call(capsys, *written, "--criterion", "Helpfulness")[0] == 0
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert len(rows) == 15
    assert all(row["prompt"].startswith("How do I ") for row in rows)


# Refused, with the configuration of every reading.


def test_numbers_0_and_1_are_asked_about(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(shared_inputs, "pairwise_index_0_1")
    by_index, turned = {"[G]": 18, "[T]": 6}, {"[B]": 18, "[T]": 6}
    assert_refused_then(capsys, path, tmp_path, [by_index, turned])
    assert decided(tmp_path / "out-1") == {"[G]": 6, "[T]": 2}


def test_numbers_from_minus_1_to_1_are_asked_about(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(shared_inputs, "pairwise_minus1_0_1")
    assert_refused_then(capsys, path, tmp_path, [THREE, {"[B]": 18, "tie": 6}])
    assert decided(tmp_path / "out-1") == GOOD_AND_TIES


def test_a_scale_from_1_to_7_is_asked_about(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(shared_inputs, "pairwise_likert_1_7")
    assert_refused_then(capsys, path, tmp_path, [THREE, {"[B]": 18, "tie": 6}])
    assert decided(tmp_path / "out-1") == GOOD_AND_TIES
    assert figures(by_config(path, configs_of(refused(path))[0])) == (8, 3, 24)


def test_columns_named_for_people_are_asked_about(
    shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of(shared_inputs, "sheet_one_column_per_annotator")
    found = assert_refused_then(capsys, path, tmp_path, {"[G]": 17, "tie": 6})
    assert found[0] == {"[G]": 17, "tie": 6}
    assert decided(tmp_path / "out-1") == GOOD_AND_TIES
    text = configs_of(refused(path))[0]
    assert text == '[read]\nannotators = ["Alice", "Bob", "Carol"]\n'
    prefs = by_config(path, text)
    assert figures(prefs) == (8, 3, 23)
    assert set(column(prefs, "annotator_id")["annotator_id"]) == {"Alice", "Bob", "Carol"}


def test_ranks_from_0_are_asked_about(shared_inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = path_of(shared_inputs, "zero_based_ranks")
    found = assert_refused_then(capsys, path, tmp_path, {"[G]": 24})
    assert found[0] == {"[G]": 24}
    assert configs_of(refused(path))[0] == "[read]\nranks_from = 0\n"
    assert figures(by_config(path, configs_of(refused(path))[0])) == (8, 3, 24)
    assert decided(tmp_path / "out-1") == ALL_GOOD
