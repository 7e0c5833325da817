"""Family PQ3, annotators: who may not have read, looked or understood. `prefqa.screening` finds them."""

from __future__ import annotations

from typing import Any

from prefqa.checks.rule import Example, Row, Rule, prompts, ranking, texts

#: Ranks that are no habit: a fixed walk through the orders of three.
_ORDERS = ((1, 2, 3), (2, 1, 3), (1, 3, 2), (3, 1, 2), (2, 3, 1), (3, 2, 1))
_LENGTHS = ("word " * 40, "word " * 30, "word " * 50)


def _judged(person: str, i: int, ranks: tuple[int, ...], **columns: Any) -> tuple[Row, ...]:
    return ranking(*ranks, item=f"p{i:03d}", annotator=person, **columns)


def _campaign(ranks_of_cat: Any, *, n: int = 60, **columns: Any) -> tuple[Row, ...]:
    """Items judged by ann and bob, who agree, and by cat, whose ranks are a function of the item's number."""
    rows: list[Row] = []
    for i in range(n):
        order = _ORDERS[i % 6]
        rows += _judged("ann", i, order, **columns)
        rows += _judged("bob", i, order if i % 10 else _ORDERS[(i + 1) % 6], **columns)
        rows += _judged("cat", i, ranks_of_cat(i), **columns)
    return tuple(rows)


def _well(i: int) -> tuple[int, ...]:
    return _ORDERS[i % 6] if i % 7 else _ORDERS[(i + 2) % 6]


