"""Family PQ2, rules that only count what was seen in the texts of responses."""

from __future__ import annotations

from collections.abc import Callable

from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.looks import missing

#: Rules on equal texts: beside other media these are no duplicates.
_OF_EQUAL_TEXTS = ("PQ203", "PQ204", "PQ206")


def _seen(
    code: str, words: str, *, of_items: bool = False, part: str | None = None
) -> Callable[[Frame], Found | NotRun]:
    """A rule that counts the responses that its look found, or the items that they are in, and says so in `words`.

    In these stand {n} of {of}, and {items}. A rule on a `part` of chat messages does not run on plain texts.
    """

    def found(frame: Frame) -> Found | NotRun:
        seen = frame.seen
        if isinstance(seen, str):
            return NotRun(seen)
        if part is not None and part not in seen.parts:
            return NotRun("responses are plain texts, not chat messages")
        package = missing(code)
        if package:
            return NotRun(package)
        rows = seen.found[code]
        if code in _OF_EQUAL_TEXTS:
            rows = frame.beside_equal_media(rows)
        elif code == "PQ201" and frame.media is not None:  # a picture is a response without a text
            rows = rows.join(frame.media, on=["item_id", "response_id"], how="anti", maintain_order="left")
        items = rows["item_id"].n_unique()
        n, of = (items, seen.n_items) if of_items else (rows.height, seen.n)
        return Found(rows.lazy(), n, of, words.format(n=f"{n:,}", of=f"{of:,}", items=f"{items:,}"))

    return found


empty_response = _seen(
    "PQ201",
    "{n} of {of} responses are empty, in {items} items. Look for a filter or a join that lost the text, or leave these "
    "items out.",
)
not_text = _seen(
    "PQ202",
    "{n} of {of} responses are a bare true, false, null or number, in {items} items: most likely a value of another "
    "type, written as text. Look what the file had there.",
)
same_text = _seen(
    "PQ203",
    "{n} of {of} items have two responses with the very same text: nothing can be preferred in such a pair.",
    of_items=True,
)
same_but_for_form = _seen(
    "PQ204",
    "{n} of {of} items have two responses that differ only by blanks, case or form of characters.",
    of_items=True,
)
near_duplicate_responses = _seen(
    "PQ206",
    "{n} of {of} items have two responses with nearly the same words: such pairs teach little, and their votes are "
    "near chance.",
    of_items=True,
)
unfinished = _seen(
    "PQ213",
    "{n} of {of} responses are unfinished: a code block that is not closed, or a cursor mark at the end. Look for a "
    "limit of the generation, or a copy taken too early.",
)
error_text = _seen(
    "PQ214",
    "{n} of {of} responses are an error message or a placeholder. Leave their items out, or get the responses anew.",
)
roles_out_of_turn = _seen(
    "PQ217",
    "{n} of {of} conversations have roles that do not take turns, or do not end on the model.",
    part="roles",
)
contexts_differ = _seen(
    "PQ218",
    "In {n} of {of} items the responses answer different conversations: the preference may be for the context. Look "
    "for a join that mixed them.",
    of_items=True,
    part="context",
)
refusal = _seen(
    "PQ225",
    "{n} of {of} responses refuse, in {items} items.",
)
one_side_refuses = _seen(
    "PQ226",
    "In {n} of {of} items one response refuses and another does not: what the vote decides there is whether to answer.",
    of_items=True,
)
assistant_identity = _seen(
    "PQ227",
    "{n} of {of} responses speak of themselves as a model, or name its maker, in {items} items: trained on, your model "
    "says so of itself.",
)
loop = _seen(
    "PQ228",
    "{n} of {of} responses repeat the same words until their end, in {items} items.",
)
one_word = _seen(
    "PQ229",
    "{n} of {of} responses are a single word, in {items} items.",
)
flattery = _seen(
    "PQ230",
    "{n} of {of} responses begin by praising the question or who asked it, in {items} items.",
)
