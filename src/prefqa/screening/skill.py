"""Rules on skill: votes that agree with nobody, not with themselves, or too well with one other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from scipy.special import ndtr

from prefqa._types import Ints
from prefqa.checks.frame import NotRun
from prefqa.screening.evidence import Evidence, share_above
from prefqa.screening.pool import Pool, by_annotator, per_annotator


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
    rows = pool.prefs.usable().select(*keys, "judgment_id", "response_id", "rank", *set(order) - {"judgment_id"})
    repeated = rows.filter(pl.col("judgment_id").n_unique().over(keys) > 1)
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
    items, changed, squares, votes = per_annotator(pool, pairs, "items", "changed", "squares", "votes")
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


def copies(pool: Pool) -> tuple[Evidence, Ints, Ints] | NotRun:
    """PQ312, per pair of annotators: votes that agree more often than the less reliable of the two can.

    Write votes as +1, 0 (tie), -1 towards the truth, with mean x_a >= 0 for annotator a on a pair of responses. Two who
    vote independently given the pair have E[v_a v_b] = x_a x_b <= x_a, and <= x_b: over pairs of any difficulty their
    agreement c_ab = mean v_a v_b is at most the mean of x_a, and of x_b. Only dependent votes exceed it.
    x_a is measured without b: c of a with all others, divided by the root of the pool's c (as c_ac = x_a x_c); where
    items differ in difficulty this is too high, which makes the test hold back. Pairs that both tie do not count. The
    standard errors have items as clusters. Agreement must exceed the bound by the option `margin`, and be above
    `min_share`; each of the two needs three others beside.

    Returns:
        Evidence per pair of annotators (the effect is the share of equal votes, a tie against a decision counting one
        half), and the two annotators (codes).
    """
    votes = pool.votes
    use = votes.n_others >= 1
    if not use.any():
        return NotRun("no two annotators voted on one pair")
    columns = {"pair": votes.pair, "item": votes.item, "annotator": votes.annotator, "vote": votes.vote}
    frame = pl.LazyFrame({name: values[use] for name, values in columns.items()})
    met = (
        frame.join(frame.select("pair", other="annotator", theirs="vote"), on="pair", how="inner")
        .filter((pl.col("annotator") != pl.col("other")) & ((pl.col("vote") != 0) | (pl.col("theirs") != 0)))
        .group_by("annotator", "other", "item")
        .agg(n=pl.len().cast(pl.Float64), k=(pl.col("vote") * pl.col("theirs")).cast(pl.Float64).sum())
        .collect(engine="streaming")
    )
    with_each = _agreement(met, ["annotator", "other"]).filter(pl.col("annotator") < pl.col("other"))
    others = met.group_by("annotator").agg(pl.col("other").n_unique()).filter(pl.col("other") > _LEAST_OTHERS)
    judged = set(others["annotator"])
    pairs = with_each.filter(
        (pl.col("items") >= _LEAST_ITEMS)
        & (pl.col("n") >= _LEAST_VOTES)
        & pl.col("annotator").is_in(judged)
        & pl.col("other").is_in(judged)
    )
    if pairs.is_empty():
        shared = f"{_LEAST_ITEMS} items and {_LEAST_VOTES} votes, and {_LEAST_OTHERS} others to compare with"
        return NotRun(f"no two annotators share {shared}")
    with_all = _agreement(met.group_by("annotator", "item").agg(pl.col("n").sum(), pl.col("k").sum()), ["annotator"])
    usual = np.sqrt(max(float(np.asarray(with_all["k"]).sum() / np.asarray(with_all["n"]).sum()), 1e-3))
    bounds = []
    for name in ("annotator", "other"):
        own = pairs.select(pl.col(name).alias("annotator"), n_pair="n", k_pair="k").join(
            with_all, on="annotator", how="left", maintain_order="left"
        )
        n, k, n_pair, k_pair, error = (own[column].to_numpy() for column in ("n", "k", "n_pair", "k_pair", "error"))
        left = n - n_pair
        known = left >= _LEAST_VOTES
        x = np.where(known, (k - k_pair) / np.where(known, left, 1) / usual, 1.0)
        bounds.append((np.clip(x, 0, 1), error * np.sqrt(n / np.maximum(left, 1)) / usual))
    first = bounds[0][0] <= bounds[1][0]
    bound, bound_error = (np.where(first, bounds[0][i], bounds[1][i]) for i in (0, 1))
    share, error = (1 + (pairs["k"] / pairs["n"]).to_numpy()) / 2, pairs["error"].to_numpy() / 2
    options = pool.options["PQ312"]
    beyond = share - (1 + bound) / 2 - float(options["margin"])
    # Both must hold, so the greater p-value is the one that counts.
    p = np.maximum(
        ndtr(-beyond / np.hypot(error, bound_error / 2)), ndtr(-(share - float(options["min_share"])) / error)
    )
    low, high = np.clip(share - 1.96 * error, 0, 1), np.clip(share + 1.96 * error, 0, 1)
    found = Evidence(share, low, high, p, pairs["n"].to_numpy(), "of the votes on the same pairs are equal")
    return found, pairs["annotator"].to_numpy(), pairs["other"].to_numpy()


def _agreement(met: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Sums n and k by group, and the error of k / n with items as clusters.

    One item that says the opposite is added to the squares, so that agreement without exception has an error too.
    """
    share = pl.col("k").sum().over(by) / pl.col("n").sum().over(by)
    return (
        met.with_columns(residual=pl.col("k") - share * pl.col("n"))
        .group_by(by)
        .agg(
            pl.col("n").sum(),
            pl.col("k").sum(),
            items=pl.len(),
            squares=(pl.col("residual") ** 2).sum() + pl.col("n").mean() ** 2,
        )
        .with_columns(error=pl.col("squares").sqrt() / pl.col("n"))
        .sort(by)
    )


