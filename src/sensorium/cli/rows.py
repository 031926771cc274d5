"""Rows given as JSON on the command line."""

import json

from sensorium.errors import DataError
from sensorium.types import Json


def one_row(text: str) -> list[dict[str, Json]]:
    """One JSON object, or a list of them, as rows. Raises DataError that says where the JSON is wrong."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise DataError(
            f"the row is not JSON: {error}. Expected an object like '{{\"age\": 41}}'."
        ) from error
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError("the row must be a JSON object, or a list of objects, with column names as keys.")
    return rows
