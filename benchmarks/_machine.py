"""The machine, the versions and the day, for every result."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("sensorium", "torch", "numpy", "scikit-learn", "lightgbm", "pyarrow")


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (x.partition(":")[2].strip() for x in lines if x.startswith("model name")), platform.machine()
    )


def machine() -> dict[str, str]:
    """What a result depends on besides the code."""
    return {
        "processor": processor(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "threads": os.environ.get("OMP_NUM_THREADS", "default"),
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def told(facts: dict[str, str]) -> str:
    """One line for a results page."""
    versions = ", ".join(f"{n} {facts[n]}" for n in ("python", *PACKAGES))
    return f"{facts['processor']}, {facts['cores']} cores; {versions}; {facts['date']}."
