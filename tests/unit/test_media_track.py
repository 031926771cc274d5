"""The sound of videos."""

from pathlib import Path

import numpy as np
import pytest

from films import LOSSLESS, RATE, film, shades, sound, tone
from sensorium.errors import CorruptCell
from sensorium.media import audio, track
from sensorium.media.container import Limits

CUT = film(shades(25, 32), "mpeg4", "mov", sound=tone(2.0), index="first")[:-12_000]
SOUND = sound(np.zeros((1, 100), np.int16), "matroska", "pcm_s16le", "s16")
HEARD = film(shades(10, 32), container="matroska", sound=tone(1.0))


def twice() -> bytes:
    """A stream that goes on at another rate."""
    wave = np.round(tone(1.0) * 32767).astype(np.int16)[None]
    return b"".join(sound(wave, "mpegts", "mp2", "s16", rate=rate) for rate in (16_000, 32_000))


def loudest(wave: np.ndarray, rate: int) -> float:
    """The frequency with the most energy."""
    return float(np.abs(np.fft.rfft(wave)).argmax() * rate / len(wave))


def test_the_sound_of_a_video_is_its_track() -> None:
    wave, rate = track.decode(HEARD, Limits())
    assert rate == RATE
    np.testing.assert_allclose(wave, tone(1.0), atol=1e-4)
    told = track.header(HEARD, Limits())
    assert (told.rate, told.seconds, told.format) == (RATE, 1.0, "matroska")


def test_a_video_is_read_as_a_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(film(shades(10, 32), sound=tone(1.0)))
    assert loudest(audio.decode(path, 16_000), 16_000) == pytest.approx(440, abs=2)
    assert audio.header(path).rate == RATE
    assert audio.header(path).seconds == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(
    ("codec", "form", "scale"),
    [
        *(("pcm_u8", "u8", 127), ("pcm_s16le", "s16", 32767), ("pcm_s32le", "s32", 2**31 - 1)),
        *(("pcm_f32le", "flt", 1), ("pcm_f64le", "dbl", 1)),
    ],
)
def test_samples_of_every_kind_have_one_scale(codec: str, form: str, scale: float) -> None:
    types = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}
    wave = tone(0.2) * scale + (128 if form == "u8" else 0)
    data = sound(wave.round(0 if scale > 1 else 9).astype(types[form])[None], "matroska", codec, form)
    np.testing.assert_allclose(
        track.decode(data, Limits())[0], tone(0.2), atol=0.01 if form == "u8" else 1e-4
    )


def test_channels_are_averaged() -> None:
    both = np.stack([tone(0.2), -0.2 * tone(0.2)], 1).astype(np.float32)
    data = sound(both.reshape(1, -1), "matroska", "pcm_f32le", "flt", "stereo")
    np.testing.assert_allclose(track.decode(data, Limits())[0], 0.4 * tone(0.2), atol=1e-6)
    planar = sound((both * 32767).astype(np.int16).T.copy(), "mov", "alac", "s16p", "stereo")
    np.testing.assert_allclose(track.decode(planar, Limits())[0][:1600], 0.4 * tone(0.2), atol=1e-4)


def test_m4a_is_a_sound() -> None:
    data = sound((tone(1.0) * 32767).astype(np.int16)[None], "ipod", "aac", "s16")
    assert data[4:12] == b"ftypM4A "
    assert loudest(audio.decode(data, RATE), RATE) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("cell", "limits", "text"),
    [
        (film(shades(3), **LOSSLESS), Limits(), "the video has no sound"),
        (HEARD, Limits(max_seconds=0.5),
         "the sound lasts 1.0 s, more than max_seconds = 0.5; raise max_seconds to read it"),
        (CUT, Limits(), "the sound is cut off: 1.2 of 2.0 s can be read"),
        (film(shades(5, 32), "mpeg4", "mov", sound=tone(0.3)).replace(b"sowt", b"zzzz"), Limits(),
         "the sound is of a codec that PyAV cannot read here"),
        (twice(), Limits(), "the sound changes its rate from 16,000 to 32,000"),
        (SOUND[: SOUND.index(b"\x1f\x43\xb6\x75") + 12], Limits(), "the sound holds not one frame"),
    ],
)  # fmt: skip
def test_what_cannot_be_heard_says_why(cell: bytes, limits: Limits, text: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        track.decode(cell, limits)
    assert str(caught.value) == text


def test_silent_videos_are_told_from_sounds_and_from_videos_with_sound() -> None:
    assert track.silent(film(shades(3), **LOSSLESS))
    assert not track.silent(HEARD)
    assert not track.silent(b"RIFF")
    assert not track.silent(np.zeros(5))
