"""Several labels a row through learners, runs, the command line, the report and the bundle."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn import metrics as reference
from sklearn.linear_model import LogisticRegression

import sensorium
from command_line import own_store, sensorium_of  # noqa: F401 - a fixture
from contract._table import FIELDS, TRAIN, made
from sensorium.members import _questions, _wood
from sensorium.members._base import Floats, Goal, Job, Rows
from sensorium.members.forest import Forest
from sensorium.members.linear import Linear
from sensorium.members.trees import Trees
from sensorium.metrics._diagnose_sets import label_scores
from sensorium.table.prepared import Prepared
from sensorium.tasks.multilabel import Multilabel

NAMES = ["comedy", "crime", "drama", "war"]
RUNGS = ["linear", "trees", "numbers alone (linear)", "categories alone (linear)", "mean", "ensemble"]


def job(score: bool = True) -> Job:
    """The made-up table of members: label k shows in the inputs, another one in no input."""
    data, label, amount = made()
    cells = [
        [n for n, here in zip("abcd", (k == 0, k != 1, amount[r] > 4, r % 7 == 0), strict=True) if here]
        for r, k in enumerate(label)
    ]
    task = Multilabel()
    facts = task.fit([cells[r] for r in range(TRAIN)], "tags")
    target = task.target([*cells[:-1], None], facts, "tags")

    def likely(numbers: Floats, rows: Rows) -> float:
        return -float(np.logaddexp(0, np.where(target.values[rows] > 0, -numbers, numbers)).mean())

    full = Prepared(data.numbers, data.inputs, data.texts, {"tags": target})
    goal = Goal("multilabel", {}, facts, likely if score else None)
    return Job(FIELDS, full, np.arange(TRAIN), np.arange(TRAIN, len(data)), {"tags": goal}, seed=3)


def test_a_label_is_a_question_of_its_own_and_answers_come_back_in_the_labels_places() -> None:
    asked = _questions.asked(job())
    counts = job().goals["tags"].facts["counts"]
    places = [int(name.split(_questions.BETWEEN)[1]) for name in asked.goals]
    assert [counts[place] for place in places] == sorted(counts, reverse=True)
    said = {name: np.array([[0.0, float(p)]]) for name, p in zip(asked.goals, places, strict=True)}
    assert _questions.joined(said)["tags"].tolist() == [[0.0, 1.0, 2.0, 3.0]]


def test_the_linear_member_is_one_logistic_regression_for_each_label() -> None:
    given = job(score=False)
    member = Linear.fit(given, hide=0.0)
    matrix = member.wide.matrix(given.data)
    values = given.data.targets["tags"].values
    found = member.numbers(given.data).values["tags"]
    for place in range(4):
        own = LogisticRegression(C=0.3, tol=1e-6, max_iter=2000).fit(matrix[:TRAIN], values[:TRAIN, place])
        np.testing.assert_allclose(found[:, place], own.decision_function(matrix), atol=0.1)


@pytest.mark.parametrize("kind", [Linear, Trees, Forest])
def test_a_learner_of_several_labels_beats_their_shares_and_survives_saving(kind: Any) -> None:
    given = job()
    few = {"trees": 30} if kind is Forest else {}
    member = kind.fit(given, **few)
    said = member.numbers(given.data)
    rows = given.val[given.data.targets["tags"].mask[given.val]]
    score = given.goals["tags"].score
    assert score is not None
    prior = np.tile(given.goals["tags"].prior(), (len(rows), 1))
    assert score(said.values["tags"][rows], rows) > score(prior, rows) + 0.1
    again = kind.restore(*member.state()).numbers(given.data)
    np.testing.assert_array_equal(again.values["tags"], said.values["tags"])
    same = kind.fit(given, like=member, **few).numbers(given.data).values["tags"]
    assert np.abs(same - said.values["tags"]).mean() < 0.5


def test_trees_learn_the_most_common_labels_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wood, "MOST_QUESTIONS", 2)
    given = job()
    member = Trees.fit(given)
    assert member.notes == ("tags: its 2 most common labels have trees; of the others they say the share",)
    found, counts = member.numbers(given.data).values["tags"], given.goals["tags"].facts["counts"]
    spread = np.ptp(found, axis=0)
    assert (spread > 0).tolist() == [n >= sorted(counts)[-2] for n in counts]
    share = np.array(counts) / TRAIN
    rare = spread == 0
    np.testing.assert_allclose(1 / (1 + np.exp(-found[0, rare])), share[rare], atol=0.03)


def test_what_is_told_of_each_label_equals_the_reference() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((80, 3)) < [0.2, 0.5, 0.3]).astype(np.uint8)
    answer = np.clip(np.round(0.3 + 0.4 * truth + rng.normal(0, 0.3, truth.shape), 1), 0, 1)
    weight = rng.integers(1, 4, 80).astype(float)
    found = label_scores(truth, answer, weight, ["x", "y", "z"], [0.5, 0.4, 0.3])
    assert [one.label for one in found.labels] == ["y", "z", "x"]
    for one in found.labels:
        place = "xyz".index(str(one.label))
        precision, recall, f1, _ = reference.precision_recall_fscore_support(
            truth[:, place], answer[:, place] >= 0.5, sample_weight=weight, average="binary"
        )
        support = weight @ truth[:, place]
        average = reference.average_precision_score(truth[:, place], answer[:, place], sample_weight=weight)
        assert (one.precision, one.recall, one.f1, one.support, one.average_precision) == pytest.approx(
            (precision, recall, f1, support, average)
        )
        right = reference.precision_recall_curve(truth[:, place], answer[:, place], sample_weight=weight)
        pairs = {(round(r, 9), round(p, 9)) for p, r in zip(right[0], right[1], strict=True)}
        assert {(round(r, 9), round(p, 9)) for r, p in found.curves[str(one.label)][1:]} <= pairs


def rows(count: int = 160, seed: int = 0) -> list[dict[str, Any]]:
    """Labels that follow a number and a category; some cells miss, one is broken, some rows have no label."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        age, kind = float(np.round(rng.normal(), 3)), "abc"[int(rng.integers(3))]
        odds = [2 * age, -1.5 + 2 * (kind == "a"), -2.0 + 1.5 * (kind == "b"), -2.5 - age]
        here = rng.random(4) < 1 / (1 + np.exp(-np.array(odds)))
        row: dict[str, Any] = {"age": age, "kind": kind}
        row["tags"] = [n for n, yes in zip(NAMES, here, strict=True) if yes]
        row["age"] = None if number % 11 == 5 else age
        row["tags"] = None if number % 19 == 7 else row["tags"]
        row["split"] = ("train", "train", "train", "val", "test")[number % 5]
        made.append(row)
    return made


