# make test: everything that can run on this machine. make check: style, types, layers, docs.
PYTHON ?= python3
# Test files run side by side in this many processes, each with a cluster of its own: one more than two cores, because
# tests of a real node mostly wait.
WORKERS ?= 3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Tests start thousands of our processes: with this set each would compile the whole package anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: test check demo bench clean constraints screenshots release-check
test: $(READY)
	$(BIN)/python -m tests.cluster prepare
	$(BIN)/python -m pytest tests -n $(WORKERS) --dist loadfile

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.check

# Real jobs on a cluster of its own, which is gone afterwards: the dashboard, or in a pipe a table.
demo: $(READY)
	$(BIN)/kqueue demo

bench: $(READY)
	$(BIN)/python -m tests.bench

# Pictures of the dashboard, from the demo.
screenshots: $(READY)
	$(BIN)/python -m tests.dashboard.pictures

# What is to be released: built, checked, installed alone and tried, audited, with its bill of materials in dist/.
release-check: $(READY)
	$(PYTHON) -m venv $(VENV)/release
	$(VENV)/release/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints-release.txt
	$(BIN)/python -m tests.release $(VENV)/release/bin

# The files of versions and hashes; run it to move to newer versions.
COMPILE = $(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-annotate --no-header
constraints:
	$(PYTHON) -m pip install --quiet uv
	$(COMPILE) --extra dev --extra notebook --output-file constraints.txt pyproject.toml
	$(COMPILE) --extra release --constraints constraints.txt --output-file constraints-release.txt pyproject.toml
	$(COMPILE) --constraints constraints.txt --output-file tests/cluster/hub-constraints.txt \
	  tests/cluster/hub-requirements.txt
	$(COMPILE) --constraints tests/cluster/hub-constraints.txt --output-file tests/jupyterlab/lab-constraints.txt \
	  tests/jupyterlab/lab-requirements.txt

$(READY): constraints.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "kbatch needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
