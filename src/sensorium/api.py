"""The Python door: Learner, load, Report. No maths."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sensorium import bundle as bundles
from sensorium.bundle import Bundle
from sensorium.errors import PlanError, SensoriumError
from sensorium.fit_facts import check_targets, task_of
from sensorium.infer import Inference
from sensorium.load_table import load_table, roots_of
from sensorium.plan import Plan
from sensorium.predict import check_on_corrupt
from sensorium.report.files import card, write_run
from sensorium.report.page import evaluation_page, write_page
from sensorium.results import Report
from sensorium.store import Store, default_store
from sensorium.table.table import Table
from sensorium.train.asked import count_of, path_of, texts_of
from sensorium.train.compare import compare
from sensorium.train.comparison import Comparison
from sensorium.train.fill import Filling, fill
from sensorium.train.folder import check_folder
from sensorium.train.run import Request, Run, planned, run
from sensorium.train.tell import evaluated, remarks, report_of
from sensorium.types import Facts, Json


class Learner:
    """Learns a target column of a table from all its other columns, and answers for new tables.

    target: a column, or several. plan: a plan, whole or in part, as dict or YAML path. sets: changes to
    it, ``"train.epochs=5"``. effort: ``fast``, ``good`` or ``best``. time_limit: seconds, or ``"10m"``.
    seed: one for everything. roots: folders besides the table's own in which media may lie. verify_store:
    compare the content of every file with what the store has prepared of it, whatever its times say.
    """

    def __init__(
        self,
        target: str | Sequence[str] = (),
        *,
        plan: Mapping[str, Json] | str | Path | None = None,
        sets: Sequence[str] = (),
        effort: str | None = None,
        time_limit: float | str | None = None,
        seed: int | None = None,
        roots: Sequence[str | Path] = (),
        verify_store: bool = False,
    ) -> None:
        self.target = texts_of(target, "target", "the name of a column")
        self.plan, self.effort = plan, effort
        self.sets = texts_of(sets, "sets", "a text such as 'train.epochs=5'")
        self.time_limit, self.seed = time_limit, seed
        self.roots, self.verify_store = roots_of(roots), verify_store
        self.run: Run | None = None
        self.report: Report | None = None
        self._bundle: Bundle | None = None

    def fit(
        self, table: object, *, test: object = None, out: str | Path | None = None, resume: bool = False,
        overwrite: bool = False,
    ) -> Self:  # fmt: skip
        """Train the ladder on a table (a path, several paths, or a frame) and keep what is best.

        test: rows to report on; without them a part of the table is held out. out: a folder for the
        run's files: new, empty, or a run's. resume: go on from the state in ``out``. overwrite: replace the
        run that is there. Raises DataError and PlanError.
        """
        folder = None if out is None else path_of(out, "out", "a folder, which may be new")
        if folder is not None:  # before hours of training, not after
            check_folder(folder, resume=resume, overwrite=overwrite)
            bundles.check_free((folder / "bundle").resolve())
        elif resume:
            raise PlanError("resume: there is no run to go on with; name its folder as out.")
        self.run = run(self._request(table, test, folder, resume))
        self.report = report_of(self.run)
        told = self.report.to_dict()
        text = card(self.run, self.report)
        self._bundle = Bundle(self.run.predictor, told, text)
        if folder is not None:
            bundles.save(folder / "bundle", self._bundle, checked=True)
            write_run(folder, self.run, self.report)
        return self

    def prepare(self, table: object, *, test: object = None) -> Filling:
        """Fill the store with what ``fit`` would prepare of this table, without training; resumable.

        Returns each column's counts and the cells that cannot be read. Raises DataError and PlanError, also
        where the store cannot be written.
        """
        self._store().check()
        return fill(self._request(table, test, None, False))

    def compare(
        self, table: object, fusions: str | Sequence[str] = (), *, test: object = None,
        seeds: int | None = None,
    ) -> list[Comparison]:  # fmt: skip
        """Train every fusion (none named: all) under equal steps and seeds, and compare them on test rows.

        fusions: one name, or several. seeds: None: 1, 3 or 5 by effort. One comparison a target. Raises
        PlanError, DataError and TrainingError.
        """
        names = texts_of(fusions, "fusions", "the name of a fusion")
        many = None if seeds is None else count_of(seeds, "seeds")
        return compare(self._request(table, test, None, False), names, seeds=many)

    def planned(self, table: object) -> Plan:
        """The plan that ``fit`` would follow on this table; raises where a target cannot be learned."""
        request = self._request(table, None, None, False)
        found = planned(request).plan
        check_targets(found, request.table)
        return found

    def inferred(self, table: object) -> Inference:
        """The plan that ``fit`` would follow, with what every column is taken for and why."""
        return planned(self._request(table, None, None, False))

    def _request(self, table: object, test: object, out: Path | None, resume: bool) -> Request:
        return Request(
            self._table(table), self.target, self.plan, self.sets, self.effort, self.time_limit, self.seed,
            None if test is None else self._table(test), out, resume, self._store(),
        )  # fmt: skip

    @property
    def metrics(self) -> Facts:
        """What the run measured: the content of metrics.json."""
        return self._fitted().metrics

    @property
    def classes(self) -> list[Json]:
        """The labels of a classified target, in the order of ``predict_proba``'s columns."""
        labels: list[Json] = self._target_facts().get("labels", [])
        return labels

    def summary(self) -> str:
        """The ladder and the verdict as text. Raises SensoriumError before ``fit``."""
        if self.report is None:
            raise SensoriumError("this learner was not fitted here, so it has no report; call fit() first.")
        return str(self.report)

    def remarks(self) -> list[str]:
        """What to know beside the scores: corrupt cells, unused columns, leaks, rungs that were skipped."""
        return [] if self.run is None else remarks(self.run)

    def answers(
        self, table: object, *, on_corrupt: str = "missing", cells: str | Path | None = None
    ) -> list[dict[str, Json]]:
        """One JSON object a row, in the rows' order: answers, probabilities, and what was missing.

        on_corrupt: what to do with cells that cannot be read: ``missing`` counts them as missing, with a
        warning; ``error`` raises DataError naming the first. cells: a file in which to list them (JSON
        lines: table, column, row, path, reason).
        """
        return [*chain.from_iterable(self.stream(table, on_corrupt=on_corrupt, cells=cells))]

    def stream(
        self, table: object, *, on_corrupt: str = "missing", cells: str | Path | None = None
    ) -> Iterator[list[dict[str, Json]]]:
        """What ``answers`` gives, some thousand rows at a time: for tables larger than memory.

        What is corrupt is told, or raised, after the last rows.
        """
        predictor = self._fitted().predictor
        if isinstance(table, list) and not table:
            check_on_corrupt(on_corrupt)
            return
        store = self._store()
        pieces = predictor.pieces(self._table(table, store), on_corrupt, cells, store=store)
        yield from map(predictor.cells, pieces)

    def predict(self, table: object, *, on_corrupt: str = "missing") -> NDArray[np.generic]:
        """One answer a row, in the rows' order: (N,), or (N, targets) when there are several.

        Answers of several labels are lists, in an array of objects.
        """
        names = list(self._fitted().predictor.plan.targets)
        rows = [*chain.from_iterable(self.stream(table, on_corrupt=on_corrupt))]
        if len(names) == 1 and not any(isinstance(row[names[0]], list) for row in rows):
            return np.array([row[names[0]] for row in rows])
        whole = np.empty((len(rows), len(names)), dtype=object)
        for place, row in enumerate(rows):
            for column, name in enumerate(names):
                whole[place, column] = row[name]
        return whole if len(names) > 1 else whole[:, 0]

    def predict_proba(self, table: object, *, on_corrupt: str = "missing") -> NDArray[np.float64]:
        """Probabilities (N, K) of a classified target, or of each of several labels; columns: ``classes``.

        Raises SensoriumError when the target has no classes.
        """
        predictor, facts = self._fitted().predictor, self._target_facts()
        name = next(iter(predictor.plan.targets))
        if "labels" not in facts:
            raise SensoriumError(f"predict_proba: the target {name!r} has no classes; use predict().")
        task, found = task_of(predictor.plan.targets[name]), []
        for data in predictor.pieces(self._table(table), on_corrupt, store=self._store()):
            found.append(task.shares(predictor.numbers(data).values[name], facts))
        return np.concatenate(found)

    def evaluate(
        self, table: object, *, on_corrupt: str = "missing", cells: str | Path | None = None
    ) -> Report:
        """Metrics with 95 % bootstrap intervals on a table that has the target.

        on_corrupt, cells: as for ``answers``; what is corrupt is told in the report's notes.
        """
        predictor, rows = self._fitted().predictor, self._table(table)
        check_on_corrupt(on_corrupt)
        report = evaluated(predictor, rows, store=self._store(), on_corrupt=on_corrupt, cells=cells)
        return replace(report, page=lambda path: evaluation_page(path, predictor, rows, report))

    def save(self, folder: str | Path) -> None:
        """Write the bundle: plain files that load anywhere, without the training data."""
        bundles.save(path_of(folder, "folder", "a bundle's folder, which may be new"), self._fitted())

    def save_report(self, path: str | Path) -> None:
        """Write the report page of a fitted learner: one HTML file that needs no network."""
        if self.run is None or self.report is None:
            raise SensoriumError("this learner was not fitted here, so it has no report; call fit() first.")
        write_page(path_of(path, "path", "a page, as report.html"), self.run, self.report)

    def __getstate__(self) -> dict[str, object]:
        if self._bundle is not None:
            raise SensoriumError(
                "a fitted learner is not pickled: use save(folder) and sensorium.load(folder)."
            )
        return self.__dict__

    def _target_facts(self) -> Facts:
        predictor = self._fitted().predictor
        facts: Facts = predictor.facts["targets"][next(iter(predictor.plan.targets))]
        return facts

    def _fitted(self) -> Bundle:
        if self._bundle is None:
            raise SensoriumError("this learner is not fitted; call fit() first, or use sensorium.load().")
        return self._bundle

    def _table(self, table: object, store: Store | None = None) -> Table:
        return load_table(table, roots=self.roots, store=store or self._store())

    def _store(self) -> Store:
        return default_store(verify=self.verify_store)


def load(
    folder: str | Path,
    *,
    verify: bool = True,
    roots: Sequence[str | Path] = (),
    verify_store: bool = False,
) -> Learner:
    """A learner from a bundle, or from a run's folder. Raises BundleError when it is not whole.

    verify: check the bundle's files and golden rows. roots, verify_store: as for ``Learner``.
    """
    place = path_of(folder, "folder", "a bundle, or of a run's folder")
    found = bundles.load(bundles.bundle_in(place), verify=verify)
    learner = Learner(tuple(found.predictor.plan.targets), roots=roots, verify_store=verify_store)
    learner._bundle = found
    return learner
