"""Shapes: each is detected, said aloud, and becomes long rankings."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.errors import ColumnNotFoundError, UsageError


def ranks(prefs: prefqa.Preferences) -> dict[tuple[str, str, str], int | None]:
    rows = prefs.judgments.select("item_id", "annotator_id", "response_id", "rank").collect().rows()
    return {(item, annotator, response): rank for item, annotator, response, rank in rows}


def test_ratings_rank_the_higher_score_first_and_tie_equal_ones() -> None:
    rows = [
        {"item_id": "p", "annotator_id": "a", "response_id": r, "score": s}
        for r, s in zip("wxyz", [3, 5, 3, None], strict=True)
    ]
    prefs = prefqa.read(rows)
    assert prefs.source.shape == "ratings"
    assert [ranks(prefs)["p", "a", r] for r in "wxyz"] == [2, 1, 2, None]


def test_ranking_lists_with_ranks_and_best_first() -> None:
    given_ranks = prefqa.read([{"item_id": "p", "annotator_id": "a", "responses": ["x", "y", "z"], "ranks": [2, 1, 2]}])
    best_first = prefqa.read([{"item_id": "p", "annotator_id": "a", "ranking": ["y", "x", "z"]}])
    assert given_ranks.source.shape == best_first.source.shape == "ranking_lists"
    assert ranks(given_ranks) == {("p", "a", "x"): 2, ("p", "a", "y"): 1, ("p", "a", "z"): 2}
    assert ranks(best_first) == {("p", "a", "y"): 1, ("p", "a", "x"): 2, ("p", "a", "z"): 3}


def test_lists_of_different_length_are_a_finding_not_a_guess() -> None:
    prefs = prefqa.read([{"item_id": "p", "annotator_id": "a", "responses": ["x", "y", "z"], "ranks": [2, 1]}])
    found = prefqa.check(prefs)
    assert found.findings["code"].to_list() == ["PQ104"]
    assert found.findings["examples"][0][0]["value"] == "2 ranks for 3 responses"


@pytest.mark.parametrize(
    ("vote", "expected"),
    [
        ("a", (1, 2)),
        ("B", (2, 1)),
        ("tie", (1, 1)),
        ("model_a", (1, 2)),
        ("Response B", (2, 1)),
        ("gpt", (1, 2)),
        ("tie (bothbad)", (1, 1)),
    ],
)
def test_pairwise_votes_are_understood_in_their_usual_words(vote: str, expected: tuple[int, int]) -> None:
    prefs = prefqa.read(
        [{"item_id": "p", "annotator_id": "a", "response_a": "gpt", "response_b": "llama", "winner": vote}]
    )
    assert prefs.source.shape == "pairwise"
    assert (ranks(prefs)["p", "a", "gpt"], ranks(prefs)["p", "a", "llama"]) == expected
    assert prefs.judgments.collect().sort("position")["response_id"].to_list() == ["gpt", "llama"]


def test_an_unknown_vote_is_a_finding() -> None:
    row = {"item_id": "p", "annotator_id": "a", "response_a": "x", "response_b": "y", "winner": "dunno"}
    found = prefqa.check(prefqa.read([row, row | {"annotator_id": "b", "winner": "x"}]), ignore=["PQ3"])
    assert found.findings["code"].to_list() == ["PQ104"]
    assert found.quarantine.height == 2


def test_pairwise_texts_get_short_ids_and_stand_in_the_responses() -> None:
    long_text = "a response that is long enough to be a text and not the name of a model, surely"
    row = {"prompt": "why?", "annotator_id": "a", "response_a": long_text, "response_b": "no", "winner": "b"}
    prefs = prefqa.read([row])
    assert prefs.responses is not None
    assert dict(prefs.responses.select("response_id", "text").rows()) == {"r1": long_text, "r2": "no"}
    assert ranks(prefs) == {("prompt-1", "a", "r1"): 2, ("prompt-1", "a", "r2"): 1}


def test_chosen_rejected_with_texts_messages_and_without_annotators() -> None:
    prefs = prefqa.read([{"prompt": "q", "chosen": "yes", "rejected": "no"}])
    assert prefs.source.shape == "chosen_rejected"
    assert "no column names the annotators" in " ".join(prefs.reading.statements)
    assert not prefs.source.annotators_known
    pair = prefqa.consensus(prefs).pairs().row(0, named=True)
    assert (pair["prompt"], pair["chosen"], pair["rejected"]) == ("q", "yes", "no")
    messages = [[{"role": "user", "content": "q"}, {"role": "assistant", "content": text}] for text in ("yes", "no")]
    chat = prefqa.consensus(prefqa.read([{"chosen": messages[0], "rejected": messages[1]}])).pairs()
    assert chat["prompt"].to_list() == [messages[0][:1]]
    assert chat["chosen"].to_list() == [messages[0][1:]]


def test_prompts_and_texts_of_long_rankings_fill_the_tables() -> None:
    rows = [
        {"item_id": "p", "annotator_id": "a", "response_id": r, "rank": n, "prompt": "q", "response_text": f"text {r}"}
        for n, r in enumerate("xy", start=1)
    ]
    prefs = prefqa.read(rows)
    assert prefs.items is not None
    assert prefs.items.rows() == [("p", "q")]
    assert prefs.responses is not None
    assert prefs.responses["text"].to_list() == ["text x", "text y"]


def test_an_item_judged_by_several_criteria_becomes_several_items() -> None:
    rows = [
        {"item_id": "p", "annotator_id": "a", "response_id": r, "rank": n, "criterion": c, "prompt": "q"}
        for c in ("helpful", "safe")
        for n, r in enumerate("xy", start=1)
    ]
    prefs = prefqa.read(rows)
    assert sorted({item for item, *_ in ranks(prefs)}) == ["p/helpful", "p/safe"]
    assert prefs.items is not None
    assert prefs.items["item_id"].to_list() == ["p/helpful", "p/safe"]


def test_an_item_of_several_pairs_becomes_one_item_per_pair() -> None:
    pairs = [("x", "y"), ("y", "z"), ("z", "x")]
    rows = [{"prompt": "q", "annotator_id": "a", "response_a": a, "response_b": b, "winner": "a"} for a, b in pairs]
    prefs = prefqa.read(rows)
    assert sorted({item for item, *_ in ranks(prefs)}) == ["prompt-1/x|y", "prompt-1/x|z", "prompt-1/y|z"]
    assert prefqa.check(prefs).quarantine.is_empty()
    assert prefs.items is not None
    assert prefs.items["prompt"].to_list() == ["q"] * 3
    chosen = prefqa.read([{"prompt": "q", "chosen": a, "rejected": b} for a, b in pairs])
    assert prefqa.consensus(chosen).pairs().select("chosen", "rejected").sort("chosen").rows() == pairs


def test_a_companion_table_follows_its_items_into_their_pairs() -> None:
    rows = [
        {"item_id": "p", "annotator_id": "a", "response_a": a, "response_b": b, "winner": "a"}
        for a, b in (("x", "y"), ("x", "z"))
    ]
    prefs = prefqa.read(rows, items=pl.DataFrame({"item_id": ["p"], "prompt": ["q"]}))
    assert prefs.items is not None
    assert prefs.items.rows() == [("p/x|y", "q"), ("p/x|z", "q")]


def test_an_export_that_fits_no_shape_is_told_the_nearest() -> None:
    nested = [{"item_id": "p", "annotator_id": "a", "responses": [{"rank": 1}], "ranks": [1]}]
    with pytest.raises(ColumnNotFoundError, match="fit no layout of preferences"):
        prefqa.read(nested)


def test_columns_with_our_own_names_are_kept_aside() -> None:
    rows = [{"item_id": "p", "annotator_id": "a", "response_id": "x", "rank": "1", "_rank_raw": "z", "_row": "first"}]
    prefs = prefqa.read(rows)
    assert ranks(prefs) == {("p", "a", "x"): 1}
    assert prefs.judgments.collect().select("source_row", "source_rank_raw").row(0) == ("first", "z")


def test_a_shape_can_be_forced_and_is_told_when_it_does_not_fit() -> None:
    rows = [{"item_id": "p", "annotator_id": "a", "response_id": "x", "rank": 1, "score": 2.0}]
    assert prefqa.read(rows).source.shape == "rankings"
    assert prefqa.read(rows, shape="ratings").source.shape == "ratings"
    with pytest.raises(ColumnNotFoundError, match="'response_a'"):
        prefqa.read(rows, shape="pairwise")
    with pytest.raises(UsageError, match="did you mean 'pairwise'"):
        prefqa.read(rows, shape="pairwize")


def test_a_mapped_column_wins_and_the_old_one_is_kept() -> None:
    rows = [{"item_id": "p", "annotator_id": "a", "response_id": "x", "rank": 1, "raw": 2}]
    judgments = prefqa.read(rows, columns={"rank": "raw"}).judgments.collect()
    assert (judgments["rank"].item(), judgments["rank_unmapped"].item()) == (2, 1)


def test_frames_tables_and_datasets_read_alike() -> None:
    datasets = pytest.importorskip("datasets")
    frame = pl.DataFrame({"item_id": ["p", "p"], "annotator_id": ["a", "a"], "response_id": ["x", "y"], "rank": [1, 2]})
    expected = ranks(prefqa.read(frame))
    table = frame.to_arrow()
    both = datasets.DatasetDict({"train": datasets.Dataset(table)})
    for source in (frame.lazy(), frame.to_pandas(), table, datasets.Dataset(table), both, frame.to_dicts()):
        assert ranks(prefqa.read(source)) == expected


def test_a_saved_dataset_reads_like_the_dataset(tmp_path: object) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [{"item_id": "p", "annotator_id": "a", "response_id": r, "rank": n} for n, r in enumerate("xy", start=1)]
    saved = f"{tmp_path}/saved"
    datasets.Dataset.from_list(rows).save_to_disk(saved)
    assert ranks(prefqa.read(saved)) == ranks(prefqa.read(rows))


@given(
    st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("ab"), st.sampled_from(["a", "b", "tie"])), min_size=1),
    st.randoms(),
)
def test_pairwise_does_not_depend_on_row_order(votes: list[tuple[str, str, str]], random: object) -> None:
    rows = [
        {"prompt": p, "annotator_id": a, "response_a": "x", "response_b": "y", "winner": w}
        for (p, a), w in {(p, a): w for p, a, w in votes}.items()
    ]
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranks(prefqa.read(rows)) == ranks(prefqa.read(shuffled))


def test_sides_of_different_kinds_are_read_as_text_or_refused() -> None:
    prefs = prefqa.read([{"chosen": 1.5, "rejected": "two"}])
    assert prefs.responses is not None
    assert set(prefs.responses["text"]) == {"1.5", "two"}
    message = [{"role": "assistant", "content": "two"}]
    for shape in ({"chosen": "one", "rejected": message}, {"response_a": "one", "response_b": message, "winner": "a"}):
        with pytest.raises(UsageError, match="of different kinds"):
            prefqa.read([shape])
