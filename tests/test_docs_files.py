"""Every line of the tables "My file looks like this" in docs/data.md comes out as it says."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import prefqa
from docs_files import PAGE, Example, code, examples, in_words, order, values_of
from prefqa.cli.main import main
from prefqa.config import load_config, parse_config
from prefqa.errors import PrefqaError
from prefqa.readers.list_rows import ORDERS, RANKS, SCORES, UNCLEAR
from prefqa.readers.names import ALIASES, key
from prefqa.readers.pinned import toml_of
from prefqa.readers.sides import PREFERRED
from prefqa.readers.vocabulary import MEANINGS, SIDES, understand

EXAMPLES = examples()
NAMES = "| role | names |"
PEOPLE = ALIASES["annotator_id"][0]


def outcome(prefs: prefqa.Preferences) -> tuple[str, Counter[str]]:
    return prefs.source.shape, Counter(map(order, in_words(prefs)))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line{example.line}")
def test_the_file_is_read_as_the_line_says(example: Example, tmp_path: Path) -> None:
    path = example.write(tmp_path)
    if example.refused and not example.config:
        with pytest.raises(PrefqaError):
            prefqa.read(path)
        return
    prefs = prefqa.read(path, **example.arguments)
    assert outcome(prefs) == (example.layout, Counter(map(order, example.judgments)))
    for name, values in example.values.items():
        assert values_of(prefs, name) == values
    assert {note.code: note.count for note in prefs.source.notes} == example.left_out
    assert prefs.reading.figures["n_votes_unread"] == example.n_unread


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.config], ids=lambda example: f"line{example.line}")
def test_the_lines_of_configuration_are_needed(example: Example, tmp_path: Path) -> None:
    path = example.write(tmp_path)
    try:
        prefs = prefqa.read(path)
    except PrefqaError as error:
        message = str(error)
    else:
        assert not example.asked
        assert not example.refused
        stated = (example.layout, Counter(map(order, example.judgments)))
        values = {name: values_of(prefs, name) for name in example.values}
        assert (outcome(prefs), values) != (stated, example.values)
        return
    assert example.asked or example.refused, message
    if example.asked:
        assert not [line for line in example.config.splitlines() if line not in message], message


def test_there_are_lines_for_most_files() -> None:
    assert len(EXAMPLES) >= 40


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.layout], ids=lambda example: f"line{example.line}")
def test_a_pinned_reading_reads_the_same(example: Example, tmp_path: Path) -> None:
    path = example.write(tmp_path)
    prefs = prefqa.read(path, **example.arguments)
    config = parse_config(tomllib.loads(toml_of(prefs.reading)))
    again = prefqa.read(path, columns=config.columns, **config.read.arguments())
    assert outcome(again) == outcome(prefs)
    assert {name: values_of(again, name) for name in example.values} == example.values


# The tables of names and of words.


def rows_of(table: str) -> dict[str, str]:
    """The cells behind the first one of a table, by the first one."""
    lines = PAGE.read_text(encoding="utf-8").split(table)[1].split("\n\n")[0].splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]
    return {first.strip("` "): rest for first, rest in cells}


def test_the_table_of_names_is_that_of_the_readers() -> None:
    people = [name for name in code(rows_of(NAMES)["annotator_id"]) if f"{name}hash" in PEOPLE]
    listed = {
        role: [{key(name) for name in code(group)} for group in cell.split("<br>then ")]
        for role, cell in rows_of(NAMES).items()
    }
    listed["annotator_id"][0] |= {f"{name}{end}" for name in people for end in ("id", "name", "hash", "uid", "index")}
    assert listed == {role: [set(group) for group in groups] for role, groups in ALIASES.items()}


def test_the_words_of_pairs_are_those_of_the_readers() -> None:
    section = PAGE.read_text(encoding="utf-8").split("**Two columns**")[1].split("**`[columns]`**")[0]
    pairs = set(re.findall(r"`(\w+)` and\s`(\w+)`", section))
    assert pairs == {*SIDES.values(), *PREFERRED}
    assert {key(name) for name in code(section)} >= {*RANKS, *ORDERS, *SCORES, *UNCLEAR}


@pytest.mark.parametrize("meaning", MEANINGS)
def test_the_words_of_votes_mean_what_the_page_says(meaning: str) -> None:
    words = code(rows_of("| meaning | such as |")[meaning])
    assert understand(words, ("response_a", "response_b")) == dict.fromkeys(words, meaning)


def test_the_command_of_the_page_pins_a_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = re.findall(r"`prefqa (inspect .* --write-config .*?)`", PAGE.read_text(encoding="utf-8"))[0]
    monkeypatch.chdir(tmp_path)
    example = EXAMPLES[0]
    path = example.write(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert not ended.value.code
    config = load_config("prefqa.toml")
    arguments = {"columns": config.columns, **config.read.arguments()}
    assert outcome(prefqa.read(path, **arguments)) == outcome(prefqa.read(path))
    path.write_text(path.read_text().replace("tie", "skip"))
    with pytest.raises(PrefqaError, match="differs from the pinned reading: winner holds 'skip'"):
        prefqa.read(path, **arguments)
