"""The command line: one file a verb. Exit codes: 0 done, 2 the request was wrong, 1 a bug of ours."""

import sys
import warnings

from sensorium.errors import SensoriumError


def main() -> None:
    """The entry of ``sensorium``."""
    from sensorium.cli.app import app

    warnings.showwarning = _told
    try:
        app(standalone_mode=False)
    except SensoriumError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("stopped; `--resume` goes on from the last finished epoch\n")
        sys.exit(130)
    except SystemExit:
        raise
    except BaseException as error:
        code = _usage(error)
        if code is None:
            raise
        sys.exit(code)


def _usage(error: BaseException) -> int | None:
    """Shows a wrong use of the command line; None when the error is something else."""
    from click.exceptions import Abort, ClickException, Exit

    if isinstance(error, ClickException):
        error.show()
        return 2
    if isinstance(error, Exit):
        return error.exit_code
    return 130 if isinstance(error, Abort) else None


def _told(
    message: Warning | str, category: type[Warning], filename: str, lineno: int,
    file: object = None, line: str | None = None,
) -> None:  # fmt: skip
    """Warnings as one line on stderr, without the place in our code."""
    sys.stderr.write(f"warning: {message}\n")
