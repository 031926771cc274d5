"""Makes src/sensorium/demo/data: digits seen, heard and read, each alone ambiguous.

Needs espeak-ng on the path (only here: the made files are kept in the repository) and the packages
of the library. The same seed and the same espeak-ng (1.51) give the same bytes.

    python scripts/make_demo_data.py [--out src/sensorium/demo/data] [--seed 0]
"""

import argparse
import csv
import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

import demo_text

RATE = 8000
LONGEST_SECONDS = 0.5
PIXELS = 24
GREYS = 16
ROWS = {"train": 1000, "val": 200, "test": 300}
MISSING = 0.1
VOICES = {
    "train": (
        "en-us+m1 en-us+m3 en-us+f1 en-us+f2 en-us+Alex en-us+Annie en-us-nyc+m6 en-us-nyc+f4 "
        "en-gb+m4 en-gb+m7 en-gb+Andy en-gb+Linda en-gb-scotland+m1 en-gb-scotland+f2 en-gb-scotland+Lee "
        "en-gb-x-rp+m3 en-gb-x-rp+f1 en-gb-x-rp+Michael en-gb-x-gbcwmd+m4 en-gb-x-gbcwmd+Alicia "
        "en-gb-x-gbclan+m7 en-gb-x-gbclan+f4 en-029+Alex en-029+Steph en-us+David en-gb+Belinda"
    ).split(),
    "val": "en-us+Max en-gb+f3 en-gb-scotland+Mike en-gb-x-rp+Andrea en-029+m2".split(),
    "test": "en-us+Ed en-gb+m5 en-gb-scotland+Steph2 en-gb-x-rp+John en-us-nyc+f5 en-029+Paul".split(),
}
BROKEN = {
    "train": ["cut", "cut", "cut", "not png", "not png", "empty", "empty", "empty", "gone"],
    "val": ["cut", "empty"],
    "test": ["cut", "not png", "empty", "gone"],
}
"""Cells broken on purpose: a png cut in half, a text named .png, a sound of no bytes, no file."""


def seen(scan_HW: NDArray[np.float64], rng: np.random.Generator) -> bytes:
    """A scan (8, 8) of 0..16 as a small grey png with a part covered and the rest noisy."""
    clean = Image.fromarray((scan_HW * 255 / 16).astype(np.uint8)).resize(
        (PIXELS, PIXELS), Image.Resampling.BICUBIC
    )
    pixels = np.asarray(clean, np.float64)
    share = rng.uniform(0.28, 0.58)
    covered = np.zeros((PIXELS, PIXELS), bool)
    covered[: round(share * PIXELS)] = True
    pixels = np.where(np.rot90(covered, int(rng.integers(4))), 128.0, pixels)
    pixels = pixels + rng.normal(0, rng.uniform(20, 75), pixels.shape)
    step = 255 / (GREYS - 1)
    quantised = (np.clip(np.round(pixels / step), 0, GREYS - 1) * step).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(quantised).save(out, "PNG", optimize=True)
    return out.getvalue()


