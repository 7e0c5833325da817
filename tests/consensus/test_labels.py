"""Consensus on labels: published figures, other packages, numerical curvature, and what must hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

import prefqa
from prefqa.consensus.label_errors import reliability_errors
from prefqa.consensus.label_model import Labels, fit_labels
from prefqa.errors import ColumnNotFoundError, UsageError
from strategies import preferences

METHODS = ("dawid-skene", "one-coin", "majority")


def case(oracles: Path, case_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        c for c in json.loads((oracles / "consensus.json").read_text())["cases"] if c["id"] == case_id
    )
    return found


def frame_of(rows: list[tuple[str, str, str]]) -> pl.DataFrame:
    """Rows of annotator, item, label; each item has one response."""
    frame = pl.DataFrame(rows, schema=["annotator_id", "item_id", "label"], orient="row")
    return frame.with_columns(response_id=pl.lit("r"))


def planted(seed: int, n_units: int, n_annotators: int, per_unit: int, n_labels: int) -> tuple[Labels, np.ndarray]:
    """Labels drawn from a Dawid-Skene model, and the true labels."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, n_labels, n_units)
    off = 0.3 / (n_labels - 1)
    confusion = rng.dirichlet(np.ones(n_labels), (n_annotators, n_labels)) * 0.4 + 0.6 * (
        off + (0.7 - off) * np.eye(n_labels)
    )
    who = np.argsort(rng.random((n_units, n_annotators)), axis=1)[:, :per_unit]
    cumulated = confusion[who, true[:, None]].cumsum(axis=2)
    said = (rng.random((n_units, per_unit, 1)) > cumulated).sum(axis=2).clip(max=n_labels - 1)
    unit = np.repeat(np.arange(n_units), per_unit)
    return Labels(unit, who.ravel(), said.ravel(), n_units, n_annotators, n_labels), true


@pytest.mark.real_data
def test_the_anaesthetists_equal_the_published_table(oracles: Path) -> None:
    """Dawid and Skene (1979), tables 1 to 4; observer 1 judged each patient three times, and all three count."""
    published = case(oracles, "ds1979_anaesthetists")
    rows = [
        (int(patient) - 1, observer, label - 1)
        for patient, answers in published["input"]["responses"].items()
        for observer, said in enumerate(answers)
        for label in (said if isinstance(said, list) else [said])
    ]
    unit, annotator, label = np.array(rows).T
    found = fit_labels(Labels(unit, annotator, label, 45, 5, 4))
    expected = published["expected"]
    assert found.converged
    assert found.priors == pytest.approx(expected["class_marginals"], abs=1e-7)
    assert found.log_likelihood == pytest.approx(expected["loglik"], abs=1e-6)
    assert found.confusion == pytest.approx(np.array(expected["error_rates_obs_true_resp"]), abs=1e-6)
    assert found.posterior == pytest.approx(np.array(expected["patient_probs"]), abs=1e-6)


@pytest.mark.real_data
def test_majority_equals_crowd_kit_but_for_its_tie(oracles: Path) -> None:
    """crowd-kit 1.4.2 calls the tied t1 "no", the first label; ours is no label, and half right for either side."""
    toy = case(oracles, "ck_toy_majority")
    found = prefqa.label_consensus(preferences(frame_of(toy["input"])), method="majority")
    expected = toy["expected"]
    shares = {(item, label): p for item, label, p in found.probabilities.drop("response_id").iter_rows()}
    assert shares == pytest.approx({(t, la): p for t, row in expected["probas"].items() for la, p in row.items()})
    labels = dict(found.labels.select("item_id", "label").rows())
    assert labels == expected["labels"] | {"t1": None}
    said = {(annotator, item): label for annotator, item, label in toy["input"]}
    skills = {}
    for annotator, share in expected["skills"].items():
        n = sum(who == annotator for who, _ in said)
        t1 = said.get((annotator, "t1"))
        skills[annotator] = share + (0.5 * ((t1 == "yes") - (t1 == "no"))) / n
    assert dict(found.annotators.select("annotator_id", "agreement").rows()) == pytest.approx(skills)


