"""Rules on skill, held against counts by hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import polars as pl

import prefqa
from prefqa.screening.evidence import Evidence
from prefqa.screening.pool import Pool
from prefqa.screening.skill import intransitive


def test_circles_are_those_of_brute_force() -> None:
    """Pairs of six responses to three prompts, some compared twice, some by nobody, some of three responses."""
    rng = np.random.default_rng(5)
    rows, prompts = [], []
    for number in range(1300):
        item = f"i{number}"
        prompts.append({"item_id": item, "prompt": [None, "One ", "ONE", "two", "three", "", "\t"][number % 7]})
        shown = rng.choice(list("abcdef"), 3 if number % 10 == 7 else 2, replace=False)
        for who in "xy":
            ranks = rng.integers(1, 3, shown.size)
            rows += [
                {"item_id": item, "annotator_id": who, "response_id": response, "rank": rank}
                for response, rank in zip(shown.tolist(), ranks.tolist(), strict=True)
            ]
    prefs = prefqa.Preferences.from_long(pl.DataFrame(rows), items=pl.DataFrame(prompts))
    prompt_of = {one["item_id"]: (one["prompt"] or "").strip().lower() for one in prompts}
    margins: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    judged = pl.DataFrame(rows).sort("response_id").group_by("item_id", "annotator_id", maintain_order=True)
    for (item, who), part in judged:
        if part.height == 2 and prompt_of[str(item)]:
            (one, two), (first, second) = part["response_id"], part["rank"]
            margins[prompt_of[str(item)], str(who)][one, two] += int(np.sign(second - first))
    triples, circles = Counter[str](), Counter[str]()
    for (_, who), margin in margins.items():
        for a, b, c in combinations("abcdef", 3):
            sides = [np.sign(margin[a, b]), np.sign(margin[b, c]), -np.sign(margin[a, c])]
            if 0 not in sides:
                triples[who] += 1
                circles[who] += abs(sum(sides)) == 3
    pool = Pool(prefs, {})
    found = intransitive(pool)
    assert isinstance(found, Evidence)
    assert min(triples.values()) >= 20
    assert found.n.tolist() == [triples[who] for who in pool.coded.annotator_ids]
    np.testing.assert_allclose(found.effect, [circles[who] / triples[who] for who in pool.coded.annotator_ids])
