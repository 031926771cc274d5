"""A trained model as a folder of plain files: save, load, verify. No pickle, no code, no hub."""

import hashlib
import json
import platform
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version as installed
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from sensorium import seeds
from sensorium.chained import Chained
from sensorium.errors import BundleError
from sensorium.load_table import load_table
from sensorium.members import members
from sensorium.members._base import Member
from sensorium.model import modality_of
from sensorium.network import Network
from sensorium.plan_parse import parse
from sensorium.plan_write import to_yaml
from sensorium.predict import Predictor
from sensorium.table.packed import Cell
from sensorium.types import Facts, Json

VERSION = 1
LIBRARIES = ("sensorium", "torch", "numpy", "pyarrow", "pillow", "soundfile", "soxr", "tokenizers")
GOLDEN_ROWS = 6
TOLERANCE = 1e-4

OWN: dict[str, type[Member]] = {"network": Network, "chained": Chained}
"""Members that are no family's component."""

UPGRADES: dict[int, Callable[[Facts], Facts]] = {}
"""One function a version: from its bundle.json to the next version's."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds: the predictor, the metrics it was shipped with, and its model card."""

    predictor: Predictor
    metrics: Facts = field(default_factory=dict)
    card: str = ""


def save(folder: Path, bundle: Bundle) -> None:
    """Write a bundle. The folder must not hold anything else. Raises BundleError when it does."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "bundle.json").exists():
        raise BundleError(f"{folder}: the folder is not empty and holds no bundle; choose another one.")
    folder.mkdir(parents=True, exist_ok=True)
    predictor = bundle.predictor
    arrays: dict[str, NDArray[np.generic]] = {}
    described = _described(predictor.member, arrays)
    save_file({n: np.ascontiguousarray(a) for n, a in arrays.items()}, folder / "weights.safetensors")
    (folder / "plan.yaml").write_text(to_yaml(predictor.plan), encoding="utf-8")
    _write_json(folder / "facts.json", predictor.facts)
    _write_json(folder / "metrics.json", bundle.metrics)
    (folder / "README.md").write_text(bundle.card, encoding="utf-8")
    _write_golden(folder, predictor)
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "bundle.json")
    _write_json(folder / "bundle.json", {
        "version": VERSION,
        "libraries": {name: installed(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "precision": "float32",
        "member": described,
        "files": {p.relative_to(folder).as_posix(): _sha256(p) for p in files},
    })  # fmt: skip


def load(folder: Path | str, *, verify: bool = True) -> Bundle:
    """Read a bundle; with ``verify`` prove that every file is whole and that the golden rows still get
    their answers. Raises BundleError naming the file and what is wrong with it."""
    folder = Path(folder)
    told = _read_head(folder)
    if verify:
        _check_files(folder, told["files"])
    plan = parse(folder / "plan.yaml")
    facts = _read_json(folder / "facts.json")
    try:
        arrays = load_file(folder / "weights.safetensors")
    except (SafetensorError, OSError) as error:
        raise BundleError(f"{folder / 'weights.safetensors'}: cannot be read ({error}).") from error
    member = _restored(told["member"], arrays, facts)
    card = (folder / "README.md").read_text(encoding="utf-8")
    bundle = Bundle(Predictor(plan, facts, member), _read_json(folder / "metrics.json"), card)
    if verify:
        _replay(folder, bundle.predictor)
    return bundle


def _described(member: Member, arrays: dict[str, NDArray[np.generic]], prefix: str = "") -> Facts:
    """A member and the members inside it as JSON; their arrays go into ``arrays`` under the prefix."""
    facts, own = member.state()
    arrays.update({f"{prefix}{name}": value for name, value in own.items()})
    kind = next((n for n, c in OWN.items() if isinstance(member, c)), "") or _kind(member)
    inside = {name: _described(part, arrays, f"{prefix}{name}/") for name, part in member.parts().items()}
    kept = {k: v for k, v in facts.items() if not (kind == "network" and k == "facts")}
    return {"kind": kind, "facts": kept, "parts": inside, "prefix": prefix}


def _kind(member: Member) -> str:
    """The name of a member's class in its family."""
    names = [n for n in members.names() if isinstance(member, members.get(n))]
    return names[0]


def _restored(told: Facts, arrays: dict[str, NDArray[np.generic]], facts: Facts) -> Member:
    prefix = told["prefix"]
    inside = {name: _restored(part, arrays, facts) for name, part in told["parts"].items()}
    below = tuple(f"{prefix}{name}/" for name in inside)
    own = {
        n.removeprefix(prefix): a
        for n, a in arrays.items()
        if n.startswith(prefix) and not (below and n.startswith(below))
    }
    if told["kind"] == "network":
        return Network.restore(told["facts"] | {"facts": facts}, own)
    if told["kind"] == "chained":
        return Chained.restore(told["facts"], own, inside)
    return members.get(told["kind"]).restore(told["facts"], own, inside)


