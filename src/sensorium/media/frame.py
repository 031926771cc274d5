"""One decoded frame of a video -> uint8 pixels of one size.

Letters: C channels, S side, H height, W width.
"""

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sensorium.media.container import pyav
from sensorium.media.image import Fit

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Pixels = NDArray[np.uint8]

WIDEST = 32
"""Sides longer than so many times the other are taken for so long where a square is cut out."""


class Scaler:
    """Frames of any pixel format as uint8 (C, S, S): scaled, turned upright, transparency laid on white.

    size: S. channels: 1 or 3. fit: as of pictures (``media.image.decode``).
    """

    def __init__(self, size: int, channels: int, fit: Fit) -> None:
        self.size, self.channels, self.fit = size, channels, fit
        av = pyav()
        how = av.video.reformatter.Interpolation
        self.tool = av.video.reformatter.VideoReformatter()
        self.how = how.BILINEAR | how.ACCURATE_RND | how.FULL_CHR_H_INT | how.BITEXACT

    def upright(self, frame: "VideoFrame", aspect: Fraction | None) -> Pixels:
        """One frame (H, W, 3), before bars are added or ends cut off, as ``fit`` scales it.

        aspect: width of a pixel over its height, None or 0: square.
        """
        width, height = self._sides(frame.width * float(aspect or 1), float(frame.height))
        return np.rot90(self._scaled(frame, width, height), round(frame.rotation / 90) % 4)

    def __call__(self, frame: "VideoFrame", aspect: Fraction | None) -> Pixels:
        """One frame (C, S, S)."""
        square = self._square(self.upright(frame, aspect))
        if self.channels == 1:
            return np.asarray(Image.fromarray(square).convert("L"), np.uint8)[None]
        return square.transpose(2, 0, 1)

    def _sides(self, width: float, height: float) -> tuple[int, int]:
        """Width and height to scale to, before turning."""
        if self.fit == "stretch":
            return self.size, self.size
        end = max(width, height) if self.fit == "pad" else min(width, height)
        scale = self.size / end
        most = self.size * WIDEST
        return tuple(min(most, max(1, round(side * scale))) for side in (width, height))  # type: ignore[return-value]

    def _scaled(self, frame: "VideoFrame", width: int, height: int) -> Pixels:
        clear = frame.format.has_palette or any(c.is_alpha for c in frame.format.components)
        made = self.tool.reformat(
            frame, width, height, "rgba" if clear else "rgb24", interpolation=self.how, threads=1
        )
        pixels: Pixels = np.asarray(made.to_ndarray(), np.uint8)
        if not clear:
            return pixels
        share = pixels[..., 3:].astype(np.float32) / 255
        return np.round(pixels[..., :3] * share + 255 * (1 - share)).astype(np.uint8)

    def _square(self, pixels_HWC: Pixels) -> Pixels:
        """Bars are added, or the middle is cut out, until both sides are the size."""
        height, width = pixels_HWC.shape[:2]
        if self.fit == "pad":
            square = np.zeros((self.size, self.size, 3), np.uint8)
            top, left = (self.size - height) // 2, (self.size - width) // 2
            square[top : top + height, left : left + width] = pixels_HWC
            return square
        top, left = (height - self.size) // 2, (width - self.size) // 2
        return np.ascontiguousarray(pixels_HWC[top : top + self.size, left : left + self.size])
