"""Which texts could be near duplicates at all: a sketch of a few of their words, far cheaper than all of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints, begins
from prefqa.checks.words import words

#: Sampled are words after a blank that begin with b, c, f or g, whose codes are alike in these bits, whatever the case:
#: of English 19 % of a text's different words.
_MASK, _BCFG = np.uint8(0b1101_1010), np.uint8(0b0100_0010)
_BLANK = np.uint8(ord(" "))
#: Two texts with fewer bits set in their sketches are too short or of another script, and compared in full.
_FEWEST = 12
#: Of longer texts not all of the sampled words are taken: about as many, of the shortest text of a group.
_ENOUGH = 40
#: How many standard errors below the similarity sought the share of common bits may be.
_ERRORS = 5.0
#: Bytes that are looked at at once, few, so that they stay near the processor; bytes that are read at once; and texts
#: whose sketches are compared at once.
_PIECE, _READ, _CHUNK = 1_000_000, 4_000_000, 200_000
#: Bits of a sketch.
_BITS = 128


def could_be_near(texts: pl.Series, group: Ints, threshold: float) -> Bools:
    """Which texts could be similar to another of their group (a run), by Jaccard's index of pairs of words.

    Every sampled word sets one of the 128 bits of its text's sketch. A changed word breaks two pairs of words, so texts
    of similarity .8 have .94 of their words in common, or one is the other and a fifth more: of either kind of pair the
    sketches share .8 of the bits that any of the two has, or more, but for the chance of the sample. What passes is
    compared in full.
    """
    likely = np.zeros(texts.len(), bool)
    bits = np.arange(_BITS + 1)
    least = threshold * bits - _ERRORS * np.sqrt(max(threshold * (1 - threshold), 0.05) * bits)
    least[:_FEWEST] = 0.0
    for low, high, here in blocks_of_groups(group, _CHUNK):
        sketches = _sketches(texts[low:high], here)
        number = np.repeat(np.arange(here.size), np.diff(np.append(here, high - low)))
        first, second = pairs_of_runs(number)
        pairs = [(sketch[first], sketch[second]) for sketch in sketches]
        common = sum(np.bitwise_count(one & other) for one, other in pairs)
        close = common >= least[sum(np.bitwise_count(one | other) for one, other in pairs)]
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


def _sketches(texts: pl.Series, starts: Ints) -> tuple[Ints, Ints]:
    """The two halves of each text's sketch, of 64 bits each; `starts` is where the groups begin."""
    sizes = texts.str.len_bytes().to_numpy().astype(np.int64)
    data = texts.cast(pl.Binary)
    found = np.zeros((sizes.size, 2), np.uint64)
    mean = max(int(sizes.sum()) // max(sizes.size, 1), 1)
    for low, high, groups in _blocks(starts, sizes.size, max(_READ // mean, 1)):
        # Read for many pieces at once: to ask for a few texts costs as much as their sketches.
        read = data[low:high].cast(pl.List(pl.UInt8)).explode(empty_as_null=False).to_numpy()
        ends = np.append(0, np.cumsum(sizes[low:high]))
        pieces = list(_blocks(groups, high - low, max(_PIECE // mean, 1)))
        most = max(int(ends[last] - ends[first]) for first, last, _ in pieces)
        # Memory that is taken anew for each piece would cost more than what is done in it.
        scratch = np.empty((2, -(-(most + 1) // 8) * 8), np.bool_)
        for first, last, here in pieces:
            its = ends[first : last + 1] - ends[first]
            found[low + first : low + last] = _sketch(read[ends[first] : ends[last]], its, here, scratch)
    return found[:, 0], found[:, 1]


def _sketch(data: Ints, ends: Ints, groups: Ints, scratch: Bools) -> Ints:
    """The bits of texts that follow each other in `data`, each between two of `ends`, [n, 2]."""
    at = _sampled(data, ends, scratch)
    n = np.diff(at.searchsorted(ends))
    word = words(np.ndarray(max(data.size - 7, 0), np.uint64, data, strides=(1,))[at])
    text = np.repeat(np.arange(0, n.size * _BITS, _BITS), n)
    least = np.minimum.reduceat(n, groups)
    if (least > _ENOUGH).any():
        limit = (np.minimum(1.0, _ENOUGH / np.maximum(least, 1)) * (2.0**64 - 2**12)).astype(np.uint64)
        # The bits of the sketch are others than those that decide here.
        kept = word << np.uint64(7) <= np.repeat(np.repeat(limit, np.diff(np.append(groups, n.size))), n)
        word, text = word[kept], text[kept]
    bits = np.zeros((n.size, _BITS), np.bool_)
    bits.reshape(-1)[text + (word >> np.uint64(57)).view(np.int64)] = True
    return np.packbits(bits, axis=1).view(np.uint64)


def _sampled(data: Ints, ends: Ints, scratch: Bools) -> Ints:
    """Where sampled words begin."""
    found, blank = scratch[0, : -(-(data.size + 1) // 8) * 8], scratch[1, : max(data.size - 1, 0)]
    masked = np.bitwise_and(data[1:], _MASK, out=blank.view(np.uint8))
    np.equal(masked, _BCFG, out=found[1 : data.size])
    np.less_equal(data[:-1], _BLANK, out=blank)
    found[1 : data.size] &= blank
    # A word at the edge of a text is left out: what is before it, or within 8 bytes after it, is of another text.
    found[(ends[:, None] - np.arange(8)).clip(0)] = False
    found[data.size :] = False
    # Few of eight bytes have one: to look at eight at a time first takes half of the time.
    eights = found.view(np.uint64)
    some = np.flatnonzero(eights != 0)
    at = np.flatnonzero(eights[some].view(np.bool_))
    return np.asarray(some[at >> 3] * 8 + (at & 7))


def pairs_of_runs(key: Ints) -> tuple[Ints, Ints]:
    """All pairs of places in runs of equal keys."""
    first, second = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at, step = np.arange(key.size), 1
    while (at := at[at + step < key.size]).size and (at := at[key[at + step] == key[at]]).size:
        first.append(at)
        second.append(at + step)
        step += 1
    return np.concatenate(first), np.concatenate(second)
