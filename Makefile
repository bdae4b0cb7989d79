# Everything here needs only Python 3.11+ and make, and leaves nothing outside this folder.
# Generated: .venv/, build/, .hypothesis/.

PYTHON ?= python3
ARGS ?=
LOCK_FLAGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq

export DLT_DATA_DIR := $(CURDIR)/build/dlt
export RUNTIME__DLTHUB_TELEMETRY := false
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.hypothesis

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check format schemas bench lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(STAMP) ## load a made-up organisation into DuckDB and look at it
	@echo "==> running the demo"
	@$(BIN)/devin-elt demo --folder build/demo $(ARGS)

test: $(STAMP) ## run the tests; ARGS="tests/test_build.py -n0" for some of them
	@echo "==> running the tests"
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(STAMP) ## lint, formatting and types
	@echo "==> ruff check"
	@$(BIN)/ruff check
	@echo "==> ruff format --check"
	@$(BIN)/ruff format --check
	@echo "==> mypy --strict"
	@$(BIN)/mypy

format: $(STAMP) ## format the code and apply the safe lint fixes
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

schemas: $(STAMP) ## write the exported contracts in schemas/
	@echo "==> exporting the contracts to schemas/"
	@$(BIN)/python -m pipelines.devin.export_schemas schemas

bench: $(STAMP) ## measure beside other tools; an hour and a half, or ARGS="--case nothing-changed --pairs 3"
	@echo "==> measuring, in alternation"
	@$(BIN)/python -m benchmarks.race $(ARGS); status=$$?; \
		$(BIN)/python -m benchmarks.page && exit $$status

lock: ## write requirements.lock from pyproject.toml; LOCK_FLAGS=--upgrade for newer versions
	@echo "==> preparing uv in build/lock"
	@test -x build/lock/bin/uv || $(PYTHON) -m venv build/lock
	@test -x build/lock/bin/uv || build/lock/bin/python -m pip -qq install --no-cache-dir uv
	@echo "==> resolving pyproject.toml into requirements.lock"
	@build/lock/bin/uv pip compile pyproject.toml --output-file requirements.lock \
		--all-extras --group dev --universal --python-version 3.11 --generate-hashes \
		--no-config --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
		--cache-dir build/lock/cache --quiet $(LOCK_FLAGS)

clean: ## remove everything generated
	@echo "==> removing .venv, build and .hypothesis"
	@rm -rf $(VENV) build .hypothesis

# Wheels only and by hash: nothing is compiled here, and nothing unlisted is fetched.
$(STAMP): requirements.lock pyproject.toml
	@command -v "$(PYTHON)" >/dev/null || \
		{ echo "error: no $(PYTHON) here; name one with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is $$("$(PYTHON)" -V 2>&1), and devin-elt needs Python 3.11 or newer;" \
		"name one with: make PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/pip || echo "==> creating $(VENV) with $$("$(PYTHON)" -V)"
	@test -x $(BIN)/pip || "$(PYTHON)" -m venv $(VENV)
	@echo "==> installing the locked dependencies (about 20 s the first time)"
	@$(PIP) install --no-cache-dir --only-binary :all: --require-hashes -r requirements.lock
	@echo "==> installing devin-elt"
	@$(PIP) install --no-cache-dir --no-deps --no-build-isolation -e .
	@touch $@
