from typing import Annotated

from pydantic import Field
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from sensorium import seeds
from sensorium.decide._base import Known
from sensorium.decide._stack import Fitted, Reads, Stacked
from sensorium.members._base import Arrays
from sensorium.members._grown import Grown, Table, from_forest
from sensorium.members._outcome import Outcome
from sensorium.types import Facts


class StackForest(Stacked):
    """A random forest on what the members say (stacking; Wolpert 1992; Breiman, Random forests, 2001).

    It may trust a member only where another one says something: what no sum or product of answers can. It
    wants more rows than logistic regression does.

    Choices:
        trees: How many are averaged.
        leaf: The fewest rows of a leaf; large ones keep the answer from learning single rows.
        reads: Probabilities (shares) or their logarithms (logs).
        hide: The share of rows that are learned from a second time with some members silent.
    """

    kinds = ("classify", "regress")

    def __init__(
        self,
        *,
        trees: Annotated[int, Field(ge=1)] = 200,
        leaf: Annotated[int, Field(ge=1)] = 5,
        reads: Reads = "shares",
        hide: Annotated[float, Field(ge=0, le=1)] = 0.3,
    ) -> None:
        super().__init__(reads, hide)
        self.trees, self.leaf = trees, leaf

    def learn(self, table: Table, outcome: Outcome, known: Known) -> Fitted:
        grows = RandomForestClassifier if outcome.classes else RandomForestRegressor
        model = grows(
            n_estimators=self.trees,
            min_samples_leaf=self.leaf,
            max_features="sqrt",
            random_state=seeds.number(known.seed, "stack forest") % 2**32,
        ).fit(table.rows(), table.lesson.values, table.lesson.weight)
        return from_forest(model, table.x, outcome)

    def restored(self, facts: Facts, arrays: Arrays) -> Fitted:
        return Grown.restore(facts, arrays)
