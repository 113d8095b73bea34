# Every target starts from a fresh clone with nothing but Python 3.11+ and pip (set PYTHON=... if
# it has an unusual name). Set-up happens once and again only when pyproject.toml changes.
#
#   make report    build specs/q3.yaml into out/ (another one: make report SPEC=specs/custom.yaml)
#   make test      everything: lint, types, all tests, the wheel in a clean environment
#   make check     the part of it that costs little: of each test a few cases
#   make quick     what is tested in some seconds: the language, its mistakes, the calendar, generated SQL
#   make night     what is only repetition: in full, and from new seeds, what is drawn at random (of one kind: make
#                  night OF=tests/kind), then everything with each other Python that is here
#   make coverage  the fast tests, and which lines they do not run (all tests: make coverage OF=)
#   make snapshots keep what the golden tests find now, and show what that changed: read it before you commit it
#   make engines   the engines' tests on a database of your own (URL=postgresql://...)
#   make docs      build the documentation into a site in out/site, with a search and the reports in pictures
#   make format    let ruff arrange the code
#   make bench     time the compiler, its SQL, the renderer and other compilers on this machine; more rows:
#                  make bench ROWS="1000000 10000000", and PostgreSQL, where its URL is in
#                  REPORTSPEC_BENCH_POSTGRES; COMPILERS=folder keeps what is installed for it
#   make clean     remove what the others made

SPEC ?= specs/q3.yaml
ROWS ?= 1000000
# Another environment than the usual one: make test VENV=.venv-3.12 PYTHON=python3.12
VENV ?= .venv
export VENV
# Where images of containers say so, each process of the tests would parse hundreds of modules of hypothesis anew.
unexport PYTHONDONTWRITEBYTECODE
python := $(VENV)/bin/python
set_up_needs := pyproject.toml .ci/set-up .ci/system_libraries.py .ci/yaml-language-server/package-lock.json

QUICK := calendar schemas bad_specs/test_bad_specs.py passes dialects/test_generated.py language/test_references.py packaging/test_floors.py \
         packaging/test_hygiene.py

.PHONY: report test check quick night coverage snapshots engines lint docs format bench clean

report: $(VENV)/ready-to-report
	@$(python) -m reportspec build $(SPEC)

# Of three workers one usually waits: for a server, a kill, a limit of time.
test: lint
	@$(python) -m pytest -n3 --complete

check: lint
	@$(python) -m pytest -m "not slow" --few 2 --within 0.12

quick: $(VENV)/ready-to-test
	@$(python) -m pytest -q -m "not slow" $(addprefix tests/,$(QUICK))

night: $(VENV)/ready-to-test
	@$(python) -m pytest --complete --night $(OF)
	@$(if $(OF),,.ci/other-pythons)

coverage: OF ?= -m "not slow"
coverage: $(VENV)/ready-to-test
	@$(python) -m pytest $(OF) --cov --cov-report=term-missing:skip-covered

snapshots: $(VENV)/ready-to-test
	@$(python) -m pytest -n0 -q --approve; tested=$$?; $(python) -m tests.golden; exit $$tested

engines: $(VENV)/ready-to-test
	@$(python) -m pytest tests/engines -n0 --database "$(URL)" -k same_figures

lint: $(VENV)/ready-to-test
	@$(python) -m ruff check
	@$(python) -m ruff format --check
	@$(python) -m mypy
	@$(dir $(python))lint-imports --no-cache

docs: $(VENV)/ready-to-test
	@$(python) docs/site/build.py

format: $(VENV)/ready-to-test
	@$(python) -m ruff check --fix
	@$(python) -m ruff format

bench: $(VENV)/ready-to-test
	@$(python) benchmarks/run.py
	@$(python) benchmarks/sql.py --rows $(ROWS) --postgres-rows $(lastword $(ROWS))
	@$(python) benchmarks/checks.py
	@$(python) benchmarks/render.py
	@$(python) benchmarks/burst.py
	@$(python) benchmarks/forecast.py
	@$(python) benchmarks/pages.py
	@$(python) benchmarks/compilers.py $(if $(COMPILERS),--folder $(COMPILERS))

clean:
	rm -rf .venv .venv-* .coverage .coverage.* out dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/ready-to-report: $(set_up_needs)
	@.ci/set-up report

$(VENV)/ready-to-test: $(set_up_needs)
	@.ci/set-up test
