# make serve: set everything up and serve the graph.   make test: set everything up and test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: serve test soak format clean

serve: $(VENV)/installed
	$(BIN)/allegiance serve

test: $(VENV)/installed-test
	$(BIN)/ruff format --check server tests
	$(BIN)/ruff check server tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/materials > $(VENV)/materials.json
	$(BIN)/python .ci/audit $(VENV)/materials.json $(OSV_DATA)
	$(BIN)/pytest

soak: $(VENV)/installed-test
	$(BIN)/pytest -m soak

format: $(VENV)/installed-test
	$(BIN)/ruff format server tests
	$(BIN)/ruff check --fix server tests

clean:
	rm -rf $(VENV) .allegiance

# Set up again only when the declared dependencies change; the install is editable.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/installed-test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .[test]
	touch $@ $(VENV)/installed
