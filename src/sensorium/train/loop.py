"""Training of one network: epochs, validation, best weights, early stopping, state, time."""

import copy
import functools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from sensorium import seeds
from sensorium.batches import Batches
from sensorium.errors import TrainingError
from sensorium.metrics._show import short
from sensorium.model import Model
from sensorium.network import Network
from sensorium.nn import heap
from sensorium.nn.devices import device
from sensorium.nn.memory import out_of_memory
from sensorium.plan import Plan
from sensorium.progress import Progress
from sensorium.train.ahead import FIRST, Ahead
from sensorium.train.balancing import Balancing
from sensorium.train.dice import devices, put_back, rolled
from sensorium.train.doctor_watch import Watch
from sensorium.train.job import Job, Trained
from sensorium.train.optim import adamw, rate_share, set_rate
from sensorium.train.score import loss_of, of_prior, scored
from sensorium.train.state import append_log, key_of, load, save
from sensorium.train.step import Done, hidden, mixed, train_step
from sensorium.types import Batch, Facts, moved

PROBE_STEPS, PROBE_SECONDS = 6, 4.0


def train_network(job: Job) -> Trained:
    """Train a job; on out-of-memory with half the batch. Raises TrainingError when one row is too many."""
    options = job.settled(job.plan.train)
    known = job.plan.train.settled.get(job.name, {})
    if known:
        steps, rows = known.get("steps", options.steps), known.get("batch_rows", options.batch_rows)
        options = replace(options, steps=steps, batch_rows=rows)
    batch_rows = options.batch_rows or 1
    while True:
        try:
            plan = replace(job.plan, train=options)
            with torch.random.fork_rng(devices=devices()), heap.kept():
                return _Trainer(job, plan).run()
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            if batch_rows == 1:
                raise TrainingError(
                    f"{job.name}: out of memory with one row in a batch. Choose a smaller encoder, "
                    "smaller pictures or shorter sounds."
                ) from error
            batch_rows //= 2
            steps = (options.steps or 1) * 2
            if job.plan.train.steps is None and not known:
                halved = replace(job.plan.train, batch_rows=batch_rows)
                steps = job.settled(halved).steps or steps
            options = replace(options, batch_rows=batch_rows, steps=steps)


