"""Batches are cut while the network computes, where that is worth a thread; always in order."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
S = TypeVar("S")

THREADS, AHEAD = 2, 4
"""Threads, and how many pieces are ready or being made at most."""
SHARE, SLOW = 0.02, 2
"""A piece is slow that takes more than this share of the time in which it is used; after so many, threads
make the others. Rows in memory are cut in a hundredth of a step, and the thread that did it cost a twentieth
of the step: a network of two threads on two cores waits for each of its own."""


def ahead(make: Callable[[S], T], items: Iterable[S]) -> Iterator[tuple[T, float]]:
    """What is made of each item, in the items' order, with the seconds that it was waited for."""
    left, slow = iter(items), 0
    for item in left:
        began = time.perf_counter()
        made = make(item)
        ready = time.perf_counter()
        yield made, ready - began
        slow += ready - began > SHARE * (time.perf_counter() - ready)
        if slow == SLOW:
            yield from _in_threads(make, left)


def _in_threads(make: Callable[[S], T], left: Iterator[S]) -> Iterator[tuple[T, float]]:
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
    began = time.perf_counter()
    return one.result(), time.perf_counter() - began
