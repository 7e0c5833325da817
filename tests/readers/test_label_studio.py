"""Label Studio's exports: JSON with all that was done, JSON-MIN and CSV with what is left; losses are said."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import prefqa
from prefqa.errors import ReadError
from prefqa.readers.export import Export
from prefqa.readers.label_studio import read_full
from prefqa.readers.objects import records_of_object

LISTED = [{"id": side, "title": side.upper(), "body": f"text {side}"} for side in "abc"]
RANKER = '<View><List name="l" value="$items"/><Ranker name="rank" toName="l">{}</Ranker></View>'
PAIRWISE = (
    '<View><Text name="t1" value="$one"/><Text name="t2" value="$two"/><Pairwise name="pw" toName="t1,t2"/></View>'
)


def result(kind: str, value: Any, name: str = "q") -> dict[str, Any]:
    return {"id": "x", "from_name": name, "to_name": "t", "type": kind, "value": value}


def annotation(number: int, *results: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "completed_by": number, "updated_by": number, "result": list(results), "was_cancelled": False,
        "ground_truth": False, "created_at": "2026-01-01T00:00:00Z", "lead_time": 12.5,
    } | more  # fmt: skip


def task(number: int, *annotations: Any, **more: Any) -> dict[str, Any]:
    data = {"prompt": f"question {number}", "items": LISTED, "one": "first text", "two": "second text"}
    return {"id": number, "data": data, "annotations": list(annotations), "drafts": [], "predictions": []} | more


def ranks(prefs: prefqa.Preferences) -> dict[str, dict[str, int | None]]:
    found: dict[str, dict[str, int | None]] = {}
    for annotator, response, rank in prefs.judgments.select("annotator_id", "response_id", "rank").collect().rows():
        found.setdefault(annotator, {})[response] = rank
    return found


def codes(prefs: prefqa.Preferences) -> dict[str, int]:
    return {note.code: note.count for note in prefs.source.notes}


def test_pairwise_sides_with_their_texts_from_the_configuration(tmp_path: Path) -> None:
    votes = [
        annotation(5, result("pairwise", {"selected": "left"})),
        annotation(6, result("pairwise", {"selected": "right"})),
    ]
    (tmp_path / "export.json").write_text(json.dumps([task(1, *votes)]))
    plain = prefqa.read(tmp_path / "export.json")
    assert ranks(plain) == {"5": {"left": 1, "right": 2}, "6": {"left": 2, "right": 1}}
    assert plain.responses is None
    (tmp_path / "export.project.json").write_text(json.dumps({"label_config": PAIRWISE.replace('"pw"', '"q"')}))
    told = prefqa.read(tmp_path / "export.json")
    assert ranks(told) == ranks(plain)
    assert told.responses is not None
    assert told.responses.rows() == [("1", "left", "first text"), ("1", "right", "second text")]
    long = told.judgments.collect()
    assert set(long.select("response_id", "position").rows()) == {("left", 1), ("right", 2)}
    assert long["duration_s"].unique().to_list() == [12.5]
    assert "pairwise 'q'; configuration from export.project.json" in told.source.detail


@pytest.mark.parametrize("value", [{"ranker": {"rank": ["b", "a", "c"]}}, {"ranker": ["b", "a", "c"]}])
def test_rankers_old_and_new_even_in_one_export(value: Any) -> None:
    other = annotation(6, result("ranker", {"ranker": {"rank": ["c", "b", "a"]}}))
    prefs = prefqa.read([task(1, annotation(5, result("ranker", value)), other)])
    assert ranks(prefs) == {"5": {"b": 1, "a": 2, "c": 3}, "6": {"c": 1, "b": 2, "a": 3}}
    assert prefs.responses is not None
    assert dict(prefs.responses.select("response_id", "text").rows()) == {s: f"text {s}" for s in "abc"}
    assert prefs.items is not None
    assert prefs.items["prompt"].to_list() == ["question 1"] if "prompt" in prefs.items.columns else True


def test_buckets_rank_as_configured_share_a_rank_and_leave_the_rest_unranked(tmp_path: Path) -> None:
    value = {"ranker": {"_": ["c"], "bad": ["a"], "good": ["b"]}}
    both = {"ranker": {"bad": [], "good": ["a", "c"], "_": ["b"]}}
    given = [task(1, annotation(5, result("ranker", value, "rank")), annotation(6, result("ranker", both, "rank")))]
    (tmp_path / "x.json").write_text(json.dumps(given))
    (tmp_path / "x.xml").write_text(RANKER.format('<Bucket name="good"/><Bucket name="bad"/>'))
    prefs = prefqa.read(tmp_path / "x.json")
    assert ranks(prefs) == {"5": {"b": 1, "a": 2, "c": None}, "6": {"a": 1, "c": 1, "b": None}}
    assert codes(prefs) == {}


def test_rating_choices_and_texts() -> None:
    one = annotation(
        5, result("rating", {"rating": 4}, "stars"), result("choices", {"choices": ["safe"]}, "kind"),
        result("textarea", {"text": ["so", "it is"]}, "why"),
    )  # fmt: skip
    two = annotation(6, result("rating", {"rating": 2}, "stars"), result("choices", {"choices": ["y", "x"]}, "kind"))
    prefs = prefqa.read([task(1, one, two)])
    long = prefs.judgments.collect().sort("criterion", "annotator_id")
    assert long.select("criterion", "annotator_id", "score", "label").rows() == [
        ("kind", "5", None, "safe"), ("kind", "6", None, "x|y"), ("stars", "5", 4.0, None), ("stars", "6", 2.0, None),
        ("why", "5", None, None),
    ]  # fmt: skip
    assert prefs.responses is not None
    assert prefs.responses["text"].to_list() == ["so\nit is"]


def test_a_choice_between_sides_and_a_tie_is_a_vote() -> None:
    said = {5: "Left", 6: "Right", 7: "Tie"}
    votes = [annotation(n, result("choices", {"choices": [word]})) for n, word in said.items()]
    assert ranks(prefqa.read([task(1, *votes)])) == {
        "5": {"left": 1, "right": 2}, "6": {"left": 2, "right": 1}, "7": {"left": 1, "right": 1}
    }  # fmt: skip
    votes[0]["result"][0]["value"]["choices"] = ["neither is good"]
    assert prefqa.read([task(1, *votes)]).judgments.collect()["label"].to_list() == ["neither is good", "Right", "Tie"]


def test_status_drafts_gold_people_as_objects_and_predictions() -> None:
    order = result("ranker", {"ranker": {"rank": ["b", "a", "c"]}})
    worse = result("ranker", {"ranker": {"rank": ["c", "a", "b"]}})
    given = task(
        1,
        annotation(5, order, completed_by={"id": 5, "email": "x@example.org"}),
        annotation(6, was_cancelled=True),
        annotation(7, worse, was_cancelled=True),
        annotation(8, order, ground_truth=True),
        annotation(9),
        drafts=[{"id": 1, "user": "ann@example.org", "result": [worse], "lead_time": 2}],
        predictions=[{"id": 3, "model_version": "judge-1", "result": [worse], "score": 0.5}],
    )
    prefs = prefqa.read([given])
    long = prefs.judgments.collect()
    assert set(long.select("annotator_id", "status").rows()) == {
        ("5", "submitted"), ("7", "discarded"), ("8", "submitted"), ("ann@example.org", "draft")
    }  # fmt: skip
    assert set(long.select("response_id", "is_gold", "gold_rank").rows()) == {
        ("a", True, 2), ("b", True, 1), ("c", True, 3)
    }  # fmt: skip
    assert codes(prefs) == {"PQ726": 1, "PQ727": 2}
    assert ranks(prefqa.read([given], models="only")) == {"judge-1": {"c": 1, "a": 2, "b": 3}}
    assert set(prefqa.read([given], models="with").judgments.collect()["annotator_kind"]) == {"human", "model"}
    assert sorted(prefqa.check(prefs, ignore=["PQ3"]).findings["code"]) == ["PQ110", "PQ726", "PQ727"]


def test_the_display_order_and_a_second_hand_are_findings() -> None:
    untouched = annotation(5, result("ranker", {"ranker": {"rank": ["a", "b", "c"]}}))
    changed = annotation(6, result("ranker", {"ranker": {"rank": ["c", "b", "a"]}}), updated_by=7)
    prefs = prefqa.read([task(1, untouched, changed)])
    assert codes(prefs) == {"PQ724": 1, "PQ725": 1}
    assert "chance alone would give 0.3" in next(n.message for n in prefs.source.notes if n.code == "PQ724")


def min_rows() -> list[dict[str, Any]]:
    row = {"prompt": "q", "items": LISTED, "id": 1, "created_at": "2026-01-01T00:00:00Z", "lead_time": 2.5}
    return [
        row | {"rank": [{"ranker": {"rank": order}}], "annotator": 5 + n, "annotation_id": n}
        for n, order in enumerate((["b", "a", "c"], ["c", "a", "b"]))
    ]


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_min_json_and_csv_read_alike_and_say_what_they_dropped(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"export.{kind}"
    if kind == "json":
        path.write_text(json.dumps(min_rows()))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(min_rows()[0]))
            writer.writeheader()
            writer.writerows(
                {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()} for row in min_rows()
            )
    prefs = prefqa.read(path)
    assert ranks(prefs) == {"5": {"b": 1, "a": 2, "c": 3}, "6": {"c": 1, "a": 2, "b": 3}}
    assert codes(prefs) == {"PQ723": 2}
    assert "how many cannot be seen" in prefs.source.notes[0].message
    project = {"label_config": RANKER.format(""), "skipped_annotations_number": 3}
    (tmp_path / "export.project.json").write_text(json.dumps(project))
    assert "3 were skipped" in prefqa.read(path).source.notes[0].message


def test_min_json_flattens_choices_and_texts_to_words(tmp_path: Path) -> None:
    row = {"id": 1, "annotator": 5, "annotation_id": 1, "lead_time": 1.0, "kind": "safe", "stars": [{"rating": 3}]}
    (tmp_path / "x.json").write_text(json.dumps([row, row | {"annotator": 6, "kind": {"choices": ["a", "b"]}}]))
    (tmp_path / "x.xml").write_text('<View><Choices name="kind" toName="t"/><Rating name="stars" toName="t"/></View>')
    long = prefqa.read(tmp_path / "x.json").judgments.collect().sort("criterion", "annotator_id")
    assert long.select("criterion", "label", "score").rows() == [
        ("kind", "safe", None), ("kind", "a|b", None), ("stars", None, 3.0), ("stars", None, 3.0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"selected": "up"}, "PQ104"),
        ({}, "PQ104"),
    ],
)
def test_a_side_that_does_not_exist_is_a_bad_rank(value: Any, code: str) -> None:
    sound = annotation(6, result("pairwise", {"selected": "left"}))
    prefs = prefqa.read([task(1, annotation(5, result("pairwise", value)), sound)])
    assert prefqa.check(prefs, ignore=["PQ3"]).findings["code"].to_list() == [code]
    assert ranks(prefs)["6"] == {"left": 1, "right": 2}


@pytest.mark.parametrize("order", [["b", "a", "zzz"], ["b", "b", "a"]])
def test_an_unknown_and_a_doubled_option_are_findings(order: list[str]) -> None:
    prefs = prefqa.read([task(1, annotation(5, result("ranker", {"ranker": {"rank": order}})))])
    assert prefqa.check(prefs).findings["code"].to_list()[0] == ("PQ108" if "zzz" in order else "PQ103")


@pytest.mark.parametrize("broken", ["text", [1, 2], {"result": "x"}, [{"result": [3]}]])
def test_annotations_of_another_structure_are_a_finding(broken: Any) -> None:
    sound = task(1, annotation(5, result("ranker", {"ranker": {"rank": ["b", "a", "c"]}})))
    prefs = prefqa.read([sound, task(2) | {"annotations": broken}])
    assert codes(prefs)["PQ728"] == (2 if broken == [1, 2] else 1)
    assert ranks(prefs) == {"5": {"b": 1, "a": 2, "c": 3}}


def test_a_broken_configuration_is_named(tmp_path: Path) -> None:
    given = [task(1, annotation(5, result("pairwise", {"selected": "left"})))]
    for name, text in (
        ("a.project.json", "{"),
        ("b.project.json", "{}"),
        ("c.xml", "<View>"),
        ("d.xml", "<!DOCTYPE x>"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(ReadError, match=name):
            prefqa.read(given, settings=tmp_path / name)


def test_an_export_without_answers_cannot_be_read() -> None:
    with pytest.raises(ReadError, match="no answer of a control that is read"):
        prefqa.read([task(1, annotation(5, was_cancelled=True))], format="label-studio")


@pytest.fixture(scope="module")
def exports() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "exports"
    if not folder.is_dir():
        pytest.skip("the folder shared/exports is not beside the project")
    return folder


def orders(prefs: prefqa.Preferences) -> dict[tuple[str, str], str]:
    """Responses of each judgment from best to worst, as the export writes them."""
    long = prefs.judgments.collect().drop_nulls("rank").sort("rank", "response_id")
    each = long.group_by("item_id", "annotator_id", maintain_order=True).agg("response_id")
    return {(item, who): " ".join(responses) for item, who, responses in each.iter_rows()}


@pytest.mark.real_data
@pytest.mark.parametrize("kind", ["json", "min.json", "csv"])
def test_what_a_server_exported(exports: Path, kind: str) -> None:
    folder = exports / "label_studio_1.23.2"
    full = kind == "json"
    pairwise = prefqa.read(folder / f"pairwise.{kind}")
    assert orders(pairwise) == {
        ("1", "5"): "right left", ("1", "6"): "left right", ("1", "7"): "right left", ("2", "5"): "left right",
        ("2", "6"): "right left", ("3", "5"): "left right",
    }  # fmt: skip
    assert pairwise.responses is not None
    assert pairwise.responses.filter(item_id="3")["text"].to_list() == ["answer A2", "answer B2"]
    ranker = prefqa.read(folder / f"ranker.{kind}")
    assert orders(ranker) == {
        ("4", "5"): "r1 r2 r0", ("4", "6"): "r2 r0 r1", ("4", "7"): "r0 r1 r2", ("5", "5"): "r1 r2 r0",
        ("5", "6"): "r2 r0 r1", ("6", "5"): "r1 r0 r2", ("10", "5"): "r0 r1 r2",
    }  # fmt: skip
    buckets = prefqa.read(folder / f"buckets.{kind}")
    assert orders(buckets) == {
        ("7", "5"): "r1 r2", ("7", "6"): "r1 r2", ("7", "7"): "r1 r2", ("8", "5"): "r1 r2", ("8", "6"): "r1 r2",
        ("9", "5"): "r0",
    }  # fmt: skip
    assert buckets.judgments.collect()["rank"].null_count() == 7
    lost = {"PQ727": 1} if full else {"PQ723": 6}
    assert codes(pairwise) == codes(buckets) == lost
    assert codes(ranker) == {"PQ724": 2} | ({"PQ727": 1} if full else {"PQ723": 7})
    if not full:
        assert "1 were skipped" in pairwise.source.notes[0].message


@pytest.mark.real_data
def test_what_the_sdk_accepts(exports: Path) -> None:
    pairwise = prefqa.read(exports / "label_studio" / "pairwise.json")
    assert orders(pairwise) == {("1", "1"): "left right", ("1", "2"): "right left", ("1", "9"): "left right"}
    assert pairwise.judgments.collect()["is_gold"].all()
    assert codes(pairwise) == {"PQ727": 2}
    ranker = prefqa.read(exports / "label_studio" / "ranker.json")
    assert orders(ranker) == {("1", "1"): "b a c", ("1", "2"): "a b c", ("1", "3"): "b c a"}
    with pytest.raises(ReadError, match="'best', 'worst'"):
        prefqa.read(exports / "label_studio" / "ranker_buckets.json")


def test_a_ranker_without_a_list_gives_no_judgment() -> None:
    for value in ([{"ranker": 5}], [{"ranker": 1e300}, 1e300], [{"ranker": 2**64}]):
        rows = [min_rows()[0] | {"rank": value}]
        prefs = prefqa.read(rows, format="label-studio-min")
        assert prefs.judgments.collect()["rank"].null_count() == prefs.judgments.collect().height


def test_an_answer_without_the_name_of_its_control_goes_by_its_kind() -> None:
    answer = {"type": "ranker", "value": {"ranker": {"rank": ["b", "a"]}}}
    prefs = prefqa.read(
        [task(1, annotation(5, answer)), task(2, annotation(5, result("pairwise", {"selected": "left"})))]
    )
    assert set(prefs.judgments.collect()["criterion"]) == {"ranker", "q"}


def bucketed(**buckets: list[str]) -> list[dict[str, Any]]:
    """Two people's buckets in the order in which PostgreSQL returns keys: by length, then by letters."""
    value = {"ranker": {name: buckets[name] for name in sorted(buckets, key=lambda name: (len(name), name))}}
    return [task(1, annotation(5, result("ranker", value, "rank")), annotation(6, result("ranker", value, "rank")))]


