"""Drift detectors on planted truth: python benchmarks/drift.py [--campaigns N] [--size N ...] [--scenario NAME ...].

Campaigns come from two generators (`--world`): `prefqa.simulate`, and one that shares nothing with it
(drift_worlds.py). `identified` is the share of campaigns with an alarm that changed answers cannot explain,
`confounded` that with an alarm of the whole pool beyond the bounds of the sensitivity analysis, `warned` that with a
warning and no such alarm.

Each scenario is drawn many times (see drift_scenarios.py). In a silent one the share of alarms is the family-wise
false-alarm rate; in the others it is the power, an alarm dated before the change by more than two weeks not counting.
`delay`: weeks with changed data until the tool, run at the end of each week on all data so far, alarms. `date error`:
weeks between the date it gives and the change. `named`: share of alarms that name what changed. Results are appended to
a JSON Lines file, so that it can run in parts; `--table` prints what is there. Peers: see drift_peers.py. The tool
"watch" is the sequential gate, with a look per week: `--tools watch --weeks 50 --size 6000` are fifty looks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import polars as pl

import drift_peers
import prefqa
from drift_scenarios import SCENARIOS, SILENT, Scenario
from drift_worlds import World
from prefqa.simulate import START, Simulation

EARLY = 2  # weeks before the change that an alarm may be dated and still count as seeing it
KEYS = ("world", "scenario", "size", "responses", "weeks", "seed")
GRADES = ("identified", "confounded", "warned")


def ours(
    campaign: Simulation | World, *, delays: bool
) -> tuple[drift_peers.Said, set[str], int | None, dict[str, bool]]:
    """Run `prefqa.drift` on the whole campaign and, for the delay, on growing beginnings of it."""
    prefs = campaign.preferences
    found = prefqa.drift(prefs, every="1w")
    changes = found.changes
    of_pool = changes.filter(grade="confounded")
    grades = {
        "identified": bool(changes.filter("alarm", grade="identified").height),
        "confounded": bool(of_pool["alarm"].any()),
        "warned": bool(of_pool.height) and not of_pool["alarm"].any(),
    }
    if not found.alarm:
        return drift_peers.Said(None), set(), None, grades
    alarms = changes.filter("alarm")
    first = alarms.sort("p_adjusted", nulls_last=True).row(0, named=True)
    said = {str(value) for row in alarms.iter_rows(named=True) for value in (row["what"], row["driver"]) if value}
    since = None if first["since"] is None else (date.fromisoformat(first["since"][:10]) - START.date()).days // 7
    week = None
    if delays and campaign.truth.drifts.height:
        week = _first_alarm(campaign)
    return drift_peers.Said(0, since, first["what"]), said, week, grades


def watched(campaign: Simulation | World) -> drift_peers.Said:
    """Run `prefqa.watch`, a look per week."""
    with tempfile.TemporaryDirectory() as folder:
        found = prefqa.watch(campaign.preferences, Path(folder) / "state.json", every="1w")
    if not found.alarm:
        return drift_peers.Said(None)
    week = int((found.looks["e_value"] >= found.threshold).arg_max())  # type: ignore[arg-type]
    since = None if found.since is None else (date.fromisoformat(found.since) - START.date()).days // 7
    return drift_peers.Said(week, since, found.what)


def _first_alarm(campaign: Simulation | World) -> int | None:
    prefs, truth = campaign.preferences, campaign.truth
    change, weeks = _change(truth.drifts), int(truth.settings["weeks"])
    for week in range(change, weeks):
        end = pl.lit(START) + pl.duration(weeks=week + 1)
        if prefqa.drift(prefs.with_judgments(prefs.judgments.filter(pl.col("created_at") < end)), every="1w").alarm:
            return week
    return None


def _change(drifts: pl.DataFrame) -> int | None:
    if drifts.is_empty():
        return None
    return int((drifts["since"].min() - START).days // 7)  # type: ignore[operator]


def one(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Draw one campaign and ask every tool."""
    scenario: Scenario = SCENARIOS[task["scenario"]]
    campaign = scenario.draw(task["seed"], task["size"], task["responses"], task["weeks"], task["world"])
    change, rows = _change(campaign.truth.drifts), []
    people = {
        name
        for drift in campaign.truth.drifts.iter_rows(named=True)
        if drift["changes_rule"] and len(drift["annotators"]) <= task["annotators_named"]
        for name in drift["annotators"]
    }
    rest = {key: task[key] for key in KEYS}
    if "prefqa" in task["tools"]:
        began = time.perf_counter()
        said, words, week, grades = ours(campaign, delays=task["delays"])
        name = f"prefqa {task['label']}".strip()
        rows.append(_row(rest | {"tool": name}, scenario, change, said, words, people, week, began) | grades)
    if "watch" in task["tools"]:
        began = time.perf_counter()
        said = watched(campaign)
        name = f"prefqa watch {task['label']}".strip()
        rows.append(_row(rest | {"tool": name}, scenario, change, said, {said.what or ""}, people, said.week, began))
    if "peers" in task["tools"]:
        frame = drift_peers.judgments(campaign.preferences)
        for name, run in drift_peers.available().items():
            began = time.perf_counter()
            said = run(frame)
            rows.append(
                _row(rest | {"tool": name}, scenario, change, said, {said.what or ""}, people, said.week, began)
            )
    return rows