def written(folder: Path, kind: str) -> Path:
    path, given = folder / f"table.{kind}", rows()
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(given), path)
        return path
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(given[0])
        for number, row in enumerate(given):
            cells = ["" if c is None else json.dumps(c) if isinstance(c, list) else c for c in row.values()]
            writer.writerow(
                ["broken" if number == 3 and n == "age" else c for n, c in zip(row, cells, strict=True)]
            )
    return path


@pytest.mark.filterwarnings("ignore::sensorium.predict.CorruptCells")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_of_several_labels_runs_from_end_to_end(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = written(tmp_path, kind), tmp_path / "run"
    rungs = f"train.rungs={json.dumps(RUNGS)}"
    assert sensorium_of(monkeypatch, "train", table, "--target", "tags", "--out", out, "--set", rungs) == 0
    shown = capsys.readouterr().out
    assert "micro F1" in shown
    assert "macro F1 of labels" in shown
    measured = json.loads((out / "metrics.json").read_text())["targets"]["tags"]
    assert measured["score"] == "f1_micro"
    values = {n: c["f1_micro"]["value"] for n, c in measured["candidates"].items()}
    assert {"prior", "linear", "trees", "mean", "ensemble"} <= set(values)
    assert values["ensemble"] > values["prior"] + 0.1
    page = (out / "report.html").read_text()
    assert "Precision and recall" in page
    assert "average precision, %" in page
    assert sensorium_of(monkeypatch, "evaluate", out, table) == 0
    assert "threshold" in capsys.readouterr().out
    answers = tmp_path / "answers.csv"
    assert sensorium_of(monkeypatch, "predict", out, table, "--out", answers) == 0
    with answers.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == ["tags", *(f"tags.p.{n}" for n in NAMES), "tags.missing"]
    assert len(found) == 160
    facts = json.loads((out / "bundle" / "facts.json").read_text())["targets"]["tags"]
    thresholds = facts.get("thresholds", [0.5] * 4)
    for row in found:
        said = [n for n, t in zip(NAMES, thresholds, strict=True) if float(row[f"tags.p.{n}"]) >= t]
        assert json.loads(row["tags"]) == said
    assert any(row["tags.missing"] == "age" for row in found)


@pytest.fixture(scope="module")
def learner() -> sensorium.Learner:
    plan = {"train": {"rungs": RUNGS, "refit": False}, "targets": {"tags": {"score": "f1_macro_sets"}}}
    return sensorium.Learner("tags", plan=plan).fit(rows())


def test_python_answers_lists_and_probabilities_the_same_alone_and_after_saving(
    learner: sensorium.Learner, tmp_path: Path
) -> None:
    asked = [{n: row[n] for n in ("age", "kind")} for row in rows()]
    said, shares = learner.predict(asked), learner.predict_proba(asked)
    assert said.shape == (160,)
    assert all(isinstance(one, list) for one in said)
    assert learner.classes == NAMES
    assert shares.shape == (160, 4)
    assert learner.predict(asked[3:4]).tolist() == [said[3]]
    np.testing.assert_allclose(learner.predict_proba(asked[3:4])[0], shares[3], atol=1e-6)
    learner.save(tmp_path / "bundle")
    again = sensorium.load(tmp_path / "bundle", verify=True)
    assert again.predict(asked).tolist() == said.tolist()


def test_an_ensemble_settles_thresholds_that_the_bundle_holds(learner: sensorium.Learner) -> None:
    facts = learner._target_facts()
    assert len(facts["thresholds"]) == 4
    assert min(facts["thresholds"]) < 0.45
    asked = [{n: row[n] for n in ("age", "kind")} for row in rows()]
    shares = learner.predict_proba(asked)
    said = [[n for n, p, t in zip(NAMES, r, facts["thresholds"], strict=True) if p >= t] for r in shares]
    assert learner.predict(asked).tolist() == said


def test_a_row_with_no_cell_is_answered_by_the_labels_shares(learner: sensorium.Learner) -> None:
    shares = learner.predict_proba([{"age": None, "kind": None}])[0]
    given = [r["tags"] for r in rows() if r["split"] == "train" and r["tags"] is not None]
    np.testing.assert_allclose(shares, [np.mean([n in one for one in given]) for n in NAMES], atol=1e-6)
