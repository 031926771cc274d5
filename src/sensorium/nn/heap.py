"""Memory that a training step frees stays with the process until the training ends."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

TRIM, MAPPED = -1, -3
"""Numbers of the GNU C library's settings: M_TRIM_THRESHOLD and M_MMAP_THRESHOLD (malloc.h)."""
KEPT, LARGE, USUAL = 512 << 20, 32 << 20, 64 << 20
"""Bytes of freed memory that are kept at the end of a heap; of the smallest blocks that are mapped one by
one; and that are kept afterwards, which is what the library comes to by itself with blocks of that size."""
SAID = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")
"""Variables of the environment with which people set this themselves."""


@contextmanager
def kept() -> Iterator[None]:
    """Within, freed memory is used again instead of given back and asked for in every step.

    By itself the GNU C library gives back what is free at the end of its heap, as chance has it in every
    step: 2,000 pages of a small Transformer, a sixth of its time (docs/decisions/freed-memory.md). What is
    free at the end is given back then; from then on these fixed sizes hold, and no longer those of blocks
    that were freed. Nothing happens with other libraries, or where people have said how they want it.
    """
    library = _library()
    if library is not None:
        library.mallopt(MAPPED, LARGE)
        library.mallopt(TRIM, KEPT)
    try:
        yield
    finally:
        if library is not None:
            library.mallopt(TRIM, USUAL)
            library.malloc_trim(0)


@cache
def _library() -> ctypes.CDLL | None:
    """The GNU C library of this process; None where it is another one, or set by its user."""
    if not sys.platform.startswith("linux") or any(name in os.environ for name in SAID):
        return None
    found = ctypes.CDLL(None)
    return found if hasattr(found, "gnu_get_libc_version") else None
