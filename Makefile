# Passerelle. `make serve` and `make test` work on a fresh clone; needed: Python 3.11+, make, and Node.js for GraphiQL.
PYTHON ?= python3
BIN := .venv/bin
EXPORT := examples/exports/aaf
LOCKED := --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --quiet

.PHONY: setup serve test check format schema lock bench help

help: ## Show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: .setup-python .setup-pages ## Make the environment (done by serve and test)

.setup-python: requirements.lock pyproject.toml examples/timetable_service/pyproject.toml examples/lsu_reader/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Passerelle needs Python 3.11 or newer; set PYTHON=..." if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e examples/timetable_service -e examples/lsu_reader
	@touch $@

.setup-pages: gateway/pages/package-lock.json gateway/pages/install.py
	@if command -v npm >/dev/null; then \
	  npm ci --prefix gateway/pages --ignore-scripts --no-audit --no-fund --loglevel=error \
	  && $(BIN)/python -m gateway.pages.install && touch $@; \
	else echo "Node.js is not installed: GraphiQL will be missing, everything else works."; fi

serve: setup ## Import the example export, add the demo year, start the gateway
	@$(BIN)/passerelle import aaf $(EXPORT)
	@$(BIN)/passerelle demo --people $(EXPORT)
	@$(BIN)/passerelle serve --welcome

.setup-clients: tests/clients/package-lock.json examples/partner/javascript/package-lock.json
	@if command -v npm >/dev/null; then \
	  for folder in $(^D); do npm ci --prefix $$folder --ignore-scripts --no-audit --no-fund --loglevel=error || exit 1; done \
	  && touch $@; \
	else echo "Node.js is not installed: clients in JavaScript are not tested."; fi

test: setup .setup-clients check ## Run every check and test
	$(BIN)/pytest -n 3 --dist worksteal

check: setup ## Lint, types, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: setup ## Write the generated files again
	$(BIN)/passerelle schema > schema.graphql
	$(BIN)/passerelle check --settings > docs/settings.md

bench: setup .setup-benchmarks ## Measure against the peers and write docs/benchmarks.md (about 40 minutes, needs Node.js)
	$(BIN)/python -m benchmarks.run

.setup-benchmarks: benchmarks/requirements.lock benchmarks/node/package-lock.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/requirements.lock
	npm ci --prefix benchmarks/node --no-audit --no-fund --loglevel=error
	@touch $@

lock: setup ## Resolve dependencies anew
	$(BIN)/uv pip compile pyproject.toml --group development $(LOCKED) --upgrade --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group benchmarks --constraint requirements.lock $(LOCKED) \
	  --output-file benchmarks/requirements.lock
