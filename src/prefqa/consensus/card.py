"""What the card of a published set of pairs says: how it was made, how far annotators agreed, under which licence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from prefqa.consensus.pair_set import PairSet


def card_facts(pairs: PairSet) -> dict[str, Any]:
    """Return lines of the card by what they tell; `license` is the list of licences, where any is known."""
    made, facts = pairs.made, dict[str, Any]()
    if made.get("licences"):
        facts["license"] = made["licences"]
    if made.get("n_without_licence"):
        facts["responses without a licence"] = f"{made['n_without_licence']:,}"
    if "method" in made:
        facts["judgments"] = (
            f"{made['n_votes']:,} votes by {made['n_annotators']:,} annotators on {made['n_items']:,} items"
        )
        least = made["min_probability"]
        floor = "" if least is None else f", probability at least {least:g}"
        facts["consensus"] = f"{made['method']}; pairs: {made['select']}; ties: {made['ties']}{floor}"
    agreement = pair_agreement(pairs.frame)
    facts["agreement"] = (
        "not known, since no pair has two votes"
        if agreement is None
        else f"{agreement:.1%} of the pairs of votes on a pair of responses are equal"
    )
    if pairs.epsilon is not None:
        facts["share of wrong labels to expect"] = f"{pairs.epsilon:.1%}"
    facts["pairs"] = f"{pairs.n_pairs:,}"
    facts |= {f"pairs left out ({reason})": f"{count:,}" for reason, count in pairs.left_out.rows()}
    return facts


def pair_agreement(pairs: pl.DataFrame) -> float | None:
    """Share of equal pairs of votes, ties among them, pooled over the pairs; None where no pair has two votes.

    With g votes for chosen, l for rejected, e ties and C(x) = x (x - 1) / 2, this is the sum of C(g) + C(l) + C(e) over
    that of C(g + l + e). The two rows of a halved tie count once.

    >>> pair_agreement(pl.DataFrame({"item_id": ["p"], "chosen_id": ["a"], "rejected_id": ["b"], "n_chosen": [2],
    ...                              "n_tie": [0], "n_rejected": [1]}))
    0.3333333333333333
    """
    ids = ("chosen_id", "rejected_id")
    once = pairs.unique(["item_id", pl.min_horizontal(ids).alias("_a"), pl.max_horizontal(ids).alias("_b")])
    votes = [pl.col(name).cast(pl.Int64) for name in ("n_chosen", "n_tie", "n_rejected")]
    m = pl.sum_horizontal(votes)
    equal, all_pairs = once.select(
        equal=pl.sum_horizontal(n * (n - 1) // 2 for n in votes).sum(), of=(m * (m - 1) // 2).sum()
    ).row(0)
    return equal / all_pairs if all_pairs else None


def licences_of(pairs: pl.DataFrame, responses: pl.DataFrame | None) -> dict[str, Any]:
    """Return the licences of the responses in these pairs, and how many responses have none; {} where none is told."""
    if responses is None or "licence" not in responses.columns or pairs.is_empty():
        return {}
    used = pl.concat([pairs.select("item_id", response_id=f"{side}_id") for side in ("chosen", "rejected")]).unique()
    said = used.join(responses.select("item_id", "response_id", "licence"), on=["item_id", "response_id"], how="left")
    known = said["licence"].cast(pl.String).str.strip_chars()
    named = known.filter(known.fill_null("") != "")
    return {"licences": named.unique().sort().to_list(), "n_without_licence": len(known) - len(named)}
