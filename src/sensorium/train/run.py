"""A whole run: table -> plan -> facts -> ladder -> the truth on test rows -> what is shipped."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import PlanError
from sensorium.infer import Inference, infer
from sensorium.plan import Plan
from sensorium.plan_yaml import apply_sets, read
from sensorium.predict import Predictor
from sensorium.prepare import corrupt_cells
from sensorium.store import Store
from sensorium.table.addresses import told_addresses
from sensorium.table.leaks import Leak
from sensorium.table.missingness import Missingness
from sensorium.table.prepared import Prepared
from sensorium.table.table import Table
from sensorium.train.balancing import check_balance
from sensorium.train.climb import Budget, Climb, Climbed
from sensorium.train.division import crosses, divided, folds_of, groups_of, haste, leaks_of, rounds_of, told
from sensorium.train.folder import begin
from sensorium.train.ladder import climb
from sensorium.train.left_out import no_part, unlabelled
from sensorium.train.level import leveled
from sensorium.train.measure import Measured, measure, pooled
from sensorium.train.missing import missingness_of
from sensorium.train.rungs import bags, check_rungs, costs
from sensorium.train.settle import banded, crossed_facts, val_facts
from sensorium.train.start import start, tested
from sensorium.types import Facts, Json

RESERVE, LEAST_RESERVE = 0.1, 8.0
"""Share of a time limit, and seconds at least, kept for measuring, drawing and writing files; of seconds
twice as many where members of folds and seeds are measured too."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks of a run. flags: what the command line says beside the plan."""

    table: Table
    targets: tuple[str, ...]
    plan: Mapping[str, Json] | str | Path | None = None
    sets: Sequence[str] = ()
    effort: str | None = None
    time_limit: float | str | None = None
    seed: int | None = None
    test: Table | None = None
    out: Path | None = None
    resume: bool = False
    store: Store | None = None


@dataclass(slots=True)
class Run:
    """What a run found. plan: as it was followed, with what clock and memory settled.

    measured: test rows, of one division or of all folds. done: the climb whose chosen member ships.
    corrupt: (column, row, reason); corrupt_test: of a test table. how: how the rows were divided, in words.
    searched: the table that the leaks' rows are of. missingness: {target: whether what rows of the table lack
    predicts it; None: nothing to test}.
    """

    plan: Plan
    inference: Inference
    facts: Facts
    done: Climbed
    measured: Measured
    predictor: Predictor
    table: Table
    test: Table
    split: str
    how: str
    groups: NDArray[np.int64] | None
    seconds: float
    corrupt: list[tuple[str, int, str]] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    searched: Table | None = None
    corrupt_test: list[tuple[str, int, str]] = field(default_factory=list)
    missingness: dict[str, Missingness | None] = field(default_factory=dict)


def planned(request: Request) -> Inference:
    """The plan that a run would follow, with every column's guess."""
    raw: dict[str, object] = {}
    if request.plan is not None:
        raw, _ = read(request.plan)
    raw = apply_sets(raw, list(request.sets))
    flags: dict[str, object] = {"effort": request.effort}
    if request.time_limit is not None:
        flags["time_limit_seconds"] = seconds_of(request.time_limit)
    train = raw.get("train") or {}
    if isinstance(train, Mapping):
        raw["train"] = {**train, **{k: v for k, v in flags.items() if v is not None}}
    if request.seed is not None:
        raw["seed"] = request.seed
    found = infer(request.table, request.targets, user=raw)
    check_rungs(found.plan)
    check_balance(found.plan)
    return found


def seconds_of(limit: float | str) -> float:
    """``"90s"``, ``"10m"``, ``"2h"`` or a number of seconds. Raises PlanError for anything else."""
    if isinstance(limit, str):
        unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(limit.strip()[-1:].lower())
        text = limit.strip()[:-1] if unit else limit
        try:
            seconds = float(text) * (unit or 1.0)
        except ValueError:
            seconds = math.nan
    else:
        number = isinstance(limit, int | float | np.number) and not isinstance(limit, bool)
        seconds = float(limit) if number else math.nan
    if not math.isfinite(seconds) or seconds < 60:
        raise PlanError(f"time limit: expected at least 60 seconds, as 90s, 10m or 2h; got {limit!r}.")
    return seconds


