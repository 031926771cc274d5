"""Cells that name files -> files that may be read: existing, regular, inside the allowed roots."""

import errno
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from sensorium.errors import CorruptCell

MEDIA_SUFFIXES = frozenset(
    "jpg jpeg jpe jp2 jxl png gif bmp dib tif tiff webp ico ppm pgm pbm pnm heic heif avif tga "
    "wav wave flac ogg oga opus mp3 aif aiff aifc au snd caf w64 rf64 m4a aac wma "
    "mp4 m4v mov avi mkv webm mpg mpeg 3gp wmv flv ogv mts m2ts npy npz csv txt json pdf dcm nii".split()
)
_SUFFIX = re.compile(r"[^/\\]\.([A-Za-z][A-Za-z0-9]{0,7}|3gp)\Z")
_LONGEST = 4096
_PART = re.compile(r"(.+\.np[yz])(?:#([^\[\]#/\\]+))?(?:\[(\d{1,15})\])?\Z", re.IGNORECASE | re.DOTALL)


def parted(path: Path) -> tuple[Path, str | None, int | None]:
    """A path as the file, the array in it and the row of the array: ``windows.npz#phone[3]``.

    ``windows.npz#phone`` names a whole array, ``phone.npy[3]`` one row of the only one; what is not said is
    None. Every other path is the file.
    """
    found = _PART.match(str(path)) if path.name.endswith("]") or "#" in path.name else None
    if found is None:
        return path, None, None
    return Path(found[1]), found[2], None if found[3] is None else int(found[3])


def is_path_like(text: str) -> bool:
    """Whether a text looks like a file's path: a media suffix after few words, or folders, without blanks."""
    blanks = text.count(" ")
    if not text or len(text) > _LONGEST or blanks > 5 or "\n" in text or "\0" in text or "://" in text:
        return False
    if not blanks and text.startswith(("./", "../", "/")) and text.strip("./"):
        return True
    part = _PART.match(text)
    suffix = _SUFFIX.search(text if part is None else part[1])
    if suffix is None:
        return False
    return suffix[1].lower() in MEDIA_SUFFIXES or ("/" in text and not blanks)


def locate(cell: str, folder: Path | None, roots: Sequence[Path]) -> Path:
    """The file that a cell names.

    cell: a path, absolute or relative to ``folder`` or else to one of ``roots``, in that order; backslashes
    in a relative path count as slashes when there is no such file otherwise. The file, links followed,
    must be a regular file inside ``folder`` or a root. ``windows.npz#phone[3]`` names a part of a file
    (``parted`` takes it apart). Raises CorruptCell saying why it is not.
    """
    return _Places(folder, roots).find(cell)


def located(
    cells: Sequence[object], folder: Path | None, roots: Sequence[Path], *, every: bool = False
) -> list[object]:
    """The cells with every string (or Path) that names a file as the Path of that file; others stay.

    A string that looks like a path but names no readable file becomes the CorruptCell that says why,
    as a value: it is counted, not raised. With ``every``, so does any other string that names none.
    """
    places = _Places(folder, roots)
    known: dict[str, object] = {}
    found: list[object] = []
    for cell in cells:
        if isinstance(cell, str | Path):
            text = str(cell)
            if text not in known:
                known[text] = _tried(places, text, every or isinstance(cell, Path) or is_path_like(text))
            cell = known[text]
        found.append(cell)
    return found


def _tried(places: "_Places", text: str, must: bool) -> object:
    try:
        return places.find(text)
    except CorruptCell as why:
        return why if must else text


class _Places:
    """Where files may lie. Folders are resolved once: a table names many files of few folders."""

    def __init__(self, folder: Path | None, roots: Sequence[Path]) -> None:
        bases = [*([] if folder is None else [folder]), *roots]
        self._bases = list(dict.fromkeys(os.path.abspath(base) for base in bases))
        self._allowed = [os.path.realpath(base) for base in self._bases]
        self._folders: dict[str, str] = dict(zip(self._bases, self._allowed, strict=True))
        self._files: dict[str, Path] = {}

    def find(self, cell: str) -> Path:
        """The file that a cell names, or the part of one, or CorruptCell."""
        part = _PART.match(cell)
        if part is None or len(part[1]) == len(cell):
            return self._find(cell)
        if part[1] not in self._files:  # many rows name parts of few files
            self._files[part[1]] = self._find(part[1])
        return Path(f"{self._files[part[1]]}{cell[len(part[1]) :]}")

    def _find(self, cell: str) -> Path:
        if not cell.strip():
            raise CorruptCell("the path is empty")
        if "\0" in cell:
            raise CorruptCell(f"the path {_shown(cell)} holds a zero byte")
        if not self._bases:
            raise CorruptCell(f"the path {_shown(cell)} cannot be followed: no folder or root is given")
        try:
            os.fsencode(cell)
        except UnicodeEncodeError:
            raise CorruptCell(f"the path {_shown(cell)} holds characters that no file name can") from None
        if os.path.isabs(cell):
            return self._checked(cell, cell)
        try:
            return self._below(cell)
        except CorruptCell:
            if "\\" not in cell:
                raise
        return self._below(cell.replace("\\", "/"))

    def _below(self, cell: str) -> Path:
        reason: CorruptCell | None = None
        for base in self._bases:
            try:
                return self._checked(os.path.join(base, cell), cell)
            except CorruptCell as why:
                reason = reason or why
        assert reason is not None, "there is at least one base"
        raise reason

    def _checked(self, path: str, cell: str) -> Path:
        real = self._real(path)
        if not self._inside(real):
            raise CorruptCell(f"{_shown(cell)} lies outside the allowed folders")
        try:
            mode = os.lstat(real).st_mode
            if stat.S_ISLNK(mode):
                real = os.path.realpath(real)
                if not self._inside(real):
                    raise CorruptCell(f"{_shown(cell)} is a link to a place outside the allowed folders")
                mode = os.stat(real).st_mode
        except OSError as error:
            raise CorruptCell(
                f"{_shown(cell)}: {_REASONS.get(error.errno or 0, 'cannot be looked at')}"
            ) from None
        if stat.S_ISREG(mode):
            return Path(real)
        what = "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"
        raise CorruptCell(f"{_shown(cell)} is {what}, not a file")

    def _real(self, path: str) -> str:
        """The path with every link but the last followed."""
        folder, name = os.path.split(path)
        if name in ("", ".", ".."):
            return os.path.realpath(path)
        return os.path.join(self._folder(folder), name)

    def _folder(self, path: str) -> str:
        """A folder with every link followed; what is above a folder that was met is not followed again."""
        if path not in self._folders:
            above, name = os.path.split(path)
            known = self._folders.get(above) if name not in ("", ".", "..") and os.name == "posix" else None
            here = path if known is None else os.path.join(known, name)
            self._folders[path] = os.path.realpath(here) if known is None or os.path.islink(here) else here
        return self._folders[path]

    def _inside(self, real: str) -> bool:
        return any(real == root or real.startswith(root.rstrip(os.sep) + os.sep) for root in self._allowed)


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= 80 else f"{cell[:40]}...{cell[-37:]}")


_REASONS = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.ENAMETOOLONG: "the name is too long for a file",
    errno.EACCES: "permission denied",
    errno.ELOOP: "links that lead in a circle",
}
