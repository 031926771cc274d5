"""Freed memory is kept while a network trains, and given back behind it."""

import ctypes
import sys
from collections.abc import Iterator

import pytest

from sensorium.nn import heap


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


def test_settings_are_put_back_and_memory_given_back_even_behind_an_error(
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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have other libraries")
def test_the_library_takes_the_settings() -> None:
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        assert library.mallopt(heap.MAPPED, heap.LARGE) == 1
        assert library.mallopt(heap.TRIM, heap.USUAL) == 1
