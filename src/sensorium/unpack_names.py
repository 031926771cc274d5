"""Names of files and folders that are made of what a table says: none leads out of its folder or hides."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from sensorium.media import magic
from sensorium.media.locate import parted
from sensorium.media.several import SIGNS, held
from sensorium.media.signal_files import NPY, ZIP

_LONGEST = 200
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?\Z", re.IGNORECASE)
"""What Windows takes for a device, whatever the suffix."""
_SUFFIXES = {
    "jpeg": ".jpg", "tiff": ".tif", "jpeg2000": ".jp2", "jp2 ": ".jp2", "netpbm": ".ppm", "mif1": ".heic",
    "nist": ".sph", "matroska": ".mkv", "mpeg": ".mpg", "asf": ".wmv",
}  # fmt: skip
"""Of kinds by content whose suffix is another than their name."""


class Names:
    """Names of the files of one folder: each taken once, whatever the case; equal contents have one file."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._taken: set[str] = set()
        self._known: dict[bytes, str] = {}

    def of(self, data: bytes, path: str | None, label: str) -> tuple[str, bool]:
        """(name, whether it is new) of a medium. label: what it is called when its path gives no name."""
        digest = hashlib.blake2b(data, digest_size=20).digest()
        known = self._known.get(digest)
        if known is not None:
            return known, False
        name = free(file_name(data, path, self.folder) or f"{label}{suffix_of(data)}", self._taken)
        self._taken.add(_folded(name))
        self._known[digest] = name
        return name, True


def file_name(data: bytes, path: str | None, folder: str) -> str:
    """The last part of a path as a name that any system takes; empty where nothing is left of it."""
    base = re.split(r"[\\/]", path or "")[-1]
    file, key, row = parted(Path(base))
    if (key, row) != (None, None):
        said = [file.stem, *([] if key is None else [key]), *([] if row is None else [str(row)])]
        base = "-".join(said) + suffix_of(data)
    name = safe(base)
    for sign in SIGNS:
        if held(f"{folder}/{name}", sign) is not None:  # it would be read as several paths
            name = name.replace(sign, "_")
    return name


def suffix_of(data: bytes) -> str:
    """The suffix that a file's first bytes ask for."""
    if data.startswith((NPY, ZIP)):
        return ".npy" if data.startswith(NPY) else ".npz"
    found = magic.kind(data[: magic.HEAD])
    if found is None:
        return ".csv" if data and b"\0" not in data[:1024] and data[:1024].isascii() else ".bin"
    if found == ("video", "ogg"):
        return ".ogv"
    return _SUFFIXES.get(found[1], f".{found[1]}")


def safe(text: str) -> str:
    """A name without what some system refuses: at most 200 bytes, not hidden, no device; perhaps empty."""
    name = _UNFIT.sub("_", unicodedata.normalize("NFC", text)).replace("/", "_").replace("\\", "_")
    name = name.strip().lstrip(".").rstrip(". ").strip()
    if not name.strip("_"):
        return ""
    if _RESERVED.match(name):
        name = f"_{name}"
    return _shortened(name, _LONGEST)


def folders(columns: Sequence[str], table: str) -> dict[str, str]:
    """{column: the folder of its media}, beside a table of this name."""
    taken = {_folded(table)}
    found = {}
    for column in columns:
        name = free(safe(re.sub(r"[^\w.-]+", "_", column)) or "column", taken)
        taken.add(_folded(name))
        found[column] = name
    return found


def free(name: str, taken: set[str]) -> str:
    """The name, with a number behind its stem where it is taken."""
    number, made = 1, name
    while _folded(made) in taken:
        number += 1
        stem, dot, suffix = name.rpartition(".")
        made = f"{stem}-{number}{dot}{suffix}" if stem else f"{name}-{number}"
    return made


def _shortened(name: str, most: int) -> str:
    """At most so many bytes of UTF-8: the stem is cut, a short suffix stays."""
    if len(name.encode()) <= most:
        return name
    stem, dot, suffix = name.rpartition(".")
    tail = f"{dot}{suffix}" if stem and len(suffix.encode()) <= 16 else ""
    cut = name.removesuffix(tail).encode()[: most - len(tail.encode())].decode(errors="ignore")
    return cut.rstrip(". ") + tail


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
