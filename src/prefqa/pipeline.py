"""The main job: read, check, agreement, drift, consensus, gate; and its files, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

import polars as pl

from prefqa.agreement import AgreementResult, DisagreementResult, agreement, disagreement
from prefqa.checks import CheckResult
from prefqa.config import Config, load_config, parse_config
from prefqa.consensus import ConsensusResult, Method, consensus
from prefqa.consensus.pairs import Select, Ties
from prefqa.drift import DriftResult, drift
from prefqa.errors import ConfigError, UsageError
from prefqa.gate import GateResult, gate
from prefqa.lint import check
from prefqa.preferences import Preferences, Source
from prefqa.readers import read, readable
from prefqa.results import Result
from prefqa.writers.atomic import staged_directory, write_json, write_jsonl, write_parquet, write_text

#: Called with the name of each step as it begins.
Progress = Callable[[str], None]
STEPS = ("read", "check", "agreement", "drift", "consensus", "gate")
#: Columns of pairs.jsonl, in the order in which trainers' users read them.
JSONL_COLUMNS = (
    "prompt",
    "chosen",
    "rejected",
    "item_id",
    "chosen_id",
    "rejected_id",
    "probability",
    "margin",
    "n_votes",
    "agreement",
)


@dataclass(frozen=True)
class RunResult(Result):
    """Everything one run found; `pairs` are the consensus pairs under the configuration's selection."""

    source: Source
    check: CheckResult
    agreement: AgreementResult
    disagreement: DisagreementResult
    drift: DriftResult
    consensus: ConsensusResult
    pairs: pl.DataFrame
    gate: GateResult
    settings: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the content of summary.json."""
        checked = self.check.to_dict()
        return {
            "prefqa": version("prefqa"),
            "source": {
                "origin": Path(self.source.origin).name,
                "shape": self.source.shape,
                "detail": self.source.detail,
            },
            "gate": self.gate.to_dict(),
            "check": checked,
            "agreement": self.agreement.to_dict(),
            "disagreement": self.disagreement.to_dict(),
            "drift": self.drift.to_dict(),
            "consensus": {"overall": self.consensus.overall | {"n_pairs": self.pairs.height}},
            "settings": self.settings,
        }

    def write_files(self, out: str | Path, *, html: str | None = None) -> None:
        """Write all files of the run into the directory `out`: all of them, or none.

        `html` is the report, which `prefqa.report` makes; without it no report.html is written.
        """
        with staged_directory(out) as stage:
            write_json(stage / "summary.json", self.to_dict())
            write_json(stage / "findings.json", self.check.to_dict())
            write_parquet(stage / "consensus.parquet", self.consensus.responses)
            write_parquet(stage / "pairs.parquet", self.pairs)
            write_jsonl(stage / "pairs.jsonl", trainer_rows(self.pairs))
            write_parquet(stage / "annotators.parquet", self.consensus.annotators)
            write_parquet(stage / "quarantine.parquet", self.check.quarantine)
            if html is not None:
                write_text(stage / "report.html", html)


def run(
    source: Any, *, config: Config | dict[str, Any] | str | Path | None = None, progress: Progress | None = None
) -> RunResult:
    """Do the main job on a path, glob, frame or dataset, or on Preferences.

    Args:
        source: what `prefqa.read` takes, or Preferences.
        config: a `Config`, a dict of its tables, or the path of a prefqa.toml.
        progress: called with the name of each step.

    Raises:
        PrefqaError: the input or the configuration cannot be used; the message says where and why.
    """
    settings = _config(config)
    say = progress or (lambda _step: None)
    say("read")
    prefs = (
        source
        if isinstance(source, Preferences)
        else read(source, columns=settings.columns or None, shape=settings.read.shape, format=settings.read.format)
    )
    with readable(prefs.source.files):
        return _measured(prefs, settings, say)


def _measured(prefs: Preferences, settings: Config, say: Progress) -> RunResult:
    say("check")
    checked = check(prefs, **settings.checks.model_dump())
    clean = checked.preferences
    say("agreement")
    agreed = agreement(clean, **settings.agreement.model_dump())
    divided = disagreement(clean, level=settings.agreement.level)
    say("drift")
    drifted = drift(clean, **settings.drift.model_dump())
    say("consensus")
    found = consensus(clean, method=_one_of("consensus.method", settings.consensus.method, get_args(Method)))
    pairs = found.pairs(
        _one_of("consensus.select", settings.consensus.select, get_args(Select)),
        min_probability=settings.consensus.min_probability,
        ties=_one_of("consensus.ties", settings.consensus.ties, get_args(Ties)),
    )
    say("gate")
    verdict = gate(check=checked, agreement=agreed, drift=drifted, config=settings.gate)
    plain = settings.model_dump(mode="json")
    return RunResult(prefs.source, checked, agreed, divided, drifted, found, pairs, verdict, plain)


def trainer_rows(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return pairs as trainers read them: prompt, chosen, rejected (texts, or ids where unknown), then the rest."""
    stand_in = {"prompt": "item_id", "chosen": "chosen_id", "rejected": "rejected_id"}
    texts = [
        pl.coalesce(text, identity).alias(text)
        if pairs.schema.get(text) == pl.String()
        else (pl.col(text) if text in pairs.columns else pl.col(identity).alias(text))
        for text, identity in stand_in.items()
    ]
    return pairs.with_columns(texts).select(JSONL_COLUMNS)


def write_pairs(pairs: pl.DataFrame, path: str | Path) -> None:
    """Write pairs to a .parquet file, or to a .jsonl file as trainers read them."""
    ending = Path(path).suffix.lower()
    if ending == ".parquet":
        write_parquet(path, pairs)
    elif ending in (".jsonl", ".ndjson"):
        write_jsonl(path, trainer_rows(pairs))
    else:
        raise UsageError(f"pairs are written as .parquet or .jsonl, not {ending or 'a file without an ending'}")


def _config(config: Config | dict[str, Any] | str | Path | None) -> Config:
    if isinstance(config, Config):
        return config
    return parse_config(config) if isinstance(config, dict) else load_config(config)


def _one_of(key: str, value: str, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ConfigError(f"{value!r} is not one of {', '.join(map(repr, allowed))}", key=key)
    return value
