"""Which texts could be near duplicates at all: a sketch of a few of their words, far cheaper than all of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints, begins
from prefqa.checks.text_bytes import TextBytes
from prefqa.checks.texts import n_texts
from prefqa.checks.words import words

#: Sampled are words after a blank that begin with b, c, f or g, whose codes are alike in these bits, whatever the case:
#: of English 19 % of a text's different words.
_MASK, _BCFG, _BLANK = 0b1101_1010, 0b0100_0010, ord(" ")
#: Two texts with fewer bits set in their sketches are too short or of another script, and compared in full.
_FEWEST = 12
#: Of longer texts not all of the sampled words are taken: about as many, of the shortest text of a group.
_ENOUGH = 40
#: How many standard errors below the similarity sought the share of common bits may be.
_ERRORS = 5.0
#: Bytes of text whose sketches are compared at once, and of how many texts at most.
_COMPARED, _MOST = 4_000_000, 100_000
#: Bytes that are looked through at once, so few that they stay near the processor.
_READ = 1 << 19
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
    said = TextBytes.of(texts)
    for low, high, here in blocks_of_groups(group, min(n_texts(texts, _COMPARED), _MOST)):
        sketches = _sketches(said, low, high, here)
        number = np.repeat(np.arange(here.size), np.diff(np.append(here, high - low)))
        first, second = pairs_of_runs(number)
        pairs = [(sketch[first], sketch[second]) for sketch in sketches]
        common = sum(np.bitwise_count(one & other) for one, other in pairs)
        close = common >= least[sum(np.bitwise_count(one | other) for one, other in pairs)]
        likely[low + first[close]] = likely[low + second[close]] = True
    return likely


def blocks_of_groups(group: Ints, most: int) -> Iterator[tuple[int, int, Ints]]:
    """Blocks of whole groups (runs) of about `most` members: begin, end, and where each group begins in the block."""
    starts, size = np.flatnonzero(begins(group)), group.size
    edges = np.unique(starts.searchsorted(np.arange(0, size, most)).clip(max=max(starts.size - 1, 0)))
    for first, last in pairwise([*edges.tolist(), starts.size]):
        low, high = int(starts[first]), int(starts[last]) if last < starts.size else size
        yield low, high, starts[first:last] - low


def _sketches(said: TextBytes, low: int, high: int, groups: Ints) -> Ints:
    """The sketches of texts `low` to `high`, two halves of 64 bits each, [2, n]; `groups` is where groups begin."""
    parts = [_sampled(*part) for part in said.parts(low, high)]
    word, n = (np.concatenate(each) for each in zip(*parts, strict=True))
    least = np.minimum.reduceat(n, groups)
    text = np.repeat(np.arange(n.size), n)
    if (least > _ENOUGH).any():
        limit = (np.minimum(1.0, _ENOUGH / np.maximum(least, 1)) * (2.0**64 - 2**12)).astype(np.uint64)
        # The bits of the sketch are others than those that decide here.
        kept = word << np.uint64(7) <= np.repeat(np.repeat(limit, np.diff(np.append(groups, n.size))), n)
        word, text = word[kept], text[kept]
    bits = np.zeros((n.size, _BITS), np.bool_)
    bits.reshape(-1)[text * _BITS + (word >> np.uint64(57)).view(np.int64)] = True
    return np.packbits(bits, axis=1).view(np.uint64).T


def _sampled(data: Ints, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Hashes of the sampled words of texts that lie in `data`, one after the other, and how many each text has.

    A word at the edge of a text is left out: what is before it, or among the 8 bytes that are read of it, may be of
    another text.
    """
    size = min(data.size, _READ)
    after, sampled = np.zeros(size + 1, np.bool_), np.zeros(size + 7, np.bool_)
    found: list[Ints] = [np.zeros(0, np.int64)]
    for low in range(0, data.size, _READ):
        part = data[low : low + _READ]
        n, eights = part.size, -(-part.size // 8) * 8
        here = sampled[:n]
        np.bitwise_and(part, _MASK, out=here.view(np.uint8))
        np.equal(here.view(np.uint8), _BCFG, out=here)
        np.less_equal(part, _BLANK, out=after[1 : n + 1])
        here &= after[:n]
        after[0] = after[n]
        sampled[n:eights] = False
        found.append(_places(sampled[:eights]) + low)
    at = np.concatenate(found)
    edges = at.searchsorted(np.stack([begin, np.maximum(end - 8, begin)], axis=1).reshape(-1), side="right")
    # Of each text, and between it and the next, in turn.
    many = np.diff(edges)
    inside = np.repeat(np.arange(many.size) % 2 == 0, many)
    word = np.ndarray(max(data.size - 7, 0), np.uint64, data, strides=(1,))[at[edges[0] : edges[-1]][inside]]
    return words(word), many[::2]


def _places(where: Bools) -> Ints:
    """Where a mask is true that seldom is; its size is a multiple of eight."""
    # First which eights have any: what is true so seldom that it is looked for one by one takes twice as long.
    eights = where.view(np.uint64)
    some = (eights != 0).nonzero()[0]
    place = eights[some].view(np.bool_).nonzero()[0]
    return np.asarray((some[place >> 3] << 3) + (place & 7))


def pairs_of_runs(key: Ints) -> tuple[Ints, Ints]:
    """All pairs of places in runs of equal keys."""
    first, second = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at, step = np.arange(key.size), 1
    while (at := at[at + step < key.size]).size and (at := at[key[at + step] == key[at]]).size:
        first.append(at)
        second.append(at + step)
        step += 1
    return np.concatenate(first), np.concatenate(second)
