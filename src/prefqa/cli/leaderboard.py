"""The command that ranks models, or other names, by all votes between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    clean,
    config_option,
    format_option,
    input_argument,
    settings_of,
    show_result,
)

if TYPE_CHECKING:
    from prefqa.consensus.leaderboard import LeaderboardResult


#: The rule that leaves out votes on a response and itself.
_AGAINST_ITSELF = "PQ123"


@click.command(epilog=EPILOG)
@input_argument
@click.option("--by", default="response_id", show_default=True, help="Column with the names, such as model.")
@click.option(
    "--ties",
    type=click.Choice(["half", "davidson", "rao-kupper"]),
    default="half",
    show_default=True,
    help="Half a vote for either side, or a model of how common ties are.",
)
@click.option(
    "--covariate", "covariates", multiple=True, help="Hold equal: length, position, a numeric column (repeatable)."
)
@click.option(
    "--annotators",
    type=click.Choice(["equal", "weighted"]),
    default="equal",
    show_default=True,
    help="Weigh annotators by a reliability that is estimated too.",
)
@click.option("--annotator-kind", type=click.Choice(["human", "model"]), help="Count only judgments of this kind.")
@click.option("--prior-sd", type=click.FloatRange(0, min_open=True), help="Normal prior on scores (default none).")
@click.option(
    "--inference",
    type=click.Choice(["items", "items+annotators", "model"]),
    default="items",
    show_default=True,
    help="Over what intervals speak; model: inverse information.",
)
@click.option(
    "--method",
    type=click.Choice(["sandwich", "bootstrap"]),
    default="sandwich",
    show_default=True,
    help="How intervals are made.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the bootstrap.")
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Confidence level.",
)
@config_option
@format_option
def leaderboard(source: str, config: str | None, as_: str, **given: Any) -> int:
    """Rank models by all votes between them, with intervals of scores and ranks."""
    from prefqa.consensus.leaderboard import leaderboard as rank

    prefs, left_out = clean(source, settings_of(config, source), "rank")
    result = _with_own(rank(prefs, **given), left_out.n_judgments(_AGAINST_ITSELF))
    show_result(as_, result.to_dict(), lambda _, console: _terminal().print_leaderboard(console, result), left_out)
    return EXIT_CLEAN


def _with_own(result: LeaderboardResult, n_votes: int) -> LeaderboardResult:
    """Count among the votes of a name against itself those that a rule has left out before."""
    overall = result.overall
    return replace(result, overall=overall | {"n_votes_same_name": overall["n_votes_same_name"] + n_votes})


def _terminal() -> Any:
    from prefqa.terminal import leaderboard as terminal_leaderboard

    return terminal_leaderboard
