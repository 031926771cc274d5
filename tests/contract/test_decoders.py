"""What every decoder must do. A new file in decoders/ is tested here without being named."""

from typing import Any

import pytest
import torch
from torch import nn

from contract import _layouts as make
from sensorium.decoders import decoders
from sensorium.types import Fused, Json, Tokens

ROWS, STEPS, DIM = 5, 4, 8
KINDS: list[tuple[str, int, dict[str, Json]]] = [
    (name, width, choices)
    for name in decoders.names()
    for width in (1, 7)
    for choices in make.variants(decoders.get(name))
]
every = pytest.mark.parametrize("kind", KINDS, ids=lambda k: f"{k[0]} {k[1]} {k[2] or ''}".strip())


def built(kind: tuple[str, int, dict[str, Json]], seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return make.quiet(decoders.get(kind[0])(DIM, {"width": kind[1]}, **kind[2]))


def fused(readout: bool) -> Fused:
    """Row 1 has two real tokens, row 2 none."""
    mask = torch.ones(ROWS, STEPS, dtype=torch.bool)
    mask[1, 2:], mask[2] = False, False
    joint = Tokens(make.normal(ROWS, STEPS, DIM), mask)
    return Fused(joint, {"photo": joint}, readout=joint.values.mean(1) if readout else None)


def rows_of(given: Fused, rows: list[int]) -> Fused:
    joint = Tokens(given.joint.values[rows], given.joint.mask[rows])
    return Fused(joint, {"photo": joint}, readout=None if given.readout is None else given.readout[rows])


@every
@pytest.mark.parametrize("readout", [False, True])
def test_there_are_as_many_numbers_as_asked_and_all_are_finite(
    kind: tuple[str, int, dict[str, Json]], readout: bool
) -> None:
    numbers = built(kind).eval()(fused(readout))
    assert numbers.shape == (ROWS, kind[1])
    assert numbers.isfinite().all()


@every
@pytest.mark.parametrize("training", [False, True])
def test_what_is_masked_does_not_matter(kind: tuple[str, int, dict[str, Json]], training: bool) -> None:
    net, given = built(kind).train(training), fused(readout=False)
    nan = torch.tensor(float("nan"))
    joint = Tokens(torch.where(given.joint.mask.unsqueeze(-1), given.joint.values, nan), given.joint.mask)
    numbers = net(Fused(joint, {"photo": joint}))
    make.close(numbers, net(given), 0)
    numbers.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters() if p.grad is not None)


@every
@pytest.mark.parametrize("readout", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_a_row_alone_is_what_it_is_in_a_batch(
    kind: tuple[str, int, dict[str, Json]], readout: bool, training: bool
) -> None:
    net, given = built(kind).train(training), fused(readout)
    together = net(given)
    for row in range(ROWS):
        torch.testing.assert_close(net(rows_of(given, [row]))[0], together[row], rtol=0, atol=1e-5)


@every
@pytest.mark.parametrize("readout", [False, True])
def test_what_was_fused_matters(kind: tuple[str, int, dict[str, Json]], readout: bool) -> None:
    net, given = built(kind).eval(), fused(readout)
    values = given.joint.values.clone()
    values[0, :, 0] += 1
    joint = Tokens(values, given.joint.mask)
    changed = net(Fused(joint, {"photo": joint}, readout=values.mean(1) if readout else None))
    plain = net(given)
    assert not torch.allclose(changed[0], plain[0], atol=1e-6)
    torch.testing.assert_close(changed[1:], plain[1:], rtol=0, atol=1e-6)


@every
def test_every_trainable_weight_changes_within_five_steps(kind: tuple[str, int, dict[str, Json]]) -> None:
    net = built(kind).train()
    before = {n: p.detach().clone() for n, p in net.named_parameters()}
    for _ in range(5):
        make.step(net, (net(fused(readout=False)) - make.normal(ROWS, kind[1])).square().mean())
    same = {n for n, p in net.named_parameters() if torch.equal(before[n], p)}
    assert same == {n for n, p in net.named_parameters() if not p.requires_grad}


@every
def test_saved_and_loaded_weights_answer_the_same(kind: tuple[str, int, dict[str, Json]]) -> None:
    net, other = built(kind).eval(), built(kind, seed=1).eval()
    other.load_state_dict(net.state_dict())
    make.close(other(fused(readout=False)), net(fused(readout=False)), 0)


@every
def test_nothing_is_random_in_use(kind: tuple[str, int, dict[str, Json]]) -> None:
    net = decoders.get(kind[0])(DIM, {"width": kind[1]}, **kind[2]).eval()
    state = torch.random.get_rng_state()
    make.close(net(fused(readout=True)), net(fused(readout=True)), 0)
    assert torch.equal(state, torch.random.get_rng_state())


@every
def test_no_module_is_made_in_forward(
    kind: tuple[str, int, dict[str, Json]], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, made = built(kind).train(), []
    original = nn.Module.__init__

    def counted(self: nn.Module, *args: object, **kwargs: object) -> None:
        made.append(type(self).__name__)
        original(self, *args, **kwargs)

    monkeypatch.setattr(nn.Module, "__init__", counted)
    net(fused(readout=True))
    assert made == []


OPTIONS = [(n, option) for n in decoders.names() for option in make.told(decoders.get(n))]


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=lambda v: str(v))
def test_every_choice_changes_something(name: str, option: str) -> None:
    value = make.others(*make.told(decoders.get(name))[option])[-1]
    results = []
    for choices in ({}, {option: value}):
        torch.manual_seed(0)
        net = decoders.get(name)(DIM, {"width": 7}, **choices).train()
        results.append(({n: tuple(p.shape) for n, p in net.named_parameters()}, net(fused(readout=True))))
    (old, before), (new, after) = results
    assert old != new or not torch.equal(before, after)
