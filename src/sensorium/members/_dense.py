"""Raw inputs as a dense matrix for trees: codes, numbers, and texts as a few columns.

A category gives, besides its code, its rank, whether it is one of the frequent ones, and what the target
was among the rows of it (``_means``). A text gives the leading directions of its TF-IDF (truncated SVD:
Deerwester et al. 1990), and what a linear model on its TF-IDF says of the target. What is learned of the
target is out-of-fold for training rows (Wolpert, Stacked generalization, 1992).
Letters: N rows, F features, V terms, D directions, K classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD

from sensorium import seeds
from sensorium.members import _linear
from sensorium.members._base import Arrays, Floats, Job, Rows
from sensorium.members._columns import codes_of, folded, numbers_of, present
from sensorium.members._means import Means, means_of
from sensorium.members._outcome import Lesson, Outcome, lesson
from sensorium.members._terms import Terms, prefixed, under
from sensorium.members._wide import fields_from
from sensorium.table.field import Field
from sensorium.table.prepared import Prepared
from sensorium.types import Facts

TERMS = 20_000
"""Words, and pieces of words, of one text input."""
MOST_CLASSES = 30
"""With more classes a text has no column for each."""
FEWEST = 40
"""Rows with text below which nothing is learned of the target out-of-fold."""
MARKS, ALL_MARKS, MARKED_ROWS = 40, 160, 3
"""Frequent codes of one feature and of all that have a column of their own, and the least rows of one."""
INVERSE = (0.1, 0.3, 1.0, 3.0)
PENALTIES = (3.0, 1.0, 0.3, 0.1)


@dataclass(frozen=True)
class Text:
    """One text input. directions: float32 (V, D). lines: for each target what a linear model says."""

    terms: Terms
    directions: NDArray[np.float32]
    lines: dict[str, _linear.Linear]

    def columns(self, texts: Sequence[str | None], goal: str) -> NDArray[np.float32]:
        """float32 (N, D + K): directions, then the words of the goal's model; NaN for missing texts."""
        matrix = self.terms.transform(texts)
        found = [matrix @ self.directions.astype(np.float64)]
        if goal in self.lines:
            found.append(said(self.lines[goal], matrix))
        values = np.concatenate(found, axis=1).astype(np.float32)
        values[[t is None for t in texts]] = np.nan
        return values


