# make serve: set everything up and serve the graph.   make test: set everything up and test.
# make bench: measure beside other endpoints; BENCH="--quick" for 10,000 triples and one round.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: serve test soak bench format clean

serve: $(VENV)/installed
	$(BIN)/allegiance serve

test: $(VENV)/installed-test
	$(BIN)/ruff format --check server tests bench
	$(BIN)/ruff check server tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/materials > $(VENV)/materials.json
	$(BIN)/python .ci/audit $(VENV)/materials.json $(OSV_DATA)
	$(BIN)/pytest

soak: $(VENV)/installed-test
	$(BIN)/pytest -m soak

bench: $(VENV)/installed build/bench/peers/installed
	$(BIN)/python bench/run.py $(BENCH)

format: $(VENV)/installed-test
	$(BIN)/ruff format server tests bench
	$(BIN)/ruff check --fix server tests bench

clean:
	rm -rf $(VENV) .allegiance

# The endpoints that are compared with have an environment of their own.
build/bench/peers/installed: bench/peers.txt
	$(PYTHON) -m venv build/bench/peers
	build/bench/peers/bin/pip install --quiet --disable-pip-version-check -r bench/peers.txt
	touch $@

# Set up again only when the declared dependencies change; the install is editable.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .[test]
	touch $@ $(VENV)/installed
