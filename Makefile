# Every target works from a bare Python 3.11+ with make: the first one to run makes .venv from requirements.lock.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
# Two workers, each with one thread: faster on two cores once the suite takes over 30 s (docs/log.md).
WORKERS ?= 2
TESTS ?= tests
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)
BENCH ?= $(basename $(notdir $(wildcard benchmarks/[a-z]*.py)))

.PHONY: help demo test check bench test-all lock clean

help:
	@echo "make demo      set up, train on the built-in data, report, predict"
	@echo "make test      set up, run every check (make check, then pytest)"
	@echo "make check     format, lint, types"
	@echo "make bench     run every benchmark (BENCH=demo for one); SENSORIUM_DATA names the folder of real tables"
	@echo "make test-all  also the full product of components"
	@echo "make lock      resolve pyproject.toml into requirements.lock again"

$(READY): requirements.lock pyproject.toml scripts/environment.py
	@test -n "$(PYTHON)" || { echo "Sensorium needs Python 3.11 or newer; none was found. Try: make PYTHON=/path/to/python3"; exit 2; }
	$(PYTHON) scripts/environment.py

demo: $(READY)
	$(BIN)/sensorium demo --out runs/demo

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Tests run even when a check fails, so that one run tells everything.
BOTH = $(MAKE) --no-print-directory check; checked=$$?; $(1); tested=$$?; exit $$((checked + tested))

test: $(READY)
	@$(call BOTH,$(PYTEST))

test-all: $(READY)
	@$(call BOTH,$(PYTEST) -m "full or not full")

bench: $(READY)
	@for name in $(BENCH); do echo "== benchmarks/$$name.py"; $(BIN)/python -m benchmarks.$$name || exit 1; done

lock:
	$(PYTHON) scripts/environment.py lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
