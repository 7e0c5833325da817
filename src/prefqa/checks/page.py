"""The page of all rules, docs/rules.md: `python -m prefqa.checks.page > docs/rules.md` writes it anew."""

from __future__ import annotations

import textwrap

from prefqa.checks.rules import RULES, notes, shown

_HEAD = """# Rules

`prefqa check` runs these; `prefqa explain CODE` says the same in the terminal. `[checks]` in `prefqa.toml` chooses
among them (`select`, `ignore`), sets another `severity`, and takes options. A rule that lacks what it needs is listed
as not run: neither passed nor failed. The rules on drift (PQ6) run where they are selected, and in `prefqa run`, which
measures drift anyway. This page is written by `python -m prefqa.checks.page`.
"""
_WIDTH = 118


def page() -> str:
    """Return the page."""
    table = ["| code | name | severity | finds |", "| --- | --- | --- | --- |"]
    table += [
        f"| [{rule.code}](#{rule.code.lower()}-{rule.name}) | {rule.name} | {rule.severity} | {rule.summary} |"
        for rule in RULES
    ]
    parts = [_HEAD, "\n".join(table) + "\n"]
    for rule in RULES:
        words = "\n\n".join(textwrap.fill(text, _WIDTH) for text in (rule.explanation, " ".join(notes(rule))))
        parts.append(
            f"## {rule.code} {rule.name}\n\n**{rule.severity}**: {rule.summary}.\n\n{words}\n\n"
            f"Found in:\n\n```text\n{shown(rule.bad)}\n```\n\nNot in:\n\n```text\n{shown(rule.good)}\n```\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
