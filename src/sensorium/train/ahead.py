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
SHARE, FIRST = 0.02, 4
"""The share of the time of their use that pieces may take to make before threads make them; the pieces after
which one can tell. Rows in memory are cut in a hundredth of a step, and the thread that did it cost a
twentieth of the step: a network of two threads on two cores waits for each of its own."""


class Ahead:
    """Makes pieces where they are used until that turns out slow, and from then on ahead, in threads.

    One for a whole training: what was seen in one epoch holds in the next.
    """

    def __init__(self) -> None:
        self.pieces, self._made, self._used = 0, 0.0, 0.0

    @property
    def slow(self) -> bool:
        """Whether making the pieces so far took more than SHARE of the time of their use."""
        return self.pieces >= FIRST and self._made > SHARE * self._used

    def __call__(self, make: Callable[[S], T], items: Iterable[S]) -> Iterator[tuple[T, float]]:
        """What is made of each item, in the items' order, with the seconds that it was waited for."""
        left = iter(items)
        for item in () if self.slow else left:
            began = time.perf_counter()
            made = make(item)
            ready = time.perf_counter()
            yield made, ready - began
            self.pieces += 1
            self._made, self._used = self._made + ready - began, self._used + time.perf_counter() - ready
            if self.slow:
                del made
                break
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
