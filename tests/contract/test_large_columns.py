"""What is too large for memory is prepared to the same bits: in pieces, from disk and store, resumed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sensorium import prepare_columns, store_growing
from sensorium.fit_facts import fit_facts
from sensorium.modalities import modalities
from sensorium.plan import Plan
from sensorium.prepare import prepare
from sensorium.store import Store
from sensorium.table.on_disk import Shard
from sensorium.table.packed import Cell, Packed, flat
from sensorium.table.prepared import Prepared
from sensorium.table.table import Table
from sensorium.types import Facts
from tiny import asked, plan_of, table_of

NAMES = modalities.names()
ROWS = 40


def cells(name: str, seed: int) -> list[Cell]:
    """Fakes, some of them twice, some missing."""
    rng = np.random.default_rng(seed)
    made = modalities.get(name).fake(rng, ROWS)
    for row in range(0, ROWS, 5):
        made[row] = made[row // 2]
    for row in range(3, ROWS, 7):
        made[row] = None
    return made


def case(name: str, folder: Path) -> tuple[Plan, Table, Table, Facts]:
    """A plan over two columns of one input, the table in memory and on disk, and the facts."""
    columns = ["a", "b"] if modalities.get(name).together else ["a"]
    given: dict[str, list[Cell]] = {c: cells(name, seed) for seed, c in enumerate(columns)}
    given["y"] = [float(row) for row in range(ROWS)]
    plan = plan_of({"in": asked(name, columns)}, "regress")
    arrow = pa.table({c: pa.array(v) for c, v in given.items()})
    pq.write_table(arrow, folder / "t.parquet", row_group_size=11)
    shard = Shard(folder / "t.parquet", "t")
    disk = Table.of([(c, shard.column(c)) for c in shard.names], "T")
    memory = table_of(given)
    return plan, memory, disk, fit_facts(plan, memory, np.arange(ROWS))


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every table is large, and pieces are small."""
    monkeypatch.setattr(prepare_columns, "MANY", 10)
    monkeypatch.setattr(prepare_columns, "CHUNK", 7)
    monkeypatch.setattr(prepare_columns, "MEDIA_CHUNK", 3)
    return


def same(one: Prepared, other: Prepared) -> None:
    assert one.inputs.keys() == other.inputs.keys()
    for name, parts in one.inputs.items():
        for mine, theirs in zip(parts, other.inputs[name], strict=True):
            equal(mine, theirs)
    for column, mine in one.columns.items():
        np.testing.assert_array_equal(mine.row_status(), other.columns[column].row_status())
        assert mine.row_reasons() == other.columns[column].row_reasons()
    assert {n: list(t) for n, t in one.texts.items()} == {n: list(t) for n, t in other.texts.items()}
    np.testing.assert_array_equal(one.targets["y"].values, other.targets["y"].values)


def equal(mine: Packed, theirs: Packed) -> None:
    if mine.index is not None and theirs.index is not None:
        np.testing.assert_array_equal(mine.index, theirs.index)
    mine, theirs = flat(mine), flat(theirs)
    for name in store_growing.PARTS:
        one, other = getattr(mine, name), getattr(theirs, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert one.dtype == other.dtype, name
            np.testing.assert_array_equal(one, other)
    assert mine.reasons == theirs.reasons


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("name", NAMES)
def test_pieces_are_prepared_to_the_same_bits(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, memory, disk, facts = case(name, tmp_path)
    monkeypatch.setattr(prepare_columns, "MANY", 10**9)
    whole = prepare(plan, facts, memory)
    monkeypatch.setattr(prepare_columns, "MANY", 10)
    same(prepare(plan, facts, memory), whole)
    same(prepare(plan, facts, disk), whole)
    store = Store(tmp_path / "store")
    same(prepare(plan, facts, disk, store=store), whole)
    kept = prepare(plan, facts, disk, store=store)
    same(kept, whole)
    assert all(isinstance(part.values, np.memmap) for parts in kept.inputs.values() for part in parts)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("name", NAMES)
def test_facts_of_a_table_on_disk_are_those_of_the_table_in_memory(name: str, tmp_path: Path) -> None:
    plan, _, disk, facts = case(name, tmp_path)
    assert fit_facts(plan, disk, np.arange(ROWS)) == facts


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_preparation_goes_on_where_it_stopped(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, _, disk, facts = case(name, tmp_path)
    whole = prepare(plan, facts, disk)
    kind, store = modalities.get(name), Store(tmp_path / "store")
    real, seen = kind.prepare, list[int]()

    def stopping(self: object, some: list[Cell], told: Facts) -> Packed:
        seen.append(len(some))
        if len(seen) == 5:
            raise KeyboardInterrupt
        return real(self, some, told)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "prepare", stopping)
    with pytest.raises(KeyboardInterrupt):
        prepare(plan, facts, disk, store=store)
    before, seen[:] = sum(seen[:4]), [0] * 10
    same(prepare(plan, facts, disk, store=store), whole)
    again, seen[:] = sum(seen), [0] * 10
    prepare(plan, facts, disk)
    assert 0 < again <= sum(seen) - before + 3 * 3  # what threads had begun is done again
