"""Leaderboards against choix, crowd-kit, evalica, arena-rank, FastChat, leaderbot and R, with the figures they print.

Inputs are those of the oracle file beside the project; figures and sources stand here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.optimize import minimize

import prefqa
from consensus.leaderboard.battles import battles, repeated
from prefqa.consensus.leaderboard import LeaderboardResult

ELO = 400 / np.log(10)


def scores(found: LeaderboardResult, column: str = "score") -> dict[str, float]:
    return dict(found.leaderboard.select("name", column).rows())


def case_of(oracles: Path, case_id: str) -> dict[str, Any]:
    cases = json.loads((oracles / "consensus.json").read_text())["cases"]
    return next(case for case in cases if case["id"] == case_id)


def worths(found: LeaderboardResult, total: float) -> dict[str, float]:
    """Worths (not logs) that sum to `total`."""
    exp = {name: float(np.exp(score)) for name, score in scores(found).items()}
    return {name: worth * total / sum(exp.values()) for name, worth in exp.items()}


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ("choix testcase-pairwise-1.json, ml_est", [(0, 1, "left"), (1, 2, "left"), (2, 0, "left")]),
        ("crowd-kit test_bt_aggregation.py, data_equal", [("a", "b", "left"), ("b", "c", "left"), ("c", "a", "left")]),
    ],
)
def test_a_cycle_has_equal_scores(source: str, rows: list[tuple[Any, Any, str]]) -> None:
    found = prefqa.leaderboard(battles(rows))
    assert list(scores(found).values()) == pytest.approx([0, 0, 0], abs=1e-12), source
    assert found.leaderboard["rank"].to_list() == [1, 1, 1]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("source", "prior_sd", "expected", "tolerance"),
    [
        # ilsr, mm and opt stop within 1e-6 of each other; ours is the maximum. lsr and rank_centrality are other
        # estimators, as are ilsr and mm with alpha (pseudo-comparisons) and ep (a posterior mean): not offered.
        (
            "choix 0.4.1 ilsr_pairwise",
            None,
            [1.0405866429, -0.6062755547, -0.0930682086, 0.8509320857, -0.7916220177, -0.4005529476],
            1e-6,
        ),
        (
            "choix 0.4.1 opt_pairwise(alpha=.1): a normal prior of variance 1 / (2 alpha)",
            np.sqrt(5),
            [1.0168797301, -0.5917601753, -0.0921181927, 0.8250606406, -0.770490510, -0.3875714921],
            1e-5,
        ),
    ],
)
def test_maximum_likelihood_and_posterior_equal_choix(
    oracles: Path, source: str, prior_sd: float | None, expected: list[float], tolerance: float
) -> None:
    rows = [(w, loser, "left") for w, loser in case_of(oracles, "choix_pairwise_120")["input"]["data"]]
    found = scores(prefqa.leaderboard(battles(rows), prior_sd=prior_sd))
    assert [found[str(i)] for i in range(6)] == pytest.approx(expected, abs=tolerance), source


EVALICA = [
    (
        "evalica_simple",
        {"4": 0.34947527, "3": 0.33688868, "2": 0.13168568, "1": 0.13115069, "0": 0.05079967},
        {"4": 13.03674474, "3": 12.80577024, "2": 0.48141903, "1": 0.48024002, "0": 0.01797359},
        {"3": 0.77083333, "4": 0.63888889, "1": 0.5, "2": 0.4375, "0": 0.1875},
    ),
    (
        "evalica_food",
        {"Tacos": 0.43428983, "Sushi": 0.19060028, "Burger": 0.14797665, "Pasta": 0.12815341, "Pizza": 0.09897983},
        {"Tacos": 2.66521072, "Sushi": 1.09062716, "Burger": 0.82966009, "Pasta": 0.71015378, "Pizza": 0.53681251},
        {"Tacos": 0.7, "Sushi": 0.47916667, "Burger": 0.45833333, "Pizza": 0.4375, "Pasta": 0.425},
    ),
]


@pytest.mark.real_data
@pytest.mark.parametrize(("case_id", "bradley_terry", "newman", "win_rate"), EVALICA)
def test_scores_and_win_rates_equal_evalica(
    oracles: Path,
    case_id: str,
    bradley_terry: dict[str, float],
    newman: dict[str, float],
    win_rate: dict[str, float],
) -> None:
    """evalica 0.4.2, simple-golden.csv and food-golden.csv: bradley_terry, newman (Davidson's nu is 2 v)."""
    prefs = battles(case_of(oracles, case_id)["input"])
    assert worths(prefqa.leaderboard(prefs), 1) == pytest.approx(bradley_terry, abs=1e-6)
    by_ties = worths(prefqa.leaderboard(prefs, ties="davidson"), sum(newman.values()))
    assert by_ties == pytest.approx(newman, rel=1e-4)
    assert scores(prefqa.leaderboard(prefs), "average_win_rate") == pytest.approx(win_rate, abs=1e-6)


@pytest.mark.real_data
def test_the_tie_parameter_equals_that_of_newman(oracles: Path) -> None:
    """evalica 0.4.2 newman on simple.csv: v = 3.4610."""
    found = prefqa.leaderboard(battles(case_of(oracles, "evalica_simple")["input"]), ties="davidson")
    assert found.overall["tie_parameter"]["estimate"] / 2 == pytest.approx(3.4610, abs=1e-4)


@pytest.mark.real_data
def test_elo_scale_and_sandwich_equal_arena_rank_and_fastchat(oracles: Path) -> None:
    """arena-rank 0.1.1 and FastChat compute_bt (0e6d3e4b), on evalica's food.csv; scale 400 / ln 10, mean 1000.

    arena-rank stops within 1e-4 of the maximum, FastChat within 3e-3. arena-rank has no factor G / (G - 1) for the
    number of clusters, here 30 votes, and adds 1e-5 a vote to the information, which takes 2e-4 off its variances.
    """
    found = prefqa.leaderboard(battles(case_of(oracles, "evalica_food")["input"])).leaderboard.sort("name")
    elo = (1000 + ELO * found["score"]).to_list()
    assert elo == pytest.approx([972.76747657, 947.78211905, 902.90876420, 1016.73959832, 1159.80204187], abs=1e-3)
    assert elo == pytest.approx([972.76686240, 947.78500178, 902.90656597, 1016.73916944, 1159.80240041], abs=5e-3)
    variances = [7116.58722756, 6584.27975479, 6967.81187077, 8197.41803189, 8357.95987591]
    assert (ELO**2 * found["se"] ** 2 * 29 / 30).to_list() == pytest.approx(variances, rel=3e-4)


@pytest.mark.real_data
def test_citations_equal_r(oracles: Path) -> None:
    """R BradleyTerry2 1.1.2 on citations of four journals (Agresti 2002, p. 448): abilities, their errors, deviance."""
    pairs = case_of(oracles, "bt_citations")["input"]["pairs"]
    rows = repeated((p["j1"], p["j2"], p["win1"], 0, p["win2"]) for p in pairs)
    found = prefqa.leaderboard(battles(rows), inference="model")
    score = scores(found)
    against = {name: value - score["Biometrika"] for name, value in score.items()}
    assert against == pytest.approx(
        {"Biometrika": 0, "Comm Statist": -2.949072497, "JASA": -0.479569770, "JRSS-B": 0.268954056}, abs=1e-6
    )
    errors = dict(found.against("Biometrika").select("name", "se").rows())
    assert errors == pytest.approx(
        {"Comm Statist": 0.1025453354, "JASA": 0.0605887292, "JRSS-B": 0.0708299651}, abs=1e-6
    )
    n, p = (np.array([q[k] for q in pairs], float) for k in ("win1", "win2"))
    best = float((n * np.log(n / (n + p)) + p * np.log(p / (n + p))).sum())
    assert 2 * (best - found.overall["log_likelihood"]) == pytest.approx(4.293383970, abs=1e-6)


PUDDING = [
    (
        "davidson",
        "R PlackettLuce 0.4.5; worths published by Davidson (1970), table 2",
        [0, 0.2202419002, 0.1529777049, 0.1751449086, 0.1338652270, 0.3771348959],
        0.7468229877,
        -809.7095100903,
    ),
    (
        "rao-kupper",
        "leaderbot 0.4.3, RaoKupper(k_cov=None, k_tie=0): eta = .558733830",
        [0, 0.17371810920, 0.12004919590, 0.13987869503, 0.10496912800, 0.29800930550],
        1.7484572547,
        -809.69713353,
    ),
]


def pudding(oracles: Path) -> list[tuple[Any, Any, str]]:
    tallies = ((r["i"], r["j"], r["w_ij"], r["t_ij"], r["w_ji"]) for r in case_of(oracles, "davidson_pudding")["input"])
    return repeated(tallies)


@pytest.mark.real_data
@pytest.mark.parametrize(("ties", "source", "expected", "parameter", "log_likelihood"), PUDDING)
def test_tie_models_equal_other_packages(
    oracles: Path, ties: Any, source: str, expected: list[float], parameter: float, log_likelihood: float
) -> None:
    found = prefqa.leaderboard(battles(pudding(oracles)), ties=ties, inference="model")
    score = scores(found)
    assert [score[str(i)] - score["1"] for i in range(1, 7)] == pytest.approx(expected, abs=1e-5), source
    assert found.overall["tie_parameter"]["estimate"] == pytest.approx(parameter, abs=1e-6)
    assert found.overall["log_likelihood"] == pytest.approx(log_likelihood, abs=1e-6)


@pytest.mark.real_data
def test_errors_beside_ties_equal_r(oracles: Path) -> None:
    """R PlackettLuce 0.4.5 on Davidson's pudding data: log nu -.2919270863, standard error .0824986917; against 1."""
    found = prefqa.leaderboard(battles(pudding(oracles)), ties="davidson", inference="model")
    errors = found.against("1").sort("name")["se"].to_list()
    assert errors == pytest.approx([0.1872169816, 0.1935183581, 0.1882110872, 0.1927045608, 0.1924062336], abs=1e-6)
    nu = found.overall["tie_parameter"]
    assert np.log(nu["estimate"]) == pytest.approx(-0.2919270863, abs=1e-6)
    assert nu["se"] / nu["estimate"] == pytest.approx(0.0824986917, abs=1e-6)


def rao_kupper_loss(theta: np.ndarray[Any, Any], rows: list[tuple[int, int, str]]) -> float:
    """The textbook likelihood: pi_i / (pi_i + t pi_j), (t^2 - 1) pi_i pi_j / ((pi_i + t pi_j)(t pi_i + pi_j))."""
    worth, t = np.exp(theta[:-1]), 1 + np.exp(theta[-1])
    total = 0.0
    for i, j, word in rows:
        one, two = worth[i] + t * worth[j], t * worth[i] + worth[j]
        p = {
            "left": worth[i] / one,
            "right": worth[j] / two,
            "tie": (t**2 - 1) * worth[i] * worth[j] / (one * two),
        }[word]
        total -= np.log(p)
    return float(total + theta[:-1].sum() ** 2)


def test_rao_kupper_equals_a_general_optimiser() -> None:
    rng = np.random.default_rng(3)
    rows = [
        (*(int(n) for n in rng.choice(4, 2, replace=False)), str(rng.choice(["left", "right", "tie"])))
        for _ in range(80)
    ]
    peer = minimize(rao_kupper_loss, np.zeros(5), args=(rows,), tol=1e-12)
    found = prefqa.leaderboard(battles(rows), ties="rao-kupper")
    assert [scores(found)[str(i)] for i in range(4)] == pytest.approx(peer.x[:4], abs=1e-4)
    assert found.overall["tie_parameter"]["estimate"] == pytest.approx(1 + np.exp(peer.x[4]), abs=1e-4)


#: counting; bradley_terry and newman as a share of the first; average_win_rate.
LLMFAO = {
    "GPT 4": (124, 1, 1, 0.7587574706),
    "command": (220, 0.6999889578, 0.5280115732, 0.6829014084),
    "Koala (13B)": (96, 0.1672600714, 0.0429771938, 0.3465354090),
    "Dolly v2 (3B)": (84, 0.1526918772, 0.0366341189, 0.3013328972),
}


@pytest.mark.real_data
def test_llmfao_equals_evalica(real_data: Path) -> None:
    """evalica 0.4.2 on the published votes on 59 models (llmfao-golden.csv; bradley_terry, newman run to the end)."""
    prefs = prefqa.read(real_data / "llmfao" / "judgments.parquet")
    found = prefqa.leaderboard(prefs)
    assert found.leaderboard.height == 59
    assert (found.n_items, found.n_votes, found.overall["n_ties"]) == (2139, 8931, 3471)
    votes = found.leaderboard.select("name", pl.col("n_wins") + pl.col("n_ties") / 2)
    counting, worth = dict(votes.rows()), worths(found, 1)
    by_ties, win_rate = worths(prefqa.leaderboard(prefs, ties="davidson"), 1), scores(found, "average_win_rate")
    for name, expected in LLMFAO.items():
        found_here = counting[name], worth[name] / worth["GPT 4"], by_ties[name] / by_ties["GPT 4"], win_rate[name]
        assert found_here == pytest.approx(expected, rel=1e-6), name
