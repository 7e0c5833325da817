"""Texts of responses that stay in their file: in blocks of whole items, and with the same results as in memory."""

from __future__ import annotations

import copy
import pickle
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

import prefqa
from prefqa import response_texts
from prefqa.errors import ReadError
from prefqa.preferences import Preferences
from prefqa.response_texts import blocks
from prefqa.simulate_defects import plant

TABLES = ("judgments", "responses", "items")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_texts, "_ROWS", 7)
    monkeypatch.setattr(response_texts, "_BYTES", 2_000)


def campaign(*codes: str) -> Preferences:
    prefs = prefqa.simulate(n_items=120, n_responses=3, n_annotators=8, seed=4).preferences
    for seed, code in enumerate(codes):
        prefs = plant(prefs, code, share=0.1, seed=seed).preferences
    return prefs


def lazily(prefs: Preferences, folder: Path, responses: pl.DataFrame | None = None) -> Preferences:
    """The same preferences, with responses read lazily from a file."""
    table = prefs.responses if responses is None else responses
    assert table is not None
    table.write_parquet(folder / "responses.parquet")
    scan = pl.scan_parquet(folder / "responses.parquet")
    return Preferences.from_long(prefs.judgments.collect(), responses=scan, items=prefs.items)


def test_texts_in_order_stay_in_their_file(tmp_path: Path) -> None:
    prefs = campaign()
    there = lazily(prefs, tmp_path)
    assert there.responses is not None
    assert prefs.responses is not None
    assert "text" not in there.responses.columns
    assert there.texts is not None
    assert_frame_equal(there.texts.collect(), prefs.responses.select("item_id", "response_id", "text"))
    whole = there.with_texts().responses
    assert whole is not None
    assert_frame_equal(whole, prefs.responses, check_column_order=False)


@pytest.mark.parametrize("how", ["shuffled", "twice", "no key"])
def test_texts_out_of_order_are_read_into_memory(how: str, tmp_path: Path) -> None:
    prefs = campaign()
    known = prefs.responses
    assert known is not None
    table = {
        "shuffled": known.sample(fraction=1, shuffle=True, seed=1),
        "twice": pl.concat([known[:1], known]),
        "no key": pl.concat([known[:1].with_columns(item_id=pl.lit(None, pl.String)), known]),
    }[how]
    there = lazily(prefs, tmp_path, table)
    assert there.responses is not None
    assert_frame_equal(there.responses.drop_nulls("item_id"), known)


@pytest.mark.usefixtures("small_blocks")
def test_blocks_are_whole_items_in_order(tmp_path: Path) -> None:
    texts = lazily(campaign(), tmp_path).texts
    assert texts is not None
    parts = list(blocks(texts))
    assert len(parts) > 10
    assert_frame_equal(pl.concat(parts), texts.collect())
    items = pl.concat([part.select(pl.col("item_id").unique()) for part in parts])
    assert not items["item_id"].is_duplicated().any()


def test_an_item_larger_than_a_block_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_texts, "_ROWS", 3)
    monkeypatch.setattr(response_texts, "_BYTES", 1)
    ids = ["a"] * 10 + ["b"]
    frame = pl.DataFrame({"item_id": ids, "response_id": [f"{i:02}" for i in range(11)], "text": ["word"] * 11})
    assert [part.height for part in blocks(frame.lazy())] == [10, 1]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("messages", [False, True])
def test_findings_are_those_of_texts_in_memory(messages: bool, tmp_path: Path) -> None:
    planted = ("PQ201", "PQ203", "PQ204", "PQ206", "PQ213", "PQ214", "PQ215", "PQ216", "PQ219", "PQ222")
    prefs = campaign(*planted)
    known = prefs.responses
    assert known is not None
    if messages:
        said = pl.struct(role=pl.lit("assistant"), content="text")
        asked = pl.struct(role=pl.lit("user"), content=pl.lit("Why?"))
        known = known.with_columns(text=pl.concat_list(asked, said))
        prefs = Preferences.from_long(prefs.judgments.collect(), responses=known, items=prefs.items)
    with pytest.MonkeyPatch.context() as usual:
        usual.setattr(response_texts, "_ROWS", 1 << 15)
        usual.setattr(response_texts, "_BYTES", 1 << 27)
        whole = prefqa.check(prefs, select=["PQ"], max_examples=50)
    parts = prefqa.check(lazily(prefs, tmp_path, known), select=["PQ"], max_examples=50)
    assert_frame_equal(parts.findings, whole.findings)
    assert_frame_equal(parts.not_run, whole.not_run)
    assert set(planted) - set(whole.findings["code"]) <= {"PQ203"}  # the same responses may be planted twice


def test_what_else_asks_for_texts_gets_them(tmp_path: Path) -> None:
    prefs = campaign()
    there = lazily(prefs, tmp_path)
    pairs = [prefqa.consensus(each).pairs() for each in (prefs, there)]
    assert "chosen" in pairs[0].columns
    assert_frame_equal(pairs[1], pairs[0])
    assert_frame_equal(prefqa.drift(there).detectors, prefqa.drift(prefs).detectors)
    names = [prefqa.leaderboard(each, by="text", prior_sd=1.0).leaderboard for each in (prefs, there)]
    assert_frame_equal(names[1], names[0])
    defects = [plant(each, "PQ203", share=0.1).preferences for each in (prefs, there)]
    found = [prefqa.check(each, select=["PQ203"]).findings for each in defects]
    assert_frame_equal(found[1], found[0])
    boards = [prefqa.leaderboard(each, covariates=["length"]).leaderboard for each in (prefs, there)]
    assert_frame_equal(boards[1], boards[0])


