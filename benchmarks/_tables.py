"""The real tables as a user of the library would hand them over: input columns, target, split."""

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from benchmarks._data import data_folder
from benchmarks._folds import SPLITS, letters, pairs

Metric = Literal["accuracy", "f1_weighted", "r2", "mape"]
REACHING = ("fsdd_speakers", "houses")
"""Tables whose groups (speakers, houses) keep their names over folds: the bootstrap draws them together."""


@dataclass(frozen=True)
class Task:
    """One fold of one table.

    frame: inputs, target and ``split``; media cells are paths relative to ``folder``, or bytes when it
    is None. groups: (N,), what the bootstrap resamples (a row's number where rows stand alone).
    goal: the figure to reach, as a share. bracket: what plain learners reached when the goal was set.
    """

    name: str
    fold: int
    frame: pd.DataFrame
    target: str
    metric: Metric
    groups: NDArray[np.generic]
    folder: Path | None = None
    goal: float | None = None
    bracket: float | None = None

    @property
    def inputs(self) -> list[str]:
        """The input columns."""
        return [c for c in self.frame.columns if c not in (self.target, "split")]

    def part(self, *splits: str) -> pd.DataFrame:
        """The rows of these splits."""
        return self.frame[self.frame["split"].isin(splits)]

    def test_groups(self) -> NDArray[np.generic]:
        """The groups of the test rows."""
        return self.groups[(self.frame["split"] == "test").to_numpy()]

    def write(self, out: Path) -> tuple[Path, Path]:
        """Writes the table with its media into ``out``; returns it and the test rows without answers."""
        out.mkdir(parents=True, exist_ok=True)
        test = self.part("test")[self.inputs]
        if self.folder is None:
            self.frame.to_parquet(out / "table.parquet", index=False)
            test.to_parquet(out / "test.parquet", index=False)
            return out / "table.parquet", out / "test.parquet"
        for column in self.inputs:
            for cell in self.frame[column].unique() if self.frame[column].dtype in ("object", "str") else ():
                source = self.folder / str(cell)
                if isinstance(cell, str) and len(cell) < 200 and source.is_file():
                    (out / cell).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, out / cell)
        self.frame.to_csv(out / "table.csv", index=False)
        test.to_csv(out / "test.csv", index=False)
        return out / "table.csv", out / "test.csv"


def split_frame(frame: pd.DataFrame, name: str, fold: int) -> pd.DataFrame:
    """The used rows with the committed split of a fold; the row numbers stay in the index."""
    letter = pd.Series(list(letters(name)[fold]), frame.index)
    return frame.assign(split=letter.map(SPLITS))[letter != "-"]


def fsdd(fold: int, name: str = "fsdd") -> Task:
    """Spoken digits, the given split."""
    frame = split_frame(pd.read_csv(data_folder() / "fsdd" / "table.csv"), name, fold)
    groups = frame["speaker"].to_numpy() if name == "fsdd_speakers" else np.arange(len(frame))
    frame = frame.drop(columns=["transcript", "speaker"])
    goal, bracket = (0.99, 1.0) if name == "fsdd" else (0.86, 0.77)
    return Task(name, fold, frame, "digit", "accuracy", groups, data_folder() / "fsdd", goal, bracket)


def fsdd_speakers(fold: int) -> Task:
    """Spoken digits of a speaker never heard in training."""
    return fsdd(fold, "fsdd_speakers")


def esc10(fold: int) -> Task:
    """Ten kinds of environmental sound, 400 clips."""
    frame = split_frame(pd.read_csv(data_folder() / "esc10" / "table.csv"), "esc10", fold)
    groups = frame["audio"].str.extract(r"_\d-(\d+)-")[0].to_numpy()
    frame = frame[["audio", "label", "split"]]
    return Task("esc10", fold, frame, "label", "accuracy", groups, data_folder() / "esc10", 0.9, 0.898)


def png(pixels_HW: NDArray[np.uint8]) -> bytes:
    """A grey picture as png bytes."""
    out = io.BytesIO()
    Image.fromarray(pixels_HW).save(out, "PNG")
    return out.getvalue()


