"""Claim 5: the peak memory of preparing and training easyvqa, measured from outside.

python -m benchmarks.memory_easyvqa [--effort good] [--time-limit 3m]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._page import page
from benchmarks._tables import TABLES

PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024 if hasattr(os, "sysconf") else 4


def family(root: int) -> list[int]:
    """The process and all that it started."""
    found, parents = [root], {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def private_megabytes(process: int) -> float:
    """Resident memory that is the process's own: mapped files, which the system may drop, do not count."""
    try:
        told = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{process}/status").read_text().splitlines()
            if ":" in line
        )
    except OSError:
        return 0.0
    return sum(int(told.get(k, "0").split()[0]) for k in ("RssAnon", "RssShmem")) / 1024


def resident_megabytes(process: int) -> float:
    """All resident memory, mapped files included."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_KB / 1024
    except (OSError, IndexError):
        return 0.0


def main() -> None:
    """Trains in a process of its own and writes results/memory_easyvqa.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--effort", default="good")
    parser.add_argument("--time-limit", default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, _ = TABLES["easyvqa"](0).write(folder)
        tool = str(Path(sys.executable).parent / "sensorium")
        command = [tool, "train", str(table), "--target", "answer", "--effort", asked.effort]
        command += ["--out", str(folder / "run")]
        if asked.time_limit:
            command += ["--time-limit", asked.time_limit]
        environment = os.environ | {"SENSORIUM_STORE": str(folder / "store")}
        began, peak, own = time.perf_counter(), 0.0, 0.0
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment) as running:
            while running.poll() is None:
                processes = family(running.pid)
                peak = max(peak, sum(resident_megabytes(p) for p in processes))
                own = max(own, sum(private_megabytes(p) for p in processes))
                time.sleep(0.2)
        seconds = time.perf_counter() - began
        if running.returncode:
            sys.exit(f"training ended with {running.returncode}; nothing was measured.")
    how = f"`{' '.join(command[1:-3] if asked.time_limit else command[1:-1])}`".replace(name, "...")
    rows = [
        ["peak resident memory, mapped files included, GB", f"{peak / 1024:.2f}", "under 2.5"],
        ["peak memory of its own, GB", f"{own / 1024:.2f}", ""],
        ["seconds", f"{seconds:.0f}", ""],
    ]
    page("memory_easyvqa", "Memory of preparing and training easyvqa", how, ["what", "figure", "goal"], rows)


if __name__ == "__main__":
    main()
