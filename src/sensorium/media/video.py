"""Videos: any file, bytes or array -> some frames as uint8 pixels of one size.

Letters: T frames, H height, W width, C channels, S side.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Resampling

from sensorium.errors import CorruptCell
from sensorium.media import container, frame, image, pixels
from sensorium.media.cells import shown
from sensorium.media.container import Limits, failures
from sensorium.media.image import Fit
from sensorium.media.timeline import Timeline, timeline

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

Pixels = NDArray[np.uint8]

DEPTHS = (1, 3, 4)
"""Channels of a frame in memory."""
INDEXED = ("mov", "matroska", "avi")
"""Containers with an index: in others decoding goes on from the start instead of jumping."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a video is kept: at most ``frames`` (with ``rate`` so many a second, else spread), how large.

    least_share: of the declared length; a video of which less can be decoded is corrupt.
    """

    size: int = 64
    channels: int = 3
    frames: int = 16
    rate: float | None = None
    fit: Fit = "stretch"
    least_share: float = 0.5


WANTED, LIMITS = Wanted(), Limits()


@dataclass(frozen=True, slots=True)
class Header:
    """What a video says of itself. seconds, rate (frames a second): 0 where it does not; frames likewise."""

    width: int
    height: int
    frames: int
    seconds: float
    rate: float
    codec: str
    format: str
    sound: bool


def header(cell: object, limits: Limits = LIMITS) -> Header:
    """A video's header, decoding nothing. Raises CorruptCell for what is none or is past the limits."""
    cell = _cell(cell)
    if not isinstance(cell, bytes | Path):
        array = _array(cell, limits)
        return Header(array.shape[2], array.shape[1], len(array), 0.0, 0.0, "none", "array", False)
    with closing(container.opened(cell, limits)) as file:
        try:
            return _header(file, container.pictures(file, cell, limits), limits)
        except failures() as why:
            raise CorruptCell(_broken(why)) from None


def decode(cell: object, wanted: Wanted = WANTED, limits: Limits = LIMITS) -> Pixels:
    """Some frames of a video as uint8 (T, C, S, S), upright, transparency laid on white.

    cell: Path, bytes, or array (T, H, W), (T, H, W, 1|3|4), (T, 1|3|4, H, W). Frames are what is on the
    screen at moments equally far apart (``Timeline.moments``), so a changing frame rate does no harm; each is
    scaled as it is decoded. A video that is cut off gives the frames up to there, of the same moments as the
    whole one. Raises CorruptCell: no video, broken, cut off before ``least_share``, or past a limit.
    """
    cell = _cell(cell)
    if not isinstance(cell, bytes | Path):
        some = _frames(_array(cell, limits), wanted)
        return np.stack([image.decode(one, wanted.size, wanted.channels, wanted.fit) for one in some])
    with closing(_Screen(cell, limits)) as screen:
        try:
            scaler = frame.Scaler(wanted.size, wanted.channels, wanted.fit)
            return _decoded(screen, wanted, scaler)
        except failures() as why:
            raise CorruptCell(_broken(why)) from None


def stills(cell: object, side: int, number: int, limits: Limits = LIMITS) -> Pixels:
    """At most ``number`` frames as uint8 (T, H, W, 3) of their own shape, the longer side ``side``.

    Raises CorruptCell.
    """
    cell, wanted = _cell(cell), Wanted(side, 3, number, None, "pad", 0.0)
    if not isinstance(cell, bytes | Path):
        return np.stack([_inside(one, side) for one in _frames(_array(cell, limits), wanted)])
    with closing(_Screen(cell, limits)) as screen:
        try:
            return _decoded(screen, wanted, frame.Scaler(side, 3, "pad").upright)
        except failures() as why:
            raise CorruptCell(_broken(why)) from None


def cut(cell: object, limits: Limits = LIMITS) -> str | None:
    """``12 of 30 frames`` of a video whose end is not there; None for a whole one. Nothing is decoded.

    Raises CorruptCell.
    """
    cell = _cell(cell)
    if not isinstance(cell, bytes | Path):
        return None
    with closing(container.opened(cell, limits)) as file:
        try:
            line = timeline(file, container.pictures(file, cell, limits), limits)
        except failures() as why:
            raise CorruptCell(_broken(why)) from None
    there, declared = line.frames
    return f"{there:,} of {declared:,} frames" if line.cut else None


def _cell(cell: object) -> object:
    return bytes(cell) if isinstance(cell, bytearray | memoryview) else cell


def _header(file: "InputContainer", stream: "VideoStream", limits: Limits) -> Header:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    whole, base = container.seconds_of(file), stream.time_base
    container.check_seconds(whole, limits)
    seconds = float(stream.duration * base) if stream.duration and base else whole
    container.check_seconds(seconds, limits)
    size = stream.codec_context.width, stream.codec_context.height
    name = file.format.name.partition(",")[0]
    frames = stream.frames or round(seconds * rate)
    return Header(*size, frames, seconds, rate, stream.codec_context.name, name, bool(file.streams.audio))