@dataclass(frozen=True)
class Dense:
    """codes first, then what is known of them, numbers, means of the target by category, and texts.

    marks: {field of codes: for each feature its frequent codes}. means: {goal: {field of codes: means}}.
    """

    fields: tuple[Field, ...]
    texts: dict[str, Text]
    marks: dict[str, list[list[int]]]
    means: dict[str, dict[str, Means]]

    def categories(self) -> int:
        """How many of the first features are categories."""
        return sum(f.features for f in self.fields if f.kind == "codes")

    def matrix(self, data: Prepared, goal: str) -> NDArray[np.float32]:
        """float32 (N, F), NaN where missing."""
        blocks = [np.zeros((len(data), 0), np.float32)]
        for field in (f for f in self.fields if f.kind == "codes"):
            codes = codes_of(data, field)
            blocks.append(np.where(codes > 0, codes, np.nan).astype(np.float32))
        for field in (f for f in self.fields if f.kind == "codes"):
            blocks += self._about_codes(codes_of(data, field), field)
        blocks += [numbers_of(data, f) for f in self.fields if f.kind == "numbers"]
        coded = {f.name: f for f in self.fields}
        blocks += [m.columns(codes_of(data, coded[n])) for n, m in self.means.get(goal, {}).items()]
        blocks += [self.texts[n].columns(data.texts[n], goal) for n in self.texts]
        return np.concatenate(blocks, axis=1)

    def _about_codes(self, codes: NDArray[np.int64], field: Field) -> list[NDArray[np.float32]]:
        """The rank of each code, if the field has ranks, and its marks."""
        found = []
        known = codes > 0
        for place, ranks in enumerate(field.ranks):
            table = np.array(ranks, np.float32)
            here = np.minimum(np.where(known[:, place], codes[:, place], 0), len(table) - 1)
            found.append(np.where(known[:, place], table[here], np.nan).astype(np.float32)[:, None])
        for place, marked in enumerate(self.marks[field.name]):
            found.append((codes[:, place, None] == np.array(marked, np.int64)).astype(np.float32))
        return found

    def with_held(
        self, matrix: NDArray[np.float32], held: Mapping[str, Floats], goal: str
    ) -> NDArray[np.float32]:
        """A training matrix whose columns of means and linear models hold ``held`` (out-of-fold)."""
        end = matrix.shape[1]
        learned = [(name, True, 0) for name in self.means.get(goal, {})]
        read = [(name, goal in text.lines, text.directions.shape[1]) for name, text in self.texts.items()]
        for name, taught, before in reversed([*learned, *read]):
            if taught:
                width = held[name].shape[1]
                block = matrix[:, end - width : end]
                matrix[:, end - width : end] = np.where(np.isnan(block), block, held[name])
                end -= width
            end -= before
        return matrix

    def state(self) -> tuple[Facts, Arrays]:
        """JSON and arrays for ``restore``."""
        told: Facts = {"fields": [asdict(f) for f in self.fields], "texts": {}, "marks": self.marks}
        told["means"] = {goal: list(each) for goal, each in self.means.items()}
        arrays: Arrays = {}
        for goal, each in self.means.items():
            for name, means in each.items():
                arrays |= prefixed(means.state(), f"{name}/means/{goal}/")
        for name, text in self.texts.items():
            facts, own = text.terms.state()
            told["texts"][name] = {"terms": facts, "goals": list(text.lines)}
            arrays |= prefixed({**own, "directions": text.directions}, f"{name}/")
            for goal, line in text.lines.items():
                arrays |= prefixed(line.state(), f"{name}/lines/{goal}/")
        return told, arrays

    @classmethod
    def restore(cls, facts: Facts, arrays: Arrays) -> Self:
        """The reverse of ``state``."""
        texts = {}
        for name, told in facts["texts"].items():
            own = under(arrays, f"{name}/")
            lines = {g: _linear.Linear.restore(under(own, f"lines/{g}/")) for g in told["goals"]}
            directions = own["directions"].astype(np.float32)
            texts[name] = Text(Terms.restore(told["terms"], own), directions, lines)
        means = {
            goal: {name: Means.restore(under(arrays, f"{name}/means/{goal}/")) for name in names}
            for goal, names in facts["means"].items()
        }
        return cls(fields_from(facts["fields"]), texts, facts["marks"], means)


Held = dict[str, dict[str, Floats]]
"""{goal: {input: out-of-fold words (n, K) or means (n, F x O) of the sampled training rows}}."""


def fit(
    job: Job, chosen: Rows, outcomes: Mapping[str, Outcome], directions: int, folds: int
) -> tuple[Dense, Held]:
    """Learn the columns of texts and categories on the chosen training rows."""
    held: Held = {goal: {} for goal in outcomes}
    texts: dict[str, Text] = {}
    for field in (f for f in job.fields if f.kind == "words"):
        reader = _Reader(job, chosen, field, folds)
        lines = {}
        for goal, outcome in outcomes.items():
            line, values = reader.line(goal, outcome)
            if line is not None:
                lines[goal], held[goal][field.name] = line, values
        texts[field.name] = Text(reader.terms, reader.directions(directions), lines)
    means: dict[str, dict[str, Means]] = {goal: {} for goal in outcomes}
    for field in (f for f in job.fields if f.kind == "codes"):
        for goal, outcome in outcomes.items():
            found = means_of(job, chosen, field, goal, outcome, folds)
            if found is not None:
                means[goal][field.name], held[goal][field.name] = found
    return Dense(job.fields, texts, _marks(job.data.rows(chosen), job.fields), means), held


