"""Other spellings, names and files of each layout that people have: read right, or refused and then read right."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

import prefqa
from prefqa.errors import PrefqaError
from readers import kinds
from readers.campaigns import plain, save
from readers.kinds import (
    BAD,
    GOOD,
    MIDDLE,
    MODELS,
    PEOPLE,
    QUESTIONS,
    WORDS,
    Row,
    calls,
    chosen,
    dialogue,
    message,
    pairwise,
    question,
    sides,
)
from readers.outcomes import (
    assert_refused_then,
    by_config,
    call,
    codes,
    column,
    configs_of,
    figures,
    mark,
    outcomes,
    prompts,
    rankings,
    refused,
)

ONE = {"[G]": 3, "tie": 1}
TWO = {"[G]": 6, "tie": 2}
FOUR = {"[G]": 4}
EIGHT = {"[G]": 8}
LINES = ("jsonl", "parquet")
SHEETS = ("csv", "tsv", "jsonl", "parquet")
#: Rows, the files they are written into, (items, annotators, judgments), outcomes.
READ: dict[str, tuple[list[Row], tuple[str, ...], tuple[int, int, int], dict[str, int]]] = {
    "trajectories beside a text": (
        chosen(calls, prompt=question, tools=lambda _: '[{"name": "find"}]'), LINES, (4, 1, 4), FOUR),
    "trajectories beside messages": (
        chosen(calls, prompt=lambda n: [message("user", QUESTIONS[n])]), (*LINES, "csv"), (4, 1, 4), FOUR),
    "a call on one side": (
        [{"prompt": QUESTIONS[n], "chosen": [message("assistant", GOOD[n])], "rejected": calls(n, BAD[n])}
         for n in range(4)], LINES, (4, 1, 4), FOUR),
    "alpaca farm": (
        [{"preference": {"first": 1, "second": 2, "tie": 1.5}[kinds.PLAN[n]], "annotator_index": k, "input": "",
          "output_2": sides(n)[1], "output_1": sides(n)[0], "instruction": QUESTIONS[n]}
         for n in range(4) for k in (3, 7)], (*SHEETS, "json"), (4, 2, 8), TWO),
    "arena of parts": (
        kinds.arena(kinds.parts, MODELS | {"tie": "both_bad"}), LINES, (4, 1, 4), ONE),
    "arena of texts": (kinds.arena(str, MODELS | {"tie": "tie (bothbad)"}), LINES, (4, 1, 4), ONE),
    "arena by outcome": (kinds.one_hot(lambda text: [text]), ("csv", "json", "parquet"), (4, 1, 4), ONE),
    "arena by outcome, plain": (kinds.one_hot(str), SHEETS, (4, 1, 4), ONE),
    "dialogues": (chosen(dialogue), (*LINES, "csv"), (4, 1, 4), FOUR),
    "dialogues beside the question": (
        chosen(dialogue, prompt=question, score_chosen=lambda _: 4.0), (*LINES, "csv"), (4, 1, 4), FOUR),
    "query": (chosen(user_query=question), SHEETS, (4, 1, 4), FOUR),
    "system and question": (chosen(system=lambda _: "Be brief.", question=question), SHEETS, (4, 1, 4), FOUR),
    "hh, plain": (
        chosen(lambda n, text: f"Human: {QUESTIONS[n]}\n\nAssistant: {text}"), (*LINES, "csv"), (4, 1, 4), FOUR),
    "instruction and input": (
        chosen(input=question, instruction=lambda _: "Answer."), SHEETS, (4, 1, 4), FOUR),
    "preference fine-tuning": (
        [{"non_preferred_output": [message("assistant", BAD[n])], "preferred_output": [message("assistant", GOOD[n])],
          "input": {"messages": [message("user", QUESTIONS[n])], "parallel_tool_calls": True}}
         for n in range(4)], (*LINES, "csv"), (4, 1, 4), FOUR),
    "kto of texts": (
        [{"label": text == GOOD[n], "completion": text, "prompt": QUESTIONS[n]}
         for n in range(4) for text in (BAD[n], GOOD[n])], SHEETS, (4, 1, 4), FOUR),
    "index from 1": (
        pairwise("response_1", "response_2", "better_response", {"first": 1, "second": 2}), SHEETS, (3, 2, 6),
        {"[G]": 6}),
    "index from 0": (
        pairwise("answer_0", "answer_1", "preferred_response_id", {"first": 0, "second": 1}), SHEETS, (3, 2, 6),
        {"[G]": 6}),
    "lists of ratings": (kinds.lists("completions", "ratings", (1, 5, 3)), ("csv", *LINES), (4, 2, 8), EIGHT),
    "lists of ranks": (
        kinds.lists("candidates", "ranks", (3, 1, 2)), ("csv", "semicolon.csv", *LINES), (4, 2, 8), EIGHT),
    "ratings, other names": (
        kinds.ratings({"annotator": "rater", "score": "score", "text": "answer", "model": "model_name",
                       "prompt": "question", "item": "question_id"}), SHEETS, (4, 2, 8), TWO),
    "ratings with decimal commas": (
        kinds.ratings({"prompt": "Prompt", "text": "Response", "annotator": "User ID", "score": "Rating"},
                      lambda score: f"{score},5"), ("semicolon.csv",), (4, 2, 8), TWO),
    "ranks from 1": (
        kinds.ranks(("item", "rater", "candidate_id", "place"), lambda n: n + 1), SHEETS, (4, 2, 8), EIGHT),
    "graded words": (
        pairwise(words={"first": "Response A is much better", "second": "Response B is slightly better",
                        "tie": "Both are equal"}), (*SHEETS, "semicolon.csv"), (4, 2, 8), TWO),
    "graded signs": (pairwise(words={"first": "A>>B", "second": "B>A", "tie": "A=B"}), SHEETS, (4, 2, 8), TWO),
    "left and right": (
        pairwise("Left", "Right", "Choice", {"first": "Left", "second": "Right", "tie": "Equal"}, "Worker"),
        (*SHEETS, "semicolon.csv"), (4, 2, 8), TWO),
    "mechanical turk": (kinds.hits(), ("csv",), (4, 2, 7), {"[G]": 5, "tie": 2}),
    "prodigy": (kinds.tasks(), ("jsonl", "json", "parquet"), (4, 2, 7), {"[G]": 5, "tie": 2}),
    "numbered raters": (kinds.sheet(("Rater 1", "Rater 2")), SHEETS, (4, 2, 8), TWO),
    "status of the crawl": (
        [row | {"status": "done", "rank": [1, 2], "text": "x"} for row in pairwise()], LINES, (4, 2, 8), TWO),
    "summaries": (
        [{"split": "train", "worker": who, "choice": int(kinds.PLAN[n] == "second"), "batch": "b",
          "summaries": [{"text": text, "policy": "p"} for text in sides(n)], "extra": {"confidence": 5},
          "info": {"id": f"t{n}", "post": QUESTIONS[n], "title": "t", "subreddit": "s"}}
         for n in (0, 1, 3) for who in PEOPLE], LINES, (3, 2, 6), {"[G]": 6}),
    "aspects of images": (
        [{"prompt": QUESTIONS[n], "models": ["m1", "m2"],
          "completions": [{"model": f"m{place}", "response": text,
                           "annotations": {"Helpfulness": {"Rating": str(6 - 2 * place), "Rationale": "r"}}}
                          for place, text in enumerate((GOOD[n], BAD[n]), 1)]} for n in range(4)],
        (*LINES, "json"), (4, 1, 4), FOUR),
    "one chosen, many rejected": (
        [{"prompt": QUESTIONS[n], "chosen": GOOD[n], "rejected": [BAD[n], f"{BAD[n]} Or so."]} for n in range(4)],
        (*LINES, "csv"), (4, 1, 4), FOUR),
    "outputs, best first": (
        [{"output": [GOOD[n], MIDDLE[n], BAD[n]], "input": "", "instruction": QUESTIONS[n]} for n in range(4)],
        (*LINES, "csv"), (4, 1, 4), FOUR),
    "sharegpt": (
        [{"chosen": {"from": "gpt", "value": GOOD[n]}, "rejected": {"from": "gpt", "value": BAD[n]},
          "conversations": [{"from": "human", "value": QUESTIONS[n]}]} for n in range(4)], LINES, (4, 1, 4), FOUR),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "ending"), [(kind, ending) for kind, one in READ.items() for ending in one[1]])
def test_read_at_once(kind: str, ending: str, tmp_path: Path) -> None:
    rows, _, n, expected = READ[kind]
    prefs = prefqa.read(save(rows, tmp_path / f"votes.{ending}"))
    assert (figures(prefs), outcomes(prefs)) == (n, expected)
    asked = {plain(one).removeprefix("Answer.\n\n") for one in prompts(prefs)}
    assert asked <= set(QUESTIONS)
    assert len(asked) == n[0]
    assert {mark(text) for text in prefs.responses["text"].to_list()} <= {"[G]", "[B]", "[T]"}  # type: ignore[index]


PROMPT_AND_NONE = [FOUR, FOUR]
LIST_CHOICES = [{"[B]": 8}, {"[G]": 8}, {"[B]": 8}, {"[T]": 8}]
#: Rows, the files they are written into, and outcomes under each choice of the refusal, or under one of them.
REFUSED: dict[str, tuple[list[Row], tuple[str, ...], Any]] = {
    "index under letters": (
        pairwise(vote="better", words={"first": 0, "second": 1}), SHEETS, [{"[G]": 6}, {"[B]": 6}]),
    "one and two under letters": (
        pairwise(vote="Winner", words={"first": 2, "second": 1}), SHEETS, [{"[B]": 6}, {"[G]": 6}]),
    "minus one": (
        pairwise("output_1", "output_2", "label", {"first": 1, "second": -1, "tie": 0}), SHEETS,
        [{"[B]": 6, "tie": 2}, TWO]),
    "scale around 0": (
        pairwise(words={"first": -3, "second": 2, "tie": 0}), SHEETS, [TWO, {"[B]": 6, "tie": 2}]),
    "scale from 1 to 5": (
        pairwise(words={"first": 5, "second": 1, "tie": 3}), SHEETS, [{"[B]": 6, "tie": 2}, TWO]),
    "tie coded 0": (pairwise(words={"first": 1, "second": 2, "tie": 0}), SHEETS, TWO),
    "tie coded 1": (pairwise("model_a_text", "model_b_text", words={"first": 0, "second": 2, "tie": 1}), SHEETS, TWO),
    "names of people": (kinds.sheet(("Ann", "Bo")), (*SHEETS, "semicolon.csv"), TWO),
    "addresses of people": (kinds.sheet(("ann@example.org", "bo@example.org")), SHEETS, TWO),
    "ranks from 0": (kinds.ranks(("item_id", "user", "response_id", "rank"), int), SHEETS,
                     [EIGHT, {"[T]": 8}, {"[B]": 8}]),
    "lists of ranks from 0": (kinds.lists("responses", "ranks", (2, 0, 1)), ("csv", *LINES), EIGHT),
    "a list ranking": (kinds.lists("responses", "ranking", (3, 1, 2)), ("csv", *LINES), [{"[T]": 8}, EIGHT]),
    "lists of figures": (kinds.lists("answers", "my_figures", (3, 1, 2)), ("csv", *LINES), LIST_CHOICES),
    "aspects": (
        [{"prompt": one["prompt"], "response": one["text"], "fluency": one["score"], "accuracy": one["score"]}
         for one in kinds.ratings({"prompt": "prompt", "text": "text", "score": "score"})[:8]], SHEETS, TWO),
    "aspects by annotators": (
        [{"question": one["q"], "answer": one["a"], "rater": one["who"], "fluency": one["s"], "accuracy": one["s"]}
         for one in kinds.ratings({"prompt": "q", "text": "a", "annotator": "who", "score": "s"})], SHEETS,
        [{"[G]": 12, "tie": 4}, TWO, TWO]),
    "ratings of another name for the prompt": (
        kinds.ratings({"prompt": "title", "text": "response", "annotator": "annotator", "score": "rating"}), SHEETS,
        [TWO, {}]),
    "translations": (
        kinds.ratings({"item": "task", "prompt": "source_text", "model": "system", "text": "translation",
                       "annotator": "evaluator", "score": "score"}), SHEETS, TWO),
    "labels 0 and 1": (
        [{"prompt": QUESTIONS[n], "completion": text, "label": int(text == GOOD[n])}
         for n in range(4) for text in (GOOD[n], BAD[n])], SHEETS, [FOUR]),
    "a prompt of another name": (chosen(title=question), SHEETS, PROMPT_AND_NONE),
    "a prompt called user": (chosen(user=question), SHEETS, PROMPT_AND_NONE),
    "a prompt of another name beside an id": (
        [row | {"item_id": row["source_text"]} for row in pairwise(prompt="source_text")], SHEETS, [TWO, TWO]),
    "people under another name": (pairwise(annotator="initials"), SHEETS, [TWO, TWO]),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "ending"), [(kind, ending) for kind, one in REFUSED.items() for ending in one[1]])
def test_refused_and_read_under_each_choice(
    kind: str, ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, _, expected = REFUSED[kind]
    path = save(rows, tmp_path / f"votes.{ending}")
    assert_refused_then(capsys, path, tmp_path, expected, run=ending == "csv")


def test_trajectories_keep_their_calls_and_their_question(tmp_path: Path) -> None:
    for name in ("trajectories beside a text", "trajectories beside messages"):
        prefs = prefqa.read(save(READ[name][0], tmp_path / "t.jsonl"))
        assert {plain(one) for one in prompts(prefs)} == set(QUESTIONS)
        assert prefs.responses is not None
        assert {tuple(one["role"] for one in text) for text in prefs.responses["text"].to_list()} == {
            ("assistant", "tool", "assistant")
        }
        assert json.loads(prefs.responses["text"][0][0]["tool_calls"])[0]["function"]["name"] == "find"


def test_a_system_prompt_before_the_question_is_kept(tmp_path: Path) -> None:
    rows = chosen(lambda n, text: [message("user", QUESTIONS[n]), message("assistant", text)],
                  prompt=lambda n: [message("system", "Be brief."), message("user", QUESTIONS[n])])  # fmt: skip
    prefs = prefqa.read(save(rows, tmp_path / "t.jsonl"))
    assert {tuple(one["role"] for one in prompt) for prompt in prompts(prefs)} == {("system", "user")}
    assert {tuple(one["role"] for one in text) for text in prefs.responses["text"].to_list()} == {("assistant",)}  # type: ignore[index]


def test_arguments_of_calls_may_be_objects_with_other_keys(tmp_path: Path) -> None:
    def called(arguments: Row) -> list[Row]:
        return [{"type": "function", "function": {"name": "find", "arguments": arguments}}]

    rows = [{"prompt": [message("user", QUESTIONS[0])],
             "chosen": [message("assistant", GOOD[0], tool_calls=called({"query": "egg"}))],
             "rejected": [message("assistant", BAD[0], tool_calls=called({"page": 2}))]}]  # fmt: skip
    prefs = prefqa.read(save(rows, tmp_path / "t.jsonl"))
    assert outcomes(prefs) == {"[G]": 1}
    texts = {
        mark(text): json.loads(text[0]["_json"])["tool_calls"][0]["function"]["arguments"]
        for text in prefs.responses["text"].to_list()  # type: ignore[index]
    }
    assert texts == {"[G]": {"query": "egg"}, "[B]": {"page": 2}}


def test_parts_that_are_no_text_are_kept(tmp_path: Path) -> None:
    image = {"type": "image", "image": "x.png"}
    rows = chosen(prompt=lambda n: [message("user", [*kinds.parts(QUESTIONS[n]), image])],
                  form=lambda _, text: [message("assistant", text)])  # fmt: skip
    prefs = prefqa.read(save(rows, tmp_path / "t.jsonl"))
    assert {plain(one) for one in prompts(prefs)} == set(QUESTIONS)
    assert all(json.loads(prompt[-1]["_json"])["content"][-1] == image for prompt in prompts(prefs))


def test_a_content_that_is_a_list_of_no_parts_is_refused(tmp_path: Path) -> None:
    rows = chosen(prompt=lambda n: [message("user", [QUESTIONS[n]])], form=lambda _, text: [message("assistant", text)])
    words = "column 'prompt': a message whose content is a list, but not of parts"
    assert words in refused(save(rows, tmp_path / "t.jsonl"))


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_survey(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"survey.{ending}"
    path.write_text(kinds.survey("," if ending == "csv" else "\t"))
    prefs = prefqa.read(path)
    assert figures(prefs) == (3, 3, 9)
    assert outcomes(prefs) == {"A": 6, "B": 3}
    assert set(column(prefs, "annotator_id")["annotator_id"]) == {"R_1", "R_2", "R_3"}


def test_the_second_turn_is_judged_where_the_file_says_so(tmp_path: Path) -> None:
    rows = []
    for turn in (1, 2):
        for row in kinds.arena(str, MODELS):
            for side in "ab":
                first = row[f"conversation_{side}"]
                second = [message("user", "And shorter?"), message("assistant", f"{first[1]['content']} In short.")]
                row[f"conversation_{side}"] = [*first, *second]
            rows.append({"question_id": row["id"], "judge": "e1", "turn": turn, **row})
    prefs = prefqa.read(save([{k: v for k, v in row.items() if k != "id"} for row in rows], tmp_path / "t.jsonl"))
    assert (figures(prefs), outcomes(prefs)) == ((8, 1, 8), TWO)
    assert prefs.responses is not None
    assert sum(plain(text).endswith("In short.") for text in prefs.responses["text"].to_list()) == 8


@pytest.mark.parametrize(
    ("first", "second"),
    [("score_chosen", "score_rejected"), ("chosen-rating", "rejected-rating"), ("rating_chosen", "rating_rejected"),
     ("chosen_rating", "rejected_rating"), ("Chosen Score", "Rejected Score")],
)  # fmt: skip
def test_scores_that_contradict_a_pair_are_found_under_any_name(first: str, second: str, tmp_path: Path) -> None:
    rows = [row | {first: (8, 4, 3, 8)[n], second: (4, 4, 9, 4)[n]} for n, row in enumerate(chosen(prompt=question))]
    found = codes(prefqa.read(save(rows, tmp_path / "t.csv")))
    assert (found["PQ109"], found["PQ122"]) == (("error", 1), ("warning", 1))


@pytest.mark.parametrize("missing", ["", None])
def test_an_empty_cell_of_an_annotator_is_no_judgment(missing: str | None, tmp_path: Path) -> None:
    rows = kinds.sheet(("Ann", "Bo"))
    rows[0]["Bo"] = missing
    path = save(rows, tmp_path / "sheet.csv")
    prefs = by_config(path, configs_of(refused(path))[0])
    assert (figures(prefs), outcomes(prefs)) == ((4, 2, 7), {"[G]": 5, "tie": 2})
    assert dict(prefs.reading.values.select("value", "count").iter_rows())["(empty cells)"] == 1


def test_annotators_of_labels_are_not_passed_over(tmp_path: Path) -> None:
    rows = [row | {"annotator": who} for row in READ["kto of texts"][0] for who in PEOPLE]
    path = save(rows, tmp_path / "kto.jsonl")
    try:
        prefs = prefqa.read(path)
    except PrefqaError as error:
        assert EIGHT in [outcomes(by_config(path, text)) for text in configs_of(str(error))]  # noqa: PT017
    else:  # labels of responses, by people
        assert set(column(prefs, "annotator_id")["annotator_id"]) == set(PEOPLE)
        assert outcomes(prefs) in ({}, EIGHT)


def test_battles_without_ids(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    winners = (("m1", "m2", "m1"), ("m1", "m2", "m1"), ("m2", "m3", "m3"), ("m1", "m3", "tie"))
    words = {"Model A": "left", "Model B": "right"}
    rows = [{"Result": winner, "Model B": two, "Model A": one} for one, two, winner in winners]
    named = prefqa.read(save(rows, tmp_path / "battles.csv"))
    by_side = [row | {"Result": next((word for name, word in words.items() if row[name] == row["Result"]), "draw")}
               for row in rows]  # fmt: skip
    for prefs in (named, prefqa.read(save(by_side, tmp_path / "sides.jsonl"))):
        assert outcomes(prefs) == {"m1": 2, "m3": 1, "tie": 1}
        assert figures(prefs)[2] == 4
        assert "PQ103" not in codes(prefs)
    code, _, err = call(capsys, "leaderboard", tmp_path / "battles.csv")
    assert (code, "votes do not connect them both ways" in err) == (2, True)  # m2 only lost


def test_names_of_several_words_are_no_texts(tmp_path: Path) -> None:
    models = ("Red Pony 70B chat", "Blue Lake v2 base", "Oak")
    rows = [
        {"prompt": asked, "left": one, "right": two, "worker": who, "winner": "left"}
        for asked in QUESTIONS for who in PEOPLE for one, two in itertools.pairwise(models)
    ]  # fmt: skip
    prefs = prefqa.read(save(rows, tmp_path / "battles.csv"))
    assert set(column(prefs, "response_id")["response_id"]) == set(models)
    assert outcomes(prefs) == {models[0]: 8, models[1]: 8}
    texts = prefqa.read(tmp_path / "battles.csv", pair_values="texts")
    assert texts.responses is not None
    assert set(texts.responses["text"]) == set(models)


def test_a_value_far_off_a_scale_may_be_missing(tmp_path: Path) -> None:
    rows = [
        {"item_id": f"q{n}", "annotator_id": who, "response_id": one, "score": 999 if n == 0 else 5 + (n + shift) % 3}
        for n in range(60) for who in PEOPLE for shift, one in enumerate("ab")
    ]  # fmt: skip
    path = save(rows, tmp_path / "scores.csv")
    assert codes(prefqa.read(path))["PQ224"] == ("warning", 4)
    assert len(rankings(by_config(path, "[read]\nmissing = [999]\n"))) == 118


def test_a_choice_that_nothing_names_the_annotators_is_heard(tmp_path: Path) -> None:
    path = save(pairwise(annotator="initials", words=WORDS), tmp_path / "votes.csv")
    named, unnamed = (by_config(path, text) for text in configs_of(refused(path)))
    assert figures(named) == (4, 2, 8)
    assert figures(unnamed) == (4, 8, 8)


def test_remarks_are_no_prompts_and_rare_repeats_have_no_annotators(tmp_path: Path) -> None:
    rows = [
        row | {"item_id": f"q{n}", "comment": f"I think that number {n} is fine."} for n, row in enumerate(chosen())
    ]
    assert outcomes(prefqa.read(save(rows, tmp_path / "a.csv"))) == FOUR
    rows = [row | {"source": "web"} for row in chosen(prompt=question)]
    assert figures(prefqa.read(save([*rows, rows[0] | {"source": "book"}], tmp_path / "b.csv")))[2] == 5