def test_buckets_that_nothing_puts_in_order_are_refused_with_the_lines_to_paste(tmp_path: Path) -> None:
    rows = bucketed(_=[], Good=["b"], Poor=["c"], Excellent=["a"])
    with pytest.raises(ReadError, match=r"'Excellent', 'Good', 'Poor'") as error:
        prefqa.read(rows)
    assert "[read]\nbuckets = [" in str(error.value)
    (tmp_path / "x.json").write_text(json.dumps(rows))
    config = '<Bucket name="Excellent"/><Bucket name="Good"/><Bucket name="Poor"/>'
    (tmp_path / "label_config.xml").write_text(RANKER.format(config))
    assert ranks(prefqa.read(tmp_path / "x.json"))["5"] == {"a": 1, "b": 2, "c": 3}
    (tmp_path / "label_config.xml").write_text(RANKER.format('<Bucket name="Excellent"/><Bucket name="Good"/>'))
    with pytest.raises(ReadError, match="'Poor'"):
        prefqa.read(tmp_path / "x.json")


def test_buckets_are_ordered_as_the_caller_names_them() -> None:
    rows = bucketed(_=["c"], best=["b"], worst=["a"])
    with pytest.raises(ReadError, match="'best', 'worst'"):
        prefqa.read(rows)
    export = Export(records_of_object(rows), "frame", buckets=["worst", "best"])
    long = read_full(export).long.lazy().collect()
    assert dict(long.filter(annotator_id="5").select("response_id", "rank").rows()) == {"a": "1", "b": "2", "c": None}
    with pytest.raises(ReadError, match="'worst'"):
        read_full(Export(records_of_object(rows), "frame", buckets=["best"]))


