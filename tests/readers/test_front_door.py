"""Every layout and vocabulary that people write votes in: read as it was written, or refused with what to paste.

For each written vote, either the reading gives exactly that vote, or reading is refused by an error that holds the
configuration to paste, with which it is read. No vote is turned, invented, or lost without being counted.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import prefqa
from readers import campaigns
from readers.campaigns import (
    FILES,
    FIRST,
    MISSING,
    SECOND,
    SIDES,
    STYLES,
    Sides,
    Vocabulary,
    assert_right_or_refused,
    best_first,
    column_per_annotator,
    long,
    mistakes,
    one_hot,
    outcome,
    pairwise,
    ranking_lists,
    rankings,
    save,
    styled,
    votes_in_rankings,
)
from readers.vocabularies import COUNTED, IMPOSSIBLE, LETTERED, LETTERS, MIRRORED, NUMBERS, PLAIN, WORDS

LETTERED_WORDS = Vocabulary(("A",), ("B",), ("tie",))
ORDERS = ((1, 2, 3), (2, 3, 1), (3, 1, 2), (2, 1, 3), (3, 2, 1), (1, 3, 2))
INVERSIONS = ((1, 2, 3), (2, 1, 3), (3, 2, 1), (1, 3, 2), (1, 2, 3), (2, 1, 3))


# The comparison itself.


def standard(turned: bool = False, lost: bool = False, invented: bool = False) -> prefqa.Preferences:
    """The plain campaign in the standard form, with a vote turned, lost or invented."""
    written = pairwise(LETTERED_WORDS)
    rows = []
    for (prompt, annotator, pair), winner in written.votes.items():
        first = prompt.startswith("What") and annotator == "ann"
        if lost and first:
            continue
        for text in sorted(pair):
            rank = 1 if winner in ("tie", text) else 2
            rank = 3 - rank if turned and first else rank
            rows.append({"item_id": prompt, "annotator_id": annotator, "response_id": text, "rank": rank})
    if invented:
        rows += [{"item_id": "Why?", "annotator_id": "ann", "response_id": text, "rank": 1} for text in "xy"]
    return prefqa.read(rows)


def test_votes_of_the_standard_form_are_those_written() -> None:
    assert mistakes(standard(), pairwise(LETTERED_WORDS)) == []


@pytest.mark.parametrize("damage", ["turned", "lost", "invented"])
def test_a_damaged_vote_is_a_mistake(damage: str) -> None:
    assert len(mistakes(standard(**{damage: True}), pairwise(LETTERED_WORDS))) == 1


def test_configurations_are_found_in_a_message() -> None:
    message = """x.csv: column 'w' holds 0 and 1.
Hint: say which reading is right:

# 0 is the first response
[read.votes]
"0" = "first"
"1" = "second"

# or the other way round
[columns]
winner = "w"

