"""Numbers about the cells of a column: ranges, lengths, sizes, seconds, the most common values."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sensorium.errors import CorruptCell
from sensorium.media import audio, codes, image
from sensorium.media.cells import each
from sensorium.media.numbers import LARGEST, parse, style_of, told
from sensorium.types import Facts

TOP = 10
"""How many of the most common values are listed."""
BINS = 24


def number_facts(cells: Sequence[object]) -> Facts:
    """Range, quantiles, mean and spread of the cells that are finite numbers, and how many are infinite."""
    style = style_of(cells)
    values, _ = parse(cells, style)
    real = values[np.isfinite(values)]
    infinite = sum(isinstance(c, float | np.floating) and bool(np.isinf(c)) for c in cells)
    found: Facts = {"infinite": infinite} if infinite else {}
    if style.unit:
        found["unit"] = style.unit
    return found | (spread(real) if len(real) else {})


def number_notes(cells: Sequence[object]) -> Facts:
    """``{"note:": ...}``, how the cells are read as numbers, when that is to be told."""
    style = style_of(cells)
    values, _ = parse(cells, style)
    notes = told({"magnitudes": style.magnitudes, "held": int((np.abs(values) >= LARGEST).sum())})
    return {"note:": "; ".join(notes)} if notes else {}


def spread(values: ArrayLike) -> Facts:
    """Least, largest, mean, standard deviation and quantiles of some numbers (at least one), and a histogram:
    the edges of its bins and how many lie in each."""
    x = np.asarray(values, np.float64)
    marks = {"5%": 0.05, "25%": 0.25, "50%": 0.5, "75%": 0.75, "95%": 0.95}
    quantiles = np.quantile(x, list(marks.values()))
    found = {"min": x.min(), "max": x.max(), "mean": x.mean(), "std": x.std()}
    digits = _digits(float(x.min()), float(x.max()))
    rounded = {name: _tidy(value, digits) for name, value in found.items()}
    some = {m: _tidy(q, digits) for m, q in zip(marks, quantiles, strict=True)}
    return rounded | {"quantiles": some, "histogram": _histogram(x, digits)}


def _digits(low: float, high: float) -> int:
    """How many digits tell apart what lies between two numbers: six of their distance."""
    if low == high:
        return 17 if low % 1 == 0 else 6
    size = max(abs(low), abs(high)) / (high / 2 - low / 2) / 2
    return int(min(17, 6 + np.ceil(np.log10(max(1.0, size)))))


def _histogram(x: NDArray[np.float64], digits: int) -> list[list[float]]:
    """[edges, counts]: a bin for each of few whole numbers, else BINS of one width over all but the last half
    per cent at both ends; what lies beyond counts in the first and the last one, which reach that far."""
    low, high = float(x.min()), float(x.max())
    if high - low < BINS and not (x % 1).any():
        edges = np.arange(low, high + 2) - 0.5
    elif low < high and np.isfinite(high - low):
        start, stop = (float(q) for q in np.quantile(x, [0.005, 0.995]))
        if start == stop:
            start, stop = low, high
        edges = np.unique(np.linspace(start, stop, BINS + 1))
        edges[0], edges[-1] = low, high
    else:
        edges = np.array([low - 0.5, high + 0.5])
    if len(edges) < 2 or (np.diff(edges) <= 0).any():  # numbers so large that half of one is lost
        edges = np.array([low, np.nextafter(high, np.inf)])
    counts = np.histogram(x, edges)[0]
    return [[_tidy(edge, digits) for edge in edges], counts.tolist()]


def value_facts(cells: Sequence[object]) -> Facts:
    """The most common values and the three rarest ones with their counts, and how many different ones there
    are."""
    keys, _ = each(cells, codes.key)
    counts = Counter(k for k in keys if k is not None)
    rarest = dict(sorted(counts.items(), key=lambda one: (one[1], one[0]))[:3])
    once = sum(n == 1 for n in counts.values())
    return {"top": top(counts), "rarest": rarest, "different": len(counts), "once": once}


def text_facts(cells: Sequence[object]) -> Facts:
    """Characters and words of the texts, and how many are empty."""
    texts = [c for c in cells if isinstance(c, str)]
    full = [t for t in texts if t.strip()]
    found: Facts = {"empty": len(texts) - len(full)} if len(texts) > len(full) else {}
    if not full:
        return found
    return found | {
        "characters": spread([len(t) for t in full]),
        "words": spread([codes.words(t[:20_000]) for t in full]),
    }


def picture_facts(cells: Sequence[object]) -> Facts:
    """Width, height, formats and colour modes, from the headers of what can be read."""
    headers = [h for h in each(cells, _picture)[0] if h is not None]
    if not headers:
        return {}
    return {
        "width": spread([h.width for h in headers]),
        "height": spread([h.height for h in headers]),
        "formats": top(Counter(h.format for h in headers)),
        "modes": top(Counter(h.mode for h in headers)),
    }


def sound_facts(cells: Sequence[object]) -> Facts:
    """Seconds, sampling rates, channels and formats, from the headers of what can be read."""
    headers = [h for h in each(cells, _sound)[0] if h is not None]
    if not headers:
        return {}
    return {
        "seconds": spread([h.seconds for h in headers]),
        "rates": top(Counter(h.rate for h in headers)),
        "channels": top(Counter(h.channels for h in headers)),
        "formats": top(Counter(h.format for h in headers)),
    }


def top(counts: Counter[Hashable] | Counter[str] | Counter[int]) -> Facts:
    """The TOP most common values with their counts."""
    ordered: Iterable[tuple[Hashable, int]] = sorted(counts.items(), key=lambda one: (-one[1], str(one[0])))
    return {str(value): count for value, count in list(ordered)[:TOP]}


def _picture(cell: object) -> image.Header:
    return image.header(cell)


def _sound(cell: object) -> audio.Header:
    found = audio.header(cell)
    if found.rate <= 0:
        raise CorruptCell("the sound declares a rate of 0")
    return found


def _tidy(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
