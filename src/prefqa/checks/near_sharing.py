"""Which texts share so many pairs of words, wherever they are, that they could be near duplicates: none is lost."""

from __future__ import annotations

import numpy as np

from prefqa._types import Bools, Ints, begins
from prefqa.checks.near_sample import pairs_of_runs

#: Texts whose pairs of words are looked at at once.
CHUNK = 20_000
#: Bits of the hash of a pair of words beside which the number of one of `CHUNK` texts finds place.
HASH = 49
#: Bits for the number of one of `CHUNK` texts, and for how many texts have a pair of words, counted so far.
_BITS_OF_TEXT, _BITS_OF_OFTEN, _OFTEN = 15, 10, 1023
#: More texts than this that share a rare pair of words are not compared each with each.
_CROWD = 16


def sharing(pair: Ints, size: Ints, threshold: float) -> tuple[Ints, Ints, Ints]:
    """Pairs of texts that could be similar, and texts that are in a crowd.

    Two texts of similarity t have t of the pairs of words of either in common. So of a text's n pairs, in whatever one
    order for all texts, one of the first n - tn + 1 is among those of the other. The order is by the number of texts
    that have a pair, the rarest first. Texts that share one of these with many others are a crowd.
    """
    text, key = _first_ones(pair, size, _having(pair), threshold)
    order = np.argsort(key, kind="stable")
    text, key = text[order], key[order]
    at = np.flatnonzero(begins(key))
    crowded = np.repeat(np.diff(np.append(at, key.size)) > _CROWD, np.diff(np.append(at, key.size)))
    one, other = (text[~crowded][at] for at in pairs_of_runs(key[~crowded]))
    packed = np.unique(one * np.int64(size.size) + other)
    first, second = packed // max(size.size, 1), packed % max(size.size, 1)
    could = _could(pair, size, first, second, threshold)
    return first[could], second[could], np.unique(text[crowded])


def _having(pair: Ints) -> Ints:
    """How many texts have each pair of words, up to `_OFTEN`."""
    bits = np.uint64(max(int(pair.size).bit_length(), 64 - HASH))
    # Of its hash as many bits as find place beside its number: rarely two are counted as one, which costs time alone.
    keys = np.sort(pair >> (bits - np.uint64(64 - HASH)) << bits | np.arange(pair.size, dtype=np.uint64))
    runs = np.append(np.flatnonzero(begins(keys >> bits)), keys.size)
    many = np.diff(runs)
    having = np.empty(pair.size, np.uint16)
    keys &= (np.uint64(1) << bits) - np.uint64(1)
    having[keys] = np.repeat(np.minimum(many, _OFTEN).astype(np.uint16), many)
    return having


def _first_ones(pair: Ints, size: Ints, having: Ints, threshold: float) -> tuple[Ints, Ints]:
    """Each text's first pairs of words that other texts have too: the number of the text, and bits of the hash."""
    ends = np.append(0, np.cumsum(size))
    few = np.uint64(64 - _BITS_OF_TEXT - _BITS_OF_OFTEN)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.uint64))]
    for low in range(0, size.size, CHUNK):
        here = size[low : low + CHUNK]
        part = slice(ends[low], ends[low + here.size])
        n, text = having[part], np.repeat(np.arange(here.size, dtype=np.uint64), here)
        # Pairs that no other text has come first; what is left of each text's first ones are common.
        common = n > 1
        shared = np.add.reduceat(common, ends[low : low + here.size] - ends[low], dtype=np.int64)
        left = here - np.ceil(threshold * here - 1e-9).astype(np.int64) + 1 - (here - shared)
        common &= (left > 0)[text]
        keys = text << np.uint64(_BITS_OF_OFTEN) | n
        keys = np.sort(keys[common] << few | pair[part][common] >> np.uint64(HASH) - few)
        text = (keys >> np.uint64(64 - _BITS_OF_TEXT)).astype(np.int64)
        begin = begins(text)
        rank = np.arange(text.size) - np.flatnonzero(begin)[np.cumsum(begin) - 1]
        first = rank < left[text]
        found.append((low + text[first], keys[first] & (np.uint64(1) << few) - np.uint64(1)))
    return np.concatenate([text for text, _ in found]), np.concatenate([key for _, key in found])


def _could(pair: Ints, size: Ints, first: Ints, second: Ints, threshold: float) -> Bools:
    """Which pairs of texts could be similar, by 64 bits of each text, of which every pair of words sets one.

    For every bit that only one of the two has set, it has a pair of words that the other has not.
    """
    bit = np.uint64(1) << (pair & np.uint64(63))
    bits = np.bitwise_or.reduceat(bit, np.cumsum(size) - size)
    one, other = bits[first], bits[second]
    most = np.minimum(size[first] - np.bitwise_count(one & ~other), size[second] - np.bitwise_count(other & ~one))
    return np.asarray(most * (1 + threshold) >= threshold * (size[first] + size[second]) - 1e-9)
