"""What a layout leaves out, and what its trainer will drop or cut, counted before pairs are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import polars as pl

from prefqa.message_json import JSON, holds_json
from prefqa.messages import OPENERS
from prefqa.writers.lengths import Limits, too_long
from prefqa.writers.pair_forms import LEFT_OUT, SIDES, Pairs

#: Reasons for which a row is not written.
NOT_WRITTEN = {
    "no_text": "a response says nothing; the row is not written",
    "same_text": "chosen equals rejected; the row is not written",
    "tie": "neither response won; the row is not written",
    "no_prompt": "the prompt is not known, as that of other rows is; the row is not written",
}
#: What each loss does to rows that are written.
LOSSES = {
    "empty_prompt": "no prompt is known; the row has an empty one",
    "tie": "neither response won; which stands as chosen means nothing",
    "too_long": "prompt and response together exceed the length given: trainers cut the end off, or drop the row",
    "roles": "user and assistant do not take turns, or the answer is not the assistant's: chat templates fail",
    "same_start": "both responses begin alike, and the trainer takes what they share for the end of the prompt",
    "tools": "the layout has no place for the tools; they are not written",
    "keys": "the layout has no place for further keys of messages ({}); they are not written",
}


def losses_of(
    pairs: Pairs,
    limits: Limits,
    *,
    joined: bool = False,
    states_prompt: bool = False,
    lost: Sequence[str] = (),
    keys: Sequence[str] = (),
) -> pl.DataFrame:
    """Return reason, count, share (of all rows given) and meaning of each loss that there is.

    Args:
        pairs: as `prepare_pairs` makes them.
        limits: lengths beyond which the trainer cuts or drops.
        joined: whether prompt and response stand in one text, which trainers divide where the two responses differ.
        states_prompt: whether the layout has a prompt in each row, be it an empty one.
        lost: columns, and `keys` of messages, that the layout has no place for.
    """
    rows = pairs.chat
    by_reason = dict(pairs.given[LEFT_OUT].drop_nulls().value_counts(name="n").rows())
    counts = [(name, by_reason[name], meaning) for name, meaning in NOT_WRITTEN.items() if name in by_reason]
    no_prompt = states_prompt and not pairs.has_prompt
    tests = {
        "empty_prompt": pl.repeat(value=True, n=rows.height, eager=True) if no_prompt else None,
        "tie": _undecided(rows) if "tie" in rows.columns else None,
        "too_long": too_long(rows, limits),
        "roles": _any(rows, _odd_roles),
        "same_start": _same_start(rows) if joined else None,
        **{name: rows[name].is_not_null() for name in lost},
        "keys": _any(rows, lambda name: _has_keys(rows, name, keys)) if keys else None,
    }
    counts += [
        (name, int(test.sum() or 0), LOSSES[name].format(", ".join(keys)))
        for name, test in tests.items()
        if test is not None
    ]
    return pl.DataFrame(
        [(name, n, n / pairs.given.height, meaning) for name, n, meaning in counts if n],
        schema={"reason": pl.String, "count": pl.Int64, "share": pl.Float64, "meaning": pl.String},
        orient="row",
    )


def _undecided(rows: pl.DataFrame) -> pl.Series:
    """Whether neither response won and the row is not one of two, one in each direction."""
    return rows["tie"] & (rows["weight"] != 0.5) if "weight" in rows.columns else rows["tie"]


def _odd_roles(name: str) -> pl.Expr:
    """Whether turns do not alternate (after a system message), or a response is not the assistant's.

    Calls of tools and their results are part of the assistant's turn.
    """
    roles = pl.col(name).list.eval(pl.element().struct.field("role"))
    if name != "prompt":
        return roles.list.last() != "assistant"
    spoken = pl.when(roles.list.first().is_in(OPENERS[1:])).then(roles.list.slice(1)).otherwise(roles)
    is_result = pl.element().is_in(["tool", "function", "ipython"])
    is_call = (pl.element() == "assistant") & is_result.shift(-1).fill_null(value=False)
    spoken = spoken.list.eval(pl.element().filter(~is_result & ~is_call))
    ends_in_turn = roles.list.last().is_in(["tool", "function", "ipython"]).fill_null(value=False)
    even, odd = spoken.list.gather_every(2, 0), spoken.list.gather_every(2, 1)
    alternate = (even.list.n_unique() == 1) & (even.list.first() == "user") & (
        (odd.list.len() == 0) | ((odd.list.n_unique() == 1) & (odd.list.first() == "assistant"))
    )  # fmt: skip
    is_asked = (spoken.list.len() % 2 == 1) | ends_in_turn
    return (spoken.list.len() > 0) & ~pl.when(is_asked).then(alternate).otherwise(pl.lit(value=False))


def _same_start(rows: pl.DataFrame) -> pl.Series:
    """Whether two different responses share their first character."""
    first, second = (pl.col(side).list.last().struct.field("content").cast(pl.String) for side in SIDES)
    alike = (first != second) & (first.str.slice(0, 1) == second.str.slice(0, 1))
    return rows.select(alike).to_series()


def _has_keys(rows: pl.DataFrame, name: str, keys: Sequence[str]) -> pl.Expr:
    message = pl.element().struct
    if holds_json(rows.schema[name]):
        text = message.field(JSON)
        present = [text.str.json_path_match(f"$['{key}']").is_not_null() for key in keys]
        present += [text.str.contains(f'"{re.escape(key)}"\\s*:\\s*null') for key in keys]
    else:
        present = [message.field(key).is_not_null() for key in keys]
    return pl.col(name).list.eval(pl.any_horizontal(present)).list.any()


def _any(rows: pl.DataFrame, test: Callable[[str], pl.Expr]) -> pl.Series:
    tests = [test(name).fill_null(value=False) for name in ("prompt", *SIDES)]
    return rows.select(pl.any_horizontal(tests)).to_series()
