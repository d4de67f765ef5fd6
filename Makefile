# Everything people and CI do, a target each. `make help` lists them.
#
# Needed: make, Python 3.11 or newer (`make PYTHON=python3.13 ...` picks one), a Rust toolchain. All else goes into .venv.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build demo info test test-rust test-orders test-python exhaustive check format lint lint-rust lint-python deny docs modules experiments bench bench-rust bench-peers wheel clean

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$python && break; done)

VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
RUST_SOURCES := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock pyproject.toml

# Whatever environment is active: the tools work on ours.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PYO3_PYTHON := $(CURDIR)/$(VENV_PYTHON)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport CONDA_PREFIX PYTHONHOME PYTHONPATH

# Requirements of extras, read from where they are declared.
REQUIREMENTS = import sys, tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	extras = project["optional-dependencies"]; \
	print(*project["dependencies"], *(line for name in sys.argv[1:] for line in extras[name]), sep="\n")

help: ## list all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.ready: pyproject.toml
	@command -v cargo >/dev/null || { echo "make: expected a Rust toolchain (cargo), found none; see https://rustup.rs"; exit 1; }
	@test -n "$(PYTHON)" || { echo "make: expected Python 3.11 or newer, found none; name one with PYTHON=..."; exit 1; }
	@test -x $(VENV_PYTHON) || $(PYTHON) -m venv $(VENV)
	@$(VENV_PYTHON) -c '$(REQUIREMENTS)' progress plot > $(VENV)/requirements.txt
	$(VENV_PYTHON) -m pip install --quiet -r $(VENV)/requirements.txt "maturin>=1.9.4,<2"
	@touch $@

$(VENV)/.tools: $(VENV)/.ready
	@$(VENV_PYTHON) -c '$(REQUIREMENTS)' dev > $(VENV)/requirements.txt
	$(VENV_PYTHON) -m pip install --quiet -r $(VENV)/requirements.txt
	@touch $@

$(VENV)/.built: $(VENV)/.ready $(RUST_SOURCES)
	$(VENV_PYTHON) -m maturin develop --release --locked --quiet
	@touch $@

setup: $(VENV)/.tools ## create .venv with all tools

build: $(VENV)/.built ## build the extension in release mode into .venv

demo: build ## train a small network on real data and show the result
	$(VENV_PYTHON) -m tilegrad demo

info: build ## print version, instruction set, threads, caches
	$(VENV_PYTHON) -m tilegrad info

test: test-rust test-orders test-python ## run all tests

test-rust: $(VENV)/.ready
	cargo test --quiet --locked

test-orders: $(VENV)/.ready ## test the worker pool under every order of its atomics (loom)
	RUSTFLAGS="--cfg loom" cargo test --quiet --locked --package tilegrad-kernels --lib --target-dir target/loom threads::model

test-python: build $(VENV)/.tools
	$(VENV_PYTHON) -m pytest --quiet

exhaustive: ## check the stated errors of all functions over all 2^32 singles (about six minutes on two cores)
	cargo test --release --locked --package tilegrad-kernels --test exhaustive -- --ignored --nocapture

check: lint deny docs test ## run what CI runs: lints with warnings as errors, the site, then all tests

lint: lint-rust lint-python ## check formatting, lints, types, stubs, documentation

lint-rust: $(VENV)/.ready
	cargo fmt --all --check
	cargo clippy --quiet --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --locked --no-deps

lint-python: build $(VENV)/.tools
	$(VENV_PYTHON) -m ruff check
	$(VENV_PYTHON) -m ruff format --check
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -m basedpyright
	$(VENV_PYTHON) -m mypy.stubtest tilegrad._core
	$(VENV_PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-cache --no-logo

deny: ## check licences, advisories and sources of the dependencies
	@if command -v cargo-deny >/dev/null; then cargo deny --locked check; \
	else echo "deny: cargo-deny is not installed (cargo install --locked cargo-deny); its own CI job runs it"; fi

docs: build $(VENV)/.tools ## build the site into build/site; warnings are errors
	$(VENV_PYTHON) docs/coverage.py --check
	$(VENV_PYTHON) docs/rooms.py --check
	NO_MKDOCS_2_WARNING=1 $(VENV_PYTHON) -m mkdocs build --quiet

experiments: build $(VENV)/.tools ## run the experiments again and write docs/experiments.md
	$(VENV_PYTHON) examples/experiments/write_page.py

modules: build $(VENV)/.tools ## write the Python modules and the table of errors that say what the registry knows
	$(VENV_PYTHON) scripts/write_modules.py
	$(VENV_PYTHON) docs/tables.py

format: modules ## format all files
	cargo fmt --all
	$(VENV_PYTHON) -m ruff check --fix --quiet
	$(VENV_PYTHON) -m ruff format --quiet

bench: bench-rust bench-peers ## time kernels and whole steps, then compare with other libraries

bench-rust: $(VENV)/.ready
	cargo bench --locked

bench-peers: build $(VENV)/.tools ## compare with other libraries (OPTIONS="--quick --python torch=/path/to/python")
	$(VENV_PYTHON) -m benches.peers $(OPTIONS)

wheel: $(VENV)/.ready ## build the wheel and the source package into dist/
	$(VENV_PYTHON) -m maturin build --release --locked --sdist --out dist
	@ls -l dist

clean: ## remove all build products
	rm -rf $(VENV) target dist build demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find python scripts tests benches examples -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	rm -f python/tilegrad/_core*.so
