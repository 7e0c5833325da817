"""Configurations, companion files and states that do not fit: refused by file and key, and left as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa import companions
from prefqa.checks.baseline import known_counts
from prefqa.companions import json_of, yaml_of
from prefqa.config import Config, load_config
from prefqa.drift.watch_state import read_state
from prefqa.errors import ConfigError, PrefqaError, ReadError, UsageError
from prefqa.readers.argilla_settings import settings_beside
from prefqa.readers.label_studio_config import project_beside
from prefqa.writers import write_pairs

GOOD = {
    "guidelines": "Be kind.",
    "fields": [{"name": "f"}],
    "questions": [{"name": "q", "settings": {"type": "rating"}}],
}
WITH = [
    ("guidelines", 5, "guidelines"),
    ("guidelines", ["x"], "guidelines"),
    ("fields", "x", "fields"),
    ("fields", [5], "fields.0"),
    ("fields", [{"name": None}], "fields.0.name"),
    ("questions", None, "questions"),
    ("questions", {"name": "q"}, "questions"),
    ("questions", [{}], "questions.0.name"),
    ("questions", [{"name": ["q"]}], "questions.0.name"),
    ("questions", [{"name": "q", "settings": "rating"}], "questions.0.settings"),
    ("questions", [{"name": "q", "settings": {"type": 5}}], "questions.0.settings.type"),
    ("questions", [{"name": "q", "values": "abc"}], "questions.0.values"),
    ("questions", [{"name": "q", "values": [None]}], "questions.0.values"),
    ("questions", [{"name": "q", "settings": {"options": 5}}], "questions.0.settings.options"),
]


@pytest.mark.parametrize("name", ["argilla.yaml", "settings.json"])
@pytest.mark.parametrize(("key", "value", "named"), WITH)
def test_settings_of_argilla_that_do_not_fit_are_named_by_key(
    tmp_path: Path, name: str, key: str, value: Any, named: str
) -> None:
    path = tmp_path / name
    path.write_text(json.dumps(GOOD | {key: value}))
    with pytest.raises(ReadError, match=rf"{name}: is no settings of an Argilla dataset: {named}"):
        settings_beside(None, path)
    path.write_text(json.dumps(GOOD))
    assert settings_beside(None, path).kinds == {"q": "rating"}


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join([*lines, f"questions: [{{name: q, values: *a{levels - 1}}}]"])


@pytest.mark.parametrize(
    "text",
    [
        bomb(10),
        "a: &a [*a]\nquestions: *a",
        "a: &a {b: 1}\nquestions:\n  <<: [" + ", ".join(["*a"] * 20) + "]\n  c: *d",
        "\n".join(["a0: &a0 {k: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 9))]),
        "[" * 50_000,
        "{? [a]: 1}",
        "questions: 2024-99-99",
        "x: " + "1" * 5_000,
        "questions: !!python/object/apply:os.system [ls]",
        "a\x00b",
        "",
        "- a\n b",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_yaml_of_any_kind_is_refused_at_once(tmp_path: Path, text: str) -> None:
    path = tmp_path / "argilla.yaml"
    path.write_text(text)
    with pytest.raises(ReadError, match=r"argilla\.yaml"):
        settings_beside(None, path)


def test_yaml_with_a_few_aliases_is_read(tmp_path: Path) -> None:
    path = tmp_path / "argilla.yaml"
    path.write_text(bomb(1))
    assert settings_beside(None, path).names == {"None": "q"}


def test_files_too_large_or_of_another_encoding_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(companions, "MAX_BYTES", 10)
    path = tmp_path / "settings.json"
    for content, reason in ((b" " * 11, "more than 10 bytes"), (b"\xff\xfe", "no UTF-8 text")):
        path.write_bytes(content)
        with pytest.raises(ReadError, match=reason):
            settings_beside(None, path)
    with pytest.raises(ReadError, match="cannot be read"):
        companions.text_of(tmp_path)


@pytest.mark.parametrize(
    "project",
    [
        {"label_config": None},
        {"label_config": 5},
        {"label_config": ["<View/>"]},
        {"label_config": "<View>"},
        {"label_config": "<!DOCTYPE a [<!ENTITY b 'c'>]><View>&b;</View>"},
        {"label_config": "<View/>", "skipped_annotations_number": "many"},
        {"label_config": "<View/>", "skipped_annotations_number": -1},
        {},
        [],
        5,
        None,
    ],
)
def test_projects_of_label_studio_that_do_not_fit_are_named(tmp_path: Path, project: Any) -> None:
    path = tmp_path / "project.json"
    path.write_text(json.dumps(project))
    with pytest.raises(ReadError, match=r"project\.json"):
        project_beside(None, path)


STATE: dict[str, Any] = {
    "format": "prefqa watch 1",
    "alpha": 0.05,
    "by": "created_at every 1w",
    "looks": [{"period": "2025-01-06", "n_judgments": 3, "streams": {"position": [0.0, 1.0, 1.0, 2.0]}}],
}
LOOK = STATE["looks"][0]


@pytest.mark.parametrize(
    ("state", "named"),
    [
        (STATE | {"format": "prefqa watch 2"}, "format"),
        (STATE | {"alpha": float("nan")}, "alpha"),
        (STATE | {"alpha": "0.05"}, "alpha"),
        (STATE | {"by": None}, "by"),
        (STATE | {"more": 1}, "more"),
        (STATE | {"looks": {}}, "looks"),
        (STATE | {"looks": [5]}, "looks.0"),
        (STATE | {"looks": [LOOK, LOOK]}, "looked at twice"),
        (STATE | {"looks": [LOOK | {"n_judgments": -1}]}, "looks.0.n_judgments"),
        (STATE | {"looks": [LOOK | {"n_judgments": 1e400}]}, "looks.0.n_judgments"),
        (STATE | {"looks": [LOOK | {"period": 5}]}, "looks.0.period"),
        (STATE | {"looks": [LOOK | {"streams": {"position": [0.0, 0.0]}}]}, "looks.0.streams.position"),
        (STATE | {"looks": [LOOK | {"streams": {"position": [float("nan")] * 4}}]}, "looks.0.streams.position"),
        (STATE | {"looks": [LOOK | {"streams": {"position": [[0.0]] * 4}}]}, "looks.0.streams.position"),
        (STATE | {"looks": [LOOK | {"streams": [1]}]}, "looks.0.streams"),
        ({name: value for name, value in STATE.items() if name != "looks"}, "looks"),
        ([], "valid dictionary"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_states_that_do_not_fit_are_named_by_key_and_left_as_they_are(tmp_path: Path, state: Any, named: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(state))
    before = path.read_bytes()
    with pytest.raises(ReadError, match=rf"state\.json: not a state of watch: .*{named}"):
        read_state(path, 0.05, "created_at every 1w")
    rows = [
        {"item_id": "i", "annotator_id": a, "response_id": r, "rank": 1 + n, "created_at": "2025-01-06T00:00:00"}
        for a in "xy"
        for n, r in enumerate("ab")
    ]
    prefs = prefqa.read(pl.DataFrame(rows))
    with pytest.raises(ReadError, match="not a state of watch"):
        prefqa.watch(prefs, path, every="1w")
    assert path.read_bytes() == before


def test_a_state_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    path, whole = tmp_path / "state.json", json.dumps(STATE)
    for end in range(len(whole)):
        path.write_text(whole[:end])
        with pytest.raises(ReadError, match="not a state of watch"):
            read_state(path, 0.05, "created_at every 1w")
    path.write_text(whole)
    assert read_state(path, 0.05, "created_at every 1w") == STATE


@pytest.mark.parametrize(
    "text", ["[", "5", "[1]", '{"findings": 5}', '{"findings": [{"code": "PQ101", "count": 1e999}]}']
)
def test_baselines_that_do_not_fit_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "findings.json"
    path.write_text(text)
    with pytest.raises(ReadError, match=r"findings\.json"):
        known_counts(path)


PAIR = pl.DataFrame({"prompt": ["Why?"], "chosen": ["So."], "rejected": ["No."]})


@pytest.mark.parametrize("text", ["[", "[]", "5", "null"])
def test_a_list_of_data_sets_that_is_none_stays_as_it_is(tmp_path: Path, text: str) -> None:
    info = tmp_path / "dataset_info.json"
    info.write_text(text)
    with pytest.raises(UsageError, match=r"dataset_info\.json"):
        write_pairs(PAIR, tmp_path / "pairs.json", layout="llama-factory")
    assert info.read_text() == text


#: Keys of the configuration with values beyond their range.
BEYOND = [
    "agreement.level = nan",
    "agreement.level = 1.0",
    "agreement.n_replicates = 0",
    "agreement.n_replicates = -5",
    "agreement.n_replicates = 99999999999999999999",
    "agreement.seed = -1",
    "agreement.seed = 99999999999999999999",
    "consensus.min_probability = inf",
    "consensus.test_share = -0.1",
    "consensus.split_seed = -1",
    "labels.smoothing = inf",
    "labels.smoothing = -1",
    "drift.alpha = 0",
    "gate.findings = [{ code = 'PQ101', max_count = -1 }]",
    "gate.agreement = [{ coefficient = 'alpha_nominal', min = nan }]",
    "checks.max_examples = -1",
    "checks.max_examples = 2024-01-01",
    "read.votes = 5",
    "columns.prompt = 5",
    "read = []",
]


@pytest.mark.parametrize("line", BEYOND)
def test_values_beyond_their_range_are_named_by_file_and_key(tmp_path: Path, line: str) -> None:
    path = tmp_path / "prefqa.toml"
    path.write_text(line)
    key = line.split(" ", maxsplit=1)[0].split(".", maxsplit=1)[0]
    with pytest.raises(ConfigError, match=rf"prefqa\.toml: \[{key}"):
        load_config(path)


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "a = " + "9" * 5_000, "\x00", "a = 1\na = 2", "\ud800"])
def test_what_is_no_configuration_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "prefqa.toml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(ConfigError, match=r"prefqa\.toml"):
        load_config(path)


#: Values of options; each fits some options, and no option takes all.
ODD = (-1, -0.5, 1.5, 2**40, float("nan"), float("inf"), True, None, "x", ["x"], [1], {"a": "b"}, {"a": 1}, [], {})


def options() -> list[tuple[str, str]]:
    from prefqa.checks.rules import RULES

    return [(rule.code, name) for rule in RULES for name in rule.options]


@pytest.mark.parametrize(("code", "name"), options())
def test_options_take_values_of_their_kind_and_range_alone(code: str, name: str) -> None:
    from prefqa.checks.rules import BY_CODE, with_defaults

    default = BY_CODE[code].options[name]
    assert with_defaults({code: {name: default}})[code][name] == default
    refused = 0
    for value in ODD:
        try:
            with_defaults({code: {name: value}})
        except UsageError as error:
            refused += 1
            assert f"option {name} of {code} is" in str(error)  # noqa: PT017
    assert refused >= len(ODD) - 5
    for value in (-1, float("nan"), True, None, [1]):
        with pytest.raises(UsageError):
            with_defaults({code: {name: value}}) if not (value == -1 and name == "min") else with_defaults(
                {code: {"": 1}}
            )


def test_every_key_with_odd_values_is_refused_or_runs() -> None:
    """Values of every kind for every key: an error of ours, or a configuration."""
    values = (None, True, 0, -1, 2**70, 1.5, float("nan"), "", "*", "\x00", [], [1], ["x"], [[]], {}, {"x": 1}, [{}])
    for table in Config.model_fields:
        inner = getattr(Config.model_fields[table].annotation, "model_fields", {"x": None})
        for key in inner:
            for value in values:
                try:
                    prefqa.config.parse_config({table: {key: value}})
                except PrefqaError as error:
                    assert table in str(error)  # noqa: PT017


@pytest.mark.parametrize("read", [json_of, yaml_of])
def test_half_a_character_is_refused(tmp_path: Path, read: Any) -> None:
    path = tmp_path / "state.json"
    for text in ('{"period": "\\ud800"}', '{"\\udfff": 1}'):
        path.write_text(text)
        with pytest.raises(ReadError, match=r"state\.json.* half of a character"):
            read(path, "state")
    path.write_text('{"period": "\\ud83d\\ude00"}')
    assert read(path, "state") == {"period": "😀"}
