"""The effect of what a response is on winning: right shares on planted votes, and what is said of few votes."""

from __future__ import annotations

from typing import Any

import prefqa

REFUSAL = "I'm sorry, but I can't help with that."


def campaign(n: int, n_won: int, *, tie: int = 0, both: int = 0) -> prefqa.Preferences:
    """Items with a refusal and an answer, judged by two; the refusal wins `n_won` of them, `tie` more are ties."""
    rows: list[dict[str, Any]] = []
    for i in range(n + tie + both):
        ranks = (1, 1) if n <= i < n + tie else (1, 2) if i < n_won else (2, 1)
        texts = (REFUSAL, REFUSAL + "!" if i >= n + tie else f"The answer to it is {i}, as everybody knows.")
        for annotator in ("ann", "bob"):
            for name, rank, text in zip("ab", ranks, texts, strict=True):
                keys = {"item_id": f"p{i:03}", "annotator_id": annotator, "response_id": name}
                rows.append(keys | {"rank": rank, "text": text})
    return prefqa.read(rows)


def test_the_share_of_votes_for_refusals_is_that_of_the_pairs_with_one() -> None:
    found = prefqa.check(campaign(40, 10, tie=5, both=7), select=["PQ225", "PQ226"])
    for code in ("PQ225", "PQ226"):
        effect = found.effects[code]
        assert (effect["share"], effect["n_votes"], effect["n_ties"], effect["n_items"]) == (0.25, 80, 10, 40)
        assert effect["ci_low"] < 0.25 < effect["ci_high"] < 0.5
    messages = dict(found.findings.select("code", "message").rows())
    assert "25% of 80 decided votes" in messages["PQ225"]
    assert "the pool votes against it" in messages["PQ226"]
    assert found.to_dict()["effects"]["PQ225"]["n_votes"] == 80


def test_a_pool_that_rewards_refusals_is_said_to() -> None:
    assert "the pool rewards it" in prefqa.check(campaign(40, 36), select=["PQ225"]).findings["message"].item()
    assert "do not tell" in prefqa.check(campaign(40, 20), select=["PQ225"]).findings["message"].item()


def test_few_votes_have_no_share() -> None:
    found = prefqa.check(campaign(5, 5), select=["PQ225"])
    assert found.effects["PQ225"]["share"] is None
    assert "too few to say" in found.findings["message"].item()
    none = prefqa.check(campaign(0, 0, both=3), select=["PQ225"])
    assert "No decided vote" in none.findings["message"].item()
