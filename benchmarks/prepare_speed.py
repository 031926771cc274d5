"""Claim 4 of scale: preparing pictures and sounds against bare loops, and the second run from the store.

JPEGs of 640 x 480 to 224 x 224, and sounds of 3 s at 22,050 to log-mel at 16,000 samples a second. The bare
loops decode, resize or resample with the same libraries over the same threads into arrays that are ready;
the library also looks every file up, tells contents by SHA-256, writes its column to disk and maps it.
Repeats alternate, files are read before (their pages are in memory), ratios are taken within a repeat.

python -m benchmarks.prepare_speed [--pictures 600] [--sounds 400] [--repeats 5] [--threads 2]
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from PIL import Image
from torch import nn

from benchmarks._page import page, spread
from sensorium import Learner
from sensorium.batches import Batches
from sensorium.fit_facts import fit_facts
from sensorium.load_table import load_table
from sensorium.model import Model
from sensorium.plan import Plan
from sensorium.prepare import prepare
from sensorium.store import Store
from sensorium.table.table import Table
from sensorium.types import Arrays, Facts

SIZE, RATE, SECONDS, BATCH = 224, 16_000, 3.0, 64


@dataclass(frozen=True)
class Case:
    """A table with one column of media. bare: the plain loop. front: what follows on the device, or None."""

    name: str
    plan: Plan
    facts: Facts
    table: Table
    files: list[Path]
    bare: Callable[[list[Path], int], object]
    front: nn.Module | None


def pictures(folder: Path, number: int) -> list[Path]:
    """JPEGs with edges and some noise, about 60 kB each."""
    rng = np.random.default_rng(0)
    found = []
    for place in range(number):
        y, x = np.mgrid[:480, :640]
        waves = [127 + 80 * np.sin(x / rng.uniform(5, 60) + y / rng.uniform(5, 60)) for _ in range(3)]
        noise = rng.normal(0, 12, (480, 640, 3))
        pixels = np.clip(np.stack(waves, 2) + noise, 0, 255).astype(np.uint8)
        found.append(folder / f"{place}.jpg")
        Image.fromarray(pixels).save(found[-1], quality=85)
    return found


def sounds(folder: Path, number: int) -> list[Path]:
    """FLAC files of a few tones and noise."""
    rng = np.random.default_rng(0)
    time_ = np.arange(int(22_050 * SECONDS)) / 22_050
    found = []
    for place in range(number):
        tones = sum(np.sin(2 * np.pi * rng.uniform(100, 5000) * time_) for _ in range(4))
        wave = 0.1 * tones + rng.normal(0, 0.02, len(time_))
        found.append(folder / f"{place}.flac")
        soundfile.write(found[-1], wave, 22_050)
    return found


def bare_pictures(files: list[Path], threads: int) -> object:
    """Decode at a reduced scale that is large enough, resize, and store."""
    made = np.empty((len(files), 3, SIZE, SIZE), np.uint8)

    def one(place: int) -> None:
        with Image.open(files[place]) as picture:
            picture.draft("RGB", (SIZE, SIZE))
            small = picture.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        made[place] = np.asarray(small).transpose(2, 0, 1)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(len(files))))
    return made


def bare_sounds(front: nn.Module) -> Callable[[list[Path], int], object]:
    """Decode, resample, 16 bits; then log-mel of batches, as the library's front makes it."""
    length = int(RATE * SECONDS)

    def loop(files: list[Path], threads: int) -> object:
        waves = np.zeros((len(files), length), np.int16)

        def one(place: int) -> None:
            wave, rate = soundfile.read(files[place], dtype="float32", always_2d=True)
            mono = soxr.resample(wave.mean(1), rate, RATE)[:length]
            waves[place, : len(mono)] = np.clip(mono * 32767, -32768, 32767).astype(np.int16)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(len(files))))
        return [mels(front, waves[s : s + BATCH]) for s in range(0, len(files), BATCH)]

    return loop


