"""What a leaderboard estimates, what it leaves out, and when there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize

import prefqa
from consensus.leaderboard.battles import battles, drawn, repeated
from consensus.leaderboard.test_oracles import scores
from prefqa.errors import ColumnNotFoundError, UsageError

TIES = ("half", "davidson", "rao-kupper")
CYCLE = [("a", "b", "left"), ("b", "c", "left"), ("c", "a", "left")]


def test_the_json_form() -> None:
    found = prefqa.leaderboard(battles(CYCLE * 2)).to_dict()
    assert set(found) == {"overall", "leaderboard", "covariates", "annotators"}
    assert list(found["leaderboard"][0])[:9] == [
        "name", "score", "se", "ci_low", "ci_high", "rank", "rank_low", "rank_high", "n_votes",
    ]  # fmt: skip
    assert found["overall"]["n_votes"] == 6


def test_names_may_be_a_column_of_responses() -> None:
    rows = {"item_id": ["p", "p", "q", "q"], "annotator_id": "x", "response_id": ["r1", "r2"] * 2, "rank": [1, 2, 1, 2]}
    responses = pl.DataFrame(
        {"item_id": ["p", "p", "q", "q"], "response_id": ["r1", "r2"] * 2, "model": ["gpt", "llama", "llama", "gpt"]}
    )
    prefs = prefqa.Preferences.from_long(pl.DataFrame(rows), responses=responses)
    found = prefqa.leaderboard(prefs, by="model")
    assert found.leaderboard.select("name", "score", "n_wins", "n_losses").rows() == [
        ("gpt", 0.0, 1, 1),
        ("llama", 0.0, 1, 1),
    ]
    with pytest.raises(UsageError, match="do not connect"):
        prefqa.leaderboard(prefs)
    with pytest.raises(ColumnNotFoundError, match="column not found: 'modle'"):
        prefqa.leaderboard(prefs, by="modle")


def test_rankings_give_a_vote_on_each_pair() -> None:
    rows = [
        {"item_id": item, "annotator_id": "x", "response_id": name, "rank": rank}
        for item, ranks in {"p": (1, 2, 3), "q": (3, 2, 2), "r": (2, None, 1)}.items()
        for name, rank in zip("abc", ranks, strict=True)
    ]
    found = prefqa.leaderboard(prefqa.Preferences.from_long(pl.DataFrame(rows)))
    counted = found.leaderboard.sort("name").select("name", "n_wins", "n_ties", "n_losses", "n_opponents").rows()
    assert counted == [("a", 2, 0, 3, 2), ("b", 2, 1, 1, 2), ("c", 2, 1, 2, 2)]
    assert found.n_votes == 7


def test_self_pairs_and_missing_names_are_left_out_and_counted() -> None:
    rows = [("a", "b", "left"), ("b", "a", "left"), ("a", "b", "tie"), ("a", "c", "left"), ("c", "c2", "left")]
    prefs = battles(rows)
    name = pl.col("response_id").replace({"c2": "c"})
    named = prefs.with_judgments(prefs.judgments.with_columns(model=pl.when(pl.col("item_id") != "000003").then(name)))
    found = prefqa.leaderboard(named, by="model")
    assert found.overall["n_votes_same_name"] == 1
    assert found.overall["n_votes_without_name"] == 1
    assert found.overall["names_without_votes"] == ["c"]
    assert any("c" in warning for warning in found.warnings)
    assert found.leaderboard["name"].to_list() == ["a", "b"]


@pytest.mark.parametrize("ties", TIES)
def test_names_that_are_not_connected_are_refused_by_name(ties: Any) -> None:
    apart = [("a", "b", "left"), ("b", "a", "left"), ("x", "y", "left"), ("y", "x", "left"), ("x", "y", "tie")]
    with pytest.raises(UsageError, match=r"2 groups: \{a, b\}; \{x, y\}") as refused:
        prefqa.leaderboard(battles(apart), ties=ties)
    assert "no chain of votes" in str(refused.value)
    found = prefqa.leaderboard(battles(apart), ties=ties, prior_sd=1.0)
    assert found.overall["groups"] == [["a", "b"], ["x", "y"]]
    assert "do not connect" in found.warnings[0]


def test_a_name_that_never_lost_is_refused_unless_there_is_a_prior() -> None:
    rows = [*CYCLE, ("best", "a", "left"), ("best", "b", "left")]
    with pytest.raises(UsageError, match=r"only won, or only lost.*\{a, b, c\}; \{best\}"):
        prefqa.leaderboard(battles(rows))
    found = prefqa.leaderboard(battles(rows), prior_sd=1.0)
    assert found.leaderboard["name"][0] == "best"
    assert np.isfinite(found.leaderboard["score"].to_numpy()).all()


@pytest.mark.parametrize("ties", TIES)
def test_a_tie_connects_both_ways(ties: Any) -> None:
    rows = [*CYCLE, ("d", "a", "left"), ("d", "b", "tie"), ("d", "c", "tie")]
    found = prefqa.leaderboard(battles(rows), ties=ties)
    assert found.leaderboard["name"][0] == "d"
    assert found.overall["converged"]


@pytest.mark.parametrize("ties", ["davidson", "rao-kupper"])
@pytest.mark.parametrize(
    ("rows", "finite"),
    [
        ([("a", "b", "left"), ("a", "b", "tie")], False),
        ([("a", "b", "left"), ("a", "b", "tie"), ("b", "a", "left")], True),
        # Levels c, b, a: each win is by one, each tie within one.
        ([("a", "b", "left"), ("b", "c", "left"), ("a", "b", "tie"), ("b", "c", "tie")], False),
        # The tie of a and c spans two levels: ties are rarer than they would have to be.
        ([("a", "b", "left"), ("b", "c", "left"), ("a", "b", "tie"), ("b", "c", "tie"), ("a", "c", "tie")], True),
    ],
)
def test_a_tie_parameter_without_finite_estimate_is_refused(ties: Any, rows: list[Any], finite: bool) -> None:
    if finite:
        found = prefqa.leaderboard(battles(rows), ties=ties)
        assert found.overall["converged"]
        assert np.abs(found.leaderboard["score"].to_numpy()).max() < 20
    else:
        with pytest.raises(UsageError, match="tie parameter has no finite"):
            prefqa.leaderboard(battles(rows), ties=ties)
        assert prefqa.leaderboard(battles(rows), ties=ties, prior_sd=1.0).overall["converged"]


@pytest.mark.parametrize(("ties", "edge"), [("davidson", 0), ("rao-kupper", 1)])
def test_without_ties_the_models_are_bradley_terry(ties: Any, edge: float) -> None:
    prefs, _ = drawn(4, 60, seed=1)
    found = prefqa.leaderboard(prefs, ties=ties)
    assert found.leaderboard.equals(prefqa.leaderboard(prefs).leaderboard)
    assert found.overall["tie_parameter"]["estimate"] == edge
    assert found.overall["tie_parameter"]["reason"] == "no vote is a tie"


def test_all_ties_are_equal_scores() -> None:
    rows = [("a", "b", "tie"), ("b", "c", "tie"), ("a", "c", "tie")]
    assert list(scores(prefqa.leaderboard(battles(rows))).values()) == [0, 0, 0]
    for ties in ("davidson", "rao-kupper"):
        with pytest.raises(UsageError, match="every vote is a tie"):
            prefqa.leaderboard(battles(rows), ties=ties)  # type: ignore[arg-type]


@pytest.mark.parametrize("ties", TIES)
def test_equal_wins_are_equal_scores(ties: Any) -> None:
    pairs = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")]
    found = prefqa.leaderboard(battles(repeated((*pair, 3, 2, 3) for pair in pairs)), ties=ties)
    assert list(scores(found).values()) == pytest.approx([0] * 4, abs=1e-9)
    assert found.leaderboard["rank"].to_list() == [1] * 4
    assert found.leaderboard["rank_high"].to_list() == [4] * 4


def test_nothing_to_compare_is_said() -> None:
    none = prefqa.Preferences.from_long(
        pl.DataFrame({"item_id": ["p"], "annotator_id": ["x"], "response_id": ["a"], "rank": [1]})
    )
    with pytest.raises(UsageError, match="only one response_id, 'a'"):
        prefqa.leaderboard(none)
    with pytest.raises(UsageError, match="no vote compares"):
        prefqa.leaderboard(none.with_judgments(none.judgments.filter(pl.col("rank") > 1)))


def test_one_item_has_scores_without_errors() -> None:
    found = prefqa.leaderboard(battles(CYCLE, items=[0, 0, 0], annotators=[0, 1, 2]))
    assert found.leaderboard["se"].null_count() == found.leaderboard["rank_low"].null_count() == 3
    assert "only one item" in found.overall["reason"]
    assert found.against("a")["ci_low"].null_count() == 2
    assert prefqa.leaderboard(battles(CYCLE), inference="model").leaderboard["se"].null_count() == 0


def test_judges_of_two_kinds_are_not_mixed_in_silence() -> None:
    prefs, _ = drawn(4, 200, seed=3)
    kind = pl.when(pl.col("item_id") < "000100").then(pl.lit("human")).otherwise(pl.lit("model"))
    mixed = prefs.with_judgments(prefs.judgments.with_columns(annotator_kind=kind))
    assert "people and models count together" in prefqa.leaderboard(mixed).warnings[0]
    people = prefqa.leaderboard(mixed, annotator_kind="human")
    assert people.warnings == ()
    assert people.n_votes == 100
    with pytest.raises(ColumnNotFoundError):
        prefqa.leaderboard(prefs, annotator_kind="human")


def with_words(weight: float, n: int = 3000) -> prefqa.Preferences:
    """Votes that go by quality, and by `weight` for each standard deviation of words more; the first is seen first."""
    rng = np.random.default_rng(5)
    truth, words = np.array([0.6, 0.2, -0.2, -0.6]), rng.normal(100, 20, (n, 2)).round()
    pair = np.array([rng.choice(4, 2, replace=False) for _ in range(n)])
    d = truth[pair[:, 0]] - truth[pair[:, 1]] + weight * (words[:, 0] - words[:, 1]) / 28.3 + 0.3
    first_won = rng.random(n) < 1 / (1 + np.exp(-d))
    frame = {
        "item_id": np.repeat(np.arange(n), 2).astype(str),
        "annotator_id": "a",
        "response_id": np.array(list("abcd"))[pair].ravel(),
        "rank": np.stack([2 - first_won, 1 + first_won], axis=1).ravel(),
        "position": np.tile([1, 2], n),
        "n_words": words.ravel(),
    }
    return prefqa.Preferences.from_long(pl.DataFrame(frame))


@pytest.mark.parametrize("ties", TIES)
def test_covariates_are_found(ties: Any) -> None:
    found = prefqa.leaderboard(with_words(0.7), covariates=["n_words", "position"], ties=ties)
    rows = {row["covariate"]: row for row in found.covariates.iter_rows(named=True)}
    words, position = rows["n_words"], rows["position"]
    assert words["sd"] == pytest.approx(28.3, rel=0.03)
    assert words["ci_low"] < 0.7 * words["sd"] / 28.3 < words["ci_high"]
    assert words["odds_per_unit"] == pytest.approx(np.exp(words["coefficient"] / words["sd"]))
    assert position["ci_low"] < -0.3 < position["ci_high"]
    assert scores(found)["a"] == pytest.approx(0.6, abs=0.2)


def test_covariates_equal_a_general_optimiser() -> None:
    prefs = with_words(0.5, n=200)
    wide = prefs.judgments.collect().group_by("item_id").agg(pl.col("response_id", "rank", "n_words"))
    a, b, x, won = [], [], [], []
    for row in wide.iter_rows(named=True):
        a.append("abcd".index(row["response_id"][0]))
        b.append("abcd".index(row["response_id"][1]))
        x.append(row["n_words"][0] - row["n_words"][1])
        won.append(row["rank"][0] == 1)
    a_, b_, x_, sign = np.array(a), np.array(b), np.array(x), np.where(won, 1, -1)

    def loss(theta: np.ndarray[Any, Any]) -> float:
        d = theta[a_] - theta[b_] + theta[4] * x_ / 20
        return float(np.log1p(np.exp(-sign * d)).sum() + theta[:4].sum() ** 2)

    peer = minimize(loss, np.zeros(5), tol=1e-12)
    found = prefqa.leaderboard(prefs, covariates=["n_words"])
    assert [scores(found)[name] for name in "abcd"] == pytest.approx(peer.x[:4], abs=1e-4)
    assert np.log(found.covariates["odds_per_unit"][0]) == pytest.approx(peer.x[4] / 20, abs=1e-5)


def test_length_counts_the_characters_of_texts_and_of_chat_messages() -> None:
    prefs = with_words(0.7, n=400)
    rows = prefs.judgments.select("item_id", "response_id", "n_words").collect()
    text = pl.lit("é").repeat_by(pl.col("n_words").cast(pl.Int64)).list.join("")
    as_text = rows.select("item_id", "response_id", text=text)
    as_chat = as_text.with_columns(text=pl.concat_list(pl.struct(role=pl.lit("assistant"), content="text")))
    by_column = prefqa.leaderboard(prefs, covariates=["n_words"])
    for responses in (as_text, as_chat):
        with_texts = prefqa.Preferences.from_long(prefs.judgments, responses=responses)
        found = prefqa.leaderboard(with_texts, covariates=["length"])
        assert found.covariates.drop("covariate").equals(by_column.covariates.drop("covariate"))
    with pytest.raises(UsageError, match="no texts"):
        prefqa.leaderboard(prefs, covariates=["length"])


def test_votes_without_a_covariate_are_left_out_and_counted() -> None:
    prefs = with_words(0.7, n=400)
    words = pl.when(pl.col("item_id").cast(pl.Int64) >= 10).then("n_words")
    found = prefqa.leaderboard(
        prefs.with_judgments(prefs.judgments.with_columns(n_words=words)), covariates=["n_words"]
    )
    assert found.overall["n_votes_without_covariate"] == 10
    assert found.n_votes == 390


def test_covariates_that_say_nothing_are_refused() -> None:
    prefs = with_words(0.7, n=400)
    of_name = pl.col("response_id").replace_strict({"a": 1.0, "b": 5.0, "c": 2.0, "d": 3.0})
    more = prefs.with_judgments(
        prefs.judgments.with_columns(
            of_name=of_name, equal=pl.lit(3.0), rank_again=pl.col("rank"), text=pl.lit("x"), twice=2 * pl.col("n_words")
        )
    )
    for covariates, message in (
        (["of_name"], "cannot be told from the scores"),
        (["n_words", "twice"], "cannot be told from the scores"),
        (["equal"], "the same on both sides"),
        (["rank_again"], "no finite estimate"),
        (["text"], "numbers are expected"),
        (["n_words", "n_words"], "twice"),
    ):
        with pytest.raises(UsageError, match=message):
            prefqa.leaderboard(more, covariates=covariates)


def crowd(reliability: list[float], n: int = 3000, seed: int = 7) -> tuple[prefqa.Preferences, np.ndarray[Any, Any]]:
    """Crowd-BT votes of annotators of given reliability, in turn."""
    rng = np.random.default_rng(seed)
    truth = np.array([1.2, 0.6, 0.1, -0.6, -1.3])
    pair = np.array([rng.choice(5, 2, replace=False) for _ in range(n)])
    annotator = np.arange(n) % len(reliability)
    won = rng.random(n) < 1 / (1 + np.exp(truth[pair[:, 1]] - truth[pair[:, 0]]))
    won ^= rng.random(n) > np.array(reliability)[annotator]
    rows = [("abcde"[i], "abcde"[j], "left" if w else "right") for (i, j), w in zip(pair, won, strict=True)]
    return battles(rows, annotators=annotator), truth


def test_weighted_annotators_are_found() -> None:
    reliability = [0.95, 0.9, 0.9, 0.8, 0.5, 0.1]
    prefs, truth = crowd(reliability)
    found = prefqa.leaderboard(prefs, annotators="weighted")
    rows = found.annotators
    # The scale of scores and the reliabilities are known only together: both err together.
    assert (rows["reliability"] - pl.Series(reliability)).abs().max() < 0.15  # type: ignore[operator]
    assert rows["below_chance"].to_list() == [False] * 5 + [True]
    assert rows["n_votes"].to_list() == [500] * 6
    equal, weighted = (scores(prefqa.leaderboard(prefs, annotators=a)) for a in ("equal", "weighted"))  # type: ignore[arg-type]
    off = [np.abs(np.array([s[n] for n in "abcde"]) - truth).mean() for s in (equal, weighted)]
    assert off[1] < off[0] * 0.6


def test_weighted_annotators_equal_a_general_optimiser() -> None:
    prefs, _ = crowd([0.95, 0.8, 0.6], n=150)
    wide = prefs.judgments.collect().group_by("item_id", "annotator_id", maintain_order=True).agg("response_id", "rank")
    names = np.array([["abcde".index(n) for n in row] for row in wide["response_id"]])
    sign = np.array([1 if row[0] == 1 else -1 for row in wide["rank"]])
    annotator = wide["annotator_id"].str.slice(1).cast(pl.Int64).to_numpy()

    def loss(theta: np.ndarray[Any, Any]) -> float:
        p = 1 / (1 + np.exp(-sign * (theta[names[:, 0]] - theta[names[:, 1]])))
        eta = 1 / (1 + np.exp(-theta[5:]))
        q = eta[annotator] * p + (1 - eta[annotator]) * (1 - p)
        return float(-np.log(q).sum() - (3 * np.log(eta) + np.log(1 - eta)).sum() + (theta[:5] ** 2).sum() / 2)

    peer = minimize(loss, np.concatenate([np.zeros(5), np.full(3, np.log(0.7 / 0.3))]), tol=1e-12)
    found = prefqa.leaderboard(prefs, annotators="weighted")
    assert [scores(found)[name] for name in "abcde"] == pytest.approx(peer.x[:5], abs=1e-4)
    assert found.annotators["reliability"].to_list() == pytest.approx(1 / (1 + np.exp(-peer.x[5:])), abs=1e-5)
    step = 1e-3 * np.eye(8)
    curvature = [
        [sum(i * j * loss(peer.x + i * a + j * b) for i in (1, -1) for j in (1, -1)) / (4 * 1e-6) for a in step]
        for b in step
    ]
    share = found.annotators["reliability"].to_numpy()
    errors = np.sqrt(np.diag(np.linalg.inv(np.array(curvature))))[5:] * share * (1 - share)
    assert found.annotators["se"].to_list() == pytest.approx(errors, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ties": "halves"}, "did you mean 'half'"),
        ({"annotators": "some"}, "annotators"),
        ({"inference": "all"}, "inference"),
        ({"method": "jackknife"}, "method"),
        ({"annotator_kind": "robot"}, "annotator_kind"),
        ({"level": 1}, "level"),
        ({"n_replicates": 3}, "n_replicates"),
        ({"prior_sd": 0}, "prior_sd"),
        ({"covariates": "length"}, "covariates is a list"),
        ({"annotators": "weighted", "ties": "davidson"}, "half"),
        ({"method": "bootstrap", "inference": "model"}, "bootstrap"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        prefqa.leaderboard(battles(CYCLE), **options)


def test_one_response_has_one_name() -> None:
    prefs = battles([("a", "b", "left"), ("a", "b", "right")], items=[0, 0], annotators=[0, 0])
    torn = prefs.with_judgments(prefs.judgments.with_columns(model=pl.col("_row").cast(pl.String)))
    with pytest.raises(UsageError, match="several values for one response"):
        prefqa.leaderboard(torn, by="model")


def test_against_says_who_is_asked_for() -> None:
    found = prefqa.leaderboard(battles(CYCLE))
    with pytest.raises(UsageError, match="not on the leaderboard"):
        found.against("z")
