"""Videos: what the modality makes of them, and of their sound."""

import json
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from films import LOSSLESS, film, shades, tone
from sensorium.errors import PlanError
from sensorium.load_table import load_table
from sensorium.modalities import modalities
from sensorium.modalities.audio import Audio
from sensorium.modalities.image import Image
from sensorium.modalities.video import Video
from sensorium.table.packed import CORRUPT, MISSING, PRESENT, Cell
from sensorium.types import Facts

COLOUR = np.stack([shades(6)[..., 0], 0 * shades(6)[..., 0], 0 * shades(6)[..., 0]], -1)
CUT = film(shades(20), **LOSSLESS)[:-900]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def facts_of(modality: Video, cells: list[Cell]) -> Facts:
    facts: Facts = json.loads(json.dumps(modality.fit([cells], rng())))
    return facts


def test_frames_lie_one_behind_the_other_and_a_mask_says_how_many() -> None:
    cells: list[Cell] = [film(shades(4), **LOSSLESS), None, film(shades(6), **LOSSLESS), b"", shades(2)]
    modality = Video()
    facts = facts_of(modality, cells)
    packed = modality.prepare(cells, facts)
    assert packed.row_status().tolist() == [PRESENT, MISSING, PRESENT, CORRUPT, PRESENT]
    assert packed.lengths().tolist() == [4, 0, 6, 0, 2]
    x = modality.arrays(packed, np.array([2, 1, 4]), "clip")
    assert x.values.dtype == torch.uint8
    assert x.mask.tolist() == [[True] * 6, [False] * 6, [True, True, *[False] * 4]]
    assert x.values[0, :, 0, 0, 0].tolist() == [4, 12, 20, 28, 36, 44]
    assert x.values[2, :, 0, 0, 0].tolist() == [4, 12, 0, 0, 0, 0]


def test_facts_are_learned_from_headers_and_a_few_frames() -> None:
    facts = facts_of(Video(), [film(shades(6), **LOSSLESS), film(shades(12), **LOSSLESS, rate=6), None])
    assert (facts["size"], facts["channels"], facts["longest"]) == (16, 1, 16)
    assert facts["seconds"] == [0.24, 1.12, 2.0]
    assert facts["codecs"] == {"ffv1": 2}
    looked = (
        np.array([12, 36, 28, 76]) / 255
    )  # two of each: of 6 frames the second and fifth, of 12 the 4th and 10th
    assert facts["mean"] == pytest.approx(looked.mean())
    assert facts["std"] == pytest.approx(0.1)
    colour = facts_of(Video(), [film(COLOUR, **LOSSLESS)])
    assert colour["channels"] == 3
    assert facts_of(Video(), [film(shades(2, 100), **LOSSLESS)])["size"] == 64


def test_pixels_become_floats_around_zero_and_what_is_missing_zeros() -> None:
    modality = Video()
    cells: list[Cell] = [film(shades(6), **LOSSLESS), film(shades(2), **LOSSLESS), None]
    facts = facts_of(modality, cells)
    packed = modality.prepare(cells, facts)
    x = modality.front([facts], "clip")(modality.arrays(packed, np.arange(3), "clip"))
    assert x.values[0, 5, 0, 0, 0].item() == pytest.approx((44 / 255 - facts["mean"]) / facts["std"])
    assert not x.values[1, 2:].any()
    assert not x.values[2].any()


def test_every_choice_changes_something() -> None:
    wide = np.repeat(COLOUR, 2, 2)
    wide[:, :, :8, 1] = 200
    cells: list[Cell] = [film(wide, **LOSSLESS)]
    plain = Video().prepare(cells, facts_of(Video(), cells))
    for other in (
        Video(frames=3),
        Video(rate=5.0),
        Video(size=8),
        Video(fit="pad"),
        Video(fit="crop"),
    ):
        assert not np.array_equal(other.prepare(cells, facts_of(other, cells)).values, plain.values)
    for strict in (Video(max_pixels=500), Video(max_seconds=0.2), Video(max_megabytes=0.0001)):
        assert strict.prepare(cells, facts_of(Video(), cells)).row_status().tolist() == [CORRUPT]
    kept = [Video(least_share=s).prepare([CUT], facts_of(Video(), cells)).status[0] for s in (0.1, 0.99)]
    assert kept == [PRESENT, CORRUPT]


def test_a_rate_keeps_up_to_128_frames_and_says_how_many_clips_are_longer() -> None:
    cells: list[Cell] = [film(shades(25), **LOSSLESS), film(shades(5), **LOSSLESS)]
    facts = facts_of(Video(rate=200.0), cells)
    assert facts["longest"] == 128
    assert Video(rate=200.0).prepare(cells, facts).lengths().tolist() == [128, 40]
    assert Video(rate=200.0).notes(facts) == (
        "50% of the sampled videos are longer than 128 frames at 200 a second; what comes later is not seen "
        "(frames raises it)",
    )
    assert Video().notes(facts_of(Video(), cells)) == ()


def test_videos_that_are_cut_off_are_noted() -> None:
    facts = facts_of(Video(), [film(shades(20), **LOSSLESS), CUT])
    assert facts["cut"]["cells"] == 1
    assert Video().notes(facts) == (
        f"1 of 2 sampled videos are cut off (the first has {facts['cut']['first']}); "
        "with at least 50% of their length they are read as far as they go",
    )


def test_columns_of_videos_of_different_sizes_cannot_share_an_encoder() -> None:
    facts: list[Facts] = [
        {"size": 32, "channels": 3, "longest": 16},
        {"size": 64, "channels": 1, "longest": 16},
    ]
    with pytest.raises(PlanError) as caught:
        Video().describe(facts, "clip")
    assert str(caught.value) == (
        "the videos of one input must be of one size; its columns gave 3 x 32 x 32, 1 x 64 x 64. "
        "Set size of this input, or give each column its own input."
    )


