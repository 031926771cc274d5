"""The sound of a video, and sounds in containers that only PyAV reads. Letters: T samples."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media import magic
from sensorium.media.container import Limits, alone, failures, first_line, opened, packets, seconds_of

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

Wave = NDArray[np.float32]

_TOLERANCE, _FRAME_SECONDS = 0.01, 0.1
"""Share of the declared length, and seconds (of a codec's last frame), that may lack in a whole sound."""


@dataclass(frozen=True, slots=True)
class TrackHeader:
    """What a track of sound declares. seconds: 0 where it does not."""

    rate: int
    seconds: float
    channels: int
    format: str


def holds_track(cell: object) -> bool:
    """Whether the first bytes are those of a file whose sound PyAV reads: a video, or m4a."""
    found = magic.kind(magic.head(cell))
    return found is not None and (found[0] == "video" or found == ("audio", "m4a"))


def silent(cell: object) -> bool:
    """Whether a file is a video that has no sound. Raises CorruptCell for one that is broken."""
    if not isinstance(cell, bytes | Path) or not holds_track(cell):
        return False
    with closing(opened(cell, Limits(max_megabytes=float("inf")))) as file:
        return not file.streams.audio


def header(cell: bytes | Path, limits: Limits) -> TrackHeader:
    """The header of the first track, decoding nothing. Raises CorruptCell: no track, or past a limit."""
    with closing(opened(cell, limits)) as file:
        try:
            return _header(file, limits)
        except failures() as why:
            raise CorruptCell(f"the sound is broken: {first_line(why)}") from None


def decode(cell: bytes | Path, limits: Limits) -> tuple[Wave, int]:
    """The first track as float32 (T,) in -1..1, channels averaged, and its rate.

    Raises CorruptCell: no track, broken, cut off, or past a limit.
    """
    with closing(opened(cell, limits)) as file:
        try:
            _header(file, limits)
            return _decoded(file, limits)
        except failures() as why:
            raise CorruptCell(f"the sound is broken: {first_line(why)}") from None


def _header(file: "InputContainer", limits: Limits) -> TrackHeader:
    stream = _stream(file)
    declared = _declared(stream)
    seconds = seconds_of(file) if declared is None else declared
    _check_seconds(seconds, limits)
    name = file.format.name.partition(",")[0]
    return TrackHeader(stream.codec_context.sample_rate, seconds, stream.codec_context.channels, name)


def _stream(file: "InputContainer") -> "AudioStream":
    if not file.streams.audio:
        raise CorruptCell("the video has no sound")
    stream = file.streams.audio[0]
    if stream.codec_context is None or stream.codec_context.sample_rate <= 0:
        raise CorruptCell("the sound is of a codec that PyAV cannot read here")
    return alone(stream)


def _declared(stream: "AudioStream") -> float | None:
    """Seconds that the track itself declares; some containers know only their longest track."""
    return float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None


def _decoded(file: "InputContainer", limits: Limits) -> tuple[Wave, int]:
    stream, parts, rate, length = _stream(file), list[Wave](), 0, 0
    for packet in packets(file, stream):
        try:
            frames = stream.decode(packet)
        except failures():
            continue
        for frame in frames:
            rate = rate or frame.sample_rate
            if frame.sample_rate != rate:
                raise CorruptCell(f"the sound changes its rate from {rate:,} to {frame.sample_rate:,}")
            parts.append(_mono(frame))
            length += len(parts[-1])
        _check_seconds(length / max(1, rate), limits)
    if not length:
        raise CorruptCell("the sound holds not one frame")
    declared = _declared(stream) or 0.0
    if length / rate < declared * (1 - _TOLERANCE) - _FRAME_SECONDS:
        raise CorruptCell(f"the sound is cut off: {length / rate:,.1f} of {declared:,.1f} s can be read")
    return np.concatenate(parts), rate


def _mono(frame: "AudioFrame") -> Wave:
    """The mean of a frame's channels, full scale 1."""
    array: NDArray[np.generic] = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, len(frame.layout.channels)).T
    if array.dtype.kind in "iu":
        half = 2.0 ** (8 * array.dtype.itemsize - 1)
        middle = half if array.dtype.kind == "u" else 0.0
        return np.asarray((array.astype(np.float64) - middle).mean(0) / half, np.float32)
    return np.asarray(array.astype(np.float64).mean(0), np.float32)


def _check_seconds(seconds: float, limits: Limits) -> None:
    if seconds > limits.max_seconds:
        raise CorruptCell(
            f"the sound lasts {seconds:,.1f} s, more than max_seconds = {limits.max_seconds:g}; "
            "raise max_seconds to read it"
        )
