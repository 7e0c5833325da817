"""Screening of annotators: silent on clean campaigns, finds what was planted, whatever the names and the order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import prefqa
from prefqa.checks.rules import BY_CODE
from prefqa.screening import screen
from prefqa.screening.pool import Pool
from prefqa.screening.screen import CODES


def clean(seed: int, **options: object) -> prefqa.Preferences:
    return prefqa.simulate(n_items=400, n_annotators=20, spammers=0.0, seed=seed, **options).preferences  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(6))
def test_clean_campaigns_have_no_flags(seed: int) -> None:
    found = screen(clean(seed, repeats=0.05))
    assert found.flags.is_empty()
    assert set(CODES) - set(found.tested) == {"PQ308", "PQ309", "PQ316"}


def test_every_code_of_the_family_has_a_rule() -> None:
    assert list(CODES) == [code for code in BY_CODE if code.startswith("PQ3")]


def test_spammers_who_click_fast_are_all_found_and_nobody_else() -> None:
    campaign = prefqa.simulate(n_items=400, n_annotators=20, spammers=0.2, seed=1)
    spammers = set(campaign.truth.annotators.filter(kind="spammer")["annotator_id"])
    flags = screen(campaign.preferences).flags
    assert set(flags.filter(code="PQ301")["annotator_id"]) == spammers
    assert set(flags["annotator_id"]) == spammers


def test_a_bias_of_the_whole_pool_is_found_and_blames_nobody() -> None:
    biased = prefqa.simulate(n_items=400, n_annotators=20, spammers=0.0, seed=1, position_bias=0.5)
    flags = screen(biased.preferences, codes=["PQ305"]).flags
    assert flags["code"].to_list() == ["PQ305"]
    assert flags["annotator_id"].to_list() == [None]
    assert flags["effect"][0] > 0.02


def test_flags_do_not_hang_on_row_order_or_names() -> None:
    campaign = prefqa.simulate(n_items=200, n_annotators=10, spammers=0.3, seed=2, position_bias=0.3, repeats=0.2)
    prefs = campaign.preferences
    rows = prefs.judgments.drop("_row").collect()
    renamed = prefs.with_judgments(
        rows.sample(fraction=1, shuffle=True, seed=3)
        .with_columns(annotator_id=pl.format("z{}", pl.col("annotator_id").str.reverse()))
        .with_row_index("_row")
        .lazy()
    )
    one, other = (screen(each).flags for each in (prefs, renamed))
    back = other.with_columns(pl.col("annotator_id").str.strip_prefix("z").str.reverse())
    order = ["code", "annotator_id"]
    assert one.height > 0
    assert_frame_equal(one.sort(order), back.sort(order), rel_tol=1e-6)


def test_votes_on_pairs_are_those_of_brute_force() -> None:
    prefs = prefqa.simulate(
        n_items=12, n_responses=3, n_annotators=5, seed=4, missing=0.2, tie_threshold=0.4
    ).preferences
    pool = Pool(prefs, {})
    votes, longer = pool.votes, pool.longer
    assert longer is not None
    rows = prefs.judgments.filter(pl.col("rank").is_not_null()).collect()
    assert prefs.responses is not None
    known = prefs.responses.select("item_id", "response_id", "text")
    texts = {(item, response): text for item, response, text in known.rows()}
    expected = []
    for (item, who), judged in rows.group_by("item_id", "annotator_id"):
        by = {row["response_id"]: row for row in judged.to_dicts()}
        for a in by:
            for b in by:
                if a >= b:
                    continue
                others = [
                    np.sign(pair[b] - pair[a])
                    for (_, someone), part in rows.filter(pl.col("item_id") == item).group_by("item_id", "annotator_id")
                    if someone != who and {a, b} <= (pair := dict(part.select("response_id", "rank").rows())).keys()
                ]
                expected.append(
                    (
                        int(np.sign(by[b]["rank"] - by[a]["rank"])),
                        len(others),
                        round(float(np.mean(others)), 6) if others else None,
                        int(np.sign(by[b]["position"] - by[a]["position"])),
                        int(np.sign(len(texts[item, a]) - len(texts[item, b]))),
                    )
                )
    found = [
        (int(v), int(n), None if np.isnan(o) else round(float(o), 6), int(e), int(long))
        for v, n, o, e, long in zip(votes.vote, votes.n_others, votes.others, votes.earlier, longer, strict=True)
    ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_data_that_lacks_everything_is_not_run_and_not_found() -> None:
    rows = [{"item_id": "p", "annotator_id": "a", "response_id": r, "rank": i} for i, r in ((1, "x"), (2, "y"))]
    found = screen(prefqa.read(rows))
    assert found.flags["code"].to_list() == ["PQ314"]
    assert screen(prefqa.read(pl.DataFrame(rows).head(0))).tested == {}


@pytest.mark.real_data
def test_llmfao_has_an_annotator_who_always_chose_the_same_side(real_data: Path) -> None:
    flags = screen(prefqa.read(real_data / "llmfao" / "judgments.parquet")).flags
    assert flags.filter(code="PQ302").select("annotator_id", "effect", "n").rows() == [("annotator-0050", 1.0, 21)]


def test_nobody_is_straight_lining_where_the_source_names_no_annotators() -> None:
    pairs = [{"prompt": f"Question {i}?", "chosen": f"Yes, {i}.", "rejected": f"No, {i}."} for i in range(40)]
    found = prefqa.check(prefqa.read(pairs), select=["PQ302"])
    assert found.findings.is_empty()
    assert found.not_run.rows() == [("PQ302", "the source names no annotators")]
    named = [{**pair, "annotator_id": "ann"} for pair in pairs]
    assert prefqa.check(prefqa.read(named), select=["PQ302"]).findings["count"].to_list() == [1]


@pytest.mark.parametrize(("chosen", "word"), [("word " * 40, "longer"), ("word", "shorter")])
def test_the_finding_on_length_says_which_way_it_goes(chosen: str, word: str) -> None:
    other = "word " * 20
    rows = [{"item_id": f"p{i:02}", "chosen": chosen + str(i), "rejected": other + str(i)} for i in range(40)]
    message = prefqa.check(prefqa.read(rows), select=["PQ307"]).findings["message"].item()
    assert message.startswith(f"The pool: the majority prefers the {word} response more often than half the time. ")
