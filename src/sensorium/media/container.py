"""Files that hold streams (videos, and sounds in files of videos), opened by PyAV within limits.

PyAV comes with the extra ``video``. Only containers that hold their own streams are read: a playlist, which
names other files or addresses, is none. What is opened reads no other file.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media import magic

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

AnyStream = TypeVar("AnyStream", "AudioStream", "VideoStream")

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,gif"
ABSENT = "PyAV, which reads videos, is not installed; install it with: pip install 'sensorium[video]'"
READ = (("audio", "m4a"), ("image", "gif"))
"""What is read besides videos, by its first bytes."""
TICKS = 1_000_000
"""Units of a container's duration in a second."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a video may declare before anything is decoded. Named as the options that raise them."""

    max_pixels: int = 9_000_000
    max_seconds: float = 600.0
    max_megabytes: float = 1000.0


def pyav() -> ModuleType:
    """PyAV. Raises CorruptCell where it is not installed: then no cell that needs it can be read."""
    try:
        import av
    except ImportError:
        raise CorruptCell(ABSENT) from None
    return av


@cache
def failures() -> tuple[type[Exception], ...]:
    """What PyAV raises on broken or hostile files: FFmpeg's errors, and Python's on what they lead to."""
    return (
        pyav().error.FFmpegError, OSError, ValueError, RuntimeError, EOFError, LookupError, TypeError,
        AttributeError, ArithmeticError, MemoryError, AssertionError,
    )  # fmt: skip


def opened(cell: bytes | Path, limits: Limits) -> "InputContainer":
    """The file with its headers read; the caller closes it. Raises CorruptCell: no video, or too large."""
    pyav()
    _check_bytes(cell, limits)
    return _open(cell, {"max_pixels": str(limits.max_pixels)})


def _open(cell: bytes | Path, options: dict[str, str]) -> "InputContainer":
    """options: of the decoders that look at the first frames."""
    try:
        found: InputContainer = pyav().open(
            BytesIO(cell) if isinstance(cell, bytes) else f"file:{cell}",
            options=options,
            container_options={"format_whitelist": FORMATS, "protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except failures():
        raise CorruptCell(_what_it_is(cell)) from None
    return found


def check_seconds(seconds: float, limits: Limits) -> None:
    """Raises CorruptCell for what lasts too long."""
    if seconds > limits.max_seconds:
        raise CorruptCell(
            f"the video lasts {seconds:,.1f} s, more than max_seconds = {limits.max_seconds:g}; "
            "raise max_seconds to read it"
        )


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Raises CorruptCell for frames that are too large, or that have no size."""
    if width * height > limits.max_pixels:
        raise CorruptCell(
            f"the video's frames have {width * height:,} pixels, more than "
            f"max_pixels = {limits.max_pixels:,}; raise max_pixels to read it"
        )
    if width < 1 or height < 1:
        raise CorruptCell("the video is broken: its header tells no size")


def pictures(file: "InputContainer", cell: bytes | Path, limits: Limits) -> "VideoStream":
    """The stream of pictures, ready to be decoded in one thread. Raises CorruptCell where there is none."""
    stream = _pictures(file)
    width, height = stream.codec_context.width, stream.codec_context.height
    if not width or not height:  # FFmpeg forgets a size past the limit
        with closing(_open(cell, {"skip_frame": "all"})) as again:
            found = _pictures(again).codec_context
            width, height = found.width, found.height
    check_pixels(width, height, limits)
    stream.codec_context.options = {"max_pixels": str(limits.max_pixels)}
    return alone(stream)


def seconds_of(container: "InputContainer") -> float:
    """The length that the container declares; 0 where it does not."""
    return max(0.0, (container.duration or 0) / TICKS)


def _pictures(file: "InputContainer") -> "VideoStream":
    covers = pyav().stream.Disposition.attached_pic
    found = [s for s in file.streams.video if not s.disposition & covers]
    if not found:
        what = (
            "only sound or data"
            if len(file.streams)
            else "and no sound; a file that is cut off may lack both"
        )
        raise CorruptCell(f"the file holds no pictures that move, {what}")
    if found[0].codec_context is None:
        raise CorruptCell("the video is of a codec that PyAV cannot read here")
    return found[0]


def alone(stream: AnyStream) -> AnyStream:
    """The stream, to be decoded in one thread: many files are read at once."""
    stream.codec_context.thread_type, stream.codec_context.thread_count = "NONE", 1
    return stream


def packets(file: "InputContainer", stream: AnyStream) -> "Iterator[Packet[AnyStream] | None]":
    """The stream's whole packets; the last one is empty, or None where no more can be read: the decoder
    gives what it holds back."""
    try:
        yield from (packet for packet in file.demux(stream) if not packet.is_corrupt)
    except failures():
        yield None


def first_line(why: BaseException) -> str:
    """A failure in a few words."""
    text = (getattr(why, "strerror", None) or str(why)).strip().partition("\n")[0]
    return (text or type(why).__name__)[:200]


def mp4(frames_THWC: NDArray[np.uint8], rate: int) -> bytes:
    """Frames (T, H, W, 3) of even sides as a small file (MPEG-4 part 2). Raises CorruptCell without PyAV."""
    av, file = pyav(), BytesIO()
    exact = {"flags": "+bitexact", "qscale": "2"}
    with av.open(file, "w", format="mp4", container_options={"fflags": "+bitexact"}) as made:
        stream = made.add_stream("mpeg4", rate=rate, options=exact)
        stream.height, stream.width, stream.pix_fmt = *frames_THWC.shape[1:3], "yuv420p"
        alone(stream)
        for frame in frames_THWC:
            made.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        made.mux(stream.encode(None))
    return file.getvalue()


def _check_bytes(cell: bytes | Path, limits: Limits) -> None:
    try:
        if isinstance(cell, Path) and cell.is_dir():
            raise CorruptCell("expected a video, got a folder")
        length = cell.stat().st_size if isinstance(cell, Path) else len(cell)
    except (OSError, ValueError) as why:
        raise CorruptCell(f"the file cannot be read: {getattr(why, 'strerror', None) or why}") from None
    if length == 0:
        raise CorruptCell("the file is empty (0 bytes)")
    if length > limits.max_megabytes * 1e6:
        raise CorruptCell(
            f"the video has {length / 1e6:,.1f} MB, more than max_megabytes = {limits.max_megabytes:g}; "
            "raise max_megabytes to read it"
        )


def _what_it_is(cell: bytes | Path) -> str:
    found = magic.kind(magic.head(cell))
    if found is None:
        return "not a video: the content is of an unknown kind"
    if found[0] == "video" or found in READ:
        return f"the video is broken: no {found[1]} header can be read; a file that is cut off may lack it"
    return f"not a video: the content is {found[0]} ({found[1]})"
