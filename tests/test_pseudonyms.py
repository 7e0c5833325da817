"""Pseudonyms: keyed, the same for the same key, and nobody's id is left in what is written."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.checks.rule import ranking
from prefqa.cli import cli
from prefqa.errors import UsageError
from prefqa.lint import check
from prefqa.notes import NOTE_ROWS, Note
from prefqa.preferences import Preferences, Source
from prefqa.pseudonyms import key_of, pseudonymise
from strategies import judgments, preferences

KEY = b"k" * 16


def ids(prefs: Preferences) -> list[str | None]:
    return prefs.judgments.collect()["annotator_id"].to_list()


def test_a_pseudonym_is_the_hmac_of_rfc_2104() -> None:
    (first, *_) = ids(pseudonymise(Preferences.from_long(pl.DataFrame(list(ranking(1, 2)))), KEY))
    # Written out: H(K xor opad, H(K xor ipad, text)) with SHA-256 and blocks of 64 bytes.
    padded = KEY.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + b"ann").digest()
    assert first == "a-" + hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).hexdigest()[:16]


@given(judgments(), st.binary(min_size=16, max_size=40))
def test_nothing_but_names_changes(frame: pl.DataFrame, key: bytes) -> None:
    before, after = preferences(frame), pseudonymise(preferences(frame), key)
    assert dict(zip(ids(before), ids(after), strict=True)) == {
        name: "a-" + hmac.new(key, name.encode(), "sha256").hexdigest()[:16] for name in frame["annotator_id"]
    }
    left = [check(prefs).findings.select("code", "count", "share").rows() for prefs in (before, after)]
    assert left[0] == left[1]


def test_ids_within_judgment_ids_and_notes_go_too_and_no_others() -> None:
    rows = [
        row | {"judgment_id": f"{row['annotator_id']}-7-1"}
        for who in ("ann", "anna", "7")
        for row in ranking(1, 2, annotator=who)
    ]
    noted = pl.DataFrame(
        {
            "_row": [0],
            "item_id": ["p1"],
            "annotator_id": ["carla"],
            "response_id": [None],
            "_value": ["changed by ann"],
        },
        schema=dict(NOTE_ROWS),
    )
    source = Source("export", notes=(Note("PQ725", "one", 1, 1, noted),))
    prefs = pseudonymise(Preferences.from_long(pl.DataFrame(rows), source=source), KEY)
    table = prefs.judgments.collect()
    (ann, anna, seven) = (table["annotator_id"][i] for i in (0, 2, 4))
    assert table["judgment_id"].unique().sort().to_list() == sorted([f"{ann}-7-1", f"{anna}-7-1", "7-7-1"])
    assert seven.startswith("a-")
    (note,) = prefs.source.notes
    assert note.rows["_value"].to_list() == [f"changed by {ann}"]
    assert note.rows["annotator_id"][0].startswith("a-")


def test_lost_ids_are_still_found() -> None:
    rows = [*ranking(1, 2, annotator=None), *ranking(1, 2, annotator=" ", item="p2")]
    prefs = Preferences.from_long(pl.DataFrame(rows, schema_overrides={"annotator_id": pl.String}))
    assert check(pseudonymise(prefs, KEY), select=["PQ102"]).findings["count"].to_list() == [4]


def test_a_key_comes_from_the_environment_or_a_file_and_is_long_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("0123456789abcdef\n")
    monkeypatch.setenv("A_KEY", "0123456789abcdef")
    assert key_of(str(tmp_path / "key")) == key_of("env:A_KEY") == b"0123456789abcdef"
    monkeypatch.setenv("A_KEY", "short")
    for source in ("env:A_KEY", "env:NO_KEY", str(tmp_path / "none")):
        with pytest.raises(UsageError, match="key for pseudonyms"):
            key_of(source)


def test_no_id_is_left_in_any_file_of_a_run(tmp_path: Path) -> None:
    who = ("jane.doe@university.edu", "bob@university.edu")
    rows = [
        row | {"judgment_id": f"{name}/{i}", "status": "draft" if i == 3 else "submitted"}
        for i in range(20)
        for name in who
        for row in ranking(1 + i % 2, 2 - i % 2, item=f"p{i}", annotator=name)
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "in.parquet")
    (tmp_path / "key").write_text("0123456789abcdef")
    given = [str(tmp_path / "in.parquet"), "--pseudonymise", str(tmp_path / "key")]
    done = CliRunner().invoke(cli, ["run", *given, "-o", str(tmp_path / "out")])
    assert done.exception is None, done.output
    written = [*(tmp_path / "out").iterdir()]
    assert len(written) >= 8
    for file in written:
        text = pl.read_parquet(file).write_json() if file.suffix == ".parquet" else file.read_text()
        assert "university" not in text, file.name
    found = CliRunner().invoke(cli, ["check", *given, "--format", "json", "--fix", str(tmp_path / "fixed.parquet")])
    assert "university" not in found.output
    assert "PQ702" not in [one["code"] for one in json.loads(found.stdout)["findings"]]
    assert "university" not in pl.read_parquet(tmp_path / "fixed.parquet").write_json()


def test_the_config_pseudonymises_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "0123456789abcdef")
    prefs = Preferences.from_long(
        pl.DataFrame([row for i in range(9) for who in "xy" for row in ranking(1, 2, item=f"p{i}", annotator=who)])
    )
    result = prefqa.run(prefs, config={"read": {"pseudonymise": "env:A_KEY"}})
    assert result.consensus.annotators["annotator_id"].str.starts_with("a-").all()
