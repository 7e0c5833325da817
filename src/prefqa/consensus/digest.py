"""Draws that depend on names and a seed alone, neither on row order nor on what else is there."""

from __future__ import annotations

from hashlib import blake2b

import polars as pl


def uniform(keys: pl.Series, seed: int) -> pl.Series:
    """Return numbers in [0, 1), a function of key and seed.

    A digest, since Polars' own hash may change with its version, and test rows would become training rows. It takes
    one call per distinct key.
    """
    salt = str(seed).encode()
    distinct = keys.unique()
    numbers = [int.from_bytes(blake2b(key.encode(), digest_size=6, key=salt).digest()) / 2**48 for key in distinct]
    table = pl.DataFrame([distinct.alias("key"), pl.Series("u", numbers, pl.Float64)])
    return keys.alias("key").to_frame().join(table, on="key", how="left", maintain_order="left")["u"]
