"""Texts: any string as one clean line in one form of Unicode."""

import re
import unicodedata
from typing import Literal

from sensorium.errors import CorruptCell
from sensorium.media.cells import shown

Form = Literal["NFC", "NFKC"]

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


def string(cell: object) -> str:
    """A cell as a string: str as it is, numbers written out, bytes as UTF-8. Raises CorruptCell."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return str(int(cell)) if cell == cell // 1 and abs(cell) < 1e15 else str(cell)
    if isinstance(cell, bytes):
        try:
            return cell.decode("utf-8-sig")
        except UnicodeDecodeError as why:
            raise CorruptCell(f"not a text: the bytes are no UTF-8 (at byte {why.start})") from None
    raise CorruptCell(f"expected a text, got {shown(cell)}")


def normalised(text: str, form: Form = "NFKC", most: int = 20_000) -> str:
    """One line in a Unicode normal form, without control characters, spaces collapsed.

    At most ``most`` characters are looked at, so that a 10 MB cell costs no more than a long one.
    """
    text = text[:most]
    if not text.isascii():
        text = unicodedata.normalize(form, _CONTROL.sub("", text))[:most]
    elif not text.isprintable():
        text = _CONTROL.sub("", text)
    return _SPACES.sub(" ", text).strip()
