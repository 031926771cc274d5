"""When the frames of a video are shown, read from its packets: nothing is decoded. Letters: T frames."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media.container import TICKS, Limits, check_seconds, failures, seconds_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

FASTEST = 1000
"""Frames a second beyond which a file is taken for hostile."""
_TOLERANCE = 0.01
"""Share of the declared length that may lack before a video counts as cut off."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The frames of one video in time, in ticks of its stream.

    start: when the first is shown. there: as far as the file reaches. end: as declared, where that is clearly
    more (the file is cut off), else there. gap: the median between two frames. keys: where decoding can
    begin, ascending. second: ticks.
    """

    start: float
    end: float
    there: float
    gap: float
    keys: NDArray[np.int64]
    second: float

    @property
    def frames(self) -> tuple[int, int]:
        """How many frames are there, and how many are declared."""
        there, declared = ((end - self.start) / self.gap for end in (self.there, self.end))
        return max(1, round(there)), max(1, round(declared))

    @property
    def seconds(self) -> float:
        """The declared length."""
        return (self.end - self.start) / self.second

    @property
    def cut(self) -> bool:
        """Whether the file ends before the declared end."""
        return self.end > self.there

    def moments(self, frames: int, rate: float | None) -> NDArray[np.float64]:
        """float64 (T,): the moments, in ticks, at which frames are looked at: always equally far apart.

        Without a rate at most ``frames``, in the middles of equal parts of the clip, and no more than the
        clip has frames (counted at its usual gap). With a rate one every 1 / rate seconds from the start, at
        most ``frames``.
        """
        length = self.end - self.start
        step = self.second / rate if rate else length / min(frames, max(1, round(length / self.gap)))
        number = min(frames, max(1, round(length / step)))
        return np.asarray(self.start + (np.arange(number) + 0.5) * step, np.float64)

    def key(self, moment: float) -> int | None:
        """The last place at or before the moment where decoding can begin; None: the file's beginning."""
        place = int(np.searchsorted(self.keys, moment, side="right"))
        return int(self.keys[place - 1]) if place > 1 else None


def timeline(container: "InputContainer", stream: "VideoStream", limits: Limits) -> Timeline:
    """The stream's timeline. Raises CorruptCell for no frame at all, or for a length past the limits."""
    second = float(1 / stream.time_base) if stream.time_base else float(TICKS)
    shown: list[int] = []
    keys: list[int] = []
    there, whole = 0.0, 0.0
    most = FASTEST * limits.max_seconds
    try:
        for packet in container.demux():
            moment = packet.pts if packet.pts is not None else packet.dts
            if moment is None or packet.time_base is None:
                continue
            until = moment + (packet.duration or 0)
            whole = max(whole, float(until * packet.time_base))
            if packet.stream.index != stream.index or packet.is_discard or packet.is_corrupt:
                continue
            shown.append(moment)
            there = max(there, float(until))
            if packet.is_keyframe:
                keys.append(moment)
            if len(shown) > most:
                raise CorruptCell(
                    f"the video holds more than {most:,.0f} frames, more than {FASTEST:,} a second for "
                    f"max_seconds = {limits.max_seconds:g}; raise max_seconds to read it"
                )
    except failures():
        pass  # what was read until here is what there is
    if not shown:
        raise CorruptCell("the video holds not one frame")
    times = np.unique(np.asarray(shown, np.int64))
    start, gap = float(times[0]), _gap(times, stream, second)
    there = max(there, float(times[-1]) + gap)
    end = start + _declared(container, stream, whole) * second
    check_seconds((max(end, there) - start) / second, limits)
    if end - there <= max(1.5 * gap, _TOLERANCE * (end - start)):
        end = there
    return Timeline(start, end, there, gap, np.unique(np.asarray(keys, np.int64)), second)


def _gap(times_T: NDArray[np.int64], stream: "VideoStream", second: float) -> float:
    """Ticks between frames: the median, or for a single one what the rate says."""
    if len(times_T) > 1:
        return float(np.median(np.diff(times_T)))
    return second / float(stream.average_rate) if stream.average_rate else second


def _declared(container: "InputContainer", stream: "VideoStream", whole: float) -> float:
    """Seconds that the pictures are declared to last; 0 where the file does not say, or reaches its end.

    whole: as far as any track reaches. A container's length is that of its longest track: pictures that end
    before the sound are not cut off.
    """
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    length = seconds_of(container)
    return 0.0 if whole >= length * (1 - _TOLERANCE) else length
