"""One number of each fusion of sums, products, gates and relations, against its formula written out."""

from itertools import product as cross
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.fusion import fusions
from sensorium.fusion.attention_gates import AttentionGates
from sensorium.fusion.bilinear import Bilinear
from sensorium.fusion.film import Film
from sensorium.fusion.gate import Gate
from sensorium.fusion.interaction import Interaction
from sensorium.fusion.low_rank import LowRank
from sensorium.fusion.max import Max
from sensorium.fusion.mean import Mean
from sensorium.fusion.product import Product
from sensorium.fusion.stack_conv import StackConv
from sensorium.fusion.stack_recurrent import StackRecurrent
from sensorium.fusion.sum import Sum
from sensorium.fusion.tensor import TensorFusion, grouped
from sensorium.types import Tokens

DIM = 8
NAMES = ("a", "b", "c")
MINE = "attention_gates bilinear film gate interaction low_rank max mean product".split()
MINE += ["stack_conv", "stack_recurrent", "sum", "tensor"]


def shaken(net: Any) -> Any:
    """The module in use, with every weight random: no zeros or ones hide a mistake."""
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn_like(p) * 0.5)
    return net.eval()


def tokens(steps: int, lengths: list[int]) -> Tokens:
    return Tokens(torch.randn(len(lengths), steps, DIM), torch.arange(steps) < torch.tensor(lengths)[:, None])


def given() -> dict[str, Tokens]:
    """Three inputs of two rows: row 0 has all of them, row 1 lacks b."""
    return {"c": tokens(1, [1, 1]), "a": tokens(3, [2, 3]), "b": tokens(2, [2, 0])}


def vectors(net: Any, inputs: dict[str, Tokens], row: int = 0) -> list[Tensor]:
    """Each input's normalised mean; its learned vector where it is missing, or zeros."""
    found = []
    for place, name in enumerate(net.summaries.inputs):
        real = inputs[name].values[row][inputs[name].mask[row]]
        cut = slice(place * DIM, (place + 1) * DIM)
        gone = net.summaries.missing_MD
        pooled = real.mean(0)
        normal = (pooled - pooled.mean()) / (pooled.var(correction=0) + 1e-5).sqrt()
        value = normal * net.summaries.gain[cut] + net.summaries.shift[cut]
        found.append(value if len(real) else torch.zeros(DIM) if gone is None else gone[place])
    return found


def mapped(maps: Any, x: list[Tensor]) -> list[Tensor]:
    """W_m h_m + b_m of every input."""
    bias = maps.bias.view(len(x), -1)
    return [h @ maps.weight_MDE[m] + bias[m] for m, h in enumerate(x)]


