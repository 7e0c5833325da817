"""Which responses each item has, in the order of their ids."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefqa._types import Ints
from prefqa.coding import Coded


class Listing(NamedTuple):
    """Responses by item and id: per response its item and its code; `starts` is where each item's begin."""

    item: Ints
    response: Ints
    starts: Ints


def listed(coded: Coded) -> tuple[Listing, Ints]:
    """Responses of each item, and per row the number of its response among them."""
    n_items = len(coded.item_ids)
    units = coded.unit_starts
    widths = coded.widths
    unit_item = coded.item[units]
    item = np.repeat(unit_item.astype(np.int32), widths)
    slot = coded.slot.astype(np.min_scalar_type(int(coded.slot.max(initial=0))))
    if (np.bincount(unit_item, minlength=1) < 2).all():
        order = np.argsort(item, kind="stable")
        item, response = item[order], coded.slot_response[order]
        return Listing(item, response, _first(item, n_items)), slot
    # An item with several cells has one list of them all.
    order = np.lexsort((coded.slot_response, item))
    item, response = item[order], coded.slot_response[order]
    new_item = np.append(True, item[1:] != item[:-1])
    new = new_item | np.append(True, response[1:] != response[:-1])
    running = np.cumsum(new) - 1
    number = np.empty(order.size, np.int64)
    number[order] = running - np.maximum.accumulate(np.where(new_item, running, 0))
    first = np.repeat(coded.listed_from, coded.lengths)
    slot = number.astype(np.min_scalar_type(int(number.max(initial=0))))[first + coded.slot]
    return Listing(item[new], response[new], _first(item[new], n_items)), slot


def _first(item: Ints, n_items: int) -> Ints:
    """Where each item's entries begin in a sorted list."""
    counts = np.bincount(item, minlength=n_items)
    return np.asarray(np.cumsum(counts) - counts)
