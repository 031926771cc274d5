"""Freed memory is kept while a network trains, and given back behind it."""

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import toy
from sensorium.nn import heap
from sensorium.train import loop


class Library:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def mallopt(self, what: int, value: int) -> int:
        self.told.append(("mallopt", what, value))
        return 1

    def malloc_trim(self, left: int) -> int:
        self.told.append(("trim", 0, left))
        return 1


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    heap._library.cache_clear()
    yield
    heap._library.cache_clear()


def test_memory_is_given_back_even_behind_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = Library()
    monkeypatch.setattr(heap, "_library", lambda: library)
    asked = [("mallopt", -3, 32 << 20), ("mallopt", -1, 512 << 20)]

    def step() -> None:
        assert library.told == asked
        raise ValueError("a step")

    with pytest.raises(ValueError, match="a step"), heap.kept():
        step()
    assert library.told[2:] == [("mallopt", -1, 64 << 20), ("trim", 0, 0)]
    monkeypatch.setattr(heap, "_library", lambda: None)
    with heap.kept():
        pass


@pytest.mark.parametrize("name", heap.SAID)
def test_what_the_environment_says_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    assert heap._library() is None


def test_only_the_gnu_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in heap.SAID:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert heap._library() is None
    heap._library.cache_clear()
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert heap._library() is None


def test_the_library_takes_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in heap.SAID:
        monkeypatch.delenv(name, raising=False)
    found = heap._library()
    assert (found is not None) == (platform.libc_ver()[0] == "glibc")
    if found is not None:
        assert found.mallopt(heap.MAPPED, heap.LARGE) == 1
        assert found.mallopt(heap.TRIM, heap.USUAL) == 1


def test_networks_train_within(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    @contextmanager
    def kept() -> Iterator[None]:
        seen.append("in")
        yield
        seen.append("out")

    monkeypatch.setattr(heap, "kept", kept)
    monkeypatch.setattr(loop._Trainer, "run", lambda _: seen.append("run"))
    loop.train_network(toy.job(toy.plan_of()))
    assert seen == ["in", "run", "out"]
