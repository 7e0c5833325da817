"""Which texts could be near duplicates at all: a sketch of a few of their words, far cheaper than all of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints, begins
from prefqa.checks.texts import n_texts
from prefqa.checks.words import words

#: Sampled are words after a blank that begin with b, c, f or g, whose codes are alike in these bits, whatever the case:
#: of English 19 % of a text's different words.
_MASK, _BCFG, _BLANK = 0b1101_1010, 0b0100_0010, ord(" ")
_BYTE = pl.col("byte")
_SAMPLED = (_BYTE & _MASK == _BCFG) & (_BYTE <= _BLANK).shift(1, fill_value=False)
#: Two texts with fewer bits set in their sketches are too short or of another script, and compared in full.
_FEWEST = 12
#: Of longer texts not all of the sampled words are taken: about as many, of the shortest text of a group.
_ENOUGH = 40
#: How many standard errors below the similarity sought the share of common bits may be.
_ERRORS = 5.0
#: Bytes that are looked at at once, few, so that they stay near the processor; and texts whose sketches are compared at
#: once.
_READ, _CHUNK = 4_000_000, 200_000
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
    before = np.append(0, np.cumsum(texts.str.len_bytes().to_numpy().astype(np.int64)))
    data = texts.cast(pl.Binary)
    found = np.zeros((texts.len(), 2), np.uint64)
    parts = list(_blocks(starts, texts.len(), n_texts(texts, _READ)))
    most = max((int(before[high] - before[low]) for low, high, _ in parts), default=0)
    places = pl.int_range(most, dtype=pl.UInt32, eager=True).alias("at")
    for low, high, groups in parts:
        read = data[low:high].cast(pl.List(pl.UInt8)).explode(empty_as_null=False)
        found[low:high] = _sketch(read, places, before[low : high + 1] - before[low], groups)
    return found[:, 0], found[:, 1]


def _sketch(data: pl.Series, places: pl.Series, ends: Ints, groups: Ints) -> Ints:
    """The bits of texts that follow each other in `data`, each between two of `ends`, [n, 2]."""
    at = (
        pl.DataFrame([data.alias("byte"), places[: data.len()]])
        .select(pl.col("at").filter(_SAMPLED))
        .to_series()
        .to_numpy()
    )
    n = np.diff(at.searchsorted(ends))
    # A word at the edge of a text is left out: what is before it, or within 8 bytes after it, is of another text.
    begin, end = np.repeat(np.stack([ends[:-1], ends[1:] - 8]), n, axis=1)
    inside = (at > begin) & (at <= end)
    at, text = at[inside], np.repeat(np.arange(n.size), n)[inside]
    word = words(np.ndarray(max(data.len() - 7, 0), np.uint64, data.to_numpy(), strides=(1,))[at])
    n = np.bincount(text, minlength=n.size)
    least = np.minimum.reduceat(n, groups)
    if (least > _ENOUGH).any():
        limit = (np.minimum(1.0, _ENOUGH / np.maximum(least, 1)) * (2.0**64 - 2**12)).astype(np.uint64)
        # The bits of the sketch are others than those that decide here.
        kept = word << np.uint64(7) <= np.repeat(np.repeat(limit, np.diff(np.append(groups, n.size))), n)
        word, text = word[kept], text[kept]
    bits = np.zeros((n.size, _BITS), np.bool_)
    bits[text, word >> np.uint64(57)] = True
    return np.packbits(bits, axis=1).view(np.uint64)


def pairs_of_runs(key: Ints) -> tuple[Ints, Ints]:
    """All pairs of places in runs of equal keys."""
    first, second = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    at, step = np.arange(key.size), 1
    while (at := at[at + step < key.size]).size and (at := at[key[at + step] == key[at]]).size:
        first.append(at)
        second.append(at + step)
        step += 1
    return np.concatenate(first), np.concatenate(second)