def test_a_directory_of_tables_leaves_texts_in_theirs(tmp_path: Path) -> None:
    prefs = campaign("PQ201")
    for name in TABLES:
        getattr(prefs, name).lazy().collect().write_parquet(tmp_path / f"{name}.parquet")
    there = prefqa.read(tmp_path)
    assert there.responses is not None
    assert "text" not in there.responses.columns
    assert (
        prefqa.check(there, select=["PQ201"]).findings["count"].to_list()
        == prefqa.check(prefs, select=["PQ201"]).findings["count"].to_list()
    )


def test_slices_leave_out_their_texts(tmp_path: Path) -> None:
    prefs = campaign("PQ201")
    halves = prefs.judgments.with_columns(batch=(pl.col("item_id").hash() % 2).cast(pl.String)).collect()
    both = [prefs.with_judgments(halves.lazy()), lazily(prefs.with_judgments(halves.lazy()), tmp_path)]
    asked = {"select": ["PQ201"], "slices": [{"where": "batch=1", "ignore": ["PQ201"]}]}
    found = [prefqa.check(each, **asked).findings for each in both]
    assert_frame_equal(found[1], found[0])


def test_a_damaged_file_of_responses_is_named(tmp_path: Path) -> None:
    prefs = campaign()
    for name in TABLES:
        getattr(prefs, name).lazy().collect().write_parquet(tmp_path / f"{name}.parquet")
    path = tmp_path / "responses.parquet"
    data = bytearray(path.read_bytes())
    data[4:40] = b"\xff" * 36
    path.write_bytes(bytes(data))
    for asked in (["PQ2"], ["PQ3"], []):
        with pytest.raises(ReadError, match=r"responses\.parquet"):
            prefqa.check(prefqa.read(tmp_path), select=asked)


def test_lengths_are_known_from_the_pass_through_the_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules on annotators, and what comes after the check, read no text again; without the rules on texts they do."""
    prefs = lazily(campaign("PQ301"), tmp_path)
    alone = prefqa.check(lazily(prefs.with_texts(), tmp_path), select=["PQ3"])
    assert prefs.texts is not None
    expected = prefs.texts.select("item_id", "response_id", n_chars=pl.col("text").str.len_chars()).collect()

    def refuse(_: object) -> None:
        raise AssertionError("texts are read again")

    monkeypatch.setattr("prefqa.response_texts.lengths_of", refuse)
    checked = prefqa.check(prefs)
    of_annotators = pl.col("code").str.starts_with("PQ3")
    assert_frame_equal(checked.findings.filter(of_annotators), alone.findings.filter(of_annotators))
    assert "PQ301" in checked.findings["code"]
    assert checked.preferences.lengths is not None
    assert_frame_equal(checked.preferences.lengths, expected)


def test_lengths_are_those_of_the_tables_that_there_are(tmp_path: Path) -> None:
    """Other tables have others, and a part has its own."""
    prefs = campaign()
    assert prefs.responses is not None
    prefqa.check(prefs)
    other = replace(prefs, responses=prefs.responses.with_columns(text=pl.lit("five!")))
    for each in (other, other, prefs.with_judgments(prefs.judgments.head(9)), lazily(prefs, tmp_path), prefs):
        assert each.texts is not None
        assert each.lengths is not None
        assert_series_equal(each.lengths["n_chars"], each.texts.collect()["text"].str.len_chars(), check_names=False)
    part = prefs.of_items(pl.DataFrame({"item_id": prefs.responses["item_id"].unique(maintain_order=True)[3:7]}))
    assert part.lengths is not None
    assert part.lengths.height == 12


@pytest.mark.parametrize("asked", [[], ["PQ3"]])
def test_what_was_checked_can_be_sent_and_copied(asked: list[str], tmp_path: Path) -> None:
    for prefs in (campaign(), lazily(campaign(), tmp_path)):
        checked = prefqa.check(prefs, select=asked)
        for each in (prefs, checked.preferences, checked):
            copy.deepcopy(each)
            pickle.loads(pickle.dumps(each))


def test_a_check_after_one_that_failed_reads_anew(tmp_path: Path) -> None:
    prefs = lazily(campaign(), tmp_path)
    (tmp_path / "responses.parquet").rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):
        prefqa.check(prefs)
    (tmp_path / "away").rename(tmp_path / "responses.parquet")
    assert "PQ301" in prefqa.check(prefs).ran
    assert prefs.lengths is not None


def test_rules_on_annotators_say_the_same_whether_or_not_texts_are_read_for_others() -> None:
    """Here none is there."""
    prefs = campaign("PQ301")
    assert prefs.responses is not None
    prefs = replace(prefs, responses=prefs.responses.with_columns(text=pl.lit(None, pl.String)))
    of_annotators = pl.col("code").str.starts_with("PQ3")
    whole, alone = prefqa.check(prefs), prefqa.check(prefs.with_judgments(prefs.judgments), select=["PQ3"])
    for name in ("findings", "not_run"):
        assert_frame_equal(*(getattr(each, name).filter(of_annotators) for each in (whole, alone)))


def test_texts_are_not_read_for_a_rule_that_lacks_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefs = lazily(campaign(), tmp_path)
    (tmp_path / "responses.parquet").unlink()
    monkeypatch.setattr("prefqa.checks.looks.find_spec", lambda _: None)
    assert prefqa.check(prefs, select=["PQ219"]).not_run["code"].to_list() == ["PQ219"]


def test_texts_are_checked_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    prefs = campaign("PQ201")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "PQ201" in prefqa.check(prefs, select=["PQ2"]).findings["code"]
