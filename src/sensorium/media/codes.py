"""Whether values are codes (categories) rather than quantities, texts or identifiers."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from sensorium.errors import CorruptCell
from sensorium.media.cells import shown

_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_LONGEST_KEY = 1000


def key(cell: object) -> str | None:
    """A category as one string, however it is written; None for an empty one. Raises CorruptCell.

    3, 3.0 and ``"3"`` are one category, and so are True, ``"true"`` and ``"TRUE"``; ``"03"`` is another.
    """
    if isinstance(cell, str):
        text = " ".join(cell[:_LONGEST_KEY].split())
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        return text.lower() if text.lower() in ("true", "false") else text or None
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, int | np.integer):
        if abs(int(cell)) >= 10**30:
            raise CorruptCell(f"{shown(cell)} is too large for a category")
        return str(int(cell))
    if isinstance(cell, float | np.floating):
        number = float(cell)
        if not np.isfinite(number):
            raise CorruptCell("the number is infinite")
        return str(int(number)) if number.is_integer() and abs(number) <= 2**53 else repr(number)
    if isinstance(cell, bytes):
        try:
            return key(cell.decode("utf-8"))
        except UnicodeDecodeError:
            raise CorruptCell("expected a category, got bytes that are no UTF-8") from None
    if isinstance(cell, date | time | timedelta | Decimal | UUID | np.datetime64):
        return str(cell)
    raise CorruptCell(f"expected a category, got {shown(cell)}")


def integers_are_codes(values: NDArray[np.float64]) -> str | None:
    """Why whole numbers look like codes and not like quantities; None when they do not.

    Few values that repeat often, or sparse codes of one length (postal codes): at least 4 digits, each
    repeated, spread over far more numbers than there are.
    """
    if len(values) == 0 or (values != np.round(values)).any():
        return None
    distinct = np.unique(values)
    count = len(distinct)
    if count <= 2 or (count <= 6 and len(values) >= 10 * count):
        return f"only {count} different whole numbers"
    lengths = {len(str(int(abs(v)))) for v in distinct[:1000]}
    sparse = float(distinct[-1] - distinct[0]) >= 20 * count
    if lengths and len(lengths) == 1 and min(lengths) >= 4 and sparse and len(values) >= 4 * count:
        return f"{count} different whole numbers of {min(lengths)} digits, each repeated: codes"
    return None


def words(text: str) -> float:
    """How many words a text has; a sign of a language without spaces counts two thirds of one."""
    signs = len(_CJK.findall(text))
    return len(_CJK.sub(" ", text).split()) + signs / 1.5


def composed(texts: Sequence[str]) -> bool:
    """Whether different texts are made of fewer different words than there are texts, like sentences."""
    different = set(texts)
    vocabulary: set[str] = set()
    for text in different:
        vocabulary |= set(_CJK.findall(text)) | set(_CJK.sub(" ", text).lower().split())
    return len(different) > 10 and len(vocabulary) < len(different)
