"""Datasets of the hub: by name and revision, and never with code of theirs."""

from __future__ import annotations

from typing import Any

import pytest

import prefqa
from prefqa.errors import ReadError, UsageError


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    datasets = pytest.importorskip("datasets")
    calls: list[tuple[Any, ...]] = []

    def load(name: str, **options: Any) -> Any:
        calls.append((name, options))
        if name == "nobody/nothing":
            raise FileNotFoundError("there is no such dataset\nat all")
        rows = datasets.Dataset.from_list([{"prompt": "q", "chosen": "a", "rejected": "b"}])
        return datasets.DatasetDict({"train": rows, "test": rows})

    monkeypatch.setattr(datasets, "load_dataset", load)
    return calls


@pytest.mark.parametrize("address", ["hf://me/mine@abc", "hf://datasets/me/mine@abc"])
def test_a_dataset_is_loaded_by_name_and_revision_without_its_code(loaded: list[Any], address: str) -> None:
    prefs = prefqa.read(address)
    assert loaded == [("me/mine", {"revision": "abc"})]
    assert prefs.source.origin == address
    assert set(prefs.judgments.collect()["split"]) == {"test", "train"}


def test_what_cannot_be_loaded_is_named(loaded: list[Any]) -> None:
    with pytest.raises(ReadError, match="hf://nobody/nothing: cannot be loaded: there is no such dataset"):
        prefqa.read("hf://nobody/nothing")
    with pytest.raises(UsageError, match="names no dataset"):
        prefqa.read("hf://a/b/c")
    with pytest.raises(UsageError, match="cannot read from the address"):
        prefqa.read("https://example.org/x.json")
