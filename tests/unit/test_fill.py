"""What ``prepare`` fills is what training reads."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sensorium import Learner
from sensorium.media import audio


@pytest.fixture
def sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENSORIUM_STORE", str(tmp_path / "store"))
    rng = np.random.default_rng(0)
    lines = ["sound,age,label"]
    for row in range(24):
        soundfile.write(tmp_path / f"{row}.wav", rng.normal(0, 0.1, 800 + row), 8000)
        lines.append(f"{row}.wav,{row * 1.5},{'ab'[row % 2]}")
    (tmp_path / "3.wav").write_bytes(b"no sound")
    (tmp_path / "table.csv").write_text("\n".join([*lines, ",3,a"]) + "\n")
    return tmp_path / "table.csv"


def test_columns_are_counted_and_kept(sounds: Path) -> None:
    found = Learner("label").prepare(str(sounds))
    assert [str(one) for one in found.columns] == [
        "sound (audio): 25 rows, 1 missing, 1 corrupt; in the store",
        "age (number): 25 rows, 0 missing; not kept: its cells are in the table already",
    ]
    assert found.corrupt == ((("sound", 3, "not a sound: the content is of an unknown kind"),),)
    assert json.loads(json.dumps(found.columns[0].to_dict()))["kept"] is True


def test_training_decodes_nothing_again(sounds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Learner("label", plan={"train": {"rungs": ["linear"]}})
    learner.prepare(str(sounds), test=str(sounds))
    decoded = []
    plain = audio.decode

    def counted(*given: object, **named: object) -> object:
        decoded.append(given)
        return plain(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(audio, "decode", counted)
    learner.prepare(str(sounds))
    assert decoded == []
    (sounds.parent / "5.wav").write_bytes((sounds.parent / "6.wav").read_bytes())
    learner.prepare(str(sounds))
    assert decoded
