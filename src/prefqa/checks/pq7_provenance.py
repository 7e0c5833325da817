"""Family PQ7: licences, and ids that are personal data."""

from __future__ import annotations

import polars as pl

from prefqa.checks import patterns
from prefqa.checks.frame import Found, Frame, NotRun


def no_licence(frame: Frame) -> Found | NotRun:
    """PQ701."""
    responses = frame.prefs.responses
    if responses is None or "licence" not in responses.columns:
        return NotRun("there is no licence of responses")
    said = pl.col("licence").cast(pl.String).str.contains(r"\S").fill_null(False)
    rows = responses.filter(~said).select("item_id", "response_id", pl.lit(None, pl.String).alias("_value"))
    n, of = rows.height, responses.height
    return Found(rows.lazy(), n, of, f"{n:,} of {of:,} responses have no licence. Find out where they come from.")


def personal_annotator_id(frame: Frame) -> Found:
    """PQ702."""
    ids = frame.prefs.coded().annotator_ids.to_frame("id")
    whole = {"an e-mail address": patterns.MAIL, "a phone number": patterns.PHONE}
    kinds = [pl.when(pl.col("id").str.contains(f"^(?:{form})$")).then(pl.lit(kind)) for kind, form in whole.items()]
    found = ids.select(pl.coalesce(kinds).alias("_value")).filter(pl.col("_value").is_not_null())
    n, of = found.height, ids.height
    message = f"{n:,} of {of:,} annotator ids look like an e-mail address or a phone number. Replace them by codes."
    return Found(found.lazy(), n, of, message)
