"""A picture of 50,000 x 50,000, a sound of ten hours, other giants: corrupt by their headers; the run lives.

python -m benchmarks.limits
"""

import json
import resource
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from benchmarks._bombs import au, bmp, npz, png
from benchmarks._page import page

SIDE, HOURS, RATE = 50_000, 10, 8_000
ROWS, GIANTS = 60, 5


def whole_png(path: Path) -> None:
    """A true picture of SIDE x SIDE in one bit: every row is there, 312 MB in 300 KB."""
    packer, row = zlib.compressobj(9), bytes(1 + -(-SIDE // 8))
    data = b"".join(packer.compress(row) for _ in range(SIDE)) + packer.flush()
    parts = [(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 1, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, held in parts:
            file.write(
                struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held))
            )


def jpeg(path: Path) -> None:
    """A JPEG whose header says SIDE x SIDE."""
    Image.new("RGB", (64, 64)).save(path, "JPEG")
    data = bytearray(path.read_bytes())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", SIDE, SIDE)
    path.write_bytes(bytes(data))


def tiff(path: Path) -> None:
    """A TIFF whose directory says SIDE x SIDE."""
    Image.new("L", (16, 16)).save(path, "TIFF")
    data = path.read_bytes()
    for tag in (256, 257):
        for kind, small in ((3, "<HHIHH"), (4, "<HHII")):
            old = struct.pack(small, tag, kind, 1, 16, *([0] if kind == 3 else []))
            data = data.replace(old, struct.pack("<HHII", tag, 4, 1, SIDE))
    path.write_bytes(data)


def flac(path: Path) -> None:
    """A true sound of ten hours of silence."""
    with soundfile.SoundFile(path, "w", RATE, 1, format="FLAC", subtype="PCM_16") as file:
        for _ in range(HOURS * 60):
            file.write(np.zeros(60 * RATE, np.int16))


def sparse(path: Path, head: bytes, size: int) -> None:
    """A file that begins so and goes on with nothing, which takes no space on the disk."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)


def flat_wav(path: Path) -> None:
    """Ten hours as WAV: 576 MB that are on no disk."""
    size = HOURS * 3600 * RATE * 2
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    head = b"RIFF" + struct.pack("<I4s", size + 36, b"WAVE") + form + struct.pack("<4sI", b"data", size)
    sparse(path, head, len(head) + size)


PICTURES: dict[str, Callable[[Path], object]] = {
    "png, every row there": whole_png,
    "png, rows missing": lambda path: path.write_bytes(png(SIDE, SIDE)),
    "jpeg": jpeg,
    "tiff": tiff,
    "bmp": lambda path: path.write_bytes(bmp(SIDE, SIDE)),
    "netpbm of 7.5 GB": lambda path: sparse(path, b"P6 50000 50000 255\n", 7_500_000_019),
}
SOUNDS: dict[str, Callable[[Path], object]] = {
    "flac, every second there": flac,
    "au of 576 MB": lambda path: sparse(path, au(HOURS * 3600 * RATE), 2 * HOURS * 3600 * RATE + 24),
    "wav of 576 MB": flat_wav,
    "packed array of 400 MB": lambda path: path.write_bytes(npz()),
}


def peak() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(folder: Path) -> Path:
    """ROWS small pictures and sounds with a label, and a giant in each column of some rows."""
    rng, lines = np.random.default_rng(0), ["photo,voice,y"]
    for row in range(ROWS):
        shade = np.uint8(60 + 120 * (row % 2))
        Image.fromarray(np.full((16, 16), shade) + rng.integers(0, 40, (16, 16), np.uint8)).save(
            folder / f"{row}.png"
        )
        tone = np.sin(np.arange(3000) * (0.05 + 0.1 * (row % 2))) + rng.normal(0, 0.05, 3000)
        soundfile.write(folder / f"{row}.wav", (tone / 3).astype(np.float32), RATE)
        lines.append(f"{row}.png,{row}.wav,{'ab'[row % 2]}")
    for place, name in enumerate([*PICTURES, *SOUNDS]):
        photo = f"giant {place}" if name in PICTURES else f"{place}.png"
        voice = f"{place}.wav" if name in PICTURES else f"giant {place}"
        lines[1 + GIANTS * place] = f"{photo},{voice},{'ab'[GIANTS * place % 2]}"
    path = folder / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def one(path: Path, kind: str) -> None:
    """Prepare one giant and print as JSON what became of it: seconds, memory and the reason."""
    from sensorium.modalities import modalities

    modality = modalities.get(kind)()
    facts = modality.fit([modality.fake(np.random.default_rng(0), 4)], np.random.default_rng(0))
    before, began = peak(), time.perf_counter()
    packed = modality.prepare([path], facts)
    seconds = time.perf_counter() - began
    told = {"seconds": seconds, "more": peak() - before, "reason": packed.row_reasons().get(0, "")}
    print(json.dumps(told))


def whole(folder: Path) -> None:
    """Train on and answer a table with all giants; print seconds, memory and the corrupt cells as JSON."""
    import sensorium

    warnings.simplefilter("ignore")
    began = time.perf_counter()
    plan = {"train": {"epochs": 2, "rungs": ["linear", "photo alone", "voice alone", "fusion"]}}
    learner = sensorium.Learner("y", plan=plan, roots=[folder]).fit(folder / "table.csv", out=folder / "run")
    answers = learner.answers(folder / "table.csv")
    cells = [json.loads(line) for line in (folder / "run" / "cells.jsonl").read_text().splitlines()]
    found = {"seconds": time.perf_counter() - began, "peak": peak(), "answers": len(answers), "cells": cells}
    print(json.dumps(found))


def asked(*words: object) -> dict[str, object]:
    """What a process of its own prints: what one giant took is not mixed with another's."""
    command = [sys.executable, "-m", "benchmarks.limits", *map(str, words)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, object] = json.loads(made.stdout)
    return told


def main() -> None:
    """Makes the giants, meets each alone and all in one run; writes results/limits.md."""
    if sys.argv[1:2] == ["one"]:
        return one(Path(sys.argv[2]), sys.argv[3])
    if sys.argv[1:2] == ["whole"]:
        return whole(Path(sys.argv[2]))
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table(folder)
        kinds = dict.fromkeys(PICTURES, "image") | dict.fromkeys(SOUNDS, "audio")
        for place, (giant, make) in enumerate((PICTURES | SOUNDS).items()):
            path = folder / f"giant {place}"
            make(path)
            told = asked("one", path, kinds[giant])
            size = f"{path.stat().st_size / 1e6:,.1f}"
            milliseconds, more = (
                f"{1000 * float(str(told['seconds'])):.1f}",
                f"{float(str(told['more'])):,.0f}",
            )
            rows.append([kinds[giant], giant, size, milliseconds, more, str(told["reason"])])
        found = asked("whole", folder)
    cells = found["cells"]
    assert isinstance(cells, list)
    told_of = {(cell["column"], cell["path"]) for cell in cells}
    lost = [
        giant
        for place, giant in enumerate(kinds)
        if not {("photo", f"giant {place}"), ("voice", f"giant {place}")} & told_of
    ]
    how = (
        f"Giants of {SIDE:,} x {SIDE:,} pixels and of {HOURS} hours, each alone in its own process; then "
        f"a table of {ROWS} rows with all of them, trained on and answered: {found['answers']} answers, "
        f"{len(cells)} cells counted corrupt, {len(lost)} giants untold, "
        f"{float(str(found['seconds'])):.0f} s, peak {float(str(found['peak'])):,.0f} MB."
    )
    page(
        "limits",
        "Giants",
        how,
        ["column", "giant", "file, MB", "ms", "more memory, MB", "counted corrupt because"],
        rows,
    )
    sys.exit(int(bool(lost) or found["answers"] != ROWS or not all(row[-1] for row in rows)))


if __name__ == "__main__":
    main()
