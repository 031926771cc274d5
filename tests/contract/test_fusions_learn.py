"""What every fusion must learn beside XOR, and what it may cost. A new file in fusion/ is tested unnamed."""

import math
import re

import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from contract import _layouts as make
from contract.test_fusions import built, read
from sensorium.fusion import fusions
from sensorium.types import Tokens

NAMES, DIM, ROWS = ("a", "b", "noise"), 16, 64
STEPS, RATE, ENOUGH = 80, 0.003, 0.9
Drawn = tuple[dict[str, Tokens], Tensor]


def drawn(rows: int, told: str, hide: tuple[str, ...], random: torch.Generator) -> Drawn:
    """Tokens of three inputs and a sign (rows, 1), which the inputs ``told`` show as a direction in noise.

    The third tells nothing and is three times as loud. In two of three rows one of ``hide`` is missing.
    """
    sign = torch.randint(0, 2, (rows, 1), generator=random) * 2.0 - 1
    missing = torch.randint(0, 3, (rows, 1), generator=random)
    directions = torch.randn(2, DIM, generator=torch.Generator().manual_seed(1))
    found = {}
    for place, name in enumerate(NAMES):
        noise = torch.randn(rows, DIM, generator=random)
        values = 3 * noise if name == "noise" else 0.5 * noise
        if name in told:
            values = values + sign * directions[place]
        mask = torch.ones(rows, 1, dtype=torch.bool)
        if name in hide:
            mask = missing != hide.index(name)
        found[name] = Tokens(values.unsqueeze(1), mask)
    return found, sign


def right(net: nn.Module, head: nn.Module, given: dict[str, Tokens], sign: Tensor) -> float:
    """The share of right answers."""
    return float(((head(read(net(given))) > 0) == (sign > 0)).float().mean())


def trained(name: str, told: str, hide: tuple[str, ...]) -> tuple[nn.Module, nn.Module, Drawn]:
    """A fusion and a linear head after STEPS steps, and 500 new rows in which nothing is missing."""
    net, random = built((name, {}), dim=DIM, names=NAMES).train(), torch.Generator().manual_seed(0)
    head = nn.Linear(DIM, 1)
    optimizer = make.Adam(nn.ModuleList([net, head]), RATE)
    for _ in range(STEPS):
        given, sign = drawn(ROWS, told, hide, random)
        optimizer.step(nn.functional.softplus(-sign * head(read(net(given)))).mean())
    return net.eval(), head, drawn(500, told, (), random)


@pytest.mark.parametrize("name", fusions.names())
def test_either_of_two_inputs_suffices_beside_a_noisy_third(name: str) -> None:
    net, head, (given, sign) = trained(name, "ab", ("a", "b"))
    assert right(net, head, given, sign) > ENOUGH
    for gone in "ab":
        lacking = Tokens(given[gone].values, torch.zeros_like(given[gone].mask))
        assert right(net, head, given | {gone: lacking}, sign) > ENOUGH, f"without {gone}"


@pytest.mark.parametrize("name", fusions.names())
def test_the_only_input_that_matters_is_found_beside_noise(name: str) -> None:
    net, head, (given, sign) = trained(name, "b", ())
    assert right(net, head, given, sign) > ENOUGH


@pytest.mark.parametrize("many", [1, 2, 5])
@pytest.mark.parametrize("name", fusions.names())
def test_any_number_of_inputs_of_any_length_is_fused_and_each_one_matters(name: str, many: int) -> None:
    names = tuple(f"i{place}" for place in range(many))
    net = built((name, {}), dim=8, names=names).eval()
    real = {n: torch.ones(2, place + 1, dtype=torch.bool) for place, n in enumerate(names)}
    given = {n: Tokens(make.normal(2, mask.shape[1], 8), mask) for n, mask in real.items()}
    plain = read(net(given))
    assert plain.isfinite().all()
    for n in names:
        changed = given[n].values.flip(-1)
        assert not torch.allclose(read(net(given | {n: Tokens(changed, real[n])})), plain, atol=1e-6), n
        absent = Tokens(changed, torch.zeros_like(real[n]))
        assert not torch.allclose(read(net(given | {n: absent})), plain, atol=1e-6), n


def operations(name: str, inputs: int, tokens: int) -> int:
    """Operations of matrix products for one row with ``tokens`` tokens an input; nothing is computed."""
    names = tuple(f"i{place}" for place in range(inputs))
    with torch.device("meta"):
        net, real = built((name, {}), dim=4, names=names).eval(), torch.ones(1, tokens, dtype=torch.bool)
        given = {n: Tokens(torch.ones(1, tokens, 4), real) for n in names}
        net.requires_grad_(False)
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            net(given)
    return counter.get_total_flops()


def declared(cost: str) -> dict[str, int]:
    """The powers in ``inputs^2 tokens`` and the like."""
    found = re.findall(r"(inputs|tokens)(?:\^(\d))?", cost)
    assert " ".join(f"{n}^{p}" if p else n for n, p in found) == cost, f"{cost!r} is not read"
    return {n: int(p or 1) for n, p in found}


GROWTHS = ["inputs", "tokens"]


@pytest.mark.parametrize("growth", GROWTHS)
@pytest.mark.parametrize("name", fusions.names())
def test_the_cost_grows_as_declared(name: str, growth: str) -> None:
    """Doubling the inputs, or the tokens of each, multiplies the cost by 2 to the declared power."""
    powers = declared(fusions.get(name).cost)
    power, few = powers.get(growth, 0), 4 if "tokens" in powers else 8
    small, large = ((few, 256), (2 * few, 256)) if growth == "inputs" else ((2, 4096), (2, 8192))
    grown = math.log2(operations(name, *large) / operations(name, *small))
    assert power - 0.6 < grown < power + 0.3, f"grows as {growth}^{grown:.2f}"


def test_a_cost_in_other_words_is_refused() -> None:
    with pytest.raises(AssertionError):
        declared("inputs squared")
    assert declared("inputs^2 tokens") == {"inputs": 2, "tokens": 1}
