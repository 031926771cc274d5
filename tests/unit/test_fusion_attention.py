"""Numbers of fusions in which inputs attend to each other, against torch's attention, for one row."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sensorium.fusion.bottleneck import Bottleneck
from sensorium.fusion.co_attention import CoAttention
from sensorium.fusion.cross_attention import Crossmodal
from sensorium.fusion.latent import Latent
from sensorium.nn.cross import CrossAttention
from sensorium.types import Tokens
from token_layers import both, crossed, given, marked, near, selfed, shaken, tokens, torchs


def test_cross_attention_is_torchs_with_a_learned_key_and_masked_keys() -> None:
    net = shaken(CrossAttention(8, 2))
    x, y = torch.randn(3, 5, 8), tokens(3, 4, [4, 2, 0])
    theirs, _ = torchs(net)(x, y.values, y.values, key_padding_mask=~y.mask)
    near(net(x, y.values, y.mask), theirs)


def test_crossmodal_reads_each_source_then_itself_then_mixes_the_means() -> None:
    net, inputs = shaken(Crossmodal(("a", "b"), 8, heads=2)), given()
    a, b = both(net, inputs)
    fused = net(inputs)
    ends = []
    for place, (own, source) in enumerate([(a, b), (b, a)]):
        x = own
        for block in net.readers[place].blocks:
            x = crossed(block, x, source)
        x = net.readers[place].narrow(x)
        for block in net.blocks[place]:
            x = selfed(block, x)
        ends.append(net.norms[place](x))
    near(fused.joint.values[0][fused.joint.mask[0]][1:], torch.cat(ends))
    means = torch.cat([x.mean(0) for x in ends])
    near(fused.readout[0], net.out(means + net.down(net.up(means).relu())))


def test_crossmodal_has_a_transformer_for_each_ordered_pair_that_reads_the_source_as_it_came() -> None:
    net = Crossmodal(("a", "b", "c"), 8, layers=2)
    assert [len(reader.blocks) for reader in net.readers] == [4, 4, 4]
    assert [reader.narrow.weight.shape for reader in net.readers] == [(8, 16)] * 3
    single = shaken(Crossmodal(("a",), 8, heads=2))
    a = tokens(1, 3, [3])
    x = selfed(single.blocks[0][0], marked(single, 0, a.values[0]))
    near(single({"a": a}).joint.values[0, 1:], single.norms[0](x))


def test_a_missing_target_is_its_learned_token_or_none_in_crossmodal() -> None:
    inputs = given()
    told, silent = (Crossmodal(("a", "b"), 8, missing=m) for m in ("learned", "none"))
    assert told(inputs).joint.mask[1].tolist() == [True, True, True, True, True, False, False, False]
    assert silent(inputs).joint.mask[1].tolist() == [True, True, True, True, False, False, False, False]


@pytest.mark.parametrize("join", ["product", "sum"])
def test_co_attention_reads_the_other_streams_as_the_layer_before_left_them(join: Any) -> None:
    net, inputs = shaken(CoAttention(("a", "b"), 8, heads=2, join=join)), given()
    a, b = both(net, inputs)
    for layer in range(2):
        first, second = net.reading[2 * layer : 2 * layer + 2]
        a, b = crossed(first, a, b), crossed(second, b, a)
        a, b = selfed(net.settling[2 * layer], a), selfed(net.settling[2 * layer + 1], b)
    a, b = net.norms[0](a), net.norms[1](b)
    fused = net(inputs)
    near(fused.joint.values[0][fused.joint.mask[0]][1:], torch.cat([a, b]))
    one, other = net.maps[0](a.mean(0)), net.maps[1](b.mean(0))
    near(fused.readout[0], net.norm(one * other if join == "product" else one + other))


def test_a_missing_stream_is_left_out_of_the_product() -> None:
    net, inputs = shaken(CoAttention(("a", "b"), 8, heads=2, missing="none")), given()
    x = marked(net, 0, inputs["a"].values[1])
    for layer in range(2):
        x = selfed(net.settling[2 * layer], crossed(net.reading[2 * layer], x, x[:0]))
    near(net(inputs).readout[1], net.norm(net.maps[0](net.norms[0](x).mean(0))))


def test_the_bottleneck_is_each_inputs_own_copy_averaged_before_the_next_layer() -> None:
    net, inputs = shaken(Bottleneck(("a", "b"), 8, heads=2, layers=3, bottlenecks=2)), given()
    streams = [torch.cat([net.class_MD[i][None], x]) for i, x in enumerate(both(net, inputs))]
    shared = net.bottleneck_ND
    for layer in range(3):
        if layer < 1:
            streams = [selfed(net.blocks[2 * layer + i], s) for i, s in enumerate(streams)]
            continue
        wide = [selfed(net.blocks[2 * layer + i], torch.cat([s, shared])) for i, s in enumerate(streams)]
        streams, shared = [w[:-2] for w in wide], (wide[0][-2:] + wide[1][-2:]) / 2
    ends = [net.norms[i](s) for i, s in enumerate(streams)]
    fused = net(inputs)
    near(fused.readout[0], (ends[0][0] + ends[1][0]) / 2)
    near(fused.joint.values[0][fused.joint.mask[0]][1:], torch.cat([e[1:] for e in ends]))


@pytest.mark.parametrize(("fusion_layer", "passes"), [(0, True), (1, True), (2, False)])
def test_inputs_reach_each_other_through_the_bottleneck_only(fusion_layer: int, passes: bool) -> None:
    """From the second shared layer on; with a single one they meet in the class tokens' mean alone."""
    net, inputs = shaken(Bottleneck(("a", "b"), 8, layers=3, fusion_layer=fusion_layer)), given()
    other = inputs | {"b": Tokens(inputs["b"].values + 1, inputs["b"].mask)}
    other["b"].values[0, 0, 0] += 3
    one, two = net(inputs), net(other)
    assert torch.equal(one.joint.values[0, 1:4], two.joint.values[0, 1:4]) is not passes
    assert not torch.equal(one.readout[0], two.readout[0])


