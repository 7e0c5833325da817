"""Small campaigns in the layouts that people have, with marked texts: [G] better, [B] worse, [T] a tie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = dict[str, Any]

QUESTIONS = ("How do I boil an egg?", "How do I sharpen a pencil?", "How do I fold a shirt?", "How do I tie a knot?")
GOOD = tuple(f"[G] Take your time with task {n}, and look at it." for n in range(4))
BAD = tuple(f"[B] Hard to say what to do in case {n}, really." for n in range(4))
MIDDLE = tuple(f"[T] One way, number {n}, is this." for n in range(4))
OTHER = tuple(f"[T] Another way, number {n}, is that." for n in range(4))
#: Which of the two responses to each question is better.
PLAN = ("first", "second", "tie", "first")
WORDS = {"first": "A", "second": "B", "tie": "tie"}
MODELS = {"first": "model_a", "second": "model_b", "tie": "tie"}
PEOPLE = ("x", "y")


def sides(n: int) -> tuple[str, str]:
    """The two responses to a question, in their order."""
    return {"first": (GOOD[n], BAD[n]), "second": (BAD[n], GOOD[n]), "tie": (MIDDLE[n], OTHER[n])}[PLAN[n]]


def message(role: str, content: Any, **more: Any) -> Row:
    """A chat message."""
    return {"role": role, "content": content, **more}


def pairwise(
    first: str = "response_a",
    second: str = "response_b",
    vote: str = "preference",
    words: Mapping[str, Any] = WORDS,
    annotator: str = "annotator_id",
    prompt: str = "prompt",
) -> list[Row]:
    """One row per vote; votes that `words` lacks are left out."""
    rows = []
    for n, question in enumerate(QUESTIONS):
        if PLAN[n] not in words:
            continue
        for person in PEOPLE if annotator else ("",):
            row = {prompt: question, first: sides(n)[0], second: sides(n)[1], vote: words[PLAN[n]]}
            rows.append(row | ({annotator: person} if annotator else {}))
    return rows


def chosen(form: Callable[[int, str], Any] = lambda _, text: text, **more: Callable[[int], Any]) -> list[Row]:
    """A chosen and a rejected response per question; `form` makes them of texts, `more` makes further columns."""
    return [
        {name: make(n) for name, make in more.items()} | {"chosen": form(n, GOOD[n]), "rejected": form(n, BAD[n])}
        for n in range(4)
    ]


def question(n: int) -> str:
    """The question as it is asked."""
    return QUESTIONS[n]


def dialogue(n: int, answer: str) -> list[Row]:
    """A whole dialogue with an answer at its end."""
    start = [message("user", "Hello."), message("assistant", "Hello, what is it?")]
    return [*start, message("user", QUESTIONS[n]), message("assistant", answer)]


def calls(n: int, answer: str) -> list[Row]:
    """An answer after a call of a tool."""
    call = {"type": "function", "function": {"name": "find", "arguments": "{}"}}
    return [
        message("assistant", None, tool_calls=[call]),
        message("tool", f"found {n}", name="find"),
        message("assistant", answer),
    ]


def ratings(names: Mapping[str, str], value: Callable[[int], Any] = lambda score: score) -> list[Row]:
    """One row per annotator and response; `names` are those of item, prompt, model, text, annotator, score."""
    rows = []
    for person in PEOPLE:
        for n in range(4):
            scores = {"first": (5, 2), "second": (1, 4), "tie": (3, 3)}[PLAN[n]]
            for place, (text, score) in enumerate(zip(sides(n), scores, strict=True), 1):
                cells = {"item": f"q{n}", "prompt": QUESTIONS[n], "model": f"m{place}", "text": text,
                         "annotator": person, "score": value(score)}  # fmt: skip
                rows.append({names[role]: cells[role] for role in names})
    return rows


def ranks(names: Sequence[str], value: Callable[[int], Any]) -> list[Row]:
    """One row per annotator and response, with its rank; `names` are those of item, annotator, response, rank."""
    return [
        dict(zip(names, (f"q{n}", person, f"r{place}", value(place)), strict=True))
        | {"prompt": QUESTIONS[n], "text": text}
        for n in range(4)
        for person in PEOPLE
        for place, text in enumerate((GOOD[n], MIDDLE[n], BAD[n]))
    ]


def lists(responses: str, figures: str, values: Sequence[Any]) -> list[Row]:
    """One row per annotator: a list of responses and a list of figures."""
    return [
        {"prompt": QUESTIONS[n], responses: [BAD[n], GOOD[n], MIDDLE[n]], figures: list(values), "rater": person}
        for n in range(4)
        for person in PEOPLE
    ]


def arena(content: Callable[[str], Any], words: Mapping[str, str]) -> list[Row]:
    """Battles of two models as conversations."""
    rows = []
    for n, asked in enumerate(QUESTIONS):
        row = {"id": f"b{n}", "model_a": "m1", "model_b": "m2", "winner": words[PLAN[n]], "language": "en",
               "timestamp": f"2025-05-0{n + 1} 10:00:00"}  # fmt: skip
        for side, text in zip("ab", sides(n), strict=True):
            row[f"conversation_{side}"] = [message("user", content(asked)), message("assistant", content(text))]
        rows.append(row)
    return rows


def parts(text: str) -> list[Row]:
    """A content as a list of parts."""
    return [{"type": "text", "text": text, "image": None, "mimeType": None}]


def one_hot(wrap: Callable[[str], Any]) -> list[Row]:
    """Battles with one column per outcome."""
    return [
        {"winner_tie": int(PLAN[n] == "tie"), "winner_model_a": int(PLAN[n] == "first"),
         "winner_model_b": int(PLAN[n] == "second"), "response_b": wrap(sides(n)[1]),
         "response_a": wrap(sides(n)[0]), "prompt": wrap(asked), "model_b": "m2", "model_a": "m1", "id": n}
        for n, asked in enumerate(QUESTIONS)
    ]  # fmt: skip


def sheet(people: Sequence[str], words: Mapping[str, str] = WORDS) -> list[Row]:
    """One row per question and one column per annotator."""
    return [
        {"Prompt": asked, "Response A": sides(n)[0], "Response B": sides(n)[1], **dict.fromkeys(people, words[PLAN[n]])}
        for n, asked in enumerate(QUESTIONS)
    ]


def hits() -> list[Row]:
    """A batch of Mechanical Turk whose requester asks about summaries, of which one assignment was rejected."""
    return [
        {"HITId": f"H{n}", "AssignmentId": f"A{n}{who}", "WorkerId": who, "WorkTimeInSeconds": "61",
         "AssignmentStatus": "Rejected" if (n, who) == (3, "W2") else "Submitted",
         "SubmitTime": "Mon Jul 07 09:16:40 PDT 2025", "Input.article": asked, "Input.summary_1": sides(n)[0],
         "Input.summary_2": sides(n)[1],
         "Answer.better": {"first": "summary_1", "second": "summary_2", "tie": "equal"}[PLAN[n]]}
        for n, asked in enumerate(QUESTIONS)
        for who in ("W1", "W2")
    ]  # fmt: skip


def tasks() -> list[Row]:
    """Prodigy's choices, with numbers as the ids of the options; one task is ignored."""
    return [
        {"text": asked, "_input_hash": n, "answer": "ignore" if (n, who) == (3, "d-y") else "accept",
         "options": [{"id": place, "text": text} for place, text in enumerate(sides(n))],
         "accept": {"first": [0], "second": [1], "tie": [0, 1]}[PLAN[n]], "_annotator_id": who}
        for n, asked in enumerate(QUESTIONS)
        for who in ("d-x", "d-y")
    ]  # fmt: skip


def survey(separator: str) -> str:
    """A survey of Qualtrics in which three people compare two answers to each question but the tie."""
    head = ["StartDate", "Progress", "Finished", "RecordedDate", "ResponseId", "QID1", "QID2", "QID3"]
    asked = [f"{QUESTIONS[n]} A: {sides(n)[0]} B: {sides(n)[1]} Which is better?".replace(",", "") for n in (0, 1, 3)]
    ids = [f'"{{""ImportId"":""{name}""}}"' for name in head]
    answers = [{"first": "Answer A", "second": "Answer B"}[PLAN[n]] for n in (0, 1, 3)]
    rows = [["2025-03-01 10:00:00", "100", "True", f"2025-03-0{n} 10:09:02", f"R_{n}", *answers] for n in (1, 2, 3)]
    return "\n".join(separator.join(row) for row in (head, [*head[:4], "Response ID", *asked], ids, *rows)) + "\n"