def _marks(data: Prepared, fields: Sequence[Field]) -> dict[str, list[list[int]]]:
    """The frequent codes of each feature: small tables learn a category sooner alone than in a set."""
    found: dict[str, list[list[int]]] = {}
    features = max(1, sum(f.features for f in fields if f.kind == "codes"))
    most = min(MARKS, ALL_MARKS // features)
    for field in (f for f in fields if f.kind == "codes"):
        found[field.name] = []
        for column in codes_of(data, field).T:
            codes, counts = np.unique(column[column > 0], return_counts=True)
            order = np.lexsort((codes, -counts))[:most]
            found[field.name].append(sorted(int(codes[i]) for i in order if counts[i] >= MARKED_ROWS))
    return found


class _Reader:
    """One text input of the chosen rows, as TF-IDF."""

    def __init__(self, job: Job, chosen: Rows, field: Field, folds: int) -> None:
        self.job, self.chosen, self.field, self.folds = job, chosen, field, folds
        data = job.data.rows(chosen)
        self.real = present(data, field)
        self.terms = Terms.fit(data.texts[field.name], TERMS)
        self.matrix = self.terms.transform(data.texts[field.name])

    def directions(self, number: int) -> NDArray[np.float32]:
        """float32 (V, D): the leading right singular vectors of the rows with text."""
        width, rows = self.matrix.shape[1], int(self.real.sum())
        if width <= number or rows <= number:
            return np.eye(width, min(width, number), dtype=np.float32)
        state = seeds.number(self.job.seed, f"directions {self.field.name}") % 2**32
        fitted = TruncatedSVD(number, random_state=state).fit(self.matrix[self.real])
        found: NDArray[np.float32] = fitted.components_.T.astype(np.float32)
        return found

    def line(self, goal: str, outcome: Outcome) -> tuple[_linear.Linear | None, Floats]:
        """What a linear model on the text says: the model of all rows, and out-of-fold words (n, K)."""
        job, rows = self.job, self.chosen[self.real]
        known = lesson(job, goal, rows, outcome.kind)
        groups = folded(job, rows, self.folds, f"folds {self.field.name}")
        enough = len(known.rows) >= FEWEST and len(np.unique(groups)) == self.folds
        if not enough or outcome.classes > MOST_CLASSES or len(np.unique(known.values)) < 2:
            return None, np.zeros((0, 0))
        matrix = self.matrix[self.real]
        model = self._best(matrix, known, goal, outcome)
        words = np.full((len(self.chosen), max(1, outcome.classes)), np.nan)
        inside = np.zeros((len(rows), words.shape[1]))
        for fold in range(self.folds):
            learned = groups[known.rows] != fold
            part = Lesson(known.rows[learned], known.values[learned], known.weight[learned])
            other = _linear.single(matrix[part.rows], part, outcome, model.strength)
            inside[groups == fold] = said(other, matrix[groups == fold])
        words[self.real] = inside
        return model, words

    def _best(self, matrix: sp.csr_matrix, known: Lesson, goal: str, outcome: Outcome) -> _linear.Linear:
        job = self.job
        check = job.data.rows(job.val)
        kept = np.flatnonzero(present(check, self.field) & job.data.targets[goal].mask[job.val])
        texts = check.rows(kept).texts[self.field.name]
        checked = _linear.Checked(self.terms.transform(texts), job.val[kept])
        strengths = INVERSE if outcome.classes else PENALTIES
        return _linear.fit(matrix[known.rows], known, outcome, checked, strengths)[0]


def said(line: _linear.Linear, matrix: sp.csr_matrix) -> Floats:
    """What a linear model says, as log-probabilities (N, K) or a value (N, 1)."""
    values = line.say(matrix)
    if values.shape[1] == 1:
        return values
    values = values - values.max(1, keepdims=True)
    logs: Floats = values - np.log(np.exp(values).sum(1, keepdims=True))
    return logs
