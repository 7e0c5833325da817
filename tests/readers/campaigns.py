"""Campaigns with known votes, written as people write them, and the votes that a reading makes of them."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

import prefqa
from prefqa.errors import PrefqaError

FIRST, SECOND, TIE, BOTH_BAD, MISSING = "first", "second", "tie", "both_bad", "missing"
#: (prompt, annotator, the two responses) -> the better response, or "tie".
Votes = dict[tuple[str, str, frozenset[str]], str]
Row = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """A prompt and its responses, each with the model that wrote it."""

    prompt: str
    texts: tuple[str, ...]
    models: tuple[str, ...]


#: Texts with what separates cells and lines, short texts, and texts with a number in them.
ITEMS = (
    Item("What is the capital of France?", ("It is Paris, on the Seine.", "Lyon"), ("gpt", "llama")),
    Item('Say "hello"; then stop.', ("Well; I would rather not.", '"Hello."'), ("llama", "gpt")),
    Item("Name a prime\nabove 10.", ("11 is one:\nit has no divisors.", "12, since it is even."), ("gpt", "llama")),
    Item("Wie heißt du?", ("Ich heiße Ada.", "Man nennt mich Ada."), ("llama", "gpt")),
    Item("Is water wet?", ("No", "Yes"), ("gpt", "llama")),
)
THIRD = ("Nobody knows, I think.", "Hello? Hello? Hello?", "A dozen", "Wer fragt?", "Maybe")
ANNOTATORS = ("ann", "bo")


@dataclass(frozen=True)
class Round:
    """One annotator's vote on the two responses of an item."""

    item: Item
    annotator: str
    vote: str

    @property
    def winner(self) -> str | None:
        """Text of the better response, "tie", or None where there is no vote."""
        sides = {FIRST: self.item.texts[0], SECOND: self.item.texts[1], TIE: "tie", BOTH_BAD: "tie"}
        return sides.get(self.vote)


@dataclass(frozen=True)
class Ranking:
    """One annotator's ranks of the three responses of an item, None where a response is not ranked."""

    item: Item
    annotator: str
    ranks: tuple[int | None, ...]


@dataclass(frozen=True)
class Written:
    """Rows as they are written, and what is true of them.

    `votes`, `labels` and `scores` are true; `n_missing` rounds were written without a vote; `meanings` says what each
    written value means, `roles` which column is which, for errors that leave a gap for its name; a pair of
    `ties_allowed` may also be read as a tie (the losers of a best-of-n choice).
    """

    rows: list[Row]
    votes: Votes = field(default_factory=dict)
    n_missing: int = 0
    meanings: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, Any] = field(default_factory=dict)
    ties_allowed: frozenset[tuple[str, str, frozenset[str]]] = frozenset()
    labels: Mapping[tuple[str, str], str] | None = None
    scores: Mapping[tuple[str, str, str], float] | None = None


def rounds(meanings: Iterable[str] = (FIRST, SECOND, TIE), votes: Sequence[str] | None = None) -> list[Round]:
    """Five items judged by two annotators, who differ once; votes that the vocabulary lacks are replaced by others."""
    can = set(meanings)
    plan = votes or (FIRST, FIRST, SECOND, SECOND, FIRST, SECOND, TIE, TIE, BOTH_BAD, MISSING)
    instead = {TIE: SECOND, BOTH_BAD: TIE if TIE in can else FIRST, MISSING: FIRST}
    each = [vote if vote in can else instead[vote] for vote in plan]
    judged = itertools.product(ITEMS, ANNOTATORS)
    return [Round(item, annotator, vote) for (item, annotator), vote in zip(judged, each, strict=True)]


def rankings(*ranks: tuple[int | None, ...]) -> list[Ranking]:
    """Three responses to each item ranked by two annotators, by default with ties and orders that are no inversions."""
    each = ranks or ((1, 2, 3), (2, 3, 1), (3, 1, 2), (2, 1, 3), (1, 1, 2), (2, 1, 1), (3, 2, 1), (1, 3, 2))
    items = [replace(item, texts=(*item.texts, more), models=(*item.models, "qwen"))
             for item, more in zip(ITEMS, THIRD, strict=True)]  # fmt: skip
    judged = itertools.product(items, ANNOTATORS)
    return [Ranking(item, annotator, one) for (item, annotator), one in zip(judged, itertools.cycle(each))][: len(each)]


