"""With the real SDKs: what they export is read, what we write they accept."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.writers import LAYOUTS, Tables

pytestmark = [pytest.mark.sdk, pytest.mark.filterwarnings("ignore")]
ANN, BEN = (str(uuid.UUID(int=n)) for n in (1, 2))


@pytest.fixture
def argilla() -> Any:
    return pytest.importorskip("argilla", minversion="2")


def record(rg: Any) -> Any:
    """A record whose rankings hold ranks, as servers send them, and one whose answer is a draft."""
    ranked = [{"value": "b", "rank": 1}, {"value": "a", "rank": 1}]
    return rg.Record(
        id="p1",
        fields={"prompt": "why?", "a": "because", "b": "no reason"},
        metadata={"lang": "en"},
        responses=[
            rg.Response("ranking", ranked, user_id=ANN, status="submitted"),
            rg.Response("ranking", ["a", "b"], user_id=BEN, status="draft"),
            rg.Response("stars", 4, user_id=ANN, status="submitted"),
        ],
        suggestions=[rg.Suggestion("ranking", ["a", "b"], agent="gpt")],
    )


@pytest.mark.parametrize("flat", [True, False])
def test_records_of_argilla_2(argilla: Any, flat: bool) -> None:
    from argilla.records._io import GenericIO

    prefs = prefqa.read(GenericIO.to_list([record(argilla)], flatten=flat))
    assert prefs.source.shape == ("argilla2" if flat else "argilla2-nested")
    long = prefs.judgments.collect()
    ranks = long.filter(item_id="p1/ranking", annotator_id=ANN).select("response_id", "rank").rows()
    assert set(ranks) == {("a", 1), ("b", 1)}
    assert long.drop_nulls("score").select("item_id", "score").rows() == [("p1/stars", 4.0)]
    codes = {note.code for note in prefs.source.notes}
    assert codes == {"PQ721", "PQ726"} | (set() if flat else {"PQ722"})
    assert long.filter(annotator_id=BEN)["rank"].to_list() == [None, None]


def tables() -> Tables:
    judgments = pl.DataFrame({"item_id": ["p1"] * 2, "annotator_id": "x", "response_id": ["a", "b"], "rank": [2, 1]})
    responses = pl.DataFrame({"item_id": ["p1"] * 2, "response_id": ["a", "b"], "text": ["because", "no reason"]})
    items = pl.DataFrame({"item_id": ["p1"], "prompt": ["why?"]})
    places = pl.DataFrame({"item_id": ["p1"] * 2, "response_id": ["a", "b"], "place": [2, 1]})
    return Tables(judgments, responses, items, places)


def test_argilla_reads_the_records_of_a_further_round(argilla: Any, tmp_path: Path) -> None:
    from argilla.records._io import JsonIO

    LAYOUTS["argilla"].write(tables(), tmp_path / "round.json")  # type: ignore[arg-type]
    (found,) = JsonIO._records_from_json(tmp_path / "round.json")
    assert found.id == "p1"
    assert dict(found.fields) == {"prompt": "why?", "a": "because", "b": "no reason"}
    assert found.suggestions["ranking"].value == ["b", "a"]


def test_label_studio_accepts_the_tasks_and_predictions(tmp_path: Path) -> None:
    pytest.importorskip("label_studio_sdk")
    from label_studio_sdk.label_interface import LabelInterface

    LAYOUTS["label-studio"].write(tables(), tmp_path / "round.json")  # type: ignore[arg-type]
    config = LabelInterface((tmp_path / "round.xml").read_text())
    config.validate()
    (task,) = json.loads((tmp_path / "round.json").read_text())
    assert config.validate_task({"data": task["data"]})  # the SDK cannot validate a task together with predictions
    assert config.validate_prediction(task["predictions"][0], return_errors=True) == []
