"""Sounds, decoded once to one channel of 16-bit samples; log-mel is made on the device."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from pydantic import Field as Limit
from torch import nn

from sensorium.errors import CorruptCell, PlanError
from sensorium.media import audio, magic, show, track
from sensorium.media.cells import Sample, distinct, each, is_missing
from sensorium.media.facts import sound_facts
from sensorium.media.json_media import from_data_address
from sensorium.modalities._base import Guess, Modality, Shown
from sensorium.nn import sound_print, sound_statistics
from sensorium.nn.melspec import SPREAD, LogMel, levelled
from sensorium.table.field import Field
from sensorium.table.packed import PRESENT, Cell, Packed, ragged
from sensorium.types import Arrays, Facts, Json, Layout

_HEADERS = 400
_LONGEST_AUTO, _RATE_AUTO = 10.0, 16_000
_AT_ONCE = 32
"""Sounds whose statistics are made together."""
_WINDOW = 0.025
"""Seconds of sound in one frame, as in speech recognition; two hops where that is more."""
_SUFFIXES = frozenset((".wav", ".flac", ".ogg", ".mp3", ".opus", ".aif", ".aiff", ".au", ".caf"))


class Audio(Modality):
    """A sound: file, bytes, array (T,), (T, C), (C, T), or a dict of ``array`` and ``sampling_rate``.

    An array alone is taken to be at ``rate``, or at 16,000 samples a second when ``rate`` is None. Of a video
    the sound is read (with the extra ``video``), so that a column of videos can be an input of sounds too; a
    video without sound is missing.

    Choices:
        rate: samples a second that are kept; None: as recorded, at most 16,000.
        seconds: length that is kept, from the start; None: the 99 % quantile of the lengths, at most 10.
        trim: whether silent ends are cut off.
        level: whether every sound is brought to one loudness, and a grid has a second channel in which its
            bands are also brought to mean 0 and deviation 1 (frames have these alone).
        mels: frequency bands.
        hop_seconds: step of the spectrogram; None: a 64th of the usual length, between 0.004 and 0.02.
        max_seconds: sounds that declare more are corrupt.
        max_megabytes: files that are larger are corrupt.
    """

    layouts = ("grid", "frames", "wave")
    default_encoder = "resnet"
    default_augment = ("spectrum",)
    media = True
    prepared_from = ("rate", "seconds")
    front_from = ("rate", "window", "hop", "mels")
    near_bits = 28

    def __init__(
        self,
        *,
        rate: Annotated[int, Limit(ge=1000, le=192_000)] | None = None,
        seconds: Annotated[float, Limit(gt=0)] | None = None,
        trim: bool = True,
        level: bool = True,
        mels: Annotated[int, Limit(ge=4, le=512)] = 64,
        hop_seconds: Annotated[float, Limit(gt=0, le=1)] | None = None,
        max_seconds: Annotated[float, Limit(gt=0)] = 600.0,
        max_megabytes: Annotated[float, Limit(gt=0)] = 200.0,
    ) -> None:
        self.rate, self.seconds, self.trim, self.level, self.mels = rate, seconds, trim, level, mels
        self.hop_seconds, self.rate_of_arrays = hop_seconds, rate or _RATE_AUTO
        self.limits = audio.Limits(max_seconds, max_megabytes)

    @classmethod
    def sniff(cls, cells: Sequence[Cell]) -> Guess:
        some = list(cells[:: -(-len(cells) // 64) or 1])
        if not some:
            return Guess(0.0, "no cell is a sound")
        share, names = magic.share(some, "audio")
        waves = sum(_is_wave(c) for c in some) / len(some)
        named = sum(isinstance(c, Path) and c.suffix.lower() in _SUFFIXES for c in some) / len(some)
        kind = names or ("arrays in memory" if waves else "by name only")
        score = max(share + 0.7 * waves, 0.6 * named)
        return Guess(score, f"{share + waves:.0%} of {len(some)} sampled cells are sounds ({kind})")

    @classmethod
    def fake(cls, rng: np.random.Generator, rows: int) -> list[Cell]:
        made: list[Cell] = []
        for _ in range(rows):
            time = np.arange(rng.integers(1600, 4000)) / 8000
            wave = 0.4 * np.sin(2 * np.pi * rng.uniform(200, 2000) * time) + rng.normal(0, 0.02, len(time))
            file = BytesIO()
            soundfile.write(file, wave, 8000, format="WAV", subtype="PCM_16")
            made.append(file.getvalue())
        return made

    def fit(self, chunks: Iterable[Sequence[Cell]], rng: np.random.Generator) -> Facts:
        sample: Sample[Cell] = Sample(_HEADERS, rng)
        for chunk in chunks:
            sample.add([c for c in chunk if not (is_missing(c) or isinstance(c, CorruptCell))])
        told = each(sample.items(), lambda c: audio.header(c, self.rate_of_arrays, self.limits))[0]
        headers = [h for h in told if h is not None and h.frames > 0]
        lengths = np.array([h.seconds for h in headers] or [1.0])
        rate = self.rate or int(min(_RATE_AUTO, np.median([h.rate for h in headers] or [_RATE_AUTO])))
        seconds = self.seconds or float(min(_LONGEST_AUTO, np.quantile(lengths, 0.99)))
        usual = min(seconds, float(np.median(lengths)))
        hop = self.hop_seconds or float(np.clip(usual / 64, 0.004, 0.02))
        return {
            "rate": rate,
            "seconds": round(seconds, 4),
            "window": max(2, round(max(_WINDOW, 2 * hop) * rate)),
            "hop": max(1, round(hop * rate)),
            "mels": self.mels,
            "rates": sorted({h.rate for h in headers}),
            "lengths": [round(float(q), 4) for q in np.quantile(lengths, [0, 0.5, 0.99, 1])],
        }

    def prepare(self, cells: Sequence[Cell], facts: Facts) -> Packed:
        records, index = distinct(cells)
        waves, reasons = each(records, lambda cell: self._wave(cell, facts))
        packed = ragged(waves, np.zeros(0, np.int16), reasons=reasons)
        return Packed(packed.values, packed.status, packed.offsets, reasons=reasons, index=index)

    def describe(self, facts: Sequence[Facts], layout: Layout) -> Facts:
        kept = ("rate", "window", "hop", "mels")
        if any(f[k] != facts[0][k] for f in facts for k in kept):
            raise PlanError(
                "the sounds of one input must be of one rate and hop; its columns gave "
                f"rates {[f['rate'] for f in facts]} and hops {[f['hop'] for f in facts]} (samples). "
                "Set rate and hop_seconds of this input, or give each column its own input."
            )
        told: Facts = {"layout": layout, "rate": facts[0]["rate"]}
        if layout == "frames":
            told["features"] = facts[0]["mels"]
        if layout == "grid":
            longest = max(f["seconds"] for f in facts) * facts[0]["rate"]
            width = int(-(-longest // facts[0]["hop"]))
            told |= {
                "channels": 1 + self.level,
                "height": facts[0]["mels"],
                "width": max(1, width),
                "timed": True,
            }
        return told

    def arrays(self, part: Packed, records: NDArray[np.int64], layout: Layout) -> Arrays:
        values, mask = part.padded(records)
        return Arrays(torch.from_numpy(values.astype(np.int16, copy=False)), torch.from_numpy(mask))

    def front(self, facts: Sequence[Facts], layout: Layout) -> nn.Module:
        if layout == "wave":
            return _Wave()
        return _Spectrogram(_bands(facts[0]), self.level, layout == "frames")

    def field(self, name: str, facts: Sequence[Facts]) -> Field | None:
        return Field(name, "numbers", len(facts) * sound_statistics.width(), scaled=False)

    def plain(self, parts: Sequence[Packed], facts: Sequence[Facts]) -> tuple[Packed, ...]:
        # Bands as they are: brought to one spread, kinds of sound are told apart worse (78.9 against 87.2 %
        # of 218 validation rows of ten kinds, extremely randomised trees).
        front = _Spectrogram(_bands(facts[0]), level=False, frames=False)
        return tuple(self._statistics(part, front) for part in parts)

    def _statistics(self, part: Packed, front: nn.Module) -> Packed:
        """The part's records as numbers about their log-mel bands (see ``nn.sound_statistics``)."""
        values = np.zeros((len(part.status), sound_statistics.width()), np.float32)
        order = np.argsort(part.lengths(), kind="stable")
        for start in range(0, len(order), _AT_ONCE):
            some = order[start : start + _AT_ONCE]
            with torch.inference_mode():
                bands = front(self.arrays(part, some, "grid"))
                values[some] = sound_statistics.statistics(bands.values[:, 0], bands.mask).numpy()
        mask = np.repeat((part.status == PRESENT)[:, None], values.shape[1], 1)
        return Packed(values, part.status, mask=mask, index=part.index)

    @classmethod
    def summary(cls, cells: Sequence[Cell]) -> Facts:
        return sound_facts(cells)

    def show(self, cell: Cell, most_bytes: int) -> Shown:
        medium, words = show.excerpt(cell, self.rate_of_arrays, self.limits, most_bytes)
        return Shown(words, medium, "audio/wav" if medium else "")

    def fingerprint(self, cell: Cell) -> bytes | None:
        return sound_print.of_wave(audio.decode(cell, sound_print.RATE, self.rate_of_arrays, self.limits))

    @classmethod
    def from_json(cls, value: Json) -> Cell:
        return from_data_address(value)

    @classmethod
    def to_json(cls, cell: Cell) -> Json:
        return None

    def _wave(self, cell: Cell, facts: Facts) -> NDArray[np.int16] | None:
        """The sound as it is stored; None for a video without sound, which is missing."""
        try:
            wave = audio.decode(cell, facts["rate"], self.rate_of_arrays, self.limits)
        except CorruptCell:
            if track.silent(cell):
                return None
            raise
        if self.trim:
            wave = audio.trimmed(wave, facts["rate"])
        wave = wave[: max(1, round(facts["seconds"] * facts["rate"]))]
        return audio.sixteen_bit(audio.levelled(wave) if self.level else wave)


