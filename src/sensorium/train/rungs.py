"""What the ladder's rungs are called, what they cost, and which plans have none like it."""

from collections.abc import Sequence

from sensorium.decide import decisions
from sensorium.errors import PlanError, unknown
from sensorium.fit_facts import task_of
from sensorium.members.decided import check
from sensorium.members.forest import Forest
from sensorium.members.linear import Linear
from sensorium.members.trees import Trees
from sensorium.modalities import modalities
from sensorium.model import layout_of, modality_of
from sensorium.plan import Plan
from sensorium.table.field import Field
from sensorium.train.climb import Climb

LEARNERS: dict[str, type[Linear] | type[Trees] | type[Forest]] = {
    "linear": Linear, "trees": Trees, "forest": Forest
}  # fmt: skip
TABLE = "{} (table)"
"""A learner on all inputs but media, beside the one on all: numbers about media may drown a small table."""
WHOLE = ("forest",)
"""Learners that climb on all inputs together only: they cost much and add little on one."""
LATE = "late ({})"
"""Late fusion by a rule of the family decide; climbed only when the plan names it."""
NO_TIME = "no time was left"
TEXT_COLUMNS = 60
"""Columns that a text becomes for trees."""
FEATURES_COST, FUSION_COST, LIGHT_COST = 0.4, 1.5, 0.25
FEATURES_SHARE, FUSION_SHARE = 0.5, 0.8
"""Of the usual number of epochs: encoders that only make features; a fusion that starts from trained ones."""


def costs(plan: Plan) -> dict[str, float]:
    """What each network that the plan wants costs, relative to one single-input network over media."""
    if plan.train.effort == "fast":
        return {"fusion": 1.0}
    media = {n for n, i in plan.inputs.items() if modalities.get(i.modality.name).media}
    found = {f"{n} alone": 1.0 if n in media else LIGHT_COST for n in plan.inputs}
    if len(plan.inputs) > 1:
        found["fusion"] = FUSION_COST * sum(found.values()) * FUSION_SHARE
    wanted = plan.train.rungs
    found = {name: cost for name, cost in found.items() if wanted is None or name in wanted}
    if wanted is None or "features" in wanted:
        for fold in range(num_folds(plan)):
            found |= {f"features {fold}: {n}": FEATURES_COST for n in media}
    if any(decisions.get(rule).learns for rule in late_rules(plan)):
        for fold in range(num_folds(plan)):
            found |= {
                f"features {fold}: {n}": FEATURES_COST * (1.0 if n in media else LIGHT_COST)
                for n in plan.inputs
            }
    return found


def late_rules(plan: Plan) -> list[str]:
    """The decision rules that the plan's rungs name, in their order."""
    known = {LATE.format(rule): rule for rule in decisions.names()}
    return list(dict.fromkeys(known[name] for name in plan.train.rungs or () if name in known))


def num_folds(plan: Plan) -> int:
    """Out-of-fold folds of what feeds another learner: as asked, else 3, at effort best 5."""
    return plan.train.folds or (5 if plan.train.effort == "best" else 3)


def learner_seconds(kind: str, rows: int, fields: Sequence[Field]) -> float:
    """What trees may take on one core, before any of their kind were grown.

    20 numbers took boosted trees 11.5 s for 100,000 rows and averaged ones 6.9 s for 20,000.
    """
    width = sum(TEXT_COLUMNS if f.kind == "words" else f.features for f in fields)
    whole, most = (12.0, 100_000) if kind == "trees" else (7.0, 20_000)
    return whole * min(1.0, rows / most) * min(2.0, max(0.2, width / 20))


def check_rungs(plan: Plan) -> None:
    """Raises PlanError for a name in ``train.rungs`` that no ladder over these inputs and targets has."""
    kinds = ["prior", *LEARNERS, *map(TABLE.format, LEARNERS), "fusion", "features", "mean", "ensemble"]
    late = [LATE.format(rule) for rule in decisions.names()]
    alone = [
        f"{n} alone{kind}"
        for n in plan.inputs
        for kind in ("", *(f" ({k})" for k in (*(k for k in LEARNERS if k not in WHOLE), "ensemble")))
    ]
    for name in plan.train.rungs or ():
        if name not in (*kinds, *alone, *late):
            raise unknown("rung", name, [*kinds, *alone, *late], "train.rungs")
    for rule in late_rules(plan):
        for target, asked in plan.targets.items():
            check(rule, target, task_of(asked).trees, f"train.rungs: {LATE.format(rule)}")


def check_cutmix(ask: Climb) -> None:
    """Raises PlanError when cutmix is asked for and no input is made of pictures."""
    if ask.plan.train.cutmix <= 0:
        return
    for name, asked in ask.plan.inputs.items():
        facts = [ask.facts["inputs"][name][column] for column in asked.columns]
        told = modality_of(asked).describe(facts, layout_of(asked))
        if told["layout"] == "grid" and not told["timed"]:
            return
    raise PlanError(
        "train.cutmix: expected an input of pictures, parts of which it swaps; there is none. "
        "Set it to 0, or use train.mixup."
    )
