"""Near duplicates: what is cheap to look at first loses none of them."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefqa.checks.near import near
from prefqa.checks.near_sample import could_be_near

LETTERS = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))


def pairs_of_words(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return set(pairwise(words)) or {tuple(words)}


def jaccard(one: str, other: str) -> float:
    a, b = pairs_of_words(one), pairs_of_words(other)
    return len(a & b) / len(a | b)


@given(st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=7).map(" ".join), min_size=1, max_size=12))
def test_near_texts_are_those_of_every_two_compared(texts: list[str]) -> None:
    """MinHash may lose one near the threshold; what it finds is right. Within a group nothing is lost."""
    best = dict.fromkeys(range(len(texts)), 0.0)
    for one, other in combinations(range(len(texts)), 2):
        if texts[one] != texts[other]:
            value = jaccard(texts[one], texts[other])
            best[one], best[other] = max(best[one], value), max(best[other], value)
    found = dict(near(pl.Series(texts, dtype=pl.String), 0.6).select("text", "similarity").iter_rows())
    assert all(value <= best[at] + 1e-9 for at, value in found.items())
    within = near(pl.Series(texts, dtype=pl.String), 0.6, within=pl.Series(np.zeros(len(texts), np.int64)))
    assert within["text"].to_list() == [at for at, value in best.items() if value >= 0.6]


def vocabulary(rng: np.random.Generator) -> np.ndarray:
    return np.array(["".join(rng.choice(LETTERS, n)) for n in rng.integers(2, 9, 3000)], dtype=object)


@pytest.mark.parametrize("length", [5, 40, 200, 600])
@pytest.mark.parametrize("edit", ["replaced", "cut", "capitals", "some capitals", "lines", "tabs"])
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


def test_other_scripts_are_compared_in_full() -> None:
    texts = pl.Series(["Кошка сидит на окне и смотрит на улицу " * 5, "Собака бежит по полю " * 9])
    assert could_be_near(texts, np.zeros(2, np.int64), 0.8).all()
