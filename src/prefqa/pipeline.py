"""The main job: read, check, agreement, drift, consensus, gate; and its files, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, get_args

import polars as pl

from prefqa.agreement import AgreementResult, DisagreementResult, agreement, disagreement
from prefqa.checks import CheckResult
from prefqa.checks.request import Request
from prefqa.config import Config, ConsensusConfig, LeaderboardConfig, load_config, parse_config
from prefqa.consensus import (
    ConsensusResult,
    CriterionPairs,
    Margin,
    Method,
    PairSet,
    PairSplit,
    Select,
    Ties,
    consensus,
    joined,
)  # fmt: skip
from prefqa.consensus.leaderboard import LeaderboardResult, leaderboard
from prefqa.consensus.leaderboard import Ties as TieModel
from prefqa.criteria import CriteriaResult, criteria, criteria_of, of_criterion, parts_of
from prefqa.drift import DriftResult, drift
from prefqa.errors import ConfigError, UsageError
from prefqa.gate import GateResult, gate
from prefqa.lint import check, with_drift
from prefqa.measured import DRIFT
from prefqa.preferences import Preferences, Source
from prefqa.pseudonyms import key_of, pseudonymise
from prefqa.readers import read, readable
from prefqa.results import Result, records
from prefqa.writers.atomic import staged_directory, write_json, write_parquet, write_text
from prefqa.writers.pair_files import write_pair_file, write_parts

#: Called with the name of each step as it begins.
Progress = Callable[[str], None]
#: Files that a run may write, besides the parts of a split.
FILES = (
    "summary.json", "findings.json", "consensus.parquet", "pairs.parquet", "pairs.jsonl", "annotators.parquet",
    "contradictions.parquet", "quarantine.parquet", "report.html", "prefqa-files.json",
)  # fmt: skip
STEPS = ("read", "check", "agreement", "drift", "consensus", "gate")


@dataclass(frozen=True)
class RunResult(Result):
    """Everything one run found; `pair_set` and its `split` are under the configuration's selection.

    Where responses were compared by several criteria (`criterion_names`), `criteria` is what these say of the overall
    vote, and `criterion` the one that consensus, pairs and leaderboard are of. Without such a one the consensus is of
    all items, and `by_criterion` has the pairs of each criterion for itself (else it is empty); `pair_set` is these
    together.
    """

    source: Source
    check: CheckResult
    agreement: AgreementResult
    disagreement: DisagreementResult
    drift: DriftResult
    consensus: ConsensusResult
    pair_set: PairSet
    split: PairSplit | None
    leaderboard: LeaderboardResult | None
    no_leaderboard: str | None
    gate: GateResult
    settings: dict[str, Any]
    criteria: CriteriaResult | None = None
    criterion_names: tuple[str | None, ...] = ()
    criterion: str | None = None
    by_criterion: tuple[CriterionPairs, ...] = ()

    @property
    def pairs(self) -> pl.DataFrame:
        """The consensus pairs."""
        return self.pair_set.frame

    def to_dict(self) -> dict[str, Any]:
        """Return the content of summary.json."""
        checked = self.check.to_dict()
        reading = checked.pop("reading")
        return {
            "prefqa": version("prefqa"),
            "source": {
                "origin": Path(self.source.origin).name,
                "shape": self.source.shape,
                "detail": self.source.detail,
                "reading": reading,
            },
            "left_out": checked["left_out"],
            "gate": self.gate.to_dict(),
            "check": checked,
            "agreement": self.agreement.to_dict(),
            "disagreement": self.disagreement.to_dict(),
            "drift": self.drift.to_dict(),
            "consensus": {
                "overall": self.consensus.overall | {"n_pairs": self.pair_set.n_pairs},
                "pair_set": self.pair_set.to_dict(),
                "split": self.split and records(self.split.sizes),
                "criterion": self.criterion,
                "by_criterion": [part.to_dict(number) for number, part in enumerate(self.by_criterion, start=1)],
            },
            "criteria": self.criteria and self.criteria.to_dict(),
            "leaderboard": self.leaderboard.to_dict() if self.leaderboard else {"reason": self.no_leaderboard},
            "settings": self.settings,
        }

    def write_files(self, out: str | Path, *, html: str | None = None) -> None:
        """Write all files of the run into the directory `out`: all of them, or none.

        `html` is the report, which `prefqa.report` makes; without it no report.html is written. Where no text of a
        response is known there is no pairs.jsonl (`pair_set.no_file`), nor where the pairs are of several criteria:
        each then has a file of its own (`CriterionPairs.file`). Files that an earlier run wrote into `out`, and this
        one does not, are removed; they are those that prefqa-files.json lists. What a run that was killed has left
        there is finished or undone first (`prefqa.writers.file_sets`).
        """
        with staged_directory(out) as stage:
            write_json(stage / "summary.json", self.to_dict())
            write_json(stage / "findings.json", self.check.to_dict())
            write_parquet(stage / "consensus.parquet", self.consensus.responses)
            write_parquet(stage / "pairs.parquet", self.pair_set.marked)
            _write_pairs(self.pair_set, self.split, stage / "pairs.jsonl")
            for number, part in enumerate(self.by_criterion, start=1):
                _write_pairs(part.pair_set, part.split, stage / part.file(number))
            if self.criteria is not None and self.criteria.reason is None:
                write_parquet(stage / "contradictions.parquet", self.criteria.contradictions)
            write_parquet(stage / "annotators.parquet", self.consensus.annotators)
            write_parquet(stage / "quarantine.parquet", self.check.quarantine)
            if html is not None:
                write_text(stage / "report.html", html)


def _write_pairs(pairs: PairSet, split: PairSplit | None, path: Path) -> None:
    """Write the file for trainers, and its parts, where there is one."""
    if not pairs.no_file:
        write_pair_file(pairs.training, path)
        if split:
            write_parts(split.parts, path)


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
        else read(source, columns=settings.columns or None, **settings.read.arguments())
    )
    if settings.read.pseudonymise:
        prefs = pseudonymise(prefs, key_of(settings.read.pseudonymise))
    with readable(prefs.source.files):
        return _measured(prefs, settings, say)


def _measured(prefs: Preferences, settings: Config, say: Progress) -> RunResult:
    say("check")
    request = Request(**settings.checks.model_dump())
    checked = check(prefs, **settings.checks.model_dump() | {"ignore": (*settings.checks.ignore, *DRIFT)})
    clean = checked.preferences
    say("agreement")
    agreed = agreement(clean, **settings.agreement.model_dump())
    divided = disagreement(clean, level=settings.agreement.level)
    say("drift")
    drifted = drift(clean, **settings.drift.model_dump())
    checked = with_drift(checked, request, drifted, settings.drift.model_dump())
    say("consensus")
    built = consensus_of(clean, settings)
    of_pairs = clean if built.criterion is None else of_criterion(clean, built.criterion)
    board, no_board = _leaderboard(of_pairs, settings.leaderboard)
    say("gate")
    verdict = gate(
        check=checked,
        agreement=agreed,
        disagreement=divided,
        drift=drifted,
        consensus=built.consensus,
        config=settings.gate,
    )
    return RunResult(
        source=prefs.source,
        check=checked,
        agreement=agreed,
        disagreement=divided,
        drift=drifted,
        consensus=built.consensus,
        pair_set=built.pair_set,
        split=built.split,
        leaderboard=board,
        no_leaderboard=no_board,
        gate=verdict,
        settings=settings.model_dump(mode="json"),
        criteria=_criteria(clean, settings, built.names),
        criterion_names=built.names,
        criterion=built.criterion,
        by_criterion=built.by_criterion,
    )


class Built(NamedTuple):
    """The consensus and its pairs: of `criterion`, or of all items; `by_criterion` where each has its own pairs.

    `names` are the criteria by which responses were compared.
    """

    consensus: ConsensusResult
    pair_set: PairSet
    split: PairSplit | None
    names: tuple[str | None, ...]
    criterion: str | None = None
    by_criterion: tuple[CriterionPairs, ...] = ()


def consensus_of(prefs: Preferences, settings: Config) -> Built:
    """Return the consensus and its pairs under a configuration.

    Of several criteria the one under [consensus] criterion is taken, else the overall vote where one is known. Without
    it each criterion has pairs of its own, fitted to its judgments alone.

    Raises:
        UsageError: nothing was compared by the criterion that is asked for.
    """
    method = _one_of("consensus.method", settings.consensus.method, get_args(Method))
    names = criteria_of(prefs)
    parts = parts_of(names, settings.consensus.criterion, settings.criteria.overall)
    if parts == "all" or len(parts) == 1:
        criterion = None if parts == "all" else parts[0]
        found = consensus(prefs if criterion is None else of_criterion(prefs, criterion), method=method)
        return Built(found, *pairs_of(found, settings.consensus), names, criterion)
    each = []
    for name in parts:
        found = consensus(of_criterion(prefs, name), method=method)
        each.append(CriterionPairs(name, found, *pairs_of(found, settings.consensus)))
    whole = joined(each)
    return Built(consensus(prefs, method=method), whole, _split(whole, settings.consensus), names, None, tuple(each))


def _criteria(prefs: Preferences, settings: Config, names: tuple[str | None, ...]) -> CriteriaResult | None:
    """Return what the criteria say of the overall vote; None where there are not several."""
    if len(names) < 2:
        return None
    return criteria(prefs, **settings.criteria.model_dump(), level=settings.agreement.level)


def _leaderboard(prefs: Preferences, settings: LeaderboardConfig) -> tuple[LeaderboardResult | None, str | None]:
    """Return the leaderboard, or why there is none. Only a column of models is taken for names unasked."""
    if settings.by == "none":
        return None, "not asked for"
    columns = {*prefs.columns, *(prefs.responses.columns if prefs.responses is not None else ())}
    if settings.by == "auto" and "model" not in columns:
        return None, "there is no column model; name another under [leaderboard] by, such as response_id"
    by = "model" if settings.by == "auto" else settings.by
    try:
        return leaderboard(prefs, by=by, ties=_one_of("leaderboard.ties", settings.ties, get_args(TieModel))), None
    except UsageError as error:
        if settings.by == "auto":  # what nobody asked for must not stop the run
            return None, str(error)
        raise


def pairs_of(found: ConsensusResult, settings: ConsensusConfig) -> tuple[PairSet, PairSplit | None]:
    """Return the pairs of a consensus under a configuration's selection, and their split where it asks for one."""
    pairs = found.pair_set(
        _one_of("consensus.select", settings.select, get_args(Select)),
        min_probability=settings.min_probability,
        ties=_one_of("consensus.ties", settings.ties, get_args(Ties)),
        margin=_one_of("consensus.margin", settings.margin, get_args(Margin)),
    )
    return pairs, _split(pairs, settings)


def _split(pairs: PairSet, settings: ConsensusConfig) -> PairSplit | None:
    test, validation = settings.test_share, settings.validation_share
    if not test and not validation:
        return None
    return pairs.split(test=test, validation=validation, seed=settings.split_seed)


def _config(config: Config | dict[str, Any] | str | Path | None) -> Config:
    if isinstance(config, Config):
        return config
    return parse_config(config) if isinstance(config, dict) else load_config(config)


def _one_of(key: str, value: str, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ConfigError(f"{value!r} is not one of {', '.join(map(repr, allowed))}", key=key)
    return value
