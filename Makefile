# The two commands are `make grade` and `make test`; both set everything up in .venv first.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup grade test lint release source-notebooks clean help

help:
	@echo "make grade    build the release, make a sample class, grade it, write feedback"
	@echo "make test     set up and pass all tests"
	@echo "make release  build the students' release anew"
	@echo "make lint     ruff, mypy, import rules, release current"
	@echo "make clean    remove what grading left behind (not .venv)"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@command -v bwrap >/dev/null || echo "bubblewrap is not installed: submissions are confined at level 2 at best (autograder doctor tells more)"
	@touch $(STAMP)

grade: setup
	$(BIN)/autograder build
	$(BIN)/autograder sample
	$(BIN)/autograder grade

test: setup
	$(BIN)/python -m pytest -n auto --dist loadgroup

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/autograder build --check

release: setup
	$(BIN)/autograder build

clean:
	rm -rf .autograder submitted autograded feedback gradebook.db gradebook.db.* grades.csv
