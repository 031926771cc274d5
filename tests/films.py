"""Small real video files, made on the spot by PyAV."""

from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
Wave = NDArray[np.float64]

LOSSLESS = {"codec": "ffv1", "container": "matroska", "pixels": "bgr0"}
RATE = 8000


def shades(number: int, side: int = 16) -> Frames:
    """(T, side, side, 3): frame t is one shade, 8 t + 4, so that a frame tells its number."""
    return np.broadcast_to((8 * np.arange(number) + 4)[:, None, None, None], (number, side, side, 3)).astype(
        np.uint8
    )


def moving(frames: int = 90, height: int = 48, width: int = 64) -> Frames:
    """Noise that wanders: every frame is another one."""
    steps = np.random.default_rng(0).integers(-3, 4, (frames, height, width, 3))
    return (np.cumsum(steps, 0).clip(-100, 100) + 120).astype(np.uint8)


def numbers(pixels_TCHW: Frames) -> list[int]:
    """The numbers of the frames of ``shades``."""
    return [round((float(one.mean()) - 4) / 8) for one in pixels_TCHW]


def tone(seconds: float, hertz: float = 440.0) -> Wave:
    """(T,) at RATE."""
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def film(
    frames: Frames,
    codec: str = "libx264",
    container: str = "mp4",
    pixels: str = "yuv420p",
    *,
    rate: int = 25,
    ticks: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    **more: Any,
) -> bytes:
    """The frames (T, H, W, 3|4) as a file. ticks: when each is shown, in milliseconds; None: at the rate.

    more: ``sound`` (wave at RATE), ``turn`` (degrees counter-clockwise), ``aspect`` (of a pixel), ``index``
    ("first": the mp4's index comes before its frames).
    """
    first = {"movflags": "+faststart"} if more.get("index") == "first" else {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film"
        with av.open(str(path), "w", format=container, container_options=first) as made:
            stream = made.add_stream(codec, rate=rate, options=options or {})
            stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], pixels
            stream.codec_context.thread_count = 1
            if ticks is not None:
                stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
            if "turn" in more:
                stream.set_display_rotation(more["turn"])
            if "aspect" in more:
                stream.codec_context.sample_aspect_ratio = more["aspect"]
            track = _track(made, "aac" if container == "mp4" else "pcm_s16le") if "sound" in more else None
            for place, pixels_HWC in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels_HWC, "rgb24" if frames.shape[3] == 3 else "rgba")
                if ticks is not None:
                    frame.pts, frame.time_base = ticks[place], Fraction(1, 1000)
                made.mux(stream.encode(frame))
            made.mux(stream.encode(None))
            if track is not None:
                wave = np.round(more["sound"] * 32767).astype(np.int16)[None]
                _sing(made, track, wave, "s16", "mono")
        return path.read_bytes()


def sound(
    wave: NDArray[Any], container: str, codec: str, form: str, layout: str = "mono", rate: int = RATE
) -> bytes:
    """A file of sound alone. wave: (C, T), or (1, T * C) for forms that are not planar."""
    file = BytesIO()
    with av.open(file, "w", format=container) as made:
        _sing(made, _track(made, codec, layout, rate), wave, form, layout, rate)
    return file.getvalue()


def _track(made: Any, codec: str, layout: str = "mono", rate: int = RATE) -> Any:
    return made.add_stream(codec, rate=rate, layout=layout)


def _sing(made: Any, track: Any, wave: NDArray[Any], form: str, layout: str, rate: int = RATE) -> None:
    heard = av.AudioFrame.from_ndarray(wave, form, layout)
    heard.sample_rate = rate
    made.mux(track.encode(heard))
    made.mux(track.encode(None))