@pytest.mark.real_data
def test_dawid_skene_equals_crowd_kit(oracles: Path) -> None:
    """On these 24 labels crowd-kit 1.4.2 has converged after its ten rounds; its floor of 1e-10 stands for our 0."""
    toy = case(oracles, "ck_toy_dawid_skene")
    found = prefqa.label_consensus(preferences(frame_of(toy["input"])), smoothing=0)
    assert found.overall["converged"]
    for expected in (toy["expected"]["n_iter10"], toy["expected"]["converged"]):
        shares = {(item, label): p for item, label, p in found.probabilities.drop("response_id").iter_rows()}
        wanted = {(t, la): p for t, row in expected["probas"].items() for la, p in row.items()}
        assert shares == pytest.approx(wanted, abs=1e-5)
        assert dict(found.priors.rows()) == pytest.approx(expected["priors"], abs=1e-5)
    errors = {(a, t, said): p for a, t, said, p, _ in found.confusion.iter_rows()}
    for key, row in toy["expected"]["n_iter10"]["errors"].items():
        annotator, label = key.split("|")
        for true, p in row.items():
            assert errors[annotator, true, label] == pytest.approx(p, abs=1e-5)
    assert dict(found.labels.select("item_id", "label").rows()) == toy["expected"]["ground_truth"]


def log_posterior(labels: Labels, theta: np.ndarray, smoothing: float) -> float:
    """Where everybody labels everything; log odds of the priors, then of each row of each matrix."""
    j = labels.n_labels
    priors, pi = softmax(theta[:j]), softmax(theta[j:].reshape(labels.n_annotators, j, j), axis=2)
    log = np.log(priors) + np.log(pi[labels.annotator, :, labels.label]).reshape(labels.n_units, -1, j).sum(axis=1)
    total = logsumexp(log, axis=1).sum()
    weights = smoothing * np.where(np.eye(j, dtype=bool), 2 / 3, 1 / 3 / max(j - 1, 1))
    return float(total + (weights * np.log(pi)).sum())


@pytest.mark.parametrize("smoothing", [0.0, 4.0])
def test_em_ends_where_the_slope_is_zero_and_errors_are_those_of_the_numerical_curvature(smoothing: float) -> None:
    labels, _ = planted(3, 150, 4, 4, 2)
    found = fit_labels(labels, smoothing=smoothing)
    assert found.converged
    at = np.concatenate([np.log(found.priors), np.log(found.confusion).ravel()])
    step = 1e-3 * np.eye(at.size)

    def value(theta: np.ndarray) -> float:
        return log_posterior(labels, theta, smoothing)

    slope = np.array([(value(at + s) - value(at - s)) / 2e-3 for s in step])
    assert slope == pytest.approx(np.zeros(at.size), abs=1e-3)
    curvature = np.array(
        [
            [(value(at + a + b) - value(at + a - b) - value(at - a + b) + value(at - a - b)) / 4e-6 for b in step]
            for a in step
        ]
    )
    covariance = np.linalg.pinv(-curvature, rcond=1e-5, hermitian=True)

    def reliability(theta: np.ndarray) -> np.ndarray:
        pi = softmax(theta[2:].reshape(4, 2, 2), axis=2)
        mix = found.seen / found.seen.sum(axis=1, keepdims=True)
        return (mix * np.diagonal(pi, axis1=1, axis2=2)).sum(axis=1)

    gradient = np.array([(reliability(at + s) - reliability(at - s)) / 2e-3 for s in step])
    errors = reliability_errors(labels, found, smoothing)
    assert errors is not None
    assert errors.identified.all()
    expected = np.sqrt(np.einsum("pa,pq,qa->a", gradient, covariance, gradient))
    assert errors.se == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("model", ["dawid-skene", "one-coin"])
