"""Pairs to train on: which are taken, what they say, and how they are split."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

import prefqa
from prefqa.consensus import PairSet
from prefqa.errors import UsageError
from strategies import judgments, preferences

SELECT = st.sampled_from(["all", "best-worst", "adjacent", "best-vs-rest"])
METHOD = st.sampled_from(["majority", "borda", "kemeny", "mallows", "bradley-terry"])
TIES = st.sampled_from(["keep", "drop", "half"])
MARGIN = st.sampled_from(["logit", "theta", "graded"])
KEY = ["item_id", "chosen_id", "rejected_id"]


def found(frame: pl.DataFrame, method: str = "majority") -> prefqa.ConsensusResult:
    return prefqa.consensus(preferences(frame), method=method)  # type: ignore[arg-type]


def rankings(*orders: str, item: str = "p") -> pl.DataFrame:
    """One annotator per order; "a>b=c" ranks b and c equal."""
    rows = [
        {"item_id": item, "annotator_id": f"v{voter}", "response_id": name, "rank": rank}
        for voter, order in enumerate(orders)
        for rank, level in enumerate(order.split(">"), start=1)
        for name in level.split("=")
    ]
    return pl.DataFrame(rows)


def with_texts(frame: pl.DataFrame, texts: dict[str, Any], prompts: dict[str, Any] | None = None) -> prefqa.Preferences:
    responses = frame.select("item_id", "response_id").unique().sort("item_id", "response_id")
    named = [texts[name] for name in responses["response_id"]]
    items = pl.DataFrame({"item_id": list(prompts), "prompt": list(prompts.values())}) if prompts else None
    return replace(preferences(frame), responses=responses.with_columns(text=pl.Series(named)), items=items)


@given(judgments(), METHOD, SELECT, TIES, st.sampled_from([None, 0.6]))
def test_what_is_taken_and_what_is_left_out_add_up_to_all_pairs(
    frame: pl.DataFrame, method: str, select: Any, ties: Any, least: float | None
) -> None:
    result = found(frame, method)
    pairs = result.pair_set(select, ties=ties, min_probability=least)
    all_pairs = sum(comb(k, 2) for k in result.items["k"])
    assert pairs.n_pairs + pairs.left_out["count"].sum() == all_pairs
    assert pairs.left_out["reason"].is_sorted()


@given(judgments(), METHOD, st.sampled_from(["best-worst", "adjacent", "best-vs-rest"]))
def test_selected_pairs_follow_the_places_so_they_have_no_cycle(frame: pl.DataFrame, method: str, select: Any) -> None:
    result = found(frame, method)
    place = {(item, response): place for item, response, place, *_ in result.responses.iter_rows()}
    for item, chosen, rejected in result.pairs(select, ties="drop").select(KEY).iter_rows():
        assert place[item, chosen] < place[item, rejected]


@given(judgments(), SELECT, MARGIN)
def test_a_halved_tie_says_both_directions_and_weighs_one_pair(frame: pl.DataFrame, select: Any, margin: Any) -> None:
    result = found(frame)
    kept, halved = (result.pair_set(select, ties=ties, margin=margin) for ties in ("keep", "half"))  # type: ignore[arg-type]
    assert halved.frame.filter(~pl.col("tie")).equals(kept.frame.filter(~pl.col("tie")))
    ties = halved.frame.filter("tie")
    directions = ties.select(KEY).rows()
    assert sorted(directions) == sorted((item, rejected, chosen) for item, chosen, rejected in directions)
    assert len(set(directions)) == len(directions) == 2 * kept.frame["tie"].sum()
    assert halved.frame["weight"].sum() == pytest.approx(halved.n_pairs)
    assert kept.frame.filter("tie")["weight"].sum() == 0
    assert set(ties["margin"]) <= {0.0}
    both = ties.with_columns(pair=pl.concat_list("chosen_id", "rejected_id").list.sort().list.join("|"))
    votes = both.group_by("item_id", "pair").agg(pl.col("n_chosen").sum(), pl.col("n_rejected").sum())
    assert votes["n_chosen"].equals(votes["n_rejected"], check_names=False) if votes.height else True


@pytest.mark.parametrize("margin", ["logit", "theta", "graded"])
@given(frame=judgments(), seed=st.integers(0, 99))
def test_pairs_depend_neither_on_row_order_nor_on_names(margin: Any, frame: pl.DataFrame, seed: int) -> None:
    other = frame.with_columns(annotator_id=pl.format("z{}", pl.col("annotator_id").str.reverse()))
    one, two = (
        found(each).pair_set(ties="half", margin=margin)
        for each in (frame, other.sample(fraction=1, shuffle=True, seed=seed))
    )
    assert one.frame.equals(two.frame)
    for a, b in zip(one.split(test=0.5).parts.values(), two.split(test=0.5).parts.values(), strict=True):
        assert a.equals(b)
    renamed = frame.with_columns(
        pl.format("x{}", 9 - pl.col(name).str.slice(-1).cast(pl.Int64)).alias(name)
        for name in ("item_id", "response_id")
    )
    three = found(renamed).pair_set(ties="half", margin=margin)
    assert sorted(one.frame["margin"].round(6)) == sorted(three.frame["margin"].round(6))
    assert one.n_pairs == three.n_pairs


def test_theta_is_the_difference_of_bradley_terry_worths() -> None:
    orders = ["a>b>c", "a>c>b", "b>a>c", "a=b>c"]
    won = np.zeros((3, 3))
    for order in orders:
        rank = {name: at for at, level in enumerate(order.split(">")) for name in level.split("=")}
        for i, one in enumerate("abc"):
            for j, other in enumerate("abc"):
                won[i, j] += 0.0 if i == j else 0.5 if rank[one] == rank[other] else rank[one] < rank[other]

    def loss(t: np.ndarray) -> float:
        return float((won * np.log1p(np.exp(t[None, :] - t[:, None]))).sum() + (t**2).sum() / 2)

    theta = dict(zip("abc", minimize(loss, np.zeros(3), tol=1e-10).x, strict=True))
    for method in ("majority", "mallows", "bradley-terry"):
        pairs = found(rankings(*orders), method).pairs(margin="theta")
        for chosen, rejected, margin in pairs.select("chosen_id", "rejected_id", "margin").iter_rows():
            assert margin == pytest.approx(theta[chosen] - theta[rejected], abs=1e-5)


@given(judgments())
def test_theta_of_bradley_terry_is_that_of_its_own_scores(frame: pl.DataFrame) -> None:
    result = found(frame, "bradley-terry")
    score = {(item, response): s for item, response, _, s, *_ in result.responses.iter_rows()}
    for item, chosen, rejected, margin, tie in result.pairs(margin="theta").select(*KEY, "margin", "tie").iter_rows():
        assert margin == pytest.approx(0 if tie else score[item, chosen] - score[item, rejected], abs=1e-6)


def test_grades_are_cut_from_the_probability() -> None:
    frame = pl.concat(
        [rankings(*["a>b"] * n, *["b>a"] * m, item=f"{n}:{m}") for n, m in [(9, 0), (6, 2), (5, 3), (9, 8)]]
    )
    result = prefqa.consensus(preferences(frame), method="majority", prior=1.0)
    rows = result.pairs(margin="graded").select("item_id", "probability", "margin").sort("item_id")
    assert [(item, round(p, 3), grade) for item, p, grade in rows.iter_rows()] == [
        ("5:3", 0.6, 1.0),
        ("6:2", 0.7, 2.0),
        ("9:0", 0.909, 3.0),
        ("9:8", 0.526, 0.0),
    ]


def test_epsilon_is_the_share_of_labels_that_turn_out_wrong() -> None:
    rng = np.random.default_rng(1)
    n, votes = 4_000, 5
    likes_a = rng.beta(2, 2, n)
    answers = rng.random((n, votes)) < likes_a[:, None]
    rows = pl.DataFrame(
        {
            "item_id": np.repeat([f"i{i:04}" for i in range(n)], 2 * votes),
            "annotator_id": np.tile(np.repeat([f"v{j}" for j in range(votes)], 2), n),
            "response_id": ["a", "b"] * (n * votes),
            "rank": np.stack([2 - answers, 1 + answers], axis=2).ravel(),
        }
    )
    pairs = found(rows).pair_set()
    wrong = (pairs.frame["chosen_id"] == "a") != pl.Series(likes_a > 0.5)
    assert pairs.epsilon == pytest.approx(wrong.mean(), abs=0.02)


def test_epsilon_is_of_the_decided_pairs() -> None:
    frame = pl.concat([rankings("a>b", "a>b", item="p"), rankings("a=b", "a=b", item="q")])
    result = prefqa.consensus(preferences(frame), method="majority", prior=1.0)
    sure = result.pairs(ties="drop")["p_better"].item()
    assert result.pair_set(ties="keep").epsilon == pytest.approx(1 - sure)
    assert result.pair_set(ties="half").epsilon == pytest.approx(1 - sure)
    assert result.pair_set(ties="drop", min_probability=1).epsilon is None


def chat(*words: str | None) -> list[dict[str, str | None]]:
    return [{"role": "assistant", "content": word} for word in words]


@pytest.mark.parametrize(
    "texts",
    [
        {"a": "yes", "b": " yes ", "c": "no", "d": " "},
        {"a": "yes", "b": "yes", "c": "no", "d": None},
        {"a": chat("yes"), "b": chat("yes"), "c": chat("no"), "d": chat("yes", "")},
        {"a": chat("yes"), "b": chat("yes"), "c": chat("no"), "d": []},
        {"a": chat("yes"), "b": chat("yes"), "c": chat("no"), "d": None},
        {"a": chat("yes"), "b": chat("yes"), "c": chat("no"), "d": chat(None)},
    ],
)
def test_sides_without_text_or_with_the_same_are_left_out_and_counted(texts: dict[str, Any]) -> None:
    result = prefqa.consensus(with_texts(rankings("a>b>c>d", "a>b>c>d"), texts), method="majority")
    pairs = result.pair_set()
    assert pairs.frame.select("chosen_id", "rejected_id").rows() == [("a", "c"), ("b", "c")]
    assert dict(pairs.left_out.rows()) == {"no_text": 3, "same_text": 1}


def test_without_any_text_there_is_nothing_to_train_on_and_the_reason_is_given(tmp_path: Path) -> None:
    unknown = dict.fromkeys("abc")
    for prefs in (preferences(rankings("a>b>c")), with_texts(rankings("a>b>c"), unknown)):
        pairs = prefqa.consensus(prefs, method="majority").pair_set()
        assert pairs.left_out.is_empty()
        assert pairs.to_dict()["training_file"] | {"reason": None} == {
            "n_pairs": 0, "n_rows": 0, "left_out": [], "reason": None,
        }  # fmt: skip
        assert "no text of a response is known" in pairs.sentence
        with pytest.raises(UsageError, match="no text of a response is known"):
            pairs.write(tmp_path / "pairs.jsonl", layout="trl")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("ties", "n_written"), [("keep", 5), ("drop", 5), ("half", 6)])
def test_what_a_training_file_leaves_out_stays_marked(ties: Any, n_written: int) -> None:
    texts = {"a": "good", "b": "bad", "c": "bad", "d": "so so", "e": None}
    frame = pl.concat([rankings("a>b>c>d=e", "a>b>c>d=e"), rankings("a=b", item="q")])
    pairs = prefqa.consensus(with_texts(frame, texts), method="majority").pair_set(ties=ties)
    decided = {("p", "a", "b"), ("p", "a", "c"), ("p", "a", "d"), ("p", "b", "d"), ("p", "c", "d")}
    both = {("q", "a", "b"), ("q", "b", "a")} if ties == "half" else set()
    assert set(pairs.training.select(KEY).rows()) == decided | both
    assert pairs.marked.filter(pl.col("left_out").is_null()).select(KEY).equals(pairs.training.select(KEY))
    assert pairs.marked.filter("is_tie")["item_id"].unique().sort().to_list() == ["p", "q"]
    n_tied = 2 if ties == "drop" else 1 - len(both) // 2
    left_out = {"no_text": 4 - (ties == "drop"), "same_text": 1} | ({"tie": n_tied} if n_tied else {})
    assert dict(pairs.marked["left_out"].drop_nulls().value_counts().rows()) == left_out
    told = pairs.to_dict()["training_file"]
    assert {row["reason"]: row["count"] for row in told["left_out"]} == left_out
    assert (told["n_pairs"], told["n_rows"], told["reason"]) == (n_written, len(decided | both), None)
    assert pairs.sentence.startswith(f"11 pairs: {n_written} written, ")


def dialogue(question: str, *words: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": word} for at, word in enumerate((question, *words))]


@given(
    st.lists(st.sampled_from(["Why?", "Why  \n?", "How?", "Ve\u0301lo?", "V\u00e9lo?"]), min_size=2, max_size=12),
    st.integers(0, 3),
)
def test_no_prompt_that_dialogues_begin_with_is_in_two_parts(questions: list[str], seed: int) -> None:
    rows = [
        {"item_id": f"p{n}", "annotator_id": "x", "response_id": response, "rank": rank,
         "text": dialogue(question, *words)}
        for n, question in enumerate(questions)
        for rank, (response, words) in enumerate(
            {"a": ["1", "And?", f"a{n}"], "b": ["1", "And?", f"b{n}"], "c": [f"c{n}"]}.items(), 1
        )
    ]  # fmt: skip
    pairs = prefqa.consensus(prefqa.read(rows), method="majority").pair_set()
    assert pairs.frame["prompt"].list.len().unique().sort().to_list() == [1, 3]
    parts = pairs.split(test=0.4, validation=0.3, seed=seed).parts.values()
    for normal in (lambda text: " ".join(unicodedata.normalize("NFC", text).split()), lambda text: text):
        asked = [{normal(prompt[0]["content"]) for prompt in part["prompt"]} for part in parts]
        assert sum(map(len, asked)) == len(set().union(*asked))


def test_items_without_a_prompt_stay_together_where_their_texts_are_the_same() -> None:
    frame = pl.concat([rankings("a>b", item=f"{criterion}/{n}") for n in range(40) for criterion in ("style", "truth")])
    responses = frame.select("item_id", "response_id").with_columns(
        text=pl.concat_str("response_id", pl.col("item_id").str.extract(r"/(\d+)"))
    )
    prefs = replace(preferences(frame), responses=responses)
    split = prefqa.consensus(prefs, method="majority").pair_set().split(test=0.5)
    numbers = [set(part["item_id"].str.extract(r"/(\d+)")) for part in (split.train, split.test)]
    assert not numbers[0] & numbers[1]
    assert all(numbers)


def test_numbers_of_prompts_are_no_prompts_but_tell_the_parts() -> None:
    prefs = with_texts(pl.concat([rankings("a>b", item=f"i{n}") for n in range(30)]), {"a": "good", "b": "bad"})
    items = pl.DataFrame({"item_id": [f"i{n}" for n in range(30)], "prompt": [str(n % 10) for n in range(30)]})
    pairs = prefqa.consensus(replace(prefs, items=items), method="majority").pair_set()
    assert "prompt" not in pairs.frame.columns
    parts = pairs.split(test=0.5).parts.values()
    assert sum(part["prompt_id"].n_unique() for part in parts) == 10


def pair_set(n_items: int, prompts: pl.Series | None = None) -> PairSet:
    items = pl.Series([f"item{i}" for i in range(n_items)])
    frame = pl.DataFrame({"item_id": items.gather(np.repeat(np.arange(n_items), 2))}).with_columns(
        weight=pl.lit(1.0), p_better=pl.lit(0.9)
    )
    if prompts is not None:
        frame = frame.with_columns(prompt=prompts.gather(np.repeat(np.arange(n_items), 2)))
    return PairSet(frame, pl.DataFrame(schema={"reason": pl.String, "count": pl.Int64}))


@given(
    st.lists(st.sampled_from(["x", "y", "z", "w", None]), min_size=1, max_size=30),
    st.floats(0, 0.6),
    st.floats(0, 0.39),
    st.integers(0, 5),
    st.booleans(),
)
def test_a_split_separates_neither_an_item_nor_a_prompt(
    prompts: list[str | None], test: float, validation: float, seed: int, as_chat: bool
) -> None:
    known = pl.Series(prompts, dtype=pl.String)
    if as_chat:
        message = pl.struct(role=pl.lit("user"), content=known)
        known = pl.select(pl.when(known.is_not_null()).then(pl.concat_list(message))).to_series()
    pairs = pair_set(len(prompts), known)
    split = pairs.split(test=test, validation=validation, seed=seed)
    parts = [split.train, split.validation, split.test]
    assert sum(part.height for part in parts) == pairs.training.height == split.sizes["n_rows"].sum()
    for key in ("item_id", "prompt"):
        texts = [part.drop_nulls(key).select(pl.struct(key).struct.json_encode()).to_series() for part in parts]
        assert sum(each.n_unique() for each in texts) == pl.concat(texts).n_unique()
    again = replace(pairs, frame=pairs.frame.reverse()).split(test=test, validation=validation, seed=seed)
    assert again.test.reverse().equals(split.test)


def test_the_shares_of_a_split_come_out_and_another_seed_is_another_split() -> None:
    pairs = pair_set(20_000)
    split = pairs.split(test=0.1, validation=0.05)
    shares = split.sizes["n_items"] / 20_000
    assert shares.to_list() == pytest.approx([0.85, 0.05, 0.1], abs=3 * np.sqrt(0.1 * 0.9 / 20_000))
    assert split.test["item_id"].n_unique() + split.train["item_id"].n_unique() < 20_000
    other = pairs.split(test=0.1, seed=1)
    common = other.test.join(pairs.split(test=0.1, seed=0).test, on="item_id", how="semi")["item_id"].n_unique()
    assert common / 20_000 == pytest.approx(0.01, abs=0.003)


def test_a_split_does_not_change_with_versions_or_further_items() -> None:
    few, many = pair_set(30).split(test=0.2).test, pair_set(60).split(test=0.2).test
    assert few["item_id"].unique(maintain_order=True).to_list() == [
        "item4",
        "item6",
        "item9",
        "item10",
        "item14",
        "item18",
        "item27",
        "item28",
    ]
    assert set(few["item_id"]) <= set(many["item_id"])


@pytest.mark.parametrize(("test", "validation"), [(-0.1, 0), (0.5, 0.5), (1, 0), (float("nan"), 0)])
def test_shares_that_leave_nothing_to_train_on_are_refused(test: float, validation: float) -> None:
    with pytest.raises(UsageError, match="train"):
        pair_set(3).split(test=test, validation=validation)


def test_wrong_words_are_named() -> None:
    result = found(rankings("a>b"))
    for wrong in ({"margin": "big"}, {"ties": "halve"}, {"select": "worst"}):
        with pytest.raises(UsageError, match=f"{next(iter(wrong))}="):
            result.pairs(**wrong)  # type: ignore[arg-type]
