"""Small real things: tables made of fakes, plans, facts, networks and predictors, by the way users' go."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from sensorium.fit_facts import fit_facts
from sensorium.load_table import load_table
from sensorium.modalities import modalities
from sensorium.model import Model
from sensorium.network import Network
from sensorium.options import fields_of
from sensorium.plan import Plan
from sensorium.plan_parse import parse
from sensorium.predict import Predictor
from sensorium.prepare import prepare
from sensorium.table.packed import Cell
from sensorium.table.table import Table
from sensorium.tasks import tasks
from sensorium.types import Json

ROWS = 12
SMALL: dict[str, Json] = {
    "size": 12, "mels": 8, "vocabulary": 300, "longest": 12, "seconds": 0.4, "dim": 8, "frames": 4,
}  # fmt: skip
"""Choices that make any component that has them quick."""

Columns = dict[str, list[Cell]]


def small(kind: type) -> dict[str, Json]:
    """Those of the small choices that a component has."""
    return {name: value for name, value in SMALL.items() if name in fields_of(kind)}


def asked(modality: str, columns: Sequence[str] = (), encoder: Json = None) -> dict[str, Json]:
    """One input of a plan, small."""
    made: dict[str, Json] = {"modality": modality, "augment": [], **small(modalities.get(modality))}
    if columns:
        made["columns"] = list(columns)
    return made if encoder is None else made | {"encoder": encoder}


def fakes(kinds: Mapping[str, str], task: str, rows: int = ROWS, seed: int = 0) -> Columns:
    """{column: cells} by each column's modality, and the target ``y``; media that cannot be read otherwise
    are bytes."""
    rng = np.random.default_rng(seed)
    columns: Columns = {c: list(modalities.get(kind).fake(rng, rows)) for c, kind in kinds.items()}
    return columns | {"y": list(tasks.get(task).fake(rng, rows))}


def table_of(columns: Columns, folder: Path | None = None) -> Table:
    return load_table(columns, roots=() if folder is None else (folder,), folder=folder)


def plan_of(inputs: Mapping[str, Json], task: str, fusion: Json = "attend", **more: Json) -> Plan:
    raw: dict[str, object] = {"version": 1, "dim": 8, "inputs": dict(inputs), "targets": {"y": task}}
    return parse({**raw, "fusion": fusion, **more})


def untrained(plan: Plan, table: Table, seed: int = 0) -> Predictor:
    """A predictor whose network has its first weights, moved a little so that no part is silent."""
    facts = fit_facts(plan, table, np.arange(table.num_rows))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Model(plan, facts)
        with torch.no_grad():
            for weight in model.parameters():
                weight += 0.05 * torch.randn(weight.shape)
    return Predictor(plan, facts, Network(model.eval(), plan, facts))


def numbers_of(predictor: Predictor, table: Table) -> np.ndarray:
    """(N, W): the numbers of the target ``y``."""
    data = prepare(predictor.plan, predictor.facts, table, answering=True)
    return predictor.numbers(data).values["y"]


def pairwise(*kinds: Sequence[str], seed: int = 0) -> list[tuple[str, ...]]:
    """Some of the product that hold every pair of values of two different kinds; the fewest that are
    quickly found."""
    product = list(itertools.product(*kinds))
    order = np.random.default_rng(seed).permutation(len(product))
    wanted = {pair for one in product for pair in _pairs(one)}
    most, found = len(kinds) * (len(kinds) - 1) // 2, []
    for gain in range(most, 0, -1):
        for place in order:
            new = _pairs(product[place]) & wanted
            if len(new) >= gain:
                found.append(product[place])
                wanted -= new
    return found


def _pairs(one: tuple[str, ...]) -> set[tuple[int, int, str, str]]:
    return {(i, j, one[i], one[j]) for i, j in itertools.combinations(range(len(one)), 2)}
