# One command each. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Only files whose hashes are known: what a registry has under a version's name may be another file tomorrow.
# Fails with a sentence, not with pip's own words; the last word is the command to run again.
INSTALL := requirements/install.py $(VENV)
AGAIN = "make $(MAKECMDGOALS)"
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
AUDIT_READY := $(VENV)/.audit-ready
MUTATION_READY := $(VENV)/.mutation-ready
RELEASE := $(VENV)/release
RELEASE_READY := $(RELEASE)/.ready
SDK_SUITE := $(VENV)/sdk-suite
SDK_SUITE_READY := $(SDK_SUITE)/.ready
NODE_READY := tests/node/node_modules/.ready
# One lock for every Python from 3.11 on and every system, so that one file serves a laptop and the image.
LOCK := $(RELEASE)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
# How many histories `make properties` tries, how many payments `make chaos` makes, and from which seed. `make fuzz` sends
# 50000 requests where N is not given.
N ?= 1000
SEED ?= 0
# The backend that `make conformance` asks; more words: URL="https://… --stripe https://api.stripe.com --key pk_test_…".
URL ?= http://localhost:3001
# The version that `make compare` holds this one against: a commit, a branch, a tag.
REV ?= HEAD
# Options of `make bench`; --help lists them.
BENCH ?=

.DEFAULT_GOAL := help
.PHONY: help run demo drill sandbox serve conformance test quick check format lint types imports properties kept chaos fuzz model planted mutation bench growth overload compare picture asvs audit lock sbom sdk-suite drift clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN_READY) ## Start the backend, with the bundled Stripe sandbox when there is no Stripe key
	@$(BIN)/python -m backend

demo: $(RUN_READY) ## Play a whole purchase against the running backend
	@$(BIN)/flask demo

drill: $(RUN_READY) ## Break payments on purpose, and see that the money is right
	@$(BIN)/flask drill

sandbox: $(RUN_READY) ## Start the Stripe sandbox alone
	@$(BIN)/python -m backend.sandbox

serve: $(RUN_READY) ## Start the production server (gunicorn)
	@$(BIN)/gunicorn -c backend/gunicorn.conf.py 'backend.server:create_app()'

conformance: $(DEV_READY) ## Ask a backend what the front ends' screens ask (URL=http://localhost:3001)
	@$(BIN)/python -m tests.conformance $(URL)

test: $(DEV_READY) ## Get what the tests need, and run them (ARGS="tests/money -x" runs a part)
	@$(BIN)/python -m tests.run $(ARGS)

quick: $(DEV_READY) ## Run a part of the tests in under a minute, and say what was left out
	@$(BIN)/python -m tests.quick $(ARGS)

check: lint types imports test audit sdk-suite ## Everything that CI runs

