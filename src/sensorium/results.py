"""What an evaluation found: per target, per candidate, per run. Prints as tables, and is JSON."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from sensorium.errors import SensoriumError
from sensorium.metrics import metrics as family
from sensorium.metrics._bootstrap import Interval
from sensorium.metrics._diagnose import Calibration, ClassScore
from sensorium.metrics._diagnose_sets import LabelScore, SetsFound
from sensorium.metrics._show import aligned, figures, fixed, named, within
from sensorium.table.missingness import Missingness
from sensorium.types import Json

MOST_SHOWN, MOST_METRICS = 50, 4
EACH_FOLD = "chosen in each fold"
"""In cross-validation the candidate that each fold chose, scored on that fold's rows."""


@dataclass(frozen=True, slots=True)
class Miss:
    """One answered row. row: its number in the table. loss: -log(probability of truth), or |error|.

    band: the answer's interval, where it has one.
    """

    row: int
    truth: Json
    answer: Json
    loss: float
    band: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """The score of the rows that lack an input (``without photo``), or that lack none (``complete``)."""

    name: str
    rows: int
    score: Interval


@dataclass(frozen=True, slots=True)
class Subset:
    """The score when only some inputs are given: ``hidden`` ones are missing in every row.

    score: low and high are known of the worst subset only.
    """

    given: tuple[str, ...]
    hidden: tuple[str, ...]
    score: Interval

    @property
    def name(self) -> str:
        """``only photo`` or ``without photo, age``, whichever is shorter."""
        if len(self.given) < len(self.hidden):
            return f"only {', '.join(self.given)}"
        return f"without {', '.join(self.hidden)}"

    def to_dict(self) -> dict[str, Json]:
        """As JSON."""
        return {"given": list(self.given), "hidden": list(self.hidden), **self.score.to_dict()}


@dataclass(frozen=True, slots=True)
class TargetReport:
    """All that is said of one target's answers.

    metrics: the first one is the score. missing: rows without a true cell. confusion: weight by true and
    said label, empty over 50 labels. worst: the most wrong rows first. points: a sample of rows, for plots.
    slices: the score by what rows lack; hidden: the score when an input is hidden in every row;
    subsets: the score when several are, of at most 1,000 rows, the worst subset first. sets: what is said of
    each of several labels a row.
    """

    kind: str
    rows: int
    missing: int
    metrics: dict[str, Interval]
    classes: tuple[ClassScore, ...] = ()
    confusion: tuple[tuple[float, ...], ...] = ()
    calibration: Calibration | None = None
    residuals: dict[str, float] = field(default_factory=dict)
    worst: tuple[Miss, ...] = ()
    points: tuple[Miss, ...] = ()
    slices: tuple[Slice, ...] = ()
    hidden: dict[str, Interval] = field(default_factory=dict)
    subsets: tuple[Subset, ...] = ()
    sets: SetsFound | None = None

    def scores(self) -> dict[str, Json]:
        """``{metric: {"value": v, "low": l, "high": h}}``: this target's part of metrics.json."""
        return {name: found.to_dict() for name, found in self.metrics.items()}

    def to_dict(self) -> dict[str, Json]:
        """Everything as JSON; what is not defined is null."""
        whole = asdict(self)
        whole["metrics"] = self.scores()
        whole["hidden"] = {name: found.to_dict() for name, found in self.hidden.items()}
        whole["slices"] = [{"name": s.name, "rows": s.rows, **s.score.to_dict()} for s in self.slices]
        whole["subsets"] = [s.to_dict() for s in self.subsets]
        found = _jsonable(whole)
        assert isinstance(found, dict)
        return found

    def missing_inputs(self) -> dict[str, Json]:
        """What missing inputs cost: ``slices``, ``hidden`` {input: score}, ``subsets`` and the ``worst``."""
        told = self.to_dict()
        kept: dict[str, Json] = {n: told[n] for n in ("slices", "hidden", "subsets")}
        return kept | {"worst": self.subsets[0].to_dict() if self.subsets else None}

    def __str__(self) -> str:
        parts = [aligned([("metric", "value", "low", "high"), *_metric_rows(self.metrics)])]
        if self.classes:
            parts.append(aligned(_class_rows(self.classes[:MOST_SHOWN])))
        if self.sets is not None:
            parts.append(aligned(_label_rows(self.sets.labels[:MOST_SHOWN])))
        return "\n\n".join([*parts, *self.without()])

    def without(self) -> list[str]:
        """The score where inputs lack, as a table; nothing where none does or can."""
        if not self.metrics or not (self.slices or self.hidden or self.subsets):
            return []
        name = next(iter(self.metrics))
        score = family.get(name)()
        rows = [(f"{s.name} ({s.rows} rows)", within(score, s.score)) for s in self.slices]
        rows += [(f"{n} hidden", within(score, found)) for n, found in self.hidden.items()]
        rows += [(self.worst_words(), within(score, one.score)) for one in self.subsets[:1]]
        return [aligned([("rows", named(name, score)), *rows])]

    def worst_words(self) -> str:
        """``worst of 62 subsets: only ink``."""
        one, count = self.subsets[0], len(self.subsets)
        drawn = f", {one.score.rows:,} of {self.rows:,} rows" if one.score.rows < self.rows else ""
        return f"worst of {count:,} {'subset' if count == 1 else 'subsets'}: {one.name}{drawn}"


