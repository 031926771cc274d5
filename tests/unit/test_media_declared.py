"""Sounds that hold fewer bytes than they declare are cut off, in every container that says so."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sensorium.errors import CorruptCell
from sensorium.media import audio
from sensorium.media.declared import declared_bytes

WAVE = np.sin(np.arange(4000) / 20).astype(np.float32) * 0.3
FORMATS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU")


def made(kind: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, WAVE, 8000, format=kind, subtype="PCM_16")
    return file.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_whole_sound_holds_what_it_declares(kind: str, tmp_path: Path) -> None:
    says, holds = declared_bytes(made(kind)) or (0, 0)
    assert says in (8000, 8008), "an AIFF chunk counts 8 bytes of its own"
    assert holds == says
    assert len(audio.decode(made(kind), 8000)) == 4000
    path = tmp_path / "sound"
    path.write_bytes(made(kind))
    assert declared_bytes(path) == (says, holds)


@pytest.mark.parametrize("kind", FORMATS)
def test_half_a_sound_is_cut_off(kind: str) -> None:
    with pytest.raises(CorruptCell, match=r"^the sound is cut off: [\d,]+ of 8,00[08] bytes are there$"):
        audio.decode(made(kind)[:4000], 8000)


@pytest.mark.parametrize("kind", ["FLAC", "OGG", "CAF"])
def test_other_sounds_declare_nothing_that_is_read_here(kind: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, WAVE, 8000, format=kind)
    assert declared_bytes(file.getvalue()) is None
    with pytest.raises(CorruptCell):
        audio.decode(file.getvalue()[: len(file.getvalue()) // 2], 8000)


@pytest.mark.parametrize(
    "cell",
    [
        b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b".snd", b"FORM\0\0\0\0AIFF", b"riff" + bytes(20),
        b"RF64" + bytes(40),
        made("WAV")[:40] + struct.pack("<I", 0xFFFFFFFF) + made("WAV")[44:],
        made("AU")[:8] + b"\xff\xff\xff\xff" + made("AU")[12:],
        b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 200 + b"data\xff\0\0\0",
    ],
)  # fmt: skip
def test_no_length_an_endless_stream_or_rubbish_declares_nothing(cell: bytes) -> None:
    assert declared_bytes(cell) is None


def test_the_length_of_a_large_wav_stands_in_a_chunk_of_its_own() -> None:
    known = bytearray(made("RF64"))
    place = known.index(b"data") + 4
    assert declared_bytes(bytes(known)) == (8000, 8000)
    assert known[place : place + 4] in (b"\xff\xff\xff\xff", struct.pack("<I", 8000))
    known[place : place + 4] = b"\xff\xff\xff\xff"
    assert declared_bytes(bytes(known)) == (8000, 8000)
