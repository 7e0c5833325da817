"""Which texts share so many pairs of words, wherever they are, that they could be near duplicates: none is lost."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor

import numpy as np

from prefqa._types import Bools, Ints, begins
from prefqa.checks.near_sample import pairs_of_runs

#: Bits of the hash of a pair of words beside which the number of one of `CHUNK` texts finds place.
HASH = 51
#: Texts whose pairs of words are looked at at once.
CHUNK = 2 ** (64 - HASH)
#: How often a pair of words is there is told in these bits of its hash.
_OFTEN = 8
#: More texts than this that share a rare pair of words are not compared each with each.
_CROWD = 16


def sharing(
    pool: Executor, parts: Iterable[tuple[Ints, Ints]], threshold: float
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Distinct pairs of words, text by text, and how many; pairs of texts that could be similar; texts in a crowd.

    Two texts of similarity t have t of the pairs of words of either in common. So of a text's n pairs, in whatever one
    order for all texts, one of the first n - tn + 1 is among those of the other. The order is by how often a pair is
    there, the rarest first. Texts that share one of these with many others are a crowd.
    """
    parts = list(parts)
    often, shift = _how_often([pair for pair, _ in parts])
    ranked = list(pool.map(lambda part: _ranked(part[0], part[1], often, shift, threshold), parts))
    pair, size, many, key, bits = (np.concatenate(each) for each in zip(*ranked, strict=True))
    of_text = np.uint64(int(size.size).bit_length())
    # Of the hash as many bits as find place beside the number of the text.
    keys = key << of_text | np.repeat(np.arange(size.size, dtype=np.uint64), many)
    keys.sort()
    text, key = (keys & (np.uint64(1) << of_text) - np.uint64(1)).astype(np.int64), keys >> of_text
    runs = np.diff(np.append(np.flatnonzero(begins(key)), key.size))
    crowded = np.repeat(runs > _CROWD, runs)
    one, other = (text[~crowded][at] for at in pairs_of_runs(key[~crowded]))
    packed = np.sort(one * np.int64(size.size) + other)
    packed = packed[begins(packed)]
    first, second = packed // max(size.size, 1), packed % max(size.size, 1)
    could = _could(bits, size, first, second, threshold)
    return pair, size, first[could], second[could], np.unique(text[crowded])


def _how_often(parts: list[Ints]) -> tuple[Ints, int]:
    """How often pairs of words are there whose hashes begin with the same bits; and how many bits are left of these."""
    bits = max(sum(part.size for part in parts).bit_length() - 1, 1)
    many = np.zeros(2**bits, np.uint32)
    for part in parts:
        np.add.at(many, (part >> np.uint64(64 - bits)).view(np.int64), np.uint32(1))
    return np.minimum(many, 2**_OFTEN - 1).astype(np.uint8), 64 - bits


def _ranked(pair: Ints, size: Ints, often: Ints, shift: int, threshold: float) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Distinct pairs of words of at most `CHUNK` texts, the rarest of each text first, and how many.

    Then how many of each text's first ones other texts may have too, these, and the bits that `_could` asks for.
    """
    keys = pair >> np.uint64(64 - HASH + _OFTEN)
    keys |= often[(pair >> np.uint64(shift)).view(np.int64)].astype(np.uint64) << np.uint64(HASH - _OFTEN)
    keys |= np.repeat(np.arange(size.size, dtype=np.uint64) << np.uint64(HASH), size)
    keys.sort()
    keys = keys[begins(keys)]
    starts = keys.searchsorted(np.arange(size.size, dtype=np.uint64) << np.uint64(HASH))
    size = np.diff(starts, append=keys.size)
    keys &= np.uint64(2**HASH - 1)
    left = size - np.ceil(threshold * size - 1e-9).astype(np.int64) + 1
    left = np.clip(left, 1, size)
    first = keys[np.repeat(starts - (np.cumsum(left) - left), left) + np.arange(left.sum())]
    # A pair that is there once leads to no other text.
    shared = first >= np.uint64(2 << HASH - _OFTEN)
    many = np.add.reduceat(shared, np.cumsum(left) - left, dtype=np.int64)
    bits = np.bitwise_or.reduceat(np.uint64(1) << (keys & np.uint64(63)), starts)
    return keys, size, many, first[shared], bits


def _could(bits: Ints, size: Ints, first: Ints, second: Ints, threshold: float) -> Bools:
    """Which pairs of texts could be similar, by 64 bits of each text, of which every pair of words sets one.

    For every bit that only one of the two has set, it has a pair of words that the other has not.
    """
    one, other = bits[first], bits[second]
    most = np.minimum(size[first] - np.bitwise_count(one & ~other), size[second] - np.bitwise_count(other & ~one))
    return np.asarray(most * (1 + threshold) >= threshold * (size[first] + size[second]) - 1e-9)
