"""Argilla's exports: each layout reads to the same judgments; what an export lost is said."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import ReadError, UsageError

Ranks = dict[tuple[str, str, str], int | None]

#: Two records, two users and a draft; ann ranks b first in p1 and ties in p2, ben ranks a first in p1.
ANSWERS = {
    "p1": [("ann", {"a": 2, "b": 1}, "submitted"), ("ben", {"a": 1, "b": 2}, "submitted")],
    "p2": [("ann", {"a": 1, "b": 1}, "submitted"), ("ben", {"a": 1}, "draft")],
}
EXPECTED = {
    ("p1", "ann", "a", 2), ("p1", "ann", "b", 1), ("p1", "ben", "a", 1), ("p1", "ben", "b", 2),
    ("p2", "ann", "a", 1), ("p2", "ann", "b", 1), ("p2", "ben", "a", 1),
}  # fmt: skip


def fields(item: str) -> dict[str, str]:
    return {"prompt": f"question {item}", "a": f"text a of {item}", "b": f"text b of {item}"}


def pairs(ranks: dict[str, int]) -> list[dict[str, Any]]:
    return [{"value": option, "rank": rank} for option, rank in ranks.items()]


def datasets1() -> list[dict[str, Any]]:
    def answer(user: str, ranks: dict[str, int], status: str) -> dict[str, Any]:
        return {"user_id": user, "value": {"rank": list(ranks.values()), "value": list(ranks)}, "status": status}

    return [
        fields(item) | {"ranking": [answer(*one) for one in given], "external_id": item, "metadata": '{"lang": "en"}'}
        for item, given in ANSWERS.items()
    ]


def columns1() -> list[dict[str, Any]]:
    """What Argilla 1.8 to 1.13 writes: the lists of answers turned into an object of lists."""
    turned = []
    for record in datasets1():
        answers = record["ranking"]
        lists = {part: [answer[part] for answer in answers] for part in ("user_id", "value", "status")}
        turned.append(record | {"ranking": lists})
    return turned


def records() -> list[dict[str, Any]]:
    def response(user: str, ranks: dict[str, int], status: str) -> dict[str, Any]:
        return {"user_id": user, "status": status, "values": {"ranking": {"value": pairs(ranks)}}}

    return [
        {"external_id": item, "fields": fields(item), "metadata": {"lang": "en"},
         "responses": [response(*one) for one in given], "suggestions": []}
        for item, given in ANSWERS.items()
    ]  # fmt: skip


def flat2() -> list[dict[str, Any]]:
    return [
        {"id": item, "_server_id": None, "status": "pending", "lang": "en", **fields(item),
         "ranking.responses": [pairs(ranks) for _, ranks, _ in given],
         "ranking.responses.users": [user for user, _, _ in given],
         "ranking.responses.status": [status for _, _, status in given]}
        for item, given in ANSWERS.items()
    ]  # fmt: skip


def nested2() -> list[dict[str, Any]]:
    return [
        {"id": item, "fields": fields(item), "metadata": {"lang": "en"},
         "responses": {"ranking": [{"value": pairs(ranks), "user_id": user} for user, ranks, _ in given]}}
        for item, given in ANSWERS.items()
    ]  # fmt: skip


LAYOUTS = {
    "argilla1": datasets1,
    "argilla1-columns": columns1,
    "argilla-records": records,
    "argilla2": flat2,
    "argilla2-nested": nested2,
}


def rows(prefs: prefqa.Preferences) -> set[tuple[str, str, str, int | None]]:
    return set(prefs.judgments.select("item_id", "annotator_id", "response_id", "rank").collect().rows())


def codes(prefs: prefqa.Preferences) -> dict[str, int]:
    return {note.code: note.count for note in prefs.source.notes}


@pytest.mark.parametrize("kind", ["json", "jsonl", "parquet", "objects"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_reads_to_the_same_judgments(name: str, kind: str, tmp_path: Path) -> None:
    given: Any = LAYOUTS[name]()
    path = tmp_path / f"export.{kind}"
    if kind == "json":
        path.write_text(json.dumps(given), encoding="utf-8")
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(one) for one in given), encoding="utf-8")
    elif kind == "parquet":
        pl.DataFrame(given, strict=False).write_parquet(path)
    prefs = prefqa.read(given if kind == "objects" else path)
    assert prefs.source.shape == name
    assert rows(prefs) == EXPECTED
    assert prefs.responses is not None
    assert prefs.items is not None
    texts = dict(prefs.responses.select(pl.concat_str("item_id", "response_id"), "text").rows())
    assert texts == {f"{item}{side}": f"text {side} of {item}" for item in ANSWERS for side in "ab"}
    assert prefs.items.select("item_id", "prompt", "lang").rows() == [(p, f"question {p}", "en") for p in ANSWERS]
    clean = prefqa.check(prefs).preferences
    drafts = {("p2", "ben", "a", 1)} if name != "argilla2-nested" else set()
    left = rows(clean)
    assert left & EXPECTED == left
    assert not left & drafts


def test_detection_says_what_it_saw() -> None:
    detail = prefqa.read(flat2()).source.detail
    assert "Argilla 2.x, flat, recognised by columns 'ranking.responses', 'ranking.responses.users'" in detail
    assert "ranking from 'ranking'" in detail
    assert "as was said" in prefqa.read(flat2(), format="argilla2").source.detail
    with pytest.raises(UsageError, match="unknown format"):
        prefqa.read("x.json", format="argila")


def test_options_that_would_do_nothing_are_refused() -> None:
    plain = [{"item_id": "p", "annotator_id": "a", "response_id": "r", "rank": 1}]
    for options in ({"ranks": "order"}, {"models": "with"}, {"settings": "x.yaml"}):
        with pytest.raises(UsageError, match="are for exports of annotation tools"):
            prefqa.read(plain, **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="knows its columns"):
        prefqa.read(flat2(), format="argilla2", shape="pairwise")


def test_settings_beside_give_options_kinds_and_a_guideline_version(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text("\n".join(json.dumps(one) for one in datasets1()))
    settings = {
        "guidelines": "Rank the replies.",
        "fields": [{"name": name} for name in ("prompt", "a", "b")],
        "questions": [{"name": "ranking", "type": "ranking", "values": {"a": "A", "b": "B"}}],
    }
    (tmp_path / "argilla.yaml").write_text(json.dumps(settings))
    first = prefqa.read(tmp_path / "records.jsonl")
    assert "settings from argilla.yaml" in first.source.detail
    version = first.judgments.collect()["guideline_version"].unique().to_list()
    assert version[0].startswith("sha256:")
    (tmp_path / "argilla.yaml").write_text(json.dumps(settings | {"guidelines": "Rank them otherwise."}))
    assert (
        prefqa.read(tmp_path / "records.jsonl").judgments.collect()["guideline_version"].unique().to_list() != version
    )


def test_an_option_that_the_settings_do_not_know_is_a_finding(tmp_path: Path) -> None:
    given = records()
    given[0]["responses"][0]["values"]["ranking"]["value"][0]["value"] = "zzz"
    (tmp_path / "records.json").write_text(json.dumps(given))
    settings = {"questions": [{"name": "ranking", "type": "ranking", "values": ["a", "b"]}]}
    (tmp_path / "other.yaml").write_text(json.dumps(settings))
    prefs = prefqa.read(tmp_path / "records.json", settings=tmp_path / "other.yaml")
    assert prefqa.check(prefs, select=["PQ108"]).findings["examples"][0][0]["value"] == "zzz"


def test_several_ranking_questions_become_criteria() -> None:
    given = records()
    for record in given:
        for response in record["responses"]:
            response["values"]["safety"] = {"value": pairs({"a": 1, "b": 2})}
    prefs = prefqa.read(given)
    assert set(prefs.judgments.collect()["criterion"]) == {"ranking", "safety"}
    assert {item for item, *_ in rows(prefs)} == {"p1/ranking", "p1/safety", "p2/ranking", "p2/safety"}
    assert prefs.responses is not None
    assert prefs.responses.height == 8


def test_ratings_labels_and_texts_are_answers_about_the_record() -> None:
    written = "an answer in one's own words,\nover two lines"
    given = [{"id": "p1", "prompt": "q", "stars.responses": [4, 5], "stars.responses.users": ["ann", "ben"],
              "ok.responses": ["yes", "no"], "ok.responses.users": ["ann", "ben"],
              "issues.responses": [["pii", "unsafe"], []], "issues.responses.users": ["ann", "ben"],
              "rewrite.responses": [written], "rewrite.responses.users": ["ann"]}]  # fmt: skip
    prefs = prefqa.read(given)
    long = prefs.judgments.collect()
    found = long.select("criterion", "annotator_id", "score", "label").sort("criterion", "annotator_id").rows()
    assert found == [
        ("issues", "ann", None, "pii|unsafe"), ("issues", "ben", None, "(none)"), ("ok", "ann", None, "yes"),
        ("ok", "ben", None, "no"), ("rewrite", "ann", None, None), ("stars", "ann", 4.0, None),
        ("stars", "ben", 5.0, None),
    ]  # fmt: skip
    assert prefs.responses is not None
    assert prefs.responses.select("item_id", "response_id", "text").rows() == [("p1/rewrite", "ann", written)]
    checked = prefqa.check(prefs)
    assert checked.quarantine.is_empty()
    agreed = prefqa.agreement(checked.preferences, target="labels", coefficients=["percent_agreement"])
    assert agreed.estimates["n_items"].to_list() == [2]


def test_lists_without_ranks_are_no_rankings_unless_told() -> None:
    given = flat2()
    for record in given:
        record["ranking.responses"] = [["a", "b"] for _ in record["ranking.responses"]]
    prefs = prefqa.read(given)
    assert codes(prefs) == {"PQ721": 4}
    assert {rank for *_, rank in rows(prefs)} == {None}
    assert prefqa.check(prefs).findings.filter(code="PQ721")["severity"].to_list() == ["error"]
    told = prefqa.read(given, ranks="order")
    assert codes(told) == {}
    assert {(response, rank) for _, _, response, rank in rows(told)} == {("a", 1), ("b", 2)}


def test_nested_json_says_that_status_is_lost() -> None:
    assert codes(prefqa.read(nested2())) == {"PQ722": 4}


def test_suggestions_are_kept_apart_and_read_when_asked() -> None:
    given = flat2()
    given[0] |= {"ranking.suggestion": pairs({"a": 1, "b": 2}), "ranking.suggestion.agent": "gpt"}
    without, both, only = (prefqa.read(given, models=models) for models in ("without", "with", "only"))
    assert codes(without) == {"PQ726": 1}
    assert rows(without) == EXPECTED
    assert rows(only) == {("p1", "gpt", "a", 1), ("p1", "gpt", "b", 2)}
    assert rows(both) == EXPECTED | rows(only)
    assert only.judgments.collect()["annotator_kind"].unique().to_list() == ["model"]
    with pytest.raises(UsageError, match="models='all' is not one of"):
        prefqa.read(given, models="all")  # type: ignore[arg-type]


def test_suggestions_of_raw_records() -> None:
    given = records()
    given[1]["suggestions"] = [{"question_name": "ranking", "value": pairs({"a": 2, "b": 1}), "agent": "gpt"}]
    assert rows(prefqa.read(given, models="only")) == {("p2", "gpt", "a", 2), ("p2", "gpt", "b", 1)}


def test_discarded_without_a_value_is_counted_and_gives_no_judgment() -> None:
    given = records()
    given[0]["responses"].append({"user_id": "cem", "values": {}, "status": "discarded"})
    prefs = prefqa.read(given)
    assert codes(prefs) == {"PQ727": 1}
    assert rows(prefs) == EXPECTED


@pytest.mark.parametrize(
    ("ranks", "code"),
    [
        ({"rank": [1], "value": ["a", "b"]}, "PQ104"),
        ({"rank": ["x", 1], "value": ["a", "b"]}, "PQ104"),
        ({"rank": [1.5, 1], "value": ["a", "b"]}, "PQ104"),
        ({"rank": [1, 9], "value": ["a", "b"]}, "PQ105"),
        ({"rank": [1, 2], "value": ["a", "a"]}, "PQ103"),
        ({"rank": [1, 2], "value": "a"}, "PQ728"),
        ("a > b", "PQ728"),
        ([1, 2], "PQ728"),
    ],
)
def test_a_broken_answer_is_a_finding_and_no_other_suffers(ranks: Any, code: str) -> None:
    given = datasets1()
    given[0]["ranking"][0]["value"] = ranks
    prefs = prefqa.read(given)
    assert code in prefqa.check(prefs).findings["code"].to_list()
    assert {row for row in rows(prefs) if row[:2] != ("p1", "ann")} == {
        row for row in EXPECTED if row[:2] != ("p1", "ann")
    }


def test_a_user_who_is_null_is_a_finding() -> None:
    given = records()
    given[0]["responses"][0]["user_id"] = None
    assert prefqa.check(prefqa.read(given)).findings["code"].to_list()[0] == "PQ102"


def test_an_export_without_answers_cannot_be_read() -> None:
    given = [record | {"responses": []} for record in records()]
    with pytest.raises(ReadError, match="no question of a kind that is read has an answer"):
        prefqa.read(given, format="argilla-records")


def rated(a: int | None, b: int | None, user: str = "ann") -> dict[str, Any]:
    values = {f"{side}-stars": {"value": stars} for side, stars in (("a", a), ("b", b)) if stars is not None}
    return {"user_id": user, "status": "submitted", "values": values | {"overall": {"value": 3}}}


def test_ratings_of_single_fields_rank_them() -> None:
    given = [
        {
            "external_id": "p1",
            "fields": fields("p1"),
            "responses": [rated(2, 5), rated(4, 4, "ben"), rated(1, None, "cem")],
        }
    ]
    prefs = prefqa.read(given)
    long = prefs.judgments.collect()
    found = long.filter(criterion="stars").select("annotator_id", "response_id", "rank", "score").rows()
    assert set(found) == {
        ("ann", "a", 2, 2.0), ("ann", "b", 1, 5.0), ("ben", "a", 1, 4.0), ("ben", "b", 1, 4.0), ("cem", "a", 1, 1.0),
    }  # fmt: skip
    assert long.filter(criterion="overall")["rank"].null_count() == 3
    assert prefs.responses is not None
    assert set(prefs.responses.filter(item_id="p1/stars").select("response_id", "text").rows()) == {
        ("a", "text a of p1"), ("b", "text b of p1"),
    }  # fmt: skip


def test_messages_as_responses_are_kept_and_beside_texts_become_json() -> None:
    chat = [{"role": "assistant", "content": "because"}]
    given = [record | {"a": chat, "b": chat} for record in datasets1()]
    prefs = prefqa.read(given)
    assert prefs.responses is not None
    assert prefs.responses["text"].to_list() == [chat] * 4
    mixed = prefqa.read([record | {"a": chat} for record in datasets1()])
    assert mixed.responses is not None
    assert json.loads(mixed.responses.filter(response_id="a")["text"][0]) == chat
    assert mixed.responses.filter(response_id="b")["text"].to_list() == ["text b of p1", "text b of p2"]


@pytest.fixture(scope="module")
def exports() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "exports"
    if not folder.is_dir():
        pytest.skip("the folder shared/exports is not beside the project")
    return folder


U = [f"00000000-0000-0000-0000-00000000000{n}" for n in range(5)]


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["format_as_datasets.jsonl", "format_as_datasets.parquet", "records_pydantic.json"])
def test_what_the_1x_package_wrote(exports: Path, name: str) -> None:
    prefs = prefqa.read(exports / "argilla_v1" / name)
    long = prefs.judgments.collect()
    ranking = long.filter(criterion="ranking")
    orders = {
        (item, user): tuple(ranks)
        for item, user, ranks in ranking.sort("response_id").group_by("item_id", "annotator_id").agg("rank").iter_rows()
    }
    assert orders == {
        ("r1/ranking", U[1]): (1, 2, 3, 4), ("r1/ranking", U[2]): (1, 2, 3, 4), ("r1/ranking", U[3]): (1, 2, 3, 4),
        ("r2/ranking", U[1]): (2, 1, 3, 4), ("r2/ranking", U[2]): (2, 1, 3, 4), ("r2/ranking", U[3]): (4, 3, 2, 1),
        ("r3/ranking", U[1]): (1, 1, 3, 3), ("r3/ranking", U[2]): (1, 1, 1, 1), ("r3/ranking", U[3]): (1, 2, 2, 4),
        ("r4/ranking", U[1]): (1, 2), ("r4/ranking", U[3]): (2, 1, 4, 3), ("r4/ranking", U[4]): (1, 2, 3, 4),
        ("row-5/ranking", None): (None, None), ("row-5/ranking", U[2]): (4, 3, 2, 1),
    }  # fmt: skip
    assert set(long.filter(item_id="r4/ranking").select("annotator_id", "status").rows()) == {
        (U[1], "draft"), (U[3], "discarded"), (U[4], "submitted")
    }  # fmt: skip
    assert sorted(long.filter(criterion="overall")["score"]) == [4.0, 4.0, 5.0]
    assert sorted(long.filter(criterion="prompt_ok")["label"]) == ["no", "yes", "yes"]
    assert sorted(long.filter(criterion="issues")["label"]) == ["(none)", "pii|unsafe"]
    guidelines = b"Rank the four replies from best (1) to worst (4). Ties are allowed."
    assert long["guideline_version"].unique().to_list() == ["sha256:" + hashlib.sha256(guidelines).hexdigest()[:12]]
    assert codes(prefs)["PQ726"] == 2
    assert prefs.responses is not None
    written = prefs.responses.filter(item_id="r1/rewrite")
    assert written.select("response_id", "text").rows() == [(U[1], "ok")]


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name", ["to_list_flat.json", "to_dict_names_flat.json", "to_list_nested.json", "to_json.json"]
)
def test_what_the_2x_package_wrote(exports: Path, name: str) -> None:
    prefs = prefqa.read(exports / "argilla_v2" / name)
    given = rows(prefs)
    ranking = {row for row in given if row[0].endswith("/ranking")}
    assert {row for row in ranking if row[3] is not None} == {
        ("r3/ranking", U[1], "reply-1", 1), ("r3/ranking", U[1], "reply-2", 1), ("r3/ranking", U[1], "reply-3", 3)
    }  # fmt: skip
    nested = prefs.source.shape == "argilla2-nested"
    assert codes(prefs) == {"PQ721": 5, "PQ726": 1, "PQ727": 1} | ({"PQ722": 11} if nested else {})
    told = rows(prefqa.read(exports / "argilla_v2" / name, ranks="order"))
    assert {("r2/ranking", U[1], "reply-3", 1), ("r2/ranking", U[1], "reply-1", 2)} <= told


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["to_datasets.jsonl", "to_datasets.parquet"])
def test_what_the_2x_package_wrote_for_datasets(exports: Path, name: str) -> None:
    prefs = prefqa.read(exports / "argilla_v2" / name)
    assert codes(prefs) == {"PQ721": 5, "PQ726": 1, "PQ727": 1}
    assert sorted(prefs.judgments.collect().drop_nulls("score")["score"]) == [4.0, 5.0]


@pytest.mark.real_data
def test_ranks_pulled_from_a_server_are_lost_and_the_raw_records_still_hold_them(exports: Path) -> None:
    whole = json.loads((exports / "argilla_v2" / "pulled_from_server_model.json").read_text())
    for export in ("sdk_flat_export", "sdk_nested_export"):
        prefs = prefqa.read(whole[export])
        assert codes(prefs)["PQ721"] == 2
        assert {rank for *_, rank in rows(prefs)} == {None}
    raw = [
        {"id": "x", "external_id": "r1", "fields": {"prompt": "p"}, "suggestions": [],
         "responses": [{"user_id": f"u{n}", "status": "submitted", "values": {"ranking": {"value": value}}}
                       for n, value in enumerate(whole["server_stored"])]}
    ]  # fmt: skip
    assert rows(prefqa.read(raw)) == {
        ("r1", "u0", "reply-1", 3), ("r1", "u0", "reply-2", 1), ("r1", "u0", "reply-3", 2),
        ("r1", "u1", "reply-1", 1), ("r1", "u1", "reply-2", 1), ("r1", "u1", "reply-3", 3),
    }  # fmt: skip


@pytest.mark.real_data
def test_what_1x_made_for_training_reads_as_pairs(exports: Path) -> None:
    for name in ("prepare_for_training_dpo.jsonl", "prepare_for_training_rm.jsonl"):
        assert prefqa.read(exports / "argilla_v1" / name).source.shape == "chosen_rejected"


def test_suggestions_are_of_the_type_of_rankings_that_are_objects() -> None:
    ranked = {"rank": [1, 2], "value": ["a", "b"]}
    record = {
        "external_id": "p",
        "fields": {"prompt": "why", "a": "one", "b": "two"},
        "responses": [{"user_id": "ann", "status": "submitted", "values": {"ranking": {"value": ranked}}}],
    }
    suggestion = {"question_name": "ranking", "value": {"rank": [2, 1], "value": ["a", "b"]}, "agent": "bot"}
    for suggestions, people in (([], {"ann"}), ([suggestion], {"ann", "bot"})):
        prefs = prefqa.read([record | {"suggestions": suggestions}], models="with")
        ranks = prefs.judgments.select("annotator_id", "response_id", "rank").collect()
        assert set(ranks["annotator_id"]) == people
        expected = [("ann", "a", 1), ("ann", "b", 2), ("bot", "a", 2), ("bot", "b", 1)]
        assert sorted(ranks.rows()) == [row for row in expected if row[0] in people]
