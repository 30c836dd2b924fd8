# Everything runs in an environment of its own, built when first needed: python3, venv, pip and make are all it takes.
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
TESTS ?= tests
# An editable install compiles nothing, and where Python may not write bytecode it would compile at every start.
COMPILE := $(BIN)/python -m compileall -q kptui

# What a release needs and a checkout doesn't, in an environment of its own.
TOOLS := build/tools
# What is built is dated by the last commit. Not exported: Python's own compiler would take it for a wish, too.
DATE = SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1700000000)}

.PHONY: demo test lint format bench tables docs screenshots snapshots smoke dist man sbom audit krew clean

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

docs: $(VENV)/ready-dev ## make the parts of docs/ that are made of the code
	$(BIN)/python -m tests.docs

screenshots: $(VENV)/ready-dev ## draw the pictures of docs/ again; look at them
	$(BIN)/python -m tests.docs.pictures

snapshots: $(VENV)/ready-dev ## accept the screens as they now are; look at them first
	$(BIN)/python -m pytest -q tests/tui --snapshot-update

smoke: $(VENV)/ready-dev ## build the wheel, install it elsewhere, use it
	sh tests/smoke_wheel.sh $(BIN)/python

dist: $(VENV)/ready-dev ## the wheel and the sdist, the same to the byte wherever they are built
	rm -rf dist
	$(DATE) $(BIN)/python -m build --outdir dist .

man: $(VENV)/ready ## the man page, from the definitions of the commands
	@mkdir -p build
	$(DATE) $(BIN)/python packaging/man.py > build/kptui.1

sbom: build/only $(TOOLS)/ready ## what the wheel brings with it (CycloneDX)
	@# The version is in one place, where cyclonedx-py does not look.
	sed "s/^dynamic = .*/version = \"$$($(BIN)/kptui --version | cut -d' ' -f2)\"/" pyproject.toml > build/pyproject.toml
	$(TOOLS)/bin/cyclonedx-py environment --pyproject build/pyproject.toml --output-reproducible -o build/sbom.json build/only

audit: build/only $(TOOLS)/ready ## known vulnerabilities of what the wheel brings with it
	$(PIP) --python build/only/bin/python freeze --exclude kptui > build/requirements.txt
	@$(TOOLS)/bin/pip-audit --strict --no-deps --disable-pip -r build/requirements.txt || \
	    { echo "make audit: not clean, or the registry has no advisories to ask (see above)" >&2; exit 1; }

krew: dist $(TOOLS)/ready ## the archive and manifest of the kubectl plugin: make krew RELEASES=https://…/releases/download
	rm -rf build/krew && mkdir -p build/krew
	$(DATE) $(TOOLS)/bin/shiv --quiet --console-script kubectl-kptui --reproducible -o build/krew/kubectl-kptui dist/*.whl
	cp LICENSE build/krew/
	tar --sort=name --owner=0 --group=0 --mtime=@0 -C build/krew -cf - kubectl-kptui LICENSE | \
	    gzip -n > build/krew/kubectl-kptui.tar.gz
	$(BIN)/python packaging/krew/fill.py build/krew/kubectl-kptui.tar.gz '$(RELEASES)' > build/krew/kptui.yaml

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

build/only: dist
	rm -rf $@ && python3 -m venv --without-pip $@
	$(PIP) --python $@/bin/python install dist/*.whl

$(TOOLS)/ready: Makefile
	python3 -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip --disable-pip-version-check --quiet install 'pip-audit>=2.7' 'cyclonedx-bom>=7' 'shiv>=1.0.8'
	@touch $@
