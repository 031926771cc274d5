"""Work done ahead in threads, in order: batches are cut while the network computes."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
S = TypeVar("S")

THREADS, AHEAD = 2, 4
"""Threads, and how many pieces are ready or being made at most."""


def ahead(make: Callable[[S], T], items: Iterable[S]) -> Iterator[tuple[T, float]]:
    """What is made of each item, in the items' order, with the seconds that it was waited for."""
    left = iter(items)
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for item in left:
                waiting.append(pool.submit(make, item))
                if len(waiting) < AHEAD:
                    continue
                yield _waited(waiting.popleft())
            while waiting:
                yield _waited(waiting.popleft())
        finally:  # an epoch may end early
            for one in waiting:
                one.cancel()


def _waited(one: Future[T]) -> tuple[T, float]:
    began = time.monotonic()
    return one.result(), time.monotonic() - began
