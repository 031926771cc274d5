"""Sounds: any file, bytes or array -> one channel of int16 at one rate."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media import container, magic, track
from sensorium.media.cells import shown
from sensorium.media.declared import declared_bytes

Wave = NDArray[np.float32]

FAILURES = (OSError, ValueError, RuntimeError, TypeError, LookupError, ArithmeticError, MemoryError)
"""What libsndfile's reader raises on broken or hostile files (LibsndfileError is a RuntimeError)."""

_BLOCK = 1 << 18
_LOUDEST = 1e4
"""Full scale is 1; samples beyond this are held at it, so that sums stay finite."""

_TOLERANCE = 0.01
"""Share of the declared frames that may lack before a sound counts as cut off."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a sound may declare before anything is decoded. Named as the options that raise them."""

    max_seconds: float = 600.0
    max_megabytes: float = 200.0


@dataclass(frozen=True, slots=True)
class Header:
    """What a sound says of itself."""

    rate: int
    frames: int
    channels: int
    format: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.frames / self.rate


def header(cell: object, rate_of_arrays: int = 16_000, limits: Limits = Limits()) -> Header:
    """A sound's header, decoding nothing. Raises CorruptCell for what is none or is past the limits."""
    if not isinstance(cell, bytes | Path):
        array, rate = _array(cell, rate_of_arrays, limits)
        return Header(rate, len(array), 1 if array.ndim == 1 else array.shape[1], "array")
    if track.holds_track(cell):
        told = track.header(cell, _container(limits))
        return Header(told.rate, round(told.seconds * told.rate), told.channels, told.format)
    try:
        with _opened(cell, limits) as file:
            return _checked(file, cell, limits)
    except FAILURES as why:
        raise CorruptCell(_broken(cell, why)) from None


def decode(cell: object, rate: int, rate_of_arrays: int = 16_000, limits: Limits = Limits()) -> Wave:
    """A sound as float32 (T,) in -1..1 at ``rate``: channels averaged, resampled by soxr (HQ).

    cell: Path, bytes, array (T,), (T, C) or (C, T) of floats in -1..1 or integers of full range at
    ``rate_of_arrays``, or a dict with ``array`` and ``sampling_rate``; of a video its first track of sound is
    read, by PyAV. Raises CorruptCell: no sound, cut off, broken, without a frame, or past a limit (which is
    read from the header first).
    """
    if isinstance(cell, bytearray | memoryview):
        cell = bytes(cell)
    if isinstance(cell, bytes | Path):
        wave, native = _file(cell, limits)
    else:
        array, native = _array(cell, rate_of_arrays, limits)
        wave = _floats(array)
    mono = _mono(wave)
    if native != rate:
        mono = np.asarray(soxr.resample(mono, native, rate, quality="HQ"), np.float32)
    if len(mono) == 0:
        raise CorruptCell("the sound holds not one frame")
    return mono


def _mono(wave: Wave) -> Wave:
    """(T,) or (T, C) as the mean of its channels (T,). Raises CorruptCell for what is not finite."""
    if not np.isfinite(wave).all():
        raise CorruptCell("the sound holds NaN or infinite samples")
    held = np.clip(wave, -_LOUDEST, _LOUDEST)
    return held if held.ndim == 1 else held.mean(1, dtype=np.float32)


def _container(limits: Limits) -> container.Limits:
    return container.Limits(max_seconds=limits.max_seconds, max_megabytes=limits.max_megabytes)


def _file(cell: bytes | Path, limits: Limits) -> tuple[Wave, int]:
    if track.holds_track(cell):
        return track.decode(cell, _container(limits))
    try:
        with _opened(cell, limits) as file:
            told = _checked(file, cell, limits)
            wave = _read(file, told)
    except FAILURES as why:
        raise CorruptCell(_broken(cell, why)) from None
    return wave, told.rate


