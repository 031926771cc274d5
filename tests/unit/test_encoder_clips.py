"""Encoders of videos, each against other layers or worked by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sensorium.encoders import encoders
from sensorium.encoders.conv21d import Conv21d
from sensorium.encoders.framewise import Framewise
from sensorium.errors import PlanError
from sensorium.modalities import modalities
from sensorium.options import Factory, build
from sensorium.plan_parse import parse
from sensorium.types import Arrays

FACTS = {"layout": "clip", "channels": 2, "height": 8, "width": 12, "longest": 6}


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def shaken(net: nn.Module) -> nn.Module:
    """The module in use, with every weight random: no zeros or ones hide a mistake."""
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn_like(weight) * 0.3)
    return net.eval()


def clips(frames: int = 5) -> Arrays:
    """Two clips, the second two frames long."""
    mask = torch.arange(frames) < torch.tensor([[frames], [2]])
    return Arrays(normal(2, frames, 2, 8, 12), mask)


def test_a_2_plus_1_convolution_is_two_three_dimensional_ones() -> None:
    net = shaken(Conv21d(FACTS, 4, stages=2, width=3))
    layer = net.blocks[1].first  # type: ignore[index, union-attr]
    middle = 27 * 3 * 6 // (9 * 3 + 3 * 6)
    assert layer.space.weight.shape == (middle, 3, 3, 3)
    space, time = layer.space.weight.unsqueeze(2), layer.time.weight.unsqueeze(4)
    x_BCTHW = normal(2, 3, 5, 8, 12)
    h = F.conv3d(x_BCTHW, space, stride=(1, 2, 2), padding=(0, 1, 1))
    h = F.relu(F.batch_norm(h, torch.zeros(middle), torch.ones(middle), *parts(layer.norm_space)))
    h = F.conv3d(h, time, stride=(2, 1, 1), padding=(1, 0, 0))
    expected = F.batch_norm(h, torch.zeros(6), torch.ones(6), *parts(layer.norm_time))
    got_NCHW, left = layer(x_BCTHW.transpose(1, 2).flatten(0, 1), torch.ones(2, 5, dtype=torch.bool))
    assert left.shape == (2, 3)
    torch.testing.assert_close(got_NCHW.view(2, 3, 6, 4, 6).transpose(1, 2), expected, rtol=1e-4, atol=1e-4)


def parts(norm: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    return norm.weight, norm.bias  # type: ignore[return-value]


def test_a_2_plus_1_convolution_has_about_the_weights_of_a_full_one() -> None:
    layer = Conv21d(FACTS, 4, stages=1, width=16).blocks[0].first  # type: ignore[union-attr]
    both = layer.space.weight.numel() + layer.time.weight.numel()
    assert 0.95 * 27 * 16 * 16 < both <= 27 * 16 * 16


def test_convolutions_see_the_order_of_frames_and_a_bag_of_frames_does_not() -> None:
    x = Arrays(normal(1, 5, 2, 8, 12), torch.ones(1, 5, dtype=torch.bool))
    back = Arrays(x.values.flip(1), x.mask)
    unordered = Factory("encoders", "transformer", {"positions": "none"})
    for net, ordered in (
        (Conv21d(FACTS, 8), True),
        (Framewise(FACTS, 8), True),
        (Framewise(FACTS, 8, time=unordered, motion=False), False),
    ):
        shaken(net)
        assert torch.allclose(net(x).values, net(back).values, atol=1e-5) is not ordered


def test_frames_go_one_by_one_through_the_encoder_of_pictures() -> None:
    pictures, linear = Factory("encoders", "conv", {"tokens": "pooled"}), Factory("encoders", "linear")
    net = shaken(Framewise(FACTS, 4, frame=pictures, time=linear, width=7, motion=False))
    x = clips()
    each = [F.gelu(net.frame(Arrays(x.values[:, t], x.mask[:, t])).values[:, 0]) for t in range(5)]
    assert each[0].shape == (2, 7)
    means = torch.stack([torch.stack(each, 1)[0].mean(0), torch.stack(each[:2], 1)[1].mean(0)])
    weight, bias = parts(net.norm)
    expected = net.time.map(means / (1 + 1e-5) ** 0.5 * weight + bias)
    torch.testing.assert_close(net(x).values[:, 0], expected, rtol=1e-4, atol=1e-5)


def test_the_change_of_a_frame_stands_beside_it() -> None:
    sequence = Factory("encoders", "linear", {"tokens": "sequence"})
    pictures = Factory("encoders", "conv", {"tokens": "pooled"})
    net = shaken(Framewise(FACTS, 4, frame=pictures, time=sequence, width=7))
    x = clips(3)
    each = torch.stack(
        [F.gelu(net.frame(Arrays(x.values[:, t], x.mask[:, t])).values[0, 0]) for t in range(3)]
    )
    change = torch.stack([torch.zeros(7), each[1] - each[0], each[2] - each[1]])
    normal_ = [
        part / (1 + 1e-5) ** 0.5 * parts(norm)[0] + parts(norm)[1]
        for part, norm in ((each, net.norm), (change, net.motion))
    ]
    torch.testing.assert_close(net(x).values[0], net.time.map(torch.cat(normal_, 1)), rtol=1e-4, atol=1e-5)


def test_pictures_give_one_token_a_cell_unless_the_plan_says_otherwise() -> None:
    for choices, grid in (({}, True), ({"depth": 14}, True), ({"tokens": "pooled"}, False)):
        assert Framewise(FACTS, 8, frame=Factory("encoders", "resnet", choices)).frame.tokens.grid is grid


def test_the_place_of_a_spot_reaches_the_token_of_a_frame() -> None:
    """Two clips of one spot each, far from the edges, in two places: only tokens that know theirs differ."""
    facts = FACTS | {"height": 32, "width": 32}
    values = torch.zeros(2, 1, 2, 32, 32)
    values[0, 0, :, 8, 8], values[1, 0, :, 16, 16] = 30.0, 30.0
    x = Arrays(values, torch.ones(2, 1, dtype=torch.bool))
    for tokens, same in (("grid", False), ("pooled", True)):
        frame = Factory("encoders", "conv", {"tokens": tokens, "layers": 2, "width": 16})
        made = Framewise(facts, 8, frame=frame, time=Factory("encoders", "linear")).eval()(x).values
        assert torch.allclose(made[0], made[1], atol=1e-5) is same


def test_one_token_a_frame_when_the_encoder_over_time_says_so() -> None:
    time = Factory("encoders", "transformer", {"tokens": "sequence"})
    tokens = Framewise(FACTS, 8, time=time)(clips())
    assert tokens.mask.tolist() == [[True] * 5, [True, True, False, False, False]]


@pytest.mark.parametrize(
    ("option", "name", "what", "layout"),
    [("frame", "bag", "pictures", "grid"), ("time", "conv", "frames", "frames")],
)
def test_an_encoder_that_cannot_read_its_part_is_refused(
    option: str, name: str, what: str, layout: str
) -> None:
    fits = ", ".join(n for n in encoders.names() if layout in encoders.get(n).accepts)
    with pytest.raises(PlanError) as caught:
        build(Framewise, FACTS, 8, choices={option: name}, where="inputs.film.encoder")
    assert str(caught.value) == (
        f"inputs.film.encoder: {option}: the encoder {name} reads no {what}; these do: {fits}."
    )


def test_what_the_encoder_of_pictures_wants_is_asked_of_the_videos() -> None:
    kind = encoders.get("conv")

    class Sized(kind):  # type: ignore[misc, valid-type]
        """Wants pictures of 24 pixels."""

        @classmethod
        def wants(cls, choices):
            return {"size": 24}

    encoders.add("sized", Sized)
    try:
        encoder = {"name": "framewise", "frame": "sized"}
        asked = {"inputs": {"film": {"modality": "video", "encoder": encoder}}, "targets": {"y": "classify"}}
        assert parse(asked).inputs["film"].modality.choices == {"size": 24}
        assert Framewise.wants({}) == {}
    finally:
        encoders.remove("sized")


def test_videos_are_read_by_both_encoders() -> None:
    fits = [
        n for n in encoders.names() if set(encoders.get(n).accepts) & set(modalities.get("video").layouts)
    ]
    assert {"framewise", "conv21d"} <= set(fits)
