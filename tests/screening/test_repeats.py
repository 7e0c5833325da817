"""PQ308: who contradicts themselves beyond the pool is found, by a test that counts votes for what they are worth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

import prefqa
from prefqa.checks.frame import NotRun
from prefqa.checks.rules import with_defaults
from prefqa.preferences import Preferences
from prefqa.screening.evidence import Evidence
from prefqa.screening.pool import Pool
from prefqa.screening.skill import unlike_itself
from prefqa.simulate_defects import plant


def evidence(prefs: Preferences) -> Evidence:
    found = unlike_itself(Pool(prefs, with_defaults({})))
    assert not isinstance(found, NotRun)
    return found


def test_on_pairs_it_is_the_exact_binomial_test_of_scipy() -> None:
    campaign = prefqa.simulate(n_items=300, n_responses=2, n_annotators=10, repeats=0.5, texts=False, seed=8)
    found = evidence(campaign.preferences)
    k, n = found.effect * found.n, found.n
    limit = (k.sum() / n.sum() + 0.5) / 2
    expected = [binomtest(round(a), round(b), limit, alternative="greater") for a, b in zip(k, n, strict=True)]
    assert found.p == pytest.approx([one.pvalue for one in expected], rel=1e-6)
    assert found.low == pytest.approx([binomtest(one.k, one.n).proportion_ci().low for one in expected], rel=1e-6)


def test_rankings_of_four_are_worth_more_than_one_vote_and_less_than_six() -> None:
    campaign = prefqa.simulate(n_items=600, n_annotators=20, repeats=0.5, tie_threshold=0.0, texts=False, seed=8)
    found = evidence(campaign.preferences)
    wide = binomtest(20, 40).proportion_ci()
    middle = int(np.abs(found.effect - 0.3).argmin())
    width = (found.high - found.low)[middle] * np.sqrt(found.n[middle] / 40)
    assert (wide.high - wide.low) / np.sqrt(6) < width < wide.high - wide.low


def test_who_gives_any_order_the_second_time_is_found() -> None:
    campaign = prefqa.simulate(n_items=1500, n_annotators=20, repeats=0.5, tie_threshold=0.0, spammers=0.0, seed=8)
    planted = plant(campaign.preferences, "PQ308", share=0.1, seed=8)
    found = prefqa.screen(planted.preferences, codes=["PQ308"]).flags["annotator_id"]
    assert set(planted.keys["annotator_id"]) <= set(found)
