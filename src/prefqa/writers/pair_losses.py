"""What a trainer will drop, cut or learn nothing from, counted before pairs are written."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from prefqa.writers.lengths import Limits, too_long
from prefqa.writers.pair_forms import CONTEXT, SIDES, Pairs

#: What each loss does in training.
LOSSES = {
    "no_text": "the prompt or a response has no text; the row is not written",
    "empty": "a response without a visible character: trainers learn to say nothing, or drop the row",
    "same": "chosen equals rejected: the row costs time and teaches nothing",
    "tie": "neither response won; which stands as chosen means nothing",
    "too_long": "prompt and response together exceed the length given: trainers cut the end off, or drop the row",
    "roles": "user and assistant do not take turns, or the answer is not the assistant's: chat templates fail",
    "context": "messages before a response are not those of the prompt; they are not written",
    "same_start": "both responses begin alike, and the trainer takes what they share for the end of the prompt",
}


def losses_of(pairs: Pairs, limits: Limits, *, joined: bool = False) -> pl.DataFrame:
    """Return reason, count, share (of all rows given) and meaning of each loss that there is.

    Args:
        pairs: as `prepare_pairs` makes them.
        limits: lengths beyond which the trainer cuts or drops.
        joined: whether prompt and response stand in one text, which trainers divide where the two responses differ.
    """
    rows = pairs.given
    tests = {
        "empty": _any(rows, _blank),
        "same": rows.select(pl.col("chosen") == pl.col("rejected")).to_series(),
        "tie": rows["tie"] if "tie" in rows.columns else None,
        "too_long": too_long(rows, limits),
        "roles": _any(rows, _odd_roles),
        "context": rows[CONTEXT],
        "same_start": _same_start(rows) if joined else None,
    }
    counts = {"no_text": rows.height - pairs.chat.height}
    counts |= {name: int(test.sum() or 0) for name, test in tests.items() if test is not None}
    return pl.DataFrame(
        [(name, n, n / rows.height, LOSSES[name]) for name, n in counts.items() if n],
        schema={"reason": pl.String, "count": pl.Int64, "share": pl.Float64, "meaning": pl.String},
        orient="row",
    )


def _blank(name: str) -> pl.Expr:
    content = pl.col(name).list.last().struct.field("content")
    return content.str.strip_chars().str.len_chars().fill_null(0) == 0 if name != "prompt" else pl.lit(value=False)


def _odd_roles(name: str) -> pl.Expr:
    """Whether turns do not alternate (after a system message), or a response is not the assistant's."""
    roles = pl.col(name).list.eval(pl.element().struct.field("role"))
    if name != "prompt":
        return roles.list.last() != "assistant"
    spoken = pl.when(roles.list.first() == "system").then(roles.list.slice(1)).otherwise(roles)
    wanted = pl.when(spoken.list.len() % 2 == 1)
    even, odd = spoken.list.gather_every(2, 0), spoken.list.gather_every(2, 1)
    alternate = (even.list.n_unique() == 1) & (even.list.first() == "user") & (
        (odd.list.len() == 0) | ((odd.list.n_unique() == 1) & (odd.list.first() == "assistant"))
    )  # fmt: skip
    return (spoken.list.len() > 0) & ~wanted.then(alternate).otherwise(pl.lit(value=False))


def _same_start(rows: pl.DataFrame) -> pl.Series:
    """Whether two different responses share their first character."""
    first, second = (pl.col(side).list.last().struct.field("content") for side in SIDES)
    alike = (first != second) & (first.str.slice(0, 1) == second.str.slice(0, 1))
    return rows.select(alike).to_series()


def _any(rows: pl.DataFrame, test: Callable[[str], pl.Expr]) -> pl.Series:
    tests = [test(name).fill_null(value=False) for name in ("prompt", *SIDES)]
    return rows.select(pl.any_horizontal(tests)).to_series()
