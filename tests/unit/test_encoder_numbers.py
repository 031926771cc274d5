"""One number of each encoder against its formula, written out with numpy or torch's own layers."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sensorium.encoders.bag import Bag
from sensorium.encoders.conv import Conv
from sensorium.encoders.embed import Embed
from sensorium.encoders.linear import Linear
from sensorium.encoders.periodic import Periodic
from sensorium.encoders.resnet import Resnet
from sensorium.encoders.transformer import Transformer
from sensorium.types import Arrays, Facts


def shaken(net: nn.Module) -> nn.Module:
    """The module in use, with every weight random: no zeros or ones hide a mistake."""
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randn_like(p) * 0.5)
    return net.eval()


def weights(net: nn.Module) -> dict[str, np.ndarray]:
    return {n: t.detach().numpy() for n, t in net.state_dict().items()}


def test_linear_is_an_affine_map_plus_the_vectors_of_missing_features() -> None:
    net = shaken(Linear({"layout": "scalar", "features": 2}, 3))
    w = weights(net)
    got = net(Arrays(torch.tensor([[2.0, 99.0]]), torch.tensor([[True, False]])))
    expected = 2.0 * w["map.weight"][:, 0] + w["map.bias"] + w["missing_FD"][1]
    np.testing.assert_allclose(got.values[0, 0].detach(), expected, rtol=1e-5)


def test_linear_pools_frames_to_their_mean() -> None:
    net = shaken(Linear({"layout": "frames", "features": 2}, 3))
    x = torch.tensor([[[1.0, 2.0], [3.0, 8.0], [50.0, 50.0]]])
    got = net(Arrays(x, torch.tensor([[True, True, False]])))
    torch.testing.assert_close(got.values[0, 0], net.map(torch.tensor([2.0, 5.0])))


@pytest.mark.parametrize("tokens", ["pooled", "features"])
def test_periodic_is_its_equation(tokens: str) -> None:
    net = shaken(Periodic({"features": 2}, 3, tokens=tokens, frequencies=4, width=5, hidden=6))
    w, x = weights(net), np.array([0.3, -1.2])
    angle = 2 * np.pi * w["frequency_FK"] * x[:, None]
    waves = np.concatenate([np.cos(angle), np.sin(angle), x[:, None]], 1)
    e = np.maximum(np.einsum("fs,fsw->fw", waves, w["weight_FSW"]) + w["bias_FW"], 0)
    got = net(Arrays(torch.tensor(x[None], dtype=torch.float32), torch.tensor([[True, True]]))).values[0]
    if tokens == "features":
        expected = e @ w["out.weight"].T + w["out.bias"]
    else:
        flat = e.reshape(-1)
        hidden = np.maximum(w["mix.up.weight"] @ flat + w["mix.up.bias"], 0)
        expected = w["mix.skip.weight"] @ flat + w["mix.skip.bias"]
        expected = (expected + w["mix.down.weight"] @ hidden + w["mix.down.bias"])[None]
    np.testing.assert_allclose(got.detach(), expected, rtol=1e-4, atol=1e-5)


def test_embed_looks_each_feature_up_in_its_own_part_of_the_table() -> None:
    net = shaken(Embed({"sizes": [3, 4]}, 5, tokens="features"))
    table = net.table.weight
    got = net(Arrays(torch.tensor([[2, 3]]), torch.tensor([[True, True]]))).values[0]
    torch.testing.assert_close(got, net.norm(torch.stack([table[2], table[6]])))
    pooled = shaken(Embed({"sizes": [3, 4]}, 5))
    summed = pooled.table.weight[0] + pooled.table.weight[8]
    got = pooled(Arrays(torch.tensor([[0, 1]]), torch.tensor([[True, False]]))).values[0, 0]
    torch.testing.assert_close(got, summed + pooled.mix(pooled.norm(summed)))


def test_an_unknown_category_starts_as_nothing() -> None:
    table = Embed({"sizes": [3, 4]}, 5).table.weight
    assert table.abs().sum(1).eq(0).tolist() == [True, False, False, True, *[False] * 5]


def test_a_bag_averages_ids_and_hashed_pairs() -> None:
    net = shaken(Bag({"layout": "ids", "vocabulary": 20}, 4, pairs=7, weigh=False))
    table, ids = net.table.weight, [5, 9, 2]
    pairs = [20 + (a * 1_000_003 + b * 7_919) % 7 for a, b in [(5, 9), (9, 2)]]
    centre = net.norm(table[torch.tensor(ids + pairs)].mean(0))
    got = net(Arrays(torch.tensor([[5, 9, 2, 3]]), torch.tensor([[True, True, True, False]]))).values[0, 0]
    torch.testing.assert_close(got, centre + net.mix(centre))


def test_a_bag_does_not_see_order_without_pairs_and_does_with_them() -> None:
    real = torch.ones(1, 3, dtype=torch.bool)
    one, other = Arrays(torch.tensor([[5, 9, 2]]), real), Arrays(torch.tensor([[9, 2, 5]]), real)
    facts: Facts = {"layout": "ids", "vocabulary": 20}
    plain, paired = shaken(Bag(facts, 4, pairs=0)), shaken(Bag(facts, 4, pairs=64))
    torch.testing.assert_close(plain(one).values, plain(other).values)
    assert not torch.allclose(paired(one).values, paired(other).values, atol=1e-3)


def test_a_transformer_is_torchs_encoder_with_our_weights() -> None:
    facts: Facts = {"layout": "ids", "vocabulary": 20, "longest": 6}
    net = shaken(Transformer(facts, 8, tokens="sequence", positions="learned", depth=2, heads=2))
    layer = nn.TransformerEncoderLayer(8, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True)
    theirs = nn.TransformerEncoder(layer, 2, net.norm, enable_nested_tensor=False)
    for into, ours in zip(theirs.layers, net.blocks, strict=True):
        state = {
            "self_attn.in_proj_weight": ours.attention.qkv.weight,
            "self_attn.in_proj_bias": ours.attention.qkv.bias,
        }
        pairs = [
            ("self_attn.out_proj", ours.attention.out),
            ("linear1", ours.mlp.up),
            ("linear2", ours.mlp.down),
        ]
        pairs += [("norm1", ours.norm_attention), ("norm2", ours.norm_mlp)]
        state |= {f"{name}.{n}": p for name, part in pairs for n, p in part.state_dict().items()}
        into.load_state_dict(state)
    ids, mask = torch.randint(0, 20, (3, 6)), torch.arange(6) < torch.tensor([[6], [2], [4]])
    entered = net.table(ids) + net.places.weight[:6]
    expected = net.out(theirs(entered, src_key_padding_mask=~mask))
    torch.testing.assert_close(net(Arrays(ids, mask)).values[mask], expected[mask], rtol=1e-4, atol=1e-4)


def test_learned_places_beyond_the_longest_share_the_last() -> None:
    net = shaken(
        Transformer({"layout": "ids", "vocabulary": 20, "longest": 3}, 8, positions="learned", heads=2)
    )
    assert net.places.num_embeddings == 3
    real = torch.ones(1, 4, dtype=torch.bool)
    one, other = Arrays(torch.tensor([[5, 9, 2, 7]]), real), Arrays(torch.tensor([[5, 9, 7, 2]]), real)
    torch.testing.assert_close(net(one).values, net(other).values, rtol=1e-4, atol=1e-5)
    assert (
        Transformer({"layout": "frames", "features": 2}, 8, positions="learned").places.num_embeddings == 512
    )


def test_a_transformer_sees_order_unless_told_not_to() -> None:
    facts: Facts = {"layout": "ids", "vocabulary": 20}
    real = torch.ones(1, 3, dtype=torch.bool)
    one, other = Arrays(torch.tensor([[5, 9, 2]]), real), Arrays(torch.tensor([[9, 2, 5]]), real)
    for positions, sees in (("rotary", True), ("learned", True), ("none", False)):
        net = shaken(Transformer(facts, 8, positions=positions, heads=2))
        assert torch.allclose(net(one).values, net(other).values, atol=1e-4) != sees, positions


def batch_normed(x: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    x = F.conv2d(x, state[f"{name}.conv.weight"], stride=2, padding=1)
    norm = [state[f"{name}.norm.{n}"] for n in ("running_mean", "running_var", "weight", "bias")]
    return F.batch_norm(x, norm[0], norm[1], norm[2], norm[3])


def test_conv_is_a_stack_of_torchs_layers() -> None:
    net = shaken(Conv({"channels": 2, "height": 12, "width": 10, "timed": False}, 3, layers=2, width=4))
    x, state = torch.randn(2, 2, 12, 10), net.state_dict()
    h = torch.relu(batch_normed(torch.relu(batch_normed(x, state, "layers.0")), state, "layers.1"))
    expected = net.tokens.out(torch.cat([h.mean((2, 3)), h.amax((2, 3))], 1))
    torch.testing.assert_close(net(Arrays(x, torch.tensor([True, True]))).values[:, 0], expected)


@pytest.mark.parametrize(("depth", "convolutions"), [(8, 7), (10, 9), (14, 13), (18, 17), (34, 33)])
def test_a_resnet_has_the_layers_of_its_name(depth: int, convolutions: int) -> None:
    """He 2016, table 1: the depth counts 3x3 (and stem) convolutions and the last affine map."""
    facts: Facts = {"channels": 3, "height": 224, "width": 224, "timed": False}
    net = Resnet(facts, 4, depth=depth, width=2)
    kernels = [m.kernel_size[0] for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert kernels[0] == 7
    assert sum(k > 1 for k in kernels) == convolutions


def test_resnet18_has_the_published_number_of_weights() -> None:
    """11,689,512, as everyone ships it (He 2016), less its classifier of 512 x 1000 + 1000."""
    facts: Facts = {"channels": 3, "height": 224, "width": 224, "timed": False}
    net = Resnet(facts, 4, **Resnet.presets["resnet18"])
    body = sum(p.numel() for n, p in net.named_parameters() if not n.startswith("tokens."))
    assert body == 11_689_512 - 513_000


@pytest.mark.parametrize(("side", "cells"), [(8, 2), (28, 4), (64, 8), (96, 6), (160, 10), (224, 14)])
def test_the_stem_suits_the_size_of_the_picture(side: int, cells: int) -> None:
    facts: Facts = {"channels": 1, "height": side, "width": side, "timed": False}
    net = Resnet(facts, 4, width=2, tokens="grid").eval()
    assert net(Arrays(torch.zeros(1, 1, side, side), torch.tensor([True]))).grid == (cells, cells)


@pytest.mark.parametrize(("side", "channels"), [(8, 32), (28, 32), (64, 16), (128, 16)])
def test_the_width_suits_the_first_map(side: int, channels: int) -> None:
    facts: Facts = {"channels": 1, "height": side, "width": side, "timed": False}
    last = Resnet(facts, 4).stages[-1][0].second.conv
    assert last.out_channels == 4 * channels


def test_a_long_sound_enters_at_a_quarter_of_its_resolution() -> None:
    facts: Facts = {"channels": 1, "height": 64, "width": 4000, "timed": True}
    net = Resnet(facts, 4, tokens="grid").eval()
    x = Arrays(torch.zeros(1, 1, 64, 200), torch.ones(1, 200, dtype=torch.bool))
    assert net(x).grid == (4, 13)


def test_bytes_are_read_as_zero_to_one() -> None:
    facts: Facts = {"channels": 1, "height": 8, "width": 8, "timed": False}
    net, real = Resnet(facts, 4, width=2).eval(), torch.tensor([True])
    pixels = torch.randint(0, 256, (1, 1, 8, 8), dtype=torch.uint8)
    torch.testing.assert_close(net(Arrays(pixels, real)).values, net(Arrays(pixels / 255, real)).values)
