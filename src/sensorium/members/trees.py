"""Boosted trees on raw columns."""

from dataclasses import replace
from typing import Annotated, Self

from pydantic import Field as Limit

from sensorium import seeds
from sensorium.members import _questions
from sensorium.members._base import Job
from sensorium.members._grown import BOOSTED, Boosting, Grown, Table, boosted
from sensorium.members._outcome import Outcome
from sensorium.members._stand import stand
from sensorium.members._wood import MOST_QUESTIONS, Ground, Wood


class Trees(Wood):
    """Boosted trees on numbers (missing as NaN), categories (splits into sets) and a few columns a text.

    Boosting stops when the loss of the validation rows stops falling. With more than 60 classes the trees
    are averaged (extremely randomised) instead. Of several labels a row the 60 most common ones have trees
    of their own, which share the bound on trees.
    """

    @classmethod
    def fit(
        cls,
        job: Job,
        *,
        rate: Annotated[float, Limit(gt=0, le=1)] = 0.05,
        steps: Annotated[int, Limit(ge=1)] = 500,
        leaves: Annotated[int, Limit(ge=2)] = 16,
        directions: Annotated[int, Limit(ge=0)] = 60,
        hide: Annotated[float, Limit(ge=0, le=1)] = 0.1,
        rows: Annotated[int, Limit(ge=2)] = 100_000,
        like: Self | None = None,
    ) -> Self:
        """Fit every goal that trees can learn; the others are left out.

        rate: the share of each tree that is added.
        steps: at most this many trees (of each class).
        leaves: at most this many leaves of a tree.
        directions: leading directions of each text's TF-IDF that become columns.
        hide: the share of rows that are learned from a second time with some inputs missing.
        rows: at most this many training rows, sampled.
        like: a fitted member whose number of trees, rate and shifts are taken; then no validation row is
            needed.
        """
        how = Boosting(rate, steps, leaves, share=0.5, patience=30)

        def grow(train: Table, check: Table, outcome: Outcome, name: str) -> Grown:
            if outcome.classes > BOOSTED:
                return stand(train, check, outcome, job, name, 100, (3,), how.share)
            seed = seeds.number(job.seed, f"trees {name}")
            known = like.learned[name][1].how if like is not None and name in like.learned else {}
            once = replace(how, rate=known["rate"], steps=int(known["steps"])) if "rate" in known else how
            share = min(MOST_QUESTIONS, _questions.number(job, name))
            return boosted(train, check, outcome, categories, replace(once, questions=share), seed)

        categories = sum(f.features for f in job.fields if f.kind == "codes")
        return cls._grown(job, Ground(directions, 5, hide, rows), grow, like)
