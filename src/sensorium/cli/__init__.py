"""The command line: one file a verb. Exit codes: 0 done, 2 the request was wrong, 1 a bug of ours."""

import sys
import warnings


def main() -> None:
    """The entry of ``sensorium``."""
    from sensorium.cli.app import app

    warnings.showwarning = _told
    app(prog_name="sensorium")


def _told(message: Warning | str, *_: object, **__: object) -> None:
    """Warnings as one line on stderr, without the place in our code."""
    sys.stderr.write(f"warning: {message}\n")
