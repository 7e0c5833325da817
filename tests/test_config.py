"""The configuration: what is wrong is named with its key and the nearest right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefqa.config import Config, load_config
from prefqa.errors import ConfigError


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "prefqa.toml").write_text("")
    assert load_config(tmp_path / "prefqa.toml") == load_config(None) == Config()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[agreement]\nlevl = 0.9", ["agreement.levl", "did you mean 'level'"]),
        ("[agreemnt]", ["unknown key 'agreemnt'", "did you mean 'agreement'"]),
        ("[agreement]\nlevel = 2", ["agreement.level", "less than 1"]),
        ("[[gate.agreement]]\ncoefficient = 'alpha_nominal'", ["gate.agreement", "either min or max"]),
        ("[[gate.findings]]\ncode = 'PQ101'\nmax_count = 1\nmax_share = 0.1", ["either max_count or max_share"]),
        ("[gate]\nfail_on = 'sometimes'", ["gate.fail_on"]),
        ("this is not toml", ["not TOML", "line 1"]),
    ],
)
def test_a_wrong_config_is_named(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "prefqa.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    for word in ["prefqa.toml", *words]:
        assert word in str(caught.value)


def test_a_config_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.toml")
