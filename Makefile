# Everything starts here, on a machine with only Python (3.11 or newer) and make: `make tour`.

PYTHON ?= python3
WITH_TORCH ?=
WITH_DASK ?=
WITH_BROWSER ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install -qq -c constraints.txt
DECLARED := pyproject.toml constraints.txt
asked = $(if $(filter 1 yes true,$(1)),$(VENV)/.has-$(2))
TORCH := $(call asked,$(WITH_TORCH),torch)
MORE := $(TORCH) $(call asked,$(WITH_DASK),dask) $(call asked,$(WITH_BROWSER),browser)

.PHONY: help tour test bench peers clean
.DEFAULT_GOAL := help
.NOTPARALLEL: # one pip at a time in one .venv

help:
	@echo "make tour    install into $(VENV) and run every quick experiment (at most a minute once installed)"
	@echo "make test    install what the tests need, then lint, check types and run the tests"
	@echo "make bench   time the rules against the bare matrix products that they are made of"
	@echo "make peers   the same spike trains through NEST and Brian2, weights compared (installs both into .peers)"
	@echo "make clean   remove $(VENV) and all that the commands above leave behind"
	@echo
	@echo "PYTHON=python3.12   the Python to make $(VENV) with        WITH_TORCH=1   test and time on torch too"
	@echo "WITH_DASK=1  test sweeps on a cluster too     WITH_BROWSER=1   test pages in chromium too (needs axe-core)"

tour: $(VENV)/.has-cofire
	@$(call compiled,src)
	@$(VENV)/bin/cofire tour

test: $(VENV)/.has-dev $(MORE)
	@$(call compiled,src)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PY) -m pytest -n 2 --dist worksteal --benchmark-disable --cov --cov-report=term

bench: $(VENV)/.has-dev $(TORCH)
	@$(call compiled,src)
	$(PY) -m pytest benchmarks

peers: $(VENV)/.has-cofire .peers/.has-nest .peers/.has-brian2
	$(PY) peers/compare.py .peers

.peers/.has-nest: PACKAGES := nest-simulator==3.10.0
.peers/.has-brian2: PACKAGES := brian2==2.9.0 "numpy<2.4" setuptools
.peers/.has-%:
	@echo "Installing $* into .peers/v_$* (some minutes) ..."
	@$(PYTHON) -m venv --clear .peers/v_$*
	@.peers/v_$*/bin/python -m pip --disable-pip-version-check install -qq $(PACKAGES)
	@touch $@

clean:
	rm -rf $(VENV) .peers build dist cofire-tour.html cofire-report.html cofire-matrix cofire-sweep-*
	rm -rf htmlcov .coverage .coverage.* .benchmarks .hypothesis
	rm -rf .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp in .venv stands for each thing installed there; it is made again when what it depends on is newer.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
		"cofire needs Python 3.11 or newer, and PYTHON=$(PYTHON) is" \
		"$$(command -v $(PYTHON) >/dev/null && $(PYTHON) --version 2>&1 || echo 'not there');" \
		"name another: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
		"$(PYTHON) cannot make virtual environments (no venv or ensurepip);" \
		"on Debian and Ubuntu 'apt-get install python3-venv' mends it" >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.has-cofire: $(VENV)/.made $(DECLARED)
	@echo "Installing cofire into $(VENV) (about a minute) ..."
	@$(PIP) -e .
	@$(call compiled,$(VENV)/lib)
	@touch $@

$(VENV)/.has-dev: $(VENV)/.made $(DECLARED)
	@echo "Installing cofire and what its tests need into $(VENV) (about a minute) ..."
	@$(PIP) -e '.[dev]'
	@$(call compiled,$(VENV)/lib)
	@touch $(VENV)/.has-cofire $@

$(VENV)/.has-torch: $(VENV)/.made $(DECLARED)
	@echo "Installing torch into $(VENV) (some minutes) ..."
	@$(PIP) torch==2.13.0
	@$(call compiled,$(VENV)/lib)
	@touch $@

$(VENV)/.has-dask $(VENV)/.has-browser: $(VENV)/.has-%: $(VENV)/.made $(DECLARED)
	@echo "Installing what the extra '$*' needs into $(VENV) ..."
	@$(PIP) -e '.[$*]'
	@$(call compiled,$(VENV)/lib)
	@touch $@

# Bytecode is written once, here, even where the environment tells Python not to write any: without it each start of
# cofire would compile all it imports. A package may hold files for another Python that do not compile: no failure.
compiled = env -u PYTHONDONTWRITEBYTECODE $(PY) -m compileall -q $(1) >/dev/null 2>&1 || true
