"""Weights of criteria against references, what cannot be fitted, and what must not matter."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

import prefqa
from prefqa.criteria.held_out import parts
from prefqa.criteria.items import BASE, linked
from prefqa.criteria.logistic import Finite, Patterns, dependent, direction, fit
from prefqa.criteria.weights import Groups, weights
from prefqa.errors import ColumnNotFoundError, UsageError

NAMES = ("harmless", "helpful", "truthful")
_I = np.arange(60)
X = np.stack([((_I * (c + 2) * 7 + _I // 3 + c) % 3) - 1 for c in range(3)], axis=1).astype(float)
Y = np.where(2 * X[:, 0] + X[:, 1] + ((_I * 37) % 11 - 5) / 1.2 > 0, 1, -1)
PROMPT, ANNOTATOR = _I // 3, _I % 5
Z = X * Y[:, None]


def campaign(x: np.ndarray, y: np.ndarray, prompt: np.ndarray, annotator: np.ndarray, **more: object) -> pl.DataFrame:
    """Rows of two responses: an overall vote and votes by criteria (1: a is better, 0: a tie, -1: b is better)."""
    columns = {"overall": y} | {name: x[:, i] for i, name in enumerate(NAMES[: x.shape[1]])}
    rows = [
        {"item_id": f"p{p}/{name}", "annotator_id": f"ann{who}", "criterion": name, "response_id": side,
         "rank": 1 if vote * sign >= 0 else 2, "score": float(vote * sign)} | more
        for name, votes in columns.items()
        for p, who, vote in zip(prompt, annotator, votes, strict=True)
        for side, sign in (("a", 1), ("b", -1))
    ]  # fmt: skip
    return pl.DataFrame(rows)


def preferences(frame: pl.DataFrame) -> prefqa.Preferences:
    return prefqa.Preferences.from_long(frame)


def simulated(n_prompts: int = 200, n_annotators: int = 20, seed: int = 0, scale: float = 1.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = 3 * n_prompts
    prompt = np.repeat(np.arange(n_prompts), 3)
    annotator = np.concatenate([rng.choice(n_annotators, 3, replace=False) for _ in range(n_prompts)])
    x = rng.integers(-1, 2, size=(n, 3))
    u = scale * x @ np.array([0.4, 1.5, 0.8]) + rng.logistic(size=n)
    return campaign(x, np.where(np.abs(u) < 0.2, 0, np.sign(u)), prompt, annotator)


def test_weights_are_those_of_statsmodels_and_shrunk_ones_those_of_scikit_learn() -> None:
    """statsmodels 0.15.0, GLM(y, x, Binomial) without constant; scikit-learn 1.9.1, LogisticRegression(C=1/3)."""
    patterns = Patterns.of(Z)
    assert fit(patterns.values, patterns.counts) == pytest.approx(STATSMODELS, abs=1e-7)
    assert fit(patterns.values, patterns.counts, 3.0) == pytest.approx(SCIKIT_LEARN, abs=1e-5)
    result = prefqa.criteria(preferences(campaign(X, Y, _I // 3, ANNOTATOR)))
    assert result.weights["criterion"].to_list() == list(NAMES)
    assert result.weights["weight"].to_list() == pytest.approx(STATSMODELS, abs=1e-7)
    assert result.weights["odds"].to_list() == pytest.approx(np.exp(STATSMODELS), abs=1e-6)


def test_errors_are_those_of_leaving_out_each_prompt_in_turn() -> None:
    """In one Newton step; fits without each prompt (statsmodels 0.15.0) differ by less than a seventh."""
    patterns = Patterns.of(Z)
    rows = weights(NAMES, patterns, Groups(PROMPT, None), 0.95).rows
    beta = fit(patterns.values, patterns.counts)
    left = []
    for prompt in range(20):
        z = Z[prompt != PROMPT]
        p = expit(z @ beta)
        left.append(beta + np.linalg.solve((z * (p * (1 - p))[:, None]).T @ z, z.T @ (1 - p)))
    exact = np.sqrt(19 / 20 * ((np.array(left) - np.mean(left, axis=0)) ** 2).sum(axis=0))
    assert [row["se"] for row in rows] == pytest.approx(exact, rel=1e-9)
    assert [row["se"] for row in rows] == pytest.approx(REFITTED, rel=1 / 7)
    assert all(row["ci_low"] < row["weight"] < row["ci_high"] for row in rows)


def test_annotators_who_weigh_differently_widen_the_intervals() -> None:
    rng = np.random.default_rng(3)
    prompt, annotator = np.repeat(np.arange(600), 3), np.tile(np.arange(6), 300)
    x = rng.integers(-1, 2, size=(1800, 1))
    y = np.sign(x[:, 0] * np.array([0, 0.5, 1, 2, 3, 4])[annotator] + rng.logistic(size=1800))
    prefs = preferences(campaign(x, y, prompt, annotator))
    both = prefqa.criteria(prefs)
    patterns = Patterns.of(x[y != 0] * y[y != 0][:, None])
    alone = weights(("harmless",), patterns, Groups(prompt[y != 0], None), 0.95).rows[0]
    assert both.weights["se"][0] > 2 * alone["se"]
    assert "prompts and annotators" in both.method
    assert "6 annotators: fewer than 15" in both.warnings[0]


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.stack([X[:, 0], X[:, 1], X[:, 1]], axis=1), "collinear: it cannot be told apart from truthful"),
        (np.stack([X[:, 0], 0 * X[:, 1], X[:, 2]], axis=1), "it prefers neither response in any of these votes"),
        (np.stack([X[:, 0], Y * (_I % 4 == 0), X[:, 2]], axis=1), "separated: it goes against no overall vote"),
    ],
)
def test_a_weight_that_cannot_be_fitted_is_null_with_its_reason_and_the_others_stay(x: np.ndarray, reason: str) -> None:
    result = prefqa.criteria(preferences(campaign(x, Y, PROMPT, ANNOTATOR)))
    rows = {row["criterion"]: row for row in result.weights.to_dicts()}
    assert rows["helpful"]["weight"] is None
    assert rows["helpful"]["reason"].startswith(reason)
    assert rows["harmless"]["weight"] is not None
    assert rows["harmless"]["se"] is not None
    assert np.isfinite(result.weights["shrunk"].to_list()).all()
    if reason.startswith("separated"):  # the limit of the likelihood: the votes on which helpful decides nothing
        left = _I % 4 != 0
        others = Patterns.of(Z[left][:, [0, 2]])
        limit = fit(others.values, others.counts)
        assert [rows[name]["weight"] for name in ("harmless", "truthful")] == pytest.approx(limit, abs=1e-6)
        assert "from the 45 votes" in result.warnings[0]


@given(st.lists(st.tuples(*[st.integers(-1, 1)] * 3), min_size=1, max_size=12))
def test_what_is_finite_is_told_by_whether_the_fit_runs_away(rows: list[tuple[int, ...]]) -> None:
    z = np.unique(np.array(rows, float), axis=0)
    found = Finite.of(z)
    if dependent(z).any():
        return
    way = direction(z)
    assert (z @ way >= -1e-9).all()
    grown = [np.abs(fit(z, np.ones(len(z)), penalty)) for penalty in (1e-4, 1e-6)]
    runs_away = grown[1] - grown[0] > 1.0
    assert (runs_away <= found.infinite).all()
    if not found.infinite.any():
        assert grown[1] == pytest.approx(grown[0], abs=0.5)


def test_ties_and_incomplete_votes_are_counted_and_not_fitted() -> None:
    frame = simulated(30)
    dropped = frame.filter(~((pl.col("criterion") == "helpful") & (pl.col("item_id") == "p0/helpful")))
    whole, part = (prefqa.criteria(preferences(one)) for one in (frame, dropped))
    y = frame.filter(criterion="overall").group_by("item_id", "annotator_id").agg(tie=pl.col("rank").n_unique() == 1)
    assert whole.n_ties == y["tie"].sum()
    assert whole.n_votes + whole.n_ties == y.height
    assert part.n_incomplete == y.filter(pl.col("item_id") == "p0/overall", ~pl.col("tie")).height > 0
    assert part.n_votes == whole.n_votes - part.n_incomplete


def test_the_worth_of_weights_is_seen_beside_equal_ones_and_a_coin() -> None:
    result = prefqa.criteria(preferences(simulated(400, scale=2.0)))
    losses = dict(result.held_out.select("model", "log_loss").rows())
    assert losses["weights"] < losses["equal weights"] < losses["coin"] == pytest.approx(np.log(2))
    noise = simulated(400, seed=4)
    turned = noise.with_columns(rank=pl.when(criterion="overall").then(3 - pl.col("rank").shuffle(7)).otherwise("rank"))
    none = dict(prefqa.criteria(preferences(turned)).held_out.select("model", "log_loss").rows())
    assert none["weights"] == pytest.approx(np.log(2), abs=0.01)


def test_votes_against_all_criteria_and_improbable_ones_are_listed_with_what_a_person_needs() -> None:
    frame = simulated(200, scale=4.0)
    prompts = pl.DataFrame({"item_id": ["p3/overall"], "prompt": ["Why?"]})
    prefs = prefqa.Preferences.from_long(frame, items=prompts)
    wide = frame.filter(response_id="a").select("item_id", "annotator_id", "criterion", "score")
    wide = wide.with_columns(pl.col("item_id").str.split("/").list.first()).pivot(
        "criterion", index=["item_id", "annotator_id"]
    )
    turned = [pl.col(name) * pl.col("overall") for name in NAMES]
    against = pl.all_horizontal(one <= 0 for one in turned) & pl.any_horizontal(one < 0 for one in turned)
    result = prefqa.criteria(prefs, max_probability=0.2)
    listed = result.contradictions
    expected = wide.filter(against).select(pl.format("{}/overall", "item_id").alias("item_id"), "annotator_id")
    assert set(listed.filter("against_all").select("item_id", "annotator_id").rows()) == set(expected.rows())
    assert listed["probability"].is_sorted()
    assert (listed.filter(~pl.col("against_all"))["probability"] < 0.2).all()
    assert listed.height == (listed["against_all"] | (listed["probability"] < 0.2)).sum()
    row = listed.row(0, named=True)
    votes = wide.filter(item_id=row["item_id"].split("/")[0], annotator_id=row["annotator_id"]).row(0, named=True)
    sign = 1 if row["chosen_id"] == "a" else -1
    assert {one["criterion"]: one["difference"] for one in row["criteria"]} == {n: votes[n] * sign for n in NAMES}
    words = {1: "chosen", 0: "neither", -1: "rejected"}
    assert all(one["prefers"] == words[int(one["difference"])] for one in row["criteria"])
    assert set(listed.filter(item_id="p3/overall")["prompt"]) <= {"Why?"}
    assert result.to_dict()["contradictions"][0]["criteria"] == row["criteria"]


def test_scores_are_weighed_per_point() -> None:
    frame = simulated(200)
    tenfold = frame.with_columns(pl.col("score") * 10)
    points, tens = (prefqa.criteria(preferences(one), values="scores") for one in (frame, tenfold))
    # A point of these scores is half a vote: a vote is a difference from -1 to 1.
    votes = prefqa.criteria(preferences(frame))
    assert [2 * w for w in points.weights["weight"]] == pytest.approx(votes.weights["weight"].to_list(), abs=1e-6)
    assert [20 * w for w in tens.weights["weight"]] == pytest.approx(votes.weights["weight"].to_list(), abs=1e-6)
    assert tens.held_out["log_loss"].to_list() == pytest.approx(points.held_out["log_loss"].to_list(), abs=1e-7)
    with pytest.raises(UsageError, match="no column score"):
        prefqa.criteria(preferences(frame.drop("score")), values="scores")


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_neither_sides_nor_rows_nor_ids_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = simulated(25, 5, seed=seed)
    result = prefqa.criteria(preferences(frame))
    new_prompt = dict(zip((f"p{i}" for i in range(25)), rng.permutation(1000)[:25].tolist(), strict=True))
    who = dict(zip((f"ann{i}" for i in range(5)), map(str, rng.permutation(5).tolist()), strict=True))
    turned = frame.with_columns(
        item_id=pl.format(
            "{}/{}", pl.col("item_id").str.split("/").list.first().replace_strict(new_prompt), pl.col("criterion")
        ),
        annotator_id=pl.col("annotator_id").replace_strict(who),
        response_id=pl.col("response_id").replace({"a": "y", "b": "x"}),
    ).sample(fraction=1, shuffle=True, seed=seed)
    other = prefqa.criteria(preferences(turned))
    assert other.weights.equals(result.weights)
    assert other.held_out.equals(result.held_out)
    figures = ["probability", "against_all"]
    assert (
        other.contradictions.select(figures).sort(figures).equals(result.contradictions.select(figures).sort(figures))
    )


def test_parts_keep_prompts_together() -> None:
    part = parts(Patterns.of(Z), PROMPT)
    assert set(part) == set(range(5))
    assert all(len(set(part[prompt == PROMPT])) == 1 for prompt in range(20))


@pytest.mark.parametrize("shape", ["{base}/{name}", "{name}/{base}", "task/{name}/{base}"])
def test_items_are_linked_by_their_id_without_its_criterion(shape: str) -> None:
    frame = simulated(10)
    base, name = pl.col("item_id").str.split("/").list.first(), pl.col("criterion")
    order = {"{base}": base, "{name}": name}
    template = shape.replace("{base}", "{}").replace("{name}", "{}")
    first = [order[key] for key in sorted(order, key=shape.index)]
    named = frame.with_columns(item_id=pl.format(template, *first))
    items, _ = linked(preferences(named), None)
    assert items is not None
    assert items[BASE].n_unique() == 10
    assert prefqa.criteria(preferences(named)).weights.equals(prefqa.criteria(preferences(frame)).weights)


def test_items_that_nothing_links_are_refused_with_what_to_say() -> None:
    frame = simulated(10).with_columns(group=pl.col("item_id").str.split("/").list.first())
    odd = frame.with_columns(item_id=pl.col("item_id").hash().cast(pl.String))
    result = prefqa.criteria(preferences(odd))
    assert result.reason is not None
    assert "[criteria] item" in result.reason
    assert result.weights.is_empty()
    by_group = prefqa.criteria(preferences(odd), item="group")
    assert by_group.weights.equals(prefqa.criteria(preferences(frame)).weights)
    with pytest.raises(ColumnNotFoundError):
        prefqa.criteria(preferences(odd), item="grop")


def test_several_criteria_of_one_item_are_read_as_items_of_their_own_and_linked_again() -> None:
    frame = simulated(20).with_columns(pl.col("item_id").str.split("/").list.first())
    read = prefqa.criteria(prefqa.read(frame))
    straight = prefqa.criteria(preferences(frame))
    assert read.weights.equals(straight.weights)
    assert straight.link == "an item has several criteria"


def test_the_overall_vote_is_the_one_that_is_named_so_or_is_asked_for() -> None:
    renamed = simulated(20).with_columns(pl.col("criterion").replace({"overall": "Overall quality"}))
    renamed = renamed.with_columns(item_id=pl.col("item_id").str.replace("/overall", "/Overall quality"))
    assert prefqa.criteria(preferences(renamed)).overall == "Overall quality"
    quality = simulated(20).with_columns(
        pl.col("criterion").replace({"overall": "quality"}), pl.col("item_id").str.replace("/overall", "/quality")
    )
    nothing = prefqa.criteria(preferences(quality))
    assert nothing.reason == (
        "none of the criteria (harmless, helpful, quality, truthful) is known to be the overall vote: name it under "
        "[criteria] overall"
    )
    assert prefqa.criteria(preferences(quality), overall="quality").n_votes > 0
    with pytest.raises(UsageError, match="did you mean 'quality'"):
        prefqa.criteria(preferences(quality), overall="qualitty")
    with pytest.raises(UsageError, match="no responses were compared"):
        prefqa.criteria(preferences(quality), overall="quality", names=["kind"])
    assert prefqa.criteria(preferences(quality), overall="quality", names=["helpful"]).names == ("helpful",)


def test_a_prompt_with_several_sets_of_responses_is_one_cluster() -> None:
    frame = simulated(40, seed=2)
    base = pl.col("item_id").str.split("/").list.first().str.slice(1).cast(pl.Int64)
    items = frame.select("item_id", prompt=pl.format("Question {}", base // 2)).unique()
    one, two = (prefqa.criteria(prefqa.Preferences.from_long(frame, items=table)).weights for table in (None, items))
    assert one["weight"].to_list() == two["weight"].to_list()
    assert one["se"].to_list() != two["se"].to_list()


@pytest.mark.parametrize("options", [{"values": "ranks"}, {"max_probability": 2}, {"level": 1}])
def test_impossible_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        prefqa.criteria(preferences(simulated(5)), **options)  # type: ignore[arg-type]


def test_data_without_criteria_or_votes_say_so() -> None:
    plain = prefqa.simulate(n_items=10, texts=False).preferences
    assert prefqa.criteria(plain).reason == "the data has no several criteria (column criterion)"
    frame = simulated(10)
    apart = frame.with_columns(annotator_id=pl.col("annotator_id") + pl.col("criterion"))
    assert "no annotator decided a pair" in str(prefqa.criteria(preferences(apart)).reason)
    single = frame.filter(pl.col("item_id").str.starts_with("p1/"))
    one = prefqa.criteria(preferences(single))
    assert one.held_out.is_empty()
    assert one.weights["se"].null_count() == 3


STATSMODELS = [1.149173773150045, 0.5682493640794752, -0.012675044991095175]
SCIKIT_LEARN = [0.8106992640330408, 0.3810009638430234, -0.048697336346994274]
REFITTED = [0.5532899913281677, 0.31998132287384873, 0.5245342980776074]
