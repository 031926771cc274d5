"""What the ladder's rungs are called, what they cost, and which plans have none like it."""

from collections.abc import Container, Iterable, Sequence

from sensorium.decide import decisions
from sensorium.errors import PlanError, unknown
from sensorium.fit_facts import task_of
from sensorium.members.decided import check
from sensorium.members.forest import Forest
from sensorium.members.linear import Linear
from sensorium.members.trees import Trees
from sensorium.modalities import modalities
from sensorium.model import ahead, layout_of, modality_of
from sensorium.plan import Choice, Plan
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
LABELS = 10
"""Trees of several labels a row take at most so many times what one target takes: their number is bounded."""
TEXT_COLUMNS = 60
"""Columns that a text becomes for trees."""
FEATURES_COST, FUSION_COST, LIGHT_COST = 0.4, 1.5, 0.25
FEATURES_SHARE, FUSION_SHARE = 0.5, 0.8
"""Of the usual number of epochs: encoders that only make features; a fusion that starts from trained ones."""
FUSION, SEED, FOLDS, STACK = "fusion ({})", "{} (seed {})", "{} (folds)", "stack"
"""Another fusion than the plan's; the one that is ahead from other first weights; one made of folds' members;
what learns from the latter's answers out of fold."""
FUSIONS = ("concat", "gate", "low_rank")
"""What effort best tries beside the plan's fusion: cheap ones that are unlike in kind."""
ROUND, WITHOUT = "fusion round {}: {}", " without {}"
"""A stretch of the fusions' training, in the budget; a network that learns once more without an input."""
BAG_SHARE = 0.5
"""Of the usual number of epochs: fusions of folds."""
SEEDS, LEFT = 3, 2
"""How often effort best trains the fusion that is ahead; how many fusions train to the end."""


def costs(plan: Plan) -> dict[str, float]:
    """What each network that the plan wants costs, relative to one single-input network over media."""
    media = {n for n, i in plan.inputs.items() if modalities.get(i.modality.name).media}
    alone = {n: 1.0 if n in media else LIGHT_COST for n in plan.inputs}
    if plan.train.effort == "fast":
        return {"fusion": 1.0} | _without_costs(plan, 1.0, alone, ())
    found = {f"{n} alone": cost for n, cost in alone.items()}
    if len(plan.inputs) > 1:
        found["fusion"] = FUSION_COST * sum(alone.values()) * FUSION_SHARE
    wanted = plan.train.rungs
    found = {name: cost for name, cost in found.items() if wanted is None or name in wanted}
    folds = media if wanted is None or "features" in wanted else set[str]()
    if bags(plan) or any(decisions.get(rule.name).learns for rule in late_rules(plan).values()):
        folds = set(plan.inputs)
    for fold in range(num_folds(plan)):
        found |= {f"features {fold}: {n}": FEATURES_COST * alone[n] for n in plan.inputs if n in folds}
    fusion = found.get("fusion")
    if fusion is None:
        return found
    return found | _fusion_costs(plan, fusion) | _without_costs(plan, fusion, alone, found)


def _fusion_costs(plan: Plan, whole: float) -> dict[str, float]:
    """What fusions beside the plan's, seeds and folds cost; whole: one fusion."""
    found, before = dict[str, float](), 0.0
    tried = len(tried_fusions(plan))
    for number, (until, count) in enumerate(rounds(1 + tried) if tried else ()):
        found |= {ROUND.format(number, place): whole * (until - before) for place in range(count)}
        before = until
    if found:
        found["fusion"] = 0.0
    found |= {SEED.format("fusion", seed): whole for seed in range(1, num_seeds(plan))}
    if bags(plan):
        number = num_folds(plan)
        share = BAG_SHARE / FUSION_SHARE * (number - 1) / number
        found |= {f"fusion fold {fold}": whole * share for fold in range(number)}
    return found


def _without_costs(
    plan: Plan, whole: float, alone: dict[str, float], there: Container[str]
) -> dict[str, float]:
    """What training again without each input costs: a fusion, or of two inputs the other's network if it is
    not there."""
    if not retrains(plan):
        return {}
    total, found = sum(alone.values()), dict[str, float]()
    for name, cost in alone.items():
        rest = [n for n in alone if n != name]
        base = "fusion" if len(rest) > 1 else f"{''.join(rest)} alone"
        if rest and (base == "fusion" or base not in there):
            found[base + WITHOUT.format(name)] = whole * (total - cost) / total
    return found


