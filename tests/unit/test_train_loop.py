"""Training of one network: equal bits, going on after a kill, early stopping, memory, the clock, options."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

import toy
from sensorium.encoders import encoders
from sensorium.encoders._base import Encoder
from sensorium.encoders.linear import Linear
from sensorium.errors import TrainingError
from sensorium.plan_parse import parse
from sensorium.plan_write import to_dict
from sensorium.train.job import Job, Part, Trained
from sensorium.train.loop import train_network
from sensorium.types import Arrays, Facts, Tokens
from toy import equal, trained, weights


def scores(done: Trained) -> list[Any]:
    return [(r["epoch"], r["step"], r["loss"], r["val_loss"], r["score"]) for r in done.history]


@pytest.fixture(scope="module")
def plain() -> Trained:
    return trained()


def test_one_seed_gives_equal_bits_and_another_one_others() -> None:
    raw = toy.plan_of(train={"mixup": 0.3, "average": 0.5})
    raw["inputs"] = {**raw["inputs"], "photo": {**raw["inputs"]["photo"], "augment": ["flip"]}}
    first, again = train_network(toy.job(raw)), train_network(toy.job(raw))
    assert equal(weights(first), weights(again))
    assert scores(first) == scores(again)
    assert not equal(weights(first), weights(train_network(toy.job(raw | {"seed": 1}))))


def test_a_training_that_pauses_and_goes_on_has_the_bits_of_one_that_does_not(tmp_path: Path) -> None:
    raw = toy.plan_of(train={"mixup": 0.3, "average": 0.5, "epochs": 5})
    raw["inputs"] = {**raw["inputs"], "photo": {**raw["inputs"]["photo"], "augment": ["flip"]}}
    whole = train_network(toy.job(raw))
    first = train_network(toy.job(raw, part=Part(0.3)))
    assert [r["step"] for r in first.history] == [3, 6], "at the end of the epoch in which 0.3 x 15 steps end"
    assert first.state is not None
    again = train_network(toy.job(raw, part=Part(1.0, first.state)))
    assert equal(weights(whole), weights(again))
    assert scores(whole) == scores(again)
    assert again.state is None
    train_network(toy.job(raw, part=Part(0.3), folder=tmp_path))
    on_disk = train_network(toy.job(raw, part=Part(1.0), folder=tmp_path, resume=True))
    assert equal(weights(whole), weights(on_disk))
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 5


def test_training_leaves_the_global_generator_as_it_was() -> None:
    before = torch.get_rng_state()
    trained(train={"epochs": 1})
    assert torch.equal(before, torch.get_rng_state())


def test_an_epoch_sees_every_row_once_and_tells_what_happened(plain: Trained) -> None:
    assert [(r["network"], r["epoch"], r["step"], r["steps"]) for r in plain.history] == [
        ("net", 1, 3, 6), ("net", 2, 6, 6),
    ]  # fmt: skip
    assert all(np.isfinite(r["loss"]) and r["rows_per_second"] > 0 for r in plain.history)
    assert plain.settled == {}


OPTIONS: dict[str, dict[str, Any]] = {
    "epochs": {"epochs": 3},
    "steps": {"steps": 2},
    "batch_rows": {"batch_rows": 8},
    "warmup": {"warmup": 0.9},
    "clip": {"clip": 0.01},
    "hide_inputs": {"hide_inputs": 0.6},
    "solo_loss": {"solo_loss": 2.0},
    "mixup": {"mixup": 0.5},
    "precision": {"precision": "bfloat16"},
    "average": {"average": 0.9},
    "optimizer.rate": {"optimizer": {"rate": 0.02}},
    "optimizer.decay": {"optimizer": {"rate": 0.01, "decay": 5.0}},
    "optimizer.betas": {"optimizer": {"rate": 0.01, "betas": [0.5, 0.6]}},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_training_changes_the_weights(option: str, plain: Trained) -> None:
    assert not equal(weights(trained(train=OPTIONS[option])), weights(plain))


def test_loss_falls_with_and_without_mixing_and_in_both_precisions() -> None:
    for train in ({"mixup": 0.2}, {"precision": "bfloat16"}, {}):
        losses = [r["val_loss"] for r in trained(train=train | {"epochs": 8, "patience": 8}).history]
        assert losses[-1] < losses[0] - 0.02, train


def test_answers_are_computed_in_float32_whatever_the_training_used() -> None:
    done = trained(train={"precision": "bfloat16", "epochs": 1})
    assert all(value.dtype == torch.float32 for value in weights(done).values() if value.is_floating_point())


def test_a_fusion_starts_from_the_trained_single_networks() -> None:
    raw = toy.plan_of("age", "kind", train={"steps": 1, "optimizer": {"rate": 1e-9, "decay": 0.0}})
    alone = train_network(toy.job(toy.plan_of("age"), name="age alone")).network.model
    fused = train_network(toy.job(raw, start={"age": alone})).network.model
    for name, value in alone.encoder("age").state_dict().items():
        torch.testing.assert_close(fused.encoder("age").state_dict()[name], value, atol=1e-6, rtol=0)
    for name, value in alone.heads.state_dict().items():
        torch.testing.assert_close(fused.heads.state_dict()[name], value, atol=1e-6, rtol=0)


class Hungry(Linear):
    """Runs out of memory above some rows."""

    most: ClassVar[int] = 5
    error: ClassVar[Exception] = torch.OutOfMemoryError("planted")

    def forward(self, x: Arrays) -> Tokens:
        if self.training and len(x.values) > self.most:
            raise self.error
        return super().forward(x)


class Slow(Linear):
    """Moves the clock by a second a step."""

    clock: ClassVar[list[float]] = [0.0]

    def forward(self, x: Arrays) -> Tokens:
        self.clock[0] += 1.0
        return super().forward(x)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    kinds: dict[str, type[Encoder]] = {"hungry": Hungry, "slow": Slow}
    for name, kind in kinds.items():
        encoders.add(name, kind)
    monkeypatch.setattr(Slow, "clock", [0.0])
    yield
    for name in kinds:
        encoders.remove(name)


def with_encoder(name: str, **train: Any) -> dict[str, Any]:
    raw = toy.plan_of("age", "kind", train=train)
    return raw | {"inputs": raw["inputs"] | {"age": {"modality": "number", "encoder": name}}}


def replay(job: Job, done: Trained) -> Trained:
    """The same job from its plan as it is written down, with what was settled."""
    written = replace(job.plan, train=replace(job.plan.train, settled={job.name: done.settled}))
    return train_network(replace(job, plan=parse(to_dict(written)), deadline=None))


@pytest.mark.usefixtures("planted")
def test_out_of_memory_halves_the_batch_which_is_written_down_and_replayed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = toy.job(with_encoder("hungry"))
    done = train_network(job)
    assert done.settled == {"steps": 20, "batch_rows": 4, "stop": 20}
    assert [r["step"] for r in done.history] == [10, 20]
    assert equal(weights(done), weights(replay(job, done)))
    error = RuntimeError(
        "err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
    )
    monkeypatch.setattr(Hungry, "error", error)
    counted = train_network(toy.job(with_encoder("hungry", steps=3)))
    assert counted.settled == {"steps": 12, "batch_rows": 4, "stop": 12}


@pytest.mark.usefixtures("planted")
def test_other_errors_of_a_step_are_raised_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hungry, "error", RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        train_network(toy.job(with_encoder("hungry", steps=3)))


@pytest.mark.usefixtures("planted")
def test_out_of_memory_with_one_row_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hungry, "most", 0)
    with pytest.raises(TrainingError) as error:
        train_network(toy.job(with_encoder("hungry"), name="age alone"))
    assert str(error.value) == (
        "age alone: out of memory with one row in a batch. Choose a smaller encoder, smaller pictures or "
        "shorter sounds."
    )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    monkeypatch.setattr(time, "monotonic", lambda: Slow.clock[0])
    return Slow.clock


@pytest.mark.usefixtures("planted", "clock")
def test_a_time_limit_is_kept_written_down_and_replayed_with_equal_bits() -> None:
    job = toy.job(with_encoder("slow", epochs=50, patience=50, average=0.5), deadline=60.0)
    done = train_network(job)
    assert 40 < Slow.clock[0] <= 60 * 1.1
    assert done.settled["steps"] < 150
    assert done.settled["stop"] <= done.settled["steps"]
    assert done.settled["batch_rows"] == 16
    Slow.clock[0] = 10_000.0
    assert equal(weights(done), weights(replay(job, done)))


@pytest.mark.usefixtures("planted", "clock")
def test_a_training_that_becomes_late_stops_within_the_epoch_and_is_replayed() -> None:
    job = toy.job(with_encoder("slow", epochs=4), deadline=300.0)
    whole = train_network(job)
    assert whole.settled == {"steps": 12, "batch_rows": 16, "stop": 12}
    Slow.clock[0] = 0.0
    late = replace(job, deadline=Slow.clock[0] + 14.0)
    done = train_network(late)
    assert 0 < done.settled["stop"] < 12
    Slow.clock[0] = 10_000.0
    assert equal(weights(done), weights(replay(late, done)))


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
import toy
from sensorium.train import loop, state
folder, killing = Path(sys.argv[2]), int(sys.argv[3])
kept = loop.append_log
def logged(path, record):
    kept(path, record)
    if record["epoch"] == killing:
        os.kill(os.getpid(), signal.SIGKILL)
loop.append_log = logged
raw = toy.plan_of("age", "kind", train={"epochs": 4, "average": 0.5, "mixup": 0.2})
loop.train_network(toy.job(raw, folder=folder))
"""


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    raw = toy.plan_of("age", "kind", train={"epochs": 4, "average": 0.5, "mixup": 0.2})
    whole = train_network(toy.job(raw))
    killed, alive = tmp_path / "killed", tmp_path / "alive"
    command = [sys.executable, "-c", KILLED, str(Path(toy.__file__).parent), str(killed), "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == -9, done.stderr
    again = train_network(toy.job(raw, folder=killed, resume=True))
    assert equal(weights(again), weights(whole))
    assert scores(again) == scores(whole)
    logged = [json.loads(line) for line in (killed / "log.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in logged] == [1, 2, 3, 4]
    train_network(toy.job(raw, folder=alive))
    assert train_network(toy.job(raw, folder=alive, resume=True)).history[-1]["epoch"] == 4


def test_a_state_of_another_request_or_other_answers_is_not_gone_on_from(tmp_path: Path) -> None:
    raw = toy.plan_of("age", "kind")
    train_network(toy.job(raw, folder=tmp_path))
    state = tmp_path / "state" / "net.pt"
    other = toy.job(raw, folder=tmp_path, resume=True)
    swapped = other.train.targets["label"].values.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    targets: Facts = {"label": replace(other.train.targets["label"], values=swapped)}
    fresh = replace(other, train=replace(other.train, targets=targets))
    assert equal(weights(train_network(fresh)), weights(train_network(replace(fresh, folder=None))))
    assert state.exists()
    assert not list(state.parent.glob("*.part"))
