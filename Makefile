# Everything that people and CI run. `make help` lists it.
PYTHON ?= python3
SOURCE ?= seeds
OUTPUT ?= clippings.db
HOST ?= 127.0.0.1
PORT ?= 8001
PREFIX ?= /
JOBS ?=
BENCH ?= 10000
STORIES ?= $(firstword $(wildcard ../shared/corpus) seeds)
BENCH_FOLDER ?= build/bench-$(BENCH)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
COMPILE = UV_PYTHON_DOWNLOADS=never $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --no-header \
  --no-emit-index-url $(UPGRADE)
UPGRADE ?= --upgrade
LOWEST = $(shell sed -n 's/.*"\(nh3\)>=\([0-9.]*\).*/\1==\2/p' pyproject.toml)
NEXT := $(CURDIR)/build/datasette-1.0
CONTAINER ?= $(or $(shell command -v podman),docker)
TAG ?= clippings
BASE ?=

# Tests start hundreds of processes, each of which would compile the same modules.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve build release check image test test-next test-lowest next lint soak bench screenshots \
        notebook specifications validators audit format lock clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: export HOST := $(HOST)
serve: export PORT := $(PORT)
serve: export PREFIX := $(PREFIX)
serve: export DATABASE := $(OUTPUT)
serve: ## Build clippings.db from SOURCE (seeds) and serve it on PORT (8001)
	@PYTHON="$(PYTHON)" deploy/serve --check
	@$(MAKE) --no-print-directory build
	@echo "Clippings is at http://$(HOST):$(PORT)$(PREFIX) (Ctrl-C ends it)"
	@deploy/serve

build: .venv/.core ## Build clippings.db from SOURCE (seeds)
	@$(BIN)/python build_db.py "$(SOURCE)" --output "$(OUTPUT)" $(if $(JOBS),--jobs $(JOBS))

release: .venv/.release ## Build clippings.db, and from it release/: the files that people download
	@$(BIN)/python build_db.py "$(SOURCE)" --output "$(OUTPUT)" --release "$(dir $(OUTPUT))release"

check: .venv/.core ## Serve OUTPUT (clippings.db) for a moment, and fetch ten pages of it
	@$(BIN)/python deploy/check.py "$(OUTPUT)"

image: build ## Build clippings.db, and from it a container image named TAG (clippings)
	@$(CONTAINER) build --file deploy/Containerfile $(if $(BASE),--build-arg BASE="$(BASE)") --tag "$(TAG)" .

test: .venv/.dev ## Run the test suite
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

test-next: next ## Run the tests of the site on Datasette 1.0
	PYTHONPATH=$(NEXT) $(BIN)/python -m pytest --numprocesses auto --dist worksteal -m site

test-lowest: .venv/.dev ## Run the tests of hostile articles on the lowest nh3 that is allowed
	$(PIP) --no-deps --upgrade --target build/lowest $(LOWEST)
	PYTHONPATH=build/lowest $(BIN)/python -m pytest tests/markdown/test_rendering.py \
	  tests/site/test_hostile_articles.py -k "not runs_asks"

next: $(NEXT)/.done ## Install Datasette 1.0 beside .venv, in build/datasette-1.0

lint: .venv/.dev ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

soak: .venv/.dev ## Run the long forms of the tests: 300 kills, 200 swaps, every attack string
	CLIPPINGS_SOAK=1 $(BIN)/python -m pytest tests/build/test_killed.py tests/build/test_incremental.py tests/site/test_hostile_articles.py \
	  tests/site/test_live_database.py tests/site/test_middleware.py

