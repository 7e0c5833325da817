"""Processes killed while they write, and two at once: no reader meets a mix, and the next run leaves nothing behind.

Run: python fuzz/kills.py --kills 200 --steps 60 --pairs 12

Runs are killed (KILL, TERM, INT) at random moments, or right before one of the steps in which they change names in the
folder; each time what stands there must be files of one run alone, and what the list of files says must be true. After
every fourth kill a run is left alone: it must leave exactly its own files, and no temporary ones. A set of small files
is killed before every step, with every signal. Two at once end with the files of one of them, while a reader watches.
Needs a system with fork.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")
# Imported before the forks, to save their time. Polars must not be used before: its threads do not survive a fork.
import altair  # noqa: F401
import jinja2  # noqa: F401
import pandera.polars  # noqa: F401
import scipy.optimize
import scipy.stats  # noqa: F401

import prefqa.cli
from prefqa.errors import ReadError
from prefqa.writers import manifest
from prefqa.writers.atomic import staged_directory

#: What a process does to names in a folder; it may be killed right before each.
STEPS = frozenset(("os.rename", "os.mkdir", "os.remove", "os.rmdir", "fcntl.flock"))
ENDED = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}
_LONGEST_S = 300.0
#: The exit code of what the caller can mend.
REFUSED = 2
#: The job that is killed before every step.
SMALL = "a set of small files"


@dataclass(frozen=True)
class Job:
    """Two runs that write the same place, with the files that each gives; `ends` are the exit codes without a kill."""

    name: str
    work: Callable[[int], object]
    ends: tuple[int, ...] = (0, 1)
    is_state: bool = False
    files: list[dict[str, str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)


def main() -> None:
    """Do the trials, print the counts as a table, and end with 1 if one of them failed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=200, help="kills of commands at random moments")
    options.add_argument("--steps", type=int, default=60, help="kills of commands before a step that changes names")
    options.add_argument("--pairs", type=int, default=12, help="times that two run at once")
    options.add_argument("--jobs", nargs="*", help="names of jobs (default all)")
    options.add_argument("--signals", nargs="*", choices=["KILL", "TERM", "INT"], default=["KILL", "TERM", "INT"])
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    place = Path(tempfile.mkdtemp(prefix="kills-"))
    try:
        signals = [getattr(signal, f"SIG{name}") for name in given.signals]
        trials = Trials(place, random.Random(given.seed), given.jobs, signals)
        failures = trials.run(given.kills, given.steps, given.pairs)
    finally:
        shutil.rmtree(place)
    sys.exit(1 if failures else 0)


