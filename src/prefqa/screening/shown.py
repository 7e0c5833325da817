"""Vectors of ranks in the order of the screen, as numbers of the distinct ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefqa._types import Ints, distinct
from prefqa.votes import Bucket


class Shown(NamedTuple):
    """`table` [vectors, k]: the distinct vectors of ranks (0 = not ranked); `number`: that of each judgment."""

    number: Ints
    table: Ints


def as_shown(bucket: Bucket, places: Ints | None) -> Shown:
    """Order the ranks of each judgment by their places on the screen; those at one place stay in the order of slots.

    Where whole numbers of 63 bits hold a vector, its entries are their digits: no judgment has to be sorted.
    """
    ranks, k = bucket.ranks, bucket.k
    base = int(ranks.max(initial=0)) + 1
    if base**k >= 2**63:
        if places is not None:
            ranks = np.take_along_axis(ranks, np.argsort(places, axis=1, kind="stable"), axis=1)
        table, number = np.unique(ranks, axis=0, return_inverse=True)
        return Shown(number.ravel(), table)
    digit: Ints = base ** np.arange(k - 1, -1, -1, dtype=np.int64)
    code: Ints = np.zeros(len(ranks), np.int64)
    columns = None if places is None else [np.ascontiguousarray(places[:, slot]) for slot in range(k)]
    for slot in range(k):
        at = np.full(1, slot, np.uint8)
        if columns is not None:
            before = [columns[slot] > columns[other] for other in range(slot + 1, k)]
            before += [columns[slot] >= columns[other] for other in range(slot)]
            at = sum((each.view(np.uint8) for each in before), np.zeros(len(ranks), np.uint8))
        code += ranks[:, slot] * digit[at]
    codes, at_codes = distinct(code)
    return Shown(at_codes, codes[:, None] // digit % base)