def _read_head(folder: Path) -> Facts:
    if not (folder / "bundle.json").is_file():
        inside = folder / "bundle" / "bundle.json"
        hint = f" Did you mean {folder / 'bundle'}?" if inside.is_file() else ""
        raise BundleError(f"{folder}: there is no bundle.json, so this is no bundle.{hint}")
    told = _read_json(folder / "bundle.json")
    version = told.get("version")
    while isinstance(version, int) and version in UPGRADES:
        told, version = UPGRADES[version](told), version + 1
    if version != VERSION:
        raise BundleError(
            f"{folder / 'bundle.json'}: the bundle has version {version!r}; this Sensorium reads version "
            f"{VERSION}. Install the Sensorium that made it ({told.get('libraries', {}).get('sensorium')})."
        )
    return told


def _check_files(folder: Path, files: dict[str, str]) -> None:
    for name, digest in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BundleError(f"{folder / 'bundle.json'}: names the file {name!r} outside the bundle.")
        if not path.is_file():
            raise BundleError(f"{path}: the file is missing from the bundle. Copy the bundle again.")
        if _sha256(path) != digest:
            raise BundleError(f"{path}: the file was changed since the bundle was made (SHA-256 differs).")


def _write_golden(folder: Path, predictor: Predictor) -> None:
    """Rows made by the modalities' ``fake`` (no training row leaves the house), one cell missing in each
    but the first, with the answers they get."""
    rng, rows = seeds.generator(predictor.plan.seed, "golden"), GOLDEN_ROWS
    table: list[dict[str, Json]] = [{} for _ in range(rows)]
    place = 0
    for asked in predictor.plan.inputs.values():
        for column in asked.columns:
            cells = type(modality_of(asked)).fake(rng, rows)
            for row, cell in enumerate(cells):
                gone = row > 0 and (row + place) % 3 == 0
                table[row][column] = None if gone else _golden_cell(folder, f"{row}-{place}", asked, cell)
            place += 1
    lines = [
        json.dumps({"row": row, "answer": answer})
        for row, answer in zip(table, _golden_answers(folder, predictor, table), strict=True)
    ]
    (folder / "golden.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _golden_cell(folder: Path, stem: str, asked: object, cell: Cell) -> Json:
    """A cell as JSON; media bytes become a file in ``golden/``."""
    if isinstance(cell, bytes):
        (folder / "golden").mkdir(exist_ok=True)
        (folder / "golden" / stem).write_bytes(cell)
        return f"golden/{stem}"
    return cell if isinstance(cell, bool | int | float | str | list | dict | None) else str(cell)


def _golden_answers(folder: Path, predictor: Predictor, rows: list[dict[str, Json]]) -> list[dict[str, Json]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = load_table(rows, roots=(folder,), folder=folder)
        return predictor.cells(predictor.prepare(table))


def _replay(folder: Path, predictor: Predictor) -> None:
    lines = (folder / "golden.jsonl").read_text(encoding="utf-8").splitlines()
    golden = [json.loads(line) for line in lines if line]
    answers = _golden_answers(folder, predictor, [g["row"] for g in golden])
    for number, (known, answer) in enumerate(zip(golden, answers, strict=True), 1):
        for name, value in known["answer"].items():
            if not _same(value, answer.get(name), known["answer"], name):
                raise BundleError(
                    f"{folder / 'golden.jsonl'}, line {number}: {name!r} was {value!r} when the bundle was made "
                    f"and is {answer.get(name)!r} here. Compare the versions in bundle.json with those installed."
                )


def _same(then: Json, now: Json, answer: dict[str, Json], name: str) -> bool:
    if isinstance(then, float) and isinstance(now, int | float):
        return abs(then - now) <= TOLERANCE * max(1.0, abs(then))
    if then == now:
        return True
    shares = [v for k, v in answer.items() if k.startswith(f"{name}.p.") and isinstance(v, float)]
    best = sorted(shares, reverse=True)[:2]
    return len(best) == 2 and best[0] - best[1] <= 2 * TOLERANCE  # a tie may fall either way


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(path: Path, value: Facts) -> None:
    path.write_text(json.dumps(value, indent=1, allow_nan=True) + "\n", encoding="utf-8")


def _read_json(path: Path) -> Facts:
    try:
        found: Facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: cannot be read ({error}).") from error
    return found