class Trials:
    """The trials in one folder, their counts and failures."""

    def __init__(
        self, place: Path, draw: random.Random, names: list[str] | None, signals: list[signal.Signals]
    ) -> None:
        self.place, self.draw, self.signals = place, draw, signals
        self.out, self.temporary = place / "out", place / "tmp"
        self.temporary.mkdir()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.failures: list[str] = []
        if names != [SMALL]:
            in_child(lambda: make_data(place), place / "log")
        self.jobs = [job for job in jobs_of(place, self.out) if not names or job.name in names]

    def run(self, kills: int, steps: int, pairs: int) -> list[str]:
        """Do all trials; return what failed."""
        shared = max(1, sum(job.name != SMALL for job in self.jobs))
        for job in self.jobs:
            self.measure(job)
            self.next(job, 0, "before")
            if job.name == SMALL:
                for step in range(max(job.steps)):
                    for how in self.signals:
                        for which in (0, 1):
                            self.kill(job, which, how, step)
                            self.next(job, self.draw.randrange(2), f"{how.name} before step {step}")
                continue
            trials = [None] * -(-kills // shared) + [
                self.draw.randrange(min(job.steps)) for _ in range(steps // shared)
            ]
            for number, step in enumerate(trials, start=1):
                self.kill(job, self.draw.randrange(2), self.draw.choice(self.signals), step)
                if number % 4 == 0 or number == len(trials):
                    self.next(job, self.draw.randrange(2), "after four kills")
            for _ in range(pairs // shared):
                self.two(job)
            print(job.name, "done", len(self.failures), "failures", flush=True)
        print("| job | trial | outcome | n |\n| --- | --- | --- | --- |")
        for (name, what), n in sorted(self.counts.items()):
            print(f"| {name} | {what} | {n} |")
        print("\n".join([f"{len(self.failures)} failures", *self.failures[:20]]))
        return self.failures

    def measure(self, job: Job) -> None:
        """Run each of the two alone, for its files, its time and the steps that it takes."""
        for which in (0, 1):
            shutil.rmtree(self.out, ignore_errors=True)
            begin = time.monotonic()
            code = self.waited(self.started(job, which))
            job.seconds.append(time.monotonic() - begin)
            if code not in job.ends:
                raise SystemExit(f"{job.name}: exit code {code}\n{self.log()}")
            job.files.append(files_in(self.out))
            self.waited(self.started(job, which, lambda: count_steps(self.out, self.place / "steps")))
            job.steps.append(len((self.place / "steps").read_text()))
            if files_in(self.out) != job.files[-1] and not job.is_state:
                raise SystemExit(f"{job.name}: the same run gives other files")
        if job.is_state:  # what the second run makes of the state of the first is a third content
            shutil.rmtree(self.out)
            for which in (0, 1):
                self.waited(self.started(job, which))
            job.files.append(files_in(self.out))

    def kill(self, job: Job, which: int, how: signal.Signals, step: int | None) -> None:
        """Kill a run, and look at what it left."""
        what = f"{how.name} {'at a random moment' if step is None else 'before a step'}"
        if step is None:
            child = self.started(job, which)
            time.sleep(self.draw.uniform(0, 1.1 * job.seconds[which]))
            os.kill(child, how)
        else:
            child = self.started(job, which, lambda: kill_before(self.out, step, how))
        code = self.waited(child)
        done = code in job.ends or (job.is_state and code == REFUSED)  # it does not take a campaign that got shorter
        # Python has its own handlers only once the command has begun.
        if not done and code not in (ENDED[how], -how):
            self.fail(job, f"{what}: exit code {code}\n{self.log()}")
        seen = self.look(job, what)
        self.counts[job.name, f"{what} | {'had ended' if done else seen}"] += 1

    def two(self, job: Job) -> None:
        """Run both at once, with a reader beside them."""
        children = [self.started(job, which) for which in (0, 1)]
        ends: dict[int, int] = {}
        reads = 0
        until = time.monotonic() + _LONGEST_S
        while len(ends) < 2 and time.monotonic() < until:
            self.look(job, "two at once, while they run")
            reads += 1
            for child in set(children) - set(ends):
                pid, status = os.waitpid(child, os.WNOHANG)
                if pid:
                    ends[child] = os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        codes = sorted(ends.values())
        if (
            any(code not in (*job.ends, *((REFUSED,) if job.is_state else ())) for code in codes)
            or codes == [REFUSED] * 2
        ):
            self.fail(job, f"two at once: exit codes {codes}\n{self.log()}")
        left = files_in(self.out)
        if left not in job.files or hidden_in(self.out):
            self.fail(job, f"two at once: left {sorted(left)} and {hidden_in(self.out)}")
        if names := self.temporary_files():
            self.fail(job, f"two at once: temporary files {names}")
        self.counts[job.name, "two at once | looks of a reader"] += reads
        self.counts[job.name, "two at once | both ended"] += 1

    def next(self, job: Job, which: int, what: str) -> None:
        """Run one to its end: its files alone must be there."""
        if job.is_state:  # a campaign does not become shorter
            shutil.rmtree(self.out, ignore_errors=True) if which == 0 else None
        code = self.waited(self.started(job, which))
        left = files_in(self.out)
        if code not in job.ends:
            self.fail(job, f"{what}: the next run ended with {code}\n{self.log()}")
        wanted = job.files[1:] if job.is_state and which else [job.files[which]]
        if left not in wanted or hidden_in(self.out):
            self.fail(job, f"{what}: the next run left {sorted(left)} and {hidden_in(self.out)}")
        if names := self.temporary_files():
            self.fail(job, f"{what}: the next run left temporary files {names}")

    def look(self, job: Job, what: str) -> str:
        """Look as a reader does: files of one run alone, whole where they are listed."""
        before = listed_in(self.out)
        files = files_in(self.out)
        after = listed_in(self.out)
        fits = [all(known.get(name) == digest for name, digest in files.items()) for known in job.files]
        if before == after and files and not any(fits):
            # A reader that was overtaken by a whole switch while it read sees it by the list; only then it may be one.
            again = files_in(self.out)
            if again == files:
                self.fail(job, f"{what}: files of two runs: {sorted(files)}")
        if not files:
            return "no file"
        whole = next((known for known, fit in zip(job.files, fits, strict=True) if fit and known == files), None)
        if whole is not None:
            try:
                if not job.is_state:
                    manifest.read_list(self.out)
            except ReadError as error:
                if files_in(self.out) == files and listed_in(self.out) is not None:
                    self.fail(job, f"{what}: {error}")
            return "files of one run, whole"
        if before is not None and before == after == listed_in(self.out) and files_in(self.out) == files:
            self.fail(job, f"{what}: a list beside {sorted(files)}")
        return "files of one run, some away"

    def started(self, job: Job, which: int, hook: Callable[[], None] | None = None) -> int:
        """Begin a run in a process of its own."""

        def work() -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.environ["TMPDIR"] = str(self.temporary)
            tempfile.tempdir = None
            if hook is not None:
                hook()
            job.work(which)

        return forked(work, self.place / "log")

    def waited(self, child: int) -> int:
        """Wait for a process; return its exit code, or minus the signal that ended it."""
        until = time.monotonic() + _LONGEST_S
        while time.monotonic() < until:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        self.failures.append(f"no end within {_LONGEST_S:g} s\n{self.log()}")
        return -signal.SIGKILL

    def temporary_files(self) -> list[str]:
        """Return what is left of temporary data; empty folders are removed by runs that begin a minute later."""
        return sorted(str(path) for path in self.temporary.rglob("*") if not path.is_dir())

    def fail(self, job: Job, what: str) -> None:
        """Note a failure."""
        self.failures.append(f"{job.name}: {what}")

    def log(self) -> str:
        """Return what the last processes printed."""
        return (self.place / "log").read_text(errors="replace")[-2000:]


def jobs_of(place: Path, out: Path) -> list[Job]:
    """Return the jobs: what replaces many files, two files, a directory, and one file."""
    a, b, short, split = (str(place / name) for name in ("a.parquet", "b.parquet", "short.parquet", "split.toml"))

    def command(*arguments: str, data: tuple[str, str] = (a, b), first: tuple[str, ...] = ()) -> Callable[[int], None]:
        def work(which: int) -> None:
            prefqa.cli.main([arguments[0], data[which], *arguments[1:], *(first if which == 0 else ())])

        return work

    copied = (str(place / "a.csv"), str(place / "b.csv"))  # of which readers make a temporary copy
    watch = command("watch", "--state", str(out / "state.json"), "--every", "1w", data=(short, a))
    return [
        Job(SMALL, lambda which: write_small(out, which), ends=(0,)),
        Job("run", command("run", "-o", str(out), first=("-c", split))),
        Job("watch", watch, is_state=True),
        Job("check --fix", command("check", "--select", "PQ1", "--fix", str(out / "fixed.parquet"), data=copied)),
        Job("convert llama-factory", command("convert", "-o", str(out / "x.json"), "--layout", "llama-factory")),
        Job("convert hugging-face", command("convert", "-o", str(out), "--layout", "hugging-face")),
        Job("consensus", command("consensus", "-o", str(out / "pairs.jsonl"), first=("--test-share", "0.3"))),
    ]


def write_small(out: Path, which: int) -> None:
    """Write a set of small files as a command does."""
    from prefqa.cli.process import Ended, ending_by_signals

    try:
        with ending_by_signals(), staged_directory(out) as stage:
            for name in ("a", "b", "ab"[which]):
                (stage / f"{name}{which if name == 'b' else ''}.txt").write_text(f"{name} {which}")
            (stage / "both.txt").write_text(f"both {which}")
    except Ended as end:
        sys.exit(end.code)
    except KeyboardInterrupt:
        sys.exit(130)


def make_data(place: Path) -> None:
    """Write two campaigns with gaps in their ranks, the beginning of one, and a configuration that splits."""
    import polars as pl

    from prefqa import simulate

    for name, seed in (("a", 1), ("b", 2)):
        judgments = simulate(n_items=24, seed=seed, texts=False).preferences.judgments.select(pl.exclude("^_.*$"))
        texts = pl.concat_str("response_id", pl.lit(" of "), "item_id").alias("text")
        gaps = pl.when(pl.col("item_id") == pl.col("item_id").min(), pl.col("rank") > 1).then(pl.col("rank") + 3)
        frame = judgments.with_columns(texts, gaps.otherwise("rank").alias("rank")).collect()
        frame.write_parquet(place / f"{name}.parquet")
        (place / f"{name}.csv").write_text(frame.write_csv(), encoding="utf-16")
        if name == "a":
            early = frame.filter(pl.col("created_at") < pl.col("created_at").quantile(0.5))
            early.write_parquet(place / "short.parquet")
    (place / "split.toml").write_text("[consensus]\ntest_share = 0.3\n")


def count_steps(folder: Path, log: Path) -> None:
    """Write a dot for each step of this process that changes names in a folder."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def hook(event: str, values: tuple[object, ...]) -> None:
        if is_step(event, values, folder):
            os.write(descriptor, b".")

    sys.addaudithook(hook)


def kill_before(folder: Path, step: int, how: signal.Signals) -> None:
    """Have a signal end this process right before a step that changes names in a folder."""
    seen = 0

    def hook(event: str, values: tuple[object, ...]) -> None:
        nonlocal seen
        if is_step(event, values, folder):
            seen += 1
            if seen == step + 1:
                os.kill(os.getpid(), how)

    sys.addaudithook(hook)


def is_step(event: str, values: tuple[object, ...], folder: Path) -> bool:
    """Whether an event of Python's audit is about a file in a folder."""
    if event not in STEPS:
        return False
    in_opened = event in ("os.remove", "os.rmdir") and values[1] != -1  # as a tree is removed
    return event == "fcntl.flock" or in_opened or str(values[0]).startswith(str(folder))


def files_in(folder: Path) -> dict[str, str]:
    """Return the files of a folder with their digests; not its hidden ones and not the list of them."""
    found = {}
    for path in sorted(folder.glob("[!.]*")):
        if path.name != manifest.NAME:
            try:
                found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
            except FileNotFoundError:
                continue
    return found


def hidden_in(folder: Path) -> list[str]:
    """Return the names of what is hidden in a folder."""
    return sorted(path.name for path in folder.glob(".*"))


def listed_in(folder: Path) -> str | None:
    """Return the list of files as it stands."""
    try:
        return json.dumps(json.loads((folder / manifest.NAME).read_text()))
    except (FileNotFoundError, NotADirectoryError):
        return None


def forked(work: Callable[[], None], log: Path) -> int:
    """Begin work in a process of its own, which prints to a file."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        work()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0) if isinstance(end.code, int | None) else 71
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        import atexit

        atexit._run_exitfuncs()
        os._exit(code)


def in_child(work: Callable[[], None], log: Path) -> None:
    """Do work in a process of its own, and wait for it."""
    _, status = os.waitpid(forked(work, log), 0)
    if status:
        raise SystemExit(log.read_text())


if __name__ == "__main__":
    main()
