"""Claim 3: what importing costs beyond the bare interpreter, and how soon --help answers.

python -m benchmarks.imports [--repeats 9]
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks._page import page, spread

MEASURE = """
import time
began = time.perf_counter()
{what}
seconds = time.perf_counter() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1024)
"""
"""VmHWM, because the peak that getrusage tells holds that of the process which started this one."""


def inside(what: str) -> tuple[float, float]:
    """(seconds of the statement, peak MB of its process) in a fresh interpreter."""
    code = MEASURE.format(what=what)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seconds, megabytes = told.split()
    return float(seconds), float(megabytes)


def outside(command: Sequence[str]) -> float:
    """Seconds of a whole process."""
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Alternates bare and loaded interpreters and writes results/imports.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    tool = str(Path(sys.executable).parent / "sensorium")
    outside([tool, "--help"])
    bare, loaded, used, bare_start, help_time = [], [], [], [], []
    for _ in range(repeats):
        bare.append(inside("pass"))
        loaded.append(inside("import sensorium"))
        used.append(inside("import sensorium; sensorium.Learner"))
        bare_start.append(outside([sys.executable, "-c", "pass"]))
        help_time.append(outside([tool, "--help"]))
    extra = [ours[1] - plain[1] for ours, plain in zip(loaded, bare, strict=True)]
    rows = [
        ["import sensorium, s", *spread([seconds for seconds, _ in loaded], 3), "under 0.5"],
        ["import sensorium, MB beyond the bare interpreter", *spread(extra, 1), "under 100"],
        ["sensorium --help, whole process, s", *spread(help_time, 3), "under 0.5"],
        [
            "import sensorium and first use of Learner (torch comes in), s",
            *spread([s for s, _ in used], 3),
            "",
        ],
        ["bare interpreter, whole process, s", *spread(bare_start, 3), ""],
    ]
    how = f"{repeats} fresh processes each, alternating."
    page("imports", "Import time and memory", how, ["what", "min", "median", "max", "goal"], rows)


if __name__ == "__main__":
    main()
