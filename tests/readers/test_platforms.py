"""Crowdsourcing platforms, surveys and labelling tools: who preferred what, and what is refused or left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import PrefqaError, ReadError

PAIRS = {"1": ("first text 1", "second text 1"), "2": ("first text 2", "second text 2")}


def prodigy() -> list[dict[str, Any]]:
    def answer(item: str, who: str, accept: list[str], said: str = "accept") -> dict[str, Any]:
        options = [{"id": name, "text": text} for name, text in zip("AB", PAIRS[item], strict=True)]
        return {
            "text": f"question {item}", "options": options, "accept": accept, "answer": said, "_input_hash": int(item),
            "_task_hash": -int(item), "_view_id": "choice", "_timestamp": 1735689600, "_annotator_id": f"d-{who}",
            "_session_id": f"d-{who}", "config": {"choice_style": "single"},
        }  # fmt: skip

    return [
        answer("1", "ann", ["A"]),
        answer("1", "ben", ["A", "B"]),
        answer("2", "ann", ["B"]),
        answer("2", "ben", [], "ignore"),
    ]


def mturk() -> list[dict[str, Any]]:
    votes = [("1", "ann", "A", "Approved"), ("1", "ben", "B", "Rejected"), ("2", "ann", "B", "Submitted")]
    return [
        {
            "HITId": f"H{item}", "AssignmentId": f"A{n}", "WorkerId": who, "AssignmentStatus": status,
            "SubmitTime": "Tue Mar 04 09:16:40 PST 2025", "WorkTimeInSeconds": "98", "Input.prompt": f"question {item}",
            "Input.response_a": PAIRS[item][0], "Input.response_b": PAIRS[item][1], "Input.topic": "maths",
            "Answer.choice": vote, "Answer.comment": f"because {n}", "Approve": None, "Reject": None,
        }
        for n, (item, who, vote, status) in enumerate(votes)
    ]  # fmt: skip


def toloka() -> list[dict[str, Any]]:
    votes = [
        ("1", "ann", "image_left", "APPROVED"),
        ("1", "ben", "image_right", "REJECTED"),
        ("2", "ann", "tie", "SUBMITTED"),
    ]
    rows: list[dict[str, Any]] = [
        {
            "INPUT:image_left": PAIRS[item][0], "INPUT:image_right": PAIRS[item][1], "OUTPUT:result": vote,
            "GOLDEN:result": "image_left" if item == "1" else None, "HINT:text": None,
            "ASSIGNMENT:assignment_id": f"a{n}", "ASSIGNMENT:worker_id": who, "ASSIGNMENT:status": status,
            "ASSIGNMENT:started": "2025-03-01T10:00:00.500", "ASSIGNMENT:submitted": "2025-03-01T10:00:08.000",
        }
        for n, (item, who, vote, status) in enumerate(votes)
    ]  # fmt: skip
    return [*rows, dict.fromkeys(rows[0])]


def qualtrics() -> list[dict[str, Any]]:
    question = "Question {}\n\nA: one\n\nB: two\n\nWhich one is better?"
    names = ("StartDate", "EndDate", "Status", "Finished", "ResponseId", "Q1", "Q2", "Q3", "Age")
    rows = [
        ("Start Date", "End Date", "Response Type", "Finished", "Response ID", question.format(1), question.format(2),
         question.format(3), "How old are you?"),
        tuple(json.dumps({"ImportId": name}) for name in names),
        ("2025-03-01 10:00:00", "2025-03-01 10:09:00", "IP Address", "True", "R_1", "Response A", "Response B",
         "About equal", "31"),
        ("2025-03-01 11:00:00", "2025-03-01 11:09:00", "IP Address", "False", "R_2", "Response B", None, None, None),
        ("2025-03-01 12:00:00", "2025-03-01 12:09:00", "Survey Preview", "True", "R_3", "Response B", "Response B",
         "About equal", "99"),
    ]  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in rows]


def forms() -> list[dict[str, Any]]:
    return [
        {
            "Timestamp": "2025-03-01 10:00:00",
            "Email Address": "a@example.com",
            "Which is better, 1?": "Left",
            "Age": "31",
        },
        {
            "Timestamp": "3/1/2025 10:00:00",
            "Email Address": "b@example.com",
            "Which is better, 1?": "Right",
            "Age": "32",
        },
    ]


def labelbox() -> list[dict[str, Any]]:
    def ranking(*models: str) -> dict[str, Any]:
        messages = [
            {"message_id": f"m-{name}", "model_config_name": name, "order": n} for n, name in enumerate(models, start=1)
        ]
        inner = {"ranked_messages": messages, "parent_message_id": "p"}
        return {"name": "rank", "annotation_kind": "MessageRanking", "classifications": [], "ranked_messages": inner}

    def label(who: str, *objects: dict[str, Any], skipped: bool = False) -> dict[str, Any]:
        return {
            "id": f"l-{who}", "label_details": {"created_by": who, "created_at": "2025-03-01T10:00:00Z"},
            "performance_details": {"skipped": skipped},
            "annotations": {"objects": list(objects), "classifications": [], "relationships": []},
        }  # fmt: skip

    chosen = {"message_id": "m-x", "model_config_name": "x", "parent_message_id": "p"}
    single = {"name": "one", "annotation_kind": "MessageSingleSelection", "selected_message": chosen}
    labels = [label("ann", ranking("x", "y", "z"), single), label("ben", ranking("z", "x", "y"), skipped=True)]
    return [{"data_row": {"id": "d1", "external_id": "e1"}, "projects": {"proj": {"name": "n", "labels": labels}}}]


def kili() -> list[dict[str, Any]]:
    def item(role: str, name: str, content: str, model: str | None = None) -> dict[str, Any]:
        return {"externalId": name, "role": role, "content": content, "modelName": model}

    chat = [
        item("SYSTEM", "s", "be kind"), item("USER", "u0", "question 0"), item("ASSISTANT", "a0", "one", "m1"),
        item("ASSISTANT", "b0", "two", "m2"), item("USER", "u1", "question 1"), item("ASSISTANT", "a1", "three", "m1"),
        item("ASSISTANT", "b1", "four", "m2"),
    ]  # fmt: skip
    rounds = {
        "0": {"code": "Is much better", "firstId": "b0", "secondId": "a0"},
        "1": {"code": "TIE", "firstId": "a1", "secondId": "b1"},
    }
    quality = {"0": {"categories": ["BOTH_ARE_GOOD"]}}
    label = {"round": {"COMPARISON_JOB": rounds, "QUALITY": quality}, "completion": {}, "conversation": {}}
    plain = {"round": {}, "completion": {}, "conversation": {}}
    return [
        {"externalId": "c1", "labeler": "ann@example.com", "chatItems": chat, "metadata": {}, "label": label},
        {"externalId": "c2", "labeler": "ann@example.com", "chatItems": chat, "metadata": {}, "label": plain},
    ]


def doccano() -> list[dict[str, Any]]:
    return [
        {"id": n, "text": f"question {n}", "label": label, "Comments": [], "response_a": "one", "response_b": "two"}
        for n, label in enumerate((["A is better"], ["B is better"], []))
    ]


CASES = {
    "prodigy": prodigy(), "mturk": mturk(), "toloka": toloka(), "qualtrics": qualtrics(), "google-forms": forms(),
    "labelbox": labelbox(), "kili": kili(), "doccano": doccano(),
}  # fmt: skip


def ranks(prefs: prefqa.Preferences) -> dict[tuple[str, str], dict[str, int | None]]:
    found: dict[tuple[str, str], dict[str, int | None]] = {}
    for item, who, response, rank in (
        prefs.judgments.select("item_id", "annotator_id", "response_id", "rank").collect().rows()
    ):
        found.setdefault((item, who), {})[response] = rank
    return found


def statuses(prefs: prefqa.Preferences) -> dict[tuple[str, str], str]:
    rows = prefs.judgments.select("item_id", "annotator_id", "status").collect().rows()
    return {(item, who): status for item, who, status in rows}


def codes(prefs: prefqa.Preferences) -> list[tuple[str, int, int]]:
    return [(note.code, note.count, note.of) for note in prefs.source.notes]


def texts(prefs: prefqa.Preferences) -> set[tuple[str, str, str]]:
    assert prefs.responses is not None
    return set(prefs.responses.select("item_id", "response_id", "text").rows())


def prompts(prefs: prefqa.Preferences) -> dict[str, str]:
    assert prefs.items is not None
    return dict(prefs.items.select("item_id", "prompt").rows())


@pytest.mark.parametrize("name", CASES)
def test_each_is_recognised(name: str) -> None:
    assert prefqa.read(CASES[name]).source.shape == name


def test_prodigy_accepted_options_are_best_and_ignored_tasks_discarded() -> None:
    prefs = prefqa.read(prodigy())
    assert ranks(prefs) == {
        ("1", "d-ann"): {"A": 1, "B": 2}, ("1", "d-ben"): {"A": 1, "B": 1},
        ("2", "d-ann"): {"A": 2, "B": 1}, ("2", "d-ben"): {"A": None, "B": None},
    }  # fmt: skip
    assert statuses(prefs)["2", "d-ben"] == "discarded"
    assert texts(prefs) == {(item, name, text) for item in PAIRS for name, text in zip("AB", PAIRS[item], strict=True)}
    assert prompts(prefs) == {"1": "question 1", "2": "question 2"}
    assert {time.year for time in prefs.judgments.collect()["created_at"]} == {2025}


def test_prodigy_names_rejected_and_empty_answers_and_unknown_options() -> None:
    first = prodigy()[0]
    prefs = prefqa.read([
        first,
        first | {"_annotator_id": "rej", "answer": "reject"},
        first | {"_annotator_id": "empty", "accept": []},
        first | {"_annotator_id": "odd", "accept": ["Z"]},
        {"text": "t", "answer": "accept", "accept": ["A"], "options": None, "_input_hash": 9},
    ])  # fmt: skip
    assert sorted(codes(prefs)) == [("PQ727", 1, 5), ("PQ727", 1, 5), ("PQ728", 1, 5)]
    assert statuses(prefs)["1", "rej"] == "discarded"
    assert ranks(prefs)["1", "empty"] == ranks(prefs)["1", "odd"] == {"A": None, "B": None}


def test_prodigy_pairs_of_one_input_with_the_same_ids_stay_apart() -> None:
    first = prodigy()[0]
    other = first | {"options": [{"id": 0, "text": "x"}, {"id": 1, "text": "y"}], "accept": [1]}
    third = other | {"options": [{"id": 0, "text": "x"}, {"id": 1, "text": "z"}], "accept": [0]}
    prefs = prefqa.read([other, third])
    assert prefs.judgments.collect()["item_id"].n_unique() == 2
    assert {text for _, _, text in texts(prefs)} == {"x", "y", "z"}


def test_prodigy_options_that_never_change_are_labels_or_sides() -> None:
    def with_options(*names: str) -> list[dict[str, Any]]:
        options = [{"id": n, "text": name} for n, name in enumerate(names)]
        taken = {"1": [0], "2": [1]}
        return [one | {"options": options, "accept": taken[str(one["_input_hash"])]} for one in prodigy()[::2]]

    labels = prefqa.read(with_options("good", "bad"))
    assert labels.judgments.collect()["label"].to_list() == ["good", "bad"]
    votes = prefqa.read(with_options("Left", "Right", "Tie"))
    assert ranks(votes) == {("1", "d-ann"): {"A": 1, "B": 2}, ("2", "d-ann"): {"A": 2, "B": 1}}


def test_mturk_times_statuses_and_texts() -> None:
    prefs = prefqa.read(mturk())
    assert ranks(prefs) == {
        ("H1", "ann"): {"response_a": 1, "response_b": 2},
        ("H1", "ben"): {"response_a": 2, "response_b": 1},
        ("H2", "ann"): {"response_a": 2, "response_b": 1},
    }
    assert statuses(prefs) == {("H1", "ann"): "submitted", ("H1", "ben"): "discarded", ("H2", "ann"): "submitted"}
    long = prefs.judgments.collect()
    assert {time.isoformat() for time in long["created_at"]} == {"2025-03-04T17:16:40+00:00"}
    assert set(long["duration_s"]) == {98.0}
    assert set(long["Input.topic"]) == {"maths"}
    assert prompts(prefs) == {"H1": "question 1", "H2": "question 2"}
    assert ("H1", "response_a", "first text 1") in texts(prefs)


def test_mturk_radios_that_are_true_or_false_are_one_vote() -> None:
    def flags(vote: str) -> dict[str, Any]:
        return {f"Answer.best.{option}": str(option == vote).lower() for option in ("A", "B", "about-equal")}

    rows = [{k: v for k, v in one.items() if not k.startswith("Answer.")} for one in mturk()]
    prefs = prefqa.read([row | flags(vote) for row, vote in zip(rows, ("A", "about-equal", "none"), strict=True)])
    assert ranks(prefs) == {
        ("H1", "ann"): {"response_a": 1, "response_b": 2},
        ("H1", "ben"): {"response_a": 1, "response_b": 1},
    }
    assert codes(prefs) == [("PQ727", 1, 3)]
    task = [
        row | {"Answer.taskAnswers": json.dumps([{"comment": "so", "best": {"A": a, "B": b}}])}
        for row, (a, b) in zip(rows, ((True, False), (False, True), (False, False)), strict=True)
    ]
    assert ranks(prefqa.read(task))["H1", "ben"] == {"response_a": 2, "response_b": 1}


def test_mturk_votes_that_name_a_column_and_several_questions() -> None:
    rows = [
        {k: v for k, v in one.items() if not k.startswith(("Input.response", "Answer."))}
        | {"Input.summary1": "s1", "Input.summary2": "s2", "Input.model1": "m", "Input.model2": "n",
           "Answer.clear": name, "Answer.true": "summary1"}
        for one, name in zip(mturk(), ("summary1", "summary2", "summary2"), strict=True)
    ]  # fmt: skip
    prefs = prefqa.read(rows)
    assert ranks(prefs)["H1/Answer.clear", "ben"] == {"summary1": 2, "summary2": 1}
    assert ranks(prefs)["H1/Answer.true", "ben"] == {"summary1": 1, "summary2": 2}
    assert prefs.responses is not None
    assert set(prefs.responses["model"]) == {"m", "n"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Answer.choice": "1"}, "numbers"),
        ({"Answer.choice": "perhaps"}, "votes for one of two"),
        ({"Input.text_a": "x", "Input.text_b": "y"}, "which Input"),
    ],
)
def test_mturk_with_several_readings_is_refused_with_the_lines_to_paste(change: dict[str, str], reason: str) -> None:
    with pytest.raises(ReadError, match=reason) as error:
        prefqa.read([row | change for row in mturk()])
    assert '[columns]\nitem_id = "HITId"\nannotator_id = "WorkerId"' in str(error.value)
    assert "winner = " in str(error.value)


def test_toloka_votes_gold_and_times() -> None:
    prefs = prefqa.read(toloka())
    assert ranks(prefs) == {
        ("task-1", "ann"): {"image_left": 1, "image_right": 2},
        ("task-1", "ben"): {"image_left": 2, "image_right": 1},
        ("task-2", "ann"): {"image_left": 1, "image_right": 1},
    }
    assert statuses(prefs)["task-1", "ben"] == "discarded"
    long = prefs.judgments.collect()
    gold = {(item, side): rank for item, side, rank in long.select("item_id", "response_id", "gold_rank").rows()}
    assert gold == {
        ("task-1", "image_left"): 1, ("task-1", "image_right"): 2,
        ("task-2", "image_left"): None, ("task-2", "image_right"): None,
    }  # fmt: skip
    assert set(long["duration_s"]) == {7.5}
    assert codes(prefs) == [("PQ727", 1, 4)]
    same = [row | {"ASSIGNMENT:assignment_id": "a0"} for row in toloka()[:3]]
    assert "duration_s" not in prefqa.read(same).judgments.collect_schema()  # the time is that of the whole page


def test_toloka_without_a_vote_is_refused() -> None:
    with pytest.raises(ReadError, match=r"OUTPUT:\* column") as error:
        prefqa.read([row | {"OUTPUT:result": "cat"} for row in toloka()])
    assert 'annotator_id = "ASSIGNMENT:worker_id"' in str(error.value)


def test_qualtrics_header_rows_are_no_people() -> None:
    prefs = prefqa.read(qualtrics())
    assert ranks(prefs) == {
        ("Q1", "R_1"): {"A": 1, "B": 2}, ("Q2", "R_1"): {"A": 2, "B": 1}, ("Q3", "R_1"): {"A": 1, "B": 1},
        ("Q1", "R_2"): {"A": 2, "B": 1}, ("Q1", "R_3"): {"A": 2, "B": 1}, ("Q2", "R_3"): {"A": 2, "B": 1},
        ("Q3", "R_3"): {"A": 1, "B": 1},
    }  # fmt: skip
    assert {who: status for (_, who), status in statuses(prefs).items()} == {
        "R_1": "submitted", "R_2": "draft", "R_3": "discarded",
    }  # fmt: skip
    assert prompts(prefs)["Q2"].startswith("Question 2\n\nA: one")
    assert codes(prefs) == [("PQ727", 2, 3), ("PQ728", 2, 9)]
    assert "'Age'" in prefs.source.notes[1].message
    long = prefs.judgments.collect()
    assert {time.isoformat() for time in long.filter(annotator_id="R_1")["created_at"]} == {"2025-03-01T10:09:00+00:00"}


def test_survey_answers_that_name_no_side_are_counted() -> None:
    rows = [*qualtrics(), qualtrics()[2] | {"ResponseId": "R_4", "Q2": "n/a"}]
    prefs = prefqa.read(rows)
    assert ("Q1", "R_4") in ranks(prefs)
    assert ("Q2", "R_4") not in ranks(prefs)
    assert ("PQ727", 1, 10) in codes(prefs)


def test_a_survey_with_coded_answers_is_refused() -> None:
    rows = qualtrics()
    coded = [*rows[:2], *({**row, "Q1": "1", "Q2": "2", "Q3": "1"} for row in rows[2:])]
    with pytest.raises(ReadError, match="no question holds votes") as error:
        prefqa.read(coded)
    assert "choices as text" in str(error.value)


def test_google_forms_header_is_the_question() -> None:
    prefs = prefqa.read(forms())
    question = "Which is better, 1?"
    assert ranks(prefs) == {
        (question, "a@example.com"): {"A": 1, "B": 2},
        (question, "b@example.com"): {"A": 2, "B": 1},
    }
    assert prompts(prefs) == {question: question}
    assert codes(prefs) == [("PQ728", 1, 2), ("PQ728", 2, 4)]
    unnamed = prefqa.read([{k: v for k, v in row.items() if k != "Email Address"} for row in forms()])
    assert {who for _, who in ranks(unnamed)} == {"row-0", "row-1"}
    rows = [{"Timestamp": "x", "response_a": "a", "response_b": "b", "winner": "a"}]
    assert prefqa.read(rows).source.shape == "pairwise"


def test_labelbox_rankings_of_messages() -> None:
    prefs = prefqa.read(labelbox())
    assert ranks(prefs) == {
        ("d1/p", "ann"): {"m-x": 1, "m-y": 2, "m-z": 3},
        ("d1/p", "ben"): {"m-x": 2, "m-y": 3, "m-z": 1},
    }
    assert statuses(prefs)["d1/p", "ben"] == "discarded"
    assert set(prefs.judgments.collect()["model"]) == {"x", "y", "z"}
    assert codes(prefs) == [("PQ728", 1, 3)]
    empty = [{"data_row": {"id": "d"}, "projects": {"p": {"labels": [{"id": "l", "annotations": {"objects": []}}]}}}]
    with pytest.raises(ReadError, match="no label holds a ranking"):
        prefqa.read(empty)


def test_labelbox_radio_answers_are_votes_or_labels() -> None:
    def rows(*answers: str) -> list[dict[str, Any]]:
        labels = [
            {"id": f"l{n}", "label_details": {"created_by": f"w{n}"},
             "annotations": {"objects": [], "classifications": [{"name": "q", "radio_answer": {"value": answer}}]}}
            for n, answer in enumerate(answers)
        ]  # fmt: skip
        return [{"data_row": {"id": "d1"}, "projects": {"p": {"labels": labels}}}]

    assert ranks(prefqa.read(rows("Response A", "tie")))["d1", "w1"] == {"A": 1, "B": 1}
    assert prefqa.read(rows("cat", "dog")).judgments.collect()["label"].to_list() == ["cat", "dog"]


def test_kili_the_first_is_the_better_one() -> None:
    prefs = prefqa.read(kili())
    who = "ann@example.com"
    assert ranks(prefs) == {("c1/0", who): {"b0": 1, "a0": 2}, ("c1/1", who): {"a1": 1, "b1": 1}}
    assert texts(prefs) == {
        ("c1/0", "b0", "two"),
        ("c1/0", "a0", "one"),
        ("c1/1", "a1", "three"),
        ("c1/1", "b1", "four"),
    }
    assert prompts(prefs) == {"c1/0": "question 0", "c1/1": "question 1"}
    assert codes(prefs) == [("PQ727", 1, 2)]
    broken = kili()[:1]
    broken[0]["label"]["round"]["COMPARISON_JOB"]["0"]["code"] = "Is unclear"
    assert ranks(prefqa.read(broken))["c1/0", who] == {"b0": None, "a0": None}
    with pytest.raises(ReadError, match="no round has a comparison"):
        prefqa.read(kili()[1:])


def test_doccano_labels_are_votes_beside_two_responses_and_labels_elsewhere() -> None:
    prefs = prefqa.read(doccano())
    assert ranks(prefs) == {
        ("0", "unknown"): {"response_a": 1, "response_b": 2},
        ("1", "unknown"): {"response_a": 2, "response_b": 1},
    }
    assert codes(prefs) == [("PQ727", 1, 3)]
    plain = [{k: row[k] for k in ("id", "text", "Comments")} | {"label": ["spam", "ham"]} for row in doccano()]
    assert set(prefqa.read(plain).judgments.collect()["label"]) == {"ham|spam"}
    with pytest.raises(ReadError, match="several members"):
        prefqa.read([*plain, plain[0]])
    with pytest.raises(ReadError, match="spans"):
        prefqa.read([plain[0] | {"label": [[0, 4, "name"]]}])


@pytest.mark.parametrize("name", CASES)
def test_csv_and_lines_read_as_rows_do(tmp_path: Path, name: str) -> None:
    if name in ("prodigy", "labelbox", "kili"):
        pytest.skip("nested records are no CSV")
    rows = (
        CASES[name]
        if name != "doccano"
        else [row | {"label": "#".join(row["label"]), "Comments": ""} for row in doccano()]
    )
    path = tmp_path / "x.csv"
    pl.from_dicts(rows, infer_schema_length=None).write_csv(path)
    assert ranks(prefqa.read(path)) == ranks(prefqa.read(CASES[name]))


@pytest.mark.parametrize("name", CASES)
def test_records_without_their_columns_end_in_an_error_of_ours(name: str) -> None:
    with pytest.raises(PrefqaError):
        prefqa.read([{"a": 1}], format=name)