def _decoded(screen: "_Screen", wanted: Wanted, scaler: Callable[..., Pixels]) -> Pixels:
    line = screen.line
    moments = line.moments(wanted.frames, wanted.rate)
    least = wanted.least_share * len(moments)
    if (moments < line.there).sum() < least:
        raise CorruptCell(_short(line, line.frames[0], wanted))
    made, last = list[Pixels](), None
    for moment in moments.tolist():
        found = screen.at(moment)
        if found is None:
            break
        made.append(made[-1] if found is last else scaler(found, screen.stream.sample_aspect_ratio))
        last = found
    if not made:
        raise CorruptCell("not one frame of the video can be decoded")
    if len(made) < least:
        raise CorruptCell(_short(line, round(len(made) / len(moments) * line.frames[1]), wanted))
    return np.stack(made)


class _Screen:
    """What a player would show of a file at given moments, which must ascend.

    It jumps to where decoding can begin, in containers with an index. Raises CorruptCell.
    """

    def __init__(self, cell: bytes | Path, limits: Limits) -> None:
        self.cell, self.limits = cell, limits
        self.now: VideoFrame | None = None
        self.next: VideoFrame | None = None
        self._open()
        try:
            _header(self.file, self.stream, limits)
            self.line = timeline(self.file, self.stream, limits)
            self.jumps = self.file.format.name.startswith(INDEXED)
            self.frames = self._from(None)
        except failures() as why:
            self.close()
            raise CorruptCell(_broken(why)) from None
        except CorruptCell:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def at(self, moment: float) -> "VideoFrame | None":
        """The frame on the screen; None where nothing can be decoded any more."""
        key, seen = self.line.key(moment), self.next or self.now
        if self.jumps and key is not None and (seen is None or _place(seen) < key):
            self._jump(key, moment)
        while self._advance(moment):
            pass
        if self.now is None:  # what was decoded begins later: the first frame stands in
            return self.next
        over = self.next is None and moment >= _place(self.now) + max(self.line.gap, self.now.duration or 0)
        return None if over else self.now

    def _open(self) -> None:
        self.file = container.opened(self.cell, self.limits)
        try:
            self.stream = container.pictures(self.file, self.cell, self.limits)
        except CorruptCell:
            self.close()
            raise

    def _advance(self, moment: float) -> bool:
        """Decode one frame more, if the one after the present must be known; whether that may go on."""
        if self.next is None:
            self.next = next(self.frames, None)
        if self.next is None or _place(self.next) > moment:
            return False
        self.now, self.next = self.next, None
        return True

    def _jump(self, key: int, moment: float) -> None:
        """Go on from a key frame; where the file lands too late, from the start, and never jump again."""
        self.now, self.frames = None, self._from(key)
        self.next = next(self.frames, None)
        if self.next is None or _place(self.next) > moment:
            self.jumps, self.next, self.frames = False, None, self._from(None)

    def _from(self, key: int | None) -> "Iterator[VideoFrame]":
        """Frames from a key frame on, or from the start; packets that cannot be decoded are left out."""
        if self.jumps:
            self.file.seek(int(self.line.start) if key is None else key, stream=self.stream)
        else:  # a file without an index is opened again: it may not find its own start
            self.close()
            self._open()
        for packet in container.packets(self.file, self.stream):
            try:
                frames = self.stream.decode(packet)
            except failures():
                continue
            yield from (f for f in frames if f.pts is not None)


def _place(found: "VideoFrame") -> int:
    return found.pts or 0


def _short(line: Timeline, frames: int, wanted: Wanted) -> str:
    return (
        f"the video is cut off: {frames:,} of {line.frames[1]:,} frames can be decoded, less than "
        f"least_share = {wanted.least_share:g}; lower least_share to read it"
    )


def _broken(why: BaseException) -> str:
    return f"the video is broken: {container.first_line(why)}"


def _array(cell: object, limits: Limits) -> NDArray[np.generic]:
    """An array cell as (T, H, W) or (T, H, W, C). Raises CorruptCell."""
    if not isinstance(cell, np.ndarray | list):
        raise CorruptCell(f"expected a video, got {shown(cell)}")
    try:
        array = np.asarray(cell)
    except (ValueError, OverflowError, TypeError):
        raise CorruptCell("expected a video, got lists of different lengths") from None
    if array.ndim == 4 and array.shape[3] not in DEPTHS and array.shape[1] in DEPTHS:
        array = array.transpose(0, 2, 3, 1)
    deep = array.ndim == 4 and array.shape[3] in DEPTHS
    flat = array.ndim == 3 and array.shape[2] not in DEPTHS
    if not (deep or flat) or array.dtype.kind not in "buif" or array.size == 0:
        raise CorruptCell(f"expected a video (T, H, W), (T, H, W, 3) or (T, 3, H, W), got {shown(array)}")
    container.check_pixels(array.shape[2], array.shape[1], limits)
    return array


def _inside(frame_HWC: NDArray[np.generic], side: int) -> Pixels:
    """One frame of an array as (H, W, 3), its longer side the side."""
    picture = pixels.flat(pixels.picture(frame_HWC, frame_HWC.size), 3)
    scale = side / max(picture.size)
    sides = [max(1, round(length * scale)) for length in picture.size]
    return np.asarray(picture.resize((sides[0], sides[1]), Resampling.BILINEAR), np.uint8)


def _frames(array: NDArray[np.generic], wanted: Wanted) -> Pixels:
    """The wanted frames of an array, which has no clock: with a rate every frame counts, from the start."""
    number = min(wanted.frames, len(array))
    part = 1.0 if wanted.rate else len(array) / number
    steps = ((np.arange(number) + 0.5) * part).astype(np.int64)
    return pixels.eight_bit(array[steps])