def near(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def outer(parts: list[Tensor]) -> Tensor:
    """The outer product of vectors as one vector, entry by entry."""
    return torch.stack([torch.stack(entry).prod() for entry in cross(*parts)])


@pytest.mark.parametrize("name", MINE)
@pytest.mark.parametrize("count", [1, 2, 9])
@pytest.mark.parametrize("missing", ["learned", "none"])
def test_any_number_of_inputs_may_come_or_lack(name: str, count: int, missing: str) -> None:
    names = tuple("abcdefghi"[:count])
    torch.manual_seed(0)
    net = fusions.get(name)(names, DIM, missing=missing).train()
    full = {n: tokens(1 + place % 3, [1, 1, 1]) for place, n in enumerate(names)}
    none = {n: Tokens(t.values, torch.zeros_like(t.mask)) for n, t in full.items()}
    read, empty = net(full).readout, net(none).readout
    assert 1e-3 < float(read.detach().abs().max()) < 100
    assert empty.isfinite().all()
    (read.square().sum() + empty.square().sum()).backward()
    trained = {n: p.grad for n, p in net.named_parameters() if p.requires_grad}
    assert all(slope is not None and slope.isfinite().all() for slope in trained.values())
    alone = {n: Tokens(t.values[:1], t.mask[:1]) for n, t in full.items()}
    near(net.eval()(alone).readout, net(full).readout[:1])


def test_sum_adds_mapped_vectors_by_free_weights() -> None:
    net, inputs = shaken(Sum(NAMES, DIM)), given()
    for row in (0, 1):
        terms = mapped(net.maps, vectors(net, inputs, row))
        near(net(inputs).readout[row], sum(w * t for w, t in zip(net.weight_M, terms, strict=True)))


def test_softmax_weights_of_sum_are_shared_out_among_what_is_there() -> None:
    net, inputs = shaken(Sum(NAMES, DIM, weights="softmax", missing="none", hidden=5)), given()
    a, _, c = mapped(net.maps, vectors(net, inputs, 1))
    share = net.weight_M[[0, 2]].exp() / net.weight_M[[0, 2]].exp().sum()
    y = share[0] * a + share[1] * c
    near(net(inputs).readout[1], y + net.mix(y))


def test_mean_and_max_pass_over_what_is_missing() -> None:
    inputs = given()
    net = shaken(Mean(NAMES, DIM))
    a, b, c = mapped(net.maps, vectors(net, inputs))
    near(net(inputs).readout[0], (a + b + c) / 3)
    a, _, c = mapped(net.maps, vectors(net, inputs, 1))
    near(net(inputs).readout[1], (a + c) / 2)
    net = shaken(Max(NAMES, DIM))
    a, _, c = mapped(net.maps, vectors(net, inputs, 1))
    near(net(inputs).readout[1], torch.maximum(a, c))
    told = shaken(Max(NAMES, DIM, missing="learned"))
    near(told(inputs).readout[1], torch.stack(mapped(told.maps, vectors(told, inputs, 1))).amax(0))


def test_product_multiplies_unit_by_unit_and_misses_by_one() -> None:
    net, inputs = shaken(Product(NAMES, DIM, hidden=5, missing="none")), given()
    a, b, c = mapped(net.maps, vectors(net, inputs))
    near(net(inputs).readout[0], net.out(a * b * c))
    a, _, c = mapped(net.maps, vectors(net, inputs, 1))
    near(net(inputs).readout[1], net.out(a * c))


def test_two_gated_inputs_are_the_bimodal_unit_of_arevalo() -> None:
    net, inputs = shaken(Gate(("a", "b"), DIM)), given()
    a, b = x = vectors(net, inputs)
    score_a, score_b = net.gates(torch.cat(x)).chunk(2)
    z = 1 / (1 + (score_b - score_a).exp())  # W_z [x_v, x_t]: the difference of both affine maps
    left, right = mapped(net.maps, [a, b])
    near(net(inputs).readout[0], z * left.tanh() + (1 - z) * right.tanh())


def test_independent_gates_are_sigmoids_and_shut_what_is_missing() -> None:
    net, inputs = shaken(Gate(NAMES, DIM, gates="independent", missing="none")), given()
    x = vectors(net, inputs, 1)
    z = net.gates(torch.cat(x)).sigmoid().chunk(3)
    a, _, c = (value.tanh() for value in mapped(net.maps, x))
    near(net(inputs).readout[1], z[0] * a + z[2] * c)


def test_the_tensor_is_the_outer_product_of_vectors_with_ones() -> None:
    net, inputs = shaken(TensorFusion(NAMES, DIM, units=2, missing="none")), given()
    part = net.levels[0][0]
    small = [torch.cat([z, torch.ones(1)]) for z in mapped(part.maps, vectors(net, inputs))]
    near(net(inputs).readout[0], part.out(outer(small)))
    small = [torch.cat([z, torch.ones(1)]) for z in mapped(part.maps, vectors(net, inputs, 1))]
    small[1] = torch.tensor([0.0, 0.0, 1.0])
    near(net(inputs).readout[1], part.out(outer(small)))


def test_more_inputs_than_a_tensor_takes_are_fused_in_even_groups() -> None:
    assert [grouped(count, 3) for count in (1, 3, 4, 7)] == [[1], [3], [2, 2], [3, 2, 2]]
    net, inputs = shaken(TensorFusion(NAMES, DIM, units=2, ways=2)), given()
    x = torch.stack(vectors(net, inputs))[None]
    there = torch.ones(1, 2, dtype=torch.bool)
    first, second = net.levels[0]
    pair = torch.stack([first(x[:, :2], there), second(x[:, 2:], there[:, :1])], 1)
    near(net(inputs).readout[:1], net.levels[1][0](net.norms[0](pair), there))


def test_low_rank_fusion_is_the_tensor_fusion_that_its_factors_decompose() -> None:
    net, inputs = shaken(LowRank(NAMES, DIM, rank=2)), given()
    bias = net.factors.bias.view(3, 1, 2, DIM)
    factors_MURD = torch.cat([net.factors.weight_MDE.view(3, DIM, 2, DIM), bias], 1)
    weight = torch.einsum("urd,vrd,wrd->uvwd", *factors_MURD).reshape(-1, DIM)
    for row in (0, 1):
        with_ones = [torch.cat([h, torch.ones(1)]) for h in vectors(net, inputs, row)]
        near(net(inputs).readout[row], outer(with_ones) @ weight + net.bias)


def test_the_compact_bilinear_sketch_is_the_count_sketch_of_the_outer_product() -> None:
    net, inputs = shaken(Bilinear(NAMES, DIM, width=16)), given()
    x_BMD, used_BM = net.summaries(inputs)
    parts = [torch.cat([h / DIM**0.5, torch.ones(1)]) for h in vectors(net, inputs)]
    expected = torch.zeros(16)
    for place, entry in zip(cross(range(DIM + 1), repeat=3), outer(parts).detach(), strict=True):
        bucket = sum(int(net.hash_MU[m, u]) for m, u in enumerate(place)) % 16
        expected[bucket] += entry * torch.stack([net.sign_MU[m, u] for m, u in enumerate(place)]).prod()
    near(net.sketch(x_BMD, used_BM)[0], expected)
    rooted = expected / (expected.abs() + 0.001).sqrt()
    near(net(inputs).readout[0], net.out(rooted / rooted.norm()))


def test_a_missing_input_is_left_out_of_the_compact_bilinear_product() -> None:
    net, inputs = shaken(Bilinear(NAMES, DIM, width=16, constant=False, missing="none")), given()
    x_BMD, used_BM = net.summaries(inputs)
    a, _, c = vectors(net, inputs, 1)
    expected = torch.zeros(16)
    for i, k in cross(range(DIM), repeat=2):
        bucket = int(net.hash_MU[0, i] + net.hash_MU[2, k]) % 16
        expected[bucket] += a[i] * c[k] / DIM * net.sign_MU[0, i] * net.sign_MU[2, k]
    near(net.sketch(x_BMD, used_BM)[1], expected)


def test_inner_products_of_sketches_are_those_of_outer_products_on_average() -> None:
    """What a sketch promises (Gao 2016, theorem 2): <a, b> <c, d>, here 0.8 times 0.5."""
    draws = []
    for seed in range(200):
        torch.manual_seed(seed)
        net = Bilinear(("x", "y"), 2, width=64, constant=False)
        x = torch.tensor([[[1.0, 0.0], [1.0, 0.0]], [[0.8, 0.6], [0.5, 0.75**0.5]]]) * 2**0.5
        one, other = net.sketch(x, torch.ones(2, 2, dtype=torch.bool))
        draws.append(float(one @ other))
    assert abs(sum(draws) / 200 - 0.4) < 0.03


def test_convolutions_run_along_the_units_over_stacked_inputs() -> None:
    net, inputs = shaken(StackConv(NAMES, DIM, channels=2, kernel=4, layers=1, missing="none")), given()
    for row, gone in ((0, ()), (1, (1,))):
        rows = mapped(net.maps, vectors(net, inputs, row))
        stack = torch.stack([torch.zeros(DIM) if m in gone else x for m, x in enumerate(rows)])
        wide = torch.cat([torch.zeros(3, 1), stack, torch.zeros(3, 2)], 1)
        w, b = net.convs[0].parameters()
        maps = [
            torch.stack([(f * wide[:, d : d + 4]).sum() + g for d in range(DIM)])
            for f, g in zip(w, b, strict=True)
        ]
        near(net(inputs).readout[row], net.out(F.gelu(torch.cat(maps))))


def test_the_recurrent_fusion_is_torchs_gru_over_the_inputs_that_are_there() -> None:
    net, inputs = shaken(StackRecurrent(NAMES, DIM, layers=2, missing="none")), given()
    theirs = nn.GRU(DIM, DIM, 2, bidirectional=True)
    for layer, way in cross(range(2), range(2)):
        end = f"l{layer}" + ("_reverse" if way else "")
        for name, weight in net.cells[layer][way].named_parameters():
            getattr(theirs, f"{name}_{end}").data.copy_(weight)
    a, b, c = mapped(net.maps, vectors(net, inputs))
    near(net(inputs).readout[0], net.out(theirs(torch.stack([a, b, c]))[1][2:].flatten()))
    there = mapped(net.maps, vectors(net, inputs, 1))[::2]
    near(net(inputs).readout[1], net.out(theirs(torch.stack(there))[1][2:].flatten()))


def marked(net: Any, inputs: dict[str, Tokens], row: int = 0) -> list[Tensor]:
    """Each input's real tokens (T, D), normalised and marked; a learned one where it is missing, if any."""
    found = []
    for place, name in enumerate(net.inputs):
        real = inputs[name].values[row][inputs[name].mask[row]]
        x = net.marked.norms[place](real) + net.marked.kind_MD[place]
        told = net.marked.missing_MD
        found.append(x if len(real) or told is None else told[place][None])
    return found


@pytest.mark.parametrize("gates", ["token", "unit"])
def test_attention_gates_weigh_tokens_by_what_the_others_say(gates: str) -> None:
    net, inputs = shaken(AttentionGates(NAMES, DIM, hidden=5, gates=gates)), given()
    for row in (0, 1):
        x = marked(net, inputs, row)
        means, gated = [t.mean(0) for t in x], []
        for m, part in enumerate(net.gates):
            told = sum(one for n, one in enumerate(mapped(net.said.maps, means)) if n != m)
            hidden = (x[m] @ part.of_token.weight.T + told).clamp(min=0)
            gated.append(x[m] / (1 + (-(hidden @ part.psi.weight.T + part.psi.bias)).exp()))
        fused = net(inputs)
        near(fused.readout[row], net.out(torch.cat([g.mean(0) for g in gated])))
        near(fused.joint.values[row][fused.joint.mask[row]], torch.cat([fused.readout[row][None], *gated]))


@pytest.mark.parametrize("modulated", ["all", "first"])
def test_film_scales_and_shifts_normalised_branches_by_what_the_others_say(modulated: str) -> None:
    net, inputs = shaken(Film(NAMES, DIM, layers=2, modulated=modulated)), given()
    for row in (0, 1):
        x = marked(net, inputs, row)
        means, pooled = [t.mean(0) for t in x], []
        for m, part in enumerate(net.parts):
            tell = mapped(net.said.maps, means[1:] if modulated == "first" else means)
            told = sum(one for n, one in enumerate(tell) if modulated == "first" or n != m)
            gamma, beta = told.view(2, 2, DIM)
            y = x[m]
            for layer, block in enumerate(part.blocks):
                kept = block.first(y).relu()
                branch = F.layer_norm(block.second(kept), (DIM,))
                y = kept + ((1 + gamma[layer]) * branch + beta[layer]).relu()
            pooled.append(y.mean(0))
        near(net(inputs).readout[row], net.out(torch.cat(pooled)))


@pytest.mark.parametrize("objects", ["means", "tokens"])
def test_relations_are_averaged_over_all_pairs_of_objects(objects: str) -> None:
    net, inputs = shaken(Interaction(NAMES, DIM, objects=objects, hidden=5, missing="none")), given()
    for row in (0, 1):
        x = [t for t in marked(net, inputs, row) if len(t)]
        each = [t.mean(0) for t in x] if objects == "means" else list(torch.cat(x))
        first = torch.cat([net.left.weight, net.right.weight], 1)
        pairs = [first @ torch.cat([i, j]) + net.left.bias for i, j in cross(each, repeat=2)]
        relations = torch.stack([net.further[0](pair.relu()).relu() for pair in pairs])
        near(net(inputs).readout[row], net.out(net.inner(relations.mean(0)).relu()))
