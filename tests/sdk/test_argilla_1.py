"""With the real Argilla 1.29.1, in an environment of its own: every kind of question, built and exported offline."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

import prefqa

argilla = pytest.importorskip("argilla", reason="the package argilla is not installed (pip install 'prefqa[argilla1]')")
if not argilla.__version__.startswith("1."):
    pytest.skip("argilla 1.x is not installed (pip install 'prefqa[argilla1]')", allow_module_level=True)

pytestmark = [pytest.mark.sdk, pytest.mark.filterwarnings("ignore")]
ANN, BEN = (uuid.UUID(int=n) for n in (1, 2))


def ranked(**ranks: int | None) -> Any:
    from argilla.client.feedback.schemas.response_values import RankingValueSchema

    values = [RankingValueSchema(value=option, rank=rank) for option, rank in ranks.items()]
    return argilla.ValueSchema(value=values)


def response(user: uuid.UUID, status: str, **values: Any) -> Any:
    known = argilla.ValueSchema
    given = {name: value if isinstance(value, known) else known(value=value) for name, value in values.items()}
    return argilla.ResponseSchema(user_id=user, status=status, values=given)


def dataset() -> Any:
    """Two records: all kinds of answers, a tie, a partial draft, a discarded answer, a suggestion."""
    rg = argilla
    made = rg.FeedbackDataset(
        fields=[rg.TextField(name=name) for name in ("prompt", "a", "b")],
        questions=[
            rg.RankingQuestion(name="ranking", values=["a", "b"]),
            rg.RatingQuestion(name="stars", values=[1, 2, 3, 4, 5]),
            rg.LabelQuestion(name="verdict", labels=["good", "bad"]),
            rg.MultiLabelQuestion(name="issues", labels=["pii", "rude", "unsafe"]),
            rg.TextQuestion(name="rewrite", required=False),
            rg.SpanQuestion(name="span", field="prompt", labels=["odd"], required=False),
        ],
        guidelines="The true reply is the better one.",
        metadata_properties=[rg.TermsMetadataProperty(name="lang")],
    )
    whole = response(
        ANN, "submitted", ranking=ranked(a=1, b=1), stars=4, verdict="good", issues=["rude", "pii"],
        rewrite="It is so.", span=[{"start": 0, "end": 2, "label": "odd"}],
    )  # fmt: skip
    draft = response(BEN, "draft", ranking=ranked(a=1, b=None))
    suggestion = argilla.SuggestionSchema(question_name="verdict", value="bad", agent="gpt")
    made.add_records(
        [
            rg.FeedbackRecord(
                fields={"prompt": "why?", "a": "because", "b": "no reason"}, external_id="p1", metadata={"lang": "en"},
                responses=[whole, draft], suggestions=[suggestion],
            ),
            rg.FeedbackRecord(
                fields={"prompt": "how?", "a": "so", "b": "thus"}, external_id="p2", metadata={"lang": "de"},
                responses=[
                    response(ANN, "submitted", ranking=ranked(a=2, b=1), stars=1, verdict="bad", issues=["unsafe"]),
                    response(BEN, "discarded", ranking=ranked(a=1, b=2)),
                ],
            ),
        ]
    )  # fmt: skip
    return made


def exported(made: Any, kind: str, folder: Path) -> Any:
    """The dataset as its own package writes it, with its settings beside."""
    from argilla.client.feedback.config import DatasetConfig

    settings = DatasetConfig(fields=made.fields, questions=made.questions, guidelines=made.guidelines)
    (folder / "argilla.yaml").write_text(settings.to_yaml())
    if kind == "records":
        path = folder / "records.json"
        path.write_text(json.dumps([json.loads(record.json()) for record in made.records]))
        return path
    whole = made.format_as("datasets")
    if kind == "object":
        return whole
    path = folder / f"export.{kind}"
    (whole.to_parquet if kind == "parquet" else whole.to_json)(path)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "object", "records"])
def test_every_kind_of_question_reads_back(kind: str, tmp_path: Path) -> None:
    given = exported(dataset(), kind, tmp_path)
    prefs = prefqa.read(given, settings=tmp_path / "argilla.yaml")
    assert prefs.source.shape == ("argilla-records" if kind == "records" else "argilla1")
    long = prefs.judgments.collect()
    rankings = long.filter(criterion="ranking").select("item_id", "annotator_id", "status", "response_id", "rank")
    ann, ben = map(str, (ANN, BEN))
    assert set(rankings.rows()) == {
        ("p1/ranking", ann, "submitted", "a", 1), ("p1/ranking", ann, "submitted", "b", 1),
        ("p1/ranking", ben, "draft", "a", 1), ("p1/ranking", ben, "draft", "b", None),
        ("p2/ranking", ann, "submitted", "a", 2), ("p2/ranking", ann, "submitted", "b", 1),
        ("p2/ranking", ben, "discarded", "a", 1), ("p2/ranking", ben, "discarded", "b", 2),
    }  # fmt: skip
    stars = long.filter(criterion="stars").drop_nulls("score").select("item_id", "annotator_id", "score")
    assert set(stars.rows()) == {("p1/stars", ann, 4.0), ("p2/stars", ann, 1.0)}
    labels = long.drop_nulls("label").select("item_id", "label")
    assert set(labels.rows()) == {
        ("p1/verdict", "good"), ("p2/verdict", "bad"), ("p1/issues", "pii|rude"), ("p2/issues", "unsafe"),
    }  # fmt: skip
    assert prefs.responses is not None
    assert prefs.items is not None
    texts = {(item, response): text for item, response, text in prefs.responses.select(
        "item_id", "response_id", "text").iter_rows()}  # fmt: skip
    assert texts["p1/ranking", "a"] == "because"
    assert texts["p1/rewrite", ann] == "It is so."
    assert set(prefs.items.filter(item_id="p2/ranking").select("prompt", "lang").rows()) == {("how?", "de")}
    assert long["guideline_version"].n_unique() == 1
    notes = {note.code: note.count for note in prefs.source.notes}
    assert notes["PQ726"] == 1, "the suggestion"
    assert notes["PQ728"] == 1, "the span"


def test_its_own_training_data_reads_as_pairs() -> None:
    from argilla.client.feedback.training import TrainingTask

    def pairs(sample: dict[str, Any]) -> Any:
        said = sample["ranking"][0]["value"]
        _, options = zip(*sorted(zip(said["rank"], said["value"], strict=True)), strict=True)
        return sample["prompt"], *(sample[option] for option in options)

    made = dataset()
    task = TrainingTask.for_direct_preference_optimization(formatting_func=pairs)
    prepared = made.prepare_for_training(framework="trl", task=task)
    prefs = prefqa.read(prepared)
    assert prefs.source.shape == "chosen_rejected"
    found = prefqa.consensus(prefs, method="majority").pairs().select("prompt", "chosen", "rejected").rows()
    assert ("how?", "thus", "so") in found