def _row(
    rest: dict[str, Any],
    scenario: Scenario,
    change: int | None,
    said: drift_peers.Said,
    words: set[str],
    people: set[str],
    week: int | None,
    began: float,
) -> dict[str, Any]:
    """Judge what a tool said: a change of one annotator is named by this annotator's name."""
    alarm = said.week is not None
    row: dict[str, Any] = rest | {"alarm": alarm, "since": said.since, "what": said.what, "seconds": None}
    row["seconds"] = round(time.perf_counter() - began, 3)
    if change is None or not scenario.names or not alarm or said.since is None:
        return row | {"hit": False if scenario.names else None}
    hit = said.since >= change - EARLY
    named = any(any(name in word for word in words) for name in (people or scenario.names))
    return row | {
        "hit": hit,
        "delay": None if week is None or week < change else week - change + 1,
        "error": abs(said.since - change),
        "named": named,
    }


def table(path: Path) -> None:
    """Print false alarms of silent scenarios, and power, delay, date error and names of the others, per size."""
    rows = pl.read_ndjson(path, infer_schema_length=None)
    rows = rows.unique(["tool", *KEYS], keep="last")
    order = {name: at for at, name in enumerate(SCENARIOS)}
    keys = ("world", "size", "responses", "weeks")
    for (world, size, responses, weeks), part in sorted(rows.group_by(*keys), key=lambda pair: pair[0]):
        tools = sorted(part["tool"].unique(), key=lambda name: (not name.startswith("prefqa"), name))
        print(f"\n{world}, {size:,} judgments of {responses} responses in {weeks} weeks: alarms by grade, warnings\n")
        _graded(part, order)
        print("\nShare of campaigns with an alarm\n")
        print("| must stay silent | campaigns | " + " | ".join(tools) + " |\n" + "|" + " --- |" * (2 + len(tools)))
        for name in sorted(set(part["scenario"]) & set(SILENT), key=order.__getitem__):
            here = part.filter(pl.col("scenario") == name)
            cells = [_share(here.filter(pl.col("tool") == tool), "alarm") for tool in tools]
            print(f"| {name} | {here['seed'].n_unique()} | " + " | ".join(cells) + " |")
        print("\nPower / delay (weeks, mean) / date error (weeks, median) / named\n")
        print("| must alarm | campaigns | " + " | ".join(tools) + " |\n" + "|" + " --- |" * (2 + len(tools)))
        for name in sorted(set(part["scenario"]) - set(SILENT), key=order.__getitem__):
            here = part.filter(pl.col("scenario") == name)
            cells = [_seen(here.filter(pl.col("tool") == tool)) for tool in tools]
            print(f"| {name} | {here['seed'].n_unique()} | " + " | ".join(cells) + " |")


