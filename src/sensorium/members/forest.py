"""Extremely randomised trees on raw columns: small tables gain from them."""

from typing import Annotated, Self

from pydantic import Field as Limit

from sensorium.members import _questions
from sensorium.members._base import Job
from sensorium.members._grown import Grown, Table
from sensorium.members._outcome import Outcome
from sensorium.members._stand import stand
from sensorium.members._wood import MOST_QUESTIONS, Ground, Wood

FEW_FEATURES = 100
"""Features up to which all are tried at each split for a number, as Geurts et al. 2006 do."""

FEWEST_TREES, MOST_TREES = 20, 2_000
"""Trees of each of several labels a row: at least, and of all labels together."""


class Forest(Wood):
    """The mean of extremely randomised trees on numbers, categories by number and a few columns a text.

    The least rows of a leaf are chosen on validation rows.
    """

    @classmethod
    def fit(
        cls,
        job: Job,
        *,
        trees: Annotated[int, Limit(ge=1)] = 200,
        leaf: tuple[int, ...] = (1, 3, 8),
        share: Annotated[float, Limit(gt=0, le=1)] | None = None,
        directions: Annotated[int, Limit(ge=0)] = 60,
        hide: Annotated[float, Limit(ge=0, le=1)] = 0.1,
        rows: Annotated[int, Limit(ge=2)] = 20_000,
        like: Self | None = None,
    ) -> Self:
        """Fit every goal that trees can learn; the others are left out.

        trees: how many.
        leaf: tries for the least rows of a leaf; never less than a 1,500th of the rows.
        share: of the features, tried at each split; None: all for numbers of few features, else half.
        directions: leading directions of each text's TF-IDF that become columns.
        hide: the share of rows that are learned from a second time with some inputs missing.
        rows: at most this many training rows, sampled.
        like: a fitted member whose leaves' size and shifts are taken; then no validation row is needed.
        """

        def grow(train: Table, check: Table, outcome: Outcome, name: str) -> Grown:
            known = like.learned[name][1].how if like is not None and name in like.learned else {}
            tries = (int(known["leaf"]),) if "leaf" in known else leaf
            narrow = not outcome.classes and train.x.shape[1] <= FEW_FEATURES
            part = (1.0 if narrow else 0.5) if share is None else share
            number = min(MOST_QUESTIONS, _questions.number(job, name))
            few = trees if number == 1 else max(FEWEST_TREES, min(trees, MOST_TREES // number))
            return stand(train, check, outcome, job, name, few, tries, part)

        return cls._grown(job, Ground(directions, 5, hide, rows), grow, like)