def spoken(word: str, voice: str, words_per_minute: int, pitch: int) -> NDArray[np.float64]:
    """The word as a wave (T,) at 8 kHz, silence trimmed, at most LONGEST_SECONDS, peak 1."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "--stdout", word]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    wave, rate = soundfile.read(io.BytesIO(made))
    wave = soxr.resample(wave, rate, RATE)
    loud = np.flatnonzero(np.abs(wave) > 0.02 * np.abs(wave).max())
    wave = wave[loud[0] : loud[-1] + 1][: int(LONGEST_SECONDS * RATE)]
    peak: NDArray[np.float64] = wave / np.abs(wave).max()
    return peak


def noised(wave: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The wave with coloured noise at -12 to 2 dB, a random level and a random start."""
    lead = int(rng.integers(0, RATE // 40))
    wave = np.concatenate([np.zeros(lead), wave])
    frequencies = np.fft.rfftfreq(len(wave), 1 / RATE)
    tilt = (np.maximum(frequencies, 60.0) / 60.0) ** -rng.uniform(0.0, 0.6)
    noise = np.fft.irfft(np.fft.rfft(rng.normal(size=len(wave))) * tilt, len(wave))
    decibels = rng.uniform(-12, 2)
    noise *= np.sqrt((wave**2).mean() / (noise**2).mean()) * 10 ** (-decibels / 20)
    mixed = wave + noise
    result: NDArray[np.float64] = mixed / np.abs(mixed).max() * rng.uniform(0.3, 0.9)
    return result


def encoded(wave: NDArray[np.float64]) -> bytes:
    """The wave as Ogg Opus of about 12 kbit/s, its serial number fixed so that bytes repeat."""
    out = io.BytesIO()
    soundfile.write(out, wave, RATE, format="OGG", subtype="OPUS", compression_level=0.975)
    return with_serial(bytearray(out.getvalue()), 1)


def with_serial(ogg: bytearray, serial: int) -> bytes:
    """The same Ogg stream with this serial number on every page, checksums renewed (RFC 3533)."""
    start = 0
    while start < len(ogg):
        segments = ogg[start + 26]
        end = start + 27 + segments + sum(ogg[start + 27 : start + 27 + segments])
        ogg[start + 14 : start + 18] = serial.to_bytes(4, "little")
        ogg[start + 22 : start + 26] = bytes(4)
        ogg[start + 22 : start + 26] = checksum(ogg[start:end]).to_bytes(4, "little")
        start = end
    return bytes(ogg)


def checksum(page: bytes | bytearray) -> int:
    """Ogg's CRC-32: polynomial 0x04c11db7, not reflected, starting from 0."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def rows_of(
    split: str, scans: NDArray[np.int64], out: Path, rng: np.random.Generator
) -> list[dict[str, str]]:
    """One split: its own voices, its own scans; writes the media and returns the cells."""
    digits = load_digits()
    rows = []
    for number, scan in enumerate(scans):
        digit = int(digits.target[scan])
        voice = VOICES[split][number % len(VOICES[split])]
        picture = f"seen/scan_{scan:04d}.png"
        (out / picture).write_bytes(seen(digits.images[scan], rng))
        wave = spoken(demo_text.WORDS[digit], voice, int(rng.integers(150, 230)), int(rng.integers(30, 70)))
        sound = f"heard/{voice.replace('+', '_')}_{number:04d}.ogg"
        (out / sound).write_bytes(encoded(noised(wave, rng)))
        row = {
            "seen": picture,
            "heard": sound,
            "read": demo_text.read(digit, rng),
            "ink": f"{digits.images[scan].sum() / 32 + rng.normal(0, 0.4):.2f}",
            "tray": demo_text.tray(digit, rng),
        }
        hide(row, out, rng)
        rows.append(row | {"digit": str(digit), "split": split})
    return rows


def hide(row: dict[str, str], out: Path, rng: np.random.Generator) -> None:
    """Empties about a tenth of the cells, never all three of seen, heard and read."""
    gone = {name: rng.random() < MISSING for name in row}
    if gone["seen"] and gone["heard"] and gone["read"]:
        gone["heard"] = False
    for name in [n for n, is_gone in gone.items() if is_gone]:
        if name in ("seen", "heard"):
            (out / row[name]).unlink()
        row[name] = ""


def broken(rows: list[dict[str, str]], kinds: list[str], out: Path, rng: np.random.Generator) -> None:
    """Breaks one cell for each kind, each in another row that has a picture, a sound and a text."""
    whole = [i for i, row in enumerate(rows) if row["seen"] and row["heard"] and row["read"]]
    chosen = rng.choice(whole, len(kinds), replace=False)
    for place, kind in zip(chosen, kinds, strict=True):
        row = rows[int(place)]
        picture, sound = out / row["seen"], out / row["heard"]
        match kind:
            case "cut":
                picture.write_bytes(picture.read_bytes()[: picture.stat().st_size // 2])
            case "not png":
                picture.write_text("This is a text, whatever its name says.\n")
            case "empty":
                sound.write_bytes(b"")
            case "gone":
                sound.unlink()


def main() -> None:
    """Writes digits.csv, seen/ and heard/ anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("src/sensorium/demo/data"))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for folder in ("seen", "heard"):
        shutil.rmtree(asked.out / folder, ignore_errors=True)
        (asked.out / folder).mkdir(parents=True)
    rng = np.random.default_rng(asked.seed)
    scans = rng.permutation(len(load_digits().target))
    rows, start = [], 0
    for split, count in ROWS.items():
        part = rows_of(split, scans[start : start + count], asked.out, rng)
        broken(part, BROKEN[split], asked.out, rng)
        rows += part
        start += count
    with (asked.out / "digits.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    total = sum(path.stat().st_size for path in asked.out.rglob("*") if path.is_file())
    print(f"{len(rows)} rows, {total / 1e6:.2f} MB in {asked.out}")


if __name__ == "__main__":
    main()