_LEAST_ITEMS, _LEAST_VOTES, _LEAST_OTHERS = 10, 20, 3


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
    prompt; responses are told apart by response_id. The limit is one eighth, halfway to chance.
    """
    from prefqa.checks.texts import normal

    items = pool.prefs.items
    if items is None or items.schema.get("prompt") != pl.String():
        return NotRun("there is no prompt of items")
    pairs = pool.prefs.usable().group_by("item_id", "annotator_id").agg(
        n=pl.len(), one=pl.col("response_id").min(), two=pl.col("response_id").max(),
        by=(pl.col("rank").filter(pl.col("response_id") == pl.col("response_id").max()).first()
            - pl.col("rank").filter(pl.col("response_id") == pl.col("response_id").min()).first()),
    ).filter((pl.col("n") == 2) & (pl.col("by") != 0))  # fmt: skip
    keyed = items.lazy().select("item_id", prompt=normal(pl.col("prompt")).hash())
    won = pairs.join(keyed, on="item_id", how="inner").group_by("prompt", "annotator_id", "one", "two").agg(
        by=pl.col("by").sum().sign()
    ).filter(pl.col("by") != 0)  # fmt: skip
    first = won.select("prompt", "annotator_id", a="one", b="two", ab="by")
    second = won.select("prompt", "annotator_id", b="one", c="two", bc="by")
    third = won.select("prompt", "annotator_id", a="one", c="two", ac="by")
    triples = (
        first.join(second, on=["prompt", "annotator_id", "b"], how="inner")
        .join(third, on=["prompt", "annotator_id", "a", "c"], how="inner")
        .group_by("annotator_id")
        .agg(n=pl.len(), k=((pl.col("ab") == pl.col("bc")) & (pl.col("ab") != pl.col("ac"))).sum())
        .collect(engine="streaming")
    )
    if triples.is_empty():
        return NotRun("nobody compared three responses to one prompt in pairs")
    k, n = per_annotator(pool, triples, "k", "n")
    return share_above(k, n, 0.125, "of the triples form a circle")


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
