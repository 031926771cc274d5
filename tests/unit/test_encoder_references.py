"""Encoders with the weights of transformers' own modules, or of torch's, give what those give."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from same_weights import PICTURE, loaded, near, pictures, renamed, shaken
from sensorium.encoders import encoders
from sensorium.encoders.conformer import Conformer
from sensorium.encoders.convnext import Convnext, over_channels
from sensorium.encoders.resnet import Resnet
from sensorium.encoders.vgg import Vgg
from sensorium.encoders.vit import Vit
from sensorium.nn.relative import distances
from sensorium.types import Arrays, Facts


def test_vit_is_that_of_transformers() -> None:
    hub = pytest.importorskip("transformers")
    net = shaken(Vit(PICTURE, 6, tokens="grid", patch=8, depth=2, heads=3, width=24))
    asked = hub.ViTConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=96,
        image_size=32, patch_size=8, layer_norm_eps=1e-5,
    )  # fmt: skip
    state = {"embeddings.cls_token": net.class_E.view(1, 1, -1)}
    state["embeddings.position_embeddings"] = net.place_NE.unsqueeze(0)
    state |= {f"embeddings.patch_embeddings.projection.{n}": p for n, p in net.project.state_dict().items()}
    state |= {f"layernorm.{n}": p for n, p in net.norm.state_dict().items()}
    for place, block in enumerate(net.blocks):
        own = renamed(
            block.state_dict(),
            ("norm_attention", "layernorm_before"), ("norm_mlp", "layernorm_after"),
            ("attention.out", "attention.o_proj"), ("mlp.up", "mlp.fc1"), ("mlp.down", "mlp.fc2"),
        )  # fmt: skip
        for end in ("weight", "bias"):
            parts = own.pop(f"attention.qkv.{end}").chunk(3)
            own |= {f"attention.{n}_proj.{end}": p for n, p in zip("qkv", parts, strict=True)}
        state |= {f"layers.{place}.{n}": p for n, p in own.items()}
    theirs = loaded(hub.ViTModel(asked, add_pooling_layer=False), state)
    x = pictures()
    hidden = theirs(x.values).last_hidden_state
    near(net(x).values, net.out(hidden[:, 1:]))
    net.grid = False
    near(net(x).values, net.out(hidden[:, :1]))


def test_convnext_is_that_of_transformers() -> None:
    hub = pytest.importorskip("transformers")
    net = shaken(Convnext(PICTURE, 6, depth=6, width=8, patch=4, tokens="grid"))
    asked = hub.ConvNextConfig(depths=[1, 1, 3, 1], hidden_sizes=[8, 16, 32, 64], layer_norm_eps=1e-6)
    state = renamed(net.entrance.state_dict(), ("norm", "embeddings.layernorm"), ("conv", "patch"))
    state = renamed(state, ("patch", "embeddings.patch_embeddings"))
    state |= {f"layernorm.{n}": p for n, p in net.norm.state_dict().items()}
    for place, shrink in enumerate(net.shrinks, 1):
        own = renamed(shrink.state_dict(), ("norm", "0"), ("conv", "1"))
        state |= {f"encoder.stages.{place}.downsampling_layer.{n}": p for n, p in own.items()}
    for place, stage in enumerate(net.stages):
        own = renamed(
            stage.state_dict(),
            ("depthwise", "dwconv"), ("norm", "layernorm"), ("up", "pwconv1"), ("down", "pwconv2"),
            ("scale_C", "layer_scale_parameter"),
        )  # fmt: skip
        state |= {f"encoder.stages.{place}.layers.{n}": p for n, p in own.items()}
    theirs, x = loaded(hub.ConvNextModel(asked), state), pictures(side=64)
    last = over_channels(net.norm, theirs(x.values).last_hidden_state)
    near(net(x).values, net.tokens([last], None).values)


@pytest.mark.parametrize(("depth", "kind", "wider"), [(10, "basic", 1), (50, "bottleneck", 4)])
def test_resnet_is_that_of_transformers(depth: Any, kind: str, wider: int) -> None:
    hub = pytest.importorskip("transformers")
    net = shaken(Resnet(PICTURE, 6, depth=depth, width=4, stem="large", tokens="grid"))
    asked = hub.ResNetConfig(
        embedding_size=4, hidden_sizes=[wider * 4 * 2**place for place in range(4)],
        depths=[len(stage) for stage in net.stages], layer_type=kind,
    )  # fmt: skip
    whole = {n: t for n, t in net.state_dict().items() if not n.startswith("tokens")}
    state = renamed(
        whole,
        ("stem.layers.0.", "embedder.embedder."), ("conv", "convolution"), ("norm", "normalization"),
        ("first", "layer.0"), ("second", "layer.1"), ("third", "layer.2"),
    )  # fmt: skip
    state = {_inside_a_stage(name): value for name, value in state.items()}
    theirs, x = loaded(hub.ResNetModel(asked), state), pictures(side=64)
    near(net(x).values, net.tokens([theirs(x.values).last_hidden_state], None).values)


def _inside_a_stage(name: str) -> str:
    """stages.0.1.layer ... -> encoder.stages.0.layers.1.layer ..."""
    if not name.startswith("stages."):
        return name
    _, stage, block, rest = name.split(".", 3)
    return f"encoder.stages.{stage}.layers.{block}.{rest}"


def test_a_conformer_layer_is_that_of_transformers() -> None:
    pytest.importorskip("transformers")
    from transformers import Wav2Vec2ConformerConfig
    from transformers.models.wav2vec2_conformer import modeling_wav2vec2_conformer as hub

    net = shaken(Conformer({"layout": "frames", "features": 3}, 6, depth=1, width=8, kernel=5))
    asked = Wav2Vec2ConformerConfig(
        hidden_size=8, num_attention_heads=4, intermediate_size=32, hidden_act="swish",
        conv_depthwise_kernel_size=5, position_embeddings_type="relative",
    )  # fmt: skip
    block = net.blocks[0]
    state = renamed(
        block.state_dict(),
        ("before.norm", "ffn1_layer_norm"), ("after.norm", "ffn2_layer_norm"),
        ("before.up", "ffn1.intermediate_dense"), ("before.down", "ffn1.output_dense"),
        ("after.up", "ffn2.intermediate_dense"), ("after.down", "ffn2.output_dense"),
        ("norm_attention", "self_attn_layer_norm"), ("attention.", "self_attn."),
        ("self_attn.out", "self_attn.linear_out"), ("self_attn.distance", "self_attn.linear_pos"),
        ("self_attn.content_HE", "self_attn.pos_bias_u"), ("self_attn.place_HE", "self_attn.pos_bias_v"),
        ("convolution.norm_steps", "conv_module.batch_norm"), ("convolution.norm", "conv_module.layer_norm"),
        ("convolution.gated", "conv_module.pointwise_conv1"),
        ("convolution.out", "conv_module.pointwise_conv2"),
        ("convolution.depthwise", "conv_module.depthwise_conv"),
    )  # fmt: skip
    for end in ("weight", "bias"):
        parts = state.pop(f"self_attn.qkv.{end}").chunk(3)
        state |= {f"self_attn.linear_{n}.{end}": p for n, p in zip("qkv", parts, strict=True)}
        state[f"final_layer_norm.{end}"] = state.pop(f"norm.{end}")
    for name in ("conv_module.pointwise_conv1.weight", "conv_module.pointwise_conv2.weight"):
        state[name] = state[name].unsqueeze(-1)
    theirs = loaded(hub.Wav2Vec2ConformerEncoderLayer(asked), state)
    x, mask = torch.randn(2, 7, 8), torch.ones(2, 7, dtype=torch.bool)
    waves = hub.Wav2Vec2ConformerRelPositionalEmbedding(asked)(x)
    near(distances(7, 8, x.device), waves[0])
    near(block(x, mask, distances(7, 8, x.device)), theirs(x, relative_position_embeddings=waves))


def convolved(x: Tensor, net: Vgg) -> Tensor:
    """The stages of a VGG by torch's own functions, in use."""
    for stage in net.stages:
        for layer in stage:  # type: ignore[attr-defined]
            x = F.conv2d(x, layer.conv.weight, layer.conv.bias, padding=1)
            if layer.norm is not None:
                norm = layer.norm
                x = F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)
            x = torch.relu(x)
        x = nn.MaxPool2d(2, 2)(x)
    return x


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_vgg_is_a_stack_of_torchs_layers(norm: Any) -> None:
    net = shaken(Vgg(PICTURE, 6, depth=13, width=4, norm=norm, tokens="grid"))
    x = pictures()
    near(net(x).values, net.tokens([convolved(x.values, net)], None).values)
    assert net(x).grid == (1, 1)


