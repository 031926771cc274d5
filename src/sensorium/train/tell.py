"""A run in numbers and words: the report of every candidate, and the verdict."""

from collections.abc import Mapping
from pathlib import Path

from sensorium import seeds
from sensorium.corrupt import in_words
from sensorium.evaluate import Judge, evaluate_target, judge
from sensorium.fit_facts import notes, task_of
from sensorium.members._base import Floats
from sensorium.plan import TargetPlan
from sensorium.predict import Predictor, gaps, tell_corrupt, with_prior
from sensorium.prepare import corrupt_cells
from sensorium.results import EACH_FOLD, Report, TargetResult
from sensorium.store import Store
from sensorium.subsets import Asked
from sensorium.table.missingness import Missingness
from sensorium.table.table import Table
from sensorium.train.bands import with_band
from sensorium.train.division import groups_of
from sensorium.train.left_out import check_labelled, few_rows, not_read, unlabelled
from sensorium.train.missing import missingness_of, scored_subsets, with_subsets
from sensorium.train.run import Run
from sensorium.train.verdict import Retrained, verdict
from sensorium.types import Facts


def metric_names(asked: TargetPlan) -> list[str]:
    """The task's metrics, the one that chooses first."""
    return list(dict.fromkeys([asked.score, *task_of(asked).metrics]))


def report_of(run: Run) -> Report:
    """What the ladder scores on the test rows, with the verdict on fusing."""
    targets = {n: _result(run, n, asked) for n, asked in run.plan.targets.items()}
    return Report(
        run.split, len(run.measured.rows), run.seconds, targets,
        corrupt=tuple(run.corrupt), notes=(*few_rows(targets), *remarks(run)),
        doctor=run.done.doctor,
    )  # fmt: skip


def _result(run: Run, name: str, asked: TargetPlan) -> TargetResult:
    found, facts = run.measured, run.facts["targets"][name]
    groups = None if run.groups is None else run.groups[found.rows]
    known = judge(task_of(asked), facts, found.targets[name], found.weight, groups, found.rows)
    names = metric_names(asked)
    rng = seeds.generator(run.plan.seed, f"bootstrap {name}")
    hidden = {n: values[name] for n, values in found.without.items()}
    crossed = found.folds > 1
    reports = {}
    for candidate, values in found.candidates.items():
        ships = candidate == found.chosen_name
        own, gone = found.present if ships else None, hidden if ships and not crossed else None
        reports[candidate] = evaluate_target(known, values[name], names, rng, own, gone)
    if crossed:
        reports[EACH_FOLD] = evaluate_target(known, found.chosen[name], names, rng, found.present, hidden)
    each = EACH_FOLD if crossed else found.chosen_name
    for candidate, bands in found.bands.items():
        if candidate in reports and name in bands:
            reports[candidate] = with_band(reports[candidate], known, bands[name], rng)
    inputs, seed = list(run.plan.inputs), run.plan.seed
    reports[each] = scored_subsets(reports[each], known, found.drawn, found.subsets, inputs, name, seed)
    told = _verdict(run, asked, known)
    return TargetResult(asked.score, reports, found.chosen_name, told, run.missingness.get(name))


def _verdict(run: Run, asked: TargetPlan, known: Judge) -> Facts:
    name, found = asked.name, run.measured
    single = None
    if found.single is not None and found.single_name is not None:
        single = (found.single_name, found.single[name])
    without: dict[str, Floats] | Retrained = {n: values[name] for n, values in found.without.items()}
    if found.recipe is not None:
        less = {n: values[name] for n, values in found.retrained.items()}
        without = Retrained(found.recipe[name], less)
    rng = seeds.generator(run.plan.seed, f"verdict {name}")
    told = verdict(
        known, asked.score, found.chosen[name], single, without, list(run.plan.inputs), rng, found.reads
    )
    if found.folds > 1:
        told["sentence"] = (
            f"{told['sentence']}; chosen in each of {found.folds} folds, while `{found.chosen_name}` ships"
        )
    why, trained = run.done.skipped.get("fusion"), any(n.startswith("fusion") for n in run.done.candidates)
    if why is not None and not trained and len(run.plan.inputs) > 1:
        told["sentence"] = f"learned fusion was not trained ({why}); {told['sentence']}"
    return told


def evaluated(
    predictor: Predictor, table: Table, *, store: Store | None = None, seconds: float = 0.0,
    on_corrupt: str = "missing", cells: str | Path | None = None,
) -> Report:  # fmt: skip
    """A report of a predictor on a table that has the targets, with what missing inputs do."""
    data = predictor.prepare(table, answering=False, store=store)
    check_labelled(data.targets, table.source)
    corrupt = list(corrupt_cells(data))
    tell_corrupt(predictor, table, corrupt, on_corrupt, cells, warn=False)
    plan, member, facts = predictor.plan, predictor.member, predictor.facts
    reads = member.inputs if len(member.inputs) > 1 else ()
    asked = Asked(data, [frozenset([n]) for n in reads])
    whole = with_prior(asked.of(member), facts).values
    hidden = {n: with_prior(asked.of(member, frozenset([n])), facts).values for n in reads}
    drawn, subsets = with_subsets(member, facts, data, plan.seed)
    groups = groups_of(plan, table)
    found = missingness_of(plan, facts, data, groups)
    targets = {}
    for name, wanted in plan.targets.items():
        known = judge(
            task_of(wanted), facts["targets"][name], data.targets[name], data.weight,
            None if groups is None else groups[data.numbers], data.numbers,
        )  # fmt: skip
        report = evaluate_target(
            known, whole[name], metric_names(wanted), seeds.generator(plan.seed, f"bootstrap {name}"),
            {n: data.present(n) for n in plan.inputs}, {n: values[name] for n, values in hidden.items()},
        )  # fmt: skip
        band = known.task.band(whole[name], gaps(plan, data, member.inputs), facts["targets"][name])
        if band is not None:
            report = with_band(report, known, band, seeds.generator(plan.seed, f"bands {name}"))
        report = scored_subsets(report, known, drawn, subsets, list(plan.inputs), name, plan.seed)
        targets[name] = TargetResult(wanted.score, {"shipped": report}, "shipped", missingness=found[name])
    notes = (*few_rows(targets), *unlabelled(data.targets), *in_words(corrupt, table))
    notes += (*told_missingness(found),)
    return Report("given", len(data), seconds, targets, corrupt=tuple(corrupt), notes=notes)


def remarks(run: Run) -> list[str]:
    """What to tell beside the scores: corrupt cells, missingness, unused columns, leaks, rungs, notes."""
    said = in_words(run.corrupt, run.table, run.plan.on_corrupt == "drop")
    said += [f"test table: {one}" for one in in_words(run.corrupt_test, run.test)]
    said += told_missingness(run.missingness)
    said += not_read(run.plan, run.done.chosen, run.predictor.member.inputs)
    said += [f"column {name!r} is not used: {why}" for name, why in run.inference.dropped().items()]
    said += notes(run.plan, run.facts)
    said += [leak.text(run.searched or run.table) for leak in run.leaks]
    reasons: dict[str, list[str]] = {}
    for rung, why in run.done.skipped.items():
        reasons.setdefault(why, []).append(rung)
    said += [f"not climbed ({why}): {', '.join(rungs)}" for why, rungs in reasons.items()]
    return [*said, *dict.fromkeys(run.notes)]


def told_missingness(found: Mapping[str, Missingness | None]) -> list[str]:
    """A sentence for each target that missing cells predict."""
    return [one.text(name) for name, one in found.items() if one is not None and one.tells]