def _graded(part: pl.DataFrame, order: dict[str, int]) -> None:
    """Print how often each scenario had an identified alarm, a confounded one, and a warning."""
    graded = part.filter(pl.col("identified").is_not_null()) if "identified" in part.columns else part.head(0)
    print("| scenario | campaigns | " + " | ".join(GRADES) + " |\n" + "|" + " --- |" * (2 + len(GRADES)))
    for name in sorted(set(graded["scenario"]), key=order.__getitem__):
        here = graded.filter(pl.col("scenario") == name)
        print(f"| {name} | {here.height} | " + " | ".join(_share(here, grade) for grade in GRADES) + " |")


def _share(rows: pl.DataFrame, column: str) -> str:
    return "" if rows.is_empty() else f"{rows[column].cast(pl.Float64).mean():.3f}".replace("0.", ".", 1)


def _seen(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return ""
    hits = rows.filter("hit")
    figures = [hits.select(pl.col(name).cast(pl.Float64)).to_series() for name in ("delay", "error", "named")]
    shown = [_number(figures[0].mean()), _number(figures[1].median()), _number(figures[2].mean(), 2)]
    return " / ".join([_share(rows, "hit"), *shown])


def _number(value: object, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _done(path: Path, label: str) -> Iterator[tuple[Any, ...]]:
    """What the file holds already: (prefqa or peers, label, scenario, size, responses, weeks, seed)."""
    if path.exists():
        ours_names = {f"prefqa {label}".strip(): "prefqa", f"prefqa watch {label}".strip(): "watch"}
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            tool = ours_names.get(row["tool"], "" if row["tool"].startswith("prefqa") else "peers")
            yield (tool, label, *(row[key] for key in KEYS))


def main() -> None:
    """Run campaigns that are not in the file yet, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--size", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--scenario", nargs="+", default=list(SCENARIOS), help="names, or: silent, alarming")
    parser.add_argument("--world", nargs="+", default=["prefqa", "thurstone"], choices=["prefqa", "thurstone"])
    parser.add_argument("--responses", type=int, default=4)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument(
        "--tools", nargs="+", default=["prefqa", "watch", "peers"], choices=["prefqa", "watch", "peers"]
    )
    parser.add_argument("--label", default="", help="what to call this version of prefqa in the table")
    parser.add_argument("--delays", type=int, default=20, help="campaigns for which prefqa's delay is measured")
    parser.add_argument("--out", type=Path, default=Path("drift-benchmark.jsonl"))
    parser.add_argument("--table", action="store_true", help="print the table of the file and run nothing")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.table:
        table(options.out)
        return
    groups = {"silent": list(SILENT), "alarming": [name for name in SCENARIOS if name not in SILENT]}
    names = [name for given in options.scenario for name in groups.get(given, [given])]
    unknown = [name for name in names if name not in SCENARIOS]
    if unknown:
        sys.exit(f"no scenario is called {unknown[0]!r}; there are: {', '.join(SCENARIOS)}")
    shape = (options.responses, options.weeks)
    done = set(_done(options.out, options.label))
    tasks: list[dict[str, Any]] = [
        {
            "world": world,
            "scenario": name,
            "size": size,
            "responses": options.responses,
            "weeks": options.weeks,
            "seed": seed,
            "tools": [
                tool for tool in options.tools if (tool, options.label, world, name, size, *shape, seed) not in done
            ],
            "label": options.label,
            "delays": seed < options.first_seed + options.delays,
            "annotators_named": 1,
        }
        for world in options.world
        for size in options.size
        for name in names
        for seed in range(options.first_seed, options.first_seed + options.campaigns)
    ]
    tasks = [task for task in tasks if task["tools"]]
    with (
        ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool,
        options.out.open("a", encoding="utf-8") as out,
    ):
        for rows in pool.map(one, tasks):
            out.writelines(json.dumps(row) + "\n" for row in rows)
            out.flush()
    table(options.out)


if __name__ == "__main__":
    main()
