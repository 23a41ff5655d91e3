# Every target makes what it needs: the environment is built once, from hashed requirements only.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
# The first interpreter that is new enough; choose another with `make PYTHON=/path/to/python`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
ARGS ?=
# Dozens of processes start in a test run: compiled modules are kept, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test coverage walk lint bench bench-quick schema lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

run: $(VENV)/.runtime ## start Unico in the foreground (ARGS="--port 9000" is passed on)
	@exec $(BIN)/unico up $(ARGS)

test: lint ## lint, types, architecture, then every test
	$(BIN)/python -m pytest $(ARGS)

coverage: $(VENV)/.dev ## how much of the domain its tests and those of the API reach: 90% at least
	$(BIN)/python -m pytest --cov -m "not repetitive" tests/domain tests/resolvers tests/scenarios \
		tests/imports tests/concurrency tests/app/stripe tests/app/invoices tests/app/notifying \
		$(ARGS)

walk: $(VENV)/.dev ## the long random walks: 200 examples of 50 steps over orders, stock and supply
	UNICO_STATEFUL_EXAMPLES=200 $(BIN)/python -m pytest -m repetitive tests/stateful $(ARGS)

lint: $(VENV)/.dev ## format, lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## measure every bar, about 10 minutes (ARGS=--docs writes the page)
	$(BIN)/python -m bench $(ARGS)

bench-quick: $(VENV)/.dev ## the same with small numbers, about 3 minutes
	$(BIN)/python -m bench --quick $(ARGS)

schema: $(VENV)/.runtime ## write the GraphQL schema to schema/schema.graphql
	$(BIN)/unico export-schema $(ARGS)

lock: $(VENV)/.dev ## recompile requirements/*.txt from pyproject.toml (existing pins are kept)
	@for set in "runtime" "otel --extra otel" "dev --extra otel --extra dev"; do \
		set -- $$set; name=$$1; shift; \
		$(BIN)/uv pip compile pyproject.toml --quiet --extra build "$$@" \
			--generate-hashes --no-strip-extras --no-emit-index-url --universal --python-version 3.11 \
			--no-header --output-file requirements/$$name.txt $(ARGS) || exit 1; \
	done

clean: ## remove the environment and caches; data in .unico stays
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Unico needs Python 3.11 or newer: \
	install it, or run make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv module: \
	on Debian or Ubuntu run apt-get install python3-venv, then make again"; exit 1; }
	@echo "Creating $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Unico runs on (once)"
	@$(PIP) install --require-hashes -r requirements/runtime.txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what developing Unico needs (once)"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.runtime
