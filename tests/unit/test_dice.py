"""The states of torch's random generators, kept and put back."""

import torch

from sensorium.train.dice import devices, put_back, rolled


def test_what_was_rolled_is_rolled_again() -> None:
    with torch.random.fork_rng(devices=devices()):
        states = rolled()
        assert len(states) == 1 + torch.cuda.device_count()
        first = torch.rand(4)
        assert not torch.equal(torch.rand(4), first)
        put_back(states)
        assert torch.equal(torch.rand(4), first)


def test_a_state_of_a_machine_with_another_number_of_gpus_can_be_put_back() -> None:
    with torch.random.fork_rng(devices=devices()):
        state = torch.get_rng_state()
        first = torch.rand(4)
        put_back([state])
        assert torch.equal(torch.rand(4), first)
        put_back([state, *rolled()[1:], *[state] * (0 if torch.cuda.is_available() else 1)])
        assert torch.equal(torch.rand(4), first)
