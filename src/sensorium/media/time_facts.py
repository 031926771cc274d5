"""Numbers about moments for people who look at a table."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from sensorium.media.time import common_zone, moments
from sensorium.media.time_calendar import CYCLES, calendar, style_of
from sensorium.media.time_words import orders
from sensorium.types import Facts


def moment_facts(cells: Sequence[object]) -> Facts:
    """First and last moment, their zone, which parts of the calendar vary, and how the order was settled."""
    style = style_of(cells)
    found = moments(cells, style)
    real = ~np.isnan(found.wall)
    if not real.any():
        return {}
    zone = common_zone(found)
    local = found.local(zone)[real]
    varying = [
        part.replace("year_day", "day of year") for part in CYCLES if np.ptp(calendar(local, part)) > 0
    ]
    named = set(found.zones.tolist()) - {None}
    facts: Facts = {"from": _iso(local.min()), "to": _iso(local.max())}
    if named:
        facts["zone"] = zone if len(named) == 1 else f"UTC, of {len(named)} zones"
    facts["varying"] = ", ".join(varying) or "nothing of the calendar"
    _, why = orders(c for c in cells if isinstance(c, str))
    if why:
        facts["order"] = f"{style.order} first ({why})"
    return facts


def _iso(seconds: float) -> str:
    told = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    return told.removesuffix(" 00:00:00")
