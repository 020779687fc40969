# Chores. `make demo` and `make test` need python3 (3.11 or newer, with venv) and make, nothing else.
# PYTHON=python3.13 picks another Python, ARGS="..." passes flags on, and POPULATION=completejourney brings the Complete
# Journey households, to `make demo` as to `make test`.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:

PYTHON ?= python3
ARGS ?=
POPULATION ?= cast

RUN := .venv/bin/python
# Each stamp says that one set of packages is installed; it is older than what it was made from when that changes.
STAMP := .venv/.installed-
PINS := pyproject.toml constraints.txt requirements-broker.txt setup/install.sh

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)base ## install everything the store needs into .venv (other targets do it by themselves)
	@echo "setup: .venv is ready"

demo: $(STAMP)$(if $(filter completejourney,$(POPULATION)),completejourney,base) ## start the whole store; open the address it prints, Ctrl-C ends it
	@$(RUN) -m demo --population $(POPULATION) $(ARGS)

test: $(STAMP)test $(if $(filter completejourney,$(POPULATION)),$(STAMP)completejourney) ## run the tests (ARGS="-k geofence" picks, ARGS="--hypothesis-profile=deep" digs)
	@$(RUN) -m pytest $(ARGS)

check: $(STAMP)check ## lint, format, types, import directions, generated files up to date
	@failed=; \
	$(RUN) -m ruff check . || failed="$$failed lint"; \
	$(RUN) -m ruff format --check . || failed="$$failed format"; \
	$(RUN) -m mypy || failed="$$failed types"; \
	.venv/bin/lint-imports || failed="$$failed imports"; \
	$(RUN) -m offer_engine schema --check || failed="$$failed schema"; \
	[ -z "$$failed" ] || { echo "check: failed:$$failed" >&2; exit 1; }

trace: $(STAMP)base ## follow one message from MQTT to the phone, stage by stage
	@$(RUN) -m demo.trace $(ARGS)

twin: $(STAMP)base ## what the offers are worth: one simulated day, with and without them
	@$(RUN) -m demo.twin $(ARGS)

bench: $(STAMP)test ## measure throughput and latency against a bare subscriber
	@$(RUN) -m bench $(ARGS)

evaluate: $(STAMP)evaluate ## how good the decision is, on Complete Journey baskets (ARGS=--sample: in a minute)
	@$(RUN) -m bench.evaluate $(ARGS)

evaluate-zones: $(STAMP)test ## score zones against true paths; writes build/evaluate-zones.json and docs/zones.svg
	@$(RUN) -m bench.zones $(ARGS)

evaluate-store: $(STAMP)test ## set the simulated day beside what was published about shoppers
	@$(RUN) -m bench.store $(ARGS)

docs: $(STAMP)base ## write the generated documents anew
	@$(RUN) -m offer_engine schema

clean: ## remove .venv, build/ and every cache
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment --------------------------------------------------------------------------------------------------

# .venv is made anew when its Python does not run, or is not the PYTHON given by hand; without one it stays what it is.
version = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
has := $(call version,$(RUN))
wanted := $(if $(filter file,$(origin PYTHON)),$(has),$(call version,$(PYTHON)))
ANEW := $(if $(has),$(if $(filter $(has),$(wanted)),,anew),anew)

python_fault = $(shell sh setup/check-python.sh '$(PYTHON)')

$(RUN): $(ANEW)
	@$(if $(python_fault),$(error $(python_fault)))echo "setup: a new environment in .venv, Python $(call version,$(PYTHON))"
	@$(PYTHON) -m venv --clear .venv

$(STAMP)base: $(PINS) $(ANEW) | $(RUN)
	@sh setup/install.sh base
	@touch $@

$(STAMP)test $(STAMP)check $(STAMP)completejourney $(STAMP)evaluate: $(STAMP)%: $(STAMP)base
	@sh setup/install.sh $*
	@touch $@

.PHONY: help setup demo test check trace twin bench evaluate evaluate-zones evaluate-store docs clean anew