def rounds(count: int) -> list[tuple[float, int]]:
    """(share of the steps until which they train, how many do) of so many fusions: half go on each time.

    Successive halving (Jamieson and Talwalkar, AISTATS 2016); early scores are noise on few rows, so the
    stops are evenly spread and LEFT fusions train to the end.
    """
    left = [count]
    while left[-1] > LEFT:
        left.append(max(LEFT, -(-left[-1] // 2)))
    return [((place + 1) / (len(left) + 1), some) for place, some in enumerate(left[:-1])] + [(1.0, left[-1])]


def best(plan: Plan) -> bool:
    """Whether the plan's effort is ``best``."""
    return plan.train.effort == "best"


def tried_fusions(plan: Plan) -> dict[str, Choice]:
    """{rung: fusion} of those that are tried beside the plan's own."""
    asked = plan.train.fusions
    if asked is None:
        asked = tuple(Choice(name) for name in FUSIONS if name != plan.fusion.name) if best(plan) else ()
    return {FUSION.format(label): one for label, one in labelled(asked).items() if one != plan.fusion}


def labelled(asked: Iterable[Choice]) -> dict[str, Choice]:
    """{what a component is called: it}: its name, and a number where another one has that already."""
    found: dict[str, Choice] = {}
    for one in asked:
        count = sum(other.name == one.name for other in found.values())
        found[f"{one.name} {count + 1}" if count else one.name] = one
    return found


def num_seeds(plan: Plan) -> int:
    """How often the fusion that is ahead is trained: as asked, else once, at effort best SEEDS times."""
    return plan.train.seeds or (SEEDS if best(plan) else 1)


def bags(plan: Plan) -> bool:
    """Whether members are also trained on folds: as asked, else at effort best."""
    return best(plan) if plan.train.bag is None else plan.train.bag


def retrains(plan: Plan) -> bool:
    """Whether what inputs add is told by training without them: as asked, else at effort best."""
    return best(plan) if plan.train.retrain is None else plan.train.retrain


def linear_rule(plan: Plan) -> str | None:
    """The linear decision rule that learns and decides all targets of the plan, or None."""
    kinds = {task_of(asked).trees for asked in plan.targets.values()}
    if kinds == {"classify"}:
        return "stack_logistic"
    return "stack_ridge" if kinds == {"regress"} else None


def late_rules(plan: Plan) -> dict[str, Choice]:
    """{rung: decision rule}: those of train.late, then those that the plan's rungs name besides."""
    asked, rule = plan.train.late, linear_rule(plan)
    if asked is None:
        wanted = best(plan) and plan.train.rungs is None and len(plan.inputs) > 1 and rule is not None
        asked = (Choice(rule),) if wanted and rule is not None else ()
    found = {LATE.format(label): one for label, one in labelled(asked).items()}
    known = {LATE.format(name): Choice(name) for name in decisions.names()}
    return found | {n: known[n] for n in plan.train.rungs or () if n in known and n not in found}


def num_folds(plan: Plan) -> int:
    """Out-of-fold folds of what feeds another learner: as asked, else 3, at effort best 5."""
    return plan.train.folds or (5 if best(plan) else 3)


def learner_seconds(kind: str, rows: int, fields: Sequence[Field], labels: int = 1) -> float:
    """What trees may take on one core, before any of their kind were grown. labels: of a row, see LABELS.

    20 numbers took boosted trees 11.5 s for 100,000 rows and averaged ones 6.9 s for 20,000.
    """
    width = sum(TEXT_COLUMNS if f.kind == "words" else f.features for f in fields)
    whole, most = (12.0, 100_000) if kind == "trees" else (7.0, 20_000)
    return whole * min(1.0, rows / most) * min(2.0, max(0.2, width / 20)) * min(labels, LABELS)


def check_rungs(plan: Plan) -> None:
    """Raises PlanError for a name in ``train.rungs`` that no ladder over these inputs and targets has, and
    for a decision rule that cannot decide a target."""
    kinds = [
        "prior",
        *LEARNERS,
        *map(TABLE.format, LEARNERS),
        "fusion",
        "features",
        "mean",
        "ensemble",
        STACK,
    ]
    rules = late_rules(plan)
    late = list(dict.fromkeys([*map(LATE.format, decisions.names()), *rules]))
    alone = [
        f"{n} alone{kind}"
        for n in plan.inputs
        for kind in ("", *(f" ({k})" for k in (*(k for k in LEARNERS if k not in WHOLE), "ensemble")))
    ]
    for name in plan.train.rungs or ():
        if name not in (*kinds, *alone, *late):
            raise unknown("rung", name, [*kinds, *alone, *late], "train.rungs")
    for rung, rule in rules.items():
        where = "train.late" if rule in (plan.train.late or ()) else f"train.rungs: {rung}"
        for target, asked in plan.targets.items():
            check(rule.name, target, task_of(asked).trees, where)


def check_cutmix(ask: Climb) -> None:
    """Raises PlanError when cutmix is asked for and no network sees an input of pictures."""
    if ask.plan.train.cutmix <= 0:
        return
    frozen = []
    for name, asked in ask.plan.inputs.items():
        facts = [ask.facts["inputs"][name][column] for column in asked.columns]
        told = modality_of(asked).describe(facts, layout_of(asked))
        if told["layout"] == "grid" and not told["timed"]:
            if ahead(asked) is None:
                return
            frozen.append(name)
    if frozen:
        raise PlanError(
            f"train.cutmix: swaps parts of pictures, and the encoders of {', '.join(frozen)} are frozen: "
            "their features are made before training, so nothing would be swapped. Set it to 0, use "
            "train.mixup, or choose an encoder that learns."
        )
    raise PlanError(
        "train.cutmix: expected an input of pictures, parts of which it swaps; there is none. "
        "Set it to 0, or use train.mixup."
    )
