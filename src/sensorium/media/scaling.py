"""Numbers of any size and shape as numbers around zero: transforms and robust standardising."""

from statistics import NormalDist
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Transform = Literal["auto", "none", "log", "quantile"]

_SKEWED = 2.0
_IQR_LIMIT = 10.0


def fit(x: Floats, transform: Transform, clip: float) -> dict[str, Any]:
    """What ``scaled`` needs to know, as JSON, learned from finite numbers (N,).

    ``auto`` takes the signed logarithm where it at least halves a skewness above 2.
    """
    facts: dict[str, Any] = {"transform": transform, "clip": clip, "mean": 0.0, "std": 1.0, "log": 1.0}
    if len(x) == 0:
        return facts | {"transform": "none" if transform in ("auto", "quantile") else transform}
    size = np.abs(x[x != 0])
    facts["log"] = float(np.median(size)) if len(size) else 1.0
    if transform == "auto":
        before, after = abs(_skewness(x)), abs(_skewness(_log(x, facts["log"])))
        facts["transform"] = "log" if before > _SKEWED and after < before / 2 else "none"
    if transform == "quantile":
        facts |= _quantile_knots(x)
    t = _held(_transformed(x, facts))
    std = float(t.std())
    facts["mean"] = float(t.mean())
    facts["std"] = std if std > 1e-12 * max(1e-290, abs(facts["mean"])) else 1.0
    return facts


def scaled(x: Floats, facts: dict[str, Any]) -> Floats:
    """Numbers as standardised ones, strictly increasing with them; NaN stays NaN.

    Beyond ``clip`` deviations they grow with the logarithm only, so that no outlier rules a layer and
    trees still see the order.
    """
    z = (_transformed(x, facts) - facts["mean"]) / facts["std"]
    clip = facts["clip"]
    far = np.maximum(np.abs(z) - clip, 0.0)
    return np.asarray(np.sign(z) * (np.minimum(np.abs(z), clip) + np.log1p(far)), np.float64)


def edges(z: Floats, bins: int) -> list[float]:
    """Quantiles of standardised numbers as strictly increasing bin edges: at least two."""
    found = (
        np.unique(np.quantile(z, np.linspace(0, 1, bins + 1)).astype(np.float32)) if len(z) else np.zeros(0)
    )
    if len(found) < 2:
        middle = float(found[0]) if len(found) else 0.0
        return [middle - 1.0, middle + 1.0]
    return [float(edge) for edge in found]


def _transformed(x: Floats, facts: dict[str, Any]) -> Floats:
    if facts["transform"] == "log":
        return _log(x, facts["log"])
    if facts["transform"] == "quantile":
        return np.asarray(np.interp(x, facts["knots"], facts["scores"]), np.float64)
    return x


def _log(x: Floats, unit: float) -> Floats:
    return np.asarray(np.sign(x) * np.log1p(np.abs(x) / unit), np.float64)


def _held(t: Floats) -> Floats:
    """Outliers held at 10 interquartile ranges around the median, for mean and deviation only."""
    low, middle, high = np.quantile(t, [0.25, 0.5, 0.75])
    reach = _IQR_LIMIT * (high - low)
    return np.clip(t, middle - reach, middle + reach) if reach > 0 else t


def _skewness(x: Floats) -> float:
    """Third standardised moment of what lies between the 0.1 % and 99.9 % quantiles."""
    x = np.clip(x, *np.quantile(x, [0.001, 0.999]))
    std = x.std()
    if not std > 1e-12 * max(1e-290, float(np.abs(x).max())):
        return 0.0
    return float((((x - x.mean()) / std) ** 3).mean())


def _quantile_knots(x: Floats) -> dict[str, list[float]]:
    """At most 256 quantiles and the normal scores of their ranks; equal quantiles share a mean score."""
    count = min(256, max(2, len(x)))
    shares = (np.arange(count) + 0.5) / count
    normal = NormalDist()
    scores = np.array([normal.inv_cdf(float(p)) for p in shares])
    knots, group = np.unique(np.quantile(x, shares), return_inverse=True)
    mean = np.bincount(group, scores) / np.bincount(group)
    return {"knots": [float(k) for k in knots], "scores": [float(s) for s in mean]}
