"""What a reading makes of files whose texts begin with a mark: [G] better, [B] worse, [T] equal ones."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa import cli
from prefqa.errors import PrefqaError
from readers.campaigns import arguments, plain, rows_of

#: What an exit code can be where a command ran.
RAN = (0, 1)


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run a command as the entry point does: exit code, standard output, standard error."""
    with pytest.raises(SystemExit) as ended:
        cli.main([str(one) for one in arguments])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def figures(prefs: prefqa.Preferences) -> tuple[int, int, int]:
    """Items, annotators and judgments, of those that were submitted."""
    rows = [row for row in rows_of(prefs) if row.get("status") in (None, "submitted") and row["rank"] is not None]
    judgments = {(row["item_id"], row["annotator_id"], row.get("judgment_id")) for row in rows}
    return len({one[0] for one in judgments}), len({one[1] for one in judgments}), len(judgments)


def outcomes(prefs: prefqa.Preferences) -> Counter[str]:
    """How often texts of each mark are best, and how often the responses are equal, by judgment."""
    found: Counter[str] = Counter()
    for ranks in rankings(prefs).values():
        best = min(ranks.values())
        first = [text for text, rank in ranks.items() if rank == best]
        found["tie" if len(first) == len(ranks) else "".join(sorted({mark(text) for text in first}))] += 1
    return found


def rankings(prefs: prefqa.Preferences) -> dict[tuple[str, ...], dict[str, int]]:
    """Ranks by text or id of the response, of each submitted judgment: by item, annotator and judgment."""
    found: dict[tuple[str, ...], dict[str, int]] = {}
    for row in rows_of(prefs):
        if row.get("status") in (None, "submitted") and row["rank"] is not None:
            key = row["item_id"], row["annotator_id"], str(row.get("judgment_id"))
            ranks = found.setdefault(key, {})
            assert row["response"] not in ranks, f"{key} ranks {row['response']!r} twice"
            ranks[row["response"]] = row["rank"]
    return found


def mark(text: Any) -> str:
    """The mark of a text or of chat messages; all of a text without one."""
    found = re.match(r"\s*(\[[GBT]\])", plain(text))
    return found[1] if found else plain(text)


def prompts(prefs: prefqa.Preferences) -> list[Any]:
    """The prompts of the items, each once."""
    assert prefs.items is not None
    return prefs.items["prompt"].drop_nulls().unique().to_list()


def pairs(out: Path) -> list[dict[str, Any]]:
    """The rows of the training file that `run` wrote; none where it had no texts for one."""
    if not (out / "pairs.jsonl").exists():
        return []
    return [json.loads(line) for line in (out / "pairs.jsonl").read_text().splitlines()]


def decided(out: Path) -> Counter[str]:
    """How often texts of each mark are chosen in the training file; ties, which it leaves out, are in pairs.parquet."""
    counts = Counter(mark(row["chosen"]) for row in pairs(out))
    ties = int(pl.read_parquet(out / "pairs.parquet")["is_tie"].sum())
    return counts + Counter({"tie": ties})


def configs_of(message: str) -> list[str]:
    """The configurations of a refusal, word for word: from a line in brackets as far as the lines are TOML."""
    lines = message.splitlines()
    found, last = [], 0
    for first, line in enumerate(lines):
        if first < last or not re.match(r"\[(read|columns)\b.*\]", line):
            continue
        for end in range(len(lines), first, -1):
            text = "\n".join(lines[first:end]) + "\n"
            try:
                tomllib.loads(text)
            except tomllib.TOMLDecodeError:
                continue
            found.append(text.rstrip("\n") + "\n")
            last = end
            break
    return found


def refused(source: object) -> str:
    """The message with which a source is refused."""
    with pytest.raises(PrefqaError) as error:
        prefqa.read(source)
    return str(error.value)


def by_config(source: object, text: str) -> prefqa.Preferences:
    """The reading of a source under a configuration."""
    return prefqa.read(source, **arguments(tomllib.loads(text)))


def assert_refused_then(
    capsys: pytest.CaptureFixture[str],
    path: Path,
    folder: Path,
    expected: Mapping[str, int] | list[Mapping[str, int]],
    *,
    run: bool = True,
) -> list[Counter[str]]:
    """Assert that a file is refused with exit code 2, and what each choice of the refusal makes of it.

    `expected` are the outcomes by choice, or those that one of the choices has to give. Each choice is written into a
    prefqa.toml as it stands in the message, and read by the library, and by the command `run` (if `run`).
    """
    code, out, err = call(capsys, "run", path, "-o", folder / "refused")
    assert (code, out) == (2, ""), out
    assert err.startswith(f"error: {path}")
    assert "Traceback" not in err
    assert not (folder / "refused").exists()
    texts = configs_of(err)
    assert texts == configs_of(refused(path))
    found = []
    for number, text in enumerate(texts, 1):
        config = folder / f"prefqa-{number}.toml"
        config.write_text(text)
        if run:
            code, _, err = call(capsys, "run", path, "-o", folder / f"out-{number}", "-c", config)
            assert code in RAN, err
        found.append(outcomes(by_config(path, text)))
    assert found == expected if isinstance(expected, list) else dict(expected) in found, found
    return found


def codes(prefs: prefqa.Preferences) -> dict[str, tuple[str, int]]:
    """Severity and count of each finding."""
    findings = prefqa.check(prefs).findings
    return {code: (severity, n) for code, severity, n in findings.select("code", "severity", "count").iter_rows()}


def flat(text: str) -> str:
    """Text with single blanks, as a terminal wraps it."""
    return " ".join(text.split())


def column(prefs: prefqa.Preferences, *names: str) -> pl.DataFrame:
    """Distinct values of columns of the judgments."""
    return prefs.judgments.select(names).unique().sort(names).collect()
