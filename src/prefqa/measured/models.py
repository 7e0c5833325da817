"""The rule on models one of which wins whatever was asked (family PQ5)."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Floats, distinct
from prefqa._words import formatted
from prefqa.checks.frame import Found, NotRun
from prefqa.coding import Coded
from prefqa.lookup import looked_up
from prefqa.measured.measures import Measures
from prefqa.screening.evidence import share_above

#: Pairs of responses that two models need to be held against each other.
_LEAST = 20


def one_model_wins(measures: Measures) -> Found | NotRun:
    """PQ506: of two models one wins more than `max_share` of the pairs that a majority decides, by its interval."""
    responses = measures.prefs.responses
    if responses is None or "model" not in responses.columns:
        return NotRun("there is no model of responses")
    pairs = _won(measures.pool.coded, measures.tallies, responses)
    met = pairs.join(
        pairs.rename({"winner": "loser", "loser": "winner", "k": "lost"}), on=["winner", "loser"], how="left"
    )
    met = met.with_columns(n=pl.col("k") + pl.col("lost").fill_null(0)).filter(
        (2 * pl.col("k") > pl.col("n")) & (pl.col("n") >= _LEAST)
    )
    if met.is_empty():
        return NotRun(f"no two models were compared in {_LEAST} decided pairs")
    limit = measures.options["PQ506"]["max_share"]
    low = share_above(_floats(met["k"]), _floats(met["n"]), limit, "of pairs", least=_LEAST).low
    found = met.filter(pl.Series(low) > limit).sort("n", "winner", "loser", descending=[True, False, False])
    said = found.select(formatted("{} wins {} of {} pairs against {}", "winner", "k", "n", "loser").alias("_value"))
    n, of = found.height, met.height
    message = (
        f"Of {n:,} of {of:,} pairs of models one wins more than {limit:.0%} of the pairs: "
        f"{'; '.join(said['_value'][:3])}. Mix models of like strength, or compare responses of one model."
    )
    return Found(said.lazy(), n, of, message)


def _won(coded: Coded, tallies: pl.DataFrame, responses: pl.DataFrame) -> pl.DataFrame:
    """How many decided pairs of responses a model, `winner`, won against another, `loser`: `k`."""
    units, widths = coded.item[coded.unit_starts], coded.widths
    known = responses.select("item_id", "response_id", pl.col("model").cast(pl.String).cast(pl.Categorical))
    model = looked_up(known, coded, np.repeat(units, widths), coded.slot_response)["model"]
    every = model.drop_nulls().unique()
    names = dict(zip(every.to_physical().to_list(), every.cast(pl.String).to_list(), strict=True))
    none = max(names, default=0) + 1
    code = model.to_physical().fill_null(none).to_numpy()
    begin = np.zeros(coded.item_ids.len(), np.int64)
    begin[units] = np.cumsum(widths) - widths
    here = begin[tallies["item"].to_numpy()]
    first, second = (code[here + tallies[side].to_numpy()] for side in ("first", "second"))
    n_first, n_second = (tallies[side].to_numpy() for side in ("n_first", "n_second"))
    # Which of two models is called the first must not matter: it is the one that wins.
    wins = n_first > n_second
    winner, loser = np.where(wins, first, second), np.where(wins, second, first)
    met = (n_first != n_second) & (first != second) & (first != none) & (second != none)
    pairs, number = distinct(winner[met].astype(np.int64) * none + loser[met])
    found = pl.DataFrame({"winner": pairs // none, "loser": pairs % none, "k": np.bincount(number)})
    return found.with_columns(
        pl.col(side).replace_strict(names, return_dtype=pl.String) for side in ("winner", "loser")
    )


def _floats(values: pl.Series) -> Floats:
    return values.to_numpy().astype(np.float64)
