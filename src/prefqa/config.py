"""The configuration: what stands in prefqa.toml, read and checked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from prefqa.errors import ConfigError, nearest

Severity = Literal["error", "warning", "info"]
Share = Annotated[float, Field(ge=0, le=1)]
PartShare = Annotated[float, Field(ge=0, lt=1)]
Level = Annotated[float, Field(gt=0, lt=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectConfig(_Table):
    """[read.expect]: what an earlier reading found; a source that differs is refused."""

    columns: tuple[str, ...] = ()
    votes: dict[str, str] = Field(default_factory=dict)
    scales: dict[str, tuple[float, float]] = Field(default_factory=dict)


class ScaleConfig(_Table):
    """[read.votes] scale: which numbers of a graded vote stand for the ends and for a tie."""

    first: float
    second: float
    tie: float | None = None


class ReadConfig(_Table):
    """[read]: how the input is read, and where the key stands for other names of its annotators."""

    shape: str = "auto"
    format: str = "auto"
    settings: str | None = None
    ranks: Literal["given", "order"] = "given"
    models: Literal["without", "with", "only"] = "without"
    votes: dict[str, ScaleConfig | Literal["first", "second", "tie", "both_bad", "missing"]] = Field(
        default_factory=dict
    )
    annotators: tuple[str, ...] = ()
    gives: Literal["votes", "ranks", "scores", "labels"] | None = None
    missing: tuple[float | str, ...] = ()
    ranks_from: Literal[0, 1] | None = None
    ranking: Literal["ranks", "order"] | None = None
    higher: Literal["better", "worse"] | None = None
    pair_values: Literal["texts", "names"] | None = None
    winner: Literal["side", "name"] | None = None
    annotator_from: Literal["file"] | None = None
    buckets: tuple[str, ...] | None = None
    separator: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    time_format: str | None = None
    expect: ExpectConfig = ExpectConfig()
    pseudonymise: str | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the keys as arguments of `prefqa.read`."""
        given = self.model_dump(exclude={"pseudonymise"}, exclude_none=True)
        if not any(given["expect"].values()):
            del given["expect"]
        return given


class SliceConfig(_Table):
    """[[checks.slices]]: where some rules are not asked."""

    where: str
    ignore: tuple[str, ...]


