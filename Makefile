# SPDX-License-Identifier: BSD-3-Clause
# make demo    install into .venv, grow the film of the main deck, draw it
# make test    lint, all tests, and the core's tests again with bounds checks on
# make verify  slow statistical checks           make bench  events per second, memory per site
# make lint    style only                        make clean  remove .venv and what was built (results stay)
# Another interpreter: make demo PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DECK := inputs/graphite_ec.yaml
RESULTS := results/graphite_ec
CHECKED := build/checked
CORE := $(wildcard kmc_core/*.py kmc_core/*.pyx kmc_core/*.pxd kmc_core/*.h)
BUILT_FROM := pyproject.toml setup.py $(CORE)

.PHONY: help demo test test-checked verify bench lint clean
.DELETE_ON_ERROR:

help:
	@sed -n '2,6s/^# //p' Makefile

demo: $(VENV)/.installed
	$(BIN)/kmc run $(DECK) -o $(RESULTS) --overwrite
	$(BIN)/kmc plot $(RESULTS)
	@echo "The film, its fields and its pictures are in $(RESULTS)/"

test: lint $(VENV)/.installed-test
	$(BIN)/pytest -n 2
	@$(MAKE) --no-print-directory test-checked

# The checked core comes first on PYTHONPATH, before the installed one; a test looks at which one it was given.
test-checked: $(VENV)/.installed-test $(CHECKED)/.built
	PYTHONPATH="$(CURDIR)/$(CHECKED)" KMC_EXPECT_CHECKED=1 \
	    $(BIN)/pytest -q tests/core tests/reference tests/test_checked_build.py

verify: $(VENV)/.installed-test
	$(BIN)/pytest -n 2 -m verify

# make bench ARGUMENTS="--quick hop3d"; python -m benchmarks.report then writes table and picture of the documents.
bench: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks $(ARGUMENTS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .

clean:
	rm -rf $(VENV) build dist ./*.egg-info kmc_core/*.so .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit(f"sei-kmc needs Python 3.11 or newer, and $(PYTHON) is {v[0]}.{v[1]}: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# Editable: the Python modules run from the source tree, so only a change of the core or of the metadata reinstalls.
$(VENV)/.installed: $(BUILT_FROM) | $(BIN)/python
	@echo "Installing into $(VENV): takes a few minutes when packages must be downloaded"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: $(BUILT_FROM) | $(BIN)/python
	@echo "Installing into $(VENV), with what the tests need: takes a few minutes when packages must be downloaded"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	@touch $(VENV)/.installed $@

$(CHECKED)/.built: $(BUILT_FROM) | $(VENV)/.installed-test
	KMC_CHECKED=1 $(BIN)/python setup.py -q build_ext --build-lib $(CHECKED) --build-temp $(CHECKED)-temp
	cp kmc_core/*.py $(CHECKED)/kmc_core/
	@touch $@
