"""Who disagrees, where and about what; and the ceiling that sets for a reward model."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given

import prefqa
from jackknife import two_way
from prefqa.agreement import disagreement
from prefqa.agreement.ceiling import _against_majority, _against_one
from prefqa.errors import UsageError
from prefqa.preferences import Preferences
from strategies import judgments, preferences


def _ranked(rankings: dict[str, dict[str, list[int]]]) -> Preferences:
    """Item to annotator to ranks of responses a, b, c, ..."""
    rows = [
        (item, annotator, "abcdefgh"[k], rank)
        for item, by_annotator in rankings.items()
        for annotator, ranks in by_annotator.items()
        for k, rank in enumerate(ranks)
    ]
    return Preferences.from_long(
        pl.DataFrame(rows, schema=["item_id", "annotator_id", "response_id", "rank"], orient="row")
    )


def test_a_vote_is_held_against_the_majority_of_the_other_votes() -> None:
    prefs = _ranked({"i": {"ann": [1, 2], "bob": [1, 2], "cat": [2, 1], "dan": [1, 1]}})
    found = dict(disagreement(prefs).annotators.select("annotator_id", "majority_agreement").iter_rows())
    # ann sees one vote each way and a tie: a third; cat sees two against one tie; dan likewise.
    assert found == pytest.approx({"ann": 1 / 3, "bob": 1 / 3, "cat": 0.0, "dan": 0.0})


@given(judgments(max_items=5, max_annotators=4, max_responses=3))
def test_the_majority_of_the_others_by_its_definition(frame: pl.DataFrame) -> None:
    scores: dict[str, list[float]] = {}
    rows = frame.drop_nulls("rank")
    for (_item,), group in rows.group_by("item_id"):
        ranks = {key: dict(g.select("response_id", "rank").iter_rows()) for (key,), g in group.group_by("annotator_id")}
        for a, b in combinations(sorted(group["response_id"].unique()), 2):
            votes = {who: np.sign(r[a] - r[b]) for who, r in ranks.items() if a in r and b in r}
            for who, vote in votes.items():
                others = [v for other, v in votes.items() if other != who]
                if others:
                    most = max(others.count(v) for v in others)
                    winners = {v for v in others if others.count(v) == most}
                    scores.setdefault(str(who), []).append(1 / len(winners) if vote in winners else 0.0)
    found = disagreement(preferences(frame)).annotators.drop_nulls("majority_agreement")
    assert dict(found.select("annotator_id", "n_votes").iter_rows()) == {who: len(s) for who, s in scores.items()}
    means = {who: sum(s) / len(s) for who, s in scores.items()}
    assert dict(found.select("annotator_id", "majority_agreement").iter_rows()) == pytest.approx(means)


def test_disagreement_splits_into_ties_neighbours_and_the_rest() -> None:
    prefs = _ranked({"i": {"ann": [1, 2, 3], "bob": [2, 1, 3]}, "j": {"ann": [1, 2, 3], "bob": [3, 2, 1]}})
    split = disagreement(prefs).split
    # i: one neighbour reversal, two agree. j: two neighbour reversals and one across.
    assert split == pytest.approx(
        {"agree": 2 / 6, "tie_against_decision": 0.0, "neighbours_reversed": 3 / 6, "others_reversed": 1 / 6}
    )
    tied = disagreement(_ranked({"i": {"ann": [1, 1], "bob": [2, 1]}})).split
    assert tied["tie_against_decision"] == 1.0
    assert sum(disagreement(prefqa.simulate(50, tie_threshold=0.3).preferences).split.values()) == pytest.approx(1)


def test_the_most_divided_items_come_first_with_what_was_said() -> None:
    prefs = _ranked(
        {
            "agreed": {"ann": [1, 2, 2], "bob": [1, 2, 2], "cat": [1, 2, 2]},
            "divided": {"ann": [1, 2, 3], "bob": [3, 2, 1], "cat": [1, 2, 3]},
        }
    )
    items = disagreement(prefs).items
    assert items["item_id"].to_list() == ["divided", "agreed"]
    assert items["said"].to_list() == [["2 × a > b > c", "1 × c > b > a"], ["3 × a > b = c"]]
    assert items["agreement"].to_list() == pytest.approx([1 / 3, 1.0])
    assert disagreement(prefs, n_items=1).items.height == 1


def test_what_was_said_is_what_counts() -> None:
    """Of an annotator's two judgments of an item the latest; of scores the scores."""
    schema = ["item_id", "annotator_id", "judgment_id", "response_id", "rank"]
    rows = [
        ("i", "ann", "j1", "a", 1),
        ("i", "ann", "j1", "b", 2),
        ("i", "ann", "j2", "a", 2),
        ("i", "ann", "j2", "b", 1),
    ]
    rows += [("i", "bob", "j3", "a", 1), ("i", "bob", "j3", "b", 2)]
    found = disagreement(Preferences.from_long(pl.DataFrame(rows, schema=schema, orient="row")))
    assert found.items["said"].to_list() == [["1 × a > b", "1 × b > a"]]
    scores = pl.DataFrame(
        {
            "item_id": ["i", "i"],
            "annotator_id": ["x", "y"],
            "response_id": ["a", "a"],
            "rank": [1, 1],
            "score": [2.0, 4.5],
        }
    )
    said = disagreement(Preferences.from_long(scores), target="scores").items["said"].to_list()
    assert said == [["1 × a: 2.0", "1 × a: 4.5"]]


