"""Family PQ4, agreement: whether annotators follow one rule at all. `prefqa.measured` finds them."""

from __future__ import annotations

from prefqa.checks.rule import Example, Row, Rule, ranking

_ORDERS = ((1, 2, 3), (2, 1, 3), (1, 3, 2), (3, 1, 2), (2, 3, 1), (3, 2, 1))
_PEOPLE = ("ann", "bob", "cat", "dan")


def _pool(*, alike: bool, **columns: str) -> tuple[Row, ...]:
    """Sixty items judged by four: mostly in one order, or each in an order of their own."""
    tag = "".join(columns.values())
    return tuple(
        row
        for i in range(60)
        for n, person in enumerate(_PEOPLE)
        for row in ranking(
            *_ORDERS[(i + (n == i % 4) if alike else i * (n + 1) + n * (i // 6) + i * i // (n + 3)) % 6],
            item=f"{tag}p{i:02d}",
            annotator=person,
            **columns,
        )
    )


def _votes(*first: int) -> tuple[Row, ...]:
    """One item of two responses: which of the two each annotator prefers."""
    return tuple(row for n, one in enumerate(first) for row in ranking(one, 3 - one, annotator=f"a{n}"))


PQ4 = (
    Rule(
        "PQ401",
        "low-agreement",
        "warning",
        "agreement of all is surely below a floor",
        "What annotators do not agree on a reward model cannot learn: its accuracy on fresh votes is bounded by "
        "theirs. Found where the whole 95 % interval (items and annotators a sample) is below `min`. No floor is "
        "agreed on: preference data that trained well has people agree on 63 % (Bai et al. 2022) to 73 % (Ouyang et "
        "al. 2022) of pairs, which is an alpha of about .26 to .45, far below the .667 that Krippendorff asks of "
        "content analysis. The default is where Landis and Koch (1977) end 'slight', and the severity a warning for "
        "that reason; the gate takes your own threshold.",
        bad=Example(_pool(alike=False)),
        good=Example(_pool(alike=True)),
        options={"coefficient": "alpha_nominal", "target": "votes", "min": 0.2},
    ),
    Rule(
        "PQ402",
        "low-agreement-slice",
        "warning",
        "agreement in a slice of the data is surely below a floor",
        "A good figure over all can hide a criterion that nobody understands, or a version of the guidelines that "
        "went wrong. Slices are the values of the columns `by`; if none are named, of criterion or "
        "guideline_version, the first that has two values. Intervals hold for all slices together (Bonferroni). "
        "Coefficient and target are those of PQ401, and so is the reason for a warning.",
        bad=Example((*_pool(alike=True, criterion="helpful"), *_pool(alike=False, criterion="honest"))),
        good=Example((*_pool(alike=True, criterion="helpful"), *_pool(alike=True, criterion="honest"))),
        options={"by": (), "min": 0.2},
    ),
    Rule(
        "PQ403",
        "diverging-items",
        "info",
        "items on which annotators contradict each other more often than coin flips would",
        "On such items there are two camps, or nothing to prefer: the guidelines leave the case open, or each camp "
        "reads them otherwise (Plank 2022, The 'problem' of human label variation). Counted are comparisons of two "
        "decided votes on one pair; items with fewer than `min_comparisons` cannot tell. Nothing is wrong with a "
        "few such items, so this is information: read them, and decide what the guidelines should say.",
        bad=Example(_votes(1, 1, 2, 2)),
        good=Example(_votes(1, 1, 1, 2)),
        options={"min_comparisons": 6},
    ),
)
