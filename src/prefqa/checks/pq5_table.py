"""Family PQ5, consensus: whether the votes on a pair say which response is better."""

from __future__ import annotations

from prefqa.checks.rule import Example, Rule, ranking

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
)
