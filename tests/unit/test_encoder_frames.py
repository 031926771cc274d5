"""Encoders of signals: one number of each against torch's own layers, what times do, and how they stretch."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders.patches import Patches
from sensorium.encoders.recurrent import Recurrent, turned
from sensorium.encoders.tcn import Tcn
from sensorium.errors import PlanError
from sensorium.nn.attention import rotary
from sensorium.nn.frames import ends, marked, moments, stride_for, thinned
from sensorium.plan_parse import parse
from sensorium.types import Arrays, Facts

FACTS: Facts = {"layout": "frames", "features": 3, "rate": 10.0}


def shaken(net: nn.Module) -> Any:
    """The module in use, with every weight random: no zeros or ones hide a mistake."""
    torch.manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn_like(p) * 0.3)
    return net.eval()


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def whole(values: Tensor, times: Tensor | None = None) -> Arrays:
    return Arrays(values, torch.ones(values.shape[:2], dtype=torch.bool), times)


def test_a_gap_differs_from_the_mean_by_its_mark() -> None:
    values, mask = torch.tensor([[[5.0, 0.0]], [[7.0, float("nan")]]]), torch.ones(2, 1, 2, dtype=torch.bool)
    mask[1, 0] = torch.tensor([False, False])
    got, steps = marked(Arrays(values, mask))
    assert got.tolist() == [[[5, 0, 1, 1]], [[0, 0, 0, 0]]]
    assert steps.tolist() == [[True], [False]]


def test_thinning_takes_the_mean_of_what_is_real() -> None:
    values = torch.tensor([[1.0, 3, 9, 99, 7]]).unsqueeze(-1)
    mask = torch.tensor([[True, True, True, False, False]])
    got, steps = thinned(values, mask, 2)
    assert (got[0, :, 0].tolist(), steps[0].tolist()) == ([2, 9, 0], [True, True, False])
    assert ends(mask).tolist() == [3]
    assert ends(torch.zeros(1, 3, dtype=torch.bool)).tolist() == [0]
    assert [stride_for({"longest": n}, 512) for n in (1, 512, 513, 2048, 5000)] == [1, 1, 2, 4, 16]
    assert stride_for({}, 512) == 1


def test_moments_are_steps_of_the_rate() -> None:
    x = whole(normal(1, 3, 1), torch.tensor([[0.0, 0.5, 2.0]], dtype=torch.float64))
    assert moments(x, 10.0).tolist() == [[0, 5, 20]]
    assert moments(whole(normal(1, 3, 1)), 10.0).tolist() == [[0, 1, 2]]


def test_tcn_is_residual_dilated_convolutions() -> None:
    net = shaken(Tcn(FACTS, 4, tokens="sequence", layers=3, width=5, kernel=3))
    x = normal(2, 20, 3)

    def normed(layer: Any, h: Tensor, dilation: int) -> Tensor:
        y = F.conv1d(h, layer.conv.weight, padding=dilation, dilation=dilation)
        n = layer.norm
        return F.batch_norm(y, n.running_mean, n.running_var, n.weight, n.bias)

    h = F.relu(normed(net.entrance, torch.cat([x, torch.ones_like(x)], -1).transpose(1, 2), 1))
    for place, block in enumerate(net.blocks):
        inner = F.relu(normed(block.first, h, 2**place))
        h = F.relu(h + normed(block.second, inner, 2**place))
    expected = h.transpose(1, 2) @ net.out.weight.T + net.out.bias
    torch.testing.assert_close(net(whole(x)).values, expected, rtol=1e-4, atol=1e-5)


def test_the_last_block_of_a_tcn_sees_far_and_no_further() -> None:
    net = shaken(Tcn(FACTS, 4, tokens="sequence", layers=3, width=5, kernel=3))
    with torch.no_grad():
        for p in net.parameters():
            p.abs_()  # no rectifier is closed
    x = normal(1, 64, 3).abs()
    reach = 1 + 2 * (1 + 2 + 4)
    far, near = x.clone(), x.clone()
    far[0, 32 + reach + 1] += 1
    near[0, 32 + reach] += 100
    at = [net(whole(v)).values[0, 32] for v in (x, far, near)]
    torch.testing.assert_close(at[1], at[0], rtol=0, atol=0)
    assert not torch.equal(at[2], at[0])


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_recurrent_is_torchs_own_network_in_both_directions(cell: str) -> None:
    net = shaken(Recurrent(FACTS, 4, cell=cell, tokens="sequence", layers=2, width=6))  # type: ignore[arg-type]
    other = {"gru": nn.GRU, "lstm": nn.LSTM}[cell](12, 6, 2, batch_first=True, bidirectional=True)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    with torch.no_grad():
        for number, layer in enumerate(net.layers):
            for part, end in zip(layer, ("", "_reverse"), strict=True):
                for name in names:
                    getattr(other, f"{name}_l{number}{end}").copy_(getattr(part, f"{name}_l0"))
    lengths = [7, 3, 1]
    x, mask = normal(3, 7, 3), torch.arange(7) < torch.tensor(lengths)[:, None]
    entered = F.relu(net.entrance(marked(Arrays(x, mask))[0]))
    packed = nn.utils.rnn.pack_padded_sequence(entered, torch.tensor(lengths), batch_first=True)
    expected = net.out(nn.utils.rnn.pad_packed_sequence(other(packed)[0], batch_first=True)[0])
    got = net(Arrays(x, mask))
    torch.testing.assert_close(got.values[mask], expected[mask], rtol=1e-4, atol=1e-5)


def test_a_row_is_turned_up_to_its_end() -> None:
    x = torch.arange(10.0).view(2, 5, 1)
    assert turned(x, torch.tensor([3, 5]))[..., 0].tolist() == [[2, 1, 0, 3, 4], [9, 8, 7, 6, 5]]


def test_patches_overlap_by_half_and_the_last_is_filled_up() -> None:
    net = Patches({"layout": "frames", "features": 1}, 8, patch=4)
    cut = net._cut(torch.arange(1.0, 8).view(1, 7, 1))
    assert cut[0].tolist() == [[1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 0]]
    mask = torch.arange(7) < torch.tensor([7, 4, 5, 0])[:, None]
    assert net._real(mask).tolist() == [[True] * 3, [True, False, False], [True, True, False], [False] * 3]


def test_patches_are_projected_and_turned_by_their_place() -> None:
    net = shaken(Patches(FACTS, 8, tokens="sequence", patch=4, depth=1))
    x = normal(2, 9, 3)
    both = F.pad(torch.cat([x, torch.ones_like(x)], -1), (0, 0, 0, 1))
    h = torch.stack([net.project(both[:, s : s + 4].flatten(1)) for s in (0, 2, 4, 6)], 1)
    mask = torch.ones(2, 4, dtype=torch.bool)
    h = net.blocks[0](h, mask, rotary(4, 2, x.device))
    torch.testing.assert_close(net(whole(x)).values, net.out(net.norm(h)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [Recurrent, Patches])
def test_times_matter_to_those_who_read_them_and_to_no_other(kind: type[nn.Module]) -> None:
    x = normal(1, 6, 3)
    slow, fast = (torch.arange(6, dtype=torch.float64)[None] * step for step in (0.1, 0.9))
    reads, ignores = shaken(kind(FACTS, 8, times=True)), shaken(kind(FACTS, 8))
    assert not torch.allclose(reads(whole(x, slow)).values, reads(whole(x, fast)).values, atol=1e-5)
    torch.testing.assert_close(reads(whole(x, slow)).values, reads(whole(x)).values, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ignores(whole(x, slow)).values, ignores(whole(x)).values, rtol=0, atol=0)


@pytest.mark.parametrize("kind", [Recurrent, Patches])
def test_rows_with_times_are_independent_and_padding_changes_nothing(kind: type[nn.Module]) -> None:
    net = shaken(kind(FACTS, 8, times=True, tokens="sequence"))
    x, times = normal(3, 9, 3), np.cumsum(np.random.default_rng(0).uniform(0.05, 0.6, (3, 9)), 1)
    times = torch.from_numpy(times - times[:, :1])
    lengths = torch.tensor([9, 5, 2])
    mask = torch.arange(9) < lengths[:, None]
    together = net(Arrays(x, mask, torch.where(mask, times, 0.0)))
    for row, length in enumerate(lengths.tolist()):
        alone = net(whole(x[row : row + 1, :length], times[row : row + 1, :length]))
        real = together.values[row][together.mask[row]]
        torch.testing.assert_close(real, alone.values[0][alone.mask[0]], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["recurrent", "patches"])
def test_an_encoder_that_reads_times_asks_for_them(name: str) -> None:
    def plan(encoder: object, **more: object) -> Any:
        inputs = {"s": {"modality": "sensor", "encoder": encoder, **more}}
        return (
            parse({"version": 1, "inputs": inputs, "targets": {"y": "classify"}}).inputs["s"].modality.choices
        )

    assert plan({"name": name, "times": True}) == {"irregular": "keep"}
    assert plan(name) == {}
    assert plan({"name": name, "times": True}, irregular="keep") == {"irregular": "keep"}
    with pytest.raises(PlanError) as caught:
        plan({"name": name, "times": True}, irregular="resample")
    assert str(caught.value) == (
        f"inputs.s.irregular: 'resample' is asked for, but the encoder {name} needs 'keep'; leave irregular "
        "out or choose another encoder."
    )


def test_long_signals_are_averaged_to_as_many_steps_as_an_encoder_reads() -> None:
    long = FACTS | {"longest": 2048}
    assert Tcn(long, 8).stride == 4
    assert Tcn(long, 8, stride=2).stride == 2
    assert Recurrent(long, 8).stride == 8
    assert Patches(long, 8).patch == 64
    assert Patches(FACTS | {"longest": 50}, 8).patch == 3
    tokens = shaken(Tcn(long, 8, tokens="sequence"))(whole(normal(1, 10, 3)))
    assert tokens.values.shape == (1, 3, 8)


def test_a_width_without_even_heads_is_refused() -> None:
    with pytest.raises(PlanError) as caught:
        Patches(FACTS, 7)
    assert str(caught.value) == (
        "encoder patches: heads must divide the width 7 into even parts; got 1. Choose one of: none "
        "(choose an even width)."
    )
