# Everything a person runs. Each target first installs what is missing into .venv; nothing outside the folder is touched.
.PHONY: help install demo test chaos fuzz check bench docs clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\): .*## /\1\t/p' Makefile | expand -t 10

install: .venv/installed ## make .venv with everything, pinned (again only when the pins changed)

.venv/installed: requirements/all.txt pyproject.toml scripts/install
	@scripts/install

demo: install ## run it all: database, broker, ingest, 24 traps with four weeks of history (ARGS for more)
	@.venv/bin/lighttrap up --simulate 24 --history-days 28 $(ARGS)

test: install ## the tests (ARGS="tests/unit -x" for some of them)
	@scripts/test $(ARGS)

chaos: install ## break everything on purpose, 20 rounds of the long set (ARGS="--quick" for the short one)
	@.venv/bin/python -m tests.chaos $(or $(ARGS),--long)

fuzz: install ## let atheris look for bytes that a decoder reads wrong (ARGS=-max_total_time=3600 for an hour)
	@.venv/bin/python -m pip install --quiet --only-binary :all: -r requirements/fuzz.txt || \
		{ echo "atheris does not install here; it needs Linux and a Python that it has a wheel for" >&2; exit 1; }
	@.venv/bin/python -m tests.fuzz $(ARGS)

check: install ## format, lint, types, imports, documentation, secrets, vulnerabilities, SBOM
	@scripts/check

bench: install ## measure; PEERS=1 installs what to compare with and measures it too
	@if [ -n "$(PEERS)" ]; then .venv/bin/python -m pip install --quiet -r requirements/peers.txt; fi
	@.venv/bin/python -m bench $(ARGS)

docs: install ## write the generated pages again
	@scripts/docs

clean: ## remove .venv and every cache
	rm -rf .venv .fuzz .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
