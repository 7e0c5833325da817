"""Family PQ5, consensus: whether the votes on a pair say which response is better."""

from __future__ import annotations

from prefqa.checks.rule import Example, Row, Rule, ranking, texts

_PEOPLE = ("ann", "bob", "cat")


def _pairs(votes: list[tuple[int, ...]]) -> Example:
    """An item of two responses per tuple: which of the two each annotator prefers."""
    return Example(
        tuple(
            row
            for i, item in enumerate(votes)
            for n, one in enumerate(item)
            for row in ranking(one, 3 - one, item=f"p{i:02d}", annotator=f"a{n}")
        )
    )


def _models(winners: int) -> Example:
    """Forty items with a response of a large and one of a small model; the large one wins this many."""
    rows: list[Row] = []
    for i in range(40):
        rows += ranking(1, 2, item=f"p{i:02d}") if i < winners else ranking(2, 1, item=f"p{i:02d}")
    written = [
        {**row, "model": model}
        for i in range(40)
        for row, model in zip(texts("Yes.", "No.", item=f"p{i:02d}"), ("large", "small"), strict=True)
    ]
    return Example(tuple(rows), tuple(written))


def _criteria(overall: tuple[int, ...]) -> Example:
    """An annotator who ranks two responses overall, and by two criteria that both prefer the first."""
    by = {"overall": overall, "helpful": (1, 2), "honest": (1, 1)}
    return Example(tuple(row for name, r in by.items() for row in ranking(*r, item=f"p1/{name}", criterion=name)))


_CIRCLE = ((1, 2, 3), (3, 1, 2), (2, 3, 1))

PQ5 = (
    Rule(
        "PQ501",
        "conflicting-votes",
        "info",
        "pairs on which some annotators prefer the one response and some the other",
        "Each of them is right, or none: the guidelines leave the case open, the responses are alike, or somebody "
        "did not look. The share is what a reward model cannot learn. In the PandaLM test set, from which big "
        "divergences had been taken out, it is 6.9 %.",
        bad=Example((*ranking(1, 2), *ranking(2, 1, annotator="bob"))),
        good=Example((*ranking(1, 2), *ranking(1, 2, annotator="bob"))),
    ),
    Rule(
        "PQ502",
        "no-majority",
        "info",
        "pairs on which as many prefer the one response as the other",
        "Which response is called chosen is then decided by the method, by a prior or by the row order, not by "
        "people. Give such pairs one more judgment, or leave them out by their probability.",
        bad=Example((*ranking(1, 2), *ranking(2, 1, annotator="bob"))),
        good=Example((*ranking(1, 2), *ranking(2, 1, annotator="bob"), *ranking(1, 2, annotator="cat"))),
    ),
    Rule(
        "PQ503",
        "majority-cycle",
        "info",
        "items whose majorities go round in a circle: a over b, b over c, c over a",
        "No order fits such an item (Condorcet 1785), and pairs made of its majorities contradict each other: "
        "whatever a reward model says, one of them is wrong. Of random rankings of three responses by three people "
        "1 in 18 is such a circle, so a few are to be expected: information. Pairs that are items of their own are "
        "not joined by prompt.",
        bad=Example(tuple(row for who, r in zip(_PEOPLE, _CIRCLE, strict=True) for row in ranking(*r, annotator=who))),
        good=Example(tuple(row for who in _PEOPLE for row in ranking(1, 2, 3, annotator=who))),
    ),
    Rule(
        "PQ504",
        "low-confidence",
        "info",
        "more than a part of the pairs are too close to say which response is better",
        "A preference loss takes every label for certain; labels that are wrong one time in four bend it (Chowdhury "
        "et al. 2024, Provably robust DPO; Wang et al. 2024, Secrets of RLHF II). Counted are pairs whose better "
        "response has less than `min_probability` to be the one that most of the pool prefers, by the votes on the "
        "pair and a prior fitted to all pairs; found where they are more than `max_share`. How much is too much "
        "depends on the trainer, so this is information. Pairs that most call equal do not count. Needs pairs with "
        "two votes.",
        bad=_pairs([(1, 2), (2, 1), (1, 2), (1, 1)] * 6),
        good=_pairs([(1, 1), (2, 2), (1, 1), (1, 2)] * 6),
        options={"min_probability": 0.75, "max_share": 0.5},
    ),
    Rule(
        "PQ505",
        "unbalanced-votes",
        "info",
        "a few pairs hold most of the votes",
        "Where each vote becomes a row to train on, a model learns these few pairs by heart; agreement over all "
        "votes is theirs too. Reported where the effective number of pairs, (sum of votes)^2 / sum of their squares "
        "(Kish 1965), is below `min_share` of the pairs that were voted on, and these are `min_pairs` or more. "
        "Calibration items that everybody judges are meant to be so: information.",
        bad=_pairs([(1,) * 30] + [(1 + i % 2,) for i in range(29)]),
        good=_pairs([(1, 1, 2)] * 10 + [(1 + i % 2,) for i in range(20)]),
        options={"min_share": 0.5, "min_pairs": 20},
    ),
    Rule(
        "PQ506",
        "one-model-wins",
        "info",
        "of two models one wins nearly always",
        "A reward model then needs only to tell who wrote a response, by its phrases or its length, and learns "
        "nothing of what makes one better (a shortcut; Geirhos et al. 2020). Found where the interval of the share "
        "won is above `max_share`, of pairs that a majority decides, twenty or more. One model may well be so much "
        "better, so this is information. Needs the model of each response.",
        bad=_models(40),
        good=_models(28),
        options={"max_share": 0.9},
    ),
    Rule(
        "PQ507",
        "overall-against-criteria",
        "warning",
        "an overall vote that goes against all criteria of the same annotator",
        "Somebody who finds one response more helpful, the other in nothing better, and then prefers the other, has "
        "swapped the sides, or judged by something that no criterion asks for. Either way these pairs teach what the "
        "criteria say is worse. Votes by criteria are those of the column criterion, where one is the overall vote: "
        "`overall`, or the one that is named so. `item` is a column with the same value for the items of one prompt "
        "and responses, where item_id does not say it. PQ221 asks the same of scores in columns of one judgment. "
        "prefqa criteria lists these votes, and those that the weights of the criteria make improbable.",
        bad=_criteria((2, 1)),
        good=_criteria((1, 2)),
        options={"overall": "", "item": ""},
    ),
)
