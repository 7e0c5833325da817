"""Which texts could be near duplicates at all: a sketch of a few of their words, far cheaper than all of them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints, begins

#: Sampled are words after a blank that begin with b, c, f or g, whose codes are alike in these bits, whatever the case:
#: of English 19 % of a text's different words.
_BITS, _BCFG = np.uint8(0b1101_1010), np.uint8(0b0100_0010)
#: Two texts with fewer bits set in their sketches are too short or of another script, and compared in full.
_FEWEST = 12
#: Of longer texts not all of the sampled words are taken: about as many, of the shortest text of a group.
_ENOUGH = 40
#: How many standard errors below the similarity sought the share of common bits may be.
_ERRORS = 5.0
#: Texts whose words are looked for at once: few, so that they stay near the processor; and whose sketches are compared.
_PIECE, _CHUNK = 400, 200_000
_ODD = np.uint64(0x9E3779B97F4A7C15)


def could_be_near(texts: pl.Series, group: Ints, threshold: float) -> Bools:
    """Which texts could be similar to another of their group (a run), by Jaccard's index of pairs of words.

    Every sampled word sets one of the 128 bits of its text's sketch. A changed word breaks two pairs of words, so texts
    of similarity .8 have .94 of their words in common, or one is the other and a fifth more: of either kind of pair the
    sketches share .8 of the bits that any of the two has, or more, but for the chance of the sample. What passes is
    compared in full.
    """
    likely = np.zeros(texts.len(), bool)
    variance = max(threshold * (1 - threshold), 0.05)
    for low, high, here in blocks_of_groups(group, _CHUNK):
        sketch = _sketches(texts[low:high], here)
        number = np.repeat(np.arange(here.size), np.diff(np.append(here, high - low)))
        first, second = pairs_of_runs(number)
        one, other = sketch[first], sketch[second]
        common, of = _count(one & other), _count(one | other)
        close = (common >= threshold * of - _ERRORS * np.sqrt(variance * of)) | (of < _FEWEST)
        likely[low + first[close]] = likely[low + second[close]] = True
    return likely


def blocks_of_groups(group: Ints, most: int) -> Iterator[tuple[int, int, Ints]]:
    """Blocks of whole groups (runs) of about `most` members: begin, end, and where each group begins in the block."""
    yield from _blocks(np.flatnonzero(begins(group)), group.size, most)


def _blocks(starts: Ints, size: int, most: int) -> Iterator[tuple[int, int, Ints]]:
    edges = np.unique(starts.searchsorted(np.arange(0, size, most)).clip(max=max(starts.size - 1, 0)))
    for first, last in pairwise([*edges.tolist(), starts.size]):
        low, high = int(starts[first]), int(starts[last]) if last < starts.size else size
        yield low, high, starts[first:last] - low


def _sketches(texts: pl.Series, starts: Ints) -> Ints:
    """A sketch of each text, [n_texts, 2], of 64 bits each; `starts` is where the groups begin."""
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        parts = pool.map(lambda part: _sketch(texts[part[0] : part[1]], part[2]), _blocks(starts, texts.len(), _PIECE))
        return np.concatenate([np.zeros((0, 2), np.uint64), *parts])


def _sketch(texts: pl.Series, groups: Ints) -> Ints:
    word, sizes = _words(texts)
    least = np.minimum.reduceat(sizes, groups)
    if (least > _ENOUGH).any():
        limit = (np.minimum(1.0, _ENOUGH / np.maximum(least, 1)) * (2.0**64 - 2**12)).astype(np.uint64)
        # The bits of the sketch are others than those that decide here.
        kept = word <= np.repeat(limit, np.add.reduceat(sizes, groups))
        ends = np.append(0, np.cumsum(kept))[np.append(0, np.cumsum(sizes))]
        word, sizes = word[kept], np.diff(ends)
    some = np.flatnonzero(sizes)
    sketch = np.zeros((texts.len(), 2), np.uint64)
    if some.size:
        starts = (np.cumsum(sizes) - sizes)[some]
        bit, second = np.uint64(1) << (word & np.uint64(63)), (word >> np.uint64(6)) & np.uint64(1)
        sketch[some, 1] = np.bitwise_or.reduceat(bit * second, starts)
        sketch[some, 0] = np.bitwise_or.reduceat(bit * (np.uint64(1) - second), starts)
    return sketch


def _words(texts: pl.Series) -> tuple[Ints, Ints]:
    """Return hashes of the first 8 bytes, in small letters, of the words sampled of each text, and how many it has."""
    parts = texts.cast(pl.Binary).to_list()
    data = np.frombuffer(b" ".join([b"", *parts, b" " * 8]), np.uint8)
    sampled = (data[1:] & _BITS) == _BCFG
    sampled &= data[:-1] <= ord(" ")
    at = np.flatnonzero(sampled) + 1
    ends = np.cumsum(texts.str.len_bytes().to_numpy().astype(np.int64) + 1)
    sizes = np.diff(at.searchsorted(ends), prepend=0)
    eight = np.ndarray(data.size - 7, np.uint64, data, strides=(1,))[at]
    # Letters are bytes with one of their two highest bits: all others end the word.
    ones = np.uint64(0x0101010101010101)
    other = ~((eight >> np.uint64(6) | eight >> np.uint64(7)) & ones) & ones
    before = (other & (~other + np.uint64(1))) - np.uint64(1)
    word = ((eight | ones << np.uint64(5)) & before) * _ODD
    return word ^ word >> np.uint64(32), sizes


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