@dataclass(frozen=True, slots=True)
class TargetResult:
    """One target of a report. score: the selection metric's name. chosen: the candidate that is shipped.

    missingness: whether what rows lack predicts the target; None: nothing to test.
    """

    score: str
    candidates: dict[str, TargetReport]
    chosen: str
    verdict: dict[str, Json] = field(default_factory=dict)
    missingness: Missingness | None = None

    @property
    def each(self) -> TargetReport:
        """What is said of missing inputs: of what ships, in cross-validation of what each fold chose."""
        return self.candidates.get(EACH_FOLD, self.candidates[self.chosen])

    def to_dict(self) -> dict[str, Json]:
        """This target's part of metrics.json."""
        candidates: dict[str, Json] = {name: found.scores() for name, found in self.candidates.items()}
        return {
            "score": self.score,
            "candidates": candidates,
            "chosen": self.chosen,
            "verdict": _jsonable(self.verdict),
            "missing": self.each.missing_inputs(),
            "missingness": _jsonable(self.missingness.to_dict()) if self.missingness else None,
        }

    def __str__(self) -> str:
        """All candidates by their first metrics, the chosen one in full, and the verdict."""
        parts = []
        if len(self.candidates) > 1:
            parts.append(aligned(_candidate_rows(self.candidates, self.score, self.chosen)))
        parts.append(str(self.candidates[self.chosen]))
        parts += self.each.without() if EACH_FOLD in self.candidates else []
        sentence = self.verdict.get("sentence")
        return "\n\n".join([*parts, str(sentence)] if sentence else parts)


@dataclass(frozen=True, slots=True)
class Report:
    """A run's scores on the rows of one split: prints as tables, ``to_dict`` is metrics.json.

    page: writes a report page for ``save``; None where there is nothing to draw it from. corrupt: (column,
    row, reason) of the cells that could not be read; notes: what to know beside the scores.
    doctor: what it found of the inputs of a joint network, on validation rows; None: nothing was examined.
    """

    split: str
    rows: int
    seconds: float
    targets: dict[str, TargetResult]
    page: Callable[[Path], None] | None = None
    corrupt: tuple[tuple[str, int, str], ...] = ()
    notes: tuple[str, ...] = ()
    doctor: dict[str, Json] | None = None

    def to_dict(self) -> dict[str, Json]:
        """The content of metrics.json; what is not defined is null."""
        return {
            "split": self.split,
            "rows": self.rows,
            "seconds": round(self.seconds, 3),
            "targets": {name: found.to_dict() for name, found in self.targets.items()},
            "corrupt": dict(Counter(column for column, _, _ in self.corrupt)),
            "notes": list(self.notes),
            "doctor": _jsonable(self.doctor),
        }

    def save(self, path: str | Path) -> None:
        """Write the report page, one HTML file. Raises SensoriumError when this report has none."""
        if self.page is None:
            raise SensoriumError(
                f"{path}: this report was made without a page; use to_dict() or str() for its numbers."
            )
        self.page(Path(path))

    def __str__(self) -> str:
        parts = []
        for name, found in self.targets.items():
            parts.append(f"{name}: {found.each.rows} rows of the {self.split} split\n\n{found}")
        noted = ["\n".join(f"note: {note}" for note in self.notes)] if self.notes else []
        return "\n\n\n".join([*parts, *noted])


def _candidate_rows(candidates: Mapping[str, TargetReport], score: str, chosen: str) -> list[tuple[str, ...]]:
    names = [score, *(n for n in candidates[chosen].metrics if n != score)][:MOST_METRICS]
    known = {n: family.get(n)() for n in names}
    rows: list[tuple[str, ...]] = [("candidate", *(named(n, m) for n, m in known.items()))]
    for name, found in candidates.items():
        marked = f"{name} *" if name == chosen else name
        cells = (within(m, found.metrics[n]) if n in found.metrics else "-" for n, m in known.items())
        rows.append((marked, *cells))
    return rows


def _metric_rows(scored: Mapping[str, Interval]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, found in scored.items():
        metric = family.get(name)()
        rows.append((named(name, metric) + (", %" if metric.percent else ""), *figures(metric, found)))
    return rows


def _class_rows(classes: Sequence[ClassScore]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("label", "precision, %", "recall, %", "F1, %", "support")]
    for c in classes:
        shares = (fixed(100 * x, 1) for x in (c.precision, c.recall, c.f1))
        rows.append((str(c.label), *shares, f"{c.support:g}"))
    return rows


def _label_rows(labels: Sequence[LabelScore]) -> list[tuple[str, ...]]:
    head = ("label", "threshold", "precision, %", "recall, %", "F1, %", "average precision, %", "support")
    rows: list[tuple[str, ...]] = [head]
    for one in labels:
        shares = (fixed(100 * x, 1) for x in (one.precision, one.recall, one.f1, one.average_precision))
        rows.append((str(one.label), f"{one.threshold:.3f}", *shares, f"{one.support:g}"))
    return rows


def _jsonable(value: object) -> Json:
    if isinstance(value, dict):
        return {str(k): _jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, np.generic):
        return _jsonable(value.item())
    assert value is None or isinstance(value, bool | int | float | str), type(value)
    return value
