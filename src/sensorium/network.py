"""The network as a member: batches in, numbers out."""

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from sensorium.batches import Batches
from sensorium.members._base import Member, Numbers
from sensorium.model import Mode, Model
from sensorium.nn.devices import device, exact
from sensorium.nn.held import blank
from sensorium.nn.memory import in_pieces
from sensorium.plan import Plan
from sensorium.plan_parse import parse
from sensorium.plan_write import to_dict
from sensorium.table.prepared import Prepared
from sensorium.types import Facts, Output, Tokens, moved

ANSWER_ROWS = 256
"""Rows that are answered together at most; fewer where they are large."""


class Network(Member):
    """A trained Model over some of the plan's inputs. Answers are computed in float32.

    plan: narrowed to the model's inputs. facts: as ``batches.fit_facts`` makes them.
    """

    def __init__(self, model: Model, plan: Plan, facts: Facts) -> None:
        self.model, self.plan, self.facts = model, plan, facts
        self.inputs = tuple(plan.inputs)

    def numbers(self, data: Prepared) -> Numbers:
        """Numbers of every row; rows whose inputs are all missing abstain and hold zeros."""
        widths = {n: int(self.facts["targets"][n]["width"]) for n in self.plan.targets}
        values = {n: np.zeros((len(data), w)) for n, w in widths.items()}
        answered = self._seen(data)
        for rows, output in self._outputs(data, np.flatnonzero(answered), "answer"):
            for name, numbers in output.numbers.items():
                values[name][rows] = numbers.double().cpu().numpy()
        return Numbers(values, answered)

    def with_heads(self, data: Prepared) -> tuple[Numbers, dict[str, Numbers]]:
        """What ``numbers`` says, to the bit, and {input: what its own head says of the rows that have it}."""
        widths = {n: int(self.facts["targets"][n]["width"]) for n in self.plan.targets}
        seen = {"": self._seen(data), **{n: data.present(n) for n in self.inputs}}
        made = {
            n: Numbers({t: np.zeros((len(data), w)) for t, w in widths.items()}, s) for n, s in seen.items()
        }
        for rows, output in self._outputs(data, np.flatnonzero(seen[""]), "encode"):
            with torch.inference_mode(), exact(next(self.model.parameters()).device):
                said = {"": self.model.read(output.inputs), **self.model.alone(output.inputs)}
            for source, numbers in said.items():
                for name, found in numbers.items():
                    told = found.double().cpu().numpy()
                    made[source].values[name][rows] = np.where(made[source].answered[rows, None], told, 0.0)
        return made.pop(""), made

    def hiding(self, data: Prepared, sets: Sequence[frozenset[str]]) -> list[Numbers]:
        """What ``numbers`` says with each of these sets of inputs hidden; the encoders run once for all."""
        there = {n: data.present(n) for n in self.inputs}
        seen = [_any([there[n] for n in self.inputs if n not in gone], len(data)) for gone in sets]
        widths = {n: int(self.facts["targets"][n]["width"]) for n in self.plan.targets}
        made = [Numbers({n: np.zeros((len(data), w)) for n, w in widths.items()}, known) for known in seen]
        for rows, output in self._outputs(data, np.flatnonzero(self._seen(data)), "encode"):
            for gone, one in zip(sets, made, strict=True):
                tokens = {n: _without(t) if n in gone else t for n, t in output.inputs.items()}
                with torch.inference_mode(), exact(next(self.model.parameters()).device):
                    said = self.model.read(tokens)
                for name, numbers in said.items():
                    found = numbers.double().cpu().numpy()
                    one.values[name][rows] = np.where(one.answered[rows, None], found, 0.0)
        return made

    def features(self, data: Prepared) -> dict[str, NDArray[np.float32]]:
        """{input: (N, D)}: the mean of each input's tokens; rows that miss the input are NaN."""
        made = {n: np.full((len(data), self.plan.dim), np.nan, np.float32) for n in self.inputs}
        for rows, output in self._outputs(data, np.flatnonzero(self._seen(data)), "encode"):
            for name, tokens in output.inputs.items():
                weight = tokens.mask.unsqueeze(-1).float()
                pooled = (tokens.values.float() * weight).sum(1) / weight.sum(1)
                made[name][rows] = pooled.cpu().numpy()
        return made

    def _seen(self, data: Prepared) -> NDArray[np.bool_]:
        """bool (N,): the rows that have an input; others never enter the model."""
        return _any([data.present(name) for name in self.inputs], len(data))

    def _outputs(
        self, data: Prepared, rows: NDArray[np.int64], mode: Mode
    ) -> Iterator[tuple[NDArray[np.int64], Output]]:
        batches = Batches(self.plan, data)
        rows = batches.near(rows)
        where = next(self.model.parameters()).device
        if self.model.training:
            self.model.eval()

        def run(cut: NDArray[np.int64]) -> Output:
            with torch.inference_mode(), exact(where):
                output: Output = self.model(moved(batches.batch(cut), where), mode)
            return output

        sizes = batches.sizes(rows) if len(rows) > 1 else np.zeros(len(rows), np.int64)  # one goes at once
        yield from in_pieces(rows, sizes, ANSWER_ROWS, run)

    def state(self) -> tuple[Facts, dict[str, NDArray[np.generic]]]:
        """The narrowed plan and the weights; the bundle keeps the facts once for all members."""
        arrays = {n: t.detach().cpu().numpy() for n, t in self.model.state_dict().items()}
        return {"plan": to_dict(self.plan), "facts": self.facts}, arrays

    @classmethod
    def restore(
        cls,
        facts: Facts,
        arrays: dict[str, NDArray[np.generic]],
        parts: dict[str, Member] | None = None,  # noqa: ARG003
    ) -> Self:
        """The network from its plan, its facts and its weights."""
        plan = parse(facts["plan"], followed=True)
        with blank():
            model = Model(plan, facts["facts"])
        model.load_state_dict({n: torch.from_numpy(np.array(a)) for n, a in arrays.items()})
        return cls(model.to(device()).eval(), plan, facts["facts"])


def _any(given: Sequence[NDArray[np.bool_]], rows: int) -> NDArray[np.bool_]:
    """bool (N,): where any of these is true."""
    found: NDArray[np.bool_] = np.logical_or.reduce([np.zeros(rows, bool), *given])
    return found


def _without(tokens: Tokens) -> Tokens:
    """The tokens of an input that no row has."""
    maps = tuple(torch.zeros_like(m) for m in tokens.maps)
    return Tokens(tokens.values, torch.zeros_like(tokens.mask), tokens.grid, maps).clean()
