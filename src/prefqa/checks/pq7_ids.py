"""Family PQ7: ids that are personal data."""

from __future__ import annotations

import polars as pl

from prefqa.checks.frame import Found, Frame
from prefqa.personal import MAIL, PHONE


def personal_annotator_id(frame: Frame) -> Found:
    """PQ702."""
    ids = frame.prefs.coded().annotator_ids.to_frame("id")
    whole = {"an e-mail address": MAIL, "a phone number": PHONE}
    kinds = [pl.when(pl.col("id").str.contains(f"^(?:{form})$")).then(pl.lit(kind)) for kind, form in whole.items()]
    found = ids.select(pl.coalesce(kinds).alias("_value")).filter(pl.col("_value").is_not_null())
    n, of = found.height, ids.height
    message = (
        f"{n:,} of {of:,} annotator ids look like an e-mail address or a phone number. Replace them by codes: "
        "--pseudonymise."
    )
    return Found(found.lazy(), n, of, message)
