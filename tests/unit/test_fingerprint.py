"""Fingerprints of pictures, sounds and texts: copies stay near, others do not, and one is worked by hand."""

import io

import numpy as np
import pytest
import scipy.fft
import soundfile
from PIL import Image, ImageEnhance, ImageFilter

from sensorium.media import fingerprint
from sensorium.media.fingerprint import of_map, of_picture, of_text
from sensorium.modalities import modalities
from sensorium.nn.sound_print import RATE, of_wave

RNG = np.random.default_rng(0)


def bits(one: bytes | None, other: bytes | None) -> int:
    """In how many bits two fingerprints differ."""
    assert one is not None
    assert other is not None
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def scene(seed: int) -> Image.Image:
    """A picture of smooth colours with some boxes on it."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (7, 9, 3), np.uint8)).resize(
        (180, 140), Image.Resampling.BICUBIC
    )
    pixels = np.array(small)
    for _ in range(5):
        y, x = rng.integers(0, 100, 2)
        pixels[y : y + 30, x : x + 40] = rng.integers(0, 256, 3)
    return Image.fromarray(pixels)


def encoded(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


COPIES = {
    "a JPEG of low quality": lambda p: encoded(p, 30),
    "half the size": lambda p: p.resize((90, 70)),
    "brighter": lambda p: ImageEnhance.Brightness(p).enhance(1.2),
    "less contrast": lambda p: ImageEnhance.Contrast(p).enhance(0.7),
    "grey": lambda p: p.convert("L"),
    "blurred": lambda p: p.filter(ImageFilter.GaussianBlur(1.5)),
}


@pytest.mark.parametrize("how", COPIES)
def test_copies_of_a_picture_are_near_and_others_are_far(how: str) -> None:
    most = modalities.get("image").near_bits
    scenes = [scene(seed) for seed in range(8)]
    own = [of_picture(one) for one in scenes]
    assert (
        max(bits(mine, of_picture(COPIES[how](one))) for mine, one in zip(own, scenes, strict=True)) <= most
    )
    assert min(bits(own[i], own[j]) for i in range(8) for j in range(i)) > 3 * most


def test_a_maps_fingerprint_is_the_signs_of_its_low_cosine_frequencies() -> None:
    values = RNG.normal(3, 1, (40, 24))
    waves = scipy.fft.dctn(values - values.mean(), norm="ortho")[:16, :16]
    expected = waves > 0
    expected[0, 0] = False
    np.testing.assert_array_equal(np.unpackbits(np.frombuffer(of_map(values), np.uint8)), expected.ravel())


def test_a_picture_of_one_shade_and_a_silent_sound_and_a_text_without_letters_have_none() -> None:
    assert of_picture(np.full((9, 9, 3), 80, np.uint8)) is None
    assert of_wave(np.zeros(4000, np.float32)) is None
    assert of_wave(np.zeros(0, np.float32)) is None
    assert of_text(" -- !? ") is None


def tune(seed: int, seconds: float = 1.0) -> np.ndarray:
    """Tones that come and go."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    wave = np.zeros(len(time))
    for _ in range(6):
        middle, width, pitch = rng.uniform(0, seconds), rng.uniform(0.05, 0.2), rng.uniform(150, 2500)
        wave += np.exp(-(((time - middle) / width) ** 2)) * np.sin(2 * np.pi * pitch * time)
    return (0.2 * wave).astype(np.float32)


def as_file(wave: np.ndarray, kind: str, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, wave, RATE, format=kind, subtype=subtype)
    return file.getvalue()


TUNES = {
    "Ogg": lambda w: as_file(w, "OGG", "VORBIS"),
    "8 bits": lambda w: as_file(w, "WAV", "ULAW"),
    "a third as loud": lambda w: as_file(w / 3, "WAV", "PCM_16"),
    "silence around": lambda w: as_file(np.pad(w, (900, 2100)), "WAV", "PCM_16"),
    "twice the rate": lambda w: {"array": np.repeat(w, 2), "sampling_rate": 2 * RATE},
}


@pytest.mark.parametrize("how", TUNES)
def test_copies_of_a_sound_are_near_and_others_are_far(how: str) -> None:
    modality = modalities.get("audio")()
    tunes = [tune(seed) for seed in range(8)]
    own = [of_wave(one) for one in tunes]
    copies = [modality.fingerprint(TUNES[how](one)) for one in tunes]
    assert max(bits(mine, copy) for mine, copy in zip(own, copies, strict=True)) <= modality.near_bits
    assert min(bits(own[i], own[j]) for i in range(8) for j in range(i)) > 2 * modality.near_bits


SAID = "The ferry leaves from the northern pier every hour, and twice an hour on summer weekends."


def test_case_signs_and_blanks_do_not_change_a_texts_fingerprint() -> None:
    assert of_text("  " + SAID.upper().replace(",", " --  ") + "!!") == of_text(SAID)


def test_a_text_with_few_changes_is_near_and_another_is_far() -> None:
    most = modalities.get("text").near_bits
    assert 0 < bits(of_text(SAID), of_text(SAID.replace("northern", "northerm"))) <= most
    assert 0 < bits(of_text(SAID), of_text(SAID + " (New)")) <= most
    assert (
        bits(of_text(SAID), of_text("Trains to the airport stop at the old harbour until midnight."))
        > 2 * most
    )
    assert bits(of_text("yes"), of_text("yet")) > most


def test_the_bits_that_differ_follow_the_angle_between_the_sets_of_pieces() -> None:
    letters = RNG.permutation(
        [f"{chr(97 + i)}{chr(97 + j)}{chr(97 + k)}" for i in range(9) for j in range(9) for k in range(9)]
    )
    shared, mine, yours = ["".join(letters[a:b]) for a, b in ((0, 400), (400, 450), (450, 500))]

    def pieces(text: str) -> set[str]:
        return {text[at : at + 4] for at in range(len(text) - 3)}

    one, other = shared + mine, shared + yours
    cosine = len(pieces(one) & pieces(other)) / (len(pieces(one)) * len(pieces(other))) ** 0.5
    expected = 256 * np.arccos(cosine) / np.pi
    assert bits(of_text(one), of_text(other)) == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_long_texts_are_read_in_pieces_to_the_same_end(monkeypatch: pytest.MonkeyPatch) -> None:
    long = " ".join(str(number) for number in RNG.integers(0, 10**6, 2000))
    assert of_text(long) == of_text(long[: fingerprint.LONGEST])
    assert of_text(long) != of_text(long[: fingerprint.LONGEST // 2])
