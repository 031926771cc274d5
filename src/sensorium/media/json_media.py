"""Media inside JSON: one-row requests carry small pictures and sounds as text."""

import base64
import binascii

import numpy as np

from sensorium.errors import CorruptCell
from sensorium.types import Json


def from_data_address(value: Json) -> object:
    """JSON as a medium: ``data:...;base64,...`` as bytes, lists as an array, other strings as they are.

    What cannot be read becomes a CorruptCell, which counts as such.
    """
    if isinstance(value, str) and value.startswith("data:") and ";base64," in value[:200]:
        try:
            return base64.b64decode(value.partition(",")[2], validate=True)
        except binascii.Error:
            return CorruptCell("the base64 data cannot be read")
    if not isinstance(value, list):
        return value
    try:
        return np.asarray(value)
    except ValueError:
        return CorruptCell("expected numbers, got lists of different lengths")
