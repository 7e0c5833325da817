"""Every figure of the oracle file that a coefficient here stands for, and a list of those for which none does."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from agreement.oracle_figures import FIGURES, POTATO
from prefqa.agreement import association, disagreement
from prefqa.agreement.rating_source import RatingSource

#: Figures in the oracle file for which there is no coefficient here, and why.
NOT_OFFERED = {
    "finn": "a share of variance against a uniform scale; ICC says the same against the data",
    "robinson": "an ICC without degrees of freedom",
    "wmt_kappa": "one script's own weighting of kappas",
    "percent_agreement_all tolerance=1": "agreement within a tolerance is a choice of weights",
    "kendall_w no tie correction": "wrong where there are ties",
    "mean_spearman fisher=TRUE": "z of a correlation of 1 is infinite",
}
pytestmark = pytest.mark.real_data


@cache
def _cases(path: Path) -> dict[str, Any]:
    return {case["id"]: case for case in json.loads((path / "agreement.json").read_text())["cases"]}


def _matrix(data: dict[str, Any]) -> list[list[Any]]:
    """Items x annotators; a table or counts are written out, as many rows as they count."""
    found: list[list[Any]] = data.get("matrix") or data.get("table") or data["items_x_raters"]
    if data["type"] == "contingency":
        return [[i, j] for i, row in enumerate(found) for j, n in enumerate(row) for _ in range(int(n))]
    if data["type"] == "counts":
        return [[k + 1 for k, n in enumerate(row) for _ in range(int(n))] for row in found]
    return found


def _rated(matrix: list[list[Any]]) -> prefqa.Preferences:
    column, dtype = ("label", pl.String) if isinstance(matrix[0][0], str) else ("score", pl.Float64)
    rows = [
        (f"item{i:04d}", f"annotator{j}", "response", 1, value)
        for i, row in enumerate(matrix)
        for j, value in enumerate(row)
        if value is not None
    ]
    names = {"item_id": pl.String, "annotator_id": pl.String, "response_id": pl.String, "rank": pl.Int64, column: dtype}
    return prefqa.Preferences.from_long(pl.DataFrame(rows, schema=names, orient="row", strict=False))


def _ranked(matrix: list[list[Any]], *, by_column: bool) -> prefqa.Preferences:
    """One item; annotators are columns (raters of subjects) or rows (blocks of treatments)."""
    cells = [(i, j, value) for i, row in enumerate(matrix) for j, value in enumerate(row) if value is not None]
    rows = [
        ("item", f"annotator{j if by_column else i}", f"response{i if by_column else j:02d}", round(2 * value) + 1)
        for i, j, value in cells
    ]
    names = ["item_id", "annotator_id", "response_id", "rank"]
    return prefqa.Preferences.from_long(pl.DataFrame(rows, schema=names, orient="row"))


def _estimate(prefs: prefqa.Preferences, name: str, **options: Any) -> dict[str, Any]:
    found = prefqa.agreement(prefs, coefficients=[name], inference="items", **options)
    return found.estimates.row(0, named=True)


@pytest.mark.parametrize(("case", "name", "weights", "value", "tool"), FIGURES)
def test_ratings(oracles: Path, case: str, name: str, weights: str, value: float, tool: str) -> None:
    matrix = _matrix(_cases(oracles)[case]["data"])
    target = "labels" if isinstance(matrix[0][0], str) else "scores"
    unused = {"randolph_online_2": [1, 2, 3]}.get(case)  # a category that nobody chose
    found = _estimate(_rated(matrix), name, target=target, weights=weights, categories=unused)
    assert found["estimate"] == pytest.approx(value, abs=6e-6), tool


@pytest.mark.parametrize(
    ("case", "weights", "value"),
    [
        ("vision_7477", "identity", 0.0072868511347),
        ("vision_7477", "linear", 0.0070752635707),
        ("vision_7477", "quadratic", 0.008382),
        ("sas_cohen_3x3", "identity", 0.138),
        ("sas_cohen_3x3", "linear", 0.1457),
        ("cont3x3abstractors", "linear", 0.04787212159033976),
    ],
)
def test_the_error_of_cohens_kappa_is_that_of_fleiss_cohen_and_everitt(
    oracles: Path, case: str, weights: str, value: float
) -> None:
    prefs = _rated(_matrix(_cases(oracles)[case]["data"]))
    pairs = disagreement(prefs, target="scores", weights=weights).pairs
    assert pairs["se"].item() == pytest.approx(value, rel=5e-4)


@pytest.mark.parametrize(("name", "value", "full"), [
    ("alpha_nominal", 0.04859176615505013, -0.02372521246458925),
    ("alpha_interval", 0.1361661135026202, 0.17009860788863107),
])  # fmt: skip
def test_the_jackknife_error_of_alpha_is_krippendorffsalphas(
    oracles: Path, name: str, value: float, full: float
) -> None:
    found = _estimate(_rated(_matrix(_cases(oracles)["irr_anxiety"]["data"])), name, target="scores")
    assert (found["estimate"], found["se"]) == pytest.approx((full, value), abs=1e-9)


@pytest.mark.parametrize(
    ("weights", "name", "value"),
    [
        ("identity", "cohen_kappa", 0.11949685535),
        ("linear", "cohen_kappa", 0.18918918919),
        ("quadratic", "cohen_kappa", 0.29676511955),
        ("linear", "gwet_ac2", 0.44402),
    ],
)
def test_two_of_three_raters(oracles: Path, weights: str, name: str, value: float) -> None:
    two = [row[:2] for row in _cases(oracles)["irr_anxiety"]["data"]["matrix"]]
    found = _estimate(_rated(two), name, target="scores", weights=weights, categories=range(1, 7))
    assert found["estimate"] == pytest.approx(value, abs=6e-6)


@pytest.mark.parametrize(
    ("case", "name", "value"),
    [
        ("irr_anxiety", "kendall_w", 0.53965687595),
        ("irr_anxiety", "spearman", 0.31000001164),
        ("irr_anxiety", "kendall_tau_b", 0.2542502376),
        ("irr_anxiety", "kendall_w_incomplete", 0.54000000776),
        ("shrout_fleiss_1979", "kendall_w", 0.88703703704),
        ("shrout_fleiss_1979", "spearman", 0.84958756525),
        ("shrout_fleiss_1979", "kendall_tau_b", 0.74057106412),
        ("shrout_fleiss_1979", "kendall_w_incomplete", 0.88719067394),
        ("irrNA_ConsistNA", "kendall_w_incomplete", 1.0),
        ("irrNA_IndepW", "kendall_w_incomplete", 0.33333333333),
    ],
)
def test_concordance(oracles: Path, case: str, name: str, value: float) -> None:
    prefs = _ranked(_cases(oracles)[case]["data"]["matrix"], by_column=True)
    assert _estimate(prefs, name)["estimate"] == pytest.approx(value, abs=2e-6)


@pytest.mark.parametrize(
    ("case", "by_column", "statistic", "p_value"),
    [
        ("irr_anxiety", True, 30.7604419294, None),
        ("shrout_fleiss_1979", True, 17.7407407407, 0.0032895092437),
        ("conover1999_durbin", False, 12.0, 0.061968804417),
    ],
)
def test_association_is_friedmans_durbins_and_skillings_macks(
    oracles: Path, case: str, by_column: bool, statistic: float, p_value: float | None
) -> None:
    found = association(_ranked(_cases(oracles)[case]["data"]["matrix"], by_column=by_column))
    assert found.statistic == pytest.approx(statistic, abs=1e-8)
    assert p_value is None or found.p_value == pytest.approx(p_value, rel=1e-6)


def test_kendalls_u_of_paired_comparisons(oracles: Path) -> None:
    """u = 2 P - 1, with P the share of equal votes: Kendall and Babington Smith (1940), 21 boys, 13 subjects."""
    counts = _cases(oracles)["kendall_u_boys"]["data"]["matrix"]
    n, boys = len(counts), 21
    rows = [
        (f"pair{i:02d}{j:02d}", f"boy{boy:02d}", response, rank)
        for i in range(n)
        for j in range(i + 1, n)
        for boy in range(boys)
        for response, rank in (("first", 1 + (boy >= counts[i][j])), ("second", 2 - (boy >= counts[i][j])))
    ]
    frame = pl.DataFrame(rows, schema=["item_id", "annotator_id", "response_id", "rank"], orient="row")
    share = _estimate(prefqa.Preferences.from_long(frame), "percent_agreement")["estimate"]
    assert 2 * share - 1 == pytest.approx(0.18656898657, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha_nominal", 0.07181506463091869),
        ("alpha_ordered", 0.0705766324557544),
        ("fleiss_kappa", 0.07052412591691427),
        ("gwet_ac1", 0.3195),
        ("percent_agreement", 0.5018518518518519),
        ("percent_agreement_no_ties", 0.5413306451612904),
        ("symmetric_kappa", 0.07797278263058394),
        ("kendall_tau_x", 0.08055555555556),
        ("kendall_tau_b", 0.07331627828003),
        ("kendall_w", 0.3256557331557),
    ],
)
def test_crs_rlhf_by_the_order_of_names(oracles: Path, name: str, value: float) -> None:
    rows = [
        (f"prompt{i:03d}", f"annotator{j}", response, rank)
        for i, prompt in enumerate(_cases(oracles)["crs_rlhf_rankings"]["data"]["matrix"])
        for j, ranks in enumerate(prompt)
        for response, rank in zip(("abs", "crs", "rank"), ranks, strict=True)
    ]
    frame = pl.DataFrame(rows, schema=["item_id", "annotator_id", "response_id", "rank"], orient="row")
    found = _estimate(prefqa.Preferences.from_long(frame), name, orientation="id")
    assert found["estimate"] == pytest.approx(value, abs=6e-6)


def test_pandalm(oracles: Path) -> None:
    patterns = _cases(oracles)["pandalm_test"]["data"]["patterns"]
    triples = [list(pattern) for pattern, n in patterns.items() for _ in range(n)]
    prefs = _rated(triples)
    pairs = disagreement(prefs, target="labels").pairs
    assert pairs["kappa"].to_list() == pytest.approx([0.8520226785167024, 0.8789438112500384, 0.8616614540762907])
    figures = {
        "alpha_nominal": 0.8642206851960816,
        "fleiss_kappa": 0.864175364997549,
        "gwet_ac1": 0.88644,
        "percent_agreement": 0.91991991991992,
    }
    for name, value in figures.items():
        assert _estimate(prefs, name, target="labels")["estimate"] == pytest.approx(value, abs=6e-6)
    assert _estimate(prefs, "fleiss_kappa", target="labels")["se"] == pytest.approx(0.01155784264116071, rel=5e-3)


@pytest.mark.parametrize(("name", "value"), [("cohen_kappa", [0.8520, 0.8789, 0.8617])])
def test_published_kappas_of_pandalm(real_data: Path, name: str, value: list[float]) -> None:
    prefs = prefqa.read(real_data / "pandalm-test" / "judgments.parquet")
    pairs = disagreement(prefs, orientation="id").pairs
    assert pairs["kappa"].to_list() == pytest.approx(value, abs=6e-5), name


def test_agreement_with_the_majority_of_the_others(oracles: Path) -> None:
    matrix = _cases(oracles)["alpaca_eval_doctest"]["data"]["matrix"]
    prefs = _rated([[str(value) for value in row] for row in matrix])
    annotators = disagreement(prefs, target="labels").annotators
    assert (annotators["majority_agreement"] * annotators["n_votes"]).sum() / annotators["n_votes"].sum() == 0.875
    assert _estimate(prefs, "percent_agreement", target="labels")["estimate"] == 0.75


@pytest.mark.parametrize(("task", "criterion", "scale", "with_judge", "value"), POTATO)
def test_published_alphas_of_seq2seq_potato(
    real_data: Path, task: str, criterion: str, scale: str, with_judge: bool, value: float
) -> None:
    """Alpha over the ranks of each annotator's mean scores of the four systems."""
    folder = real_data / "seq2seq-potato"
    files = ["judgments.parquet", *(["judgments_llm.parquet"] if with_judge else [])]
    names = ["task", "criterion", "annotator_id", "response_id", "score"]
    rows = pl.concat([pl.read_parquet(folder / name, columns=names) for name in files])
    means = (
        rows.filter(pl.col("task") == task, pl.col("criterion") == criterion)
        .group_by("annotator_id", "response_id")
        .agg(pl.col("score").mean().round(6))
    )
    better = pl.col("score") if criterion in ("grammaticality", "overcorrection") else -pl.col("score")
    ranks = means.with_columns(
        score=better.rank("average").over("annotator_id"), item_id="response_id", rank=pl.lit(1, pl.Int64)
    )
    found = _estimate(prefqa.Preferences.from_long(ranks), f"alpha_{scale}", target="scores")
    assert found["estimate"] == pytest.approx(value, abs=6e-5)


def test_the_tables_of_pairs_are_kept_small() -> None:
    prefs = _rated([[1, 2, 3], [2, 2, 3]])
    source = RatingSource.of_column(prefs, "score", (), annotators=False, weights="identity", categories=None)
    pairs = source.pairs(0)
    assert pairs is not None
    assert pairs.tables.shape == (3, 3, 3)