def _shown(*, habit: bool) -> Example:
    """Responses on changing places: cat ranks as they stand on the screen, or as the others do."""
    rows: list[Row] = []
    for i in range(60):
        places = _ORDERS[(i * 5 + i // 6) % 6]
        cat = places if habit else _well(i)
        for person, ranks in (("ann", _ORDERS[i % 6]), ("bob", _well(i + 6)), ("cat", cat)):
            seen = places if person == "cat" else _ORDERS[(i + len(person) + ord(person[0])) % 6]
            rows += _judged(person, i, ranks, position=list(seen))
    return Example(tuple(rows))


def _paced(seconds: float) -> Example:
    rows = _campaign(_well, duration_s=60.0)
    timed = tuple({**row, "duration_s": seconds} if row["annotator_id"] == "cat" else row for row in rows)
    return Example(timed, tuple(r for i in range(60) for r in texts(*_LENGTHS, item=f"p{i:03d}")))


def _lengths(*, habit: bool) -> Example:
    """Responses of three lengths that change places: cat ranks by length, or as the others do."""
    longest_first = {"0": (1, 2, 3), "1": (2, 3, 1), "2": (3, 1, 2)}
    rows = _campaign(lambda i: longest_first[str(i % 3)] if habit else _well(i))
    said = [tuple("word " * (20 * (4 - place)) for place in longest_first[str(i % 3)]) for i in range(60)]
    return Example(rows, tuple(r for i in range(60) for r in texts(*said[i], item=f"p{i:03d}")))


def _of_length(*, habit: bool) -> Example:
    """Sixty items of two responses: all prefer the longer one, or half of them do."""
    rows: list[Row] = []
    for i in range(60):
        longer = i % 2  # which response is longer
        choice = longer if habit or i % 4 < 2 else 1 - longer
        for person in ("ann", "bob"):
            rows += _judged(person, i, (1, 2) if choice == 0 else (2, 1))
    said = [("word " * (40 if i % 2 == 0 else 20), "word " * (40 if i % 2 else 20)) for i in range(60)]
    return Example(tuple(rows), tuple(r for i in range(60) for r in texts(*said[i], item=f"p{i:03d}")))


def _again(*, same: bool) -> Example:
    rows: list[Row] = []
    for i in range(60):
        order = _ORDERS[i % 6]
        turned = tuple(4 - rank for rank in order)
        for person in ("ann", "bob", "cat"):
            second = order if same or person != "cat" else turned
            rows += _judged(person, i, order, judgment_id=f"{person}{i}a", created_at="2026-03-02T10:00:00Z")
            rows += _judged(person, i, second, judgment_id=f"{person}{i}b", created_at="2026-03-03T10:00:00Z")
    return Example(tuple(rows))


def _circles(*, habit: bool) -> Example:
    """Three responses of one prompt, compared in pairs: cat goes round in a circle, or not."""
    rows: list[Row] = []
    items = {}
    for i in range(30):
        for one, two in (("a", "b"), ("b", "c"), ("a", "c")):
            item = f"p{i:02d}/{one}|{two}"
            items[item] = f"What is the number {i}?"
            for person in ("ann", "cat"):
                circle = habit and person == "cat" and (one, two) == ("a", "c")
                first = 1 + (circle != bool(i % 2))
                pair = {"item_id": item, "annotator_id": person}
                rows += [pair | {"response_id": one, "rank": first}, pair | {"response_id": two, "rank": 3 - first}]
    return Example(tuple(rows), items=prompts(**items))


def _copied(*, copy: bool) -> Example:
    """Six annotators with mistakes of their own; dan repeats what cat says, right or wrong, or does not."""
    rows: list[Row] = []
    for i in range(120):
        order = _ORDERS[i % 6]
        turned = tuple(4 - rank for rank in order)
        wrong = {"ann": i % 7 == 0, "bob": i % 7 == 1, "cat": i % 3 == 0, "eve": i % 7 == 2, "fay": i % 7 == 3}
        wrong["dan"] = wrong["cat"] if copy else i % 3 == 1
        for person in sorted(wrong):
            rows += _judged(person, i, turned if wrong[person] else order)
    return Example(tuple(rows))


def _gold(*, failed: bool) -> Example:
    def cat(i: int) -> tuple[int, ...]:
        return tuple(4 - rank for rank in _ORDERS[i % 6]) if failed else _ORDERS[i % 6]

    rows = [{**row, "is_gold": True} for row in _campaign(cat, n=30)]
    known = [
        row | {"gold_rank": _ORDERS[int(str(row["item_id"])[1:]) % 6]["abc".index(str(row["response_id"]))]}
        for row in rows
    ]
    return Example(tuple(known))


def _hours(step_min: int) -> Example:
    rows = []
    for i in range(60):
        at = f"2026-03-02T{i * step_min // 60:02d}:{i * step_min % 60:02d}:00Z"
        day = at if i * step_min < 24 * 60 else "2026-03-03T10:00:00Z"
        rows += [*_judged("ann", i, _ORDERS[i % 6], created_at=day), *_judged("bob", i, _well(i), created_at=day)]
    return Example(tuple(rows))


def _loads(ann: int) -> Example:
    rows: list[Row] = []
    for i in range(60):
        people = ("ann",) * (i < ann) + ("bob",) * (i % 2) + ("cat",) * (1 - i % 2)
        for person in people:
            rows += _judged(person, i, _ORDERS[i % 6])
    return Example(tuple(rows))


PQ3 = (
    Rule(
        "PQ301",
        "too-fast",
        "warning",
        "most judgments took less time than the texts take to read",
        "Adults read about 240 words a minute (Brysbaert 2019); whoever ranks texts at more than `max_wpm`, in more "
        "than half of the judgments, has not read them, and the votes are noise that looks like disagreement. "
        "Without texts, a third of the pool's median time is the limit. Needs duration_s.",
        bad=_paced(2.0),
        good=_paced(40.0),
        options={"max_wpm": 1000},
    ),
    Rule(
        "PQ302",
        "straight-lining",
        "warning",
        "one and the same vector of ranks again and again",
        "Answering every question alike is the plainest form of not looking (satisficing; Krosnick 1991). Ranks are "
        "taken in the order of the screen where it is known. Found where the share is surely above the middle "
        "between what the rest of the pool gives that vector, and always.",
        bad=Example(_campaign(lambda _i: (1, 2, 3))),
        good=Example(_campaign(_well)),
    ),
    Rule(
        "PQ303",
        "untouched-order",
        "warning",
        "the order of the screen is submitted more often than chance allows",
        "A ranking tool shows an order, and whoever presses submit gives it back. Chance is 1 / k! for k responses, or "
        "the rate of the rest of the pool if that is greater. Needs positions and three responses or more.",
        bad=_shown(habit=True),
        good=_shown(habit=False),
    ),
    Rule(
        "PQ304",
        "position-bias",
        "warning",
        "leans towards what was shown earlier (or later), beyond what the others say of it",
        "Position changes choices of people and of models (Wang et al. 2023, Large language models are not fair "
        "evaluators); learned, it is noise at best. A logistic regression of the choice on the others' votes; the "
        "effect is the leaning between two responses that the others call equal. Needs positions.",
        bad=_shown(habit=True),
        good=_shown(habit=False),
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
                for row in _judged(
                    person,
                    i,
                    _ORDERS[(i * 5 + n) % 6] if i % 3 else _ORDERS[i % 6],
                    position=list(_ORDERS[(i * 5 + n) % 6]),
                )
            )
        ),
        good=_shown(habit=False),
        options={"min_effect": 0.02},
    ),
    Rule(
        "PQ306",
        "follows-length",
        "info",
        "leans towards the longer (or shorter) response, compared with the pool",
        "Whoever goes by length has not read to the end. The same regression as for position (PQ304), on which "
        "response is longer, against the pool, since in the pool longer may be better. Needs texts.",
        bad=_lengths(habit=True),
        good=_lengths(habit=False),
    ),
    Rule(
        "PQ307",
        "longer-wins",
        "info",
        "the majority prefers the longer response more often than half the time",
        "Reward models pick up length first (Singhal et al. 2023, A long way to go), and policies then grow longer, "
        "not better. In the PandaLM test set the longer response wins 67.5 % of 887 decided pairs. Longer can be "
        "better: look, and balance lengths, or measure with length held fixed. Tested at .01, from `min_share` on.",
        bad=_of_length(habit=True),
        good=_of_length(habit=False),
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
        bad=_again(same=False),
        good=_again(same=True),
    ),
    Rule(
        "PQ309",
        "intransitive",
        "warning",
        "comparisons in pairs that go round in a circle",
        "a over b, b over c, c over a: of random answers one triple in four is such a circle (Kendall and Babington "
        "Smith 1940). Found where the share is surely above one in eight. Needs prompts, of which several pairs were "
        "compared.",
        bad=_circles(habit=True),
        good=_circles(habit=False),
    ),
    Rule(
        "PQ310",
        "unreliable",
        "warning",
        "the expected share of right votes is below the floor",
        "Votes near one half carry no information, and each of them costs agreement. The share comes from a Mallows "
        "model of all votes (see consensus), which knows that hard items are hard; `floor` is a share of right votes.",
        bad=Example(_campaign(lambda i: tuple(4 - rank for rank in _ORDERS[i % 6]) if i % 5 < 3 else _ORDERS[i % 6])),
        good=Example(_campaign(_well)),
        options={"floor": 0.6},
    ),
    Rule(
        "PQ311",
        "below-chance",
        "warning",
        "votes against the others more often than with them",
        "Worse than guessing takes knowledge: mostly a scale that was read upside down (1 as worst), or an export that "
        "turned it. Turn the ranks round, if the annotator confirms it; else leave them out.",
        bad=Example(_campaign(lambda i: tuple(4 - rank for rank in _ORDERS[i % 6]))),
        good=Example(_campaign(_well)),
    ),
    Rule(
        "PQ312",
        "copies",
        "warning",
        "two annotators agree more than their reliabilities allow",
        "One person with two accounts, or one who copies, counts as two independent votes, and agreement looks "
        "better than it is. Two who judge on their own cannot agree more often than the less reliable of them is "
        "right, on items however easy: found is who surely does so by more than `margin`.",
        bad=_copied(copy=True),
        good=_copied(copy=False),
        options={"margin": 0.03},
    ),
    Rule(
        "PQ313",
        "dominates",
        "info",
        "one annotator made a large share of all judgments",
        "More than `max_share`: the model learns this person's taste; leave-one-annotator-out intervals become wide, "
        "and rightly so.",
        bad=_loads(60),
        good=_loads(20),
        options={"max_share": 0.4},
    ),
    Rule(
        "PQ314",
        "too-few",
        "info",
        "fewer judgments than any test needs",
        "Nothing is said of these annotators by the rules with tests: not flagged does not mean good. Join them with "
        "others, or let them judge more.",
        bad=Example((*_campaign(_well), *_judged("dan", 0, (1, 2, 3)))),
        good=Example(_campaign(_well)),
        options={"min_judgments": 20},
    ),
    Rule(
        "PQ315",
        "long-session",
        "warning",
        "hours of work without a pause of thirty minutes",
        "No person judges for `max_hours` on end: a shared account, a script, or times that were filled in later. "
        "Needs created_at.",
        bad=_hours(15),
        good=_hours(5),
        options={"max_hours": 12},
    ),
    Rule(
        "PQ316",
        "gold-failures",
        "warning",
        "too many items with a known answer were answered otherwise",
        "Gold items are there for this. Counted is whether the response ranked best is the known best one; found "
        "where the share failed is surely above `max_share`. Needs is_gold and gold_rank (as rank).",
        bad=_gold(failed=True),
        good=_gold(failed=False),
        options={"max_share": 0.3},
    ),
)
