"""What is said of plan files and of column lists: whole texts."""

from pathlib import Path

import pytest

from sensorium.errors import CorruptCell, PlanError
from sensorium.media import audio
from sensorium.media import facts as inspect_facts
from sensorium.plan_parse import parse
from sensorium.plan_yaml import load_file


def test_a_plan_that_is_not_utf8_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"seed: 1 # \xff\n")
    with pytest.raises(PlanError) as raised:
        load_file(path)
    assert str(raised.value) == f"{path}: a plan must be UTF-8 text (byte 10 is not)."


def test_a_plan_that_is_not_there_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(PlanError) as raised:
        load_file(path)
    assert str(raised.value) == f"{path}: cannot read the plan: No such file or directory."


def test_columns_that_are_no_list_of_names_are_refused() -> None:
    raw = {"inputs": {"facts": {"modality": "number", "columns": 3}}, "targets": {"y": "classify"}}
    with pytest.raises(PlanError) as raised:
        parse(raw)
    assert str(raised.value) == "inputs.facts.columns: expected a list of column names, got 3."


def test_a_sound_without_a_rate_is_corrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    header = audio.Header(0, 1, 10, "WAV")
    monkeypatch.setattr(audio, "header", lambda cell: header)
    with pytest.raises(CorruptCell) as raised:
        inspect_facts._sound(b"")
    assert str(raised.value) == "the sound declares a rate of 0"
