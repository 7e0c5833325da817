"""Rules on skill: votes that agree with nobody, not with themselves, or too well with one other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from scipy.special import ndtr

from prefqa.checks.frame import NotRun
from prefqa.coding import Coded, judged_again
from prefqa.screening.evidence import Evidence, share_above
from prefqa.screening.pool import Pool, by_annotator, per_annotator

_NO_TRIPLE = NotRun("nobody compared three responses to one prompt in pairs")


def unreliable(pool: Pool) -> Evidence | NotRun:
    """PQ310: the expected share of right votes is below the floor, by its posterior; see `consensus`."""
    return _reliability(pool, pool.options["PQ310"]["floor"])


def below_chance(pool: Pool) -> Evidence | NotRun:
    """PQ311: votes against the others more often than with them."""
    return _reliability(pool, 0.5)


def unlike_itself(pool: Pool) -> Evidence | NotRun:
    """PQ308: of the votes given twice, the share that changed; the limit is halfway between the pool's and one half."""
    if "judgment_id" not in pool.columns:
        return NotRun("there is no judgment_id column")
    keys = ["item_id", "annotator_id"]
    order = [name for name in ("created_at", "judgment_id") if name in pool.columns]
    rows = pool.read.rows.frame.select(*keys, "response_id", "rank", *order)
    repeated = rows.join(judged_again(rows, keys), on=keys, how="semi").lazy()
    numbered = repeated.with_columns(pl.struct(order).rank("dense").over(keys).alias("_time")).select(
        *keys, "_time", "response_id", "rank"
    )
    # The first two judgments of an item; pairs of responses that both of them rank.
    both = numbered.filter(pl.col("_time") == 1).join(
        numbered.filter(pl.col("_time") == 2), on=[*keys, "response_id"], how="inner", suffix="_again"
    )
    pairs = (
        both.join(both, on=keys, how="inner", suffix="_2")
        .filter(pl.col("response_id") < pl.col("response_id_2"))
        .select(
            "annotator_id",
            "item_id",
            one=(pl.col("rank") - pl.col("rank_2")).sign(),
            other=(pl.col("rank_again") - pl.col("rank_again_2")).sign(),
        )
        .group_by("annotator_id", "item_id")
        .agg(votes=pl.len(), changed=(pl.col("one") != pl.col("other")).mean())
        .group_by("annotator_id")
        .agg(
            items=pl.len(),
            votes=pl.col("votes").sum(),
            squares=(pl.col("changed") ** 2).sum(),
            changed=pl.col("changed").sum(),
        )
        .collect()
    )
    if pairs.is_empty():
        return NotRun("no annotator judged an item twice")
    named = pool.read.rows._replace(frame=pairs).named()
    items, changed, squares, votes = per_annotator(pool, named, "items", "changed", "squares", "votes")
    usual = float(changed.sum() / items.sum())
    share = np.divide(changed, items, out=np.zeros(pool.n), where=items > 0)
    # The pairs of one ranking do not change on their own: a judgment is worth as many votes as the spread of its share
    # says, one at least (the effective number of Korn and Graubard 1998, from the spread within all annotators).
    spread = (squares - items * share**2).sum() / max(items.sum() - (items > 0).sum(), 1)
    worth = np.clip((items * share * (1 - share)).sum() / items.sum() / max(spread, 1e-9), 1, votes.sum() / items.sum())
    found = share_above(
        changed * worth,
        items * worth,
        (usual + 0.5) / 2 if usual < 0.5 else 0.9,
        "of the votes given twice changed",
        least=10 * worth,
    )
    return replace(found, n=np.where(np.isfinite(found.effect), items, np.nan))


def gold_failures(pool: Pool) -> Evidence | NotRun:
    """PQ316: of the gold items, the share on which the annotator's best response is not the known one."""
    missing = [name for name in ("is_gold", "gold_rank") if name not in pool.columns]
    if missing:
        return NotRun(f"there is no {missing[0]} column")
    best = pl.col("rank") == pl.col("rank").min().over("item_id", "annotator_id")
    gold_rank = pl.col("gold_rank").cast(pl.Int64, strict=False)
    known = gold_rank == gold_rank.min().over("item_id", "annotator_id")
    found = (
        pool.prefs.usable()
        .filter(pl.col("is_gold"))
        .with_columns(best=best, known=known)
        .group_by("item_id", "annotator_id")
        .agg(failed=(pl.col("best") != pl.col("known")).any())
        .group_by("annotator_id")
        .agg(n=pl.len(), k=pl.col("failed").sum())
        .collect()
    )
    if found.is_empty():
        return NotRun("no gold item was judged")
    k, n = per_annotator(pool, found, "k", "n")
    return share_above(k, n, pool.options["PQ316"]["max_share"], "of the gold items failed", least=5)


