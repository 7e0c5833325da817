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
Seed = Annotated[int, Field(ge=0, lt=2**63)]
#: A value of scores that stands for no answer may be NaN, too.
AnyNumber = Annotated[float, Field(allow_inf_nan=True)]
#: Bytes of a configuration.
_MOST_BYTES = 20_000_000


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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


class GradedVoteConfig(_Table):
    """[read.votes] a value that says by how much the one response is better."""

    vote: Literal["first", "second"]
    strength: float = Field(gt=0, allow_inf_nan=False)


class ReadConfig(_Table):
    """[read]: how the input is read, and where the key stands for other names of its annotators."""

    shape: str = "auto"
    format: str = "auto"
    settings: str | None = None
    ranks: Literal["given", "order"] = "given"
    models: Literal["without", "with", "only"] = "without"
    votes: dict[str, ScaleConfig | GradedVoteConfig | Literal["first", "second", "tie", "both_bad", "missing"]] = Field(
        default_factory=dict
    )
    annotators: tuple[str, ...] = ()
    gives: Literal["votes", "ranks", "scores", "labels"] | None = None
    missing: tuple[AnyNumber | str, ...] = ()
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
    n_replicates: Annotated[int, Field(ge=2, le=1_000_000)] = 1000
    seed: Seed = 0


class ConsensusConfig(_Table):
    """[consensus]: how pairs are made."""

    method: str = "auto"
    criterion: str | None = None
    select: str = "all"
    min_probability: Share | None = None
    ties: str = "keep"
    margin: str = "logit"
    test_share: PartShare = 0.0
    validation_share: PartShare = 0.0
    split_seed: Seed = 0

    @model_validator(mode="after")
    def _some_to_train_on(self) -> ConsensusConfig:
        if self.test_share + self.validation_share >= 1:
            raise ValueError("test_share and validation_share leave nothing to train on")
        return self


class CriteriaConfig(_Table):
    """[criteria]: which criterion is the overall vote, and how the others are put beside it."""

    overall: str | None = None
    names: tuple[str, ...] | None = None
    item: str | None = None
    values: Literal["votes", "scores"] = "votes"
    max_probability: Share = 0.05


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
        threshold = self.max if self.min is None else self.min
        if threshold is not None and not -1 <= threshold <= 1:
            raise ValueError(f"{threshold:g} is no value of a coefficient; give a number from -1 to 1, such as 0.6")
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
    """[gate.drift]: what a drift alarm does; "warn" is the default policy."""

    alarm: Literal["fail", "warn", "ignore"] = "warn"


class GateConfig(_Table):
    """[gate]: what fails the run."""

    policy: Literal["default", "strict", "off"] = "default"
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
    criteria: CriteriaConfig = CriteriaConfig()
    labels: LabelsConfig = LabelsConfig()
    leaderboard: LeaderboardConfig = LeaderboardConfig()
    drift: DriftConfig = DriftConfig()
    gate: GateConfig = GateConfig()


def find_config(source: str | Path | None = None) -> Path | None:
    """Return the nearest configuration: prefqa.toml, or a pyproject.toml with [tool.prefqa].

    It is looked for in the folder of `source`, where that is a path that exists, else in the working folder, and in
    the folders above. A prefqa.toml comes before a pyproject.toml of the same folder.
    """
    start = Path.cwd()
    if source is not None and (path := Path(source)).exists():
        start = path.resolve() if path.is_dir() else path.resolve().parent
    for folder in (start, *start.parents):
        if (own := folder / "prefqa.toml").is_file():
            return own
        if (project := folder / "pyproject.toml").is_file() and _tool_table(project) is not None:
            return project
    return None


def _tool_table(path: Path) -> dict[str, Any] | None:
    """Return [tool.prefqa] of a pyproject.toml; None where there is none or the file cannot be read."""
    try:
        tools = _toml(path).get("tool")
    except ConfigError:
        return None
    table = tools.get("prefqa") if isinstance(tools, dict) else None
    return table if isinstance(table, dict) else None


def _toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises:
        ConfigError: a file that cannot be read, is too large, nested too deeply, or no TOML.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise ConfigError(f"more than {_MOST_BYTES:,} bytes, too large for a configuration", path=path)
        return tomllib.loads(raw.decode("utf-8").replace("\r\n", "\n"))
    except OSError as error:
        raise ConfigError(error.strerror or str(error), path=path) from error
    except RecursionError as error:
        raise ConfigError("nested too deeply", path=path) from error
    except ValueError as error:  # of TOML, of UTF-8, and of numbers with too many digits
        raise ConfigError(f"not TOML: {error}", path=path) from error


def load_config(path: str | Path | None) -> Config:
    """Read a configuration file, or [tool.prefqa] of a pyproject.toml; None gives the defaults.

    Raises:
        ConfigError: a file that cannot be read, is not TOML, or has an unknown key or impossible value.
    """
    if path is None:
        return Config()
    table = _toml(Path(path))
    if Path(path).name == "pyproject.toml":
        table = _tool_table(Path(path)) or {}
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