lint: $(DEV_READY)
	@$(BIN)/ruff format --check --quiet . || { echo "The format differs. Run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet . || { echo "Some of this can be mended by: make format"; exit 1; }

types: $(DEV_READY)
	@$(BIN)/mypy --no-error-summary || { echo "A type does not fit. To look again: make types"; exit 1; }

imports: $(DEV_READY)
	@$(BIN)/lint-imports --no-logo > $(VENV)/imports.log 2>&1 \
		|| { cat $(VENV)/imports.log; echo "A module imports what it must not. To look again: make imports"; exit 1; }

format: $(DEV_READY) ## Format the code, and mend what can be mended by itself
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

properties: $(DEV_READY) ## Try N random histories of everything that can happen to money (N=1000)
	@PROPERTIES=$(N) $(BIN)/python -m pytest tests/money/test_properties.py -p no:logging

kept: $(DEV_READY) ## Sell N packages whose share is kept, with Search down and every event lost (N=1000)
	@KEPT=$(N) $(BIN)/python -m pytest tests/money/test_kept_load.py -p no:logging

chaos: $(DEV_READY) ## Buy N packages while everything goes wrong, then account for every cent (N=1000 SEED=0)
	@$(BIN)/python -m tests.chaos.chaos --payments $(N) --seed $(SEED)

fuzz: $(DEV_READY) ## Send N hostile requests to the production server and the sandbox (N=50000 SEED=0)
	@$(BIN)/python -m tests.fuzz --cases $(if $(filter file,$(origin N)),50000,$(N)) --seed $(SEED)

model: $(DEV_READY) ## Search a model of the money, state by state, and hold the service's requests against it
	@$(BIN)/python -m tests.model

planted: $(DEV_READY) ## Plant bugs in a copy of the backend; the tests have to catch each one
	@$(BIN)/python -m tests.planted

mutation: $(MUTATION_READY) ## Change the money code in every small way; the tests have to notice (takes hours)
	@$(BIN)/mutmut run && $(BIN)/mutmut results

bench: $(NODE_READY) ## Measure beside lean Express and Fastify backends, on one canned Stripe (BENCH="--quick")
	@$(BIN)/python -m tests.bench $(BENCH)

growth: $(DEV_READY) $(NODE_READY) ## Fill a sandbox with N payments and see whether it slows (N=1000)
	@$(BIN)/python -m tests.bench.growth --payments $(N)

overload: $(NODE_READY) ## Ask more of the production server than it can do, and see what becomes of it
	@$(BIN)/python -m tests.bench.overload

compare: $(DEV_READY) ## Compare what the backend answers and asks of Stripe with another version's (REV=HEAD)
	@$(BIN)/python -m tests.compare $(REV)

picture: $(DEV_READY) ## Take the README's picture anew, in a browser
	@$(BIN)/python -m tests.browser.picture

asvs: $(DEV_READY) ## Make the page of security requirements anew, from docs/asvs.toml
	@$(BIN)/python -m tests.meta.asvs

sdk-suite: $(SDK_SUITE_READY) ## Run the tests of Stripe's own SDK against the sandbox, and compare with the score on record
	@$(BIN)/python -m tests.sdk_suite --environment $(SDK_SUITE)

drift: $(DEV_READY) ## Play scenarios on the sandbox, and on Stripe with a test key of yours (STRIPE_TEST_KEY=sk_test_…)
	@$(BIN)/python -m tests.drift $(if $(STRIPE_TEST_KEY),--key $(STRIPE_TEST_KEY))

audit: $(AUDIT_READY) ## Look for known holes in the dependencies, and risky habits in the code
	@$(BIN)/python -m tests.audit

lock: $(RELEASE_READY) ## Pin anew what requirements*.txt ask for, with the hashes of every file, and list it for the image
	@$(LOCK) requirements.txt -o requirements/run.lock
	@$(LOCK) requirements-dev.txt -o requirements/dev.lock
	@$(LOCK) -c requirements/run.lock backend/sandbox/pyproject.toml -o requirements/sandbox.lock
	@# These are installed beside the others, so that they take the same versions of what they share.
	@$(LOCK) -c requirements/dev.lock requirements/audit.txt -o requirements/audit.lock
	@$(LOCK) -c requirements/dev.lock requirements/mutation.txt -o requirements/mutation.lock
	@$(LOCK) requirements/release.txt -o requirements/release.lock
	@$(LOCK) -c requirements/dev.lock requirements/sdk-suite.txt -o requirements/sdk-suite.lock
	@$(LOCK) --no-deps requirements/sdk-source.txt -o requirements/sdk-source.lock
	@$(MAKE) --no-print-directory sbom

sbom: $(RELEASE_READY) ## List what the image is made of: requirements/sbom.json, in CycloneDX
	@$(RELEASE)/bin/python deploy/sbom.py

clean: ## Remove the environment and every cache
	@rm -rf $(VENV) tests/node/node_modules tests/bench/peers/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis mutants
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN_READY): requirements/run.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null \
		|| { echo "Python 3.11 or newer is needed. Name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Preparing the environment in $(VENV) (the first time this takes about a minute) ..."
	@$(PYTHON) $(INSTALL) requirements/run.lock $(AGAIN)
	@touch $@

# In an environment of their own: what they need must not change what is tested.
$(RELEASE_READY): requirements/release.lock $(RUN_READY)
	@$(PYTHON) requirements/install.py $(RELEASE) requirements/release.lock $(AGAIN)
	@touch $@

$(DEV_READY): requirements/dev.lock $(RUN_READY)
	@$(BIN)/python $(INSTALL) requirements/dev.lock $(AGAIN)
	@touch $@

$(NODE_READY): tests/node/package-lock.json tests/bench/peers/package-lock.json $(DEV_READY)
	@$(BIN)/python -m tests.programs

$(AUDIT_READY): requirements/audit.lock $(DEV_READY)
	@$(BIN)/python $(INSTALL) requirements/audit.lock $(AGAIN)
	@touch $@

# In an environment of their own: they bring another way of HTTP, which the SDK would take.
$(SDK_SUITE_READY): requirements/sdk-suite.lock requirements/sdk-source.lock $(RUN_READY)
	@$(PYTHON) requirements/install.py $(SDK_SUITE) requirements/sdk-suite.lock $(AGAIN)
	@$(BIN)/python -m tests.sdk_suite.fetch $(SDK_SUITE)
	@touch $@

# Apart from the rest: it brings many packages, and nothing that CI runs needs it.
$(MUTATION_READY): requirements/mutation.lock $(DEV_READY)
	@$(BIN)/python $(INSTALL) requirements/mutation.lock $(AGAIN)
	@touch $@
