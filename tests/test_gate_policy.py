"""The default policy of the gate, and the configuration that is found near the input."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa import cli
from prefqa.agreement import disagreement
from prefqa.config import Config, find_config, load_config, parse_config
from prefqa.errors import ConfigError
from prefqa.gate_policy import LOW_AGREEMENT


def estimates(agreement: Any, **values: Any) -> Any:
    """An agreement result whose first estimate has other figures."""
    frame = agreement.estimates.with_columns(
        pl.when(pl.col("coefficient") == "alpha_nominal").then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )
    return replace(agreement, estimates=frame)


@pytest.fixture(scope="module")
def measured() -> tuple[Any, Any, Any]:
    prefs = prefqa.simulate(n_items=60, seed=1, texts=False).preferences
    return prefqa.check(prefs), prefqa.agreement(prefs), prefqa.drift(prefs)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.01, 0.5, "fail"),
        (0.0, 0.5, "fail"),
        (0.01, 0.5, "pass"),
        (0.01, 0.19, "warn"),
        (0.01, LOW_AGREEMENT, "pass"),
    ],
)
def test_agreement_is_judged_by_its_interval(
    measured: tuple[Any, Any, Any], low: float, high: float, verdict: str
) -> None:
    agreement = estimates(measured[1], ci_low=low, ci_high=high)
    found = prefqa.gate(check=measured[0], agreement=agreement)
    assert found.lines.filter(name="alpha_nominal")["verdict"].to_list() == [verdict]
    assert found.verdict == verdict
    assert found.passed is (verdict != "fail")
    strict = prefqa.gate(
        check=measured[0], agreement=agreement, config=parse_config({"gate": {"policy": "strict"}}).gate
    )
    assert strict.passed is (verdict == "pass")
    off = prefqa.gate(check=measured[0], agreement=agreement, config=parse_config({"gate": {"policy": "off"}}).gate)
    assert (off.verdict, off.not_judged) == ("pass", ("agreement", "findings of severity warning", "annotators"))


def test_agreement_on_a_few_items_warns() -> None:
    prefs = prefqa.simulate(n_items=6, seed=1, texts=False).preferences
    found = prefqa.gate(agreement=estimates(prefqa.agreement(prefs), ci_low=-0.5, ci_high=0.9))
    assert found.verdict == "warn"
    assert "fewer than 20" in found.lines["message"][0]


def test_a_threshold_of_your_own_replaces_that_of_the_policy(measured: tuple[Any, Any, Any]) -> None:
    agreement = estimates(measured[1], ci_low=-0.1, ci_high=0.5)
    gate = {"agreement": [{"coefficient": "alpha_nominal", "min": -0.5}]}
    found = prefqa.gate(check=measured[0], agreement=agreement, config=parse_config({"gate": gate}).gate)
    assert found.verdict == "pass"
    assert found.lines["name"].to_list().count("alpha_nominal") == 1


def test_low_agreement_says_what_a_model_could_reach() -> None:
    prefs = prefqa.simulate(n_items=60, seed=1, texts=False).preferences
    agreement = estimates(prefqa.agreement(prefs), ci_low=0.05, ci_high=0.15)
    found = prefqa.gate(agreement=agreement, disagreement=disagreement(prefs))
    assert "even a perfect reward model would agree with one annotator in" in found.lines["message"][0]


def test_a_tolerance_takes_its_code_out_of_the_line_on_severities() -> None:
    row = {"item_id": "p", "annotator_id": "a", "response_id": "x", "rank": 1}
    rows = [row, row, row | {"response_id": "y", "rank": 2}, row | {"annotator_id": "b"}]
    check = prefqa.check(prefqa.read([*rows, rows[3] | {"response_id": "y", "rank": 2}]))
    assert check.findings.filter(severity="error")["code"].to_list() == ["PQ103"]
    assert prefqa.gate(check=check).verdict == "fail"
    for most, verdict in ((0, "fail"), (2, "pass")):
        table = {"gate": {"findings": [{"code": "PQ103", "max_count": most}]}}
        found = prefqa.gate(check=check, config=parse_config(table).gate)
        assert found.verdict == verdict
        assert "PQ103" not in found.lines["message"][0]


def test_a_drift_alarm_warns_and_fails_where_asked() -> None:
    drift = prefqa.Drift("length", 3, 1.5)
    prefs = prefqa.simulate(n_items=300, seed=0, texts=False, weeks=6, drift=drift).preferences
    found = prefqa.drift(prefs)
    assert found.alarm
    for alarm, verdict in (("warn", "warn"), ("fail", "fail"), ("ignore", "pass")):
        config = parse_config({"gate": {"drift": {"alarm": alarm}}}).gate
        assert prefqa.gate(drift=found, config=config).verdict == verdict


def test_agreement_that_nobody_can_measure_warns_with_what_to_do() -> None:
    alone = prefqa.simulate(n_items=20, n_annotators=1, annotators_per_item=1, texts=False).preferences
    result = prefqa.run(alone)
    assert result.gate.verdict == "warn"
    assert "let a second annotator judge" in " ".join(result.gate.lines["message"])


def test_labels_alone_are_nothing_to_train_on() -> None:
    rows = [{"item_id": i, "annotator_id": a, "label": "good"} for i in "pq" for a in "ab"]
    result = prefqa.run(prefqa.read(rows))
    assert result.gate.verdict == "fail"
    assert "prefqa label-consensus" in " ".join(result.gate.lines["message"])


def test_a_threshold_that_no_coefficient_can_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="60 is no value of a coefficient"):
        parse_config({"gate": {"agreement": [{"coefficient": "alpha_nominal", "min": 60}]}})


def test_the_nearest_configuration_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    data = inner / "x.csv"
    data.write_text("")
    monkeypatch.chdir(tmp_path)
    assert find_config(data) is None
    project = tmp_path / "pyproject.toml"
    project.write_text("[project]\nname = 'x'\n")
    assert find_config(data) is None
    project.write_text("[tool.prefqa.gate]\npolicy = 'strict'\n")
    assert find_config(data) == project
    assert load_config(project).gate.policy == "strict"
    own = tmp_path / "prefqa.toml"
    own.write_text("")
    assert find_config(data) == own
    nearer = tmp_path / "a" / "prefqa.toml"
    nearer.write_text("[gate]\npolicy = 'off'\n")
    assert find_config(data) == find_config(inner) == nearer
    assert find_config("hf://owner/name") == find_config() == own
    project.write_text("not = [toml")
    own.unlink()
    assert find_config() is None
    assert load_config(None) == Config()


def _call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return int(str(stopped.value.code)), printed.out, printed.err


def test_the_command_line_names_the_configuration_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"item_id": f"p{i}", "annotator_id": a, "response_id": r, "rank": n}
        for i in range(30)
        for a in "ab"
        for r, n in (("x", 1 + (i % 2)), ("y", 2 - (i % 2)))
    ]
    path = tmp_path / "rankings.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    config = tmp_path / "prefqa.toml"
    config.write_text("[[gate.agreement]]\ncoefficient = 'alpha_nominal'\nmax = 0.5\n")
    code, out, err = _call(capsys, "gate", path)
    assert (code, err) == (1, f"Configuration: {config}\n")
    assert "Gate failed" in out
    code, out, err = _call(capsys, "gate", path, "--isolated")
    assert (code, err) == (0, "")
    assert "Gate passed" in out
    assert _call(capsys, "gate", path, "--exit-zero")[0] == 0
    config.write_text("[gate]\npolicy = 'of'\n")
    code, out, err = _call(capsys, "gate", path)
    assert (code, out) == (2, "")
    assert "gate.policy" in err


def test_fail_on_is_an_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"item_id": "p", "annotator_id": "a", "response_id": "x", "rank": 1}
    path = tmp_path / "gaps.jsonl"
    both = [row | {"annotator_id": a, "response_id": r, "rank": n} for a in "ab" for r, n in (("x", 1), ("y", 3))]
    path.write_text("\n".join(map(json.dumps, both)))
    assert _call(capsys, "check", path)[0] == 0
    assert _call(capsys, "check", path, "--fail-on", "warning")[0] == 1
    assert _call(capsys, "check", path, "--fail-on", "warning", "--exit-zero")[0] == 0


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_init_writes_a_configuration_under_which_its_own_data_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    campaign = prefqa.simulate(n_items=200, seed=5, texts=False, spammers=share)
    campaign.preferences.judgments.collect().write_parquet(tmp_path / "rankings.parquet")
    monkeypatch.chdir(tmp_path)
    code, out, _ = _call(capsys, "init", "rankings.parquet")
    assert (code, out) == (0, "wrote prefqa.toml: prefqa run rankings.parquet -o out uses it\n")
    written = load_config("prefqa.toml")
    assert written.read.expect.columns
    found = prefqa.run("rankings.parquet", config=written)
    assert found.gate.lines.filter(name="findings of severity error")["verdict"].item() == "pass"
    if written.gate.agreement:
        assert found.gate.lines.filter(name="alpha_nominal")["verdict"].item() == "pass"
    else:
        assert "may be chance" in Path("prefqa.toml").read_text()
    code, _, err = _call(capsys, "init", "rankings.parquet")
    assert (code, "prefqa.toml exists" in err) == (2, True)


NEEDED = {
    "run": ("-o", "out"),
    "convert": ("-o", "out.parquet"),
    "report": ("-o", "r.html"),
    "watch": ("--state", "s"),
    "relabel": ("--budget", "1"),
}
WITH_INPUT = [
    name
    for name, command in cli.cli.commands.items()
    if any(one.name == "source" for one in command.params) and any(one.name == "config" for one in command.params)
]


@pytest.mark.parametrize("command", WITH_INPUT)
def test_every_command_uses_the_configuration_beside_its_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    data = tmp_path / "Größen"
    data.mkdir()
    (data / "rankings.csv").write_text("item_id,annotator_id,response_id,rank\np,a,x,1\np,a,y,2\n")
    (data / "prefqa.toml").write_text("[gate]\npolicy = 'of'\n")
    monkeypatch.chdir(tmp_path)
    code, out, err = _call(capsys, command, data / "rankings.csv", *NEEDED.get(command, ()))
    assert (code, out) == (2, "")
    assert f"Configuration: {Path('Größen', 'prefqa.toml')}\n" in err
    assert "gate.policy" in err
