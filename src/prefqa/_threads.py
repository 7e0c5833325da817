"""Work on the parts of something, several at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import polars as pl

P = TypeVar("P")
T = TypeVar("T")


def each(work: Callable[[P], T], parts: Iterable[P], *, waiting: int = 1) -> Iterator[T]:
    """Do some work on each part, as many at a time as Polars has threads; results come in the order of parts.

    Parts are taken as they are needed: per thread one that is worked on, and so many that wait for it.
    """
    n_threads = pl.thread_pool_size()
    with ThreadPoolExecutor(n_threads) as pool:
        running: deque[Future[T]] = deque()
        for part in parts:
            running.append(pool.submit(work, part))
            if len(running) >= n_threads * (1 + waiting):
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
