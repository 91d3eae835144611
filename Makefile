# The two main commands are `make grade` and `make test`. Both set up .venv first.
PYTHON ?= python3
BIN := .venv/bin

# Part 5 needs a framework. The default on Linux is TensorFlow: PyTorch downloads 2.8 GB there, with NVIDIA's libraries.
FRAMEWORK ?= $(if $(filter Linux,$(shell uname -s)),tensorflow,pytorch)
FRAMEWORKS := $(if $(filter none,$(FRAMEWORK)),,$(if $(filter both,$(FRAMEWORK)),pytorch tensorflow,$(FRAMEWORK)))
ifneq ($(filter-out pytorch tensorflow,$(FRAMEWORKS)),)
$(error FRAMEWORK is pytorch, tensorflow, both or none, not $(FRAMEWORK))
endif
DOWNLOAD_pytorch := $(if $(filter Linux,$(shell uname -s)),2.8 GB,0.12 GB)
DOWNLOAD_tensorflow := $(if $(filter Linux,$(shell uname -s)),0.34 GB,0.4 GB)
STAMP := .venv/.installed
STAMPS := $(STAMP) $(FRAMEWORKS:%=.venv/.installed-%)

.PHONY: setup grade quick test long lint release docs clean help

help:
	@echo "make grade    build the release, make a sample class, grade it, write feedback"
	@echo "make quick    a look at everything in a minute and a half"
	@echo "make test     set up and pass the tests that every change must pass"
	@echo "make long     the tests that take longer: every attack at every level, mutants, kills, browsers"
	@echo "make release  build the students' releases"
	@echo "make docs     build the pages of docs/ into build/docs"
	@echo "make lint     ruff, mypy, import rules, plain words, releases current"
	@echo "make clean    remove what can be made again; hand-ins and grades stay (autograder forget deletes those)"
	@echo "FRAMEWORK=pytorch|tensorflow|both|none says what is installed for part 5; here the default is $(FRAMEWORK)"

setup: $(STAMPS)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@echo "Setting up .venv: pip downloads about 0.16 GB of packages."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@command -v bwrap >/dev/null || echo "bubblewrap is not installed: submissions are confined at level 2 at best (autograder doctor tells more)"
	@touch $@

# If the framework does not install, the set-up continues without it. Part 5 stays open, and its verdicts say so.
.venv/.installed-%: $(STAMP)
	@echo "Installing $* for part 5: pip downloads about $(DOWNLOAD_$*). FRAMEWORK=none leaves it out, and part 5 open."
	@if $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$*]'; \
	then touch $@; else echo "$* could not be installed; part 5 stays open. Another FRAMEWORK may fit this Python."; fi

grade: setup
	$(BIN)/autograder build
	$(BIN)/autograder sample
	$(BIN)/autograder grade

quick: setup
	$(BIN)/python -m pytest -n auto --dist loadgroup $(PYTEST_OPTIONS) -m "quick and not long"

test: setup
	$(BIN)/python -m pytest -n auto --dist loadgroup $(PYTEST_OPTIONS) -m "not long"

long: setup
	$(BIN)/python -m pytest -n auto --dist loadgroup $(PYTEST_OPTIONS) -m long

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.words
	$(BIN)/autograder build --check
	cd examples/pulse && ../../$(BIN)/autograder build --check

docs: setup
	$(BIN)/python docs/reference.py
	$(BIN)/python -m sphinx --fail-on-warning --nitpicky --quiet docs build/docs

release: setup
	$(BIN)/autograder build
	cd examples/pulse && ../../$(BIN)/autograder build

clean:
	rm -rf .autograder/submissions .autograder/verdicts .autograder/executed .autograder/models .autograder/extensions .autograder/pictures
	rm -rf autograded feedback build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find autograder datasets source tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
