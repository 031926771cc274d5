"""Cells of media as bytes with a path: files, parts of archives, bytes, pictures and arrays in memory."""

import io
import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import numpy as np
import pyarrow as pa
import soundfile
from numpy.typing import NDArray
from PIL import Image

from sensorium.errors import CorruptCell
from sensorium.media import audio, image, pixels
from sensorium.media.cells import shown
from sensorium.media.json_media import from_data_address
from sensorium.media.locate import located, parted
from sensorium.media.signal_cells import fields
from sensorium.media.signal_files import FAILURES, Limits
from sensorium.table.packed import Cell

MEDIUM = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""How a medium stands in Parquet: several tools read it."""
LARGEST = (1 << 31) - (1 << 20)
"""Bytes that a cell of Parquet holds."""
RATE_OF_ARRAYS = 16_000
"""Samples a second of sounds in memory that do not say it, as in ``modalities.audio``."""

_LIMITS = Limits(max_steps=1 << 40, max_megabytes=LARGEST / 1e6)
_HELD = 1 << 26
_PNG = ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA")
_INSIDE = ("[", "{")
_HOMES = ("~/", "~\\", "file:")
_FAILURES = (*audio.FAILURES, *image.FAILURES, *FAILURES)


@dataclass(frozen=True, slots=True)
class Medium:
    """What becomes of a medium: its bytes, None where they cannot be read, its path, and why not."""

    data: bytes | None
    path: str | None
    why: str | None = None


class MediaReader:
    """Reads the media of one column. kind: its modality, which says what arrays in memory are.

    folder, roots: where files may lie. A file is read once while it is among the last 64 MB.
    """

    def __init__(self, kind: str | None, folder: Path | None, roots: Sequence[Path]) -> None:
        self.kind, self.folder, self.roots = kind, folder, tuple(roots)
        self._held: OrderedDict[Path, Medium] = OrderedDict()
        self._size = 0

    def placed(self, cells: Sequence[Cell]) -> list[object]:
        """Every text as the file that it names (or why it names none); ``data:`` addresses as their bytes."""
        read = [from_data_address(c) if isinstance(c, str) and c[:5] == "data:" else c for c in cells]
        named = [not (isinstance(c, str) and c.startswith(_INSIDE)) for c in read]
        paths = [c for c, n in zip(read, named, strict=True) if n]
        found = iter(located(paths, self.folder, self.roots, every=True))
        return [next(found) if n else c for c, n in zip(read, named, strict=True)]

    def media(
        self, cells: Sequence[Cell], places: Sequence[object], pool: ThreadPoolExecutor
    ) -> list[Medium | None]:
        """Each cell read. places: of the same cells. None: missing."""
        wanted = list(dict.fromkeys(p for p in places if isinstance(p, Path) and p not in self._held))
        read = dict(zip(wanted, pool.map(_file, wanted, chunksize=16), strict=True))
        made = [self._medium(cell, place, read) for cell, place in zip(cells, places, strict=True)]
        self._hold(read)
        return made

    def _medium(self, cell: Cell, place: object, read: dict[Path, Medium]) -> Medium | None:
        if cell is None:
            return None
        if isinstance(place, CorruptCell):
            return Medium(None, self._said(_text(cell)), str(place))
        if isinstance(place, Path):
            found = read.get(place) or self._held[place]
            return Medium(found.data, self._said(_text(cell), place), found.why)
        if isinstance(place, str):
            return Medium(None, place)
        if isinstance(place, dict) and set(place) == {"bytes", "path"}:
            path = place["path"]
            return Medium(place["bytes"], None if path is None else self._said(_text(path)))
        try:
            return Medium(_encoded(place, self.kind), None)
        except CorruptCell as why:
            return Medium(None, shown(cell), str(why))
        except _FAILURES as error:
            return Medium(None, shown(cell), f"it cannot be written as a file: {str(error)[:120]}")

    def _said(self, text: str, place: Path | None = None) -> str:
        """A path as the table says it; an absolute one from the root that it lies in, else its name alone.

        place: where it was found; None: it is lost, or was another machine's.
        """
        if not (os.path.isabs(text) or PureWindowsPath(text).is_absolute() or text.startswith(_HOMES)):
            return text
        real = os.path.realpath(text) if place is None and "\0" not in text else str(place)
        for base in map(os.path.realpath, (*([] if self.folder is None else [self.folder]), *self.roots)):
            if real.startswith(base.rstrip(os.sep) + os.sep):
                return _text(real[len(base.rstrip(os.sep)) + 1 :])
        return PureWindowsPath(text).name or "lost"

    def _hold(self, read: dict[Path, Medium]) -> None:
        for path, medium in read.items():
            self._held[path] = medium
            self._size += len(medium.data or b"")
        while self._size > _HELD:
            self._size -= len(self._held.popitem(last=False)[1].data or b"")


def weight(place: object) -> int:
    """How many bytes a medium takes, about."""
    if isinstance(place, bytes):
        return len(place)
    if isinstance(place, Path):
        file, key, row = parted(place)
        if (key, row) != (None, None):
            return 1 << 12
        try:
            return file.stat().st_size
        except OSError:
            return 0
    if isinstance(place, dict):
        return len(place.get("bytes") or b"")
    if isinstance(place, Image.Image):
        return place.width * place.height * 3
    return place.nbytes if isinstance(place, np.ndarray) else 0


def array_of(media: Sequence[Medium | None]) -> pa.Array:
    """Media as an Arrow array of MEDIUM; null where missing."""
    return pa.StructArray.from_arrays(
        [
            pa.array([None if m is None else m.data for m in media], pa.binary()),
            pa.array([None if m is None else m.path for m in media], pa.string()),
        ],
        fields=list(MEDIUM),
        mask=pa.array([m is None for m in media], pa.bool_()),
    )


def lists_of(media: Sequence[Medium | None], counts: Iterable[int | None]) -> pa.Array:
    """The same as lists of so many each; None: the whole list is missing."""
    lengths = list(counts)
    stops = np.concatenate([[0], np.cumsum([n or 0 for n in lengths])]).astype(np.int32)
    gone = pa.array([n is None for n in lengths], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(stops), array_of(media), mask=gone)


def _file(path: Path) -> Medium:
    """A file's bytes, or those of a part of one as an npy file."""
    file, key, row = parted(path)
    try:
        if (key, row) != (None, None):
            return Medium(_part(path), None)
        size = file.stat().st_size
        if size > LARGEST:
            raise CorruptCell(f"the file has {size / 1e9:,.1f} GB; a cell of Parquet holds at most 2 GB")
        return Medium(file.read_bytes(), None)
    except CorruptCell as why:
        return Medium(None, None, str(why))
    except OSError as error:
        return Medium(None, None, f"the file cannot be read: {error.strerror or error}")