@pytest.mark.parametrize(
    ("name", "published", "classifier"),
    [
        ("vgg11", 132_863_336, 25_088 * 4_096 + 4_096 + 4_096 * 4_096 + 4_096 + 4_096_000 + 1_000),
        ("vgg16", 138_357_544, 25_088 * 4_096 + 4_096 + 4_096 * 4_096 + 4_096 + 4_096_000 + 1_000),
        ("resnet34", 21_797_672, 513_000),
        ("resnet50", 25_557_032, 2_049_000),
        ("convnext_tiny", 28_589_128, 769_000),
        ("vit_base", 86_567_656, 769_000),
        ("vit_small", 22_050_664, 385_000),
        ("vit_tiny", 5_717_416, 193_000),
    ],
)
def test_a_size_has_the_published_number_of_weights(name: str, published: int, classifier: int) -> None:
    """As everyone ships them for 1,000 classes of pictures of 224 x 224, less the classifier."""
    file, choices = {p: (n, c) for n in encoders.names() for p, c in encoders.get(n).presets.items()}[name]
    more = {"norm": "none"} if file == "vgg" else {}
    with torch.device("meta"):
        net: Any = encoders.get(file)({**PICTURE, "height": 224, "width": 224}, 4, **choices, **more)
    ends = ("tokens.", "out.")
    assert (
        sum(p.numel() for n, p in net.named_parameters() if not n.startswith(ends)) == published - classifier
    )