def run(request: Request) -> Run:
    """Everything from a table to a measured, shippable predictor."""
    began = time.monotonic()
    inference = planned(request)
    plan = inference.plan
    limit = plan.train.time_limit_seconds
    least = LEAST_RESERVE * (2 if bags(plan) else 1)
    deadline = None if limit is None else began + limit - max(least, RESERVE * limit)
    split = divided(plan, request.table, request.test)
    crossed = request.test is None and crosses(plan, request.table)
    rounds = folds_of(plan, split) if crossed else 0
    parts = rounds_of(plan, request.table, split, rounds)
    shared = _Shared(request, plan, deadline, split.groups, rounds + 1)
    shared.notes += haste(plan, request.table) if request.test is None else []
    measured: list[Measured] = []

    def measured_on(rows: Prepared, facts: Facts, data: Prepared, done: Climbed) -> Measured:
        return banded(plan, facts, done, measure(done, facts, rows, plan.seed), data, rows)

    settled: dict[str, dict[str, int]] = {}
    if request.out is not None:
        begin(request.out, plan, request.table, request.test, resume=request.resume)
    for place, (train, val, test) in enumerate(parts):
        facts, data, done, fixed = shared.climbed(f"fold {place}", train, val)
        settled |= fixed
        measured.append(measured_on(data.rows(test), facts, data, done))
    if crossed:
        train, val = np.concatenate([split.train, split.test]), split.val
    else:
        train, val = split.train, split.val
    facts, data, done, last = shared.climbed("", np.sort(train), val)
    settled |= last
    test_table, corrupt_test = request.table, list[tuple[str, int, str]]()
    if request.test is not None:
        predictor = Predictor(plan, facts, done.candidates[done.chosen].member)
        test_table = request.test
        predictor.compare(test_table)
        tests, corrupt_test = tested(plan, facts, test_table, request.store)
        shared.notes += unlabelled(tests.targets, "test table: ")
        measured = [measured_on(tests, facts, data, done)]
    elif not crossed:
        measured = [measured_on(data.rows(split.test), facts, data, done)]
    shared.notes += unlabelled(data.targets) + no_part(plan, request.table, split)
    shared.notes += told_addresses(request.table, [c for i in plan.inputs.values() for c in i.columns])
    leaks, searched = leaks_of(plan, request.table, request.test, split, parts)
    found = pooled(measured, done.chosen)
    shared.notes += found.notes
    facts = crossed_facts(plan, facts, done, found, data) if crossed else val_facts(plan, facts, done, data)
    written = replace(plan, train=replace(plan.train, settled={**plan.train.settled, **settled}))
    shipped = done.candidates[done.chosen].member
    facts = leveled(plan, facts, shipped)
    predictor = Predictor(written, facts, shipped)
    return Run(
        written, inference, facts, done, found, predictor, request.table, test_table,
        "cross-validation" if crossed else "test", told(split, parts), groups_of(plan, test_table),
        time.monotonic() - began, list(corrupt_cells(data)), leaks, shared.notes, searched, corrupt_test,
        missingness_of(plan, facts, data, groups_of(plan, request.table)),
    )  # fmt: skip


class _Shared:
    """What every climb of a run shares: the request, the plan, the clock."""

    def __init__(
        self, request: Request, plan: Plan, deadline: float | None,
        groups: NDArray[np.int64] | None, climbs: int,
    ) -> None:  # fmt: skip
        self.request, self.plan, self.deadline, self.groups = request, plan, deadline, groups
        self.left, self.crossed, self.notes = climbs, climbs > 1, list[str]()

    def climbed(
        self, name: str, train: NDArray[np.int64], val: NDArray[np.int64]
    ) -> tuple[Facts, Prepared, Climbed, dict[str, dict[str, int]]]:
        """Facts from the training rows, every row prepared, the ladder climbed."""
        plan, request = self.plan, self.request
        begun = start(plan, request.table, request.store, (train, val), crossed=self.crossed, name=name)
        facts, data = begun.facts, begun.data
        self.notes += begun.notes
        known = _settled_of(plan, name)
        doctor = False if name else plan.train.doctor  # one look, at what ships
        plan = replace(plan, train=replace(plan.train, settled=known, doctor=doctor))
        budget = Budget(None if "ladder" in known else self._until(), costs(plan))
        folder = request.out
        ask = Climb(
            plan, facts, data, begun.train, begun.val, budget, self.groups,
            folder if folder is None or not name else folder / "folds" / name, request.resume,
            measured=bool(name) or not self.crossed,
        )  # fmt: skip
        done = climb(ask)
        done.val = begun.val
        self.left -= 1
        self.notes += [f"{n}: {note}" for n, c in done.candidates.items() for note in c.notes]
        prefix = f"{name}: " if name else ""
        self.notes += [f"{prefix}{note}" for note in done.notes]
        return facts, data, done, {f"{prefix}{network}": told for network, told in ask.settled.items()}

    def _until(self) -> float | None:
        """This climb's share of the time that is left."""
        if self.deadline is None:
            return None
        now = time.monotonic()
        return now + max(0.0, self.deadline - now) / self.left


def _settled_of(plan: Plan, name: str) -> dict[str, dict[str, int]]:
    """What a written plan says was settled in one climb: of a fold, or of what ships."""
    told = plan.train.settled
    if name:
        return {n.removeprefix(f"{name}: "): t for n, t in told.items() if n.startswith(f"{name}: ")}
    return {n: t for n, t in told.items() if not n.startswith("fold ")}
