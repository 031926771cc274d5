"""Make .venv from requirements.lock, or write the lock anew. Needs a bare Python 3.11+ and nothing else.

python scripts/environment.py          create or refresh .venv (what every make target calls first)
python scripts/environment.py lock     resolve pyproject.toml again into requirements.lock

uv installs, because pip takes several times as long; pip brings uv. uv does not read pip's settings, so
local wheel folders (find-links) and the index that pip is configured with are handed over at run time.
"""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".ready"
BANNED = re.compile(r"^(torchvision|torchaudio|timm|nvidia|cuda|triton)\b")
HEADER = "# Exact versions, written by `make lock`. torch has no local tag: the CPU and the CUDA build fit.\n"


def run(*command: str | Path) -> None:
    """Run a command; leave with its exit status when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def settings(listing: str) -> dict[str, list[str]]:
    """What ``pip config list`` prints (files and PIP_ variables) as {option: words}."""
    found: dict[str, list[str]] = {}
    for line in listing.splitlines():
        key, equals, value = line.partition("=")
        if equals and value[:1] in "'\"":
            found.setdefault(key.rpartition(".")[2], []).extend(str(ast.literal_eval(value)).split())
    return found


def flags(pip: dict[str, list[str]]) -> list[str]:
    """pip's settings as uv's flags: wheel folders that exist (uv fails on others) and the index."""
    folders = [word.removeprefix("file://") for word in pip.get("find-links", [])]
    found = [f"--find-links={folder}" for folder in dict.fromkeys(folders) if Path(folder).is_dir()]
    return found + [f"--default-index={url}" for url in pip.get("index-url", [])[-1:]]


def pinned(lock: str, package: str) -> str:
    """The line of the lock that pins a package: ``uv==0.13.9``."""
    return next(line for line in lock.splitlines() if line.startswith(f"{package}=="))


def create() -> list[str]:
    """A .venv with uv in it; uv's flags."""
    # A bare interpreter runs this before anything else could check it.
    if sys.version_info < (3, 11):  # noqa: UP036
        sys.exit("Sensorium needs Python 3.11 or newer. Try: make PYTHON=python3.12")
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if not PYTHON.exists():
        run(sys.executable, "-m", "venv", VENV)
    run(PYTHON, "-m", "pip", "install", "--quiet", pinned(LOCK.read_text(), "uv"))
    listing = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    return flags(settings(listing.stdout))


def install() -> None:
    """Everything that the lock pins, then this project, editable; the stamp says that it is done."""
    uv, found = [PYTHON, "-m", "uv", "pip"], create()
    into = ["install", "--python", str(PYTHON), "--compile-bytecode", *found]
    run(*uv, *into, "-r", LOCK)
    run(*uv, *into, "--no-deps", "--no-build-isolation", "-e", ROOT)
    STAMP.touch()


def lock() -> None:
    """Resolve anew. Needs torch's CPU wheel in a find-links folder: the CUDA build drags its libraries in."""
    found = create()
    options = [
        "--quiet",
        "--python-version=3.11",
        "--no-header",
        "--no-annotate",
        "--upgrade",
        "--all-extras",
    ]
    done = subprocess.run(
        [PYTHON, "-m", "uv", "pip", "compile", *options, "--constraint=-", *found, "pyproject.toml"],
        input="torch==2.13.0\n", stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    text = done.stdout.replace("+cpu", "")
    if banned := [line for line in text.splitlines() if BANNED.match(line)]:
        sys.exit(f"requirements.lock is left as it was: the resolution holds {', '.join(banned)}.")
    LOCK.write_text(HEADER + text)


if __name__ == "__main__":
    lock() if sys.argv[1:] == ["lock"] else install()