def test_a_bottleneck_network_trains_on_present_rows_only() -> None:
    x, real = pictures(4, 16), torch.tensor([True, False, True, True])
    torch.manual_seed(0)
    net = Resnet({**PICTURE, "height": 16, "width": 16}, 6, depth=50, width=4, dropout=0.0).train()
    state = {n: t.clone() for n, t in net.state_dict().items()}
    among = net(Arrays(x.values, real)).values[real]
    net.load_state_dict(state)
    near(among, net(Arrays(x.values[real], real[real])).values)


def test_a_sound_through_bottlenecks_is_the_same_alone_and_beside_a_longer_one() -> None:
    facts: Facts = {"layout": "grid", "channels": 1, "height": 16, "width": 12, "timed": True}
    net, x = shaken(Resnet(facts, 6, depth=50, width=4)), torch.randn(2, 1, 16, 12)
    together = net(Arrays(x, torch.arange(12) < torch.tensor([[12], [5]])))
    near(together.values[1:], net(Arrays(x[1:, ..., :5], torch.ones(1, 5, dtype=torch.bool))).values)


@pytest.mark.parametrize(("side", "patch"), [(14, 2), (28, 4), (64, 8), (224, 16)])
def test_the_patch_of_a_vit_suits_the_picture(side: int, patch: int) -> None:
    assert Vit({**PICTURE, "height": side, "width": side}, 4).patch == patch
