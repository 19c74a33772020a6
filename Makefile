# make run [PORT=8502]   the app, on this computer only
# make test              every check and test, the browser's included
# make lint              style only
# make bench             speed, printed beside the budgets
# make campaign          the property tests, with many more examples
# make clean             away with the virtual environment and what tests leave behind

SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check
# in the stamps' names, so that another Python gets a new environment
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
MADE := $(VENV)/python-$(VERSION).made
APP := $(VENV)/app-$(VERSION).installed
TESTS := $(VENV)/tests-$(VERSION).installed

.PHONY: run test lint bench campaign clean browser
.DEFAULT_GOAL := run

run: $(APP)
	@$(BIN)/python -c 'import socket; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", $(PORT)))' 2>/dev/null \
		|| { echo "Port $(PORT) is taken, perhaps by this app: see http://127.0.0.1:$(PORT). For another port: make run PORT=8502" >&2; exit 1; }
	@exec $(BIN)/python -m streamlit run streamlit_app.py --server.port $(PORT)

test: $(TESTS) lint browser
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

lint: $(TESTS)
	$(BIN)/python -m ruff check

bench: $(TESTS)
	$(BIN)/python -m tests.bench

campaign: $(TESTS)
	HYPOTHESIS_PROFILE=campaign $(BIN)/python -m pytest tests/property tests/unit/test_comparison.py -n 2 --dist worksteal

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true). Another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python $(VERSION) lacks its venv module. On Debian and Ubuntu: apt-get install python$(VERSION)-venv" >&2; exit 1; }
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(APP): requirements.txt | $(MADE)
	@echo "Installing requirements.txt"
	@$(PIP) -r requirements.txt
	@touch $@

$(TESTS): tests/requirements.txt $(APP)
	@echo "Installing tests/requirements.txt"
	@$(PIP) -r tests/requirements.txt
	@touch $@

# the names are those that tests/browser/conftest.py looks for
browser:
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
		|| if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core </dev/null; \
		else \
			echo "The browser tests need Chromium. On Debian and Ubuntu: sudo apt-get install --no-install-recommends chromium fonts-dejavu-core" >&2; exit 1; \
		fi
