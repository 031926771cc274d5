"""Numbers of experts, graph and early against a formula written out for one row."""

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from sensorium.fusion.early import Early
from sensorium.fusion.experts import Experts
from sensorium.fusion.graph import Graph
from sensorium.types import Tokens
from token_layers import both, given, marked, near, selfed, shaken


def test_experts_are_weighed_by_the_softmax_over_the_largest_scores() -> None:
    mixture = Experts(("a",), 4, experts=3, top=2, layers=1).blocks[0].mixture
    with torch.no_grad():
        mixture.router.weight.copy_(torch.tensor([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0]]))
    weight, share = mixture.routed(torch.tensor([[[3.0, 1.0, 2.0, 9.0], [0.0, 0.0, 5.0, 9.0]]]))
    near(weight[0, 0], torch.tensor([0.731059, 0.0, 0.268941]))
    near(weight.sum(-1), torch.ones(1, 2))
    assert (weight > 0).sum(-1).tolist() == [[2, 2]]
    near(share[0, 0], torch.tensor([0.665241, 0.090031, 0.244728]))


def test_a_mixture_is_the_weighted_sum_of_its_experts_perceptrons() -> None:
    mixture = shaken(Experts(("a",), 8, experts=4, top=2, layers=1)).blocks[0].mixture
    x, mask = torch.randn(1, 3, 8), torch.ones(1, 3, dtype=torch.bool)
    for step in range(3):
        scores = mixture.router.weight @ x[0, step]
        best = scores.topk(2)
        expected = torch.zeros(8)
        for share, e in zip(best.values.softmax(0), best.indices, strict=True):
            hidden = F.gelu(x[0, step] @ mixture.up_DEH[:, e] + mixture.up_EH[e])
            expected += share * (hidden @ mixture.down_EHD[e] + mixture.down_ED[e])
        near(mixture(x, mask)[0][0, step], expected)


def test_the_balancing_penalty_is_one_when_even_and_counts_real_tokens_of_its_row_only() -> None:
    """Two experts, one chosen: scores +-9 send a token to one of them all but surely."""
    mixture = Experts(("a",), 4, experts=2, top=1, layers=1).blocks[0].mixture
    with torch.no_grad():
        mixture.router.weight.copy_(torch.tensor([[9.0, 0, 0, 0], [-9.0, 0, 0, 0]]))
    signs = torch.tensor([[1.0, -1.0, 1.0, -1.0], [1.0, 1.0, 1.0, -1.0], [1.0, 1.0, 1.0, -1.0]])
    x = torch.cat([signs.unsqueeze(-1), torch.randn(3, 4, 3)], -1)
    mask = torch.tensor([[True] * 4, [True] * 4, [True, True, True, False]])
    near(mixture(x, mask)[1], torch.tensor([1.0, 2 * (0.75**2 + 0.25**2), 2.0]))


def test_the_penalty_of_experts_is_its_weight_times_the_layers_mean() -> None:
    inputs = given()
    torch.manual_seed(0)
    light = Experts(("a", "b"), 8, balance=0.5).eval()
    torch.manual_seed(0)
    heavy = Experts(("a", "b"), 8, balance=1.0).eval()
    near(light(inputs).penalties["experts"] * 2, heavy(inputs).penalties["experts"])
    assert Experts(("a", "b"), 8, balance=0.0)(inputs).penalties == {}


@pytest.mark.parametrize("nodes", ["inputs", "tokens"])
def test_a_graph_weighs_neighbours_by_gatv2(nodes: Any) -> None:
    net, inputs = shaken(Graph(("a", "b"), 8, heads=2, layers=1, nodes=nodes)), given()
    a, b = inputs["a"].values[0, :2], inputs["b"].values[0]
    if nodes == "inputs":
        a, b = a.mean(0, keepdim=True), b.mean(0, keepdim=True)
    x, layer = torch.cat([marked(net, 0, a), marked(net, 1, b)]), net.layers[0]
    left, right = layer.left(layer.norm(x)), layer.right(layer.norm(x))
    rows = []
    for i in range(len(x)):
        heads = []
        for h in range(2):
            part = slice(4 * h, 4 * h + 4)
            score = [layer.score_HE[h] @ F.leaky_relu(left[i, part] + r[part], 0.2) for r in right]
            heads.append(torch.stack(score).softmax(0) @ right[:, part])
        rows.append(net.norm(x[i] + F.elu(torch.cat(heads))))
    fused = net(inputs)
    ends = torch.stack(rows)
    near(fused.joint.values[0][fused.joint.mask[0]][1:], ends)
    share = net.pool.score(ends).softmax(0)
    pooled = torch.cat([share[:, h] @ ends[:, 4 * h : 4 * h + 4] for h in range(2)])
    near(fused.readout[0], net.out(pooled))


def test_early_tokens_are_placed_within_their_input_and_share_one_transformer() -> None:
    net, inputs = shaken(Early(("a", "b"), 8, heads=2, layers=2)), given()
    angle = torch.arange(4)[:, None] * torch.tensor([1.0, 0.1, 0.01, 0.001])
    waves = torch.cat([angle.sin(), angle.cos()], 1)
    a, b = both(net, inputs)
    x = torch.cat([net.readout_D[None], a + waves[:2], b + waves])
    for block in net.blocks:
        x = selfed(block, x)
    fused = net(inputs)
    near(fused.joint.values[0][fused.joint.mask[0]], net.norm(x))
    near(fused.readout[0], net.norm(x)[0])


def test_early_places_the_cells_of_a_map_by_row_and_column() -> None:
    net = shaken(Early(("a",), 8, heads=2, layers=1))
    flat, real = torch.randn(1, 6, 8), torch.ones(1, 6, dtype=torch.bool)
    angle = torch.arange(3)[:, None] * torch.tensor([1.0, 0.01])
    waves = torch.cat([angle.sin(), angle.cos()], 1)
    places = torch.stack([torch.cat([waves[row], waves[column]]) for row in range(2) for column in range(3)])
    x = selfed(net.blocks[0], torch.cat([net.readout_D[None], marked(net, 0, flat[0]) + places]))
    near(net({"a": Tokens(flat, real, grid=(2, 3))}).joint.values[0], net.norm(x))


def test_early_steps_run_side_by_side_over_the_rows_longest_span() -> None:
    """Row 0: two tokens of a beside four of b; row 1: three of a beside b's missing vector."""
    net, inputs = shaken(Early(("a", "b"), 8, heads=2, layers=1, join="steps")), given()
    angle = torch.arange(4)[:, None] * torch.tensor([1.0, 0.1, 0.01, 0.001])
    waves = torch.cat([angle.sin(), angle.cos()], 1)
    a, b = both(net, inputs)
    beside = net.side(torch.cat([a[[0, 0, 1, 1]], b], 1)) + waves
    x = selfed(net.blocks[0], torch.cat([net.readout_D[None], beside]))
    fused = net(inputs)
    near(fused.joint.values[0], net.norm(x))
    lone = marked(net, 0, inputs["a"].values[1])
    beside = net.side(torch.cat([lone, net.marked.missing_MD[1].expand(3, -1)], 1)) + waves[:3]
    x = selfed(net.blocks[0], torch.cat([net.readout_D[None], beside]))
    near(fused.joint.values[1, :4], net.norm(x))
    assert fused.joint.mask.tolist() == [[True] * 5, [True] * 4 + [False]]