bench: .venv/.dev ## Print the figures of speed, fidelity, growth, search and pages (BENCH=10000)
	$(BIN)/python benchmarks/conversion.py
	$(BIN)/python benchmarks/fidelity.py
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/stories.py $(STORIES)
	$(BIN)/python benchmarks/search.py --articles $(BENCH)
	$(BIN)/python benchmarks/generate.py $(BENCH_FOLDER) --articles $(BENCH)
	$(BIN)/python benchmarks/build.py $(BENCH_FOLDER)
	$(BIN)/python benchmarks/workers.py $(BENCH_FOLDER)
	$(BIN)/python benchmarks/incremental.py $(BENCH_FOLDER)
	$(BIN)/python benchmarks/cluster.py $(BENCH_FOLDER)
	$(BIN)/python build_db.py $(BENCH_FOLDER) --quiet --output $(BENCH_FOLDER)/clippings.db
	$(BIN)/python benchmarks/pages.py $(BENCH_FOLDER)/clippings.db
	$(BIN)/python benchmarks/research.py $(BENCH_FOLDER)/clippings.db
	$(BIN)/python benchmarks/hostile_sql.py $(BENCH_FOLDER)/clippings.db
	$(BIN)/python benchmarks/crowd.py $(BENCH_FOLDER)/clippings.db
	$(BIN)/python benchmarks/hour.py $(BENCH_FOLDER)/clippings.db

screenshots: .venv/.dev ## Take the README's pictures of the site, from seeds/
	$(BIN)/python docs/screenshots.py

notebook: .venv/.dev ## Run notebooks/explore.ipynb on seeds/, and keep its output
	$(BIN)/python docs/notebook.py

specifications: .venv/.dev ## Fetch CommonMark's and GFM's examples, which the tests then go through
	@test -d build/specifications || $(BIN)/python -m pip download --quiet \
	  --disable-pip-version-check --no-deps --no-binary marko --dest build/specifications marko==2.2.4

validators: ## Install what reads the dataset's descriptions, in three places: they exclude each other
validators: $(patsubst %,build/validators/%/.done,mlcroissant frictionless cffconvert)
build/validators/mlcroissant/.done: TOOLS = mlcroissant==1.1.1 datasets==5.2.0
build/validators/frictionless/.done: TOOLS = frictionless==5.21.0 pandas pyarrow
build/validators/cffconvert/.done: TOOLS = cffconvert==2.0.0
build/validators/%/.done:
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check \
	  "setuptools<81" $(TOOLS)
	@touch $@

audit: .venv/.core ## Look up known vulnerabilities in what it runs on (asks the network)
	@test -x build/audit/bin/pip-audit || { $(PYTHON) -m venv build/audit && \
	  build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit; }
	build/audit/bin/pip-audit --disable-pip --require-hashes --requirement requirements-release.lock

format: .venv/.dev ## Put the code in its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/.dev ## Pin the newest allowed dependencies, with their hashes, in requirements*.lock
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --generate-hashes pyproject.toml --output-file requirements.lock
	for extra in release dev; do \
	  $(COMPILE) --generate-hashes pyproject.toml --extra $$extra --constraint requirements.lock \
	    --output-file requirements-$$extra.lock || exit; \
	done
	mkdir -p build
	grep -v '^datasette==' requirements-dev.lock | sed -n 's/ \\$$//; /^[^ ]/p' >build/pins
	$(COMPILE) --no-annotate --constraint build/pins --group next | grep -vxFf build/pins \
	  >requirements-next.lock

clean: ## Remove what was built and installed
	rm -rf .venv clippings.db .clippings.db.* release inspect-data.json build *.egg-info

.venv/.core: requirements.lock pyproject.toml
	@echo "Installing what Clippings needs in .venv, which takes about a minute ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements.lock
	@PYTHONWARNINGS=ignore $(PIP) --no-deps --editable .  # setuptools warns of each such install
	@touch $@

# Datasette 1.0 and what it needs beside .venv, which it goes before.
$(NEXT)/.done: requirements-next.lock .venv/.dev
	rm -rf $(NEXT)
	$(PIP) --no-deps --target $(NEXT) -r requirements-next.lock
	@touch $@

.venv/.release .venv/.dev: .venv/.%: requirements-%.lock .venv/.core
	@echo "Installing the extra $* in .venv ..."
	@$(PIP) --require-hashes -r requirements-$*.lock
	@touch $@
