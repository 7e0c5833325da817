"""Defects: each is where its list says, and its rule finds it there."""

from __future__ import annotations

from importlib.util import find_spec

import polars as pl
import pytest

import prefqa
from prefqa.errors import UsageError
from prefqa.lint import check
from prefqa.simulate_defects import CODES, OPTIONS, plant

PACKAGES = {"PQ206": "rensa", "PQ219": "ftfy", "PQ703": "license_expression", "PQ704": "license_expression",
            "PQ705": "license_expression"}  # fmt: skip
#: Habits of annotators take more judgments than a test should draw; benchmarks/checks.py measures them.
HABITS = [code for code in CODES if code.startswith("PQ3")]
NAMES = ("item_id", "annotator_id", "response_id")


@pytest.fixture(scope="module")
def campaign() -> prefqa.Preferences:
    return prefqa.simulate(n_items=60, n_annotators=12, spammers=0.0, tie_threshold=0.0, seed=4).preferences


@pytest.mark.parametrize("code", [code for code in CODES if code not in HABITS])
def test_a_rule_finds_its_defects_where_they_were_planted(campaign: prefqa.Preferences, code: str) -> None:
    if code in PACKAGES and find_spec(PACKAGES[code]) is None:
        pytest.skip(f"needs {PACKAGES[code]}")
    one = plant(campaign, code, share=0.2, seed=1)
    found = check(
        one.preferences, select=[code], options={k: v for k, v in OPTIONS.items() if k == code}, max_examples=10**6
    )
    rows = [example for examples in found.findings["examples"] for example in examples]
    there = pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String)).select(one.keys.columns)
    assert one.keys.height > 0
    assert one.keys.join(there, on=one.keys.columns, how="anti").is_empty()


@pytest.mark.parametrize("code", CODES)
def test_planting_is_repeatable_and_leaves_the_rest_alone(campaign: prefqa.Preferences, code: str) -> None:
    if code == "PQ316":
        campaign = prefqa.simulate(n_items=60, n_annotators=12, gold=0.4, seed=4).preferences
    first, again = (plant(campaign, code, seed=9) for _ in range(2))
    assert first.keys.equals(again.keys)
    assert first.preferences.judgments.collect().equals(again.preferences.judgments.collect())
    assert first.preferences.responses is not None
    assert campaign.responses is not None
    assert first.preferences.responses.height == campaign.responses.height


def test_what_cannot_be_planted_is_refused(campaign: prefqa.Preferences) -> None:
    with pytest.raises(UsageError, match="nothing to plant"):
        plant(campaign, "PQ113")