def test_one_annotator_has_nobody_to_disagree_with() -> None:
    found = disagreement(_ranked({"i": {"ann": [1, 2]}}))
    assert found.annotators["majority_agreement"].to_list() == [None]
    assert found.pairs.is_empty()
    assert found.split == {}
    assert found.ceiling is not None
    assert found.ceiling.model_against_one.value is None


def test_the_order_of_rows_does_not_matter() -> None:
    prefs = prefqa.simulate(80, tie_threshold=0.2, seed=4, texts=False).preferences
    shuffled = prefs.with_judgments(prefs.judgments.collect().sample(fraction=1.0, shuffle=True, seed=1).lazy())
    assert disagreement(prefs).to_dict() == disagreement(shuffled).to_dict()


def test_the_planted_spammer_stands_first() -> None:
    simulation = prefqa.simulate(600, n_annotators=10, spammers=0.1, seed=2, texts=False)
    worst = disagreement(simulation.preferences).annotators["annotator_id"][0]
    assert simulation.truth.annotators.filter(pl.col("annotator_id") == worst)["kind"].item() == "spammer"


@pytest.mark.parametrize("shape", [0.3, 1.0, 4.0])
def test_the_ceiling_is_that_of_the_model_it_states(shape: float) -> None:
    """By simulation: preferences p ~ Beta(a, a), annotators independent given p."""
    rng = np.random.default_rng(0)
    p = rng.beta(shape, shape, size=400_000)
    best = np.maximum(p, 1 - p)
    agreement = float((p**2 + (1 - p) ** 2).mean())
    assert _against_one(agreement) == pytest.approx(best.mean(), abs=2e-3)
    for n in (1, 4, 5):
        won = rng.binomial(n, best)
        expected = ((won > n / 2) + (won == n / 2) / 2).mean()
        assert _against_majority(agreement, n) == pytest.approx(expected, abs=3e-3)


@pytest.mark.parametrize("agreement", [0.3, 0.5])
def test_where_annotators_agree_like_coins_there_is_nothing_to_know(agreement: float) -> None:
    assert _against_one(agreement) == 0.5
    assert _against_majority(agreement, 3) == 0.5


def test_the_ceilings_first_measure_is_the_agreement_without_ties() -> None:
    prefs = prefqa.simulate(200, tie_threshold=0.2, seed=4, texts=False).preferences
    found = disagreement(prefs).ceiling
    row = prefqa.agreement(prefs, coefficients=["percent_agreement_no_ties"], inference="items+annotators").estimates
    assert found is not None
    assert found.two_annotators.value == pytest.approx(row["estimate"].item())
    assert found.two_annotators.se == pytest.approx(row["se"].item(), rel=1e-6)
    assert found.one_against_majority.value is not None
    assert 0.5 < found.one_against_majority.value <= 1


def test_the_annotators_of_a_consensus_have_the_same_agreement_with_the_majority() -> None:
    prefs = prefqa.simulate(80, tie_threshold=0.3, missing=0.2, seed=4, texts=False).preferences
    ours = disagreement(prefs).annotators.sort("annotator_id")
    theirs = prefqa.consensus(prefs).annotators.sort("annotator_id")
    assert ours["majority_agreement"].to_list() == pytest.approx(theirs["agreement_with_others"].to_list())
    assert ours["se"].to_list() == pytest.approx(theirs["se"].to_list())
    assert ours["n_votes"].to_list() == theirs["n_compared"].to_list()


def test_rankings_have_no_table_of_their_own() -> None:
    with pytest.raises(UsageError, match="no disagreement on 'ranks'"):
        disagreement(prefqa.simulate(10).preferences, target="ranks")


def test_the_ceilings_error_has_the_chance_of_single_judgments_once() -> None:
    campaign = prefqa.simulate(25, 3, 6, 3, seed=4, tie_threshold=0.1, texts=False).preferences
    rows = campaign.judgments.select("item_id", "annotator_id", "response_id", "rank").collect()

    def two(of: pl.DataFrame) -> float:
        value = disagreement(Preferences.from_long(of)).ceiling
        assert value is not None
        assert value.two_annotators.value is not None
        return value.two_annotators.value

    found = disagreement(Preferences.from_long(rows)).ceiling
    assert found is not None
    assert found.two_annotators.se is not None
    assert found.two_annotators.se**2 == pytest.approx(two_way(rows, two), rel=1e-9)
