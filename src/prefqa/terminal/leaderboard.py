"""What a person reads in the terminal about a leaderboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefqa.terminal.parts import MAX_ROWS, hang, interval, number, say_more, table

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.consensus.leaderboard import LeaderboardResult

#: Figures of intervals stand beside the bars from this width on.
_WIDE = 100
_LEFT_OUT = {
    "n_votes_same_name": "of a name against itself",
    "n_votes_without_name": "without a name",
    "n_votes_without_covariate": "without a covariate",
}


def print_leaderboard(console: Console, found: LeaderboardResult) -> None:
    """Print names with score, interval as figures and as a bar, and the ranks they may have."""
    overall, shown = found.overall, found.leaderboard.head(MAX_ROWS)
    wide = console.width >= _WIDE
    rows = [
        (
            str(row["rank"]),
            row["name"],
            f"{row['score']:+.2f}",
            *([_between(row)] if wide else []),
            bar,
            "" if row["rank_low"] is None else _from_to(row["rank_low"], row["rank_high"]),
            f"{row['win_rate']:.0%}",
            f"{row['n_votes']:,}",
        )
        for row, bar in zip(shown.iter_rows(named=True), _bars(shown.to_dicts(), 30 if wide else 20), strict=True)
    ]
    sure = f"{found.level * 100:g} % interval"
    head = ("", found.by, "score", *([sure, ""] if wide else [sure]), "ranks", "wins", "votes")
    console.print(table(head, rows, right=(0, 2, len(head) - 2, len(head) - 1), fold=(1,)))
    say_more(console, found.leaderboard.height, "name")
    _covariates(console, found)
    _ties(console, overall["tie_parameter"])
    _annotators(console, found)
    more = " or more" if found.ties == "rao-kupper" else ""
    words = (
        f"{found.n_votes:,} votes ({overall['n_ties']:,} ties) on {found.n_items:,} items by "
        f"{overall['n_annotators']:,} annotators. Score: log odds against the average; +1 wins 73 %{more} against 0. "
        "Ranks: those that cannot be excluded. Wins: with half the ties."
    )
    hang(console, None, words, style="dim")
    hang(console, None, f"Method: {found.method}.", style="dim")
    for key, words in _LEFT_OUT.items():
        if overall[key]:
            hang(console, None, f"{overall[key]:,} votes {words} left out.", style="yellow")
    if overall["reason"]:
        hang(console, None, f"No intervals: {overall['reason']}.", style="yellow")
    for warning in found.warnings:
        hang(console, None, f"Note: {warning}.", style="yellow")


def _bars(rows: list[dict[str, Any]], width: int) -> list[str]:
    """Each interval as a line with its score as a dot, all on one scale; a bar marks the mean of all scores."""
    low = float(min(row["score"] if row["ci_low"] is None else row["ci_low"] for row in rows))
    high = float(max(row["score"] if row["ci_high"] is None else row["ci_high"] for row in rows))
    span = max(high - low, 1e-9)

    def at(value: float) -> int:
        return int((min(max(value, low), high) - low) / span * (width - 1) + 0.5)

    bars = []
    for row in rows:
        cells = [" "] * width
        if low <= 0 <= high:
            cells[at(0.0)] = "│"
        if row["ci_low"] is not None:
            begin, end = at(row["ci_low"]), at(row["ci_high"])
            cells[begin : end + 1] = "─" * (end + 1 - begin)
        cells[at(row["score"])] = "●"
        bars.append("".join(cells))
    return bars


def _covariates(console: Console, found: LeaderboardResult) -> None:
    rows = [
        (
            row["covariate"],
            number(row["coefficient"]),
            interval(row["ci_low"], row["ci_high"]),
            f"{row['sd']:.4g}",
            f"{row['odds_per_unit']:.6g}",
        )
        for row in found.covariates.iter_rows(named=True)
    ]
    if rows:
        head = ("held equal", "log odds per sd", f"{found.level * 100:g} %", "sd", "odds per unit")
        console.print(table(head, rows, right=(1, 3, 4), fold=(0,)))


def _ties(console: Console, parameter: dict[str, Any] | None) -> None:
    if parameter is not None:
        between = interval(parameter["ci_low"], parameter["ci_high"])
        beside = f" ({between})" if between else f" ({parameter['reason']})" if parameter["reason"] else ""
        hang(console, None, f"Tie parameter {parameter['name']} {number(parameter['estimate'])}{beside}.")


def _annotators(console: Console, found: LeaderboardResult) -> None:
    if found.annotators.is_empty():
        return
    worst = found.annotators.sort("reliability", "annotator_id").head(10)
    rows = [
        (
            row["annotator_id"],
            number(row["reliability"]),
            interval(row["ci_low"], row["ci_high"]),
            f"{row['n_votes']:,}",
            "below chance" if row["below_chance"] else "",
        )
        for row in worst.iter_rows(named=True)
    ]
    head = ("least reliable annotators", "reliability", f"{found.level * 100:g} %", "votes", "")
    console.print(table(head, rows, right=(1, 3), fold=(0,)))


def _between(row: dict[str, Any]) -> str:
    return "" if row["ci_low"] is None else f"{row['ci_low']:+.2f} to {row['ci_high']:+.2f}"


def _from_to(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low}–{high}"
