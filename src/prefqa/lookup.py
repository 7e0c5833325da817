"""What is known of responses, by the codes of their items and of themselves: ids are looked up once."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.coding import Coded


def with_codes(responses: pl.LazyFrame, item_ids: pl.Series, response_ids: pl.Series) -> pl.LazyFrame:
    """Add `item` and `response`, where the ids of a row stand among those known; null where they do not."""
    items = pl.LazyFrame({"item_id": item_ids}).with_row_index("item")
    ids = pl.LazyFrame({"response_id": response_ids}).with_row_index("response")
    return responses.join(items, on="item_id", how="left").join(ids, on="response_id", how="left")


def is_of(responses: pl.DataFrame, item: tuple[pl.Series, Ints], response: tuple[pl.Series, Ints]) -> bool:
    """Whether the rows of a table are these items and responses (ids, and codes of them), in this order."""
    keys = (("item_id", item), ("response_id", response))
    return all(
        responses.height == codes.size and responses[name].equals(ids.gather(codes)) for name, (ids, codes) in keys
    )


def looked_up(responses: pl.DataFrame, coded: Coded, item: Ints, response: Ints) -> pl.DataFrame:
    """Rows of a table of responses in the order of listed items and responses (codes); null where there is none."""
    if is_of(responses, (coded.item_ids, item), (coded.response_ids, response)):
        return responses
    known = with_codes(responses.lazy(), coded.item_ids, coded.response_ids).drop("item_id", "response_id")
    listed = pl.LazyFrame({"item": item.astype(np.uint32), "response": response.astype(np.uint32)})
    return listed.join(known, on=["item", "response"], how="left", maintain_order="left").collect()
