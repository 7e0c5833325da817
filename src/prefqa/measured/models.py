"""The rule on models one of which wins whatever was asked (family PQ5)."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Floats
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
    decided = measures.tallies.filter(pl.col("n_first") != pl.col("n_second"))
    names, models = _models_of(measures.pool.coded, decided, responses)
    decided = decided.with_columns(models).drop_nulls(["model_first", "model_second"])
    # Which of two models is called the first must not matter: it is the one that wins more.
    first_wins = pl.col("n_first") > pl.col("n_second")
    pairs = (
        decided.filter(pl.col("model_first") != pl.col("model_second"))
        .select(
            winner=pl.when(first_wins).then("model_first").otherwise("model_second"),
            loser=pl.when(first_wins).then("model_second").otherwise("model_first"),
        )
        .group_by("winner", "loser")
        .len("k")
        .with_columns(pl.col(side).replace_strict(names, return_dtype=pl.String) for side in ("winner", "loser"))
    )
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


def _models_of(coded: Coded, pairs: pl.DataFrame, responses: pl.DataFrame) -> tuple[dict[int, str], list[pl.Series]]:
    """Names of models by their codes, and the codes of the first and the second response of pairs.

    Pairs are given by item (code) and slots.
    """
    units, widths = coded.item[coded.unit_starts], coded.widths
    known = responses.select("item_id", "response_id", pl.col("model").cast(pl.String).cast(pl.Categorical))
    model = looked_up(known, coded, np.repeat(units, widths), coded.slot_response)["model"]
    first = np.zeros(coded.item_ids.len(), np.int64)
    first[units] = np.cumsum(widths) - widths
    begin = first[pairs["item"].to_numpy()]
    every = model.drop_nulls().unique()
    names = dict(zip(every.to_physical().to_list(), every.cast(pl.String).to_list(), strict=True))
    codes = model.to_physical()
    return names, [codes.gather(begin + pairs[side].to_numpy()).alias(f"model_{side}") for side in ("first", "second")]


def _floats(values: pl.Series) -> Floats:
    return values.to_numpy().astype(np.float64)