def mels(front: nn.Module, waves: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> torch.Tensor:
    """Log-mel of a batch of whole waves."""
    x = torch.from_numpy(waves)
    with torch.inference_mode():
        found: torch.Tensor = front(Arrays(x, torch.ones_like(x, dtype=torch.bool))).values
    return found


def case(name: str, folder: Path, files: list[Path], modality: dict[str, object]) -> Case:
    """Plan and facts of one column of files."""
    lines = ["cell,y", *(f"{path.name},{place % 7 / 7}" for place, path in enumerate(files))]
    (folder / "table.csv").write_text("\n".join(lines))
    table = load_table(folder / "table.csv")
    asked = {"inputs": {"cell": modality}, "targets": {"y": {"task": "regress"}}}
    plan = Learner("y", plan=asked).planned(table)  # type: ignore[arg-type]
    facts = fit_facts(plan, table, np.arange(len(files)))
    if name == "pictures":
        return Case(name, plan, facts, table, files, bare_pictures, None)
    (front,) = Model(plan, facts).fronts.values()
    return Case(name, plan, facts, table, files, bare_sounds(front), front)


def ours(one: Case, store: Store | None) -> None:
    """The library's way to the same numbers."""
    data = prepare(one.plan, one.facts, one.table, answering=True, store=store)
    if one.front is not None:
        batches = Batches(one.plan, data)
        for start in range(0, len(data), BATCH):
            rows = np.arange(start, min(len(data), start + BATCH))
            with torch.inference_mode():
                one.front(batches.batch(rows).inputs["cell"])


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """How long it takes by the clock, and of the processor in all threads (others' work hardly moves it)."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - busy


def measured(one: Case, folder: Path, threads: int, repeats: int) -> list[list[str]]:
    """The lines of one case."""
    rates: list[float] = []
    kept, busy, memory, again = [], [], [], []

    def prepared(store: Store) -> None:
        prepare(one.plan, one.facts, one.table, store=store)

    for turn in range(repeats + 1):
        store, fresh = Store(folder / "store"), Store(folder / "fresh")
        times = [
            seconds(lambda: one.bare(one.files, threads)),
            seconds(partial(ours, one, store)),
            seconds(partial(ours, one, None)),
            seconds(partial(prepared, store)),
            seconds(partial(prepared, fresh)),
        ]
        shutil.rmtree(store.folder)
        shutil.rmtree(fresh.folder)
        if turn:  # the first one warms up
            rates.append(len(one.files) / times[0][0])
            kept.append(times[0][0] / times[1][0])
            busy.append(times[0][1] / times[1][1])
            memory.append(times[0][0] / times[2][0])
            again.append(times[4][0] / times[3][0])
    return [
        [f"{one.name}: bare loop, files/s", *spread(rates, 0), ""],
        [f"{one.name}: Sensorium with its store / bare, by the clock", *spread(kept), "0.90"],
        [f"{one.name}: Sensorium with its store / bare, processor time", *spread(busy), "0.90"],
        [f"{one.name}: Sensorium without store / bare, by the clock", *spread(memory), ""],
        [f"{one.name}: preparing from the store / preparing first, by the clock", *spread(again, 0), "20"],
    ]


def main() -> None:
    """Measures both kinds of media and writes results/prepare_speed.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--sounds", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seen, heard = pictures(folder, asked.pictures), sounds(folder, asked.sounds)
        time.sleep(3)  # younger files are not noted in the index
        picture: dict[str, object] = {"name": "image", "size": SIZE, "channels": 3}
        one = case("pictures", folder, seen, {"modality": picture})
        lines += measured(one, folder, asked.threads, asked.repeats)
        sound: dict[str, object] = {"name": "audio", "rate": RATE, "seconds": SECONDS}
        two = case("sounds", folder, heard, {"modality": {**sound, "trim": False, "level": False}})
        lines += measured(two, folder, asked.threads, asked.repeats)
        size = sum(path.stat().st_size for path in seen) / len(seen) / 1000
    how = (
        f"{asked.pictures} JPEGs of 640 x 480 ({size:.0f} kB each) to {SIZE} x {SIZE}; {asked.sounds} FLAC "
        f"files of {SECONDS:g} s at 22,050 to log-mel at {RATE:,} samples a second; {asked.threads} threads; "
        f"{asked.repeats} alternating repeats. The store is written and, the second time, every file is "
        "looked up again by its path, size and times."
    )
    page("prepare_speed", "Preparing media", how, ["what", "min", "median", "max", "goal"], lines)


if __name__ == "__main__":
    main()
