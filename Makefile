# For habit. Every target is one command that also works without make.
PYTHON = .venv/bin/python

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

check: ## all linters and tests
	./tests/run

fix: ## what the linters can mend by themselves, and the generated pages
	$(PYTHON) -m ruff check --fix
	$(PYTHON) -m ruff format
	$(PYTHON) docs/generate.py

bench: ## every figure of the README, beside its peers
	@for suite in bench/*/__main__.py; do \
	    $(PYTHON) -m "bench.$$(basename "$$(dirname "$$suite")")" || exit; \
	done

release: ## wheel and source archive in dist/, the same bytes for the same commit
	$(PYTHON) requirements/release.py

image: .venv/bin/python ## a golden image of the example, in out/, signed with KEY= (root; minutes)
	$(PYTHON) -m agent image build examples/sochdb --output out/ $(if $(KEY),--key $(KEY))

.venv/bin/python:
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --require-hashes -r requirements/image.lock

lock: ## pin the newest packages that pyproject.toml allows, with their hashes
	$(PYTHON) requirements/lock.py

.PHONY: help check fix bench release image lock
