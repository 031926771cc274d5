"""What ``prepare`` fills is what training reads."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sensorium import Learner
from sensorium.cli.app import app
from sensorium.errors import DataError
from sensorium.media import audio
from sensorium.nn import sound_print
from sensorium.types import Json


@pytest.fixture
def sounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SENSORIUM_STORE", str(tmp_path / "store"))
    rng = np.random.default_rng(0)
    lines = ["sound,age,label"]
    for row in range(24):
        soundfile.write(tmp_path / f"{row}.wav", rng.normal(0, 0.1, 800 + row), 11025)
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


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every sound that is decoded to be prepared (looking for leaks decodes at a rate of its own)."""
    found: list[object] = []
    plain = audio.decode

    def counted(cell: object, rate: int, *rest: object) -> object:
        if rate != sound_print.RATE:
            found.append(cell)
        return plain(cell, rate, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(audio, "decode", counted)
    return found


TRAIN: dict[str, Json] = {"rungs": ["linear"]}


def test_training_decodes_nothing_again(sounds: Path, decoded: list[object]) -> None:
    learner = Learner("label", plan={"train": TRAIN, "split": {"folds": 2}}, seed=1)
    learner.prepare(str(sounds))
    assert decoded
    decoded.clear()
    learner.prepare(str(sounds))
    learner.fit(str(sounds))
    assert decoded == []
    (sounds.parent / "5.wav").write_bytes((sounds.parent / "6.wav").read_bytes())
    learner.prepare(str(sounds))
    assert decoded


def test_training_with_a_test_table_decodes_nothing_again(sounds: Path, decoded: list[object]) -> None:
    lines = sounds.read_text().splitlines()
    train, test = sounds.parent / "train.csv", sounds.parent / "test.csv"
    train.write_text("\n".join(lines[:20]) + "\n")
    test.write_text("\n".join([lines[0], *lines[20:]]) + "\n")
    learner = Learner("label", plan={"train": TRAIN}, seed=1)
    learner.prepare(str(train), test=str(test))
    assert len(decoded) > 20
    decoded.clear()
    learner.fit(str(train), test=str(test))
    assert decoded == []


def test_rows_that_training_drops_shape_nothing_here_either(sounds: Path, decoded: list[object]) -> None:
    learner = Learner("label", plan={"train": TRAIN, "on_corrupt": "drop", "split": {"folds": 2}}, seed=1)
    learner.prepare(str(sounds))
    decoded.clear()
    learner.fit(str(sounds))
    assert decoded == []


def test_what_stops_training_stops_here(sounds: Path) -> None:
    why = "column 'sound', row 4 (3.wav): not a sound: the content is of an unknown kind. "
    with pytest.raises(DataError) as error:
        Learner("label", plan={"on_corrupt": "error"}).prepare(str(sounds))
    assert str(error.value) == f"{why}Mend the cell, or set on_corrupt to missing or drop."
    (sounds.parent / "good.csv").write_text("\n".join(sounds.read_text().splitlines()[:4]) + "\n6.wav,1,b\n")
    (sounds.parent / "bad.csv").write_text("sound,age,label\n3.wav,1,b\n")
    with pytest.raises(DataError) as error:
        Learner("label", plan={"on_corrupt": "error"}).prepare(
            str(sounds.parent / "good.csv"), test=str(sounds.parent / "bad.csv")
        )
    assert str(error.value).startswith("column 'sound', row 1 (3.wav): not a sound")


def test_the_command_takes_what_training_takes(sounds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["prepare", str(sounds), "--target", "label", "--effort", "fast", "--json"]
    app([*given, "--weight", "age", "--on-corrupt", "missing"], standalone_mode=False)
    assert [one["column"] for one in json.loads(capsys.readouterr().out)["columns"]] == ["sound"]
