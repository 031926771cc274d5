"""Where the real tables are."""

import os
import sys
from pathlib import Path


def data_folder() -> Path:
    """The folder named by SENSORIUM_DATA; ends the program with one line when it is not set or not there."""
    named = os.environ.get("SENSORIUM_DATA")
    if not named:
        sys.exit("Set SENSORIUM_DATA to the folder that holds the benchmark tables (fsdd/, mnist/, ...).")
    if not Path(named).is_dir():
        sys.exit(f"SENSORIUM_DATA names {named!r}, which is not a folder.")
    return Path(named)
