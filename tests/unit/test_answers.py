"""Answers as files: one record a row, in order, readable by others."""

import csv
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensorium.errors import DataError
from sensorium.load_table import load_table
from sensorium.readers.csv import MISSING
from sensorium.table.answers import write_answers

RECORDS: dict[str, list[object]] = {
    "label": ["a,b", 'say "x"', "two\r\nlines", None, ""],
    "label.p.a": [0.1, 1.0, float("nan"), float("inf"), 1e-30],
    "flag": [True, False, None, True, False],
    "count": [np.int64(1), 2, 3, 4, 5],
    "box": [[1, 2.5], np.array([3, 4]), None, {"k": [None]}, []],
    "when": [dt.datetime(2020, 1, 2), None, None, None, None],
}


def test_csv_follows_rfc_4180(tmp_path: Path) -> None:
    write_answers(tmp_path / "a.csv", RECORDS)
    assert (tmp_path / "a.csv").read_bytes().decode() == (
        "label,label.p.a,flag,count,box,when\r\n"
        '"a,b",0.1,true,1,"[1, 2.5]",2020-01-02T00:00:00\r\n'
        '"say ""x""",1.0,false,2,"[3, 4]",\r\n'
        '"two\r\nlines",,,3,,\r\n'
        ',inf,true,4,"{""k"": [null]}",\r\n'
        ",1e-30,false,5,[],\r\n"
    )


def test_json_lines_are_strict_json(tmp_path: Path) -> None:
    write_answers(tmp_path / "a.jsonl", RECORDS)
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    rows = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert [row["label"] for row in rows] == RECORDS["label"]
    assert [row["label.p.a"] for row in rows] == [0.1, 1.0, None, None, 1e-30]
    assert [row["box"] for row in rows] == [[1, 2.5], [3, 4], None, {"k": [None]}, []]
    assert rows[0]["when"] == "2020-01-02T00:00:00"


def test_parquet_keeps_types(tmp_path: Path) -> None:
    write_answers(tmp_path / "a.parquet", RECORDS)
    found = pq.read_table(tmp_path / "a.parquet")
    assert [str(t) for t in found.schema.types] == [
        "string", "double", "bool", "int64", "string", "timestamp[us]",
    ]  # fmt: skip
    assert found["label"].to_pylist() == RECORDS["label"]
    assert found["label.p.a"].to_pylist() == [0.1, 1.0, None, float("inf"), 1e-30]
    assert found["count"].to_pylist() == [1, 2, 3, 4, 5]
    assert found["box"].to_pylist() == ["[1, 2.5]", "[3, 4]", None, '{"k": [null]}', "[]"]


@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9),
            st.floats(allow_nan=False),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_written_as_csv_is_read_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, float]]
) -> None:
    path = tmp_path_factory.mktemp("answers") / "a.csv"
    write_answers(path, {"text": [r[0] for r in rows], "number": [r[1] for r in rows]})
    with path.open(encoding="utf-8", newline="") as file:
        assert [(r[0], float(r[1])) for r in list(csv.reader(file))[1:]] == rows
    found = load_table(path)
    assert list(found.column("text")) == [None if text in MISSING else text for text, _ in rows]
    assert [float(str(n)) for n in found.column("number")] == [number for _, number in rows]


def test_a_single_missing_cell_is_still_a_row(tmp_path: Path) -> None:
    write_answers(tmp_path / "a.csv", {"y": ["a", None, "b"]})
    assert list(load_table(tmp_path / "a.csv").column("y")) == ["a", None, "b"]


def test_arrays_are_written_like_lists(tmp_path: Path) -> None:
    write_answers(tmp_path / "a.csv", {"n": np.array([1, 2]), "f": np.array([0.5, np.nan])})  # type: ignore[dict-item]
    assert (tmp_path / "a.csv").read_text() == "n,f\n1,0.5\n2,\n"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_answers(path, {"y": [1]})
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(RecursionError):
        write_answers(path, {"y": [endless]})
    assert path.read_text() == '{"y": 1}\n'
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    def error(path: Path, **records: list[object]) -> str:
        with pytest.raises(DataError) as caught:
            write_answers(path, records)
        return str(caught.value).replace(str(tmp_path), "T")

    assert error(tmp_path / "a.xlsx", y=[1]) == (
        "T/a.xlsx: cannot write '.xlsx'. Known: .csv, .jsonl, .ndjson, .parquet."
    )
    assert error(tmp_path / "no" / "a.csv", y=[1]) == (
        "T/no/a.csv: the folder T/no does not exist. Create it or choose another place."
    )
    assert (
        error(tmp_path / "a.csv", y=[1], z=[]) == "T/a.csv: columns must be equally long; got 'y' 1, 'z' 0."
    )
