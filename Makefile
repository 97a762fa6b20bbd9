# Blueline: every command a person types. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Bytecode halves the start of every process; some machines switch it off globally
unexport PYTHONDONTWRITEBYTECODE
export BLUELINE_HOME ?= .blueline

.PHONY: help demo test up down status lint format bench bench-identity bench-normalise spark lock clean distclean install

help: ## List the commands
	@printf 'Blueline: many legacy billing systems, one reconciled billing database\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\nNeeds only make and CPython 3.11 or newer (another one: make PYTHON=/path/to/python3 ...).\n'

$(INSTALLED): requirements.lock pyproject.toml bootstrap.sh
	@sh bootstrap.sh $(VENV)
	@touch $@

install: $(INSTALLED) ## Create the environment (every other command does it when needed)

demo: $(INSTALLED) ## The whole job on generated regions, through Airflow; FAULTS=1: apart, with two broken ones
	@$(BIN)/python -m pipeline.demo $(if $(filter-out 0,$(FAULTS)),--faults)

test: $(INSTALLED) ## All tests; ARGS='-k name' is passed on to pytest
	@$(BIN)/python -m pytest -n 2 --dist loadscope $(ARGS)

up: $(INSTALLED) ## Start Airflow and the reports on 127.0.0.1 and leave them running
	@$(BIN)/python -m pipeline.service up

down: $(INSTALLED) ## Stop what `make up` started
	@$(BIN)/python -m pipeline.service down

status: $(INSTALLED) ## Say what is running
	@$(BIN)/python -m pipeline.service status

lint: $(INSTALLED) ## Style, types and import direction, as the CI checks them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## Correct what can be corrected by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED) ## Time and peak memory of every step at 100,000 and 1,000,000 subscribers; ARGS=100000
	@$(BIN)/python benchmarks/pipeline_scale.py $(ARGS)

bench-identity: $(INSTALLED) ## Identity on public sets with truth beside its peers, and on a million of our own; ARGS='febrl3 --no-peers'
	@$(BIN)/python -m benchmarks.identity $(ARGS)
	@$(if $(ARGS),,$(BIN)/python -m benchmarks.identity_own 100000 1000000)

bench-normalise: $(INSTALLED) ## The normalisers beside pandas, on 500,000 subscribers; ARGS=5000000
	@$(BIN)/python benchmarks/normalise_speed.py $(ARGS)

spark: $(INSTALLED) ## Add the Spark engine to the environment (needs Java 17); see docs/settings.md
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements-spark.lock

RESOLVE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade pyproject.toml
lock: $(INSTALLED) ## Resolve the dependencies anew into the two locks
	$(RESOLVE) --extra dev -o requirements.lock
	$(RESOLVE) --extra spark -c requirements.lock -o requirements-spark.lock

clean: ## Stop what is running and remove all that the runs left (the environment stays)
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m pipeline.service down; fi
	rm -rf .blueline .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## The same, and the environment too
	rm -rf $(VENV) *.egg-info
