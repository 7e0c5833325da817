"""Public data sets: three records of each whose answer is evident, and who is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.errors import ReadError
from prefqa.readers import PUBLIC

GOOD, BAD, SAME = "Paris is the capital of France.", "It is Berlin.", "Paris."
ASK = "What is the capital of France?"


def chat(*replies: str) -> list[dict[str, str]]:
    first, *more = replies
    turns = [{"role": "user", "content": ASK}, {"role": "assistant", "content": first}]
    for reply in more:
        turns += [{"role": "user", "content": "And?"}, {"role": "assistant", "content": reply}]
    return turns


def hh(good: str, bad: str) -> dict[str, str]:
    before = f"\n\nHuman: hello\n\nAssistant: hi\n\nHuman: {ASK}\n\nAssistant:"
    return {"chosen": f"{before} {good}", "rejected": f"{before} {bad}"}


def ultrafeedback(*rated: tuple[str, str]) -> dict[str, Any]:
    return {
        "source": "made", "instruction": ASK, "models": ["m1", "m2"],
        "completions": [
            {"model": f"m{n}", "response": text, "annotations": {
                "helpfulness": {"Rating": rating, "Rationale": "-"}, "honesty": {"Rating": "N/A", "Rationale": "-"}}}
            for n, (text, rating) in enumerate(rated)
        ],
    }  # fmt: skip


def nectar(*ranked: tuple[str, float]) -> dict[str, Any]:
    answers = [{"answer": text, "model": f"m{n}", "rank": rank} for n, (text, rank) in enumerate(ranked)]
    return {"prompt": f"\n\nHuman: {ASK}\n\nAssistant: ", "answers": answers, "turns": 1, "good_natured": True}


def helpsteer2(first: str, second: str, *strengths: int) -> dict[str, Any]:
    each = [{"strength": one, "justification": "-"} for one in strengths]
    return {
        "split": "train", "prompt": ASK, "response_1": first, "response_2": second, "preference_strength": strengths[0],
        "all_preferences_unprocessed": each,
    }  # fmt: skip


def helpsteer3(first: str, second: str, *scores: int) -> dict[str, Any]:
    return {
        "domain": "general", "language": "english", "context": chat("?")[:1], "response1": first, "response2": second,
        "overall_preference": scores[0], "individual_preference": [{"score": one, "reasoning": "-"} for one in scores],
    }  # fmt: skip


def oasst(name: str, *ranked: tuple[str, int]) -> list[dict[str, Any]]:
    asked = {"message_id": name, "parent_id": None, "text": ASK, "role": "prompter", "rank": None, "lang": "en"}
    return [asked] + [
        {"message_id": f"{name}{n}", "parent_id": name, "text": text, "role": "assistant", "rank": rank, "lang": "en"}
        for n, (text, rank) in enumerate(ranked)
    ]


def oasst_tree(name: str, *ranked: tuple[str, int]) -> dict[str, Any]:
    """A tree whose second turn stands below the best reply of a first one."""
    asked, *replies = oasst(f"{name}-2", *ranked)
    said = {
        "message_id": f"{name}-1",
        "parent_id": name,
        "text": "Hello.",
        "role": "assistant",
        "rank": 0,
        "lang": "en",
    }
    first = {"message_id": name, "parent_id": None, "text": "Hi.", "role": "prompter", "rank": None, "lang": "en"}
    below = [reply | {"replies": []} for reply in replies]
    second = asked | {"parent_id": f"{name}-1", "replies": below}
    return {"message_tree_id": name, "tree_state": "ready_for_export", "prompt": first | {
        "replies": [said | {"rank": None, "replies": [second]}]}}  # fmt: skip


def shp(a: str, b: str, label: int, post: str) -> dict[str, Any]:
    scores = (10, 2) if label else (2, 10)
    return {
        "post_id": post, "domain": "askculinary_train", "history": ASK, "human_ref_A": a, "human_ref_B": b,
        "labels": label, "score_A": scores[0], "score_B": scores[1], "c_root_id_A": f"{post}a",
        "c_root_id_B": f"{post}b",
    }  # fmt: skip


def pku(first: str, second: str, better: int, safer: int) -> dict[str, Any]:
    return {
        "prompt": ASK, "response_0": first, "response_1": second, "better_response_id": better,
        "safer_response_id": safer,
    }  # fmt: skip


def arena(a: str, b: str, winner: str, number: int, judge: str = "author_1") -> dict[str, Any]:
    return {
        "question_id": number, "model_a": "alpaca", "model_b": "vicuna", "winner": winner, "judge": judge, "turn": 1,
        "conversation_a": chat(a), "conversation_b": chat(b),
    }  # fmt: skip


def multipref(a: str, b: str, overall: str, harmless: str, number: int) -> dict[str, Any]:
    said = {
        "evaluator": "w1", "overall_pref": overall, "helpful_pref": overall, "truthful_pref": overall,
        "harmless_pref": harmless, "time_spent": 90, "timestamp": "2024-01-01T00:00:00Z",
    }  # fmt: skip
    return {
        "comparison_id": f"c{number}", "prompt_id": "p", "text": ASK, "completion_a": a, "completion_b": b,
        "model_a": "tulu", "model_b": "gpt", "category": "qa", "normal_worker_annotations": [said],
        "expert_worker_annotations": [said | {"evaluator": "e1"}],
    }  # fmt: skip


def prism(number: int, *scored: tuple[str, int]) -> list[dict[str, Any]]:
    best = max(score for _, score in scored)
    return [
        {"utterance_id": f"ut{number}{n}", "interaction_id": f"int{number}", "conversation_id": "c1", "user_id": "u1",
         "turn": 0, "within_turn_id": n, "model_name": f"m{n}", "user_prompt": ASK, "model_response": text,
         "if_chosen": score == best, "score": score}
        for n, (text, score) in enumerate(scored)
    ]  # fmt: skip


def pandalm(first: str, second: str, number: int, *said: int) -> dict[str, Any]:
    return {
        "idx": number, "instruction": ASK, "input": "", "response1": first, "response2": second, "cmp_key": "a_b",
    } | {f"annotator{n}": one for n, one in enumerate(said, start=1)}  # fmt: skip


#: By layout: the records; in each case the first item prefers GOOD, the second too (the other way round), the third
#: is a tie where the layout has ties, and GOOD again where it has none.
CASES: dict[str, list[dict[str, Any]]] = {
    "hh-rlhf": [hh(GOOD, BAD), hh(GOOD, BAD), hh(GOOD, BAD)],
    "ultrafeedback": [
        ultrafeedback((GOOD, "5"), (BAD, "1")), ultrafeedback((BAD, "2"), (GOOD, "4")),
        ultrafeedback((GOOD, "3"), (SAME, "3")),
    ],
    "nectar": [nectar((GOOD, 1.0), (BAD, 2.0)), nectar((BAD, 2.0), (GOOD, 1.0)), nectar((BAD, 7.0), (GOOD, 6.0))],
    "helpsteer2": [
        helpsteer2(GOOD, BAD, -3, -2), helpsteer2(BAD, GOOD, 1, 3), helpsteer2(GOOD, SAME, 0, 0),
    ],
    "helpsteer3": [
        helpsteer3(GOOD, BAD, -3, -1), helpsteer3(BAD, GOOD, 2, 3), helpsteer3(GOOD, SAME, 0, 0),
    ],
    "oasst": [*oasst("x", (GOOD, 0), (BAD, 1)), *oasst("y", (BAD, 1), (GOOD, 0)), *oasst("z", (BAD, 2), (GOOD, 0))],
    "oasst-trees": [
        oasst_tree("x", (GOOD, 0), (BAD, 1)), oasst_tree("y", (BAD, 1), (GOOD, 0)),
        oasst_tree("z", (BAD, 2), (GOOD, 0)),
    ],
    "shp": [shp(GOOD, BAD, 1, "x"), shp(BAD, GOOD, 0, "y"), shp(GOOD, BAD, 1, "z")],
    "pku-saferlhf": [pku(GOOD, BAD, 0, 0), pku(BAD, GOOD, 1, 1), pku(GOOD, BAD, 0, 0)],
    "arena": [arena(GOOD, BAD, "model_a", 81), arena(BAD, GOOD, "model_b", 82), arena(GOOD, SAME, "tie (bothbad)", 83)],
    "multipref": [
        multipref(GOOD, BAD, "A-is-clearly-better", "A-is-slightly-better", 1),
        multipref(BAD, GOOD, "B-is-slightly-better", "B-is-clearly-better", 2), multipref(GOOD, SAME, "Tie", "Tie", 3),
    ],
    "prism": [*prism(1, (GOOD, 90), (BAD, 3)), *prism(2, (BAD, 10), (GOOD, 60)), *prism(3, (GOOD, 50), (SAME, 50))],
    "pandalm": [pandalm(GOOD, BAD, 0, 1, 1, 1), pandalm(BAD, GOOD, 1, 2, 2, 2), pandalm(GOOD, SAME, 2, 0, 0, 0)],
    "llmbar": [
        {"input": ASK, "output_1": GOOD, "output_2": BAD, "label": 1},
        {"input": ASK, "output_1": BAD, "output_2": GOOD, "label": 2},
        {"input": ASK, "output_1": GOOD, "output_2": BAD, "label": 1},
    ],
}  # fmt: skip
WITH_TIES = ("ultrafeedback", "helpsteer2", "helpsteer3", "arena", "multipref", "prism", "pandalm")


def texts(prefs: prefqa.Preferences) -> list[tuple[str, Any, Any, bool]]:
    pairs = prefqa.consensus(prefs, method="majority").pairs()
    return [(p["item_id"], plain(p["chosen"]), plain(p["rejected"]), p["tie"]) for p in pairs.to_dicts()]


def plain(text: Any) -> str:
    return (text if isinstance(text, str) else text[-1]["content"]).strip()


@pytest.mark.parametrize("name", CASES)
def test_who_is_chosen(name: str) -> None:
    prefs = prefqa.read(CASES[name], format=name)
    assert prefs.source.shape == name
    found = texts(prefs)
    decided = [(chosen, rejected) for _, chosen, rejected, tie in found if not tie]
    assert set(decided) == {(GOOD, BAD)}
    tied = {frozenset(pair[1:3]) for pair in found if pair[3]}
    assert tied == ({frozenset((GOOD, SAME))} if name in WITH_TIES else set())
    assert prefs.items is not None
    assert len({item for item, *_ in found}) >= 3
    errors = prefqa.check(prefs).findings.filter(severity="error")
    assert errors.is_empty(), errors


@pytest.mark.parametrize("name", CASES)
def test_a_public_data_set_is_recognised(name: str) -> None:
    assert prefqa.read(CASES[name]).source.shape == name


def test_each_public_data_set_has_a_case() -> None:
    assert {tool.name for tool in PUBLIC} == {*CASES, "preflib"}


def test_the_dialogue_before_the_last_reply_of_hh_is_the_prompt_in_messages() -> None:
    prefs = prefqa.read(CASES["hh-rlhf"])
    assert prefs.items is not None
    assert prefs.responses is not None
    assert prefs.items["prompt"][0].to_list() == [
        {"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}, {"role": "user", "content": ASK},
    ]  # fmt: skip
    assert prefs.responses.filter(item_id="row-0")["text"].to_list() == [GOOD, BAD]


def test_hh_dialogues_that_part_earlier_are_responses_of_several_turns() -> None:
    early = {side: f"\n\nHuman: a\n\nAssistant: {text}\n\nHuman: b\n\nAssistant: c" for side, text in (
        ("chosen", GOOD), ("rejected", BAD))}  # fmt: skip
    prefs = prefqa.read([*CASES["hh-rlhf"], early])
    assert prefs.source.shape == "hh-rlhf"
    assert prefs.responses is not None
    texts = prefs.responses.filter(item_id="row-3")["text"].to_list()
    assert [[one["content"] for one in text] for text in texts] == [[GOOD, "b", "c"], [BAD, "b", "c"]]
    assert prefqa.check(prefs, select=["PQ216", "PQ217", "PQ218"]).findings.is_empty()


def test_pairs_without_marks_are_not_hh() -> None:
    assert prefqa.read([{"chosen": GOOD, "rejected": BAD}]).source.shape == "chosen_rejected"


def test_columns_that_somebody_added_to_hh_are_kept() -> None:
    long = prefqa.read([hh(GOOD, BAD) | {"annotator_id": "ann", "item_id": "x"}]).judgments.collect()
    assert set(long.select("item_id", "annotator_id").rows()) == {("x", "ann")}


def test_nectar_prompts_lose_the_marks_of_their_turns() -> None:
    one, two = nectar((GOOD, 1.0), (BAD, 2.0)), nectar((GOOD, 1.0), (BAD, 2.0))
    two["prompt"] = "\n\nHuman: hello\n\nAssistant: hi\n\nHuman: more\n\nAssistant: "
    items = prefqa.read([one, two]).items
    assert items is not None
    said = [[turn["content"] for turn in prompt] for prompt in items["prompt"].to_list()]
    assert said == [[ASK], ["hello", "hi", "more"]]


def test_mt_bench_judges_each_turn_with_what_stands_before_it() -> None:
    both = {"conversation_a": chat("one", GOOD), "conversation_b": chat("two", BAD)}
    rows = [arena("", "", "model_a", 81) | both | {"turn": turn} for turn in (1, 2)]
    prefs = prefqa.read(rows)
    assert prefs.items is not None
    assert prefs.responses is not None
    assert dict(prefs.items.select("item_id", "prompt").rows()) == {"81-1": ASK, "81-2": ASK}
    said = [
        [[one["content"] for one in text] for text in prefs.responses.filter(item_id=item)["text"].to_list()]
        for item in ("81-1", "81-2")
    ]
    # The first answers differ, so they are no prompt that both share.
    assert said == [[["one"], ["two"]], [["one", "And?", GOOD], ["two", "And?", BAD]]]
    assert prefqa.check(prefs, select=["PQ217", "PQ218"]).findings.is_empty()


def test_a_second_turn_after_the_same_first_answer_has_the_dialogue_as_its_prompt() -> None:
    both = {"conversation_a": chat("one", GOOD), "conversation_b": chat("one", BAD)}
    prefs = prefqa.read([arena("", "", "model_a", 81) | both | {"turn": 2}])
    assert prefs.items is not None
    assert [one["content"] for one in prefs.items["prompt"][0]] == [ASK, "one", "And?"]
    assert texts(prefs) == [("81", GOOD, BAD, False)]


def test_arena_140k_has_texts_out_of_parts_times_and_ids() -> None:
    def parts(*texts: str) -> list[dict[str, Any]]:
        roles = ["user", "assistant"] * len(texts)
        content = [[{"type": "text", "text": text, "image": None}] for text in texts]
        return [{"role": role, "content": one} for role, one in zip(roles, content, strict=False)]

    row = {"model_a": "x", "model_b": "y", "evaluation_session_id": "s", "timestamp": "2025-05-01T10:00:00"}
    votes = {"a": "model_b", "b": "tie", "c": "both_bad"}
    rows = [
        row | {"id": name, "winner": winner, "conversation_a": parts(ASK, BAD), "conversation_b": parts(ASK, GOOD)}
        for name, winner in votes.items()
    ]
    rows[0]["conversation_b"][0]["content"].append({"type": "image", "text": None, "image": "x.png"})
    rows[0]["conversation_a"][0]["content"].append({"type": "image", "text": None, "image": "x.png"})
    prefs = prefqa.read(rows)
    long = prefs.judgments.collect()
    assert prefs.responses is not None
    assert set(prefs.responses["text"]) == {GOOD, BAD}
    assert long.filter(item_id="a").sort("response_id")["rank"].to_list() == [2, 1]
    assert long.filter(pl.col("item_id") != "a")["rank"].to_list() == [1] * 4
    assert long.filter(item_id="c")["both_bad"].all()
    assert long["created_at"].dt.to_string("%Y-%m-%d %H")[0] == "2025-05-01 10"
    assert [(note.code, note.count) for note in prefs.source.notes] == [("PQ728", 1)]


@pytest.mark.parametrize("said", ['[{"name": "x"}]', "[]", '[{"type": "cat"}]', "[{"])
def test_a_message_that_looks_like_a_list_stays_as_it_is(said: str) -> None:
    prefs = prefqa.read([arena(said, BAD, "model_a", 81)])
    assert texts(prefs) == [("81", said, BAD, False)]


def test_arena_of_whole_conversations_alone() -> None:
    def said(role: str, text: str) -> dict[str, Any]:
        return {"role": role, "content": [{"type": "text", "text": text}]}

    turn = {"user": said("user", ASK), "model_side_a": said("assistant", GOOD), "model_side_b": said("assistant", BAD)}
    row = {"id": "a", "model_a": "x", "model_b": "y", "winner": "model_a", "full_conversation": [turn]}
    prefs = prefqa.read([row])
    assert texts(prefs) == [("a", GOOD, BAD, False)]


@pytest.mark.parametrize("name", ["pandalm", "llmbar", "helpsteer2"])
def test_a_number_that_is_no_vote_is_no_rank(name: str) -> None:
    odd = {"pandalm": pandalm(GOOD, BAD, 9, 3), "helpsteer2": helpsteer2(GOOD, BAD, 5),
           "llmbar": {"input": ASK, "output_1": GOOD, "output_2": BAD, "label": 3}}  # fmt: skip
    prefs = prefqa.read([odd[name]], format=name)
    assert prefs.judgments.collect()["rank"].null_count() == 2
    assert "PQ104" in prefqa.check(prefs).findings["code"].to_list()


def test_completions_may_stand_in_lists_side_by_side() -> None:
    """Arrow files of a `Sequence` of objects hold one object of lists."""
    ratings = [{"Helpfulness": {"Rating": one}, "Visual Faithfulness": {"Rating": one}} for one in ("5", "1")]
    row = {
        "prompt": ASK, "image": {"path": "x.jpg", "bytes": None},
        "completions": {"model": ["m1", "m2"], "response": [GOOD, BAD], "annotations": ratings},
    }  # fmt: skip
    prefs = prefqa.read([row])
    assert prefs.items is not None
    assert {pair[1:3] for pair in texts(prefs)} == {(GOOD, BAD)}
    assert set(prefs.judgments.collect()["annotator_id"]) == {"gpt-4v"}
    assert set(prefs.items["prompt_image"]) == {"x.jpg"}


def test_two_criteria_of_pku_can_contradict_each_other() -> None:
    found = texts(prefqa.read([pku("a", "b", 0, 1)], format="pku-saferlhf"))
    assert found == [("row-0/helpful", "a", "b", False), ("row-0/safe", "b", "a", False)]


def test_aspects_of_ultrafeedback_are_criteria_and_na_is_no_rating() -> None:
    long = prefqa.read(CASES["ultrafeedback"]).judgments.collect()
    assert set(long["criterion"]) == {"helpfulness", "honesty"}
    assert long.filter(criterion="honesty")["rank"].null_count() == 6
    assert long.filter(criterion="helpfulness")["score"].to_list() == [5.0, 1.0, 2.0, 4.0, 3.0, 3.0]
    assert long["annotator_kind"].unique().to_list() == ["model"]


def test_mt_bench_knows_human_and_model_judges() -> None:
    both = [arena(GOOD, BAD, "model_a", 81), arena(GOOD, BAD, "model_a", 81, judge="gpt4_pair")]
    kinds = prefqa.read(both).judgments.collect().select("annotator_id", "annotator_kind").unique().rows()
    assert set(kinds) == {("author_1", "human"), ("gpt4_pair", "model")}


def test_annotators_of_helpsteer_are_anonymous_and_a_value_out_of_range_is_refused() -> None:
    prefs = prefqa.read([helpsteer2(GOOD, BAD, -1, -100), helpsteer2(GOOD, BAD, -2)])
    assert set(prefs.judgments.collect()["annotator_id"]) == {"row-0-1", "row-0-2", "row-1-1"}
    assert prefqa.check(prefs).findings["code"].to_list()[0] == "PQ104"


def test_trees_of_oasst_read_as_their_messages_do() -> None:
    tree = oasst_tree("x", (GOOD, 0), (BAD, 1), (SAME, 2))
    flat: list[dict[str, Any]] = []
    waiting = [tree["prompt"]]
    while waiting:
        message = waiting.pop()
        waiting += message["replies"]
        flat.append({name: value for name, value in message.items() if name != "replies"})
    found = [
        set(prefs.judgments.collect().select("item_id", "response_id", "rank").rows())
        for prefs in (prefqa.read([tree]), prefqa.read(flat))
    ]
    assert found[0] == found[1] == {("x-2", "x-20", 1), ("x-2", "x-21", 2), ("x-2", "x-22", 3)}


PREFLIB = """# TITLE: made
# ALTERNATIVE NAME 1: Ann
# ALTERNATIVE NAME 2: Ben
# ALTERNATIVE NAME 3: Cem
2: 3,{1,2}
1: 2, 1
"""


@pytest.mark.parametrize("ending", [".soc", ".soi", ".toc", ".toi"])
def test_preflib_orders_are_best_first_with_ties_in_braces(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"vote{ending}"
    path.write_text(PREFLIB)
    prefs = prefqa.read(path)
    rows = prefs.judgments.select("annotator_id", "response_id", "rank").collect().rows()
    assert sorted(rows) == [
        ("voter-1", "1", 2), ("voter-1", "2", 2), ("voter-1", "3", 1), ("voter-2", "1", 2), ("voter-2", "2", 2),
        ("voter-2", "3", 1), ("voter-3", "1", 2), ("voter-3", "2", 1),
    ]  # fmt: skip
    assert prefs.responses is not None
    assert dict(prefs.responses.select("response_id", "text").rows()) == {"1": "Ann", "2": "Ben", "3": "Cem"}


@pytest.mark.parametrize("line", ["x", "1 2 3", "1: {1,2", "1: ", "99999999999: 1,2"])
def test_a_broken_preflib_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "vote.toc"
    path.write_text(PREFLIB + line + "\n")
    with pytest.raises(ReadError, match="line 7" if not line.startswith("9") else "voters"):
        prefqa.read(path)


@given(st.lists(st.tuples(st.integers(1, 5), st.permutations("1234")), min_size=1, max_size=5))
def test_preflib_counts_and_orders_survive(tmp_path_factory: pytest.TempPathFactory, orders: Any) -> None:
    path = tmp_path_factory.mktemp("preflib") / "vote.soc"
    path.write_text("\n".join(f"{n}: {','.join(order)}" for n, order in orders))
    long = prefqa.read(path).judgments.collect().sort("rank")
    found = long.group_by("annotator_id", maintain_order=True).agg("response_id")["response_id"].to_list()
    assert sorted(map(tuple, found)) == sorted(tuple(order) for n, order in orders for _ in range(n))


@pytest.mark.real_data
def test_pandalm_as_published(real_data: Path) -> None:
    folder = real_data / "pandalm-test"
    prefs = prefqa.read(folder / "testset-v1.json")
    assert prefs.source.shape == "pandalm"
    first = prefs.judgments.filter(rank=1).group_by("position").len().sort("position").collect()
    assert first.rows() == [(1, 1581), (2, 1742)]
    assert prefqa.consensus(prefs, method="majority").overall["n_pairs_most_votes_tie"] == 105


def test_a_file_without_trees_reads_as_no_judgment() -> None:
    assert prefqa.read([{"a": 1}], format="oasst-trees").judgments.collect().is_empty()
