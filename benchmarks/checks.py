"""How well the rules find what was planted, how often they accuse the innocent, and what they cost.

python benchmarks/checks.py defects [--items 600] [--seed 0] [--codes PQ105 PQ204]
python benchmarks/checks.py annotators [--campaigns 20] [--seed 10000] [--sizes 50 200]
python benchmarks/checks.py speed [--judgments 1000000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import prefqa
from prefqa.preferences import Preferences
from prefqa.screening.screen import CODES as ANNOTATOR_CODES
from prefqa.simulate_defects import CAMPAIGNS, CODES, OPTIONS, plant

#: Clean campaigns: annotators, items (three judgments each), responses, whether with texts.
CLEAN = (
    (50, 1000, 4, True),
    (50, 1000, 2, False),
    (200, 4000, 4, False),
    (200, 4000, 2, False),
    (500, 6000, 4, False),
    (500, 10000, 2, False),
    (2000, 24000, 4, False),
    (2000, 24000, 2, False),
)
#: Limits without a test, which clean campaigns of any size may break.
_LIMITS = ("PQ313", "PQ314", "PQ315")


def found_keys(prefs: Preferences, code: str, columns: list[str]) -> pl.DataFrame | None:
    """Where a rule found something; None where it could not run."""
    options = {code: OPTIONS[code]} if code in OPTIONS else None
    checked = prefqa.check(prefs, select=[code], options=options, max_examples=10**9)
    if code not in checked.ran:
        return None
    rows = [example for examples in checked.findings["examples"] for example in examples]
    names = ("item_id", "annotator_id", "response_id")
    if code == "PQ104":  # all rows of the judgment are left out; those at fault have a value
        rows = [row for row in rows if row["value"] is not None]
    if code == "PQ312":
        rows = [row | {"annotator_id": who} for row in rows for who in row["value"].split(": ")[0].split(" and ")]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)).select(columns).unique()


def defects(n_items: int, first_seed: int, codes: list[str]) -> None:
    """Recall and precision of each rule on what was planted, on top of what the clean campaign has."""
    print(f"Planted defects: {n_items} items, 3 of 20 annotators each, seeds {first_seed} to {first_seed + 4}")
    print("| rule | planted | recall | precision |\n| --- | --- | --- | --- |")
    for code in codes:
        planted, hits, found = 0, 0, 0
        for seed in range(first_seed, first_seed + 5):
            clean = prefqa.simulate(
                n_items=n_items, n_annotators=20, spammers=0.0, tie_threshold=0.0, seed=seed, **CAMPAIGNS.get(code, {})
            )
            few = code[:3] != "PQ3" and code not in ("PQ121", "PQ212")
            one = plant(clean.preferences, code, share=0.02 if few else 0.1, seed=seed)
            keys = one.keys.unique()
            before = found_keys(clean.preferences, code, keys.columns)
            after = found_keys(one.preferences, code, keys.columns)
            if after is None:
                break
            if before is not None:
                after = after.join(before.join(keys, on=keys.columns, how="anti"), on=keys.columns, how="anti")
            planted += keys.height
            hits += after.join(keys, on=keys.columns, how="semi").height
            found += after.height
        precision = f"{hits / found:.3f}" if found else "–"
        print(
            f"| {code} | {planted} | {hits / planted:.3f} | {precision} |" if planted else f"| {code} | not run | | |",
            flush=True,
        )


def annotators(n_campaigns: int, first_seed: int, sizes: list[int]) -> None:
    """Share of clean campaigns in which anybody is flagged."""
    print(f"Clean campaigns: nobody biased, nobody a spammer; seeds from {first_seed}")
    print("| annotators | items | responses | campaigns | with a flag | flags |\n| --- | --- | --- | --- | --- | --- |")
    for n, items, k, texts in CLEAN:
        if n not in sizes:
            continue
        with_flag, flags = 0, Counter[str]()
        for seed in range(first_seed, first_seed + n_campaigns):
            campaign = prefqa.simulate(items, k, n, seed=seed, spammers=0.0, repeats=0.05, texts=texts, length_bias=0.0)
            codes = [code for code in ANNOTATOR_CODES if code not in _LIMITS]
            found = prefqa.screen(campaign.preferences, codes=codes).flags["code"]
            with_flag += not found.is_empty()
            flags.update(found)
        print(
            f"| {n:,} | {items:,} | {k} | {n_campaigns} | {with_flag / n_campaigns:.3f} | {dict(flags)} |", flush=True
        )


def speed(n_judgments: int) -> None:
    """Times of the rules beside what they are held against."""
    items = n_judgments // 3
    prefs = prefqa.simulate(items, 2, 200, seed=1, texts=False).preferences
    bare = Preferences(prefs.judgments.collect().lazy(), source=prefs.source)
    rng = np.random.default_rng(1)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(rng.choice(letters, n)) for n in rng.integers(2, 10, 5000)])
    base = " ".join(words[rng.integers(0, 5000, 100_000)])
    assert prefs.responses is not None
    start = pl.Series(rng.integers(0, len(base) - 1200, prefs.responses.height))
    texts = pl.DataFrame({"s": start}).select(pl.lit(base).str.slice(pl.col("s"), 1100)).to_series().alias("text")
    responses = prefs.responses.with_columns(texts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "responses.parquet"
        responses.write_parquet(path)

        def read_and_hash() -> Any:
            return pl.scan_parquet(path).select(pl.col("text").hash()).collect(engine="streaming")

        def with_texts(select: list[str]) -> Any:
            whole = Preferences.from_long(prefs.judgments, responses=pl.read_parquet(path), items=prefs.items)
            return prefqa.check(whole, select=select, ignore=["PQ206", "PQ207"])

        size = texts.str.len_bytes().sum() / 1e9
        print(f"{n_judgments:,} judgments, {responses.height:,} responses, {size:.2f} GB of text")
        timed("agreement", lambda: prefqa.agreement(fresh(bare)))
        timed("rules without texts (PQ1)", lambda: prefqa.check(fresh(bare), select=["PQ1"]))
        timed("read and hash the texts", read_and_hash)
        timed("read, and rules on texts (PQ2, no near duplicates)", lambda: with_texts(["PQ2"]))
        timed("rules on annotators (PQ3)", lambda: prefqa.check(fresh(bare), select=["PQ3"]))


def fresh(prefs: Preferences) -> Preferences:
    """The same preferences without what was computed on them."""
    return prefs.with_judgments(prefs.judgments)


def timed(name: str, work: Callable[[], Any]) -> None:
    """Print the times of the second of two runs: of the processor, which others do not slow down, and of the clock."""
    work()
    start, cpu = time.perf_counter(), time.process_time()
    work()
    print(f"{name:55} {time.process_time() - cpu:7.2f} s cpu {time.perf_counter() - start:7.2f} s", flush=True)


def main() -> None:
    """Run one of the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["defects", "annotators", "speed"])
    parser.add_argument("--items", type=int, default=600)
    parser.add_argument("--campaigns", type=int, default=20)
    parser.add_argument("--seed", type=int, default=10_000, help="of the first campaign")
    parser.add_argument("--sizes", type=int, nargs="+", default=sorted({n for n, *_ in CLEAN}), help="annotators")
    parser.add_argument("--codes", nargs="+", default=list(CODES), help="rules")
    parser.add_argument("--judgments", type=int, default=1_000_000)
    given = parser.parse_args()
    {
        "defects": lambda: defects(given.items, given.seed, given.codes),
        "annotators": lambda: annotators(given.campaigns, given.seed, given.sizes),
        "speed": lambda: speed(given.judgments),
    }[given.what]()


if __name__ == "__main__":
    main()
