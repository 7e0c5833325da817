"""What a reader of agreement figures should know before believing them."""

from __future__ import annotations

import polars as pl

from prefqa.preferences import Preferences
from prefqa.replicates import FEWEST

#: Fewer annotators than this tell little about others like them.
FEW_ANNOTATORS = 15
#: An annotator with more than this share of the judgments dominates.
DOMINATING = 0.5
#: The kappa paradox: agreement at least this high, with a coefficient beyond chance this far below it.
HIGH_AGREEMENT, PARADOX_GAP = 0.8, 0.3
#: Fewer ties than this are a rare third category, which Gwet's and Brennan-Prediger's chance counts in full.
RARE_TIES = 0.1


def warnings(estimates: pl.DataFrame, prefs: Preferences, annotators: bool, orientation: str) -> tuple[str, ...]:
    """Return sentences about the estimates over all items."""
    whole = estimates.filter(pl.col("slice").is_null() & pl.col("estimate").is_not_null())
    if whole.is_empty():
        return ()
    found = []
    if annotators:
        found += _few(whole.filter(pl.col("se").is_not_null()))
    found += _paradox(whole)
    found += _rare_ties(whole, prefs)
    if orientation == "id" and whole["target"].is_in(["votes"]).any():
        found.append('orientation="id": figures on votes depend on how responses are named')
    found += _dominated(prefs)
    return tuple(found)


def _few(whole: pl.DataFrame) -> list[str]:
    if whole.is_empty():
        return []
    n = int(whole["n_annotators"].max())  # type: ignore[arg-type]
    over_items = whole.filter(pl.col("inference") == "items")
    undefined = over_items.filter(pl.col("n_annotators") >= FEWEST)["coefficient"]
    found = []
    if undefined.len() < over_items.height:
        found.append(f"{n} annotators are too few to say how others would agree: some intervals speak about items only")
    elif n < FEW_ANNOTATORS:
        found.append(f"{n} annotators: fewer than {FEW_ANNOTATORS} tell little about others like them")
    if undefined.len():
        names = ", ".join(undefined)
        found.append(f"{names}: undefined without one of the annotators, so the interval speaks about items only")
    return found


def _paradox(whole: pl.DataFrame) -> list[str]:
    """High percent agreement beside a low coefficient: nearly all votes or ratings are in one category."""
    found = []
    for target, beyond in (("votes", "alpha_nominal"), ("labels", "alpha_nominal"), ("scores", "alpha_nominal")):
        of_target = whole.filter(pl.col("target") == target)
        values = dict(of_target.select("coefficient", "estimate").iter_rows())
        raw, alpha = values.get("percent_agreement"), values.get(beyond)
        if raw is not None and alpha is not None and raw >= HIGH_AGREEMENT and raw - alpha >= PARADOX_GAP:
            found.append(
                f"{target}: {raw:.0%} agree, yet {beyond} is {alpha:.2f}: nearly all are in one category, "
                "which leaves little to agree on beyond chance"
            )
    return found


def _rare_ties(whole: pl.DataFrame, prefs: Preferences) -> list[str]:
    names = whole.filter(
        (pl.col("target") == "votes") & pl.col("coefficient").is_in(["gwet_ac1", "gwet_ac2", "brennan_prediger"])
    )["coefficient"].to_list()
    if not names:
        return []
    from prefqa.votes import tallies

    counts = tallies(prefs.coded()).select(pl.col("n_tie").sum(), n=pl.sum_horizontal(pl.col("^n_.*$")).sum())
    ties, n = counts.row(0)
    if not n or ties / n >= RARE_TIES:
        return []
    return [
        f"only {ties / n:.1%} of votes are ties: {', '.join(names)} count them as a third category and read too high"
    ]


def _dominated(prefs: Preferences) -> list[str]:
    coded = prefs.coded()
    counts = pl.Series(coded.annotator).value_counts(sort=True)
    if len(counts) < 3:
        return []
    code, n = counts.row(0)
    share = n / coded.annotator.size
    if share <= DOMINATING:
        return []
    return [f"annotator {coded.annotator_ids[int(code)]!r} gave {share:.0%} of the judgments and dominates the figures"]