def test_a_video_is_shown_by_frames_side_by_side() -> None:
    told = Video().show(film(shades(20, 32), sound=tone(0.8)), 100_000)
    assert told.words == "video of 32 x 32 pixels, 0.8 s at 25 frames a second, with sound"
    sheet = np.asarray(Pillow.open(BytesIO(told.medium)).convert("L")).astype(int)
    assert sheet.shape == (32, 6 * 32 + 5 * 2)
    assert (told.mime, told.side) == ("image/png", (202, 32))
    tiles = [sheet[:, start : start + 32].mean() for start in range(0, 202, 34)]
    assert np.diff(tiles).min() > 15
    assert (sheet[:, 32:34] == 255).all()
    short = Video().show(CUT, 100_000)
    assert short.words.startswith("video of 16 x 16 pixels, 0.8 s at 25 frames a second, cut off: ")
    assert short.words.endswith(" of 20 frames")
    assert Video().show(shades(5), 100_000).words == "video of 16 x 16 pixels, 5 frames"
    assert Video().show(shades(5), 10).words == (
        "video of 16 x 16 pixels, 5 frames, left out: the page would be too large"
    )


def test_a_column_of_videos_is_summed_up_by_its_headers() -> None:
    cells = [film(shades(6, 32)), film(shades(12), **LOSSLESS, rate=6), b"", shades(3)]
    found = Video.summary(cells)
    assert (found["width"]["min"], found["width"]["max"]) == (16, 32)
    assert (found["seconds"]["min"], found["seconds"]["max"]) == (0.24, 2.0)
    assert found["frame rates"] == {"25": 1, "6": 1}
    assert found["codecs"] == {"ffv1": 1, "h264": 1, "none": 1}
    assert found["formats"] == {"array": 1, "matroska": 1, "mov": 1}
    assert found["sound"] == {"without": 3}
    assert Video.summary([b""]) == {}


def test_videos_are_told_from_pictures_and_sounds_by_their_first_bytes(tmp_path: Path) -> None:
    clips: list[Cell] = [film(shades(3, 32)) for _ in range(3)]
    gifs: list[Cell] = [film(shades(3), "gif", "gif", "rgb8")]
    (tmp_path / "a.mp4").write_bytes(b"no video")
    assert Video.sniff(clips).score == 1
    assert Video.sniff(clips).reason == "100% of 3 sampled cells are videos (mp4)"
    assert max(modalities.get(n).sniff(clips).score for n in modalities.names() if n != "video") < 0.5
    assert Video.sniff(gifs).score < 0.5 < Image.sniff(gifs).score
    assert Video.sniff([np.zeros((4, 8, 8, 3), np.uint8)]).reason.endswith("(arrays in memory)")
    assert Video.sniff([np.zeros((8, 8, 3), np.uint8), np.zeros((3, 8, 8))]).score == 0
    assert Video.sniff([tmp_path / "a.mp4"]).score == pytest.approx(0.6)
    assert Video(frames=3).prepare(gifs, facts_of(Video(), gifs)).lengths().tolist() == [3]


def test_without_pyav_files_are_corrupt_and_arrays_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = film(shades(3), **LOSSLESS)
    monkeypatch.setitem(sys.modules, "av", None)
    cells: list[Cell] = [data, shades(3), None]
    packed = Video().prepare(cells, facts_of(Video(), cells))
    assert packed.row_status().tolist() == [CORRUPT, PRESENT, MISSING]
    assert "pip install 'sensorium[video]'" in packed.row_reasons()[0]
    made = Video.fake(rng(), 3)
    assert all(isinstance(cell, list) for cell in made)
    assert [Video.to_json(cell) for cell in made] == made
    assert (Video().prepare(made, facts_of(Video(), made)).row_status() == PRESENT).all()


def test_the_sound_of_a_silent_video_is_missing_and_of_a_broken_one_corrupt() -> None:
    cells: list[Cell] = [film(shades(5, 32), sound=tone(0.2)), film(shades(5, 32)), film(shades(5, 32))[:300]]
    facts = Audio().fit([cells], rng())
    assert Audio().prepare(cells, facts).row_status().tolist() == [PRESENT, MISSING, CORRUPT]


def test_one_column_feeds_an_input_of_pictures_and_one_of_sounds() -> None:
    from sensorium import Learner

    draw, rows = rng(), []
    for number in range(60):
        picture, pitch = number % 2, number // 2 % 2
        frames = draw.integers(0, 90, (4, 16, 16, 3)).astype(np.uint8) + np.uint8(120 * picture)
        cell = film(frames, "mpeg4", sound=tone(0.3, 500 + 1000 * pitch) + draw.normal(0, 0.01, 2400))
        part = ("train", "train", "val", "test")[number // 4 % 4]
        rows.append({"film": cell, "label": f"{picture}{pitch}", "split": part})
    plan = {
        "inputs": {
            "seen": {"modality": "video", "columns": ["film"], "frames": 2, "augment": []},
            "heard": {"modality": "audio", "columns": ["film"], "augment": [], "mels": 16},
        },
        "dim": 16,
        "train": {
            "epochs": 12,
            "batch_rows": 8,
            "hide_inputs": 0.0,
            "refit": False,
            "optimizer": {"rate": 0.01},
        },
    }
    learner = Learner("label", effort="fast", plan=plan).fit(load_table(rows))
    assert learner.metrics["targets"]["label"]["candidates"]["fusion"]["accuracy"]["value"] == 1.0
    silent = film(np.full((4, 16, 16, 3), 200, np.uint8), "mpeg4")
    (told,) = learner.answers([{"film": silent}])
    assert told["label"] in ("10", "11")