def test_errors_are_the_spread_over_campaigns(model: str) -> None:
    found = []
    for seed in range(24):
        labels, true = planted(100, 400, 6, 4, 3)
        rng = np.random.default_rng(seed)  # the same true labels and people, labelling anew
        fit = fit_labels(labels, "dawid-skene", 2.0)
        cumulated = fit.confusion[labels.annotator, true[labels.unit]].cumsum(axis=1)
        said = (rng.random((labels.unit.size, 1)) > cumulated).sum(axis=1).clip(max=2)
        drawn = Labels(labels.unit, labels.annotator, said, 400, 6, 3)
        fitted = fit_labels(drawn, model, 2.0)  # type: ignore[arg-type]
        errors = reliability_errors(drawn, fitted, 2.0)
        assert errors is not None
        found.append((fitted.reliability, errors.se))
    spread = np.std([r for r, _ in found], axis=0)
    said_se = np.mean([se for _, se in found], axis=0)
    assert ((said_se / spread > 0.55) & (said_se / spread < 1.8)).all()


def test_two_annotators_identify_nothing_and_the_result_says_so() -> None:
    labels, _ = planted(1, 300, 2, 2, 2)
    found = fit_labels(labels)
    errors = reliability_errors(labels, found, 0)
    assert errors is not None
    assert not errors.identified.any()
    assert np.isnan(errors.se).all()
    rows = [(f"a{a}", f"i{u:03}", "xy"[x]) for u, a, x in zip(labels.unit, labels.annotator, labels.label, strict=True)]
    result = prefqa.label_consensus(preferences(frame_of(rows)), smoothing=0)
    assert result.overall["identified"] is False
    assert "2 annotators" in result.overall["reason"]
    assert result.annotators["se"].null_count() == 2


def test_an_annotator_who_shares_no_unit_is_not_identified() -> None:
    labels, _ = planted(2, 300, 4, 3, 2)
    alone = Labels(
        np.append(labels.unit, np.arange(300, 330)), np.append(labels.annotator, np.full(30, 4)),
        np.append(labels.label, np.arange(30) % 2), 330, 5, 2,
    )  # fmt: skip
    errors = reliability_errors(alone, fit_labels(alone), 0)
    assert errors is not None
    assert errors.identified.tolist() == [True] * 4 + [False]


def test_the_careless_do_not_decide() -> None:
    labels, true = planted(5, 1_500, 12, 4, 3)
    by_model = (fit_labels(labels, smoothing=6.0).posterior.argmax(axis=1) == true).mean()
    assert by_model > (labels.shares().argmax(axis=1) == true).mean() + 0.01


def test_the_likelihood_never_falls() -> None:
    labels, _ = planted(6, 200, 8, 3, 3)
    from prefqa.consensus import label_model

    limits = [1, 2, 4, 8, 16, 32, 64, 5_000]
    values = []
    for limit in limits:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(label_model, "_MAX_ITERATIONS", limit)
            found = fit_labels(labels)
            values.append(found.log_likelihood)
            assert found.converged == (limit == 5_000)
    assert (np.diff(values) >= 0).all()


@st.composite
def labelled(draw: st.DrawFn) -> pl.DataFrame:
    cells = [(a, i) for a in range(4) for i in range(5) if draw(st.booleans())]
    return frame_of([(f"a{a}", f"i{i}", draw(st.sampled_from("xyz"))) for a, i in cells] or [("a0", "i0", "x")])


@pytest.mark.parametrize("method", METHODS)
@given(frame=labelled(), seed=st.integers(0, 2**32 - 1))
def test_row_order_does_not_matter(method: str, frame: pl.DataFrame, seed: int) -> None:
    other = frame.sample(fraction=1, shuffle=True, seed=seed)
    one, two = (prefqa.label_consensus(preferences(f), method=method) for f in (frame, other))  # type: ignore[arg-type]
    assert one.to_dict() == two.to_dict()


