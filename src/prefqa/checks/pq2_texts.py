"""Family PQ2, rules on single texts: cut at a length; marks that do not belong and personal data, in prompts too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import Found, Frame, NotRun, nothing
from prefqa.checks.looks import LOOKS, missing
from prefqa.checks.patterns import FINISHED
from prefqa.checks.texts import repeated


def cut_at_a_length(frame: Frame) -> Found | NotRun:
    """PQ212."""
    from scipy.special import pdtrc

    seen = frame.seen
    if isinstance(seen, str):
        return NotRun(seen)
    options = frame.options["PQ212"]
    different = seen.figures.select("hash", "n_chars").filter(seen.figures["there"])
    if repeated(different["hash"]).len():  # to look costs a fraction of a table of all hashes
        different = different.unique("hash")
    lengths = different["n_chars"].to_numpy()
    if lengths.size < options["min_count"]:
        return NotRun(f"there are fewer than {options['min_count']} different texts")
    counts = np.bincount(lengths).astype(np.float64)
    total = np.concatenate([[0.0], np.cumsum(counts)])
    at = np.flatnonzero(counts >= options["min_count"])
    at = at[at >= options["min_chars"]]
    half = np.maximum(at // 20, 10)
    below = (total[at] - total[np.maximum(at - half, 0)]) / half
    above = (total[np.minimum(at + half + 1, counts.size)] - total[at + 1]) / half
    # At a limit nothing lies above, and where lengths begin nothing lies below: the fuller side says what to expect.
    around = np.maximum(below, above)
    chance = pdtrc(counts[at] - 1, np.maximum(around, 1 / (2 * half))) * max(at.size, 1)
    piled = at[chance < 1e-9]
    if not piled.size:
        return nothing(frame)
    text = pl.col("text")
    n_chars = text.str.len_chars()
    shown = formatted("{} characters, ending …{}", n_chars, text.str.tail(30))
    # Some are as long by themselves, and end as a sentence does.
    unfinished = ~text.str.contains(FINISHED)
    rows = seen.where(n_chars.is_in(piled.tolist()) & unfinished, shown, n_chars=n_chars)
    rows = rows.filter(pl.len().over("n_chars") >= options["min_count"])
    if rows.is_empty():
        return nothing(frame)
    ends = rows.group_by("n_chars").len().sort("len", "n_chars", descending=True).head(3)
    named = ", ".join(f"{n:,} of {one:,} characters" for one, n in ends.iter_rows())
    rows = rows.drop("n_chars")
    message = (
        f"{rows.height:,} of {seen.n:,} responses end where many others do ({named}), and not as a sentence does: cut "
        "at a limit. Look for a limit in the export or in the generation."
    )
    return Found(rows.lazy(), rows.height, seen.n, message)


def _of_both(code: str, words: str) -> Callable[[Frame], Found | NotRun]:
    """A rule that looks at responses and at prompts, whichever there are."""

    def found(frame: Frame) -> Found | NotRun:
        package = missing(code)
        if package:
            return NotRun(package)
        seen, prompts = frame.seen, frame.prompts
        parts, of = {}, {}
        if not isinstance(seen, str):
            parts["responses"], of["responses"] = seen.found[code], seen.n
        if not isinstance(prompts, str):
            parts["prompts"], of["prompts"] = LOOKS[code](prompts, frame.options[code]), prompts.n
        if not parts:
            return NotRun(str(seen))
        said = " and ".join(f"{part.height:,} of {of[name]:,} {name}" for name, part in parts.items())
        rows = pl.concat(parts.values(), how="diagonal")
        return Found(rows.lazy(), rows.height, sum(of.values()), f"{said} {words}")

    return found


redacted = _of_both("PQ215", "hold marks that stand for something removed. A model learns to write the marks.")
template_tokens = _of_both(
    "PQ216",
    "hold tokens or headings of a chat template. Strip them: the trainer adds its own.",
)
mojibake = _of_both(
    "PQ219",
    "hold letters of a wrongly read encoding, such as â€™ for an apostrophe. Read the source as UTF-8.",
)
personal_data = _of_both(
    "PQ222",
    "hold what looks like an e-mail address, a phone number or a secret key; they are counted here and never shown. "
    "Replace them before training.",
)
