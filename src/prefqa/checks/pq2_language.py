"""Family PQ2, the rule on languages: a response in another one than its prompt."""

from __future__ import annotations

from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.language import answered_otherwise
from prefqa.checks.looks import missing


def other_language(frame: Frame) -> Found | NotRun:
    """PQ223."""
    seen, prompts = frame.seen, frame.prompts
    if isinstance(seen, str) or isinstance(prompts, str):
        return NotRun(seen if isinstance(seen, str) else str(prompts))
    package = missing("PQ223")
    if package:
        return NotRun(package)
    options, said = frame.options["PQ223"], seen.found["PQ223"]
    if said.is_empty():
        return NotRun(f"no prompt and response have {options['min_letters']} letters of running text each")
    plain = said.drop_nulls(["asked", "answered"])
    rows = answered_otherwise(plain)
    n, of = rows.height, plain.height
    message = (
        f"{n:,} of {of:,} responses whose language and that of the prompt are plain are in another one. Look whether "
        f"the prompt asks for that{_of_sample(prompts.n, options['max_items'])}."
    )
    return Found(rows.lazy(), n, of, message)


def _of_sample(n_prompts: int, most: int) -> str:
    return f"; looked at were {most:,} items of {n_prompts:,}" if n_prompts > most else ""
