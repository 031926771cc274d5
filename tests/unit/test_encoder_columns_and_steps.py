"""Encoders of columns and of steps against their equations, by hand or made of torch's own layers."""

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from same_weights import loaded, near, renamed, shaken
from sensorium.encoders.conformer import Conformer
from sensorium.encoders.conv1d import Conv1d
from sensorium.encoders.ft_transformer import FtTransformer
from sensorium.encoders.hashed_ngrams import FACTOR, PRIME, HashedNgrams
from sensorium.encoders.mlp import Mlp
from sensorium.encoders.piecewise_linear import PiecewiseLinear
from sensorium.encoders.recurrent import Recurrent
from sensorium.nn.depth import DropPath, rates
from sensorium.types import Arrays, Facts

IDS: Facts = {"layout": "ids", "vocabulary": 20, "longest": 7}


def test_conv1d_is_its_equations() -> None:
    net = shaken(Conv1d(IDS, 5, kernel=2, lengths=2, filters=4, width=6))
    ids, mask = torch.randint(0, 20, (2, 7)), torch.arange(7) < torch.tensor([[7], [4]])
    words = [net.table.weight[ids[row, mask[row]]] for row in range(2)]
    for row, e_TE in enumerate(words):
        found = []
        for conv, (before, after) in zip(net.convs, [(0, 1), (1, 1)], strict=True):
            wide = F.pad(e_TE, (0, 0, before, after)).unfold(0, before + after + 1, 1)
            found.append(torch.relu(torch.einsum("tek,cek->tc", wide, conv.weight) + conv.bias).amax(0))
        near(net(Arrays(ids, mask)).values[row, 0], net.out(torch.cat(found)))


@pytest.mark.parametrize(("scale", "power"), [("root", 0.5), ("mean", 1.0)])
def test_hashed_ngrams_are_a_linear_map_of_counts(scale: Any, power: float) -> None:
    net = shaken(HashedNgrams(IDS, 5, longest=2, buckets=11, scale=scale))
    ids, counts = [3, 7, 3, 7], np.zeros(11)
    for gram, times in Counter([*((a,) for a in ids), *pairwise(ids)]).items():
        code = 0
        for one in gram:
            code = (code * FACTOR + one + 1) % PRIME
        counts[code % 11] += times
    expected = counts @ net.bag.weight.detach().numpy() / 7**power + net.bias_D.detach().numpy()
    got = net(Arrays(torch.tensor([[*ids, 9]]), torch.tensor([[True, True, True, True, False]])))
    near(got.values[0, 0], torch.tensor(expected, dtype=torch.float32))


def test_piecewise_linear_fills_bins_as_equation_1_says() -> None:
    """Edges 0, 2, 3: 2.5 fills the first bin and half of the second; -1 and 9 lie beyond the ends."""
    facts: Facts = {"layout": "scalar", "features": 2, "bins": [[0.0, 2.0, 3.0], [-1.0, 1.0]]}
    net = shaken(PiecewiseLinear(facts, 5, tokens="features", width=4))
    for value, fill in [(2.5, [1, 0.5]), (-1.0, [-0.5, 0]), (9.0, [1, 7]), (1.0, [0.5, 0])]:
        x = torch.tensor([[value, 5.0]])
        got = net(Arrays(x, torch.tensor([[True, True]]))).values[0]
        fills = torch.tensor([fill, [3.0, 0.0]])
        hidden = torch.relu(torch.einsum("fs,fsw->fw", fills, net.weight_FSW) + net.bias_FW)
        near(got, net.out(hidden))
        pooled = shaken(PiecewiseLinear(facts, 5, width=4, hidden=6))
        hidden = torch.relu(fills[0] @ pooled.weight_FSW[0] + pooled.bias_FW[0])
        vector = torch.cat([hidden, pooled.missing_FW[1]])
        got = pooled(Arrays(x, torch.tensor([[True, False]]))).values[0, 0]
        near(got, pooled.mix.skip(vector) + pooled.mix.down(torch.relu(pooled.mix.up(vector))))


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_mlp_is_a_stack_of_torchs_layers(norm: Any) -> None:
    net = shaken(Mlp({"layout": "scalar", "features": 3}, 5, layers=2, width=6, hidden=7, norm=norm))
    x = torch.randn(4, 3)

    def normed(h: Tensor, layer: nn.Module) -> Tensor:
        other = loaded(nn.BatchNorm1d(6), layer.state_dict()) if norm == "batch" else layer.norm
        made: Tensor = other(h)
        return made

    h = F.linear(x, net.entrance.weight[:, :3], net.entrance.bias)
    for block in net.blocks:
        h = h + block.down(torch.relu(block.up(normed(h, block.norm))))
    expected = net.out(torch.relu(normed(h, net.norm)))
    near(net(Arrays(x, torch.ones(4, 3, dtype=torch.bool))).values[:, 0], expected)