def mnist(fold: int) -> Task:
    """Written digits: 10,000 rows to learn from, the whole test set to answer."""
    parts = [np.load(data_folder() / "mnist" / f"{p}.npz") for p in ("train", "test")]
    pixels = np.concatenate([p["x"] for p in parts])
    frame = pd.DataFrame({"digit": np.concatenate([p["y"] for p in parts]).astype(int)})
    frame = split_frame(frame, "mnist", fold)
    frame.insert(0, "picture", [png(pixels[i]) for i in frame.index])
    frame = frame.reset_index(drop=True)
    return Task("mnist", fold, frame, "digit", "accuracy", np.arange(len(frame)), None, 0.99, 0.982)


def easyvqa(fold: int) -> Task:
    """A picture and a question; the answer needs both."""
    frame = split_frame(pd.read_csv(data_folder() / "easyvqa" / "table.csv"), "easyvqa", fold)
    groups = frame["image"].to_numpy()
    return Task("easyvqa", fold, frame, "answer", "accuracy", groups, data_folder() / "easyvqa", 0.99, 0.942)


def babies_prices(fold: int) -> Task:
    """A product's text and table; the logarithm of its price."""
    frame = pd.read_csv(data_folder() / "babies_prices" / "table.csv.gz")
    frame = split_frame(frame, "babies_prices", fold)
    frame = frame.assign(log_price=np.log(frame["price"])).drop(columns="price")
    return Task("babies_prices", fold, frame, "log_price", "r2", np.arange(len(frame)), None, 0.88, 0.867)


def meld_text(fold: int) -> Task:
    """An utterance of a television dialogue and who says it; the emotion."""
    frame = split_frame(pd.read_csv(data_folder() / "meld_text" / "table.csv.gz"), "meld_text", fold)
    groups = (frame["split"] + frame["Dialogue_ID"].astype(str)).to_numpy()
    frame = frame[["Utterance", "Speaker", "Emotion", "split"]]
    return Task("meld_text", fold, frame, "Emotion", "f1_weighted", groups, None, 0.56, 0.570)


def houses(fold: int) -> Task:
    """Four photos and four numbers of a house; its price."""
    frame = split_frame(pd.read_csv(data_folder() / "houses" / "table.csv"), "houses", fold)
    groups = frame["id"].to_numpy()
    frame = frame.drop(columns="id")
    return Task("houses", fold, frame, "price", "mape", groups, data_folder() / "houses", 0.27, 0.272)


def mnist_fsdd(fold: int) -> Task:
    """A spoken digit and a written one of which a quarter is visible (artificial pairs, by digit)."""
    frame = split_frame(pd.read_csv(data_folder() / "fsdd" / "table.csv"), "mnist_fsdd", fold)
    pixels = np.load(data_folder() / "mnist" / "train.npz")["x"]
    table = pairs().set_index("fsdd")
    seen, heard = [], []
    for row in frame.index:
        picture, quarter = np.zeros((28, 28), np.uint8), int(table["quarter"][row])
        down, right = (
            slice(quarter // 2 * 14, quarter // 2 * 14 + 14),
            slice(quarter % 2 * 14, quarter % 2 * 14 + 14),
        )
        picture[down, right] = pixels[table["mnist"][row]][down, right]
        seen.append(png(picture))
        heard.append((data_folder() / "fsdd" / frame["audio"][row]).read_bytes())
    frame = pd.DataFrame({"picture": seen, "sound": heard, "digit": frame["digit"], "split": frame["split"]})
    return Task("mnist_fsdd", fold, frame, "digit", "accuracy", np.arange(len(frame)))


TABLES: dict[str, Callable[[int], Task]] = {
    "fsdd": fsdd,
    "fsdd_speakers": fsdd_speakers,
    "esc10": esc10,
    "mnist": mnist,
    "easyvqa": easyvqa,
    "babies_prices": babies_prices,
    "meld_text": meld_text,
    "houses": houses,
    "mnist_fsdd": mnist_fsdd,
}