class _Trainer:
    """The moving parts of one training."""

    def __init__(self, job: Job, plan: Plan) -> None:
        self.job, self.plan, seed = job, plan, plan.seed
        torch.manual_seed(seeds.number(seed, f"weights {job.name}"))
        self.model = Model(plan, job.facts)
        self.losses = {n: loss_of(plan, n, job.facts).to(device()) for n in plan.targets}
        self.balancing = Balancing(job, plan, self.losses)
        self.balancing.of(self.model)
        heads, period = self.balancing.reads_heads(), self.balancing.made.period
        self.watch = Watch(job, plan, self.losses, heads, period)
        if job.begin is not None:
            self.model.load_state_dict(job.begin.state_dict())
        if job.balance:
            self.balancing.put_back(job.balance)
        self.device = device()
        self.model.to(self.device).train()  # encoders may hold networks that were loaded for use
        self.model.generator = seeds.torch_generator(seed, f"augment {job.name}")
        self.hide = seeds.torch_generator(seed, f"hide {job.name}")
        self.optimizer = adamw(self.model, plan.train.optimizer)
        self.batches, self.ahead, self.step, self.epoch = Batches(plan, job.train), Ahead(), 0, 0
        self.batch_rows, self.steps = plan.train.batch_rows or 1, plan.train.steps or 1
        self.best: dict[str, torch.Tensor] = {}
        self.best_score, self.least_loss, self.better = (-np.inf, -np.inf), np.inf, 0
        self.best_step = 0
        self.average: dict[str, torch.Tensor] = {}
        self.known = plan.train.settled.get(job.name, {})
        self.stop = self.known.get("stop", self.steps)
        self.history: list[Facts] = []

    def run(self) -> Trained:
        """All epochs; then the best weights."""
        if not self._restored() and not self.known and self.job.deadline is not None:
            self._fit_time(self.job.deadline)
        self.balancing.epoch(self.step, self.steps)
        with Progress() as progress:
            bar = progress.add(self.job.name, self.steps)
            while self.step < min(self.steps, self.stop) and not self._paused() and not self._over():
                progress.tell(bar, self.step, told(self._one_epoch()))
        state = copy.deepcopy(self._state()) if self._paused() and not self._learned() else None
        if self.best or self.average:
            self.model.load_state_dict(self.best or self.average)
        network = Network(self.model.eval(), self.job.plan, self.job.facts)
        best, kept = self.best_step or self.step, self.balancing.keep()
        return Trained(network, self.history, self._settled(), best, self.batch_rows, state, kept)

    def _settled(self) -> dict[str, int]:
        """What the clock or the memory decided, for the written plan; nothing when neither had to."""
        asked = self.job.settled(self.job.plan.train)
        if self.known or self.job.deadline is not None or self.batch_rows != asked.batch_rows:
            return {"steps": self.steps, "batch_rows": self.batch_rows, "stop": self.step}
        return {}

    def _late(self) -> bool:
        return not self.known and self.job.deadline is not None and time.monotonic() >= self.job.deadline

    def _paused(self) -> bool:
        return self.job.part.until < 1 and self.step >= self.job.part.until * self.steps

    def _over(self) -> bool:
        return self._late() or self._learned()

    def _learned(self) -> bool:
        """Whether patience has ended the training."""
        patience = self.plan.train.patience or 10**9
        return self.epoch - self.better >= patience or (self.epoch >= patience and self._hopeless())

    def _hopeless(self) -> bool:
        """Whether neither score nor loss of the validation rows was ever better than the prior's."""
        if not len(self.job.val):
            return False
        score, loss = self._of_prior
        return self.best_score[0] <= score and self.least_loss >= loss

    @functools.cached_property
    def _of_prior(self) -> tuple[float, float]:
        return of_prior(self.plan, self.job.facts, self.job.val, self.losses)

    def _fit_time(self, deadline: float) -> None:
        """Fewer steps when the time does not suffice for all: measured on a few steps that are undone."""
        before = copy.deepcopy(self.model.state_dict())
        balance = self.balancing.keep()
        dice = (self.model.generator.get_state(), self.hide.get_state(), rolled())
        start, began, done = time.monotonic(), time.monotonic(), 0
        for place, (batch, _) in enumerate(self._stream(0)):
            if place == FIRST:  # from here on batches are cut as they will be
                began, done = time.monotonic(), 0
            self._one_step(batch)
            done += 1
            if done >= PROBE_STEPS or time.monotonic() - start > PROBE_SECONDS:
                break
        seconds = (time.monotonic() - began) / done
        self.model.load_state_dict(before)
        self.average = {}
        self.optimizer = adamw(self.model, self.plan.train.optimizer)
        self.model.generator.set_state(dice[0])
        self.hide.set_state(dice[1])
        put_back(dice[2])
        self.balancing.put_back(balance)
        self.watch.told()  # what it saw is undone too
        left = (deadline - time.monotonic()) * 0.85
        self.steps = self.stop = max(1, min(self.steps, int(left / seconds)))

    def _one_epoch(self) -> Facts:
        began, waited, seen, total = time.monotonic(), 0.0, 0, 0.0
        for batch, wait in self._stream(self.epoch):
            done = self._one_step(batch)
            waited, seen, total = waited + wait, seen + done.rows, total + done.loss * done.rows
            self.step += 1
            if self.step >= min(self.steps, self.stop) or self._late():
                break
        trained = time.monotonic() - began
        self.epoch += 1
        score, loss = self._validate()
        record: Facts = {
            "network": self.job.name, "epoch": self.epoch, "step": self.step, "steps": self.steps,
            "loss": total / max(1, seen), "val_loss": loss, "score": score,
            "rows_per_second": seen / max(trained, 1e-9), "waiting": waited / max(trained, 1e-9),
            "seconds": time.monotonic() - began, **self.watch.told(),
        }  # fmt: skip
        self.history.append(record)
        self.balancing.epoch(self.step, self.steps)
        self._save()
        append_log(self.job.folder and self.job.folder / "log.jsonl", record)
        return record

    def _one_step(self, batch: Batch) -> Done:
        rate = self.plan.train.optimizer.rate * rate_share(self.step, self.steps, self.plan.train.warmup)
        set_rate(self.optimizer, rate)
        low = self.plan.train.precision == "bfloat16"
        if max(self.plan.train.mixup, self.plan.train.cutmix) > 0:
            rng = seeds.generator(self.plan.seed, f"mixup {self.job.name} {self.step}")
            batch = mixed(batch, self.model, self.plan.train, rng)
        done = train_step(
            self.model, batch, self.plan, self.losses, self.optimizer,
            step=self.step, bfloat16=low, balancing=self.balancing.active,
        )  # fmt: skip
        self.watch.step(self.model)
        if self.plan.train.average > 0:
            self._blend(min(self.plan.train.average, (1 + self.step) / (10 + self.step)))
        return done

    def _blend(self, decay: float) -> None:
        """Move the average weights towards the present ones."""
        for name, value in self.model.state_dict().items():
            kept = self.average.get(name)
            if kept is None or not value.is_floating_point():
                self.average[name] = value.detach().clone()
            else:
                kept.lerp_(value.detach(), 1 - decay)

    def _stream(self, epoch: int) -> Iterator[tuple[Batch, float]]:
        """The epoch's batches with the seconds that each was waited for."""
        rng = seeds.generator(self.plan.seed, f"order {self.job.name} {epoch}")
        order, share = self.batches.order(self.batch_rows, rng), self.plan.train.hide_inputs
        for batch, waited in self.ahead(self.batches.batch, order):
            asked = self.balancing.before(share, self.step, self.steps)
            yield hidden(moved(batch, self.device), self.model, asked, self.hide), waited

    def _validate(self) -> tuple[float, float]:
        """(score, higher is better; loss) on the validation rows; keeps the best weights."""
        if not len(self.job.val):
            self.better = self.epoch
            return np.nan, np.nan
        trained = self.model.state_dict()
        if self.average:
            trained = {n: t.clone() for n, t in trained.items()}
            self.model.load_state_dict(self.average)
        numbers = self.watch.numbers(Network(self.model, self.plan, self.job.facts))
        score, loss = scored(self.plan, self.job.facts, self.job.val, numbers, self.losses)
        if loss < self.least_loss:  # still learning, though the score may not show it yet
            self.least_loss, self.better = loss, self.epoch
        if (score, -loss) > self.best_score or not self.best:
            self.best_score, self.better, self.best_step = (score, -loss), self.epoch, self.step
            self.best = {n: t.detach().clone() for n, t in self.model.state_dict().items()}
        if self.average:
            self.model.load_state_dict(trained)
        return score, loss

    def _path(self) -> Path | None:
        folder = self.job.folder
        return None if folder is None else folder / "state" / f"{self.job.name.replace('/', '_')}.pt"

    @functools.cached_property
    def _key(self) -> str:
        return key_of(self.job)

    def _save(self) -> None:
        path = self._path()
        if path is not None:
            save(path, self._state())

    def _state(self) -> Facts:
        """Everything that going on needs."""
        return {
            "key": self._key, "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
            "best": self.best, "average": self.average, "best_score": self.best_score,
            "better": self.better, "least_loss": self.least_loss,
            "best_step": self.best_step, "step": self.step, "steps": self.steps, "epoch": self.epoch,
            "batch_rows": self.batch_rows, "history": self.history, "dice": rolled(),
            "augment": self.model.generator.get_state(), "hide": self.hide.get_state(),
            "balance": self.balancing.keep(),
        }  # fmt: skip

    def _restored(self) -> bool:
        """Go on from where the job paused, or from the state on disk when asked to, where it is its own."""
        path = self._path()
        found = self.job.part.state
        if found is None and path is not None and self.job.resume:
            found = load(path, self._key)
        if found is None or found["batch_rows"] != self.batch_rows:
            return False
        self.model.load_state_dict(found["model"])
        self.optimizer.load_state_dict(found["optimizer"])
        self.best, self.history = found["best"], found["history"]
        self.average = {n: t.to(self.device) for n, t in found["average"].items()}
        self.best_score, self.better = tuple(found["best_score"]), found["better"]
        self.least_loss, self.best_step = found["least_loss"], found["best_step"]
        self.step, self.steps, self.epoch = found["step"], found["steps"], found["epoch"]
        self.stop = self.known.get("stop", self.steps)
        put_back(found["dice"])
        self.model.generator.set_state(found["augment"])
        self.hide.set_state(found["hide"])
        self.balancing.put_back(found["balance"])
        return True


def told(record: Facts) -> str:
    """An epoch in a few words, beside the progress bar."""
    return (
        f"epoch {record['epoch']}  loss {short(record['loss'])}  validation {short(abs(record['score']))}"
        f"  {record['rows_per_second']:,.0f} rows/s"
    )
