# Every target starts from a fresh clone with nothing but Python 3.11+ and pip (set PYTHON=... if
# it has an unusual name). Set-up happens once and again only when pyproject.toml changes.
#
#   make report    build specs/q3.yaml into out/ (another one: make report SPEC=specs/custom.yaml)
#   make test      everything: lint, types, all tests, the wheel in a clean environment
#   make check     the fast part of it
#   make night     in full, and from new seeds, what is drawn at random (of one kind: make night OF=tests/kind)
#   make engines   the engines' tests on a database of your own (URL=postgresql://...)
#   make format    let ruff arrange the code
#   make bench     time the compiler, its SQL, the renderer and other compilers on this machine; more rows:
#                  make bench ROWS="1000000 10000000", and PostgreSQL, where its URL is in
#                  REPORTSPEC_BENCH_POSTGRES; COMPILERS=folder keeps what is installed for it
#   make clean     remove what the others made

SPEC ?= specs/q3.yaml
ROWS ?= 1000000
python := .venv/bin/python
set_up_needs := pyproject.toml .ci/set-up .ci/system_libraries.py

.PHONY: report test check night engines lint format bench clean

report: .venv/ready-to-report
	@$(python) -m reportspec build $(SPEC)

test: lint
	@$(python) -m pytest

check: lint
	@$(python) -m pytest -m "not slow"

night: .venv/ready-to-test
	@$(python) -m pytest --night $(OF)

engines: .venv/ready-to-test
	@$(python) -m pytest tests/engines -n0 --database "$(URL)" -k same_figures

lint: .venv/ready-to-test
	@$(python) -m ruff check
	@$(python) -m ruff format --check
	@$(python) -m mypy

format: .venv/ready-to-test
	@$(python) -m ruff check --fix
	@$(python) -m ruff format

bench: .venv/ready-to-test
	@$(python) benchmarks/run.py
	@$(python) benchmarks/sql.py --rows $(ROWS) --postgres-rows $(lastword $(ROWS))
	@$(python) benchmarks/checks.py
	@$(python) benchmarks/render.py
	@$(python) benchmarks/burst.py
	@$(python) benchmarks/compilers.py $(if $(COMPILERS),--folder $(COMPILERS))

clean:
	rm -rf .venv out dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready-to-report: $(set_up_needs)
	@.ci/set-up report

.venv/ready-to-test: $(set_up_needs)
	@.ci/set-up test
