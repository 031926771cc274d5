"""What every fusion must do. A new file in fusion/ is tested here without being named."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from contract import _layouts as make
from sensorium.errors import PlanError
from sensorium.fusion import fusions
from sensorium.types import Fused, Json, Tokens

ROWS, DIM = 6, 8
LENGTHS = {"photo": 5, "note": 3, "age": 1}
NAMES = tuple(LENGTHS)

KINDS: list[tuple[str, dict[str, Json]]] = [
    (name, choices) for name in fusions.names() for choices in make.variants(fusions.get(name))
]
every = pytest.mark.parametrize("kind", KINDS, ids=lambda k: f"{k[0]} {k[1] or ''}".strip())


def built(
    kind: tuple[str, dict[str, Json]], seed: int = 0, dim: int = DIM, names: tuple[str, ...] = NAMES
) -> Any:
    torch.manual_seed(seed)
    return make.quiet(fusions.get(kind[0])(names, dim, **kind[1]))


def inputs() -> dict[str, Tokens]:
    """Row 1 lacks the photo, row 2 has a short note, row 3 has its age alone, row 4 nothing."""
    made = {}
    for place, (name, length) in enumerate(LENGTHS.items()):
        values = torch.randn(ROWS, length, DIM, generator=torch.Generator().manual_seed(place))
        made[name] = Tokens(values, torch.ones(ROWS, length, dtype=torch.bool))
    made["photo"].mask[torch.tensor([1, 3, 4])] = False
    made["note"].mask[2, 1:] = False
    made["note"].mask[torch.tensor([3, 4])] = False
    made["age"].mask[4] = False
    return made


def rows_of(given: dict[str, Tokens], rows: list[int]) -> dict[str, Tokens]:
    return {n: Tokens(t.values[rows], t.mask[rows]) for n, t in given.items()}


def read(fused: Fused) -> Tensor:
    """What decoders read of each row: the readout, else the mean of the joint tokens."""
    if fused.readout is not None:
        return fused.readout
    return fused.joint.clean().values.sum(1) / fused.joint.mask.sum(1, keepdim=True).clamp(min=1)


@every
def test_joint_tokens_have_the_asked_shape_and_every_row_has_one(kind: tuple[str, dict[str, Json]]) -> None:
    given = inputs()
    fused = built(kind).eval()(given)
    rows, steps, dim = fused.joint.values.shape
    assert (rows, dim) == (ROWS, DIM)
    assert fused.joint.mask.shape == (rows, steps)
    assert fused.joint.mask.dtype == torch.bool
    assert fused.joint.mask.any(1).all()
    assert read(fused).shape == (ROWS, DIM)
    assert set(fused.inputs) == set(NAMES)
    assert all(p.shape == (ROWS,) for p in fused.penalties.values())
    assert not fused.joint.values[~fused.joint.mask].any()


@every
@pytest.mark.parametrize("training", [False, True])
def test_what_is_masked_does_not_matter(kind: tuple[str, dict[str, Json]], training: bool) -> None:
    net, given = built(kind).train(training), inputs()
    nan = torch.tensor(float("nan"))
    spoiled = {n: Tokens(torch.where(t.mask.unsqueeze(-1), t.values, nan), t.mask) for n, t in given.items()}
    clean, other = net(given), net(spoiled)
    make.close((other.joint, other.readout), (clean.joint, clean.readout), 0)
    read(other).square().sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters() if p.grad is not None)


@every
@pytest.mark.parametrize("name", NAMES)
def test_every_token_of_every_input_matters(kind: tuple[str, dict[str, Json]], name: str) -> None:
    net, given = built(kind).eval(), inputs()
    plain = read(net(given))
    for place in range(LENGTHS[name]):
        values = given[name].values.clone()
        values[0, place, 0] += 1
        changed = read(net(given | {name: Tokens(values, given[name].mask)}))
        assert not torch.allclose(changed[0], plain[0], atol=1e-6), place
        torch.testing.assert_close(changed[1:], plain[1:], rtol=0, atol=1e-6)


@every
@pytest.mark.parametrize("name", NAMES)
def test_losing_an_input_changes_the_answer(kind: tuple[str, dict[str, Json]], name: str) -> None:
    net, given = built(kind).eval(), inputs()
    gone = given | {name: Tokens(given[name].values, torch.zeros_like(given[name].mask))}
    assert not torch.allclose(read(net(gone))[0], read(net(given))[0], atol=1e-6)


@every
@pytest.mark.parametrize("training", [False, True])
def test_a_row_alone_is_what_it_is_in_a_batch(kind: tuple[str, dict[str, Json]], training: bool) -> None:
    net, given = built(kind).train(training), inputs()
    together = read(net(given))
    for row in range(ROWS):
        torch.testing.assert_close(read(net(rows_of(given, [row])))[0], together[row], rtol=0, atol=1e-5)
    shuffled = read(net(rows_of(given, [5, 3, 4, 0, 1, 2])))
    torch.testing.assert_close(shuffled, together[[5, 3, 4, 0, 1, 2]], rtol=0, atol=1e-5)


@every
def test_padding_changes_nothing(kind: tuple[str, dict[str, Json]]) -> None:
    net, given = built(kind).eval(), inputs()
    note = given["note"]
    longer = Tokens(torch.cat([note.values, note.values], 1), torch.cat([note.mask, note.mask & False], 1))
    torch.testing.assert_close(read(net(given | {"note": longer})), read(net(given)), rtol=0, atol=1e-5)


@every
@pytest.mark.parametrize("training", [False, True])
def test_rows_with_nothing_are_finite_and_alike(kind: tuple[str, dict[str, Json]], training: bool) -> None:
    net = built(kind).train(training)
    fused = net({n: Tokens(t.values, torch.zeros_like(t.mask)) for n, t in inputs().items()})
    assert fused.joint.values.isfinite().all()
    torch.testing.assert_close(read(fused), read(fused)[:1].expand(ROWS, -1), rtol=0, atol=1e-6)
    read(fused).square().sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters() if p.grad is not None)


@every
def test_the_order_of_the_dict_does_not_matter(kind: tuple[str, dict[str, Json]]) -> None:
    net, given = built(kind).eval(), inputs()
    one, other = net(given), net(dict(reversed(given.items())))
    make.close((other.joint, other.readout), (one.joint, one.readout), 0)


@every
def test_the_inputs_come_back_as_they_went_in(kind: tuple[str, dict[str, Json]]) -> None:
    fused = built(kind).eval()(inputs())
    make.close({n: fused.inputs[n] for n in NAMES}, inputs(), 0)


@every
def test_every_trainable_weight_changes_within_five_steps(kind: tuple[str, dict[str, Json]]) -> None:
    net = built(kind).train()
    before = {n: p.detach().clone() for n, p in net.named_parameters()}
    aim = make.normal(ROWS, DIM)
    for _ in range(5):
        fused = net(inputs())
        loss = (read(fused) - aim).square().mean() + (fused.joint.values - 1).square().mean()
        make.step(net, loss + sum(p.mean() for p in fused.penalties.values()))
    same = {n for n, p in net.named_parameters() if torch.equal(before[n], p)}
    assert same == {n for n, p in net.named_parameters() if not p.requires_grad}


@every
def test_saved_and_loaded_weights_answer_the_same(kind: tuple[str, dict[str, Json]]) -> None:
    net, other = built(kind).eval(), built(kind, seed=1).eval()
    other.load_state_dict(net.state_dict())
    make.close(other(inputs()), net(inputs()), 0)


@every
def test_nothing_is_random_in_use(kind: tuple[str, dict[str, Json]]) -> None:
    torch.manual_seed(0)
    net = fusions.get(kind[0])(NAMES, DIM, **kind[1]).eval()
    state = torch.random.get_rng_state()
    make.close(net(inputs()), net(inputs()), 0)
    assert torch.equal(state, torch.random.get_rng_state())


@every
def test_no_module_or_weight_is_made_in_forward(
    kind: tuple[str, dict[str, Json]], monkeypatch: pytest.MonkeyPatch
) -> None:
    net = built(kind).train()
    weights, made = [n for n, _ in net.named_parameters()], []
    original = nn.Module.__init__

    def counted(self: nn.Module, *args: object, **kwargs: object) -> None:
        made.append(type(self).__name__)
        original(self, *args, **kwargs)

    monkeypatch.setattr(nn.Module, "__init__", counted)
    net(inputs())
    assert made == []
    assert weights == [n for n, _ in net.named_parameters()]


@every
def test_bfloat16_autocast_and_bfloat16_tokens_stay_near_float32(kind: tuple[str, dict[str, Json]]) -> None:
    net, given = built(kind).train(), inputs()
    given["note"] = Tokens(given["note"].values.bfloat16().float(), given["note"].mask)
    exact = read(net(given))
    given["note"] = Tokens(given["note"].values.bfloat16(), given["note"].mask)
    with torch.autocast("cpu", torch.bfloat16):
        near = read(net(given)).float()
    torch.testing.assert_close(near, exact, rtol=0, atol=0.08 * float(exact.detach().abs().max()))
    near.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", fusions.names())
def test_xor_of_two_inputs_is_learned_or_declared_not_to_be(name: str) -> None:
    """Two signs, each a direction in noise: the answer is their product, which no sum of inputs can give."""
    net = built((name, {}), dim=16, names=("a", "b")).train()
    head, random = nn.Linear(16, 1), torch.Generator().manual_seed(0)
    direction = torch.randn(2, 16, generator=random)

    def drawn(rows: int) -> tuple[dict[str, Tokens], Tensor]:
        signs = torch.randint(0, 2, (2, rows, 1), generator=random) * 2.0 - 1
        noise = 0.5 * torch.randn(2, rows, 16, generator=random)
        values = signs * direction.unsqueeze(1) + noise
        real = torch.ones(rows, 1, dtype=torch.bool)
        return {n: Tokens(values[i].unsqueeze(1), real) for i, n in enumerate("ab")}, signs[0] * signs[1]

    both = nn.ModuleList([net, head])
    optimizer = make.Adam(both, 0.003)
    for _ in range(150):
        given, product = drawn(64)
        optimizer.step(nn.functional.softplus(-product * head(read(net(given)))).mean())
    given, product = drawn(500)
    right = float(((head(read(net.eval()(given))) > 0) == (product > 0)).float().mean())
    assert (right > 0.95) == fusions.get(name).learns_xor, f"{right:.3f} of the answers are right"


OPTIONS = [(n, option) for n in fusions.names() for option in make.told(fusions.get(n))]


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=lambda v: str(v))
def test_every_choice_changes_something(name: str, option: str) -> None:
    """The shapes of weights, the answers in training or the penalties differ, or the value is refused."""
    value = make.others(*make.told(fusions.get(name))[option])[-1]
    results = []
    for choices in ({}, {option: value}):
        torch.manual_seed(0)
        try:
            net = fusions.get(name)(NAMES, DIM, **choices).train()
        except PlanError:
            return
        fused, weights = net(inputs()), {n: tuple(p.shape) for n, p in net.named_parameters()}
        told = [read(fused), *(fused.penalties[n] for n in sorted(fused.penalties))]
        results.append((weights, torch.cat([x.flatten() for x in told])))
    (old, before), (new, after) = results
    assert old != new or not torch.equal(before, after)
