"""The bytes of texts are the same wherever they are read."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefqa.checks.near_sample import _sketches
from prefqa.checks.text_bytes import TextBytes, _in_place, _to_copy

N = 20_000


def read(found: TextBytes, low: int, high: int) -> list[bytes]:
    return [
        data[begin:end].tobytes()
        for data, begins, ends in found.parts(low, high)
        for begin, end in zip(begins, ends, strict=True)
    ]


@given(st.lists(st.text("ab é漢", max_size=30), min_size=1, max_size=20), st.data())
def test_each_text_has_its_bytes(texts: list[str], data: st.DataObject) -> None:
    """A short one may have none; what is before a slice of texts does not matter."""
    order = data.draw(st.permutations(range(len(texts))))
    low = data.draw(st.integers(0, len(texts) - 1))
    high = data.draw(st.integers(low + 1, len(texts)))
    for series in (pl.Series(texts), pl.Series(texts).gather(order)):
        for found in (TextBytes.of(series), TextBytes.of(series[low:])):
            start = len(texts) - found.texts.len()
            expected = [text.encode() for text in series[low:high]]
            for one, there in zip(expected, read(found, low - start, high - start), strict=True):
                assert there == one or (there == b"" and len(one) <= 12)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> pl.Series:
    """Texts as they come from a file, one in seven short."""
    n_words = np.random.default_rng(0).integers(2, 60, N)
    said = [f"{i} " + "Cats, bé? " * int(n) * (i % 7 > 0) for i, n in enumerate(n_words)]
    path = tmp_path_factory.mktemp("texts") / "texts.parquet"
    pl.DataFrame({"text": said}).write_parquet(path)
    return pl.read_parquet(path)["text"]


def some(name: str, texts: pl.Series) -> pl.Series:
    at = np.arange(N)
    return {
        "all": texts,
        "a slice": texts[100:5000],
        "two in three": texts.filter(pl.Series(at % 3 > 0)),
        "two runs": pl.concat([texts[:5000], texts[5100:]]),
        "one in ten": texts.filter(pl.Series(at % 10 == 1)),
        "shuffled": texts.gather(np.random.default_rng(1).permutation(N)),
        "two by two turned": texts.gather(at ^ 1),
    }[name]


@pytest.mark.parametrize("name", ["all", "a slice", "two in three", "two runs"])
def test_texts_in_the_order_of_a_file_are_not_copied(texts: pl.Series, name: str) -> None:
    found = _in_place(some(name, texts))
    assert found is not None
    assert {type(found.buffers[number]).__name__ for number in np.unique(found.buffer)} == {"Buffer"}


@pytest.mark.parametrize("name", ["one in ten", "shuffled", "two by two turned"])
def test_texts_in_another_order_or_far_apart_are_copied(texts: pl.Series, name: str) -> None:
    assert _in_place(some(name, texts)) is None


@pytest.mark.parametrize("name", ["all", "a slice", "two in three", "two runs", "one in ten", "shuffled"])
def test_sketches_are_the_same_whether_or_not_texts_are_copied(texts: pl.Series, name: str) -> None:
    series = some(name, texts)
    groups = np.arange(0, series.len(), 4)
    one, other = (_sketches(found(series), 0, series.len(), groups) for found in (TextBytes.of, _to_copy))
    assert (one == other).all()
    assert one.any()


def test_without_pyarrow_texts_are_copied(texts: pl.Series, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefqa.checks.text_bytes.find_spec", lambda _name: None)
    assert read(TextBytes.of(texts), 0, N) == [text.encode() for text in texts]