class ChecksConfig(_Table):
    """[checks]: which rules run, and how heavy each is."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    max_examples: Annotated[int, Field(ge=0, le=1000)] = 5
    severity: dict[str, Severity] = Field(default_factory=dict)
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    slices: tuple[SliceConfig, ...] = ()
    baseline: str | None = None


class AgreementConfig(_Table):
    """[agreement]: which coefficients, by which slices."""

    target: tuple[str, ...] | None = None
    coefficients: tuple[str, ...] | Literal["all"] | None = None
    by: tuple[str, ...] = ()
    level: Level = 0.95
    orientation: str = "symmetric"
    inference: str = "items+annotators"
    weights: str | None = None
    categories: tuple[float | str, ...] | None = None
    method: str = "jackknife"
    n_replicates: int = 1000
    seed: int = 0


class ConsensusConfig(_Table):
    """[consensus]: how pairs are made."""

    method: str = "auto"
    select: str = "all"
    min_probability: Share | None = None
    ties: str = "keep"
    margin: str = "logit"
    test_share: PartShare = 0.0
    validation_share: PartShare = 0.0
    split_seed: int = 0

    @model_validator(mode="after")
    def _some_to_train_on(self) -> ConsensusConfig:
        if self.test_share + self.validation_share >= 1:
            raise ValueError("test_share and validation_share leave nothing to train on")
        return self


class LabelsConfig(_Table):
    """[labels]: how labels are combined."""

    method: str = "dawid-skene"
    smoothing: Annotated[float, Field(ge=0)] = 6.0


class LeaderboardConfig(_Table):
    """[leaderboard]: which names are ranked across items; by "auto" the models, where there is a column of them."""

    by: str = "auto"
    ties: str = "half"


class DriftConfig(_Table):
    """[drift]: how periods are cut and compared."""

    time: str | None = None
    every: str | None = None
    version: str | None = None
    batch: str | None = None
    reference: str | None = None
    features: tuple[str, ...] | None = None
    strata: tuple[str, ...] | None = None
    cluster: str | None = None
    alpha: Level = 0.05
    max_correlation: Level = 0.7
    max_alike: Level = 0.3


class AgreementGate(_Table):
    """[[gate.agreement]]: a floor or ceiling for a coefficient, on its estimate or the bound of its interval."""

    coefficient: str
    target: str | None = None
    min: float | None = None
    max: float | None = None
    on: Literal["estimate", "ci_low", "ci_high"] = "estimate"
    slice: str | None = None

    @model_validator(mode="after")
    def _one_threshold(self) -> AgreementGate:
        if (self.min is None) == (self.max is None):
            raise ValueError("give either min or max")
        return self


class FindingsGate(_Table):
    """[[gate.findings]]: how much of a finding is tolerated."""

    code: str
    max_count: Annotated[int, Field(ge=0)] | None = None
    max_share: Share | None = None

    @model_validator(mode="after")
    def _one_threshold(self) -> FindingsGate:
        if (self.max_count is None) == (self.max_share is None):
            raise ValueError("give either max_count or max_share")
        return self


class DriftGate(_Table):
    """[gate.drift]: whether an alarm fails the gate."""

    alarm: Literal["fail", "ignore"] = "ignore"


class GateConfig(_Table):
    """[gate]: what fails the run."""

    fail_on: Literal["error", "warning", "info", "never"] = "error"
    allow_inconclusive: bool = False
    agreement: tuple[AgreementGate, ...] = ()
    findings: tuple[FindingsGate, ...] = ()
    drift: DriftGate = DriftGate()


class Config(_Table):
    """All of prefqa.toml; what is not said has the value that stands here."""

    read: ReadConfig = ReadConfig()
    columns: dict[str, str | tuple[str, ...] | Literal[False]] = Field(default_factory=dict)
    checks: ChecksConfig = ChecksConfig()
    agreement: AgreementConfig = AgreementConfig()
    consensus: ConsensusConfig = ConsensusConfig()
    labels: LabelsConfig = LabelsConfig()
    leaderboard: LeaderboardConfig = LeaderboardConfig()
    drift: DriftConfig = DriftConfig()
    gate: GateConfig = GateConfig()


def load_config(path: str | Path | None) -> Config:
    """Read a configuration file; None gives the defaults.

    Raises:
        ConfigError: a file that cannot be read, is not TOML, or has an unknown key or impossible value.
    """
    if path is None:
        return Config()
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(error.strerror or str(error), path=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not TOML: {error}", path=path) from error
    return parse_config(table, path)


def parse_config(table: dict[str, Any], path: str | Path | None = None) -> Config:
    """Check a configuration given as a dict."""
    try:
        return Config.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(_explain(first["msg"], first["type"], first["loc"]), path=path, key=key) from error


def _explain(message: str, kind: str, place: tuple[int | str, ...]) -> str:
    if kind != "extra_forbidden":
        return message.removeprefix("Value error, ")
    model: Any = Config  # the table that the place leads to
    for part in place[:-1]:
        if isinstance(part, str) and part in getattr(model, "model_fields", {}):
            inner = model.model_fields[part].annotation
            arguments = getattr(inner, "__args__", ())
            model = next((a for a in (inner, *arguments) if isinstance(a, type) and issubclass(a, BaseModel)), None)
    known = list(getattr(model, "model_fields", {}))
    close = nearest(str(place[-1]), known)
    return f"unknown key {place[-1]!r}" + (
        f"; did you mean {close!r}?" if close else f"; there are: {', '.join(known)}"
    )
