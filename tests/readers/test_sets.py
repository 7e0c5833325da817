"""Public data sets read by a declaration: records whose answer is evident, in each kind of file, and who is chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.readers.registry import SETS

ASK = "How do I boil an egg?"
GOOD = "[G] Put it into boiling water for eight minutes."
BAD = "[B] Eggs come from hens, I think."
OTHER = "[T] Use a kettle."
SAME = "[T] Use a pot."


def arena_55k(number: int, a: list[str], b: list[str], *winner: int) -> dict[str, Any]:
    asked = [ASK, "And then?", "Why?"][: len(a)]
    names = ("winner_model_a", "winner_model_b", "winner_tie")
    return {
        "id": number, "model_a": "m-one", "model_b": "m-two", "prompt": json.dumps(asked), "response_a": json.dumps(a),
        "response_b": json.dumps(b), **dict(zip(names, winner, strict=True)),
    }  # fmt: skip


def comparison(item: str, first: str, second: str, choice: int | None, worker: str = "w1") -> dict[str, Any]:
    info = {"id": item, "post": f"{item}: a long story", "title": "t", "subreddit": "cooking", "article": None}
    summaries = [{"text": first, "policy": "sup", "note": None}, {"text": second, "policy": "ref", "note": "-"}]
    return {
        "info": info, "summaries": summaries, "choice": choice, "worker": worker, "batch": "batch9", "split": "train",
        "extra": {"confidence": 7},
    }  # fmt: skip


def axis(item: str, text: str, overall: int | None, worker: str = "w1") -> dict[str, Any]:
    axes = {"overall": overall, "accuracy": 4, "coverage": 4, "coherence": 4, "compatible": True}
    return {
        "info": {"id": item, "article": f"{item}: news", "site": "daily", "post": None},
        "summary": {"text": text, "policy": "ref", "note": "-", "axes": axes}, "worker": worker, "batch": "cnn",
        "split": "test",
    }  # fmt: skip


def webgpt(item: str, first: str, second: str, score: float | None) -> dict[str, Any]:
    return {
        "question": {"dataset": "eli5", "id": item, "full_text": ASK}, "answer_0": first, "answer_1": second,
        "quotes_0": {"title": ["x"], "extract": ["y"]}, "score_0": score, "score_1": None if score is None else -score,
    }  # fmt: skip


def reward_bench(number: int) -> dict[str, Any]:
    return {
        "prompt": ASK, "chosen": GOOD, "rejected": BAD, "chosen_model": "m1", "rejected_model": "m2", "subset": "easy",
        "id": number,
    }  # fmt: skip


def reward_bench_2(name: str, chosen: list[str], rejected: list[str]) -> dict[str, Any]:
    return {
        "id": name, "prompt": ASK, "chosen": chosen, "rejected": rejected, "num_correct": len(chosen),
        "num_incorrect": len(rejected), "subset": "Ties" if len(chosen) > 1 else "Math",
    }  # fmt: skip


def judge_bench(name: str, a: str, b: str, label: str | None) -> dict[str, Any]:
    return {
        "pair_id": name, "original_id": "1", "source": "mmlu", "question": ASK, "response_model": "m1", "response_A": a,
        "response_B": b, "label": label,
    }  # fmt: skip


def alpaca(number: int, first: str, second: str, preference: float | None, **more: Any) -> dict[str, Any]:
    return {
        "instruction": f"{ASK} {number}", "output_1": first, "output_2": second, "generator_1": "base",
        "generator_2": "mine", "preference": preference, **more,
    }  # fmt: skip


def helpsteer(number: int, text: str, rating: Any) -> dict[str, Any]:
    one = [4] if isinstance(rating, list) else 4
    return {
        "prompt": f"{ASK} {number}", "response": text, "helpfulness": rating, "correctness": rating, "coherence": one,
        "complexity": one, "verbosity": one,
    }  # fmt: skip


def prism(name: str, *turns: list[tuple[str, float | None]]) -> dict[str, Any]:
    history: list[dict[str, Any]] = []
    for turn, replies in enumerate(turns):
        asked = {"turn": turn, "role": "user", "content": f"{ASK} {turn}"}
        history.append(asked | dict.fromkeys(("model_name", "score", "if_chosen", "within_turn_id")))
        best = max(score or 0 for _, score in replies)
        history += [
            {"turn": turn, "role": "model", "content": text, "model_name": f"m{place}", "score": score,
             "if_chosen": score == best, "within_turn_id": place}
            for place, (text, score) in enumerate(replies)
        ]  # fmt: skip
    return {"conversation_id": name, "user_id": "u1", "conversation_type": "guided", "conversation_history": history}


def collective(name: str, *rankings: str) -> dict[str, Any]:
    texts = {"A": BAD, "B": GOOD, "C": OTHER}
    assessments = [
        {"annotator_id": f"ann{n}", "conversation_id": f"{name}-{n}", "importance": "High",
         "ranking_blocks": {"world": [{"ranking": ranking, "rationale": "-"}], "personal": []}}
        for n, ranking in enumerate(rankings)
    ]  # fmt: skip
    return {
        "prompt_id": name, "prompt": {"id": name, "messages": [{"role": "user", "content": f"{ASK} {name}"}]},
        "responses": [
            {"response_index": letter, "messages": [{"role": "assistant", "content": text}]}
            for letter, text in texts.items()
        ],
        "metadata": {"assessments": assessments},
    }  # fmt: skip


def community(name: str, who: str, first: str | None, second: str | None = None, **texts: str) -> dict[str, Any]:
    said = {"response_a": BAD, "response_b": GOOD, "response_c": OTHER, "response_d": SAME} | texts
    turns = {}
    for turn, (asked, best) in {"first": (ASK, first), "second": ("And then?" if second else None, second)}.items():
        turns |= {f"{turn}_turn_{key}": text if asked else None for key, text in said.items()}
        turns |= {f"{turn}_turn_prompt": asked, f"{turn}_turn_preferred_response": best}
    return {"conversation_id": name, "assigned_lang": "en", "annotator_id": who, "annotator_country": "fr", **turns}


def pick(caption: str, first: str, second: str, label: float | None, *, has_label: bool = True) -> dict[str, Any]:
    return {
        "caption": caption, "image_0_uid": first, "image_1_uid": second, "image_0_url": f"http://x/{first}",
        "image_1_url": f"http://x/{second}", "label_0": label, "label_1": None if label is None else 1 - label,
        "has_label": has_label, "model_0": "sd", "model_1": "sd", "user_id": 5, "created_at": "2023-01-01 10:00:00",
    }  # fmt: skip


def image_db(prompt: str, path: str, rank: int | None) -> dict[str, Any]:
    return {
        "image_path": path, "prompt_id": prompt, "prompt": f"{ASK} {prompt}", "classification": "food",
        "image_amount_in_total": 2, "rank": rank, "overall_rating": 5, "image_text_alignment_rating": 5,
        "fidelity_rating": 6,
    }  # fmt: skip


def orca(number: int, status: str | None, chosen: str = GOOD, rejected: str = BAD, system: str = "") -> dict[str, Any]:
    return {
        "system": system, "input": f"{ASK} {number}", "chosen": chosen, "rejected": rejected, "status": status,
        "rating": [9.0, 1.0], "labelling_model": "gpt-4", "order": ["chosen", "rejected"], "in_gsm8k_train": False,
    }  # fmt: skip


IMAGES = ["[G] a.jpg", "[B] b.jpg"]
TURNED = IMAGES[::-1]
#: By data set: records in which GOOD (or the image named [G]) is better than BAD wherever both are, and OTHER and SAME
#: are equal where there are ties.
CASES: dict[str, list[dict[str, Any]]] = {
    "arena-55k": [
        arena_55k(1, [GOOD], [BAD], 1, 0, 0), arena_55k(2, [BAD], [GOOD], 0, 1, 0),
        arena_55k(3, [OTHER], [SAME], 0, 0, 1),
    ],
    "summarize-comparisons": [
        comparison("x", GOOD, BAD, 0), comparison("y", BAD, GOOD, 1), comparison("x", BAD, GOOD, 1, "w2"),
    ],
    "summarize-axis": [axis("x", GOOD, 7), axis("x", BAD, 2), axis("y", BAD, 1), axis("y", GOOD, 5)],
    "webgpt": [webgpt("x", GOOD, BAD, 0.5), webgpt("y", BAD, GOOD, -1.0), webgpt("z", OTHER, SAME, 0.0)],
    "reward-bench": [reward_bench(1), reward_bench(2), reward_bench(3)],
    "reward-bench-2": [reward_bench_2("1", [GOOD], [BAD, f"{BAD} Or so."]), reward_bench_2("2", [GOOD], [BAD])],
    "judge-bench": [judge_bench("p", GOOD, BAD, "A>B"), judge_bench("q", BAD, GOOD, "B>A")],
    "alpaca-eval": [
        alpaca(1, GOOD, BAD, 1.0, annotator="judge"), alpaca(2, BAD, GOOD, 1.73, annotator="judge"),
        alpaca(3, OTHER, SAME, 1.5, annotator="judge"), alpaca(4, GOOD, BAD, 1.0000048889, annotator="judge"),
    ],
    "helpsteer2-ratings": [helpsteer(1, GOOD, 4), helpsteer(1, BAD, 1), helpsteer(2, BAD, 0), helpsteer(2, GOOD, 3)],
    "prism-conversations": [
        prism("c1", [(BAD, 3), (GOOD, 90)], [(GOOD, 70), (BAD, 20)]), prism("c2", [(GOOD, 99), (BAD, 1)]),
    ],
    "collective-alignment": [collective("p1", "B>C>A", "B>A=C"), collective("p2", "B>A")],
    "community-alignment": [
        community("k1", "ann1", "response_b", "response_b"),
        community("k2", "ann2", "response_a", response_a=GOOD, response_b=BAD),
    ],
    "pick-a-pic": [pick("an egg", *IMAGES, 1.0), pick("a hen", *TURNED, 0.0), pick("a pot", "c", "d", 0.5)],
    "image-reward-db": [image_db("p", IMAGES[0], 1), image_db("p", IMAGES[1], 2), image_db("q", IMAGES[1], 5)],
    "image-reward-groups": [
        {"prompt_id": "p", "prompt": ASK, "classification": "food", "rank": [2, 1], "overall_rating": [2, 6],
         "image": [{"path": one, "bytes": None} for one in TURNED]},
    ],
    "image-reward-pairs": [
        {"prompt_id": "p", "prompt": ASK, "classification": "food", "img_better": {"path": IMAGES[0]},
         "img_worse": {"path": IMAGES[1]}},
    ],
    "image-reward": [
        {"id": "p", "prompt": ASK, "generations": IMAGES, "ranking": [1, 4]},
        {"id": "q", "prompt": ASK, "generations": TURNED, "ranking": [3, 2]},
    ],
    "hpd": [
        {"prompt": ASK, "file_path": IMAGES, "human_preference": [1, 0], "user_hash": "u1"},
        {"prompt": ASK, "file_path": TURNED, "human_preference": [0, 1], "user_hash": "u2"},
    ],
    "hpd-rankings": [
        {"prompt": ASK, "image_path": IMAGES, "rank": [0, 1],
         "raw_annotations": [{"rank": [0, 1], "user_hash": "u1"}, {"rank": [1, 2], "user_hash": "u2"}]},
    ],
    "ultrainteract-pairs": [
        {"id": "t1", "trajectory": [{"from": "user", "value": ASK}], "chosen": GOOD, "rejected": bad}
        for bad in (BAD, f"{BAD} Or so.")
    ],
    "intel-orca-pairs": [orca(1, "unchanged"), orca(2, "swapped"), orca(3, "tie", OTHER, SAME)],
    "rlhf-v": [
        {"idx": n, "text": json.dumps({"question": ASK, "chosen": GOOD, "rejected": BAD}), "image_path": f"{n}.jpg",
         "origin_dataset": "coco"}
        for n in range(2)
    ],
}  # fmt: skip
WITH_TIES = ("arena-55k", "webgpt", "alpaca-eval", "intel-orca-pairs")
OF_IMAGES = (
    "pick-a-pic", "image-reward", "image-reward-db", "image-reward-groups", "image-reward-pairs", "hpd", "hpd-rankings",
)  # fmt: skip


def test_each_data_set_has_a_case() -> None:
    assert {tool.name for tool in SETS} == set(CASES)


def votes(prefs: prefqa.Preferences) -> set[tuple[str, str]]:
    """What is better than what in any judgment: the beginnings of texts, or of the names of images."""
    long = prefs.judgments.collect()
    assert prefs.responses is not None
    shown = prefs.responses
    name = pl.col("response_id") if shown["text"].null_count() == shown.height else pl.col("text")
    shown = shown.select("item_id", "response_id", _text=name.str.slice(0, 3))
    keys = [one for one in ("item_id", "annotator_id", "judgment_id") if one in long.columns]
    rows = long.drop_nulls("rank").drop("text", strict=False).join(shown, on=["item_id", "response_id"])
    both = rows.join(rows, on=keys, suffix="_2", nulls_equal=True).filter(pl.col("rank") < pl.col("rank_2"))
    return set(both.select("_text", "_text_2").rows())


def writes(records: list[dict[str, Any]], folder: Path, ending: str) -> Path:
    path = folder / f"data{ending}"
    lines = "\n".join(map(json.dumps, records)).encode()
    if ending == ".jsonl":
        path.write_bytes(lines)
        return path
    frame = pl.read_ndjson(lines, infer_schema_length=None)
    if ending == ".parquet":
        frame.write_parquet(path)
        return path
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested()]
    as_json = [
        pl.Series(name, [None if one.get(name) is None else json.dumps(one[name]) for one in records], pl.String)
        for name in nested
    ]
    frame.with_columns(as_json).write_csv(path)
    return path


@pytest.mark.parametrize("ending", [".jsonl", ".parquet", ".csv"])
@pytest.mark.parametrize("name", CASES)
def test_who_is_chosen_in_each_kind_of_file(name: str, ending: str, tmp_path: Path) -> None:
    prefs = prefqa.read(writes(CASES[name], tmp_path, ending))
    assert prefs.source.shape == name
    found = {pair for pair in votes(prefs) if set(pair) <= {"[G]", "[B]"}}
    assert found == {("[G]", "[B]")}
    long = prefs.judgments.collect()
    assert long["rank"].null_count() == 0
    if name in WITH_TIES:
        pairs = prefqa.consensus(prefs, method="majority").pairs()
        tied = pairs.filter("tie").select("chosen", "rejected").rows()
        assert {frozenset(pair) for pair in tied} == {frozenset((OTHER, SAME))}
    assert prefs.items is not None
    assert prefs.items["prompt"].null_count() == 0
    assert not prefs.source.notes
    errors = prefqa.check(prefs).findings.filter(severity="error")
    assert errors.is_empty(), errors


def image(path: str) -> dict[str, Any]:
    return {"bytes": b"\xff\xd8\x00", "path": path}


WITH_BYTES: dict[str, list[dict[str, Any]]] = {
    "rlhf-v": [{name: value for name, value in row.items() if name != "image_path"} | {"image": image("v.jpg")}
               for row in CASES["rlhf-v"]],
    "image-reward-pairs": [row | {"img_better": image(IMAGES[0]), "img_worse": image(IMAGES[1])}
                           for row in CASES["image-reward-pairs"]],
    "image-reward-groups": [row | {"image": [image(one) for one in TURNED]} for row in CASES["image-reward-groups"]],
    "image-reward-db": [{name: value for name, value in row.items() if name != "image_path"}
                        | {"image": image(row["image_path"])} for row in CASES["image-reward-db"]],
    "pick-a-pic": [row | {"jpg_0": b"\xff", "jpg_1": b"\xfe"} for row in CASES["pick-a-pic"]],
}  # fmt: skip


@pytest.mark.parametrize("name", WITH_BYTES)
def test_images_that_stand_in_the_file_are_named_by_their_paths(name: str, tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pl.DataFrame(WITH_BYTES[name]).write_parquet(path)
    prefs = prefqa.read(path)
    assert prefs.source.shape == name
    assert {pair for pair in votes(prefs) if set(pair) <= {"[G]", "[B]"}} == {("[G]", "[B]")}
    assert not prefs.source.notes
    if name == "rlhf-v":
        assert prefs.items is not None
        assert set(prefs.items["prompt_image"]) == {"v.jpg"}


@pytest.mark.parametrize("name", OF_IMAGES)
def test_images_stand_in_the_responses_and_their_texts_are_null(name: str) -> None:
    prefs = prefqa.read(CASES[name])
    assert prefs.responses is not None
    assert prefs.responses["text"].null_count() == prefs.responses.height
    assert prefs.responses["image"].str.contains(r"\.jpg$|^http://").all()
    assert "image" not in prefs.judgments.collect_schema()


def test_turns_of_arena_55k_become_dialogues() -> None:
    prefs = prefqa.read([arena_55k(1, ["one", GOOD], ["two", BAD], 1, 0, 0), arena_55k(2, [GOOD], [BAD], 1, 0, 0)])
    assert prefs.items is not None
    assert prefs.responses is not None
    assert prefs.items["prompt"].to_list() == [ASK, ASK]
    texts = dict(prefs.responses.filter(item_id="1").select("response_id", "text").rows())
    assert texts["m-one"] == [
        {"role": "assistant", "content": "one"}, {"role": "user", "content": "And then?"},
        {"role": "assistant", "content": GOOD},
    ]  # fmt: skip
    assert prefqa.check(prefs, select=["PQ217", "PQ218"]).findings.is_empty()


@pytest.mark.parametrize("winner", [(1, 1, 0), (0, 0, 0), (2, 0, 0)])
def test_a_winner_that_is_not_one_of_three_is_a_bad_rank(winner: tuple[int, ...]) -> None:
    prefs = prefqa.read([arena_55k(1, [GOOD], [BAD], *winner), arena_55k(2, [GOOD], [BAD], 1, 0, 0)])
    assert prefs.judgments.collect().filter(item_id="1")["rank"].null_count() == 2
    assert "PQ104" in prefqa.check(prefs).findings["code"].to_list()


NO_VOTE: dict[str, dict[str, Any]] = {
    "summarize-comparisons": comparison("n", GOOD, BAD, None),
    "webgpt": webgpt("n", GOOD, BAD, None),
    "judge-bench": judge_bench("n", GOOD, BAD, None),
    "alpaca-eval": alpaca(9, GOOD, BAD, None, annotator="judge"),
    "intel-orca-pairs": orca(9, None),
    "pick-a-pic": pick("n", "x", "y", 0.5, has_label=False),
    "image-reward-db": image_db("n", "n.jpg", None),
    "prism-conversations": prism("n", [(BAD, None)]),
    "community-alignment": community("n", "ann9", None),
}


@pytest.mark.parametrize("name", NO_VOTE)
def test_records_without_a_vote_are_left_out_and_counted(name: str) -> None:
    whole = prefqa.read(CASES[name]).judgments.collect()
    prefs = prefqa.read([*CASES[name], NO_VOTE[name]])
    assert prefs.judgments.collect().height == whole.height
    assert [(note.code, note.count) for note in prefs.source.notes] == [("PQ727", 1)]


BAD_VOTE: dict[str, dict[str, Any]] = {
    "summarize-comparisons": comparison("n", GOOD, BAD, 2),
    "webgpt": webgpt("n", GOOD, BAD, 0.5) | {"score_1": 0.5},
    "alpaca-eval": alpaca(9, GOOD, BAD, 3.0, annotator="judge"),
    "pick-a-pic": pick("n", "x", "y", 1.0) | {"label_1": 1.0},
    "hpd": {"prompt": "n", "file_path": IMAGES, "human_preference": [1, 1], "user_hash": "u1"},
    "image-reward": {"id": "n", "prompt": ASK, "generations": IMAGES, "ranking": [1]},
    "hpd-rankings": {
        "prompt": "n", "image_path": IMAGES, "rank": [0, 1], "raw_annotations": [{"rank": [0], "user_hash": "u"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_VOTE)
def test_a_vote_that_is_none_is_a_bad_rank_and_not_a_guess(name: str) -> None:
    prefs = prefqa.read([*CASES[name], BAD_VOTE[name]], format=name)
    bad = prefs.judgments.collect().filter(pl.col("rank").is_null())
    assert bad.height == 2
    assert bad["_rank_raw"].null_count() == 0
    assert "PQ104" in prefqa.check(prefs).findings["code"].to_list()


def test_workers_batches_and_axes_of_summaries() -> None:
    long = prefqa.read(CASES["summarize-comparisons"]).judgments.collect()
    assert set(long.select("item_id", "annotator_id", "batch").rows()) == {
        ("x", "w1", "batch9"), ("y", "w1", "batch9"), ("x", "w2", "batch9"),
    }  # fmt: skip
    rated = prefqa.read(CASES["summarize-axis"]).judgments.collect()
    assert set(rated["criterion"]) == {"overall", "accuracy", "coverage", "coherence"}
    assert rated.filter(criterion="overall")["score"].to_list() == [7.0, 2.0, 1.0, 5.0]


def test_equal_lists_of_reward_bench_2_share_a_rank() -> None:
    long = prefqa.read([reward_bench_2("t", [GOOD, OTHER], [BAD, SAME])]).judgments.collect()
    assert long["rank"].to_list() == [1, 1, 2, 2]


def test_people_of_alpaca_farm_judge_the_same_items() -> None:
    crossed = [alpaca(n, GOOD, BAD, 1, annotator_index=who, input="") for n in range(2) for who in (0, 7)]
    long = prefqa.read(crossed).judgments.collect()
    assert (long["item_id"].n_unique(), sorted(set(long["annotator_id"]))) == (2, ["0", "7"])
    assert "annotator_kind" not in long.columns


def test_complexity_and_verbosity_describe_a_response_and_rank_nothing() -> None:
    prefs = prefqa.read(CASES["helpsteer2-ratings"])
    assert set(prefs.judgments.collect()["criterion"]) == {"helpfulness", "correctness", "coherence"}
    assert prefs.responses is not None
    assert set(prefs.responses["verbosity"]) == {"4"}


def test_people_who_judged_a_data_set_anew_are_not_merged() -> None:
    rows = [one | {"annotator_id": who} for who in ("ann", "ben") for one in CASES["helpsteer2-ratings"]]
    long = prefqa.read(rows).judgments.collect()
    assert set(long["annotator_id"]) == {"ann", "ben"}
    assert long.height == 2 * 12
    voted = [one | {"annotator_id": "ann", "batch": "b1"} for one in CASES["webgpt"]]
    assert set(prefqa.read(voted).judgments.select("annotator_id", "batch").collect().rows()) == {("ann", "b1")}


@pytest.mark.parametrize("said", [[0, 1, 0], ["output_1", "output_2", "tie"], [1, 2, 3], [-1, 0, 1]])
def test_other_preferences_for_two_outputs_are_not_taken_for_those_of_alpaca_eval(said: list[Any]) -> None:
    rows = [alpaca(n, GOOD, BAD, one, annotator="x") for n, one in enumerate(said)]
    try:
        assert prefqa.read(rows).source.shape != "alpaca-eval"
    except prefqa.errors.PrefqaError as error:
        assert str(error)  # noqa: PT017


def test_lists_of_ratings_are_of_annotators_who_each_stand_for_themselves() -> None:
    prefs = prefqa.read([helpsteer(1, GOOD, [4, 3, 4]), helpsteer(1, BAD, [1, 2])])
    long = prefs.judgments.collect().filter(criterion="helpfulness")
    assert long["score"].to_list() == [4.0, 3.0, 4.0, 1.0, 2.0]
    assert long["annotator_id"].to_list() == ["row-0-1", "row-0-2", "row-0-3", "row-1-1", "row-1-2"]


def test_the_prompt_of_a_later_turn_of_prism_is_the_path_that_was_chosen() -> None:
    prefs = prefqa.read(CASES["prism-conversations"])
    assert prefs.items is not None
    prompts = dict(prefs.items.select("item_id", "prompt").rows())
    assert prompts["c1-1"] == [
        {"role": "user", "content": f"{ASK} 0"}, {"role": "assistant", "content": GOOD},
        {"role": "user", "content": f"{ASK} 1"},
    ]  # fmt: skip
    assert prefs.judgments.collect()["score"].to_list() == [3.0, 90.0, 70.0, 20.0, 99.0, 1.0]


def test_a_ranking_of_collective_alignment_has_ties_and_may_be_partial() -> None:
    long = prefqa.read(CASES["collective-alignment"]).judgments.collect()
    ranks = long.group_by("judgment_id", maintain_order=True).agg(pl.struct("response_id", "rank")).rows()
    said = {name: {one["response_id"]: one["rank"] for one in rows} for name, rows in ranks}
    assert said == {
        "p1-0-world": {"B": 1, "C": 2, "A": 3}, "p1-1-world": {"B": 1, "A": 2, "C": 2}, "p2-0-world": {"B": 1, "A": 2},
    }  # fmt: skip


def test_an_unreadable_ranking_is_counted() -> None:
    prefs = prefqa.read([collective("p1", "B>C>A", "none of them")])
    assert [(note.code, note.count, note.of) for note in prefs.source.notes] == [("PQ728", 1, 2)]


def test_people_who_saw_the_same_responses_judge_one_item() -> None:
    long = prefqa.read(CASES["community-alignment"]).judgments.collect()
    first = long.filter(turn=1)
    assert first["item_id"].n_unique() == 1
    assert set(first["annotator_id"]) == {"ann1", "ann2"}
    assert first.filter(rank=1)["response_id"].n_unique() == 1
    second = prefqa.read(CASES["community-alignment"]).items
    assert second is not None
    assert second["prompt"].list.len().sort().to_list() == [1, 3]


def test_annotators_of_hpd_rank_each_for_themselves() -> None:
    long = prefqa.read(CASES["hpd-rankings"]).judgments.collect()
    assert set(long.select("annotator_id", "rank").rows()) == {("u1", 1), ("u1", 2), ("u2", 1), ("u2", 2)}
    averaged = [{name: value for name, value in CASES["hpd-rankings"][0].items() if name != "raw_annotations"}]
    assert prefqa.read(averaged).judgments.collect()["rank"].to_list() == [1, 2]


def test_a_system_prompt_stands_before_the_question() -> None:
    prefs = prefqa.read([orca(1, "unchanged", system="Be short."), orca(2, "swapped")])
    assert prefs.items is not None
    prompts = prefs.items.sort("item_id")["prompt"].to_list()
    assert sorted([[one["role"] for one in prompt] for prompt in prompts]) == [["system", "user"], ["user"]]


def test_the_image_of_a_question_stands_with_the_item() -> None:
    prefs = prefqa.read(CASES["rlhf-v"])
    assert prefs.items is not None
    assert prefs.items["prompt_image"].to_list() == ["0.jpg", "1.jpg"]


def test_json_in_a_cell_that_is_broken_is_counted_and_the_rest_read(tmp_path: Path) -> None:
    path = writes(CASES["webgpt"], tmp_path, ".csv")
    path.write_text(path.read_text().replace('""z""', '""z', 1))
    prefs = prefqa.read(path)
    assert [(note.code, note.count) for note in prefs.source.notes] == [("PQ728", 1)]
    assert votes(prefs) == {("[G]", "[B]")}
