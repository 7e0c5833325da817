"""Near duplicates: what is cheap to look at first loses none of them."""

from __future__ import annotations

import unicodedata
from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefqa.checks.near import near
from prefqa.checks.near_sample import _sketches, could_be_near
from prefqa.checks.text_bytes import TextBytes

LETTERS = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))


def pairs_of_words(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return set(pairwise(words)) or {tuple(words)}


def jaccard(one: str, other: str) -> float:
    a, b = pairs_of_words(one), pairs_of_words(other)
    return len(a & b) / len(a | b)


@given(st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=7).map(" ".join), min_size=1, max_size=12))
def test_near_texts_are_those_of_every_two_compared(texts: list[str]) -> None:
    """Nothing is lost, neither anywhere nor within a group."""
    best = dict.fromkeys(range(len(texts)), 0.0)
    for one, other in combinations(range(len(texts)), 2):
        if texts[one] != texts[other]:
            value = jaccard(texts[one], texts[other])
            best[one], best[other] = max(best[one], value), max(best[other], value)
    expected = {at: value for at, value in best.items() if value >= 0.6}
    for within in (None, pl.Series(np.zeros(len(texts), np.int64))):
        found = near(pl.Series(texts, dtype=pl.String), 0.6, within=within)
        assert dict(found.select("text", "similarity").iter_rows()) == pytest.approx(expected)


@given(
    st.lists(st.text("aB \t\n\x1c\x85\u3000éＥ²@`", max_size=12), min_size=1, max_size=8),
    st.sampled_from([" ", " " + "Long" * 5 + " ", " " + "x" * 40 + "é "]),
)
def test_blanks_case_and_form_do_not_count_and_whole_words_do(texts: list[str], between: str) -> None:
    texts = [between.join([text, text[::-1], "a b c d e f"]) for text in texts]
    forms = [
        " ".join(unicodedata.normalize("NFKC", text).lower().translate({0x1C: "\ue000"}).split()) for text in texts
    ]
    best = dict.fromkeys(range(len(texts)), 0.0)
    for one, other in combinations(range(len(texts)), 2):
        if forms[one] != forms[other]:
            value = jaccard(forms[one], forms[other])
            best[one], best[other] = max(best[one], value), max(best[other], value)
    found = near(pl.Series(texts), 0.5)
    expected = {at: value for at, value in best.items() if value >= 0.5}
    assert dict(found.select("text", "similarity").iter_rows()) == pytest.approx(expected)


def test_texts_without_words_are_alike_and_near_to_none() -> None:
    assert near(pl.Series(["", " ", "\t\n", "a", "", "A b", "\u3000", "b"]), 0.1).is_empty()


@pytest.mark.parametrize("at", [0, 7, 8, 9, 15, 16, 17, 30])
def test_every_letter_of_a_long_word_counts(at: int) -> None:
    word = "abcdefghijklmnopqrstuvwxyzabcdefg"
    texts = pl.Series([f"one two {word}", f"one two {word[:at]}_{word[at + 1 :]}"])
    assert near(texts, 0.3)["similarity"].to_list() == pytest.approx([1 / 3] * 2)


def test_a_crowd_of_texts_with_one_template_is_found_without_comparing_each_with_each() -> None:
    rng = np.random.default_rng(0)
    words = vocabulary(rng)
    template = " ".join(words[:60])
    crowd = [f"{template} number {number}" for number in range(500)]
    others = [" ".join(words[rng.integers(0, words.size, 60)]) for _ in range(500)]
    texts = pl.Series([text for pair in zip(crowd, others, strict=True) for text in pair])
    assert near(texts, 0.8)["text"].to_list() == list(range(0, 1000, 2))


def vocabulary(rng: np.random.Generator) -> np.ndarray:
    return np.array(["".join(rng.choice(LETTERS, n)) for n in rng.integers(2, 9, 3000)], dtype=object)


