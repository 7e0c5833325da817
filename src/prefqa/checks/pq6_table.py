"""Family PQ6, drift: whether the rule that annotators follow stayed the same. `prefqa.measured` finds it."""

from __future__ import annotations

from prefqa.checks.rule import Example, Row, Rule, ranking

_PEOPLE = ("ann", "bob", "cat", "dan")
_WEEKS, _ITEMS = 4, 30


def _campaign(changed: tuple[str, ...]) -> Example:
    """Four weeks of items of two responses, four judges each, who mostly agree.

    From the third week on those named prefer what is shown first, unless all others say otherwise.
    """
    rows: list[Row] = []
    for i in range(_WEEKS * _ITEMS):
        week, hour = divmod(i, _ITEMS)
        better = i * 7 % 5 % 2
        for n, person in enumerate(_PEOPLE):
            first = (i + n) % 2  # which response is shown first
            choice = better if (i * 3 + n * 5) % 7 else 1 - better
            if person in changed and week >= _WEEKS // 2 and (i + n) % 5:
                choice = first
            shown = [1, 2] if first == 0 else [2, 1]
            at = f"2026-03-{2 + 7 * week:02d}T{hour % 24:02d}:00:00Z"
            ranks = (1, 2) if choice == 0 else (2, 1)
            rows += ranking(*ranks, item=f"p{i:03d}", annotator=person, position=shown, created_at=at)
    return Example(tuple(rows))


_MAY_BE_MEANT = (
    "A changed rule may be meant, as by new guidelines, and one campaign in twenty alarms without any, so this is a "
    "warning; [gate.drift] makes an alarm fail."
)

PQ6 = (
    Rule(
        "PQ601",
        "changed-rule",
        "warning",
        "the rule that annotators follow changed over the periods",
        "Only evidence that changed answers cannot explain counts here: the order on the screen, items judged again, "
        "gold, annotators against each other, or a shift too large for them. "
        "Judgments before and after then answer different questions; a model trained on both learns a mixture that "
        "nobody asked for, and figures of different weeks cannot be compared. Told apart from a change of prompts, "
        "models or people: see docs/drift.md, whose result this is. Periods are weeks of created_at, or the values "
        f"of guideline_version, unless [drift] says otherwise. {_MAY_BE_MEANT}",
        bad=_campaign(_PEOPLE),
        good=_campaign(()),
        only_selected=True,
    ),
    Rule(
        "PQ602",
        "changed-annotator",
        "warning",
        "single annotators changed the rule that they follow",
        "Somebody grew tired, found a shortcut, or another person took over the account; the pool is as it was. "
        f"Talk to them, and look at their judgments since then. Periods are those of PQ601. {_MAY_BE_MEANT}",
        bad=_campaign(("cat",)),
        good=_campaign(()),
        only_selected=True,
    ),
    Rule(
        "PQ603",
        "moved-figures",
        "info",
        "agreement, ties or what the whole pool's votes follow moved between periods",
        "Harder or easier items, other answers, another mix of items or people, less care, or a changed rule: each "
        "does this, and the figures alone do not tell which, so it is information beside PQ601. Where the pool's votes "
        "came to favour a feature of responses it says how far the feature's correlation with quality would have had "
        "to move. "
        "Gold items, or items judged before and shown again, would tell. Periods are those of PQ601.",
        bad=_campaign(_PEOPLE),
        good=_campaign(()),
        only_selected=True,
    ),
)
