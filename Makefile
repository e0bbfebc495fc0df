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
NEXT := $(CURDIR)/build/datasette-1.0
CONTAINER ?= $(or $(shell command -v podman),docker)
TAG ?= clippings

.DEFAULT_GOAL := help
.PHONY: help serve build release image test test-next next lint soak bench screenshots \
        notebook specifications validators format lock clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

serve: build ## Build clippings.db from SOURCE (seeds) and serve it on PORT (8001)
	@echo "Clippings is at http://$(HOST):$(PORT)$(PREFIX)"
	@DATABASE="$(OUTPUT)" HOST="$(HOST)" PORT="$(PORT)" PREFIX="$(PREFIX)" deploy/serve

build: .venv/.core ## Build clippings.db from SOURCE (seeds)
	@$(BIN)/python build_db.py "$(SOURCE)" --output "$(OUTPUT)" $(if $(JOBS),--jobs $(JOBS))

release: .venv/.core ## Build clippings.db, and from it release/: the files that people download
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint requirements-dev.lock --editable '.[release]'
	@$(BIN)/python build_db.py "$(SOURCE)" --output "$(OUTPUT)" --release "$(dir $(OUTPUT))release"

image: build ## Build clippings.db, and from it a container image named TAG (clippings)
	@$(CONTAINER) build --file deploy/Containerfile --tag "$(TAG)" .

test: .venv/.dev ## Run the whole test suite, and that of the site on Datasette 1.0 too
	$(BIN)/python -m pytest --numprocesses auto
	@$(MAKE) --no-print-directory test-next

test-next: next ## Run the tests of the site on Datasette 1.0
	PYTHONPATH=$(NEXT) $(BIN)/python -m pytest --numprocesses auto -m site

next: $(NEXT)/.done ## Install Datasette 1.0 beside .venv, in build/datasette-1.0

lint: .venv/.dev ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

soak: .venv/.dev ## Run the long forms of the tests: 300 kills, 200 swaps, every attack string
	CLIPPINGS_SOAK=1 $(BIN)/python -m pytest tests/build/test_killed.py tests/site/test_hostile_articles.py \
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

validators: ## Install what validates the dataset's descriptions, each apart: they exclude each other
	@for tool in mlcroissant==1.1.1 frictionless==5.21.0 cffconvert==2.0.0; do \
	  folder=build/validators/$${tool%==*}; test -e $$folder/.done && continue; \
	  $(PYTHON) -m venv $$folder && $$folder/bin/python -m pip install --quiet \
	    --disable-pip-version-check "setuptools<81" pandas pyarrow $$tool && touch $$folder/.done || exit; \
	done

format: .venv/.dev ## Put the code in its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/.dev ## Pin the newest allowed dependencies in requirements*.lock
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --no-header \
	  --no-emit-index-url --upgrade pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --no-header \
	  --no-emit-index-url --upgrade pyproject.toml --extra dev --constraint requirements.lock \
	  --output-file requirements-dev.lock
	grep -v '^datasette==' requirements-dev.lock | $(BIN)/uv pip compile --quiet --universal \
	  --python-version 3.10 --no-header --no-annotate --no-emit-index-url --upgrade \
	  --constraint /dev/stdin --group next | grep -vxFf requirements-dev.lock >requirements-next.lock

clean: ## Remove what was built and installed
	rm -rf .venv clippings.db .clippings.db.* release inspect-data.json build *.egg-info

.venv/.core: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# Datasette 1.0 and what it needs beside .venv, which it goes before.
$(NEXT)/.done: requirements-next.lock .venv/.dev
	rm -rf $(NEXT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(NEXT) \
	  -r requirements-next.lock
	@touch $@

.venv/.dev: .venv/.core requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@
