"""Which row is in which part: one letter a row (t train, v val, e test, - unused), one line a fold.

The made files are committed; ``python -m benchmarks._folds`` makes them anew from SENSORIUM_DATA.
"""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks._data import data_folder
from sensorium.seeds import generator

FOLDER = Path(__file__).parent / "folds"
SPLITS = {"t": "train", "v": "val", "e": "test"}


def letters(name: str) -> list[str]:
    """The committed folds of a table, one string a fold."""
    return gzip.decompress((FOLDER / f"{name}.txt.gz").read_bytes()).decode().split()


def pairs() -> pd.DataFrame:
    """The committed pairs: fsdd row, mnist training row, visible quarter 0 to 3."""
    return pd.read_csv(FOLDER / "pairs.csv.gz")


def write(path: Path, text: str) -> None:
    """Text as gz without a date, so that the same text gives the same bytes."""
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def with_val(test: NDArray[np.bool_], label: pd.Series, group: pd.Series, use: str, share: float) -> str:
    """Letters of one fold: about ``share`` of the training rows of each label becomes val, groups whole."""
    rng = generator(0, f"benchmarks:{use}")
    out = np.where(test, "e", "t")
    train = pd.DataFrame({"label": label, "group": group})[~test]
    for value in sorted(train["label"].unique()):
        rows = train[train["label"] == value]
        groups = rng.permutation(sorted(rows["group"].unique()))
        sizes = rows["group"].value_counts()
        wanted, chosen = share * len(rows), list[str]()
        for one in groups:
            if sum(sizes[g] for g in chosen) + sizes[one] / 2 > wanted:
                break
            chosen.append(one)
        out[rows.index[rows["group"].isin(chosen)]] = "v"
    return "".join(out)


def number(frame: pd.DataFrame) -> pd.Series:
    """Every row its own group."""
    return pd.Series(np.arange(len(frame)), frame.index)


def fsdd(frame: pd.DataFrame) -> list[str]:
    """The given split; val from train."""
    test = (frame["split"] == "test").to_numpy()
    return [with_val(test, frame["digit"], number(frame), "fsdd", 0.15)]


def fsdd_speakers(frame: pd.DataFrame) -> list[str]:
    """One speaker left out, six folds; val is drawn from the rows of the other five."""
    return [
        with_val((frame["speaker"] == who).to_numpy(), frame["digit"], number(frame), f"fsdd:{who}", 0.1)
        for who in sorted(frame["speaker"].unique())
    ]


def fsdd_pairs(frame: pd.DataFrame) -> list[str]:
    """One speaker for test, the next for val, four for train: sound is honestly unsure on both."""
    who = sorted(frame["speaker"].unique())
    folds = []
    for place, tested in enumerate(who):
        validated = who[(place + 1) % len(who)]
        out = np.where(frame["speaker"] == tested, "e", np.where(frame["speaker"] == validated, "v", "t"))
        folds.append("".join(out))
    return folds


def esc10(frame: pd.DataFrame) -> list[str]:
    """The five given folds; val by recording, so that clips of one recording stay together."""
    source = frame["audio"].str.extract(r"_\d-(\d+)-")[0]
    return [
        with_val((frame["fold"] == f).to_numpy(), frame["label"], source, f"esc10:{f}", 0.125)
        for f in sorted(frame["fold"].unique())
    ]


def easyvqa(frame: pd.DataFrame) -> list[str]:
    """The given split; val is a tenth of the training pictures with all their questions."""
    test = (frame["split"] == "test").to_numpy()
    one = pd.Series(0, frame.index)
    return [with_val(test, one, frame["image"], "easyvqa", 0.1)]


def shuffled(frame: pd.DataFrame, use: str, folds: int, share: float) -> list[str]:
    """Random folds over all rows, val from the rest."""
    order = generator(0, f"benchmarks:{use}:folds").permutation(len(frame))
    one = pd.Series(0, frame.index)
    out = []
    for place in range(folds):
        test = np.zeros(len(frame), bool)
        test[order[place::folds]] = True
        out.append(with_val(test, one, number(frame), f"{use}:{place}", share))
    return out


def houses(frame: pd.DataFrame) -> list[str]:
    """Five folds, three times."""
    return [line for r in range(3) for line in shuffled(frame, f"houses:{r}", 5, 0.15)]


def babies_prices(frame: pd.DataFrame) -> list[str]:
    """Five folds of 80/20."""
    return shuffled(frame, "babies_prices", 5, 0.1)


def meld_text(frame: pd.DataFrame) -> list[str]:
    """The given split; dev is val."""
    return ["".join(frame["split"].map({"train": "t", "dev": "v", "test": "e"}))]


def mnist() -> str:
    """10,000 of the 60,000 training rows (1,000 of them val) and the whole test set."""
    order = generator(0, "benchmarks:mnist").permutation(60_000)
    out = np.array(["-"] * 60_000 + ["e"] * 10_000)
    out[order[:9_000]], out[order[9_000:10_000]] = "t", "v"
    return "".join(out)


def paired(fsdd_table: pd.DataFrame) -> str:
    """For each sound a training picture of the same digit (each once), and its visible quarter."""
    labels = np.load(data_folder() / "mnist" / "train.npz")["y"]
    rng = generator(0, "benchmarks:pairs")
    lines, free = (
        ["fsdd,mnist,quarter"],
        {d: list(rng.permutation(np.flatnonzero(labels == d))) for d in range(10)},
    )
    for row, digit in enumerate(fsdd_table["digit"]):
        lines.append(f"{row},{free[digit].pop()},{rng.integers(4)}")
    return "\n".join(lines) + "\n"


MAKERS: dict[str, tuple[str, Callable[[pd.DataFrame], list[str]]]] = {
    "fsdd": ("fsdd/table.csv", fsdd),
    "fsdd_speakers": ("fsdd/table.csv", fsdd_speakers),
    "mnist_fsdd": ("fsdd/table.csv", fsdd_pairs),
    "esc10": ("esc10/table.csv", esc10),
    "easyvqa": ("easyvqa/table.csv", easyvqa),
    "houses": ("houses/table.csv", houses),
    "babies_prices": ("babies_prices/table.csv.gz", babies_prices),
    "meld_text": ("meld_text/table.csv.gz", meld_text),
}


def main() -> None:
    """Writes every fold file anew."""
    for name, (path, make) in MAKERS.items():
        write(FOLDER / f"{name}.txt.gz", "\n".join(make(pd.read_csv(data_folder() / path))) + "\n")
    write(FOLDER / "mnist.txt.gz", mnist() + "\n")
    write(FOLDER / "pairs.csv.gz", paired(pd.read_csv(data_folder() / "fsdd" / "table.csv")))


if __name__ == "__main__":
    main()
