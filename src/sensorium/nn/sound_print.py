"""A sound's fingerprint: which way its loudness goes over time and pitch, whatever its format and level.

Letters: T samples, W frames, K frequencies, M mel bands.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sensorium.media import fingerprint
from sensorium.nn.melspec import filterbank

RATE = 8_000
WINDOW, STEP, MOST_FRAMES = 512, 64, 4096
"""Samples of a frame, between frames at least, and frames at most."""
BANDS, STRETCHES, HIGHEST = 32, 32, 2_700.0
"""Mel bands up to so many hertz, and stretches of time: what codecs and lower rates leave alone."""
ENDS, FLOOR = 10**-2.5, 1e-2
"""Share of the loudest frame below which the ends are cut; share of the mean that is added to each band."""
SILENT = 1e-10


def of_wave(wave_T: NDArray[np.float32]) -> bytes | None:
    """The fingerprint of samples at RATE; None for silence.

    Its quiet ends are cut and the rest is stretched to one length, so copies of one recording agree and a
    part of it does not.
    """
    step = max(STEP, len(wave_T) // MOST_FRAMES)
    padded = np.pad(wave_T.astype(np.float32), (WINDOW // 2, WINDOW // 2))
    frames_WN = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::step]
    window_N, bank_KM = _window_and_bank()
    power_WM = np.empty((len(frames_WN), BANDS))
    for start in range(0, len(frames_WN), MOST_FRAMES // 4):
        waves_WK = np.fft.rfft(frames_WN[start : start + MOST_FRAMES // 4] * window_N)
        power_WM[start : start + MOST_FRAMES // 4] = (waves_WK.real**2 + waves_WK.imag**2) @ bank_KM
    loudness_W = power_WM.sum(1)
    if loudness_W.max(initial=0) < SILENT:
        return None
    loud = np.flatnonzero(loudness_W > ENDS * loudness_W.max())
    map_WM = _stretched(power_WM[loud[0] : loud[-1] + 1])
    return fingerprint.of_map(np.log(map_WM + FLOOR * map_WM.mean()))


def _stretched(power_WM: NDArray[np.float64]) -> NDArray[np.float64]:
    """(STRETCHES, M): the mean power of equal stretches of time."""
    total = np.concatenate([np.zeros((1, power_WM.shape[1])), power_WM.cumsum(0)])
    ends = np.linspace(0, len(power_WM), STRETCHES + 1)
    below = np.minimum(ends.astype(int), len(power_WM) - 1)
    at_ends = total[below] + (ends - below)[:, None] * power_WM[below]
    means: NDArray[np.float64] = np.maximum(0, np.diff(at_ends, axis=0)) * STRETCHES / len(power_WM)
    return means


@lru_cache(maxsize=1)
def _window_and_bank() -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    return window, filterbank(RATE, WINDOW, BANDS, high=HIGHEST)
