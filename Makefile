# `make model` sets up and builds the workbook; `make test` sets up and runs the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: model test test-fast check lint bench recalculation docs fuzz lock names sbom clean

model: $(VENV)/.installed
	$(BIN)/xiaomi-model build

# A module's tests go to one process, which makes what they share once; modules begin in the order of
# tests/conftest.py, the longest first.
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder

# Without those that take several seconds each and that few changes break.
test-fast: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder -m "not slow"

check: $(VENV)/.installed
	$(BIN)/xiaomi-model check

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.run

# The pages of docs/ as a site in site/.
docs: .venv-docs/.installed
	.venv-docs/bin/zensical build --clean --strict
	mkdir -p site/examples && cp examples/*.xlsx examples/*.ipynb site/examples

# On a machine that does nothing else: the times that Cover tells, measured again, and the workbooks with them.
recalculation: $(VENV)/.installed-dev
	$(BIN)/python -m supply.recalculation
	$(BIN)/xiaomi-model build
	$(BIN)/xiaomi-model build --company tesla

fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tests.fuzz

lock: $(VENV)/.installed-dev
	$(BIN)/python -m supply.lock
	$(BIN)/python -m supply.licences

names: $(VENV)/.installed-dev
	$(BIN)/python -m supply.public_names

sbom: $(VENV)/.installed-dev
	$(BIN)/python -m cyclonedx_py environment --pyproject pyproject.toml --output-file sbom.cdx.json $(BIN)/python

clean:
	rm -rf $(VENV) .venv-docs site

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# What is locked comes with its hashes, so that the project itself, which has none, comes by itself.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(VENV)/.installed: pyproject.toml requirements.lock $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml requirements-dev.lock $(VENV)/bin/python
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $@

# The site's generator has an environment of its own: nothing else needs it.
.venv-docs/.installed: requirements-docs.lock
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	touch $@
