# Two commands do everything on a machine with git, make and python3 (>= 3.11): make demo, make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
WORKERS ?= auto

.DEFAULT_GOAL := help
BENCH ?=
FILE ?=
KILLS ?=
.PHONY: help setup demo workshop test bench bench-memory bench-service switch-under-load kill-tests restart-tests task-tests deep-tests load-tests check format lint types layers docs coverage event-fixtures schemas constraints clean

help: ## show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | sort | expand -t 20

setup: $(READY) ## make the virtual environment with everything in it

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "crmcore needs Python 3.11 or later, $(PYTHON) is `$(PYTHON) --version`: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --no-deps --require-hashes -r constraints.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	$(PIP) check
	@touch $@

demo: $(READY) ## the main job on bundled real data, from the import to the audit
	@mkdir -p build
	$(BIN)/crmcore demo --keep build/demo.db

workshop: $(READY) ## the example of a product, on http://localhost:8000, with a mail server that prints
	$(BIN)/python -m examples.workshop

test: $(READY) ## all tests
	$(BIN)/pytest -q -n $(WORKERS)

bench: $(READY) ## speed, as ratios to a bare baseline in the same run (BENCH="--events 1000000")
	$(BIN)/python benchmarks/bench.py $(BENCH)

bench-service: $(READY) ## a service desk's log: its import, its read model, its reports (FILE=... for the whole log)
	$(BIN)/python benchmarks/service_desk.py $(FILE)

bench-memory: $(READY) ## memory of a rebuild at 10 million events and at 1 million (half an hour, 20 GB of disk)
	$(BIN)/python benchmarks/bench.py --memory $(BENCH)

switch-under-load: $(READY) ## how long readers, a writer and the switch itself wait while a read model is switched
	$(BIN)/python benchmarks/switch_under_load.py

kill-tests: $(READY) ## kill -9 whatever follows, rebuilds, switches, consumes: 100 times and more each, on both databases (an hour)
	$(BIN)/python -m tests.slow kill --at-least 100 $(KILLS)
	$(BIN)/python -m tests.slow kill --only subscription --rounds 30 --at-least 100 $(KILLS)

restart-tests: $(READY) ## crash and restart a PostgreSQL server in the middle of following and of rebuilds
	$(BIN)/python -m tests.slow restart

task-tests: $(READY) ## 2,000 tasks at once on each driver, half of them cancelled at random (some minutes)
	CRMCORE_TASKS=2000 $(BIN)/pytest -q -n 0 tests/aio/test_many_tasks.py

deep-tests: $(READY) ## all properties with twenty times as many examples (hours)
	HYPOTHESIS_PROFILE=deep $(BIN)/pytest -q -n $(WORKERS) -m hypothesis

load-tests: $(READY) ## all tests three times in random order, beside four busy processes (an hour or two)
	$(BIN)/python -m tests.slow load -- -n $(WORKERS)

check: format-check lint types layers docs coverage ## everything that must hold: format, lint, types, layers, docs, tests, coverage

format: $(READY) ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

.PHONY: format-check
format-check: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports --no-logo --no-cache

docs: $(READY) ## the pages and the reference as a site, in build/site
	$(BIN)/mkdocs build --strict

coverage: $(READY)
	$(BIN)/pytest -q -n $(WORKERS) --cov --cov-report=term:skip-covered

event-fixtures: $(READY) ## add the example and the field types of every new version of an event
	$(BIN)/python -m tests.event_fixtures

schemas: $(READY) ## write the JSON Schemas and documents that ship with the package
	$(BIN)/python -m tests.schema_files

constraints: ## pin the newest versions of all dependencies, with hashes (needs uv)
	uv pip compile --universal --no-strip-extras --generate-hashes --no-header --no-annotate --quiet --upgrade \
	  --extra dev --extra bench -o constraints.txt pyproject.toml

clean: ## remove everything that was made
	rm -rf $(VENV) build dist .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
