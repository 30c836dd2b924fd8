# Everything runs in an environment of its own, built when first needed: python3, venv, pip and make are all it takes.
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
TESTS ?= tests
# An editable install compiles nothing, and where Python may not write bytecode it would compile at every start.
COMPILE := $(BIN)/python -m compileall -q kptui

.PHONY: demo test lint format bench tables snapshots smoke clean

demo: $(VENV)/ready ## open the explorer on a sample; without a terminal, print the sample's trace
	@$(BIN)/kptui demo

test: $(VENV)/ready-dev ## run all tests
	$(BIN)/python -m pytest -n auto -q $(TESTS)

lint: $(VENV)/ready-dev ## style, types, and which part may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/ready-dev ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/ready-dev ## time kptui beside its peers; the real iptables takes root
	$(BIN)/python -m tests.bench --write docs/benchmarks.md

tables: $(VENV)/ready-dev ## write the parser's tables anew, after a change of the grammar or another version of Lark
	$(BIN)/python -m kptui.syntax.lalr

snapshots: $(VENV)/ready-dev ## accept the screens as they now are; look at them first
	$(BIN)/python -m pytest -q tests/tui --snapshot-update

smoke: $(VENV)/ready-dev ## build the wheel, install it elsewhere, use it
	sh tests/smoke_wheel.sh $(BIN)/python

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	python3 -m venv $(VENV)

$(VENV)/ready: $(VENV)/bin/python pyproject.toml
	$(PIP) install -e .
	@$(COMPILE)
	@touch $@

$(VENV)/ready-dev: $(VENV)/bin/python pyproject.toml
	$(PIP) install -e '.[dev]'
	@$(COMPILE)
	@touch $@ $(VENV)/ready