def intransitive(pool: Pool) -> Evidence | NotRun:
    """PQ309: of the triples of responses that an annotator compared in pairs, the share that form a circle.

    Chance gives one in four (Kendall and Babington Smith 1940). Pairs belong together where their items have the same
    prompt, which is there and not blank; responses are told apart by response_id. A tie, and as many votes either way,
    decide nothing; of an item judged again the latest judgment counts. The limit is one eighth, halfway to chance.
    """
    from prefqa.checks.patterns import VISIBLE
    from prefqa.checks.texts import normal

    items, coded = pool.prefs.items, pool.coded
    if items is None or items.schema.get("prompt") != pl.String():
        return NotRun("there is no prompt of items")
    pairs = _pairs(coded)
    if not pairs.height:
        return _NO_TRIPLE
    there = items.select("item_id", "prompt").filter(pl.col("prompt").str.contains(VISIBLE))
    prompts = there.with_columns(normal(there["prompt"]).hash().alias("prompt"))
    by_code = pl.DataFrame({"item_id": coded.item_ids}).join(prompts, on="item_id", how="left", maintain_order="left")
    won = (
        pairs.lazy()
        .with_columns(prompt=by_code["prompt"].gather(pairs["item"]))
        .drop_nulls("prompt")
        .group_by("prompt", "annotator", "one", "two")
        .agg(by=pl.col("by").sum().sign())
        .filter(pl.col("by") != 0)
    )
    first = won.select("prompt", "annotator", a="one", b="two", ab="by")
    second = won.select("prompt", "annotator", b="one", c="two", bc="by")
    third = won.select("prompt", "annotator", a="one", c="two", ac="by")
    triples = (
        first.join(second, on=["prompt", "annotator", "b"], how="inner")
        .join(third, on=["prompt", "annotator", "a", "c"], how="inner")
        .select("annotator", circle=(pl.col("ab") == pl.col("bc")) & (pl.col("ab") != pl.col("ac")))
        .collect(engine="streaming")
    )
    if triples.is_empty():
        return _NO_TRIPLE
    who = triples["annotator"].to_numpy()
    n, k = by_annotator(pool, who), by_annotator(pool, who, triples["circle"].to_numpy())
    return share_above(k, n, 0.125, "of the triples form a circle")


def _pairs(coded: Coded) -> pl.DataFrame:
    """Judgments of two responses, by codes: item, annotator, the responses `one` < `two`, and by what `one` leads."""
    judgment = np.flatnonzero(coded.lengths == 2)
    row = coded.starts[judgment]
    listed = coded.listed_from[judgment]
    return pl.DataFrame(
        {
            "item": coded.item[judgment],
            "annotator": coded.annotator[judgment],
            "one": coded.slot_response[listed + coded.slot[row]],
            "two": coded.slot_response[listed + coded.slot[row + 1]],
            "by": np.sign(coded.rank[row + 1].astype(np.int64) - coded.rank[row]),
        }
    )


def _reliability(pool: Pool, floor: float) -> Evidence | NotRun:
    votes = pool.votes
    shared = by_annotator(pool, votes.annotator, (votes.n_others > 0) & (votes.vote != 0))
    if not shared.any():
        return NotRun("no two annotators voted on one pair")
    found = pool.reliabilities
    enough = shared >= 20
    low, high = found.share - 1.96 * found.share_sd, found.share + 1.96 * found.share_sd
    p = ndtr((found.share - floor) / np.maximum(found.share_sd, 1e-12))
    parts = (
        np.where(enough, part, np.nan) for part in (found.share, np.clip(low, 0, 1), np.clip(high, 0, 1), p, shared)
    )
    effect, low, high, p, n = parts
    return Evidence(effect, low, high, p, n, "of the votes are right, by the model")