[read]
votes = {"0" = "second", "1" = "first"}  # 1 is the first
That is all."""
    found = [campaigns.arguments(config) for config in campaigns.pastes(message)]
    assert {"votes": {"0": "first", "1": "second"}} in found
    assert {"columns": {"winner": "w"}, "votes": {"0": "second", "1": "first"}} in found


def test_what_is_left_open_is_filled_in() -> None:
    config = {
        "read": {"votes": {"Ja": "…", "0.0": "…", "winner": {" NEIN ": "…"}}},
        "columns": {"item_id": "…", "text": "t"},
    }
    written = campaigns.Written(
        [], meanings={"ja": "first", "Nein": "second", "0": "tie"}, roles={"item_id": "No.", "text": "other"}
    )
    expected = {"Ja": "first", "0.0": "tie", "winner": {" NEIN ": "second"}}
    assert campaigns.filled(config, written) == {
        "read": {"votes": expected}, "columns": {"item_id": "No.", "text": "t"}
    }  # fmt: skip


# 1. Words.

#: Columns that differ from others in the noun alone: with these, one word in three.
ALIKE = ("Response A", "answer_a", "completion_a")
WORDS_BY_SIDES = [
    pytest.param(words, sides, id=f"{words}-{sides}")
    for n, (words, vocabulary) in enumerate(WORDS.items())
    for sides, columns in SIDES.items()
    if sides not in ALIKE or ALIKE.index(sides) == n % 3
    if not vocabulary.contradicts(columns)
    if "_model}" not in str(vocabulary.first) or columns.holds == "models"
    if "_text}" not in str(vocabulary.first) or columns.holds == "texts"
]


@pytest.mark.parametrize(("words", "sides"), WORDS_BY_SIDES)
def test_words(words: str, sides: str) -> None:
    assert_right_or_refused(pairwise(WORDS[words], SIDES[sides]).rows, pairwise(WORDS[words], SIDES[sides]))


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("words", PLAIN)
def test_plain_words_are_read_at_once(words: str, sides: str) -> None:
    if words == "own text" and SIDES[sides].holds == "models":
        pytest.skip("these columns hold no texts")
    written = pairwise(WORDS[words], SIDES[sides])
    assert_right_or_refused(written.rows, written, "read")


@pytest.mark.parametrize("sides", LETTERED)
@pytest.mark.parametrize("words", LETTERS)
def test_letters_of_the_columns_are_read_at_once(words: str, sides: str) -> None:
    written = pairwise(WORDS[words], SIDES[sides])
    assert_right_or_refused(written.rows, written, "read")


@pytest.mark.parametrize("words", ["model_a", "model_a, both_bad", "model_a, bothbad", "own model"])
def test_words_of_the_arena_are_read_at_once(words: str) -> None:
    written = pairwise(WORDS[words], SIDES["model_a-and-texts"])
    assert_right_or_refused(written.rows, written, "read")


def test_both_bad_is_a_tie_that_is_marked() -> None:
    judgments = prefqa.read(pairwise(WORDS["model_a"], SIDES["model_a"]).rows).judgments.collect()
    assert "both_bad" in judgments.columns
    assert judgments.filter("both_bad")["rank"].to_list() == [1, 1]


@pytest.mark.parametrize("sides", ["response_a", "response_1"])
@pytest.mark.parametrize("missing", [None, "", "skip", "N/A"])
def test_a_missing_vote_is_no_tie_and_is_counted(missing: str | None, sides: str) -> None:
    written = pairwise(Vocabulary(("left",), ("right",), ("tie",), (), (missing,)), SIDES[sides])
    assert written.n_missing == 1
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize("sides", ["response_a", "response_0", "response_1"])
@pytest.mark.parametrize("words", ["A", "left", "A is better", "1st", "Option 1", "Response 1"])
@pytest.mark.parametrize(
    "votes", [(FIRST,) * 10, (SECOND,) * 10, (MISSING,) * 9 + (FIRST,)], ids=["first", "second", "few"]
)
def test_campaigns_that_use_one_word_only(words: str, sides: str, votes: tuple[str, ...]) -> None:
    known = WORDS[words]
    if known.contradicts(SIDES[sides]):
        pytest.skip("nobody calls the first response by the name of the second")
    vocabulary = Vocabulary(known.first, known.second, known.tie, (), ("skip",))
    written = pairwise(vocabulary, SIDES[sides], votes=votes)
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize("stranger", ["dunno", "C", "3", "response_c", "A or B", "AB", "better", "A/B", "A, B", "ab"])
def test_a_word_of_no_known_meaning_is_neither_a_vote_nor_lost(stranger: str) -> None:
    written = pairwise(Vocabulary(("A",), ("B",), ("tie",), (), (stranger,)))
    assert_right_or_refused(written.rows, written)


# 2. Numbers.

NUMBERS_BY_SIDES = [
    pytest.param(numbers, sides, form, id=f"{numbers}-{sides}-{form}")
    for numbers in NUMBERS
    for sides in SIDES
    for form in ("number", "text", "float")
    if sides not in IMPOSSIBLE.get(numbers, ())
    if sides in ("response_a", "response_0", "response_1") or (form == "number" and sides in ("model_a", "output_1"))
]


def as_form(vocabulary: Vocabulary, form: str) -> Vocabulary:
    def changed(value: object) -> object:
        return float(str(value)) if form == "float" else str(value)

    if form == "number":
        return vocabulary
    return Vocabulary(*(tuple(map(changed, side)) for side in (vocabulary.first, vocabulary.second, vocabulary.tie)))


@pytest.mark.parametrize(("numbers", "sides", "form"), NUMBERS_BY_SIDES)
def test_numbers(numbers: str, sides: str, form: str) -> None:
    written = pairwise(as_form(NUMBERS[numbers], form), SIDES[sides])
    allowed = ("read",) if sides in COUNTED.get(numbers, ()) else ("pasted", "filled")
    if numbers == "1/2, 0 tie" and SIDES[sides].first.endswith("_1"):
        allowed = ()  # the names allow it; 0, 1, 2 for first, tie, second are written there too
    assert_right_or_refused(written.rows, written, *allowed)


@pytest.mark.parametrize("sides", ["response_a", "model_a"])
@pytest.mark.parametrize("numbers", MIRRORED)
def test_both_readings_of_a_scale_are_ready_to_paste(numbers: str, sides: str) -> None:
    written = pairwise(NUMBERS[numbers], SIDES[sides])
    assert_right_or_refused(written.rows, written, "pasted")


@pytest.mark.parametrize("votes", [(FIRST,) * 10, (SECOND,) * 10], ids=["first", "second"])
@pytest.mark.parametrize("numbers", ["0/1", "1/2", "-1/1", "1/2, 0 tie", "0/2, 1 tie", "-3..3", "1..5"])
@pytest.mark.parametrize("sides", ["response_a", "response_0", "response_1"])
def test_numbers_of_one_side_only(numbers: str, sides: str, votes: tuple[str, ...]) -> None:
    """One number alone shows no coding: 1 may be the first of 1 and 2, or the second of 0 and 1."""
    if (numbers, sides) == ("1..5", "response_1"):
        pytest.skip("1 and 2 beside response_1 and response_2 are read as their numbers")
    written = pairwise(NUMBERS[numbers], SIDES[sides], votes=votes)
    assert_right_or_refused(written.rows, written)


# 3. Layouts.


@pytest.mark.parametrize(
    "columns",
    [
        ("winner_model_a", "winner_model_b", "winner_tie"), ("winner_a", "winner_b", "winner_tie"),
        ("a_wins", "b_wins", "tie"), ("A wins", "B wins", "Tie"), ("is_a_better", "is_b_better", "is_tie"),
        ("winner_model_a", "winner_model_b"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("yes", "no"), [(1, 0), (True, False), ("1", "0")])
@pytest.mark.parametrize("sides", ["model_a-and-texts", "response_a"])
@pytest.mark.parametrize("missing", [False, True], ids=["all", "some"])
def test_one_column_per_outcome(columns: tuple[str, ...], yes: object, no: object, sides: str, missing: bool) -> None:
    written = one_hot(columns, yes, no, SIDES[sides], missing=missing)
    assert_right_or_refused(written.rows, written)


def test_the_columns_of_the_arena_are_read_at_once() -> None:
    written = one_hot(("winner_model_a", "winner_model_b", "winner_tie"))
    assert_right_or_refused(written.rows, written, "read")


@pytest.mark.parametrize(
    "columns",
    [
        ("score_a", "score_b"), ("rating_a", "rating_b"), ("response_a_score", "response_b_score"),
        ("Score A", "Score B"), ("score_1", "score_2"), ("a_rating", "b_rating"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sides", ["response_a", "response_1"])
def test_scores_side_by_side(columns: tuple[str, str], sides: str) -> None:
    written = campaigns.scores_beside(columns, SIDES[sides])
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize("columns", [("rank_a", "rank_b"), ("Rank A", "Rank B")])
def test_ranks_side_by_side_are_not_taken_for_scores(columns: tuple[str, str]) -> None:
    written = campaigns.scores_beside(columns, higher=False)
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize("kind", ["rows", "jsonl", "parquet"])
@pytest.mark.parametrize("form", ["texts", "messages", "prompt inside", "prompt beside and inside"])
def test_chosen_and_rejected(form: str, kind: str, tmp_path: Path) -> None:
    written = campaigns.chosen_rejected(form)
    source = written.rows if kind == "rows" else save(written.rows, tmp_path / f"votes.{kind}")
    assert_right_or_refused(source, written, "read")


@pytest.mark.parametrize("kind", ["rows", "jsonl", "csv"])
@pytest.mark.parametrize("chosen_is_list", [False, True])
def test_best_of_n(chosen_is_list: bool, kind: str, tmp_path: Path) -> None:
    written = campaigns.best_of_n(chosen_is_list=chosen_is_list)
    source = written.rows if kind == "rows" else save(written.rows, tmp_path / f"votes.{kind}")
    assert_right_or_refused(source, written)


LISTS = {
    "ranks": lambda one: {"responses": list(one.item.texts), "ranks": list(one.ranks)},
    "rank": lambda one: {"responses": list(one.item.texts), "rank": list(one.ranks)},
    "ranks of ids": lambda one: {"response_ids": list(one.item.texts), "ranks": list(one.ranks)},
    "completions": lambda one: {"completions": list(one.item.texts), "ranks": list(one.ranks)},
    "ranks as text": lambda one: {"responses": list(one.item.texts), "ranks": [str(rank) for rank in one.ranks]},
    "ranks from 0": lambda one: {"responses": list(one.item.texts), "ranks": [rank - 1 for rank in one.ranks]},
    "scores": lambda one: {"responses": list(one.item.texts), "scores": [4 - rank for rank in one.ranks]},
    "ratings": lambda one: {"completions": list(one.item.texts), "ratings": [4.0 - rank for rank in one.ranks]},
}
ORDERED = {
    "ranking of texts": lambda one: {"ranking": best_first(one, one.item.texts)},
    "ranking of texts beside responses": lambda one: {
        "responses": list(one.item.texts), "ranking": best_first(one, one.item.texts)},
    "ranking as ranks": lambda one: {"responses": list(one.item.texts), "ranking": list(one.ranks)},
    "ranking as places": lambda one: {"responses": list(one.item.texts), "ranking": best_first(one, (1, 2, 3))},
    "ranking as places from 0": lambda one: {"responses": list(one.item.texts), "ranking": best_first(one, (0, 1, 2))},
    "order of texts": lambda one: {"responses": list(one.item.texts), "order": best_first(one, one.item.texts)},
    "order as places": lambda one: {"responses": list(one.item.texts), "order": best_first(one, (1, 2, 3))},
    "order as places from 0": lambda one: {"responses": list(one.item.texts), "order": best_first(one, (0, 1, 2))},
    "ranking of letters": lambda one: {"responses": list(one.item.texts), "ranking": best_first(one, "ABC")},
}  # fmt: skip


@pytest.mark.parametrize("as_json", [False, True], ids=["lists", "json"])
@pytest.mark.parametrize("form", LISTS)
def test_ranking_lists(form: str, as_json: bool) -> None:
    written = ranking_lists(LISTS[form], as_json=as_json)
    allowed = ("read",) if form in ("ranks", "rank", "ranks of ids") else ()
    assert_right_or_refused(written.rows, written, *allowed)


@pytest.mark.parametrize("as_json", [False, True], ids=["lists", "json"])
@pytest.mark.parametrize("form", ORDERED)
def test_orders_of_responses(form: str, as_json: bool) -> None:
    written = ranking_lists(ORDERED[form], rankings(*ORDERS), as_json=as_json)
    asked = form in ("ranking as ranks", "ranking as places")
    assert_right_or_refused(written.rows, written, *(("pasted",) if asked else ()))


UNKNOWN = {
    "ranking as text": lambda one: {
        **dict(zip(("response_a", "response_b", "response_c"), one.item.texts, strict=True)),
        "ranking": ">".join(best_first(one, "ABC"))},
    "responses, best first": lambda one: {"ranked_responses": best_first(one, one.item.texts)},
    "responses without ranks": lambda one: {"responses": list(one.item.texts)},
}  # fmt: skip


@pytest.mark.parametrize("form", UNKNOWN)
def test_layouts_that_no_configuration_reads_are_refused_or_read_right(form: str) -> None:
    """Of responses in a list of no other name no order is known."""
    written = ranking_lists(UNKNOWN[form], rankings(*ORDERS))
    if form == "responses without ranks":
        written = replace(written, votes={})
    ended = outcome(written.rows, written)
    assert not ended.wrong or ended.how == "refused", str(ended)


@pytest.mark.parametrize("form", ["ranking as ranks", "ranking as places"])
def test_a_ranking_of_numbers_is_read_at_once_where_both_readings_agree(form: str) -> None:
    written = ranking_lists(ORDERED[form], rankings(*INVERSIONS))
    assert_right_or_refused(written.rows, written, "read")


@pytest.mark.parametrize("ranks", [((1, 2, None), (None, 2, 1), (2, None, 1), (1, 1, None)) * 2], ids=["partial"])
def test_responses_that_are_not_ranked_have_no_vote(ranks: tuple[tuple[int | None, ...], ...]) -> None:
    ranked = rankings(*ranks)
    written = ranking_lists(LISTS["rank"], ranked)
    assert written.votes == votes_in_rankings(ranked)
    assert_right_or_refused(written.rows, written, "read")


LONG = {
    "standard": {"prompt": "item_id", "response": "response_id", "annotator": "annotator_id"},
    "ordinary": {"prompt": "prompt", "model": "model", "response": "response", "annotator": "annotator"},
    "no models": {"prompt": "prompt", "response": "response", "annotator": "annotator"},
    "no texts": {"prompt": "prompt", "model": "model", "annotator": "rater"},
    "workers": {"prompt": "question", "model": "model_name", "response": "answer", "annotator": "worker_id"},
    "capitals": {"prompt": "Prompt", "model": "Model", "response": "Response", "annotator": "Annotator"},
}
VALUES = {
    "rank": lambda one, place: one.ranks[place],
    "Rank": lambda one, place: float(one.ranks[place]),
    "score": lambda one, place: 4 - one.ranks[place],
    "rating": lambda one, place: (4 - one.ranks[place]) / 2,
    "Rating": lambda one, place: str(4 - one.ranks[place]),
    "stars": lambda one, place: 4 - one.ranks[place],
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("names", LONG)
def test_long_rankings_and_ratings(names: str, value: str) -> None:
    written = long(VALUES[value], {**LONG[names], "value": value}, rankings())
    allowed = ("read",) if names == "standard" and value in ("rank", "score", "rating") else ()
    assert_right_or_refused(written.rows, written, *allowed)


@pytest.mark.parametrize("names", LONG)
def test_long_ranks_from_0(names: str) -> None:
    written = long(lambda one, place: one.ranks[place] - 1, {**LONG[names], "value": "rank"}, rankings())
    assert_right_or_refused(written.rows, written)


PEOPLE = {
    "names": {"ann": "ann", "bo": "bo"},
    "Names": {"ann": "Ann", "bo": "Bo"},
    "numbered": {"ann": "annotator_1", "bo": "annotator_2"},
    "short": {"ann": "ann1", "bo": "ann2"},
    "Rater 1": {"ann": "Rater 1", "bo": "Rater 2"},
    "votes of": {"ann": "vote_ann", "bo": "vote_bo"},
}


@pytest.mark.parametrize("words", ["A", "Left", "A is better", "empty", "own text", "1..5", "0/1", "1/2, 0 tie"])
@pytest.mark.parametrize("people", PEOPLE)
def test_a_column_per_annotator(people: str, words: str) -> None:
    written = column_per_annotator({**WORDS, **NUMBERS}[words], PEOPLE[people])
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize(
    "names",
    [
        {"item": "item_id", "annotator": "annotator_id", "label": "label"},
        {"item": "text", "annotator": "annotator", "label": "label"},
        {"item": "prompt", "annotator": "rater", "label": "category"},
    ],
    ids=["standard", "text", "category"],
)
def test_labels(names: dict[str, str]) -> None:
    written = campaigns.labels_long(names)
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize(
    "names",
    [
        {"prompt": "prompt", "response": "response", "annotator": "annotator_id", "rating": "score"},
        {"prompt": "prompt", "response": "response", "annotator": "annotator", "rating": "rating"},
        {"prompt": "question", "response": "answer", "annotator": "rater", "rating": "Score"},
    ],
    ids=["score", "rating", "Score"],
)
def test_one_rated_response_per_item(names: dict[str, str]) -> None:
    written = campaigns.one_rated(names)
    assert_right_or_refused(written.rows, written)


# 4. Names.

ALIASES = {
    "annotator": (
        "annotator", "annotator_id", "worker", "worker_id", "WorkerId", "rater", "rater_id", "judge", "judge_hash",
        "user", "user_id", "labeler", "labeller", "labeler_id", "evaluator", "evaluator_id", "participant",
        "participant_id", "completed_by",
    ),
    "prompt": ("prompt", "instruction", "question", "query", "input"),
    "vote": (
        "winner", "vote", "preference", "choice", "preferred", "better", "verdict", "label", "preferred_response",
        "better_response", "annotation", "judgment", "judgement", "decision", "selected", "answer",
    ),
}  # fmt: skip
NAMES = [
    pytest.param(role, alias, style, id=f"{role}-{alias}-{style}")
    for role, aliases in ALIASES.items()
    for n, alias in enumerate(aliases)
    for style in ("snake", *STYLES[1 + n % 4 :: 4])
    if style == "snake" or styled(alias, style) != alias
]


@pytest.mark.parametrize(("role", "alias", "style"), NAMES)
def test_names_of_columns(role: str, alias: str, style: str) -> None:
    written = pairwise(LETTERED_WORDS, names={role: styled(alias, style)})
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize("style", ["snake", "Title", "camel"])
@pytest.mark.parametrize(
    "stem",
    ["response", "answer", "completion", "output", "text", "candidate", "reply", "summary", "generation", "assistant"],
)
@pytest.mark.parametrize("ends", ["a b", "1 2", "left right"])
def test_names_of_the_two_responses(stem: str, ends: str, style: str) -> None:
    first, second = (styled(f"{stem}_{end}", style) for end in ends.split())
    written = pairwise(Vocabulary(("left",), ("right",), ("tie",)), Sides(first, second))
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize("style", ["snake", "Title", "UPPER"])
@pytest.mark.parametrize("alias", ["item_id", "prompt_id", "question_id", "task_id", "example_id", "item", "id"])
def test_names_of_the_item(alias: str, style: str) -> None:
    """Without prompts the item is named by its id."""
    written = pairwise(LETTERED_WORDS, names={"prompt": styled(alias, style)})
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize("style", ["snake", "Title", "camel"])
@pytest.mark.parametrize(
    ("role", "alias"),
    [
        *(("response", alias) for alias in ("response", "response_text", "answer", "completion", "output", "text")),
        *(("model", alias) for alias in ("model", "model_name", "system", "generator")),
        *(("value", alias) for alias in ("rating", "score", "stars", "grade", "overall_rating")),
    ],
)
def test_names_in_long_ratings(role: str, alias: str, style: str) -> None:
    names = {
        "prompt": "prompt",
        "model": "model",
        "response": "response",
        "annotator": "annotator_id",
        "value": "rating",
    }
    written = long(VALUES["score"], {**names, role: styled(alias, style)}, rankings())
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize(
    "more",
    [
        {"user": "app-7"}, {"judge": "panel"}, {"label": "easy"}, {"score": 3}, {"choice": 1}, {"rank": 1}, {"id": 5},
        {"text": "see above"}, {"status": "done"}, {"model": "gpt"}, {"output": "x"}, {"input": ""}, {"worker": None},
    ],
    ids=lambda more: next(iter(more)),
)  # fmt: skip
def test_a_column_that_could_have_the_role_too_turns_no_vote(more: dict[str, object]) -> None:
    """`annotator_id` and `winner` are there under their own names; a further column changes nothing."""
    written = pairwise(LETTERED_WORDS)
    for row in written.rows:
        row.update(more)
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize("words", ["left", "A", "own column"])
def test_columns_that_a_public_set_has_too_are_not_taken_for_it(words: str) -> None:
    """LLMBar has `output_1`, `output_2` and `label`, and no annotators."""
    written = pairwise(WORDS[words], SIDES["output_1"], {"vote": "label"})
    assert_right_or_refused(written.rows, written)


@pytest.mark.parametrize(("one", "other"), [("vote", "preference"), ("choice", "label")])
def test_two_columns_of_votes_that_disagree_are_refused(one: str, other: str) -> None:
    """Neither the order of the columns nor that of the aliases decides."""
    for names in ((one, other), (other, one)):
        written = pairwise(LETTERED_WORDS, names={"vote": names[0]})
        turned = {"A": "B", "B": "A", "tie": "A"}
        for row in written.rows:
            row[names[1]] = turned[row[names[0]]]
        assert_right_or_refused(written.rows, written)


def test_the_standard_name_of_the_vote_wins_over_an_alias() -> None:
    written = pairwise(LETTERED_WORDS, names={"vote": "winner"})
    for row in written.rows:
        row["vote"] = {"A": "B", "B": "A", "tie": "A"}[row["winner"]]
    assert_right_or_refused(written.rows, written, "read")
    roles = dict(prefqa.read(written.rows).reading.columns.select("column", "role").rows())
    assert (roles["winner"], roles["vote"]) == ("winner", None)


# 5. Files.

WRITTEN = {
    "pairwise": lambda: pairwise(WORDS["model_a"], SIDES["model_a-and-texts"]),
    "pairwise, title": lambda: pairwise(
        WORDS["A"], SIDES["Response A"], {"prompt": "Prompt", "annotator": "Annotator", "vote": "Winner"}
    ),
    "pairwise, empty": lambda: pairwise(WORDS["empty"]),
    "pairwise, null": lambda: pairwise(WORDS["null"]),
    "0/1": lambda: pairwise(NUMBERS["0/1"]),
    "0/1, counted": lambda: pairwise(NUMBERS["0/1"], SIDES["response_0"]),
    "1/2, counted": lambda: pairwise(NUMBERS["1/2, 0 tie"], SIDES["response_1"]),
    "-1/1": lambda: pairwise(NUMBERS["-1/1, 0 tie"]),
    "true": lambda: pairwise(WORDS["true"]),
    "one-hot": lambda: one_hot(("winner_model_a", "winner_model_b", "winner_tie")),
    "one-hot, true": lambda: one_hot(("winner_model_a", "winner_model_b", "winner_tie"), True, False),
    "scores": lambda: campaigns.scores_beside(("score_a", "score_b")),
    "chosen": lambda: campaigns.chosen_rejected("texts"),
    "chosen, messages": lambda: campaigns.chosen_rejected("prompt inside"),
    "ranks": lambda: ranking_lists(LISTS["ranks"]),
    "best first": lambda: ranking_lists(ORDERED["ranking of texts"], rankings(*ORDERS)),
    "ranking of numbers": lambda: ranking_lists(ORDERED["ranking as places"], rankings(*ORDERS)),
    "long rankings": lambda: long(VALUES["rank"], {**LONG["standard"], "value": "rank"}, rankings()),
    "long ratings": lambda: long(VALUES["rating"], {**LONG["ordinary"], "value": "rating"}, rankings()),
    "column per annotator": lambda: column_per_annotator(WORDS["empty"], PEOPLE["Names"]),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("layout", WRITTEN)
def test_files(layout: str, kind: str, tmp_path: Path) -> None:
    written = WRITTEN[layout]()
    assert_right_or_refused(save(written.rows, tmp_path / f"votes.{kind}"), written)


# 6. All at once.


@st.composite
def campaign(draw: st.DrawFn) -> tuple[campaigns.Written, str]:
    """A pairwise campaign of any votes, in any words, columns, names and order of rows, and the kind of its file."""
    place = draw(st.sampled_from(sorted(SIDES)))
    sides = SIDES[place]
    # Beside numbered columns, some of the numbers of a scale may look like the numbers of the columns.
    words = {**WORDS, **(NUMBERS if place in LETTERED else {})}
    known = words[draw(st.sampled_from(sorted(words)))]
    if known.contradicts(sides) or "_model}" in str(known.first) or "_text}" in str(known.first):
        known = WORDS["own column"]
    names = {
        role: styled(draw(st.sampled_from(alias)), draw(st.sampled_from(STYLES))) for role, alias in ALIASES.items()
    }
    votes = draw(st.lists(st.sampled_from(known.meanings), min_size=10, max_size=10))
    written = pairwise(known, sides, names, votes)
    rows = draw(st.permutations(written.rows))
    columns = draw(st.permutations(list(rows[0])))
    rows = [{name: row[name] for name in columns} for row in rows]
    return replace(written, rows=rows), draw(st.sampled_from(FILES))


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(written=campaign())
def test_any_campaign(tmp_path_factory: pytest.TempPathFactory, written: tuple[campaigns.Written, str]) -> None:
    true, kind = written
    assert_right_or_refused(save(true.rows, tmp_path_factory.mktemp("door") / f"votes.{kind}"), true)