@pytest.mark.parametrize("length", [5, 40, 200, 600])
@pytest.mark.parametrize(
    "edit", ["replaced", "cut", "cut in front", "inserted", "capitals", "some capitals", "lines", "tabs"]
)
def test_edited_copies_pass_the_sketch_and_other_texts_mostly_do_not(length: int, edit: str) -> None:
    rng = np.random.default_rng(length)
    words = vocabulary(rng)
    texts = []
    for _ in range(300):
        text = words[rng.integers(0, words.size, length)]
        copy = text.copy()
        if edit == "replaced":  # each changed word breaks two pairs: about .82 in common
            at = rng.choice(length, int(length * 0.05), replace=False)
            copy[at] = words[rng.integers(0, words.size, at.size)]
        elif edit == "cut":
            copy = copy[: int(np.ceil(length * 0.82))]
        elif edit == "cut in front":
            copy = copy[length - int(np.ceil(length * 0.82)) :]
        elif edit == "inserted":
            at = rng.choice(length, int(length * 0.1), replace=False)
            copy = np.insert(copy, at, words[rng.integers(0, words.size, at.size)])
        said = " ".join(copy)
        blank = {"lines": "\n", "tabs": "\t"}.get(edit, " ")
        if edit == "some capitals":
            said = " ".join(word.title() if number % 3 else word for number, word in enumerate(copy))
        said = said.upper() if edit == "capitals" else said.replace(" ", blank)
        texts += [" ".join(text), said]
    group = np.repeat(np.arange(300), 2)
    assert could_be_near(pl.Series(texts), group, 0.8).all()
    others = pl.Series([" ".join(words[rng.integers(0, words.size, length)]) for _ in range(600)])
    passed = could_be_near(others, group, 0.8).mean()
    assert passed < 0.2 if length == 200 else passed <= 1.0


def test_a_text_apart_does_not_pass_with_two_that_are_near() -> None:
    rng = np.random.default_rng(3)
    words = vocabulary(rng)
    one, other = (" ".join(words[rng.integers(0, words.size, 300)]) for _ in range(2))
    passed = could_be_near(pl.Series([one, other, one + " more"]), np.zeros(3, np.int64), 0.8)
    assert passed.tolist() == [True, False, True]


def test_the_sketch_is_of_the_text_alone() -> None:
    """Neither neighbours nor the size of blocks change it; words at the edge of a text are left out."""
    some = ["", "be", "A cat", "A cat that sleeps", "x" * 9, "Cafés BEcome\tgrand\ncafés for all", "b" * 20 + " c"]
    texts = pl.Series(some * 200)
    one = _sketches(TextBytes.of(texts), 0, texts.len(), np.arange(texts.len()))
    alone = [_sketches(TextBytes.of(texts[at : at + 1]), 0, 1, np.zeros(1, np.int64)) for at in range(len(some))]
    assert (one == np.concatenate(alone * 200, axis=1)).all()
    assert (one[:, : len(some)] != 0).any(axis=0).tolist() == [False, False, False, True, False, True, False]


def test_a_block_of_tiny_texts_has_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held of a block grows with the number of its texts, so this is bounded beside their bytes."""
    sizes = []

    def sketches(said: TextBytes, low: int, high: int, groups: np.ndarray) -> np.ndarray:
        sizes.append(high - low)
        return _sketches(said, low, high, groups)

    monkeypatch.setattr("prefqa.checks.near_sample._sketches", sketches)
    assert could_be_near(pl.Series([".", ","] * 150_000), np.arange(300_000) // 2, 0.8).all()
    assert max(sizes) <= 100_000
    assert sum(sizes) == 300_000


def test_other_scripts_are_compared_in_full() -> None:
    texts = pl.Series(["Кошка сидит на окне и смотрит на улицу " * 5, "Собака бежит по полю " * 9])
    assert could_be_near(texts, np.zeros(2, np.int64), 0.8).all()


def test_a_threshold_that_nothing_reaches_finds_nothing() -> None:
    texts = pl.Series(["one two three four", "one two three five", "one two three five six"] * 3)
    assert near(texts, 1.5).is_empty()
    assert near(texts, 1.5, within=pl.Series([0] * 9)).is_empty()
