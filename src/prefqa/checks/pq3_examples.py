"""Small campaigns with a habit of one annotator, cat, and without: the examples of family PQ3."""

from __future__ import annotations

from typing import Any

from prefqa.checks.rule import Example, Row, prompts, ranking, texts

#: Ranks that are no habit: a fixed walk through the orders of three.
ORDERS = ((1, 2, 3), (2, 1, 3), (1, 3, 2), (3, 1, 2), (2, 3, 1), (3, 2, 1))
LENGTHS = ("word " * 40, "word " * 30, "word " * 50)


def judged(person: str, i: int, ranks: tuple[int, ...], **columns: Any) -> tuple[Row, ...]:
    """A judgment of item number i."""
    return ranking(*ranks, item=f"p{i:03d}", annotator=person, **columns)


def campaign(ranks_of_cat: Any, *, n: int = 60, **columns: Any) -> tuple[Row, ...]:
    """Items judged by ann and bob, who agree, and by cat, whose ranks are a function of the item's number."""
    rows: list[Row] = []
    for i in range(n):
        order = ORDERS[i % 6]
        rows += judged("ann", i, order, **columns)
        rows += judged("bob", i, order if i % 10 else ORDERS[(i + 1) % 6], **columns)
        rows += judged("cat", i, ranks_of_cat(i), **columns)
    return tuple(rows)


def well(i: int) -> tuple[int, ...]:
    """Ranks as the others give them, six times out of seven."""
    return ORDERS[i % 6] if i % 7 else ORDERS[(i + 2) % 6]


def shown(*, habit: bool) -> Example:
    """Responses on changing places: cat ranks as they stand on the screen, or as the others do."""
    rows: list[Row] = []
    for i in range(60):
        places = ORDERS[(i * 5 + i // 6) % 6]
        cat = places if habit else well(i)
        for person, ranks in (("ann", ORDERS[i % 6]), ("bob", well(i + 6)), ("cat", cat)):
            seen = places if person == "cat" else ORDERS[(i + len(person) + ord(person[0])) % 6]
            rows += judged(person, i, ranks, position=list(seen))
    return Example(tuple(rows))


def paced(seconds: float) -> Example:
    """A judgment takes cat so many seconds, and the others sixty."""
    rows = campaign(well, duration_s=60.0)
    timed = tuple({**row, "duration_s": seconds} if row["annotator_id"] == "cat" else row for row in rows)
    return Example(timed, tuple(r for i in range(60) for r in texts(*LENGTHS, item=f"p{i:03d}")))


def lengths(*, habit: bool) -> Example:
    """Responses of three lengths that change places: cat ranks by length, or as the others do."""
    longest_first = {"0": (1, 2, 3), "1": (2, 3, 1), "2": (3, 1, 2)}
    rows = campaign(lambda i: longest_first[str(i % 3)] if habit else well(i))
    said = [tuple("word " * (20 * (4 - place)) for place in longest_first[str(i % 3)]) for i in range(60)]
    return Example(rows, tuple(r for i in range(60) for r in texts(*said[i], item=f"p{i:03d}")))


def of_length(*, habit: bool) -> Example:
    """Sixty items of two responses: all prefer the longer one, or half of them do."""
    rows: list[Row] = []
    for i in range(60):
        longer = i % 2  # which response is longer
        choice = longer if habit or i % 4 < 2 else 1 - longer
        for person in ("ann", "bob"):
            rows += judged(person, i, (1, 2) if choice == 0 else (2, 1))
    said = [("word " * (40 if i % 2 == 0 else 20), "word " * (40 if i % 2 else 20)) for i in range(60)]
    return Example(tuple(rows), tuple(r for i in range(60) for r in texts(*said[i], item=f"p{i:03d}")))


def again(*, same: bool) -> Example:
    """Everybody judges every item twice; cat the same way, or the other way round."""
    rows: list[Row] = []
    for i in range(60):
        order = ORDERS[i % 6]
        turned = tuple(4 - rank for rank in order)
        for person in ("ann", "bob", "cat"):
            second = order if same or person != "cat" else turned
            rows += judged(person, i, order, judgment_id=f"{person}{i}a", created_at="2026-03-02T10:00:00Z")
            rows += judged(person, i, second, judgment_id=f"{person}{i}b", created_at="2026-03-03T10:00:00Z")
    return Example(tuple(rows))


def circles(*, habit: bool) -> Example:
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


def copied(*, copy: bool) -> Example:
    """Six annotators with mistakes of their own; dan repeats what cat says, right or wrong, or does not."""
    rows: list[Row] = []
    for i in range(120):
        order = ORDERS[i % 6]
        turned = tuple(4 - rank for rank in order)
        wrong = {"ann": i % 7 == 0, "bob": i % 7 == 1, "cat": i % 3 == 0, "eve": i % 7 == 2, "fay": i % 7 == 3}
        wrong["dan"] = wrong["cat"] if copy else i % 3 == 1
        for person in sorted(wrong):
            rows += judged(person, i, turned if wrong[person] else order)
    return Example(tuple(rows))


def gold(*, failed: bool) -> Example:
    """Items with a known answer, which cat gives or turns round."""

    def cat(i: int) -> tuple[int, ...]:
        return tuple(4 - rank for rank in ORDERS[i % 6]) if failed else ORDERS[i % 6]

    rows = [{**row, "is_gold": True} for row in campaign(cat, n=30)]
    known = [
        row | {"gold_rank": ORDERS[int(str(row["item_id"])[1:]) % 6]["abc".index(str(row["response_id"]))]}
        for row in rows
    ]
    return Example(tuple(known))


def hours(step_min: int) -> Example:
    """Two people work through sixty items without a pause, one every so many minutes."""
    rows = []
    for i in range(60):
        at = f"2026-03-02T{i * step_min // 60:02d}:{i * step_min % 60:02d}:00Z"
        day = at if i * step_min < 24 * 60 else "2026-03-03T10:00:00Z"
        rows += [*judged("ann", i, ORDERS[i % 6], created_at=day), *judged("bob", i, well(i), created_at=day)]
    return Example(tuple(rows))


def loads(ann: int) -> Example:
    """Sixty items, of which ann judges so many and two others half each."""
    rows: list[Row] = []
    for i in range(60):
        people = ("ann",) * (i < ann) + ("bob",) * (i % 2) + ("cat",) * (1 - i % 2)
        for person in people:
            rows += judged(person, i, ORDERS[i % 6])
    return Example(tuple(rows))
