"""Sounds of every format and kind, and every way they break."""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media.audio import Limits, decode, header, levelled, sixteen_bit, trimmed

RATE = 8000


SOUND = "expected a sound (T,), (T, C) or (C, T), got an array of shape "


def tone(seconds: float = 0.5, hertz: float = 440.0, rate: int = RATE) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def saved(
    wave: NDArray[np.generic], kind: str = "WAV", subtype: str | None = None, rate: int = RATE
) -> bytes:
    file = BytesIO()
    soundfile.write(file, wave, rate, format=kind, subtype=subtype)
    return file.getvalue()


def similar(wave: NDArray[np.float32], wanted: NDArray[np.generic]) -> float:
    """Correlation over the shared middle of two sounds."""
    length = min(len(wave), len(wanted))
    return float(np.corrcoef(wave[:length], wanted[:length])[0, 1])


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        *(("WAV", subtype) for subtype in "PCM_U8 PCM_16 PCM_24 PCM_32 FLOAT ULAW IMA_ADPCM".split()),
        *((kind, "PCM_16") for kind in "FLAC AIFF AU CAF W64 RF64".split()),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
def test_every_format_gives_its_sound(kind: str, subtype: str) -> None:
    data = saved(tone(), kind, subtype)
    wave = decode(data, RATE)
    assert wave.dtype == np.float32
    assert abs(len(wave) - len(tone())) < 1300
    assert np.abs(np.fft.rfft(wave)).argmax() * RATE / len(wave) == pytest.approx(440, abs=4)
    assert header(data).rate in (RATE, 48000)


def test_channels_are_averaged() -> None:
    stereo = np.stack([tone(), -0.2 * tone()], 1)
    np.testing.assert_allclose(decode(saved(stereo, subtype="FLOAT"), RATE), 0.4 * tone(), atol=1e-6)


def test_resampling_keeps_a_tone_and_its_length() -> None:
    wave = decode(saved(tone(1.0, 440, 44100), rate=44100), 16000)
    assert len(wave) == 16000
    wanted = tone(1.0, 440, 16000)
    np.testing.assert_allclose(wave[200:-200], wanted[200:-200], atol=2e-3)


def test_resampling_leaves_no_mirror_of_what_the_new_rate_cannot_hold() -> None:
    wave = decode(saved(tone(1.0, 7000, 44100), rate=44100), 8000)
    assert np.abs(wave[500:-500]).max() < 0.005


@pytest.mark.parametrize(
    "array",
    [
        tone(),
        tone().astype(np.float32),
        tone().tolist(),
        np.stack([tone(), tone()], 1),
        np.stack([tone(), tone()]),
        np.round(tone() * 32768).astype(np.int16),
        np.round(tone() * 2**31).astype(np.int32),
        np.round(tone() * 128 + 128).astype(np.uint8),
        tone() * 32768,
        {"array": tone(), "sampling_rate": RATE},
    ],
)
def test_arrays_of_every_kind_give_the_same_sound(array: object) -> None:
    wave = decode(array, RATE, rate_of_arrays=RATE)
    np.testing.assert_allclose(wave, tone(), atol=0.005)


def test_an_array_with_its_own_rate_is_resampled() -> None:
    assert len(decode({"array": tone(1.0), "sampling_rate": 4000}, 8000)) == 16000
    assert header({"array": tone(1.0), "sampling_rate": 4000}).seconds == 2.0


WAV = saved(tone())


