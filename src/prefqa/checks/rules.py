"""The rules, all of them: chosen by code, and explained."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from prefqa.checks.option_values import fault_of
from prefqa.checks.pq1_table import PQ1
from prefqa.checks.pq2_benchmarks import PQ2_BENCHMARKS
from prefqa.checks.pq2_media_table import PQ2_MEDIA
from prefqa.checks.pq2_said import PQ2_SAID
from prefqa.checks.pq2_table import PQ2
from prefqa.checks.pq2_trajectories_table import PQ2_TRAJECTORIES
from prefqa.checks.pq3_table import PQ3
from prefqa.checks.pq4_table import PQ4
from prefqa.checks.pq5_table import PQ5
from prefqa.checks.pq6_table import PQ6
from prefqa.checks.pq7_exports import EXPORTS
from prefqa.checks.pq7_table import PQ7
from prefqa.checks.rule import Example, Row, Rule
from prefqa.errors import UsageError, nearest

RULES = (*PQ1, *PQ2, *PQ2_SAID, *PQ2_TRAJECTORIES, *PQ2_MEDIA, *PQ2_BENCHMARKS, *PQ3, *PQ4, *PQ5, *PQ6, *PQ7, *EXPORTS)
BY_CODE: Mapping[str, Rule] = {rule.code: rule for rule in RULES}


def explain(code: str) -> str:
    """Explain a rule: what it finds, the harm it prevents, what to do, its options, and an example.

    Raises:
        UsageError: for a code that no rule has.
    """
    rule = BY_CODE.get(code.upper())
    if rule is None:
        raise unknown(code)
    return "\n\n".join(
        [
            f"{rule.code} {rule.name} ({rule.severity}): {rule.summary}.",
            rule.explanation,
            *notes(rule),
            f"Found in:\n{shown(rule.bad)}",
            f"Not in:\n{shown(rule.good)}",
        ]
    )


def notes(rule: Rule) -> list[str]:
    """What a rule leaves out, the options that it takes, and the packages that it needs."""
    said = ["Rows are left out and stand in the quarantine." if rule.quarantines else "Nothing is left out."]
    if rule.options:
        defaults = ", ".join(f"{name} = {_toml(value)}" for name, value in rule.options.items())
        said.append(f"Options under [checks.options.{rule.code}]: {defaults}.")
    if rule.only_selected:
        said.append(f"Runs where it is selected (--select {rule.code}), and in prefqa run, which measures this anyway.")
    if rule.extra:
        said.append(f"Needs pip install 'prefqa[{rule.extra}]'; without it the rule says that it did not run.")
    return said


def shown(example: Example, limit: int = 4) -> str:
    """An example as lines: judgments, then the responses, items and options that come with it."""
    parts = [("", example.judgments), ("response ", example.responses or ()), ("item ", example.items or ())]
    lines = [line for word, rows in parts for line in _lines(word, rows, limit)]
    return "\n".join(lines + [f"  option {name} = {_toml(value)}" for name, value in example.options.items()])


def chosen(select: Sequence[str], ignore: Sequence[str]) -> list[Rule]:
    """Rules that `select` names (all, if it names none) and `ignore` does not; "PQ1" names all that begin so.

    Raises:
        UsageError: for a code or prefix that no rule has.
    """
    for code in (*select, *ignore):
        if not any(rule.code.startswith(code.upper()) for rule in RULES) or not code:
            raise unknown(code)
    wanted, unwanted = (tuple(code.upper() for code in codes) for codes in (select, ignore))
    return [
        rule
        for rule in RULES
        if (not wanted or rule.code.startswith(wanted)) and not (unwanted and rule.code.startswith(unwanted))
    ]


def with_defaults(options: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the options of every rule: those given, the defaults for the rest.

    Raises:
        UsageError: a rule or an option that does not exist, or a value of another type than the default.
    """
    for code, given in options.items():
        rule = BY_CODE.get(code)
        if rule is None:
            raise unknown(code)
        for name, value in given.items():
            if name not in rule.options:
                have = ", ".join(rule.options) or "none"
                raise UsageError(f"{code} has no option {name!r}; it has: {have}")
            default = rule.options[name]
            if (wrong := fault_of(name, value, default)) is not None:
                raise UsageError(f"option {name} of {code} is {value!r}; {wrong}, like {_toml(default)}")
    return {rule.code: {**rule.options, **options.get(rule.code, {})} for rule in RULES}


def unknown(code: str) -> UsageError:
    """Build the error for a code that no rule has."""
    close = nearest(code, BY_CODE)
    return UsageError(f"no rule is called {code!r}", hint=f"did you mean {close}? " * bool(close) + "See prefqa rules.")


def _lines(word: str, rows: Sequence[Row], limit: int) -> list[str]:
    lines = [f"  {word}" + ", ".join(f"{name}={value!r}" for name, value in row.items()) for row in rows[:limit]]
    return lines + ([f"  ... and {len(rows) - limit} {word}rows like these"] if len(rows) > limit else [])


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{_key(key)} = {_toml(inner)}" for key, inner in value.items()) + " }" if value else "{}"
        )
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def _key(name: str) -> str:
    """A key as TOML writes it: bare, if it can be."""
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else f'"{name}"'
