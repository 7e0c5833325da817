"""The licence in Croissant metadata beside a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import ReadError

CONTEXT = {"@language": "en", "@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"}
MIT, ADDRESS = "MIT", "https://creativecommons.org/licenses/by/4.0/"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = {"prompt": ["q"], "chosen": ["good"], "rejected": ["bad"]}
    pl.DataFrame(rows).write_ndjson(tmp_path / "pairs.jsonl")
    return tmp_path


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ({"license": MIT}, MIT),
        ({"license": ADDRESS}, ADDRESS),
        ({"license": [MIT, ADDRESS, MIT]}, f"{MIT} AND {ADDRESS}"),
        ({"license": {"@type": "CreativeWork", "name": "CC BY 4.0", "url": ADDRESS}}, "CC BY 4.0"),
        ({"sc:license": {"@id": ADDRESS}}, ADDRESS),
    ],
)
def test_the_licence_is_that_of_all_responses(folder: Path, said: Any, licence: str) -> None:
    metadata = {"@context": CONTEXT, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0"}
    (folder / "croissant.json").write_text(json.dumps(metadata | said))
    for source in (folder / "pairs.jsonl", folder):
        prefs = prefqa.read(source)
        assert prefs.responses is not None
        assert prefs.responses["licence"].to_list() == [licence] * 2
    assert "PQ701" not in prefqa.check(prefs).findings["code"]


def test_a_licence_of_the_responses_own_is_kept(folder: Path) -> None:
    (folder / "croissant.json").write_text(json.dumps({"license": MIT}))
    own = pl.DataFrame({"item_id": ["prompt-1"], "response_id": ["r1"], "text": ["x"], "licence": ["own"]})
    prefs = prefqa.read(folder / "pairs.jsonl", responses=own)
    assert prefs.responses is not None
    assert prefs.responses["licence"].to_list() == ["own"]


@pytest.mark.parametrize("metadata", [{}, {"license": None}, {"license": [1]}, []])
def test_without_a_licence_nothing_is_claimed(folder: Path, metadata: Any) -> None:
    (folder / "croissant.json").write_text(json.dumps(metadata))
    prefs = prefqa.read(folder)
    assert prefs.responses is not None
    assert "licence" not in prefs.responses.columns


def test_broken_metadata_is_named(folder: Path) -> None:
    (folder / "croissant.json").write_text("{")
    with pytest.raises(ReadError, match=r"croissant\.json: is no Croissant metadata"):
        prefqa.read(folder)
