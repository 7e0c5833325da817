"""Potato's layouts read to the same votes; what a value means is that of its source, or is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import ReadError

#: Who voted for what, and the point that was chosen on a scale of five.
VOTES = [("i1", "ann", "A", 4), ("i1", "ben", "A", 5), ("i2", "ann", "B", 3), ("i2", "ben", "tie", 2)]


def as_csv() -> list[dict[str, Any]]:
    points = [f"sure.{n}" for n in range(2, 6)]
    return [
        {"instance_id": item, "user_id": who, "better.selection": vote}
        | {name: str(point) if name == f"sure.{point}" else None for name in points}
        for item, who, vote, point in VOTES
    ]


def as_jsonl() -> list[dict[str, Any]]:
    return [
        {"instance_id": item, "user_id": who, "spans": {}, "links": {},
         "labels": {"better": {"selection": vote}, "sure": {str(point): str(point)}}}
        for item, who, vote, point in VOTES
    ]  # fmt: skip


def states() -> list[dict[str, Any]]:
    def state(who: str) -> dict[str, Any]:
        own = [(item, vote, point) for item, user, vote, point in VOTES if user == who]
        return {
            "user_id": who,
            "instance_id_ordering": [item for item, *_ in reversed(own)],
            "instance_id_to_label_to_value": {
                item: [[{"schema": "better", "name": "selection"}, vote], [{"schema": "sure", "name": str(n)}, str(n)]]
                for item, vote, n in own
            },
            "instance_id_to_behavioral_data": {
                item: {"session_start": 1735689600.0, "session_end": 1735689612.5, "total_time_ms": 12500}
                for item, *_ in own
            },
        }

    return [state("ann"), state("ben")]


def version_1_csv() -> list[dict[str, Any]]:
    words = {"A": "A is better", "B": "B is better", "tie": "no preference"}
    columns = [f"better:::{word}" for word in words.values()]
    return [
        {"user": who, "instance_id": item, "displayed_text": "A. one B. two"}
        | {name: str(n) if name == f"better:::{words[vote]}" else None for n, name in enumerate(columns, start=1)}
        | {f"sure:::scale_{n}": str(n) if n == point else None for n in range(2, 6)}
        for item, who, vote, point in VOTES
    ]


LAYOUTS = {"csv": as_csv, "jsonl": as_jsonl, "states": states, "version 1": version_1_csv}


def ranks(prefs: prefqa.Preferences) -> set[tuple[str, str, str, int | None]]:
    return set(prefs.judgments.select("item_id", "annotator_id", "response_id", "rank").collect().rows())


def votes(*rows: tuple[str, str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"instance_id": item, "user_id": who} | answers for item, who, answers in rows]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_reads_to_the_same_votes(name: str) -> None:
    prefs = prefqa.read(LAYOUTS[name]())
    assert prefs.source.shape == "potato"
    placed = {"A": (1, 2), "B": (2, 1), "tie": (1, 1)}
    expected = {
        (item, who, side, rank) for item, who, vote, _ in VOTES for side, rank in zip("AB", placed[vote], strict=True)
    }
    assert ranks(prefs) == expected
    long = prefs.judgments.collect()
    assert set(long["criterion"]) == {"better"}
    sure = set(long.select("item_id", "annotator_id", "sure").rows())
    assert sure == {(item, who, float(point)) for item, who, _, point in VOTES}
    assert prefs.source.notes == ()


def test_states_tell_times_and_the_order_of_instances() -> None:
    long = prefqa.read(states()).judgments.collect()
    assert set(long["duration_s"]) == {12.5}
    assert {time.isoformat() for time in long["created_at"]} == {"2025-01-01T00:00:12.500000+00:00"}
    assert set(long.select("item_id", "order").rows()) == {("i2", 1), ("i1", 2)}


def test_one_file_of_version_1_belongs_to_the_user_of_its_folder(tmp_path: Path) -> None:
    rows = [
        {"id": item, "displayed_text": "x", "label_annotations": {"sure": {f"scale_{point}": str(point)}},
         "span_annotations": [], "behavioral_data": {"time_string": "Time spent: 0d 0h 1m 5s "}}
        for item, who, _, point in VOTES if who == "ann"
    ]  # fmt: skip
    folder = tmp_path / "ann"
    folder.mkdir()
    path = folder / "annotated_instances.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert set(prefqa.read(path).judgments.collect()["annotator_id"]) == {"unknown"}
    (folder / "annotation_order.txt").write_text("i1\ni2\n")
    long = prefqa.read(path).judgments.collect()
    assert set(long.select("item_id", "annotator_id", "score", "duration_s").rows()) == {
        ("i1", "ann", 4.0, 65.0),
        ("i2", "ann", 3.0, 65.0),
    }
    with pytest.raises(ReadError, match="writes no names") as error:
        prefqa.read([*rows, rows[0]])
    assert "csv" in str(error.value)


def test_a_scale_prefers_a_below_zero_and_needs_a_value_there() -> None:
    rows = votes(*((f"i{n}", "ann", {"better.scale_value": str(n)}) for n in (-2, 0, 3)))
    long = prefqa.read(rows).judgments.collect()
    assert set(long.filter(response_id="A").select("item_id", "rank", "strength").rows()) == {
        ("i-2", 1, 2.0),
        ("i0", 1, 0.0),
        ("i3", 2, 3.0),
    }
    with pytest.raises(ReadError, match="middle may be another number") as error:
        prefqa.read(rows[1:])
    assert "[columns]" in str(error.value)


def test_dimensions_of_a_pairwise_schema_are_criteria() -> None:
    rows = votes(
        ("i1", "ann", {"q.helpful": "A", "q.safe": "tie", "q.justification": '{"rationale": "longer"}'}),
        ("i1", "ben", {"q.helpful": "B", "q.safe": "A", "q.justification": None}),
    )
    assert ranks(prefqa.read(rows)) == {
        ("i1/q/helpful", "ann", "A", 1), ("i1/q/helpful", "ann", "B", 2),
        ("i1/q/helpful", "ben", "A", 2), ("i1/q/helpful", "ben", "B", 1),
        ("i1/q/safe", "ann", "A", 1), ("i1/q/safe", "ann", "B", 1),
        ("i1/q/safe", "ben", "A", 1), ("i1/q/safe", "ben", "B", 2),
    }  # fmt: skip


def test_best_and_worst_leave_the_others_between_them() -> None:
    rows = votes(
        ("t1", "ann", {"q.best": "B", "q.worst": "D"}),
        ("t1", "ben", {"q.best": "A", "q.worst": None}),
        ("t2", "ann", {"q.best": "C", "q.worst": "C"}),
    )
    found = ranks(prefqa.read(rows))
    assert {(side, rank) for item, who, side, rank in found if (item, who) == ("t1", "ann")} == {
        ("A", 2), ("B", 1), ("C", 2), ("D", 3),
    }  # fmt: skip
    assert {(side, rank) for _, who, side, rank in found if who == "ben"} == {("A", 1), ("B", 2), ("C", 2), ("D", 2)}
    assert {rank for item, _, _, rank in found if item == "t2"} == {None}


def test_rankings_and_rated_options_are_rankings() -> None:
    rows = votes(("i1", "ann", {"q.rank_order": "y,x,z"}), ("i1", "ben", {"q.rank_order": "x,y,z"}))
    assert {row for row in ranks(prefqa.read(rows)) if row[1] == "ann"} == {
        ("i1", "ann", "y", 1), ("i1", "ann", "x", 2), ("i1", "ann", "z", 3),
    }  # fmt: skip
    with pytest.raises(ReadError, match="comma"):
        prefqa.read(votes(("i1", "ann", {"q.rank_order": "Yes, sure,No"})))
    rated = prefqa.read(votes(("i1", "ann", {"q.x": "4", "q.y": "2"}), ("i1", "ben", {"q.x": "3", "q.y": "3"})))
    assert ranks(rated) == {("i1", "ann", "x", 1), ("i1", "ann", "y", 2), ("i1", "ben", "x", 1), ("i1", "ben", "y", 1)}


def test_without_votes_answers_are_about_the_instance() -> None:
    rows = votes(
        ("i1", "ann", {"mood.good": "true", "mood.bad": None, "sure.4": "4", "why.text_box": "so"}),
        ("i1", "ben", {"mood.good": None, "mood.bad": "true", "sure.4": None, "why.text_box": None}),
    )
    long = prefqa.read(rows).judgments.collect()
    by = {name: long.filter(criterion=name) for name in ("mood", "sure", "why")}
    assert set(by["mood"]["label"]) == {"good", "bad"}
    assert by["sure"]["score"].to_list() == [4.0]
    assert set(by["mood"]["response_id"]) == set(by["sure"]["response_id"]) == {"record"}
    assert by["why"]["text"].to_list() == ["so"]


def test_answers_that_contradict_themselves_are_counted_and_named() -> None:
    rows = votes(("i1", "ann", {"better.selection": "A", "sure.scale_5": "4"}))
    (note,) = prefqa.read(rows).source.notes
    assert (note.code, note.count, note.of) == ("PQ728", 1, 1)
    assert "'sure'" in note.message
    unclear = votes(("i1", "ann", {"better.selection": "A", "keys.x": "1", "keys.y": "2"}))
    assert "'keys'" in prefqa.read(unclear).source.notes[0].message


def test_radio_buttons_that_name_no_side_are_counted() -> None:
    words = ("A is better", "B is better", "n/a")
    rows = votes(
        *(
            (f"i{n}", "ann", {f"q.{one}": "true" if one == word else None for one in words})
            for n, word in enumerate(words)
        )
    )
    prefs = prefqa.read(rows)
    assert {item for item, *_ in ranks(prefs)} == {"i0", "i1"}
    assert [(note.code, note.count, note.of) for note in prefs.source.notes] == [("PQ727", 1, 3)]


def test_a_vote_of_another_word_is_a_bad_rank() -> None:
    rows = votes(("i1", "ann", {"better.selection": "A"}), ("i2", "ann", {"better.selection": "C"}))
    assert {row for row in ranks(prefqa.read(rows)) if row[0] == "i2"} == {("i2", "ann", side, None) for side in "AB"}


def test_parquet_that_lost_the_votes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "annotations.parquet"
    pl.DataFrame({"instance_id": ["i1"], "user_id": ["ann"], "better": ["selection"]}).write_parquet(path)
    with pytest.raises(ReadError, match="Parquet export") as error:
        prefqa.read(path)
    assert "csv" in str(error.value)


def test_spans_alone_are_refused() -> None:
    with pytest.raises(ReadError, match="no schema holds answers"):
        prefqa.read(votes(("i1", "ann", {"names._spans": "[]"})), format="potato")
