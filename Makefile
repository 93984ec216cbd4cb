# Every command of the project. Needs Python 3.11 or newer and make; everything else goes into .venv.

HOST ?= 127.0.0.1
PORT ?= 8000
PYTHON ?=
VENV_PYTHON := .venv/bin/python

# An environment whose Python is gone (upgraded, or the folder was copied) is made again.
ifneq ($(shell $(VENV_PYTHON) -c 'print("works")' 2>/dev/null),works)
$(shell rm -f .venv/.runtime)
endif

.PHONY: help install demo run test lint pins faults bench-book bench-pages clean

help: ## these lines
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'
	@echo
	@echo "  PORT=8000 HOST=127.0.0.1 move the pages; PYTHON=/path/to/python3 chooses the interpreter."

install: .venv/.runtime ## make .venv with what running needs
	@echo ".venv is ready"

demo: .venv/.runtime ## run everything on this machine, against sandbox exchanges
	@exec $(VENV_PYTHON) -m config.launch demo --host '$(HOST)' --port '$(PORT)'

run: .venv/.runtime ## run everything on this machine, against the live exchanges
	@exec $(VENV_PYTHON) -m config.launch live --host '$(HOST)' --port '$(PORT)'

# One worker more than there are processors: many tests wait for a socket.
test: .venv/.dev ## run every test
	@$(VENV_PYTHON) -m pytest -n "$$($(VENV_PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')" --dist worksteal

lint: .venv/.dev ## check format, style, types, imports, migrations, deployment and templates
	@$(VENV_PYTHON) -m ruff format --check --quiet .
	@$(VENV_PYTHON) -m ruff check --quiet .
	@$(VENV_PYTHON) -m mypy connectors registry monitoring config manage.py
	@$(VENV_PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	@BELLWETHER_VAR=.venv/lint $(VENV_PYTHON) manage.py makemigrations --check --dry-run
	@BELLWETHER_VAR=.venv/lint BELLWETHER_HTTPS=1 DJANGO_ALLOWED_HOSTS=status.example.org \
		$(VENV_PYTHON) manage.py check --deploy --fail-level WARNING
	@find templates registry monitoring -name '*.html' -exec .venv/bin/djade --check --target-version 5.2 {} +

pins: .venv/.dev ## write requirements*.txt anew from pyproject.toml, with the oldest Python that we run on
	@$(VENV_PYTHON) -c 'import sys; sys.version_info[:2] == (3, 11) or sys.exit("make pins wants Python 3.11: make clean pins PYTHON=python3.11")'
	@CUSTOM_COMPILE_COMMAND="make pins" $(VENV_PYTHON) -m piptools compile --quiet --strip-extras --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --output-file requirements.txt pyproject.toml
	@CUSTOM_COMPILE_COMMAND="make pins" $(VENV_PYTHON) -m piptools compile --quiet --strip-extras --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml

faults: .venv/.dev ## strike every fault at every sandbox exchange, and write docs/fault-matrix.md
	@exec $(VENV_PYTHON) -m tests.faults

bench-book: .venv/.dev ## measure the order book against ccxt
	@exec $(VENV_PYTHON) -m benchmarks.book

bench-pages: .venv/.dev ## measure the reading of exchange pages beside the bare parse of their Markdown
	@exec $(VENV_PYTHON) -m benchmarks.pages

clean: ## remove .venv and every cache; what var/ holds stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov
	@find config connectors registry monitoring tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# The stamps are written last, and removed before anything changes: an interrupted installation starts over.
.venv/.runtime: requirements.txt
	@python="$$(PYTHON='$(PYTHON)' sh config/find-python.sh)" || exit 1; \
		echo "Making .venv with $$python"; \
		"$$python" -m venv --clear .venv
	@echo "Installing the pinned requirements (half a minute, once)"
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --no-input --requirement requirements.txt
	@touch $@

.venv/.dev: .venv/.runtime requirements-dev.txt
	@echo "Installing the pinned development requirements (a minute, once)"
	@rm -f .venv/.runtime
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --no-input --requirement requirements-dev.txt
	@touch .venv/.runtime $@