def test_one_bucket_needs_no_order() -> None:
    assert ranks(prefqa.read(bucketed(_=["b", "c"], good=["a"])))["5"] == {"a": 1, "b": None, "c": None}


def test_several_choices_in_a_cell_show_their_control_and_plain_words_need_the_configuration() -> None:
    def cells(*values: Any) -> list[dict[str, Any]]:
        plain = {"annotator": 5, "created_at": "2026-01-01T10:00:00Z", "lead_time": 3.0, "prompt": "p"}
        return [plain | {"id": n, "annotation_id": n, "pref": value} for n, value in enumerate(values)]

    labels = prefqa.read(cells("helpful", {"choices": ["verbose", "helpful"]}))
    assert labels.judgments.collect()["label"].to_list() == ["helpful", "helpful|verbose"]
    as_csv = prefqa.read(cells("helpful", '{"choices": ["verbose", "helpful"]}'))
    assert as_csv.judgments.collect()["label"].to_list() == ["helpful", "helpful|verbose"]
    votes = prefqa.read(cells("left", "right", {"choices": ["left", "tie"]})).judgments.collect()
    assert dict(votes.filter(response_id="left").select("judgment_id", "rank").rows()) == {"0": 1, "1": 2, "2": None}
    with pytest.raises(ReadError, match=r"label_config\.xml"):
        prefqa.read(cells("left", "right"))


