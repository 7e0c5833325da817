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
_MASK, _BCFG = np.uint8(0b1101_1010), np.uint8(0b0100_0010)
#: Two texts with fewer bits set in their sketches are too short or of another script, and compared in full.
_FEWEST = 12
#: Of longer texts not all of the sampled words are taken: about as many, of the shortest text of a group.
_ENOUGH = 40
#: How many standard errors below the similarity sought the share of common bits may be.
_ERRORS = 5.0
#: Bytes that are looked at at once, few, so that they stay near the processor; and texts whose sketches are compared.
_PIECE, _CHUNK = 800_000, 200_000
_ONE, _ODD = np.uint64(1), np.uint64(0x9E3779B97F4A7C15)
#: One in each byte, and what makes a capital a small letter.
_ONES, _SMALL = np.uint64(0x0101010101010101), np.uint64(0x2020202020202020)


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
    # Asked once of all: each question to a piece costs as much as the sketches of a hundred texts.
    sizes = texts.str.len_bytes().to_numpy().astype(np.int64)
    data = texts.cast(pl.Binary)

    def sketch(part: tuple[int, int, Ints]) -> Ints:
        low, high, groups = part
        return _sketch(data[low:high].to_list(), sizes[low:high], groups)

    most = max(int(_PIECE * sizes.size / max(sizes.sum(), 1)), 1)
    with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
        return np.concatenate([np.zeros((0, 2), np.uint64), *pool.map(sketch, _blocks(starts, sizes.size, most))])


def _sketch(texts: list[bytes], sizes: Ints, groups: Ints) -> Ints:
    # A blank before the first text, so that its first word has one too, and 8 bytes after the last.
    data = np.frombuffer(b" ".join([b"", *texts, b" " * 8]), np.uint8)
    at = np.flatnonzero(_sampled(data))
    word = _words(data, at)
    ends = np.append(0, at.searchsorted(np.cumsum(sizes + 1)))
    least = np.minimum.reduceat(np.diff(ends), groups)
    if (least > _ENOUGH).any():
        limit = (np.minimum(1.0, _ENOUGH / np.maximum(least, 1)) * (2.0**64 - 2**12)).astype(np.uint64)
        # The bits of the sketch are others than those that decide here.
        kept = word << np.uint64(7) <= np.repeat(limit, np.diff(np.append(ends[groups], ends[-1])))
        word, ends = word[kept], np.append(0, np.cumsum(kept))[ends]
    some = np.flatnonzero(ends[1:] > ends[:-1])
    found = np.zeros((sizes.size, 2), np.uint64)
    if some.size:
        bit = _ONE << (word >> np.uint64(58))
        second = bit * (word >> np.uint64(57) & _ONE)
        found[some, 0] = np.bitwise_or.reduceat(bit ^ second, ends[some])
        found[some, 1] = np.bitwise_or.reduceat(second, ends[some])
    return found


def _sampled(data: Ints) -> Bools:
    """Where a sampled word begins."""
    found = data & _MASK
    sampled: Bools = found.view(np.bool_)
    np.equal(found, _BCFG, out=sampled)
    sampled[1:] &= data[:-1] <= ord(" ")
    return sampled


def _words(data: Ints, at: Ints) -> Ints:
    """Hashes of the first 8 bytes, in small letters, of the words that begin there."""
    eight = np.ndarray(data.size - 7, np.uint64, data, strides=(1,))[at]
    # Letters are bytes with one of their two highest bits: all others end the word.
    other = (eight >> np.uint64(6) | eight >> np.uint64(7)) & _ONES ^ _ONES
    return np.asarray(((eight | _SMALL) & (other - _ONE) & ~other) * _ODD)


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