@pytest.mark.parametrize("tokens", ["pooled", "features"])
def test_ft_transformer_is_made_of_torchs_attention(tokens: Any) -> None:
    net = shaken(
        FtTransformer({"layout": "scalar", "features": 3}, 5, tokens=tokens, depth=2, heads=2, width=6)
    )
    x, mask = torch.randn(2, 3), torch.tensor([[True, True, True], [True, False, True]])
    h, seen = x.unsqueeze(-1) * net.weight_FW + net.bias_FW, mask
    if tokens == "pooled":
        h = torch.cat([net.class_W.expand(2, 1, 6), h], 1)
        seen = torch.cat([torch.ones(2, 1, dtype=torch.bool), mask], 1)
    for place, block in enumerate(net.blocks):
        state = renamed(block.attention.state_dict(), ("qkv.", "in_proj_"), ("out.", "out_proj."))
        attention = loaded(nn.MultiheadAttention(6, 2, batch_first=True), state)
        into = block.norm_attention(h) if place else h
        h = h + attention(into, into, into, key_padding_mask=~seen)[0]
        value, gate = F.linear(block.norm(h), block.up.weight, block.up.bias).split(8, -1)
        h = h + block.down(value * torch.relu(gate))
    expected = net.out(torch.relu(net.norm(h)))
    got = net(Arrays(x, mask)).values
    near(
        got[:, 0] if tokens == "pooled" else got[mask],
        expected[:, 0] if tokens == "pooled" else expected[mask],
    )


def test_categories_have_vectors_of_their_own_and_missing_ones_too() -> None:
    net = shaken(Mlp({"layout": "index", "sizes": [3, 4]}, 5, category=2, layers=1, width=6, norm="layer"))
    table = net.table.table.weight
    assert len(table) == 3 + 4 + 2
    h = net.entrance(torch.cat([table[2], table[8]]))
    h = h + net.blocks[0].down(torch.relu(net.blocks[0].up(net.blocks[0].norm(h))))
    got = net(Arrays(torch.tensor([[2, 1]]), torch.tensor([[True, False]]))).values[0, 0]
    near(got, net.out(torch.relu(net.norm(h))))


def test_recurrent_over_ids_is_torchs_network_over_their_vectors() -> None:
    net = shaken(Recurrent(IDS, 4, tokens="sequence", width=6))
    other = nn.GRU(12, 6, batch_first=True, bidirectional=True)
    ends = zip(net.layers[0], ("", "_reverse"), strict=True)
    loaded(other, {f"{n}{end}": p for part, end in ends for n, p in part.state_dict().items()})
    ids = torch.randint(0, 20, (2, 7))
    got = net(Arrays(ids, torch.ones(2, 7, dtype=torch.bool))).values
    near(got, net.out(other(net.table(ids))[0]))


def test_a_conformer_thins_sounds_by_its_convolutions() -> None:
    facts: Facts = {"layout": "grid", "channels": 1, "height": 10, "width": 9, "timed": True}
    net, x = shaken(Conformer(facts, 6, depth=1, width=8)), torch.randn(2, 1, 10, 9)
    real = torch.arange(9) < torch.tensor([[9], [3]])
    expected = torch.where(real[:, None, None], x, 0.0)
    for conv, every in zip(net.shrink.convs, (2, 4), strict=True):
        expected = torch.relu(F.conv2d(expected, conv.weight, conv.bias, stride=2, padding=1))
        expected = torch.where(real[:, None, None, ::every], expected, 0.0)
    got, mask = net._entered(Arrays(x, real))
    assert mask.tolist() == [[True, True, True], [True, False, False]]
    near(got, net.shrink.project(expected.flatten(1, 2).transpose(1, 2)))


@pytest.mark.parametrize(("longest", "every"), [(9, 4), (2048, 4), (2049, 8), (10_000, 32)])
def test_a_conformer_leaves_512_steps_of_the_longest(longest: int, every: int) -> None:
    sound: Facts = {"layout": "grid", "channels": 1, "height": 4, "width": longest, "timed": True}
    signal: Facts = {"layout": "frames", "features": 2, "longest": longest}
    assert [Conformer(facts, 4, width=8).stride for facts in (sound, signal)] == [every, every]
    assert Conformer({"layout": "frames", "features": 2}, 4, width=8, halvings=0).stride == 1


@pytest.mark.parametrize(("width", "heads"), [(8, 4), (6, 3), (96, 4), (144, 4), (256, 4), (512, 8)])
def test_the_heads_of_a_conformer_suit_its_width(width: int, heads: int) -> None:
    net: Any = Conformer({"layout": "frames", "features": 2}, 4, depth=1, width=width)
    assert net.blocks[0].attention.heads == heads


def test_a_branch_is_left_out_of_whole_rows_and_the_rest_is_scaled() -> None:
    torch.manual_seed(0)
    drop = DropPath(0.25).train()
    kept = drop(torch.ones(1000, 3, 2)).flatten(1)
    near(kept.unique(), torch.tensor([0.0, 4 / 3]))
    assert torch.equal(kept.amin(1), kept.amax(1))
    assert 0.7 < float((kept[:, 0] > 0).float().mean()) < 0.8
    assert torch.equal(drop.eval()(torch.ones(4, 2)), torch.ones(4, 2))
    assert rates(0.2, 3) == [0.0, 0.1, 0.2]
    assert rates(0.2, 1) == [0.0]
