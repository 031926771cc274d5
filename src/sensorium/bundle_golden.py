"""Golden rows: made-up rows and the answers that they got, so that loading can prove nothing has changed."""

import json
import warnings
from pathlib import Path

import numpy as np

from sensorium import seeds
from sensorium.bundle_files import GOLDEN, MEDIA, near, of_kind, parsed, part_of, read_text
from sensorium.errors import BundleError
from sensorium.load_table import load_table
from sensorium.modalities._base import Modality
from sensorium.model import modality_of
from sensorium.predict import Predictor
from sensorium.table.packed import Cell
from sensorium.types import Facts, Json

ROWS = 6
TOLERANCE = 1e-4


def write_golden(folder: Path, predictor: Predictor) -> None:
    """Rows made by the modalities' ``fake`` (no training row leaves the house), one cell missing in each
    but the first, with the answers they get."""
    rng = seeds.generator(predictor.plan.seed, "golden")
    table: list[Facts] = [{} for _ in range(ROWS)]
    place = 0
    for asked in predictor.plan.inputs.values():
        modality = modality_of(asked)
        for column in asked.columns:
            several = "several" in predictor.facts["inputs"][asked.name][column]
            for row, cell in enumerate(_fakes(type(modality), rng, 2 if several else 1)):
                gone = row > 0 and (row + place) % 3 == 0
                table[row][column] = None if gone else _told(folder, f"{row}-{place}", modality, cell)
            place += 1
    answers = _answers(folder, predictor, table)
    lines = [json.dumps({"row": r, "answer": a}) for r, a in zip(table, answers, strict=True)]
    (folder / GOLDEN).write_text("\n".join(lines) + "\n", encoding="utf-8")


def replay(folder: Path, predictor: Predictor) -> None:
    """Answer the golden rows again. Raises BundleError naming the first answer that is another one."""
    path = folder / GOLDEN
    lines = [line for line in read_text(path).splitlines() if line.strip()]
    if not lines:
        raise BundleError(f"{path}: there are no golden rows. Copy the bundle again.")
    rows, known = [], []
    for number, line in enumerate(lines, 1):
        told = parsed(line, f"{path}, line {number}")
        rows.append(part_of(told, "row", dict, f"{path}, line {number}"))
        known.append(part_of(told, "answer", dict, f"{path}, line {number}"))
    for number, (then, now) in enumerate(zip(known, _answers(folder, predictor, rows), strict=True), 1):
        if then.keys() != now.keys():
            raise BundleError(
                f"{path}, line {number}: the answer had {', '.join(then) or 'nothing'} when the bundle "
                f"was made and has {', '.join(now)} here."
            )
        for name, value in then.items():
            if not _same(value, now[name], then, name):
                raise BundleError(
                    f"{path}, line {number}: {name!r} was {value!r} when the bundle was made and is "
                    f"{now[name]!r} here. Compare the versions in bundle.json with those installed."
                )


def _fakes(kind: type[Modality], rng: np.random.Generator, each: int) -> list[Cell]:
    """ROWS made-up cells; lists of so many where a cell holds several media."""
    made = kind.fake(rng, ROWS * each)
    return made if each == 1 else [made[start : start + each] for start in range(0, len(made), each)]


def _told(folder: Path, stem: str, modality: Modality, cell: Cell) -> Json:
    """A cell as JSON; media bytes become a file in ``golden/``."""
    if isinstance(cell, list) and modality.holds_several():
        return [_told(folder, f"{stem}-{place}", modality, one) for place, one in enumerate(cell)]
    if isinstance(cell, bytes):
        (folder / MEDIA).mkdir(exist_ok=True)
        (folder / MEDIA / stem).write_bytes(cell)
        return f"{MEDIA}/{stem}"
    return type(modality).to_json(cell)


def _answers(folder: Path, predictor: Predictor, rows: list[Facts]) -> list[Facts]:
    cells: list[dict[str, Cell]] = [dict(row) for row in rows]
    for asked in predictor.plan.inputs.values():
        kind = type(modality_of(asked))
        for row, column in ((r, c) for r in cells for c in asked.columns if r.get(c) is not None):
            if not kind.media:
                row[column] = kind.from_json(_json(row[column]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = load_table(cells, roots=(folder,), folder=folder)
        return [dict(answer) for answer in predictor.cells(predictor.prepare(table))]


def _json(value: Cell) -> Json:
    if isinstance(value, list):
        return [_json(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _json(one) for key, one in value.items()}
    return value if isinstance(value, bool | int | float | str | None) else of_kind(value, str, "golden cell")


def _same(then: Json, now: Json, answer: Facts, name: str) -> bool:
    if near(then, now, TOLERANCE):
        return True
    shares = [v for k, v in answer.items() if k.startswith(f"{name}.p.") and isinstance(v, float)]
    best = sorted(shares, reverse=True)[:2]
    return len(best) == 2 and best[0] - best[1] <= 2 * TOLERANCE  # a tie may fall either way
