"""Texts, pictures and sounds: what is theirs alone."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image as Pillow

from sensorium.errors import CorruptCell, PlanError
from sensorium.media import tokenizer
from sensorium.media.json_media import from_data_address
from sensorium.modalities.audio import Audio
from sensorium.modalities.image import Image
from sensorium.modalities.text import Text
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell
from sensorium.types import Facts


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def facts_ids(facts: Facts, text: str) -> list[int]:
    ids: list[int] = tokenizer.load(facts["tokenizer"]).encode(text).ids
    return ids


def test_long_texts_keep_their_start_and_the_cut_share_is_told() -> None:
    cells: list[Cell] = ["one two three four five six", "one two", "one", None, ""]
    modality = Text(tokenizer="words", longest=3)
    facts = modality.fit([cells], rng())
    packed = modality.prepare(cells, facts)
    assert facts["longest"] == 3
    assert facts["cut"] == pytest.approx(1 / 3)
    assert packed.lengths().tolist() == [3, 2, 1, 0, 0]
    assert packed.row_status().tolist() == [PRESENT, PRESENT, PRESENT, MISSING, MISSING]
    ids = facts_ids(facts, "one two three")
    assert packed.values.tolist() == [*ids, *ids[:2], ids[0]]
    assert packed.values.dtype == np.uint16


def test_unseen_words_are_unknown_and_bytes_never_are() -> None:
    cells: list[Cell] = ["red box", "blue box"]
    words, pairs = Text(tokenizer="words"), Text()
    told = words.fit([cells], rng())
    assert words.prepare(["green box"], told).values.tolist()[0] == 1
    facts = pairs.fit([cells], rng())
    assert min(pairs.prepare(["\u4f60\u597d"], facts).values) > 1


def test_every_choice_of_texts_changes_something() -> None:
    cells: list[Cell] = ["The Red \uff21 box", "the red A box", "a red fox"] * 20
    plain = Text().fit([cells], rng())
    for other in (
        Text(tokenizer="words"),
        Text(tokenizer="characters"),
        Text(longest=2),
        Text(lowercase=False),
    ):
        assert other.fit([cells], rng()) != plain
    assert Text(form="NFC").clean(["\uff21"]) == ["\uff21"]
    assert Text().clean(["\uff21"]) == ["A"]
    (read,) = Text().clean(["abcdefghi " * 10_000])
    assert len(read or "") == 19_999
    (more,) = Text(windows=16).clean(["abcdefghi " * 10_000])
    assert len(more or "") == 16 * 16 * 256
    many: list[Cell] = [f"word{i} other{i * 7}" for i in range(3000)]
    sizes = [Text(vocabulary=size).fit([many], rng())["vocabulary"] for size in (300, 600)]
    assert sizes == [300, 600]


def test_columns_of_texts_with_different_tokenizers_cannot_share_an_encoder() -> None:
    facts = [Text().fit([[text] * 9], rng()) for text in ("one two", "three four")]
    assert Text().describe([facts[0], facts[0]], "ids")["vocabulary"] == facts[0]["vocabulary"]
    with pytest.raises(PlanError) as caught:
        Text().describe(facts, "ids")
    assert str(caught.value) == (
        "the texts of one input must share one tokenizer; its columns have different ones. "
        "Give each column its own input."
    )


def test_the_vocabulary_is_smaller_on_small_data() -> None:
    cells: list[Cell] = ["abcd efgh ijkl mnop"] * 50
    assert Text().fit([cells], rng())["vocabulary"] <= 400


def png(array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    file = BytesIO()
    Pillow.fromarray(array).save(file, "PNG")
    return file.getvalue()


def pictures(height: int, width: int, grey: bool = False, count: int = 5) -> list[Cell]:
    made: list[Cell] = []
    for _ in range(count):
        array = rng().integers(0, 256, (height, width, 3)).astype(np.uint8)
        made.append(png(array[..., :1].repeat(3, 2) if grey else array))
    return made


@pytest.mark.parametrize(
    ("side", "size"), [(8, 8), (28, 28), (30, 32), (48, 48), (64, 64), (128, 64), (3, 8)]
)
def test_the_size_is_chosen_from_the_headers(side: int, size: int) -> None:
    assert Image().fit([pictures(side, side)], rng())["size"] == size


def test_grey_pictures_are_stored_in_one_channel() -> None:
    modality = Image()
    facts = modality.fit([[*pictures(16, 16, grey=True), None]], rng())
    assert facts["channels"] == 1
    assert modality.prepare(pictures(16, 16), facts).values.shape == (1, 1, 16, 16)
    assert modality.fit([pictures(16, 16)], rng())["channels"] == 3
    assert Image(channels=3).fit([pictures(16, 16, grey=True)], rng())["channels"] == 3


def test_pixels_become_floats_around_zero_and_missing_ones_zeros() -> None:
    modality = Image()
    facts = modality.fit([pictures(16, 16)], rng())
    packed = modality.prepare([*pictures(16, 16, count=1), None], facts)
    x = modality.front([facts], "grid")(modality.arrays(packed, np.array([0, 1]), "grid"))
    wanted = (packed.values[0] / 255 - facts["mean"]) / facts["std"]
    np.testing.assert_allclose(x.values[0].numpy(), wanted, atol=1e-5)
    assert abs(x.values[0].mean()) < 0.01
    assert abs(x.values[0].std() - 1) < 0.01
    assert (x.values[1] == 0).all()


def test_every_choice_of_pictures_changes_something() -> None:
    cells = pictures(20, 40)
    plain = Image().prepare(cells, Image().fit([cells], rng()))
    assert Image(size=16).fit([cells], rng())["size"] == 16
    for fit in ("pad", "crop"):
        other = Image(fit=fit)
        assert not np.array_equal(other.prepare(cells, other.fit([cells], rng())).values, plain.values)
    small = Image(max_pixels=100)
    facts = small.fit([cells], rng())
    assert (small.prepare(cells, facts).row_status() == CORRUPT).all()
    assert (Image(max_megabytes=0.0001).prepare(cells, facts).row_status() == CORRUPT).all()


def test_columns_of_pictures_of_different_sizes_cannot_share_an_encoder() -> None:
    facts: list[Facts] = [{"size": 32, "channels": 3}, {"size": 64, "channels": 1}]
    with pytest.raises(PlanError) as caught:
        Image().describe(facts, "grid")
    assert str(caught.value) == (
        "the pictures of one input must be of one size; its columns gave 3 x 32 x 32, 1 x 64 x 64. "
        "Set size and channels of this input, or give each column its own input."
    )


def test_pictures_are_known_by_content_then_by_name(tmp_path: Path) -> None:
    good, bad, text = tmp_path / "a", tmp_path / "b.png", tmp_path / "c.txt"
    good.write_bytes(bytes(pictures(8, 8)[0]))  # type: ignore[arg-type]
    bad.touch()
    text.write_text("hello")
    assert Image.sniff([good]).score == 1
    assert Image.sniff([bad]).score == pytest.approx(0.6)
    assert Image.sniff([text]).score == 0
    assert Image.sniff([np.zeros((8, 8), np.uint8), Pillow.new("L", (4, 4))]).score == 1
    assert Image.sniff([good, bad]).reason == "50% of 2 sampled cells are pictures (png)"


def wav(seconds: float, rate: int = 8000, silence: float = 0.0, gain: float = 0.3) -> bytes:
    time = np.arange(round(seconds * rate)) / rate
    quiet = np.zeros(round(silence * rate))
    wave = np.concatenate([quiet, gain * np.sin(2 * np.pi * 500 * time), quiet])
    file = BytesIO()
    soundfile.write(file, wave, rate, format="WAV")
    return file.getvalue()


def sound_facts(modality: Audio, *cells: Cell) -> Facts:
    return modality.fit([list(cells)], rng())


def test_rate_length_and_hop_come_from_the_headers() -> None:
    short = sound_facts(Audio(), *[wav(0.4)] * 9, wav(0.8))
    assert (short["rate"], short["hop"], short["window"]) == (8000, 50, 200)  # 0.4 s / 64 and 25 ms
    assert 0.7 < short["seconds"] <= 0.8
    long = sound_facts(Audio(), wav(5, 44100), wav(5, 44100))
    assert (long["rate"], long["hop"], long["window"]) == (16000, 320, 640)  # 20 ms and two hops
    assert long["seconds"] == 5
    assert sound_facts(Audio(), wav(30))["seconds"] == 10


def test_sounds_are_stored_trimmed_levelled_and_cut() -> None:
    cell = wav(1.0, silence=0.5)
    both = Audio()
    facts = sound_facts(both, cell)
    packed = both.prepare([cell, None], facts)
    assert packed.values.dtype == np.int16
    assert 8000 <= packed.lengths()[0] <= 8600
    assert np.sqrt((packed.values[300:8000].astype(float) ** 2).mean()) / 32768 == pytest.approx(
        0.1, rel=0.05
    )
    assert Audio(trim=False).prepare([cell], facts).lengths()[0] == 16000
    raw = Audio(level=False).prepare([cell], facts)
    assert np.abs(raw.values).max() / 32768 == pytest.approx(0.3, abs=0.01)
    assert both.prepare([cell], facts | {"seconds": 0.25}).lengths()[0] == 2000


def test_every_choice_of_sounds_changes_something() -> None:
    cell = wav(1.0)
    plain = sound_facts(Audio(), cell)
    for other in (Audio(rate=4000), Audio(seconds=0.5), Audio(mels=32), Audio(hop_seconds=0.01)):
        assert sound_facts(other, cell) != plain
    assert Audio(max_seconds=0.5).prepare([cell], plain).row_reasons() == {
        0: "the sound lasts 1.0 s, more than max_seconds = 0.5; raise max_seconds to read it"
    }
    assert Audio(max_megabytes=0.01).prepare([cell], plain).row_status().tolist() == [CORRUPT]
    array = np.zeros(8000, np.float32)
    assert len(Audio(rate=8000).prepare([array], plain).values) == 8000
    assert len(Audio().prepare([array], plain).values) == 4000  # an array alone is taken to be at 16 kHz


def test_loudness_changes_nothing_when_levelled() -> None:
    modality = Audio()
    loud, soft = wav(0.5, gain=0.8), wav(0.5, gain=0.02)
    facts = sound_facts(modality, loud, soft)
    packed = modality.prepare([loud, soft], facts)
    bands = modality.front([facts], "grid")(modality.arrays(packed, np.array([0, 1]), "grid")).values
    assert (bands[0] - bands[1]).abs().mean() < 0.1


def test_grid_and_frames_hold_the_same_bands() -> None:
    modality = Audio(mels=20)
    cells: list[Cell] = [wav(0.5), wav(0.3)]
    facts = modality.fit([cells], rng())
    packed = modality.prepare(cells, facts)
    grid, frames = (
        modality.front([facts], layout)(modality.arrays(packed, np.array([0, 1]), layout))
        for layout in ("grid", "frames")
    )
    assert grid.values.shape[1:3] == (2, 20)
    torch.testing.assert_close(grid.values[:, 0].transpose(1, 2), frames.values)
    real = grid.values[1, :, :, : int(grid.mask[1].sum())]
    torch.testing.assert_close(real.mean((1, 2))[0], torch.tensor(0.0), rtol=0, atol=1e-5)
    torch.testing.assert_close(real.std((1, 2), correction=0)[0], torch.tensor(1.0), rtol=0, atol=1e-5)
    alone = Audio(mels=20, level=False)
    plain = alone.front([facts], "grid")(modality.arrays(packed, np.array([0, 1]), "grid"))
    torch.testing.assert_close(grid.values[:, 1:], plain.values, rtol=0, atol=0)
    assert (alone.describe([facts], "grid")["channels"], modality.describe([facts], "grid")["channels"]) == (
        1,
        2,
    )
    torch.testing.assert_close(grid.mask, frames.mask)
    assert grid.mask.sum(1).tolist() == [-(-int(n) // facts["hop"]) for n in packed.lengths()]


def test_columns_of_sounds_of_different_rates_cannot_share_an_encoder() -> None:
    facts = [sound_facts(Audio(), wav(0.5, rate)) for rate in (8000, 16000)]
    with pytest.raises(PlanError) as caught:
        Audio().describe(facts, "grid")
    assert str(caught.value) == (
        "the sounds of one input must be of one rate and hop; its columns gave rates [8000, 16000] and hops "
        "[62, 125] (samples). Set rate and hop_seconds of this input, or give each column its own input."
    )


def test_media_come_out_of_json() -> None:
    assert from_data_address("data:image/png;base64,aGk=") == b"hi"
    assert from_data_address("a.png") == "a.png"
    assert np.array_equal(np.asarray(from_data_address([[1, 2], [3, 4]])), [[1, 2], [3, 4]])
    assert from_data_address(None) is None
    broken, ragged = from_data_address("data:image/png;base64,a%%"), from_data_address([[1], [2, 3]])
    assert isinstance(broken, CorruptCell)
    assert isinstance(ragged, CorruptCell)
    assert str(broken) == "the base64 data cannot be read"
    assert str(ragged) == "expected numbers, got lists of different lengths"