def key(item: Item, annotator: str, *responses: str) -> tuple[str, str, frozenset[str]]:
    """The key of a vote."""
    return item.prompt, annotator, frozenset(responses)


def votes_in(judged: Iterable[Round], *, by: str = "texts") -> Votes:
    """The votes of rounds; responses are named by their `texts` or `models`."""
    votes: Votes = {}
    for one in judged:
        if one.vote != MISSING:
            names = getattr(one.item, by)
            sides = {FIRST: names[0], SECOND: names[1]}
            votes[key(one.item, one.annotator, *names)] = sides.get(one.vote, "tie")
    return votes


def votes_in_rankings(ranked: Iterable[Ranking], *, by: str = "texts") -> Votes:
    """The votes of rankings on each pair of responses that are both ranked."""
    votes: Votes = {}
    for one in ranked:
        pairs = itertools.combinations(zip(getattr(one.item, by), one.ranks, strict=True), 2)
        for (left, left_rank), (right, right_rank) in pairs:
            if left_rank is not None and right_rank is not None:
                winner = left if left_rank < right_rank else right if right_rank < left_rank else "tie"
                votes[key(one.item, one.annotator, left, right)] = winner
    return votes


# What a reading holds.


def plain(value: Any) -> str:
    """A text; of chat messages the content of the last one, of parts the texts."""
    if isinstance(value, str) and value.startswith('[{"'):
        value = json.loads(value)
    if isinstance(value, list) and value and isinstance(value[-1], dict):
        value = value[-1].get("content")
    if isinstance(value, list):
        value = "\n".join(part["text"] for part in value if "text" in part)
    return str(value).strip()


def rows_of(prefs: prefqa.Preferences) -> list[Row]:
    """Judgment rows with `item` and `response`: the prompt and the text, or where there is none, the ids."""
    rows: list[Row] = prefs.judgments.collect().to_dicts()
    prompts: dict[str, Any] = {}
    texts: dict[tuple[str, str], Any] = {}
    if prefs.responses is not None:
        for one in prefs.with_texts().responses.to_dicts():  # type: ignore[union-attr]
            text = one.get("text")
            texts[one["item_id"], one["response_id"]] = text
            if isinstance(text, list) and len(text) > 1 and isinstance(text[-1], dict):
                prompts[one["item_id"]] = text[:-1]
    if prefs.items is not None and "prompt" in prefs.items.columns:
        prompts |= {one["item_id"]: one["prompt"] for one in prefs.items.to_dicts() if one["prompt"] is not None}
    for row in rows:
        text = texts.get((row["item_id"], row["response_id"]))
        row["item"] = plain(prompts.get(row["item_id"], row["item_id"]))
        row["response"] = plain(row["response_id"] if text is None else text)
    return rows


def votes_of(prefs: prefqa.Preferences) -> Votes:
    """The votes that a reading holds, by prompt, annotator and the texts of the two responses.

    Raises:
        AssertionError: one annotator votes twice on a pair.
    """
    judgments: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows_of(prefs):
        judgment = row["item_id"], row["annotator_id"], row.get("judgment_id"), row["item"]
        judgments.setdefault(judgment, []).append(row)
    votes: Votes = {}
    for (_, annotator, _, item), rows in judgments.items():
        ranked = [row for row in rows if row["rank"] is not None]
        for left, right in itertools.combinations(ranked, 2):
            pair = item, annotator, frozenset({left["response"], right["response"]})
            assert pair not in votes, f"two votes on {pair}"
            better = left if left["rank"] < right["rank"] else right
            votes[pair] = "tie" if left["rank"] == right["rank"] else better["response"]
    return votes


def labels_of(prefs: prefqa.Preferences) -> dict[tuple[str, str], str]:
    """The labels that a reading holds, by item and annotator."""
    return {(row["item"], row["annotator_id"]): row["label"] for row in rows_of(prefs) if row.get("label") is not None}