class _Wave(nn.Module):
    """int16 samples (B, T) as floats in -1..1."""

    def forward(self, x: Arrays) -> Arrays:
        return Arrays(torch.where(x.mask, x.values.float() / 32768, 0.0), x.mask)


class _Spectrogram(nn.Module):
    """Samples (B, T) as log-mel: a grid (B, 1 or 2, M, W), or frames (B, W, M); mask (B, W).

    level: the bands brought to mean 0 and deviation 1, which suits speech of any recording, and, in a grid,
    as a second channel as they are, which suits sounds that differ in their course
    (docs/decisions/two-levels.md).
    """

    def __init__(self, mel: LogMel, level: bool, frames: bool) -> None:
        super().__init__()
        self.mel, self.level, self.frames = mel, level, frames

    def forward(self, x: Arrays) -> Arrays:
        bands_BMW, mask_BW = self.mel(x.values, x.mask)
        if not self.level:
            return Arrays(bands_BMW.transpose(1, 2) if self.frames else bands_BMW[:, None], mask_BW)
        same_BMW = levelled(bands_BMW, mask_BW, least=0.5 / SPREAD)
        if self.frames:
            return Arrays(same_BMW.transpose(1, 2), mask_BW)
        return Arrays(torch.stack([same_BMW, bands_BMW], 1), mask_BW)


def _bands(facts: Facts) -> LogMel:
    sizes = {name: facts[name] for name in ("window", "hop", "mels")}
    return LogMel(facts["rate"], **sizes, level=False)


def _is_wave(cell: Cell) -> bool:
    array = cell.get("array") if isinstance(cell, dict) else cell
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
        return False
    return (array.ndim == 1 and len(array) >= 400) or (array.ndim == 2 and min(array.shape) <= 2)