def _part(path: Path) -> bytes:
    """An array of an archive, with its times where it has some: then both, as npz."""
    found = {name: np.asarray(value) for name, value in fields(path, _LIMITS).items()}
    if len(found) == 1:
        return _npy(next(iter(found.values())))
    with io.BytesIO() as file:
        np.savez(file, **found)  # type: ignore[arg-type]
        return file.getvalue()


def _encoded(cell: object, kind: str | None) -> bytes:
    """Bytes as they are; a picture as png (or tiff), a sound as wav, other arrays as npy."""
    if isinstance(cell, bytes):
        return cell
    if isinstance(cell, np.ndarray) and kind == "image":
        cell = pixels.picture(cell, 1 << 40)
    if isinstance(cell, Image.Image):
        return _picture(cell)
    if isinstance(cell, dict) and "array" in cell:
        return _sound(np.asarray(cell["array"]), int(cell.get("sampling_rate") or RATE_OF_ARRAYS))
    if isinstance(cell, np.ndarray) and kind == "audio":
        return _sound(cell, RATE_OF_ARRAYS)
    if isinstance(cell, np.ndarray | list) and kind != "video":
        array = np.asarray(cell)
        if array.dtype.kind in "biuf":
            return _npy(array)
    raise CorruptCell(f"expected a file or its bytes, got {shown(cell)}")


def _npy(array: NDArray[np.generic]) -> bytes:
    with io.BytesIO() as file:
        np.save(file, array, allow_pickle=False)
        return file.getvalue()


def _picture(picture: Image.Image) -> bytes:
    with io.BytesIO() as file:
        picture.save(file, "PNG" if picture.mode in _PNG else "TIFF", exif=picture.getexif())
        return file.getvalue()


def _sound(array: NDArray[np.generic], rate: int) -> bytes:
    """A wav file of the array's own depth."""
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        array = array.T
    depths = {"f8": "DOUBLE", "f4": "FLOAT", "i4": "PCM_32", "i2": "PCM_16"}
    depth = depths.get(array.dtype.str[1:])
    if depth is None:
        raise CorruptCell(f"expected a sound of floats or of 16 or 32 bits, got {shown(array)}")
    with io.BytesIO() as file:
        soundfile.write(file, array, rate, depth, format="WAV")
        return file.getvalue()


def _text(cell: object) -> str:
    """A path as text: half surrogates, which stand for bytes that are no UTF-8, become question marks."""
    text = cell if isinstance(cell, str) else str(cell) if isinstance(cell, Path) else shown(cell)
    return text.encode("utf-8", "replace").decode()