@pytest.mark.parametrize("method", METHODS)
@given(frame=labelled())
def test_names_do_not_matter(method: str, frame: pl.DataFrame) -> None:
    other = frame.with_columns(
        pl.format("{}{}", pl.lit("n"), 9 - pl.col("annotator_id").str.slice(1).cast(pl.Int64)).alias("annotator_id"),
        pl.format("{}{}", pl.lit("n"), 9 - pl.col("item_id").str.slice(1).cast(pl.Int64)).alias("item_id"),
        pl.col("label").replace({"x": "z", "z": "x"}),
    )
    one, two = (prefqa.label_consensus(preferences(f), method=method) for f in (frame, other))  # type: ignore[arg-type]
    renamed = one.labels.with_columns(
        pl.format("n{}", 9 - pl.col("item_id").str.slice(1).cast(pl.Int64)).alias("item_id"),
        pl.col("label").replace({"x": "z", "z": "x"}),
    ).sort("item_id")
    columns = ["item_id", "label", "tie", "n_labels"]
    assert renamed.select(columns).equals(two.labels.select(columns))
    assert renamed["probability"].to_numpy() == pytest.approx(two.labels["probability"].to_numpy(), abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_all_agree(method: str) -> None:
    rows = [(f"a{a}", f"i{i}", "xy"[i % 2]) for a in range(3) for i in range(10)]
    found = prefqa.label_consensus(preferences(frame_of(rows)), method=method)  # type: ignore[arg-type]
    assert found.labels["label"].to_list() == ["x", "y"] * 5
    assert found.annotators["agreement"].to_list() == [1.0] * 3
    assert (found.labels["probability"] > 0.9).all()


@pytest.mark.parametrize("method", METHODS)
def test_one_annotator_is_believed_and_not_identified(method: str) -> None:
    rows = [("a0", f"i{i}", "xy"[i % 2]) for i in range(10)]
    found = prefqa.label_consensus(preferences(frame_of(rows)), method=method)  # type: ignore[arg-type]
    assert found.labels["label"].to_list() == ["x", "y"] * 5
    if method != "majority":
        assert found.overall["identified"] is False


@pytest.mark.parametrize("method", METHODS)
def test_one_category_and_no_label(method: str) -> None:
    one = prefqa.label_consensus(preferences(frame_of([("a", "i", "x"), ("b", "i", "x")])), method=method)  # type: ignore[arg-type]
    assert one.labels["probability"].to_list() == [1.0]
    none = prefqa.label_consensus(preferences(frame_of([("a", "i", None)])), method=method)  # type: ignore[arg-type, list-item]
    assert none.labels.is_empty()
    assert none.to_dict()["annotators"] == []


def test_the_latest_label_of_an_annotator_counts() -> None:
    frame = frame_of([("a", "i", "x"), ("a", "i", "y"), ("b", "i", "y")]).with_columns(
        judgment_id=pl.Series(["1", "2", "1"])
    )
    found = prefqa.label_consensus(preferences(frame), method="majority")
    assert found.labels.select("label", "n_labels").rows() == [("y", 2)]


def test_wrong_arguments_are_named() -> None:
    prefs = preferences(frame_of([("a", "i", "x")]))
    with pytest.raises(UsageError, match="did you mean 'dawid-skene'"):
        prefqa.label_consensus(prefs, method="dawid-skeen")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="smoothing"):
        prefqa.label_consensus(prefs, smoothing=-1)
    with pytest.raises(ColumnNotFoundError, match="label"):
        prefqa.label_consensus(prefqa.simulate(n_items=2, texts=False).preferences)


def test_the_command_prints_and_gives_json(tmp_path: Path) -> None:
    from prefqa.cli import cli

    labels, _ = planted(7, 60, 5, 3, 2)
    rows = [(f"a{a}", f"i{u:03}", "xy"[x]) for u, a, x in zip(labels.unit, labels.annotator, labels.label, strict=True)]
    frame_of(rows).with_columns(rank=pl.lit(1)).write_csv(tmp_path / "labels.csv")
    runner = CliRunner()
    shown = runner.invoke(cli, ["label-consensus", str(tmp_path / "labels.csv")], catch_exceptions=False)
    assert "by dawid-skene" in shown.output
    (tmp_path / "prefqa.toml").write_text('[labels]\nmethod = "one-coin"\nsmoothing = 0\n')
    asked = ["label-consensus", str(tmp_path / "labels.csv"), "-c", str(tmp_path / "prefqa.toml"), "--format", "json"]
    plain = json.loads(runner.invoke(cli, asked, catch_exceptions=False).output)
    assert (plain["overall"]["method"], plain["overall"]["smoothing"]) == ("one-coin", 0.0)
    assert len(plain["labels"]) == 60
