# Every task of the project. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The newest interpreter that starts and is new enough; override with `make PYTHON=/path/to/python3`.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: env
env: $(STAMP) ## make .venv and install what requirements.lock names, checked by hash

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Aerodrome needs Python 3.11 or newer on the PATH" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ { on = 1 } on { print; if ($$0 !~ /\\$$/) exit }' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --system-certs --require-hashes requirements.lock || { \
		echo "uv could not install; pip tries (it knows pip.conf and PIP_* settings)" >&2; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock; }
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --offline --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

.PHONY: lock
lock: ## write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--no-annotate --group dev pyproject.toml --output-file requirements.lock
	@if grep -nE '://|find-links|index-url' requirements.lock; then echo "the lock names a registry" >&2; exit 1; fi

.PHONY: up
up: $(STAMP) ## start everything on this machine (AERODROME_PORT, AERODROME_DATA); ctrl-C ends it
	@exec $(BIN)/python -I -S shared/servers/launch.py --parent $$PPID --death-signal TERM -- $(BIN)/aerodrome up

# Rooms are tested two files at a time, as they mostly wait; a whole product has the machine to itself.
ROOMS := tests/unit tests/contract tests/integration
WHOLES := tests/acceptance tests/faults
AT_ONCE := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: test
test: $(STAMP) ## every test with reduced counts; ends within 10 minutes
	@$(BIN)/pytest -m "not full" $(AT_ONCE) $(ROOMS)
	@$(BIN)/pytest -m "not full" $(WHOLES)

.PHONY: test-full
test-full: $(STAMP) ## every test with the counts that the issues name
	@$(BIN)/pytest $(AT_ONCE) $(ROOMS)
	@$(BIN)/pytest $(WHOLES)

.PHONY: lint
lint: $(STAMP) ## ruff, import directions, basedpyright and mypy, both strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/basedpyright
	@$(BIN)/mypy

.PHONY: format
format: $(STAMP) ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: permissions
permissions: $(STAMP) ## write docs/permissions.md from the permission table
	@$(BIN)/python -m tests.integration.gateway.matrix.document

.PHONY: screenshots
screenshots: $(STAMP) ## make the pictures of the pages in docs/images anew; needs Chromium
	@SCREENSHOTS=docs/images $(BIN)/pytest -q tests/acceptance/test_pages.py

.PHONY: bench
bench: $(STAMP) ## measure appends, replay and HTTP on this machine
	@for each in $(basename $(notdir $(wildcard tests/benchmarks/bench_*.py))); do \
		$(BIN)/python -m "tests.benchmarks.$$each" || exit 1; done
