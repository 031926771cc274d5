"""Benchmark 3 of the videos: digits that move; the label is direction x digit; real mp4 files.

scikit-learn's handwritten digits move left, right, up or down over noise, one clip for each image and
direction, encoded as H.264 and decoded again by the library. The images of the test clips are in no other
clip, and where a digit is says nothing about where it goes: both ways along a line have the same places.

python -m benchmarks.video_digits
"""

import argparse
import csv
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from benchmarks._page import page
from sensorium import Learner
from sensorium.seeds import generator

Clip = NDArray[np.uint8]

WAYS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
SIDE, SPRITE, FRAMES, RATE = 24, 12, 8, 8
SHARES = (0.7, 0.15, 0.15)
PARTS = ("train", "val", "test")


@dataclass(frozen=True)
class Row:
    """One clip of the table."""

    film: str
    label: str
    split: str


def clip(digit: NDArray[np.float64], way: str, rng: np.random.Generator) -> Clip:
    """(FRAMES, SIDE, SIDE, 3): the digit moves along a line over noise that changes in every frame."""
    down, right = WAYS[way]
    shape = Image.fromarray((digit * 255 / 16).astype(np.uint8)).resize(
        (SPRITE, SPRITE), Image.Resampling.BILINEAR
    )
    light = np.asarray(shape, np.float64) * rng.uniform(0.7, 1.0)
    room = SIDE - SPRITE
    length = rng.uniform(room / 2, room)
    along = rng.uniform(0, room - length) + length * np.linspace(0, 1, FRAMES)
    along = along if down + right > 0 else along[::-1]
    across = round(rng.uniform(0, room))
    frames = rng.normal(30, 10, (FRAMES, SIDE, SIDE))
    for frame, place in zip(frames, np.round(along).astype(int), strict=True):
        y, x = (place, across) if down else (across, place)
        here = frame[y : y + SPRITE, x : x + SPRITE]
        np.maximum(here, light, out=here)
    return np.repeat(frames.clip(0, 255).astype(np.uint8)[..., None], 3, -1)


def write(path: Path, frames: Clip) -> None:
    """The frames as an mp4 file, H.264, 4:2:0, constant quality."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        file.mux(stream.encode(None))


def table(folder: Path, seed: int = 0) -> Path:
    """All clips and the csv that lists them; each image is in one part."""
    images, digits = load_digits(return_X_y=True)
    rng = generator(seed, "video digits")
    order = rng.permutation(len(images))
    cuts = np.round(np.cumsum(SHARES)[:2] * len(images)).astype(int)
    rows = []
    for part, places in zip(PARTS, np.split(order, cuts), strict=True):
        for place in places.tolist():
            for way in WAYS:
                name = f"{place}_{way}.mp4"
                write(folder / name, clip(images[place].reshape(8, 8), way, rng))
                rows.append(Row(name, f"{way} {digits[place]}", part))
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Row.__annotations__)
        writer.writerows((r.film, r.label, r.split) for r in rows)
    return folder / "table.csv"


def main() -> None:
    """Makes the clips, trains with default settings, writes results/video_digits.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--effort", default="fast")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        path = table(Path(folder))
        written = time.perf_counter()
        spent = time.process_time()
        learner = Learner("label", effort=asked.effort).fit(path)
        fitted, spent = time.perf_counter(), time.process_time() - spent
        rows = [row for row in csv.DictReader(path.open()) if row["split"] == "test"]
        asked_for = path.with_name("asked.csv")
        asked_for.write_text("".join(f"{line}\n" for line in ["film", *(row["film"] for row in rows)]))
        answers = learner.predict(asked_for)
        answered = time.perf_counter()
    truth = np.array([row["label"].split() for row in rows])
    said = np.array([answer.split() for answer in answers])
    told = learner.metrics["targets"]["label"]
    chosen = told["candidates"][told["chosen"]]["accuracy"]
    shown = f"{chosen['value']:.1%} [{chosen['low']:.1%}, {chosen['high']:.1%}]"
    lines = [
        ["accuracy on test rows (40 classes), with 95 % interval", shown, "95 %"],
        ["the same by answering their files again", f"{(truth == said).all(1).mean():.1%}", ""],
        ["direction alone", f"{(truth == said)[:, 0].mean():.1%}", ""],
        ["digit alone", f"{(truth == said)[:, 1].mean():.1%}", ""],
        ["chosen", str(told["chosen"]), ""],
        ["CPU time of fit, decoding included", f"{spent:.0f} s", "600 s"],
        ["wall time of fit", f"{fitted - written:.0f} s", ""],
        ["clips answered a second, from files", f"{len(rows) / (answered - fitted):.0f}", ""],
    ]
    how = (
        f"{len(WAYS) * 1797:,} clips of {FRAMES} frames of {SIDE} x {SIDE}, mp4 with H.264, written in "
        f"{written - began:.0f} s; {len(rows):,} test rows, their digits' images in no other part. Default "
        f"settings, effort `{asked.effort}`: encoder `framewise`, augmentation `space_time`."
    )
    page("video_digits", "Digits that move: direction x digit", how, ["what", "reached", "goal"], lines)


if __name__ == "__main__":
    main()