def scores_of(prefs: prefqa.Preferences) -> dict[tuple[str, str, str], float]:
    """The scores that a reading holds, by item, annotator and response."""
    return {
        (row["item"], row["annotator_id"], row["response"]): row["score"]
        for row in rows_of(prefs)
        if row.get("score") is not None
    }


def n_counted(prefs: prefqa.Preferences) -> int:
    """How many votes the reading reports as not taken: null ranks with their value beside them, or counts."""
    null_ranks = {
        (row["_row"], row["item_id"], row["annotator_id"])
        for row in rows_of(prefs)
        if row["rank"] is None and row.get("_rank_raw") is not None
    }
    reading = getattr(prefs, "reading", None)
    values = getattr(reading, "values", None)
    no_vote = 0
    if values is not None:
        unread = pl.col("meaning").is_null() | (pl.col("meaning") == MISSING)
        no_vote = int(values.filter(unread)["count"].sum())
    noted = sum(note.count for note in prefs.source.notes)
    return max(len(null_ranks), no_vote + noted)


def mistakes(prefs: prefqa.Preferences, written: Written) -> list[str]:
    """What a reading has wrong: votes turned, invented, lost without being counted, or more of them lost than read."""
    if written.labels is not None:
        return _differences(written.labels, labels_of(prefs), "label")
    if written.scores is not None:
        return _differences(written.scores, scores_of(prefs), "score")
    try:
        votes = votes_of(prefs)
    except AssertionError as error:
        return [str(error)]
    wrong = []
    for pair, winner in votes.items():
        if pair in written.ties_allowed and winner == "tie":
            continue
        if written.votes.get(pair) != winner:
            wrong.append(f"{pair}: {winner!r}, where {written.votes.get(pair)!r} was written")
    lost = [pair for pair in written.votes if pair not in votes]
    n_without = len(lost) + written.n_missing
    if n_without and (n := n_counted(prefs)) < n_without:
        wrong.append(f"{len(lost)} votes lost and {written.n_missing} missing, of which {n} are counted: {lost[:3]}")
    if 2 * len(lost) > len(written.votes):
        wrong.append(f"{len(lost)} of {len(written.votes)} votes are lost, so the reading is to be refused: {lost[:3]}")
    return wrong


def _differences(true: Mapping[Any, Any], read: Mapping[Any, Any], what: str) -> list[str]:
    places = [*true, *(place for place in read if place not in true)]
    return [f"{what} of {at}: {read.get(at)!r}, not {true.get(at)!r}" for at in places if true.get(at) != read.get(at)]


# Configuration that an error tells to paste.


def pastes(message: str) -> list[dict[str, Any]]:
    """Return the configurations in a message: from each line with [read...] or [columns], the TOML up to a blank line.

    What follows the blank line may belong to it or be another way to read; both are returned, the longest first.
    """
    lines = [re.sub(r"^\s*(?:Hint:\s*)?", "", line) for line in message.splitlines()]
    found: list[dict[str, Any]] = []
    for first, line in enumerate(lines):
        if not re.match(r"\[(read\b.*|columns)\]\s*(#.*)?$", line):
            continue
        ends = [end for end in range(len(lines), first + 1, -1) if _parsed(lines[first:end]) is not None]
        blocks = [end for end in ends if end == max(ends) or not lines[end].strip()]
        found += [config for end in blocks if (config := _parsed(lines[first:end])) not in (None, *found)]
    return found


