"""The lock: exact, complete, free of what breaks others, and installable anywhere."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from sources import ROOT, project

BANNED = ("torchvision", "torchaudio", "timm", "nvidia", "cuda", "triton")
LINES = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
PINNED = dict(line.split("==") for line in LINES)


def direct() -> list[Requirement]:
    """Every requirement of pyproject.toml: core, extras, build."""
    about = project()
    groups = about["project"]["optional-dependencies"].values()
    lines = [*about["project"]["dependencies"], *about["build-system"]["requires"]]
    return [Requirement(line) for line in [*lines, *(line for group in groups for line in group)]]


def test_every_line_is_one_exact_version_without_a_place_or_a_local_build() -> None:
    assert LINES
    wrong = [line for line in LINES if not re.fullmatch(r"[a-z0-9._-]+==[0-9a-z.]+", line)]
    assert wrong == []
    assert sorted(PINNED, key=canonicalize_name) == list(PINNED)


@pytest.mark.parametrize("requirement", direct(), ids=str)
def test_the_lock_covers_every_direct_dependency(requirement: Requirement) -> None:
    version = PINNED.get(canonicalize_name(requirement.name))
    assert version is not None, f"{requirement.name} is not in requirements.lock: run `make lock`"
    assert requirement.specifier.contains(Version(version)), f"{requirement} does not allow {version}"


@pytest.mark.parametrize("name", BANNED)
def test_what_breaks_beside_a_cpu_torch_is_not_in_the_lock(name: str) -> None:
    assert [line for line in LINES if line.startswith(name)] == []


def test_torch_is_pinned_so_that_both_builds_fit() -> None:
    assert PINNED["torch"] == "2.13.0"
