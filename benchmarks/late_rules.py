"""Decision rules on made-up members whose faults are known: accuracy in % and log loss of fresh rows.

Run: python benchmarks/late_rules.py
"""

import numpy as np
from numpy.typing import NDArray

from sensorium.decide import decisions
from sensorium.decide._base import Known, Learned, Voices
from sensorium.members._base import Floats, Goal, Numbers

LEARNED, ASKED, CLASSES = 600, 5_000, 3
PRIOR = {"skewed": [0.8, 0.15, 0.05]}
CASES = ("independent", "skewed", "noise", "overconfident", "missing", "exclusive")


def made(
    case: str, rows: int, rng: np.random.Generator
) -> tuple[dict[str, Numbers], NDArray[np.int64], Floats]:
    """What three members say of some rows, the truth, and the prior's logarithms."""
    prior = np.array(PRIOR.get(case, [1 / CLASSES] * CLASSES))
    truth = rng.choice(CLASSES, rows, p=prior)
    if case == "exclusive":  # two of the members see one bit each; the label says whether they differ
        bits = rng.integers(0, 2, (2, rows))
        truth = bits[0] ^ bits[1]
        prior = np.array([0.5, 0.5, 1e-6])
    said = {}
    for place, name in enumerate("abc"):
        heard = np.ones(rows, bool)
        if case == "exclusive":
            logs = np.eye(CLASSES)[bits[place]] * 2.0 if place < 2 else np.zeros((rows, CLASSES))
            logs = logs + rng.normal(0, 0.3, logs.shape)
            logs[:, 2] = np.log(1e-6)  # there is no third class
        else:  # Bayes' rule on an observation, independent of the others given the class
            seen = truth if case != "noise" or place < 2 else rng.integers(0, CLASSES, rows)
            observed = 1.3 * np.eye(CLASSES)[seen] + rng.normal(size=(rows, CLASSES))
            logs = 1.3 * observed + np.log(prior)
        if case == "overconfident" and place == 2:
            logs = 4.0 * (logs + rng.normal(0, 2.0, logs.shape))
        if case == "missing":
            heard = rng.random(rows) > 0.4
        said[name] = Numbers({"t": logs}, heard)
    return said, truth, np.log(prior)


def main() -> None:
    print("| rule | " + " | ".join(CASES) + " |\n|" + " --- |" * (len(CASES) + 1))
    found: dict[str, list[str]] = {}
    for case in CASES:
        rng = np.random.default_rng(0)
        learned, known_truth, prior = made(case, LEARNED, rng)
        asked, truth, _ = made(case, ASKED, rng)

        def right(
            numbers: Floats, rows: NDArray[np.int64], answers: NDArray[np.int64] = known_truth
        ) -> float:
            return float((numbers.argmax(1) == answers[rows]).mean())

        goal = Goal("classify", {}, {"prior": prior.tolist(), "width": CLASSES, "labels": [0, 1, 2]}, right)
        for name in decisions.names():
            rule = decisions.get(name)()
            if isinstance(rule, Learned):
                known = Known(np.arange(LEARNED), known_truth, np.ones(LEARNED))
                rule.fit(Voices.of(learned, "t", goal), known)
            numbers = rule.numbers(Voices.of(asked, "t", goal))
            share = goal.build().answers(numbers, goal.facts)
            loss = -np.log(np.maximum(share[np.arange(ASKED), truth], 1e-9)).mean()
            found.setdefault(name, []).append(f"{100 * (share.argmax(1) == truth).mean():.1f} ({loss:.2f})")
    for name, cells in found.items():
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