def declaring(data: bytes, count: int) -> bytes:
    """The wav with another length in the header of its data."""
    at = data.index(b"data") + 4
    return data[:at] + struct.pack("<I", count) + data[at + 4 :]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b"", "the file is empty (0 bytes)"),
        (b"just some words", "not a sound: the content is of an unknown kind"),
        (b"\x89PNG\r\n\x1a\n123", "not a sound: the content is image (png)"),
        (WAV[:20], "the sound is broken: Error in WAV/W64/RF64 file. Malformed 'fmt ' chunk."),
        (saved(np.zeros(0)), "the sound holds not one frame"),
        (WAV[: len(WAV) // 2], "the sound is cut off: 3,978 of 8,000 bytes are there"),
        (declaring(WAV, 16000), "the sound is cut off: 8,000 of 16,000 bytes are there"),
        ("a.wav", "expected a sound, got 'a.wav'"),
        (7, "expected a sound, got 7"),
        ({"array": None}, "expected a sound, got a NoneType"),
        ({"array": [1.0], "sampling_rate": "x"}, "the sound's sampling_rate must be a whole number above 0"),
        ([], "the sound holds not one frame"),
        (np.zeros(0, np.float32), "the sound holds not one frame"),
        (np.full(9, np.nan), "the sound holds NaN or infinite samples"),
        (np.zeros((2, 2, 2)), SOUND + "(2, 2, 2) and type float64"),
        ([[1.0, 2.0], [3.0]], "expected a sound, got lists of different lengths"),
    ],
)
def test_what_is_no_sound_says_why(cell: object, text: str) -> None:
    with pytest.raises(CorruptCell) as caught:
        decode(cell, RATE)
    assert str(caught.value) == text


def test_a_stream_that_could_not_know_its_length_is_read_to_its_end() -> None:
    np.testing.assert_allclose(decode(declaring(WAV, 0xFFFFFFFF), RATE), tone(), atol=1e-4)


def test_a_few_lost_bytes_do_not_make_a_sound_corrupt() -> None:
    assert len(decode(WAV[:-20], RATE)) == 3990


def test_a_flac_that_is_cut_off_says_how_much_is_there() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 40000)
    data = saved(noise, "FLAC")
    with pytest.raises(
        CorruptCell, match=r"^the sound is (cut off: [\d,]+ of 40,000 frames can be read|broken: )"
    ):
        decode(data[: len(data) // 2], RATE)


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    cases = {
        tmp_path: "expected a sound, got a folder",
        tmp_path / "empty.wav": "the file is empty (0 bytes)",
        tmp_path / "none.wav": "the file cannot be read: No such file or directory",
    }
    for path, text in cases.items():
        for read in (header, lambda cell: decode(cell, RATE)):
            with pytest.raises(CorruptCell) as caught:
                read(path)
            assert str(caught.value) == text


def test_limits_are_read_from_the_header_and_name_their_option() -> None:
    long = declaring(WAV, 2 * RATE * 36000)
    for cell in (saved(tone(3.0)), tone(3.0)):
        with pytest.raises(CorruptCell) as caught:
            decode(cell, RATE, RATE, Limits(max_seconds=2))
        assert (
            str(caught.value)
            == "the sound lasts 3.0 s, more than max_seconds = 2; raise max_seconds to read it"
        )
    with pytest.raises(CorruptCell) as caught:
        decode(WAV, RATE, limits=Limits(max_megabytes=0.001))
    assert str(caught.value) == (
        "the sound has 0.0 MB, more than max_megabytes = 0.001; raise max_megabytes to read it"
    )
    with pytest.raises(CorruptCell, match="cut off"):
        decode(long, RATE)


def test_silent_ends_are_cut_and_a_margin_stays() -> None:
    silence = np.zeros(RATE // 2, np.float32)
    wave = np.concatenate([silence, tone(0.5).astype(np.float32), silence])
    cut = trimmed(wave, RATE)
    assert 0.5 <= len(cut) / RATE <= 0.57
    assert similar(cut[240:4240], tone(0.5)) > 0.99


def test_silence_alone_stays_as_it_is() -> None:
    silence = np.zeros(100, np.float32)
    assert (trimmed(silence, RATE) == silence).all()
    assert (levelled(silence) == silence).all()


def test_levels_become_one_loudness_and_peaks_stay_below_one() -> None:
    for gain in (0.001, 0.3, 2.0):
        even = levelled((tone() * gain).astype(np.float32))
        assert np.sqrt((even**2).mean()) == pytest.approx(0.1, rel=1e-4)
    click = np.zeros(8000, np.float32)
    click[5] = 0.1
    assert levelled(click).max() == pytest.approx(0.999, rel=1e-5)


def test_sixteen_bits_are_rounded_and_held_in_range() -> None:
    wave = np.array([0, 0.5, -1, 1, 3, -3, 0.00002], np.float32)
    assert sixteen_bit(wave).tolist() == [0, 16384, -32768, 32767, 32767, -32768, 1]
