# Two commands for everybody: `make demo` and `make test`. Both make the same .venv from constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test benchmark docs clean

demo: $(VENV)/.installed
	@$(BIN)/survival-nodes demo

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest

# Timings beside peers that are installed, and simulation to known truth: some 70 minutes on two processors, of which relsurv on a million rows takes
# ten minutes. PEERS: the Python in which peers are installed (tests/benchmark/README.md); every script runs, and the target fails at the end where
# one found something wrong.
PEERS ?= $(BIN)/python
benchmark: $(VENV)/.installed-test
	@failed=0; for script in "beside_peers.py --peers-python $(PEERS)" nodal_frame.py read_registry.py net_survival.py net_survival_truth.py; do \
		echo "== $$script"; $(BIN)/python tests/benchmark/$$script || failed=1; done; exit $$failed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else "Python 3.11 to 3.14 is needed, and this is %d.%d: say which one with `make PYTHON=python3.12 ...`" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@ $(VENV)/.installed

# Pages that are made from the code itself.
docs: $(VENV)/.installed
	$(BIN)/python -m survival_nodes.columns > data/dictionary.md
	$(BIN)/python -m survival_nodes.nodes.page > survival_nodes/nodes/README.md

clean:
	rm -rf $(VENV) build dist .pytest_cache .hypothesis
