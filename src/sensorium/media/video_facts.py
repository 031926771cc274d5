"""Numbers about the cells of a column of videos."""

from collections import Counter
from collections.abc import Sequence

from sensorium.media import video
from sensorium.media.cells import each
from sensorium.media.facts import spread, top
from sensorium.types import Facts


def video_facts(cells: Sequence[object]) -> Facts:
    """Sizes, seconds, frame rates, codecs, formats and sound, from the headers of what can be read."""
    headers = [h for h in each(cells, _video)[0] if h is not None]
    if not headers:
        return {}
    seconds = [h.seconds for h in headers if h.seconds > 0]
    sounds = Counter("with" if h.sound else "without" for h in headers)
    return {
        "width": spread([h.width for h in headers]),
        "height": spread([h.height for h in headers]),
        **({"seconds": spread(seconds)} if seconds else {}),
        "frame rates": top(Counter(f"{h.rate:.4g}" for h in headers if h.rate > 0)),
        "codecs": top(Counter(h.codec for h in headers)),
        "formats": top(Counter(h.format for h in headers)),
        "sound": top(sounds),
    }


def _video(cell: object) -> video.Header:
    return video.header(cell)