def _parsed(lines: Sequence[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `prefqa.read` that a configuration stands for."""
    columns = {"columns": dict(config["columns"])} if "columns" in config else {}
    return columns | dict(config.get("read", {}))


def merged(given: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both arguments; tables are merged, and what is given later counts."""
    both = dict(given)
    for name, value in more.items():
        own = both.get(name)
        both[name] = {**own, **value} if isinstance(own, dict) and isinstance(value, dict) else value
    return both


def filled(config: Mapping[str, Any], written: Written) -> dict[str, Any]:
    """The configuration with the true meaning of each value, and the name of each column, that it leaves open."""

    def meant(value: str, pasted: Any) -> Any:
        if isinstance(pasted, dict):
            return {inner: meant(inner, one) for inner, one in pasted.items()}
        if not isinstance(pasted, str):  # a scale
            return pasted
        return next((meaning for word, meaning in written.meanings.items() if _alike(word, value)), pasted)

    columns = {role: written.roles.get(role, name) if name == GAP else name
               for role, name in config.get("columns", {}).items()}  # fmt: skip
    read = dict(config.get("read", {}))
    if "scale" in read.get("votes", {}):  # its ends are those that occur; a person who knows others writes the values
        read["votes"] = dict(written.meanings)
    elif isinstance(read.get("votes"), dict):
        read["votes"] = {value: meant(value, pasted) for value, pasted in read["votes"].items()}
    if GAP in read.get("annotators", ()):
        read["annotators"] = written.roles.get("annotators", read["annotators"])
    return {**config, "read": read} | ({"columns": columns} if columns else {})


#: What stands in a configuration where the person who pastes it has to put a name or word.
GAP = "…"


def _alike(written: str, pasted: str) -> bool:
    try:
        return float(written) == float(pasted)
    except ValueError:
        return written.strip().casefold() == pasted.strip().casefold()


@dataclass(frozen=True)
class Outcome:
    """How a file was read: at once ("read"), as an error said ("pasted"), or so with its words filled in ("filled")."""

    how: str
    wrong: list[str]
    message: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join([self.how, *self.wrong[:6], str(dict(self.given)), self.message])


def outcome(source: Any, written: Written, given: Mapping[str, Any] | None = None, depth: int = 3) -> Outcome:
    """Read, paste what the error says until it reads, and compare; of several configurations the right one counts."""
    given = given or {}
    try:
        prefs = prefqa.read(source, **given)
    except PrefqaError as error:
        message = str(error)
    else:
        return Outcome("pasted" if given else "read", mistakes(prefs, written), given=given)
    candidates = pastes(message)
    if not candidates or depth == 0:
        return Outcome("refused", ["refused without a configuration that reads it"], message, given)
    last = None
    for how, configs in (("pasted", candidates), ("filled", [filled(one, written) for one in candidates])):
        for config in configs:
            more = merged(given, arguments(config))
            if more == given:
                continue
            last = outcome(source, written, more, depth - 1)
            if not last.wrong:
                return Outcome(how if last.how == "pasted" else last.how, [], message, last.given)
    wrong = last.wrong if last else ["what is to be pasted changes nothing"]
    return Outcome(
        "refused", ["refused, and no configuration reads it right", *wrong], message, last.given if last else {}
    )


def assert_right_or_refused(source: Any, written: Written, *allowed: str) -> Outcome:
    """Assert that each vote is read as it was written, or that reading is refused with the configuration to paste.

    `allowed` restricts how: "read", "pasted", "filled".
    """
    ended = outcome(source, written)
    assert not ended.wrong, str(ended)
    assert not allowed or ended.how in allowed, str(ended)
    return ended


# Layouts of pairs.


@dataclass(frozen=True)
class Sides:
    """Columns of the two responses, what they hold, and columns that hold the other beside them."""

    first: str
    second: str
    holds: str = "texts"
    beside: tuple[str, str] | None = None

    @property
    def by(self) -> str:
        """What names the responses in the votes: their texts where they are written."""
        return "texts" if self.holds == "texts" or self.beside else "models"

    def cells(self, item: Item) -> Row:
        """The cells of an item."""
        cells = dict(zip((self.first, self.second), getattr(item, self.holds), strict=False))
        if self.beside:
            other = "models" if self.holds == "texts" else "texts"
            cells |= dict(zip(self.beside, getattr(item, other), strict=False))
        return cells


SIDES = {
    "response_a": Sides("response_a", "response_b"),
    "response_1": Sides("response_1", "response_2"),
    "response_0": Sides("response_0", "response_1"),
    "model_a": Sides("model_a", "model_b", "models"),
    "model_a-and-texts": Sides("model_a", "model_b", "models", ("response_a", "response_b")),
    "Response A": Sides("Response A", "Response B"),
    "output_1": Sides("output_1", "output_2"),
    "answer_a": Sides("answer_a", "answer_b"),
    "completion_a": Sides("completion_a", "completion_b"),
}


@dataclass(frozen=True)
class Vocabulary:
    """Values of a vote by their meaning; where there are several they are used in turn.

    In texts, {first}, {second}, {first_column}, {first_text}, {first_model} and so on are filled in.
    """

    first: tuple[Any, ...]
    second: tuple[Any, ...]
    tie: tuple[Any, ...] = ()
    both_bad: tuple[Any, ...] = ()
    missing: tuple[Any, ...] = ()

    @property
    def meanings(self) -> tuple[str, ...]:
        """The meanings that it has values for."""
        return tuple(name for name in (FIRST, SECOND, TIE, BOTH_BAD, MISSING) if getattr(self, name))

    def contradicts(self, sides: Sides) -> bool:
        """Whether a value for one side is the name of the other: nobody writes that."""
        named = {FIRST: _bare(sides.second), SECOND: _bare(sides.first)}
        return any(_bare(str(value)) == name for side, name in named.items() for value in getattr(self, side))


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


PAIRWISE = {"prompt": "prompt", "annotator": "annotator_id", "vote": "winner"}


def written_votes(judged: Iterable[Round], sides: Sides, words: Vocabulary) -> tuple[list[Any], dict[str, str]]:
    """The value written for each round, and the meaning of each value."""
    used: Counter[str] = Counter()
    values, meanings = [], {}
    for one in judged:
        known = getattr(words, one.vote)
        value = known[used[one.vote] % len(known)]
        used[one.vote] += 1
        if isinstance(value, str):
            for side, place, column in (("first", 0, sides.first), ("second", 1, sides.second)):
                for name, part in (
                    (f"{side}_text", one.item.texts[place]), (f"{side}_model", one.item.models[place]),
                    (f"{side}_column", column),
                ):  # fmt: skip
                    value = value.replace("{" + name + "}", part)
        values.append(value)
        meanings[str(value)] = one.vote
    return values, meanings


def pairwise(
    words: Vocabulary,
    sides: Sides = SIDES["response_a"],
    names: Mapping[str, str] = PAIRWISE,
    votes: Sequence[str] | None = None,
) -> Written:
    """One row per vote: prompt, the two responses, annotator, a word for the better one."""
    judged = rounds(words.meanings, votes)
    values, meanings = written_votes(judged, sides, words)
    names = {**PAIRWISE, **names}
    rows = [
        {names["prompt"]: one.item.prompt, **sides.cells(one.item), names["annotator"]: one.annotator,
         names["vote"]: value}
        for one, value in zip(judged, values, strict=True)
    ]  # fmt: skip
    if not names["prompt"]:
        rows = [{name: cell for name, cell in row.items() if name} for row in rows]
    n_missing = sum(one.vote == MISSING for one in judged)
    roles = {"prompt": names["prompt"], "item_id": names["prompt"], "annotator_id": names["annotator"],
             "winner": names["vote"], "response_a": sides.first, "response_b": sides.second}  # fmt: skip
    return Written(rows, votes_in(judged, by=sides.by), n_missing, meanings, roles)


def one_hot(
    columns: Sequence[str],
    yes: Any = 1,
    no: Any = 0,
    sides: Sides = SIDES["model_a-and-texts"],
    *,
    missing: bool = False,
) -> Written:
    """One column per outcome that is true in one of them; a round without a vote has `no` in all."""
    judged = rounds((FIRST, SECOND, *((TIE,) if len(columns) > 2 else ()), *((MISSING,) if missing else ())))
    outcomes = dict(zip((FIRST, SECOND, TIE), columns, strict=False))
    rows = [
        {"prompt": one.item.prompt, **sides.cells(one.item), "annotator_id": one.annotator,
         **{column: yes if one.vote == outcome else no for outcome, column in outcomes.items()}}
        for one in judged
    ]  # fmt: skip
    n_missing = sum(one.vote == MISSING for one in judged)
    return Written(rows, votes_in(judged, by=sides.by), n_missing, {",".join("0" * len(columns)): MISSING})


def scores_beside(columns: tuple[str, str], sides: Sides = SIDES["response_a"], *, higher: bool = True) -> Written:
    """A score of each response in a column of its own; the higher one is better, or the lower."""
    judged = rounds()
    scores = {FIRST: (5, 3), SECOND: (2, 4), TIE: (3, 3)}
    rows = [
        {"prompt": one.item.prompt, **sides.cells(one.item), "annotator_id": one.annotator,
         **{column: score if higher else 6 - score for column, score in zip(columns, scores[one.vote], strict=True)}}
        for one in judged
    ]  # fmt: skip
    return Written(rows, votes_in(judged))


def turns(*contents: str) -> list[dict[str, str]]:
    """Chat messages of user and assistant in turn."""
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(contents)]


def chosen_rejected(form: str) -> Written:
    """A chosen and a rejected response, as texts or messages, the prompt beside them, inside, or both."""
    judged = rounds((FIRST, SECOND))
    rows = []
    for one in judged:
        good = one.winner or ""
        bad = next(text for text in one.item.texts if text != good)
        row: Row = {"annotator_id": one.annotator, "chosen": good, "rejected": bad}
        if form != "prompt inside":
            row["prompt"] = one.item.prompt
        if form in ("prompt inside", "prompt beside and inside"):
            row |= {"chosen": turns(one.item.prompt, good), "rejected": turns(one.item.prompt, bad)}
        if form == "messages":
            row |= {side: [{"role": "assistant", "content": row[side]}] for side in ("chosen", "rejected")}
            row["prompt"] = turns(one.item.prompt)
        rows.append(row)
    return Written(rows, votes_in(judged))


def best_of_n(*, chosen_is_list: bool) -> Written:
    """One chosen response and a list of those rejected."""
    ranked = rankings((1, 2, 2), (2, 1, 2), (2, 2, 1), (1, 2, 2), (2, 2, 1), (2, 1, 2))
    rows = []
    for one in ranked:
        good = one.item.texts[one.ranks.index(1)]
        bad = [text for text in one.item.texts if text != good]
        rows.append({"prompt": one.item.prompt, "annotator_id": one.annotator,
                     "chosen": [good] if chosen_is_list else good, "rejected": bad})  # fmt: skip
    votes = votes_in_rankings(ranked)
    ties = frozenset(pair for pair, winner in votes.items() if winner == "tie")
    return Written(rows, {pair: winner for pair, winner in votes.items() if winner != "tie"}, ties_allowed=ties)


# Layouts of rankings and ratings.


def ranking_lists(
    cells: Callable[[Ranking], Row], ranked: Sequence[Ranking] | None = None, *, as_json: bool = False
) -> Written:
    """One row per ranking; `cells` makes its lists, which stand as JSON text where cells hold no lists."""
    ranked = ranked or rankings()
    rows = []
    for one in ranked:
        made = cells(one)
        if as_json:
            made = {name: json.dumps(cell) if isinstance(cell, list) else cell for name, cell in made.items()}
        rows.append({"prompt": one.item.prompt, "annotator_id": one.annotator, **made})
    return Written(rows, votes_in_rankings(ranked))


def best_first(one: Ranking, values: Sequence[Any]) -> list[Any]:
    """Values of the responses, the best one first; for rankings without ties."""
    return [value for _, value in sorted(zip(one.ranks, values, strict=True), key=lambda pair: pair[0] or 0)]


def long(value: Callable[[Ranking, int], Any], names: Mapping[str, str], ranked: Sequence[Ranking]) -> Written:
    """One row per response; `names` are the columns of prompt, model, response, annotator and value, '' for none."""
    rows = []
    for one in ranked:
        for place, (text, model) in enumerate(zip(one.item.texts, one.item.models, strict=True)):
            row = {"prompt": one.item.prompt, "model": model, "response": text, "annotator": one.annotator,
                   "value": value(one, place)}  # fmt: skip
            rows.append({names[role]: cell for role, cell in row.items() if names.get(role)})
    identity = names.get("response") or names.get("model")
    roles = {"prompt": names["prompt"], "item_id": names["prompt"], "annotator_id": names["annotator"],
             "response_id": identity, "text": names.get("response"), "model": names.get("model"),
             "score": names["value"], "rank": names["value"]}  # fmt: skip
    return Written(rows, votes_in_rankings(ranked, by="texts" if names.get("response") else "models"), roles=roles)


def column_per_annotator(words: Vocabulary, people: Mapping[str, str], sides: Sides = SIDES["response_a"]) -> Written:
    """One row per item; the votes of an annotator stand in a column of their own, where an empty cell is no vote."""
    judged = rounds(words.meanings)
    values, meanings = written_votes(judged, sides, words)
    rows: dict[str, Row] = {}
    for one, value in zip(judged, values, strict=True):
        row = rows.setdefault(one.item.prompt, {"prompt": one.item.prompt, **sides.cells(one.item)})
        row[people[one.annotator]] = value
    votes = {
        (prompt, people[annotator], pair): winner
        for (prompt, annotator, pair), winner in votes_in(judged, by=sides.by).items()
    }
    n_missing = sum(one.vote == MISSING and bool(value) for one, value in zip(judged, values, strict=True))
    return Written(list(rows.values()), votes, n_missing, meanings, {"annotators": list(people.values())})


def labels_long(names: Mapping[str, str]) -> Written:
    """One label per text and annotator."""
    labels = ("toxic", "fine", "fine", "fine", "toxic", "toxic", "spam", "fine", "fine", "spam")
    judged = list(zip(itertools.product(ITEMS, ANNOTATORS), labels, strict=True))
    rows = [
        {names["item"]: item.prompt, names["annotator"]: annotator, names["label"]: label}
        for (item, annotator), label in judged
    ]
    true = {(item.prompt, annotator): label for (item, annotator), label in judged}
    roles = {"item_id": names["item"], "annotator_id": names["annotator"], "label": names["label"]}
    return Written(rows, labels=true, roles=roles)


def one_rated(names: Mapping[str, str]) -> Written:
    """One response per item, rated by each annotator."""
    ratings = (5, 4, 1, 2, 3, 3, 4, 1, 2, 2)
    judged = list(zip(itertools.product(ITEMS, ANNOTATORS), ratings, strict=True))
    rows = [
        {names["prompt"]: item.prompt, names["response"]: item.texts[0], names["annotator"]: annotator,
         names["rating"]: rating}
        for (item, annotator), rating in judged
    ]  # fmt: skip
    scores = {(item.prompt, annotator, item.texts[0]): float(rating) for (item, annotator), rating in judged}
    roles = {"prompt": names["prompt"], "item_id": names["prompt"], "annotator_id": names["annotator"],
             "text": names["response"], "response_id": names["response"], "score": names["rating"]}  # fmt: skip
    return Written(rows, scores=scores, roles=roles)


# Names and files.


def styled(name: str, style: str) -> str:
    """A snake_case name in another style."""
    parts = name.split("_")
    camel = parts[0] + "".join(part.title() for part in parts[1:])
    return {
        "snake": name,
        "UPPER": name.upper(),
        "Title": " ".join(part.title() for part in parts),
        "camel": camel,
        "Pascal": camel[:1].upper() + camel[1:],
        "kebab": "-".join(parts),
        "Title_": "_".join(part.title() for part in parts),
        " spaced ": " " + " ".join(parts) + " ",
    }[style]


STYLES = ("snake", "UPPER", "Title", "camel", "Pascal", "kebab", "Title_", " spaced ")
FILES = ("csv", "semicolon.csv", "tsv", "json", "jsonl", "parquet")


def save(rows: Sequence[Row], path: Path) -> Path:
    """Write rows into a file by its ending; lists stand in cells as JSON text."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".parquet":
        pl.DataFrame([{name: row.get(name) for name in names} for row in rows], infer_schema_length=None).write_parquet(
            path
        )
        return path
    if path.suffix == ".json":
        text = json.dumps(rows, ensure_ascii=False)
    elif path.suffix == ".jsonl":
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    else:
        separator = "\t" if path.suffix == ".tsv" else ";" if "semicolon" in path.name else ","
        sheet = io.StringIO()
        cells = csv.DictWriter(sheet, names, delimiter=separator, lineterminator="\n")
        cells.writeheader()
        cells.writerows(
            {name: json.dumps(cell) if isinstance(cell, list) else cell for name, cell in row.items()} for row in rows
        )
        text = sheet.getvalue()
    path.write_text(text, encoding="utf-8")
    return path