def stored(number: int, of: int, side: str, who: int) -> dict[str, Any]:
    person = {"id": who, "first_name": "", "email": f"user{who}@example.com"}
    inner = {"id": of, "data": {"prompt": f"question {of}", "one": "first", "two": "second"}, "project": 3}
    return annotation(number, result("pairwise", {"selected": side})) | {
        "completed_by": person, "updated_by": who, "updated_at": "2026-01-02T00:00:00Z", "task": inner,
    }  # fmt: skip


def sides(prefs: prefqa.Preferences) -> dict[tuple[str, str], str]:
    best = prefs.judgments.filter(rank=1).select("item_id", "annotator_id", "response_id").collect()
    return {(item, who): side for item, who, side in best.rows()}


def test_annotations_of_target_storage_are_read_each_with_its_task() -> None:
    rows = [stored(1, 1, "left", 5), stored(2, 1, "right", 6), stored(3, 2, "left", 5)]
    prefs = prefqa.read(rows)
    assert prefs.source.shape == "label-studio-storage"
    assert sides(prefs) == {("1", "5"): "left", ("1", "6"): "right", ("2", "5"): "left"}
    assert prefs.items is not None
    assert prefs.items["prompt"].to_list() == ["question 1", "question 2"]
    again = prefqa.read([*rows, stored(1, 1, "right", 5) | {"updated_at": "2026-01-03T00:00:00Z"}])
    assert sides(again)["1", "5"] == "right"
    assert codes(again) == {"PQ727": 1}
    with pytest.raises(ReadError):
        prefqa.read([{"task": {"id": 1, "data": {}}, "result": "["}])


def test_tasks_written_again_count_their_annotations_once() -> None:
    first, second = (annotation(n, result("pairwise", {"selected": "left"})) for n in (5, 6))
    prefs = prefqa.read([task(1, first), task(1, first, second), task(2, first | {"id": 7})])
    assert sides(prefs) == {("1", "5"): "left", ("1", "6"): "left", ("2", "5"): "left"}
    assert codes(prefs) == {"PQ727": 1}
