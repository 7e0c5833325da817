"""Which texts could be near duplicates at all: a sketch of a few of their words, far cheaper than all of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints

#: Words after a blank that begin with one of some rarer letters: 6 to 15 % of the words of languages in Latin script.
_WORD = r"[ \n\t][gjkquvyGJKQUVY][a-zA-Z]+"
#: A text with fewer bits set in its sketch is too short or of another script, and compared in full.
_FEWEST = 12
#: How far below the similarity sought the share of common bits may be.
_MARGIN = 0.5
_CHUNK = 200_000


def could_be_near(texts: pl.Series, group: Ints, threshold: float) -> Bools:
    """Which texts are in a group (a run) with two that could be similar, by Jaccard's index of pairs of words.

    Every sampled word sets one of the 128 bits of its text's sketch. A changed word breaks two pairs of words, so texts
    of similarity .8 have .94 of their words in common, or one is the other and a fifth more. Of 12 words, of either
    kind of pair, fewer than .3 of all bits are then common about once in 20,000 pairs. What passes is compared in full.
    """
    likely = np.zeros(texts.len(), bool)
    for low, high, here in blocks_of_groups(group, _CHUNK):
        sketch = _sketches(texts[low:high])
        number = np.repeat(np.arange(here.size), np.diff(np.append(here, high - low)))
        found = np.bincount(number, weights=_count(sketch) < _FEWEST, minlength=here.size) > 0
        first, second = pairs_of_runs(number)
        one, other = sketch[first], sketch[second]
        found[number[first[_count(one & other) >= (threshold - _MARGIN) * _count(one | other)]]] = True
        likely[low:high] = found[number]
    return likely


def blocks_of_groups(group: Ints, most: int) -> Iterator[tuple[int, int, Ints]]:
    """Blocks of whole groups (runs) of about `most` members: begin, end, and where each group begins in the block."""
    begins = np.flatnonzero(np.append(True, group[1:] != group[:-1])[: group.size])
    edges = begins[np.unique(begins.searchsorted(np.arange(0, group.size, most)).clip(max=max(begins.size - 1, 0)))]
    for low, high in pairwise([*edges.tolist(), group.size]):
        yield low, high, begins[(begins >= low) & (begins < high)] - low


def _sketches(texts: pl.Series) -> Ints:
    """A sketch of each text, [n_texts, 2], of 64 bits each."""
    words = texts.to_frame("t").lazy().select(pl.col("t").str.extract_all(_WORD)).collect(engine="streaming")["t"]
    sizes = words.list.len().to_numpy().astype(np.int64)
    some = np.flatnonzero(sizes)
    sketch = np.zeros((texts.len(), 2), np.uint64)
    if some.size:
        word = words.explode().drop_nulls().str.slice(1).str.to_lowercase().hash().to_numpy()
        starts = np.append(0, np.cumsum(sizes[some]))[:-1]
        bit, second = np.uint64(1) << (word & np.uint64(63)), (word >> np.uint64(6)) & np.uint64(1)
        sketch[some, 1] = np.bitwise_or.reduceat(bit * second, starts)
        sketch[some, 0] = np.bitwise_or.reduceat(bit * (np.uint64(1) - second), starts)
    return sketch


def _count(sketch: Ints) -> Ints:
    """How many bits are set."""
    return np.asarray(np.bitwise_count(sketch).sum(axis=1))


def pairs_of_runs(key: Ints) -> tuple[Ints, Ints]:
    """All pairs of places in runs of equal keys."""
    first, second = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at, step = np.arange(key.size), 1
    while (at := at[at + step < key.size]).size and (at := at[key[at + step] == key[at]]).size:
        first.append(at)
        second.append(at + step)
        step += 1
    return np.concatenate(first), np.concatenate(second)
