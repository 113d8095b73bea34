# Every target starts from a fresh clone with nothing but Python 3.11+ and pip (set PYTHON=... if
# it has an unusual name). Set-up happens once and again only when pyproject.toml changes.
#
#   make report    build specs/q3.yaml into out/ (another one: make report SPEC=specs/custom.yaml)
#   make test      everything: lint, types, all tests, the wheel in a clean environment
#   make check     the fast part of it
#   make format    let ruff arrange the code
#   make bench     time the compiler on this machine
#   make clean     remove what the others made

SPEC ?= specs/q3.yaml
python := .venv/bin/python
set_up_needs := pyproject.toml .ci/set-up .ci/system_libraries.py

.PHONY: report test check lint format bench clean

report: .venv/ready-to-report
	@$(python) -m reportspec build $(SPEC)

test: lint
	@$(python) -m pytest

check: lint
	@$(python) -m pytest -m "not slow"

lint: .venv/ready-to-test
	@$(python) -m ruff check
	@$(python) -m ruff format --check
	@$(python) -m mypy

format: .venv/ready-to-test
	@$(python) -m ruff check --fix
	@$(python) -m ruff format

bench: .venv/ready-to-report
	@$(python) benchmarks/run.py

clean:
	rm -rf .venv out dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready-to-report: $(set_up_needs)
	@.ci/set-up report

.venv/ready-to-test: $(set_up_needs)
	@.ci/set-up test
