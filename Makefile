# Two commands: `make demo` shows it, `make test` proves it. Both set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: setup demo test chaos bench check lint types format lock screenshots clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Signoff needs Python 3.11: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/signoff demo

# Three at a time: much of it waits, and with more they are in each other's way on two cores. Who has nothing left takes
# tests from the others.
test: $(STAMP)
	$(BIN)/pytest -n 3 --dist worksteal

# Hundreds of kills. SEED= replays, RUNS= says how many stories.
chaos: $(STAMP)
	@$(BIN)/python -m tests.chaos

# What Signoff costs, as ratios to a baseline in the same run.
bench: $(STAMP)
	@$(BIN)/python -m bench

check: lint types test

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/basedpyright

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(STAMP)
	$(BIN)/pytest tests/scenarios/test_browser*.py tests/scenarios/test_gallery.py --screenshots docs/images
	@! command -v pngquant >/dev/null || pngquant --force --skip-if-larger --ext .png 64 docs/images/*.png docs/images/states/*.png

lock:
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --generate-hashes --no-emit-index-url --python-version 3.11 --output-file requirements.lock

clean:
	rm -rf $(VENV) .signoff
