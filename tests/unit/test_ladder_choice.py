"""What the ladder chooses: by score, then by loss where no score is defined, then by how little it reads."""

import numpy as np
import pytest

import toy
from sensorium.modalities.audio import Audio
from sensorium.train import climb as climbing
from sensorium.train.ladder import climb


def test_candidates_of_one_input_are_joined_into_a_single_that_reads_only_it() -> None:
    rungs = ["age alone (linear)", "age alone (trees)", "age alone (ensemble)", "kind alone (linear)", "mean"]
    done = climb(toy.ladder(toy.plan_of("age", "kind", train={"rungs": [*rungs, "ensemble"]})))
    joined = done.candidates["age alone (ensemble)"]
    assert (joined.single, joined.member.inputs) == ("age", ("age",))
    assert joined.score >= max(done.candidates[f"age alone ({kind})"].score for kind in ("linear", "trees"))
    assert "kind alone (ensemble)" not in done.candidates
    assert not any("(ensemble)" in name for name in done.candidates["ensemble"].member.parts())


def test_where_the_score_is_not_defined_the_loss_chooses_and_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = [row | {"label": "x"} if place >= 40 else row for place, row in enumerate(toy.rows(60))]
    target = {"label": {"task": "classify", "score": "auroc"}}
    raw = toy.plan_of("age", targets=target, train={"rungs": ["linear", "trees"], "refit": False})
    done = climb(toy.ladder(raw, made))
    assert {candidate.score for candidate in done.candidates.values()} == {-np.inf}
    assert all(0 < candidate.loss < np.inf for candidate in done.candidates.values())
    assert done.chosen == min(done.candidates.values(), key=lambda c: c.loss).name
    assert done.notes == ["auroc is not defined on the validation rows, so their loss chose"]
    found = iter([(-np.inf, 0.7), (-np.inf, np.nan), (-np.inf, 0.4)])
    monkeypatch.setattr(climbing, "scored", lambda *_: next(found))
    again = climb(toy.ladder(raw, made))
    single = again.best_single()
    assert single is not None
    assert single.name == again.chosen == "trees"


def test_of_equal_candidates_the_one_that_reads_the_fewest_inputs_ships(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(climbing, "scored", lambda *_: (0.5, 0.0))
    raw = toy.plan_of("age", "kind", train={"rungs": ["linear", "kind alone (linear)"]})
    assert climb(toy.ladder(raw)).chosen == "prior"
    found = iter([0.1, 0.7, 0.7])
    monkeypatch.setattr(climbing, "scored", lambda *_: (next(found), 0.0))
    assert climb(toy.ladder(raw)).chosen == "kind alone (linear)"


def test_numbers_about_media_are_tried_with_the_table_and_without() -> None:
    voices = Audio.fake(np.random.default_rng(0), 40)
    made = [row | {"voice": voice} for row, voice in zip(toy.rows(40), voices, strict=True)]
    inputs = {"voice": "audio", "age": toy.INPUTS["age"], "kind": toy.INPUTS["kind"], "photo": None}
    train = toy.QUICK | {"rungs": ["linear", "linear (table)", "voice alone (linear)"]}
    done = climb(toy.ladder({"inputs": inputs, "dim": 8, "train": train}, made))
    reads = {name: candidate.member.inputs for name, candidate in done.candidates.items()}
    assert reads == {
        "prior": (), "linear": ("voice", "age", "kind"), "linear (table)": ("age", "kind"),
        "voice alone (linear)": ("voice",),
    }  # fmt: skip