def _read(file: soundfile.SoundFile, told: Header) -> Wave:
    """Every frame that decodes, as one channel. Raises CorruptCell for clearly fewer than declared."""
    blocks: list[Wave] = []
    wanted, error = told.frames, ""
    step = max(1, _BLOCK // told.channels)
    while wanted > 0:
        try:
            block = file.read(min(step, wanted), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as why:
            error = f" ({_first_line(why)})"
            break
        if len(block) == 0:
            break
        blocks.append(_mono(block))
        wanted -= len(block)
    if wanted > told.frames * _TOLERANCE and told.format != "MP3":
        raise CorruptCell(
            f"the sound is cut off: {told.frames - wanted:,} of {told.frames:,} frames can be read{error}"
        )
    if not blocks:
        raise CorruptCell("the sound holds not one frame")
    return np.concatenate(blocks)


def _opened(cell: bytes | Path, limits: Limits) -> soundfile.SoundFile:
    if isinstance(cell, Path) and cell.is_dir():
        raise CorruptCell("expected a sound, got a folder")
    length = cell.stat().st_size if isinstance(cell, Path) else len(cell)
    if length == 0:
        raise CorruptCell("the file is empty (0 bytes)")
    if length > limits.max_megabytes * 1e6:
        raise CorruptCell(
            f"the sound has {length / 1e6:,.1f} MB, more than max_megabytes = {limits.max_megabytes:g}; "
            "raise max_megabytes to read it"
        )
    return soundfile.SoundFile(BytesIO(cell) if isinstance(cell, bytes) else str(cell))


def _checked(file: soundfile.SoundFile, cell: bytes | Path, limits: Limits) -> Header:
    told = Header(file.samplerate, file.frames, file.channels, file.format)
    _check_seconds(told.seconds, limits)
    declared = declared_bytes(cell)
    if declared is not None:
        says, holds = declared
        if holds < says * (1 - _TOLERANCE):
            raise CorruptCell(f"the sound is cut off: {holds:,} of {says:,} bytes are there")
    return told


def _check_seconds(seconds: float, limits: Limits) -> None:
    if seconds > limits.max_seconds:
        raise CorruptCell(
            f"the sound lasts {seconds:,.1f} s, more than max_seconds = {limits.max_seconds:g}; "
            "raise max_seconds to read it"
        )


def _array(cell: object, rate: int, limits: Limits) -> tuple[NDArray[np.generic], int]:
    """An array cell as (T,) or (T, C) with its rate."""
    if isinstance(cell, dict):
        told = cell.get("sampling_rate", rate)
        rate = told if isinstance(told, int) and not isinstance(told, bool) else 0
        cell = cell.get("array")
    if not isinstance(cell, np.ndarray | list | tuple):
        raise CorruptCell(f"expected a sound, got {shown(cell)}")
    if rate <= 0:
        raise CorruptCell("the sound's sampling_rate must be a whole number above 0")
    try:
        array = np.asarray(cell)
    except (ValueError, OverflowError, TypeError):
        raise CorruptCell("expected a sound, got lists of different lengths") from None
    if array.ndim not in (1, 2) or array.dtype.kind not in "iuf":
        raise CorruptCell(f"expected a sound (T,), (T, C) or (C, T), got {shown(array)}")
    if array.size == 0:
        raise CorruptCell("the sound holds not one frame")
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        array = array.T
    _check_seconds(len(array) / rate, limits)
    return array, rate


def _floats(array: NDArray[np.generic]) -> Wave:
    """Integers by their full range (unsigned ones around their middle); floats in -1..1 as they are.

    Floats beyond 1 are taken as 16-bit numbers, and beyond those by their own peak.
    """
    if array.dtype.kind in "iu":
        half = 2.0 ** (8 * array.dtype.itemsize - 1)
        middle = half if array.dtype.kind == "u" else 0.0
        return ((array.astype(np.float64) - middle) / half).astype(np.float32)
    wide = array.astype(np.float64)
    peak = float(np.abs(wide).max())
    if not np.isfinite(peak):
        raise CorruptCell("the sound holds NaN or infinite samples")
    scale = 1.0 if peak <= 1 else 32768.0 if peak <= 32768 else peak
    return (wide / scale).astype(np.float32)


def _broken(cell: bytes | Path, why: BaseException) -> str:
    if isinstance(why, OSError | ValueError):
        return f"the file cannot be read: {getattr(why, 'strerror', None) or _first_line(why)}"
    found = magic.kind(magic.head(cell))
    if found is not None and found[0] != "audio":
        return f"not a sound: the content is {found[0]} ({found[1]})"
    if found is None:
        return "not a sound: the content is of an unknown kind"
    return f"the sound is broken: {_first_line(why)}"


def _first_line(why: BaseException) -> str:
    text = str(why).strip().partition("\n")[0]
    return (text.rpartition(": ")[2] or type(why).__name__)[:200]


def trimmed(wave: Wave, rate: int, below_db: float = 30.0) -> Wave:
    """The wave without its silent ends: 10 ms pieces ``below_db`` under the loudest; 30 ms are left on."""
    hop = max(1, rate // 100)
    pieces = -(-len(wave) // hop)
    padded = np.zeros(pieces * hop)
    padded[: len(wave)] = wave
    power = (padded.reshape(pieces, hop) ** 2).mean(1)
    loud = np.flatnonzero(power > power.max() * 10 ** (-below_db / 10))
    if len(loud) == 0:
        return wave
    start, end = max(0, loud[0] - 3) * hop, (loud[-1] + 4) * hop
    return wave[start:end]


def levelled(wave: Wave, rms: float = 0.1) -> Wave:
    """The wave at one loudness (root mean square), as far as its peak stays under 1; silence as it is."""
    power, peak = float(np.sqrt((wave.astype(np.float64) ** 2).mean())), float(np.abs(wave).max())
    if power < 1e-7:
        return wave
    return (wave * min(rms / power, 0.999 / peak)).astype(np.float32)


def sixteen_bit(wave: Wave) -> NDArray[np.int16]:
    """float -1..1 as int16, rounded; what is beyond is cut at the ends of the range."""
    return np.clip(np.round(wave * 32768), -32768, 32767).astype(np.int16)