def test_with_the_bottleneck_cut_no_input_changes_anothers_tokens() -> None:
    net, inputs = shaken(Bottleneck(("a", "b"), 8, layers=4, fusion_layer=0)), given()
    held = torch.randn(2, 4, 8)

    def cut(_: nn.Module, args: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return torch.cat([args[0][:, :-4], held], 1), args[1]

    handles = [block.register_forward_pre_hook(cut) for block in net.blocks]
    other = inputs | {"b": Tokens(inputs["b"].values.flip(2), inputs["b"].mask)}
    assert torch.equal(net(inputs).joint.values[:, 1:4], net(other).joint.values[:, 1:4])
    for handle in handles:
        handle.remove()
    assert not torch.equal(net(inputs).joint.values[0, 1:4], net(other).joint.values[0, 1:4])


def test_a_missing_input_is_left_out_of_the_bottlenecks_mean() -> None:
    net, inputs = shaken(Bottleneck(("a", "b"), 8, heads=2, layers=2, missing="none")), given()
    x, shared = torch.cat([net.class_MD[0][None], marked(net, 0, inputs["a"].values[1])]), net.bottleneck_ND
    x = selfed(net.blocks[2], torch.cat([selfed(net.blocks[0], x), shared]))
    near(net(inputs).readout[1], net.norms[0](x[0]))


def test_latents_read_all_tokens_then_themselves_and_a_query_reads_them() -> None:
    net, inputs = shaken(Latent(("a", "b"), 8, heads=2, latents=3)), given()
    everything, x = torch.cat(both(net, inputs)), net.latents_ND
    for turn in range(2):
        x = selfed(net.settling[turn], crossed(net.reading[turn], x, everything))
    fused = net(inputs)
    near(fused.joint.values[0, 1:], x)
    near(fused.readout[0], net.norm(crossed(net.answer, net.query_D[None], x)[0]))


def test_without_a_query_the_readout_is_the_latents_mean() -> None:
    net, inputs = shaken(Latent(("a", "b"), 8, heads=2, readout="mean")), given()
    fused = net(inputs)
    near(fused.readout, net.norm(fused.joint.values[:, 1:].mean(1)))
