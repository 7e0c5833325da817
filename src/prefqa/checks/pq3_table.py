"""Family PQ3, annotators: who may not have read, looked or understood. `prefqa.screening` finds them."""

from __future__ import annotations

from prefqa.checks.pq3_examples import (
    ORDERS,
    again,
    campaign,
    circles,
    copied,
    gold,
    hours,
    judged,
    lengths,
    loads,
    of_length,
    paced,
    shown,
    well,
)
from prefqa.checks.rule import Example, Rule

PQ3 = (
    Rule(
        "PQ301",
        "too-fast",
        "warning",
        "most judgments took less time than the texts take to read",
        "Adults read about 240 words a minute (Brysbaert 2019); whoever ranks texts at more than `max_wpm`, in more "
        "than half of the judgments, has not read them, and the votes are noise that looks like disagreement. Six "
        "characters, blanks among them, count as a word in any script. "
        "Without texts, a third of the pool's median time is the limit. Needs duration_s.",
        bad=paced(2.0),
        good=paced(40.0),
        options={"max_wpm": 1000},
    ),
    Rule(
        "PQ302",
        "straight-lining",
        "warning",
        "one and the same vector of ranks again and again",
        "Answering every question alike is the plainest form of not looking (satisficing; Krosnick 1991). Ranks are "
        "taken in the order of the screen where it is known. Found where the share is surely above the middle "
        "between what the rest of the pool gives that vector, and always. Needs annotators that are named.",
        bad=Example(campaign(lambda _i: (1, 2, 3))),
        good=Example(campaign(well)),
    ),
    Rule(
        "PQ303",
        "untouched-order",
        "warning",
        "the order of the screen is submitted more often than chance allows",
        "A ranking tool shows an order, and whoever presses submit gives it back. Chance is 1 / k! for k responses, or "
        "the rate of the rest of the pool if that is greater. Needs positions and three responses or more.",
        bad=shown(habit=True),
        good=shown(habit=False),
    ),
    Rule(
        "PQ304",
        "position-bias",
        "warning",
        "leans towards what was shown earlier (or later), beyond what the others say of it",
        "Position changes choices of people and of models (Wang et al. 2023, Large language models are not fair "
        "evaluators); learned, it is noise at best. A logistic regression of the choice on the others' votes; the "
        "effect is the leaning between two responses that the others call equal. Needs positions.",
        bad=shown(habit=True),
        good=shown(habit=False),
    ),
    Rule(
        "PQ305",
        "pool-position-bias",
        "warning",
        "the pool as a whole leans towards what was shown earlier (or later)",
        "If orders were drawn by chance this bias cancels in the mean but costs agreement; if they were not, it is "
        "in the preferences. Tested at .01 and only from `min_effect` on. Where all annotators of an item saw one "
        "order, nothing can be said.",
        bad=Example(
            tuple(
                row
                for i in range(60)
                for n, person in enumerate(("ann", "bob", "cat"))
                for row in judged(
                    person,
                    i,
                    ORDERS[(i * 5 + n) % 6] if i % 3 else ORDERS[i % 6],
                    position=list(ORDERS[(i * 5 + n) % 6]),
                )
            )
        ),
        good=shown(habit=False),
        options={"min_effect": 0.02},
    ),
    Rule(
        "PQ306",
        "follows-length",
        "info",
        "leans towards the longer (or shorter) response, compared with the pool",
        "Whoever goes by length has not read to the end. The same regression as for position (PQ304), on which "
        "response is longer, against the pool, since in the pool longer may be better; from `min_effect` on, since "
        "a few who follow length move everybody a little. Needs texts.",
        bad=lengths(habit=True),
        good=lengths(habit=False),
        options={"min_effect": 0.1},
    ),
    Rule(
        "PQ307",
        "longer-wins",
        "info",
        "the majority prefers the longer (or shorter) response more often than half the time",
        "Reward models pick up length first (Singhal et al. 2023, A long way to go), and policies then grow longer, "
        "not better. In the PandaLM test set the longer response wins 67.5 % of 887 decided pairs. Longer can be "
        "better: look, and balance lengths, or measure with length held fixed. Tested at .01, from `min_share` on.",
        bad=of_length(habit=True),
        good=of_length(habit=False),
        options={"min_share": 0.55},
    ),
    Rule(
        "PQ308",
        "unlike-itself",
        "warning",
        "items judged twice come out differently",
        "Nobody else is needed to see this: a rule that gives another answer the next day is none. Found where the "
        "share of changed votes is surely above the middle between the pool's and one half. Needs judgment_id and "
        "repeats.",
        bad=again(same=False),
        good=again(same=True),
    ),
    Rule(
        "PQ309",
        "intransitive",
        "warning",
        "comparisons in pairs that go round in a circle",
        "a over b, b over c, c over a: of random answers one triple in four is such a circle (Kendall and Babington "
        "Smith 1940). Found where the share is surely above one in eight. Needs prompts, of which several pairs were "
        "compared.",
        bad=circles(habit=True),
        good=circles(habit=False),
    ),
    Rule(
        "PQ310",
        "unreliable",
        "warning",
        "the expected share of right votes is below the floor",
        "Votes near one half carry no information, and each of them costs agreement. The share comes from a Mallows "
        "model of all votes (see consensus), which knows that hard items are hard; `floor` is a share of right votes.",
        bad=Example(campaign(lambda i: tuple(4 - rank for rank in ORDERS[i % 6]) if i % 5 < 3 else ORDERS[i % 6])),
        good=Example(campaign(well)),
        options={"floor": 0.6},
    ),
    Rule(
        "PQ311",
        "below-chance",
        "warning",
        "votes against the others more often than with them",
        "Worse than guessing takes knowledge: mostly a scale that was read upside down (1 as worst), or an export that "
        "turned it. Turn the ranks round, if the annotator confirms it; else leave them out.",
        bad=Example(campaign(lambda i: tuple(4 - rank for rank in ORDERS[i % 6]))),
        good=Example(campaign(well)),
    ),
    Rule(
        "PQ312",
        "copies",
        "warning",
        "two annotators agree more than their reliabilities allow",
        "One person with two accounts, or one who copies, counts as two independent votes, and agreement looks "
        "better than it is. Two who judge on their own cannot agree more often than the less reliable of them is "
        "right, on items however easy: found is who surely does so by more than `margin`, and agrees on more than "
        "`min_share`.",
        bad=copied(copy=True),
        good=copied(copy=False),
        options={"margin": 0.03, "min_share": 0.9},
    ),
    Rule(
        "PQ313",
        "dominates",
        "info",
        "one annotator made a large share of all judgments",
        "More than `max_share`: the model learns this person's taste; leave-one-annotator-out intervals become wide, "
        "and rightly so.",
        bad=loads(60),
        good=loads(20),
        options={"max_share": 0.4},
    ),
    Rule(
        "PQ314",
        "too-few",
        "info",
        "fewer judgments than any test needs",
        "Nothing is said of these annotators by the rules with tests: not flagged does not mean good. Join them with "
        "others, or let them judge more.",
        bad=Example((*campaign(well), *judged("dan", 0, (1, 2, 3)))),
        good=Example(campaign(well)),
        options={"min_judgments": 20},
    ),
    Rule(
        "PQ315",
        "long-session",
        "warning",
        "hours of work without a pause of thirty minutes",
        "No person judges for `max_hours` on end: a shared account, a script, or times that were filled in later. "
        "Needs created_at.",
        bad=hours(15),
        good=hours(5),
        options={"max_hours": 12},
    ),
    Rule(
        "PQ316",
        "gold-failures",
        "warning",
        "too many items with a known answer were answered otherwise",
        "Gold items are there for this. Counted is whether the response ranked best is the known best one; found "
        "where the share failed is surely above `max_share`. Needs is_gold and gold_rank (as rank).",
        bad=gold(failed=True),
        good=gold(failed=False),
        options={"max_share": 0.3},
    ),
)
