"""Flags that stand for changes of the plan."""

import json
from collections.abc import Sequence


def changes(sets: Sequence[str] | None, weight: str | None, on_corrupt: str | None) -> list[str]:
    """``--set`` words, with those that --weight and --on-corrupt stand for."""
    found = [*(sets or ())]
    if weight is not None:
        found.append(f"weight={json.dumps(weight)}")
    if on_corrupt is not None:
        found.append(f"on_corrupt={on_corrupt}")
    return found
