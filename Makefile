# What can be done here. `make` prints this list; each target does its own set-up.

PYTHON ?= python3
BIN := .venv/bin
LANGUAGES := de fr es it pt_BR nl pl tr vi zh_Hant ar

CATALOGUES := $(wildcard marketdesk/locale/*/LC_MESSAGES/*.po marketdesk/borrowed/*/LC_MESSAGES/*.po)

.DEFAULT_GOAL := help
.PHONY: help setup run demo-shop test check fix soak bench messages languages shots dist browser servers

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: .venv/developing .venv/shop .venv/catalogues  ## make .venv with everything that developing needs

run: .venv/running .venv/catalogues  ## start a desk under ./var, with the demo marketplace when it is empty
	@$(BIN)/marketdesk serve --demo

demo-shop: .venv/shop .venv/catalogues  ## a toy shop and a desk side by side, under ./var/shop
	@$(BIN)/python examples/demo_shop.py

test: setup browser .venv/alone/ready  ## the whole test programme: SQLite, PostgreSQL, a real browser
	@$(BIN)/python -m tests.programme

check: setup  ## style, types, layers, templates, migrations, languages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	@$(BIN)/djade --check -- $(TEMPLATES)
	@$(BIN)/djlint --lint --quiet $(PAGES)
	MARKETDESK_HOME=$$(mktemp -d) DATABASE_URL= $(BIN)/marketdesk manage makemigrations --check --dry-run
	$(BIN)/pytest tests/languages/test_catalogues.py tests/languages/test_glossary.py tests/languages/test_table.py

fix: setup  ## let the tools put the style right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	-@$(BIN)/djade -- $(TEMPLATES)

# Hours. Both databases, also when something fails on the first; 5 is pytest's word for "nothing of that kind in TESTS".
soak: setup browser .venv/alone/ready  ## crashes and races at the figures of a release, into docs/results.md (TESTS=tests/races: a part)
	@export SOAK=$${SOAK:-50} RESULTS=docs/results.md; worst=0; \
	$(BIN)/pytest -m "heavy and not journey and not postgres" $(TESTS) || [ $$? = 5 ] || worst=1; \
	$(BIN)/python -m tests.on_postgres -m "heavy and postgres" $(TESTS) || [ $$? = 5 ] || worst=1; \
	exit $$worst

bench: setup browser .venv/alone/ready  ## the measured table, on PostgreSQL and SQLite, beside what plain Python could do
	@$(BIN)/python -m bench.table $(BENCH)

dist: setup  ## what is given out, under ./dist: wheel, source archive, constraints, bill of materials
	@rm -rf dist
	@$(BIN)/python build_dist.py dist

messages: setup  ## collect the sentences to translate, and compile what is translated
	cd marketdesk && ../$(BIN)/django-admin makemessages --no-wrap --no-obsolete --add-location=file \
	  $(addprefix -l ,$(LANGUAGES))
	$(BIN)/python compile_catalogues.py --tidy

languages: setup  ## count what there is in each language, into docs/languages.md
	@$(BIN)/python -m tests.languages

shots: setup browser  ## take the guide's pictures anew, from the demo (SHOTS="--only queue --languages tr": some)
	@$(BIN)/python -m tests.guide.shots $(SHOTS)

# What the targets need

TEMPLATES = $(shell find marketdesk -path '*/templates/*' \( -name '*.html' -o -name '*.txt' \))
PAGES = $(filter %.html,$(TEMPLATES))

# A stamp each: nothing is installed again until what it depends on changes.
.venv/running: requirements/build.txt requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what running needs …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The languages' catalogues, compiled beside their sources.
.venv/catalogues: .venv/running $(CATALOGUES)
	@$(BIN)/python compile_catalogues.py
	@touch $@

.venv/developing: .venv/running requirements/dev.txt
	@echo "Installing what developing needs …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# What is measured has what running needs and no more: what developing needs is imported where it is there, and takes room.
.venv/alone/ready: .venv/running
	@$(PYTHON) -m venv --clear .venv/alone
	@.venv/alone/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@touch $@

# The toy shop's own packages: none of them is the desk's.
.venv/shop: .venv/running examples/shop/requirements.txt
	@echo "Installing what the toy shop needs …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r examples/shop/requirements.txt
	@touch $@

# The journeys drive the system's Chromium; the fonts are for scripts that a bare machine cannot draw. docs/integrating.md
# is typed into a terminal, with curl and openssl; the examples of /api/docs run in curl, Python and PHP. wrk measures.
browser: servers
	@if command -v chromium >/dev/null && command -v msgfmt >/dev/null && command -v curl >/dev/null \
	  && command -v openssl >/dev/null && command -v wrk >/dev/null && php -m 2>/dev/null | grep -qx curl; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing a browser for the journeys …"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	    chromium fonts-noto-core fonts-noto-cjk gettext curl openssl php-cli php-curl wrk >/dev/null; \
	else \
	  echo "The tests need chromium, fonts-noto-core, fonts-noto-cjk, gettext, curl, openssl, php-cli, php-curl and wrk:"; \
	  echo "install them with your system's packages."; \
	  exit 1; \
	fi

# What stands around a desk in production is started by the tests themselves: nothing of it as a service of this machine.
# libfuse makes the disk that can lose its power, faketime the clock that is wrong.
servers:
	@if { command -v nginx || test -x /usr/sbin/nginx; } >/dev/null && test -x "$$(pg_config --bindir 2>/dev/null)/postgres" \
	  && command -v faketime >/dev/null && $(PYTHON) -c 'import sys; from ctypes.util import find_library as f; sys.exit(not (f("fuse") or f("fuse3")))'; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing nginx, PostgreSQL, libfuse and faketime for the tests …"; \
	  test -e /usr/sbin/policy-rc.d || { printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; ours=yes; }; \
	  chmod +x /usr/sbin/policy-rc.d; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get update -qq && apt-get install -qq -y --no-install-recommends postgresql-common >/dev/null && \
	  sed -i 's/^#* *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
	  apt-get install -qq -y --no-install-recommends nginx postgresql libpq-dev fuse3 faketime >/dev/null; done=$$?; \
	  [ -z "$$ours" ] || rm /usr/sbin/policy-rc.d; \
	  exit $$done; \
	else \
	  echo "The tests need nginx, PostgreSQL's server, pg_config, libfuse and faketime:"; \
	  echo "install them with your system's packages."; \
	  exit 1; \
	fi
