"""Progress on stderr: a bar when stderr is a terminal, nothing otherwise."""

import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

T = TypeVar("T")


class Progress:
    """Bars for loops that may take over two seconds; a context manager."""

    def __init__(self) -> None:
        self.live = sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
        self._bars = _bars() if self.live else None

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def over(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """The items, with a bar that advances."""
        if self._bars is None:
            yield from items
            return
        task = self._bars.add_task(what, total=total, told="")
        for item in items:
            yield item
            self._bars.advance(task)
        self._bars.remove_task(task)

    def add(self, what: str, total: int) -> TaskID:
        """A bar that the caller moves with ``tell``."""
        return TaskID(0) if self._bars is None else self._bars.add_task(what, total=total, told="")

    def tell(self, task: TaskID, done: int, told: str) -> None:
        """Move a bar and say something beside it."""
        if self._bars is not None:
            self._bars.update(task, completed=done, told=told)

    def remove(self, task: TaskID) -> None:
        """Take a bar away."""
        if self._bars is not None:
            self._bars.remove_task(task)


def _bars() -> Bars:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}"),
    )
    return Bars(*columns, console=Console(file=sys.stderr), transient=True)
