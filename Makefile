# Bridge: `make help` lists what there is. Everything installs itself into .venv when it is first
# needed, from whatever package index pip is set up to use, and only what the locks name by hash.

PYTHON ?= python3
WORKERS ?= 2
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
# The broker's own client pins packages that ours do not share, and only the contract suite runs it.
# pandas 3 is younger than that client, and makes NaN of the nulls in its columns of text.
CONTRACT := $(VENV)/contract
# No bytecode for what is never imported: the first start is some seconds sooner.
INSTALL := $(BIN)/python -m pip install -qq --no-compile --no-deps --disable-pip-version-check
TEMPLATES := $(shell find bridge -name "*.html" 2>/dev/null)
CHECKS := layout lint types templates imports locks licences leaks schema

.DEFAULT_GOAL := help
.PHONY: help demo run bench test check $(CHECKS) format audit lock install browser clean

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.ready ## everything on this machine with paper accounts and sample alerts (ARGS=--once)
	@$(BIN)/bridge demo $(ARGS)

run: $(VENV)/.ready ## the service on the SQLite file under var/
	@$(BIN)/bridge migrate
	@$(BIN)/bridge run $(ARGS)

bench: $(VENV)/.ready ## from the alert to the broker call, measured with real processes (ARGS=--json)
	@$(BIN)/bridge bench $(ARGS)

test: install $(CONTRACT)/.ready browser ## all tests in random order, on SQLite and Postgres, browser included (ARGS=tests/...)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal \
	  --cov --cov-branch --cov-report=term $(ARGS)

check: $(CHECKS) ## formatting, lint, types, templates, dependencies, licences, secrets, migrations

$(CHECKS): install
layout:
	$(BIN)/ruff format --check .
lint:
	$(BIN)/ruff check .
types:
	$(BIN)/mypy
templates:
	$(if $(TEMPLATES),$(BIN)/djlint --quiet --check --lint $(TEMPLATES))
imports:
	$(BIN)/deptry .
	$(BIN)/python -m pip check --disable-pip-version-check
locks licences leaks schema:
	$(BIN)/python -m tests.checks.$@

format: install ## lay out the code and mend what can be mended by machine
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(if $(TEMPLATES),$(BIN)/djlint --quiet --reformat $(TEMPLATES))

audit: install ## known holes in the locked packages; fails when one could not be looked up
	$(BIN)/python -m tests.checks.audit

COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
  --python-version 3.11 pyproject.toml
lock: install ## write the locks anew from pyproject.toml (ARGS=--upgrade, ARGS="-P flask")
	$(COMPILE) $(ARGS) --extra postgres -o requirements.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 --group build $(ARGS) -c requirements.txt -o requirements-build.txt
	$(COMPILE) $(ARGS) --extra postgres --group dev --group e2e --group build \
	  -c requirements.txt -c requirements-build.txt -o requirements-dev.txt
	printf 'tradelocker==0.56.2\npandas<3\n' | $(BIN)/uv pip compile --quiet --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --python-version 3.11 $(ARGS) - \
	  -o requirements-contract.txt

install: $(VENV)/.ready $(VENV)/.ready-dev ## the packages for tests and checks

clean: ## remove caches and build output; never a database, never var/
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov \
	  build dist test-results screenshots
	find bridge tests migrations deploy -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/pip:
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.packages: requirements.txt requirements-build.txt | $(BIN)/pip
	@echo "Installing the locked packages, each checked against its hash (about 15 seconds) ..."
	@$(INSTALL) --require-hashes -r requirements.txt -r requirements-build.txt
	@touch $@

# The project itself, with the build backend that was just installed and nothing fetched.
$(VENV)/.ready: pyproject.toml $(VENV)/.packages
	@$(INSTALL) --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.packages
	@echo "Installing the packages for tests and checks (about a minute) ..."
	@$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

$(CONTRACT)/.ready: requirements-contract.txt | $(BIN)/pip
	@echo "Installing the broker's own client for the contract suite (about 20 seconds) ..."
	@rm -rf $(CONTRACT)
	@$(PYTHON) -m venv $(CONTRACT)
	@$(CONTRACT)/bin/python -m pip install -qq --no-compile --no-deps --disable-pip-version-check \
	  --require-hashes -r requirements-contract.txt
	@cp requirements-contract.txt $@

# Debian's Chromium, and libatomic1 for the Node.js inside Playwright: a small Debian has neither.
browser:
	@{ test -x /usr/bin/chromium && /sbin/ldconfig -p | grep -q libatomic.so.1; } || { \
	  root=""; if [ "$$(id -u)" != 0 ]; then root="sudo -n"; fi; \
	  echo "Installing Chromium for the browser tests ..."; \
	  { $$root apt-get -qq update && $$root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
	    --no-install-recommends chromium fonts-dejavu-core libatomic1 >/dev/null; } || { \
	    echo "The browser tests need Chromium. Install it as root:" >&2; \
	    echo "  apt-get install chromium fonts-dejavu-core libatomic1" >&2; exit 1; }; }
