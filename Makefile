PYTHON ?= python3
PORT ?= 8000
FUZZ_SECONDS ?= 600
MUTANTS ?= 300
MUTANTS_OF ?=
MUTANTS_SEED ?= 1
SUITE := -m pytest -q

BIN := .venv/bin
APPS := webhooks,billing,payments_project

PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

# For every Python from 3.11 on and every platform at once, by markers, whichever this machine has.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)

# What `.env` says must not change what the checks say, so every variable is given here.
PRODUCTION_LIKE = env $$($(BIN)/python -m payments_project.dotenv --production-like)

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: .venv/run.stamp .env ## Serve the project on http://127.0.0.1:$PORT (8000)
	$(BIN)/python -m payments_project.development --port $(PORT)

.PHONY: dev
dev: .venv/dev.stamp .env ## Make the environment to develop in: .venv with the tests' packages, .env

.PHONY: stack
stack: .venv/dev.stamp .env ## Serve it from PostgreSQL, Redis and Celery workers, until Ctrl-C
	$(BIN)/python -m tests.stack --port $(PORT)

.PHONY: test
test: .venv/dev.stamp ## Test on SQLite, and beside that on PostgreSQL and Redis
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target \
		test-postgresql test-sqlite test-faults

# The longest begins first. The faults, with servers of their own, follow in the shorter's place.
.PHONY: test-postgresql test-sqlite test-faults
test-postgresql: .venv/dev.stamp
	@SUITE_DATABASE=postgresql $(BIN)/python $(SUITE) --ignore=tests/faults
test-sqlite: .venv/dev.stamp
	@SUITE_DATABASE=sqlite $(BIN)/python $(SUITE)
test-faults: .venv/dev.stamp
	@SUITE_DATABASE=postgresql $(BIN)/python $(SUITE) tests/faults

# With PostgreSQL and Redis, as in production.
.PHONY: test-system
test-system: .venv/dev.stamp ## Test behind a real nginx, in a real browser (needs Debian's packages; says which)
	@$(BIN)/python -m tests.system.programs
	@SUITE_DATABASE=postgresql $(BIN)/python $(SUITE) tests/system

.PHONY: coverage
coverage: .venv/dev.stamp ## The same, and tell which lines and branches were not run
	@rm -f .coverage .coverage.*
	@$(MAKE) --no-print-directory test SUITE="-m coverage run --branch --parallel-mode \
		--source=$(APPS) --omit=*/tests/*,*/migrations/* $(SUITE)"
	@$(BIN)/coverage combine -q && $(BIN)/coverage report --skip-covered --skip-empty

.PHONY: nightly
nightly: .venv/dev.stamp ## Draw far more lives, stories, oddities and inputs than test does, and mutants; over an hour
	SUITE_DATABASE=sqlite SUITE_ORDERS=10000 $(BIN)/python -m pytest -q tests/test_convergence.py
	for database in sqlite postgresql; do SUITE_DATABASE=$$database SUITE_EXAMPLES=1000 \
		$(BIN)/python -m pytest -q tests/test_hostile_events.py tests/test_hostile_requests.py \
		webhooks/tests/test_providers.py || exit 1; \
	done
	@# What it finds is left in .fuzz/found: `python -m tests.fuzz FILE` tries it once more.
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)
	@# Other mutants each night: it prints the seed that draws them once more.
	@$(MAKE) --no-print-directory mutants MUTANTS_SEED="$$(date +%Y%m%d)"
	@# By the time, so that each night has lives of its own: a failure names its seed.
	SUITE_DATABASE=sqlite SUITE_LIVES=100000 SUITE_SEED=$$(date +%s%N) \
		$(BIN)/python -m pytest -q tests/test_drawn_lives.py

# The tree stays as it is, whenever this is interrupted: .mutants has all that it makes.
.PHONY: mutants
mutants: .venv/dev.stamp ## Change the spine a little, $MUTANTS times (300, all), and name what no test notices
	$(BIN)/python -m tests.mutants --number $(MUTANTS) --seed $(MUTANTS_SEED) --of "$(MUTANTS_OF)"

# What the files have stays, where it can: UPGRADE=--upgrade takes the newest of what is not pinned.
.PHONY: lock
lock: .venv/dev.stamp ## Pin what the requirements*.in need, the benchmark's too, with hashes
	$(LOCK) --output-file requirements.txt requirements.in
	$(LOCK) --output-file requirements-tracing.txt requirements-tracing.in
	$(LOCK) --output-file requirements-dev.txt requirements-dev.in
	$(LOCK) --output-file benchmarks/requirements-djstripe.txt benchmarks/requirements-djstripe.in

# Asked about packages that it does not know, pip-audit is content, unless it is strict.
.PHONY: audit
audit: .venv/dev.stamp ## Ask for known vulnerabilities of the packages (asks an outside service)
	@$(BIN)/pip-audit --strict --progress-spinner off -r requirements.txt -r requirements-dev.txt \
		2> .venv/audit.log || { status=$$?; tail -n 1 .venv/audit.log >&2; \
		echo "Not every package could be vouched for: the vulnerable ones are named above." \
		"Where none is, the service could not be asked, and nothing was found out." >&2; \
		exit $$status; }

.PHONY: lint
lint: .venv/dev.stamp ## Check format, code, types, imports, migrations and deployment settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(PRODUCTION_LIKE) $(BIN)/mypy .
	$(BIN)/lint-imports
	$(PRODUCTION_LIKE) $(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION_LIKE) $(BIN)/python manage.py check --deploy --fail-level WARNING

.PHONY: bench
bench: .venv/dev.stamp ## Measure against other receivers (needs wrk); about ten minutes
	$(BIN)/python -m benchmarks

.PHONY: clean
clean: ## Remove what the other targets made, except .env and the data
	rm -rf .venv .coverage .coverage.* htmlcov .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis .fuzz .mutants staticfiles
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.env: | .venv/run.stamp
	$(BIN)/python -m payments_project.dotenv

.venv/run.stamp: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) \
		and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) -r requirements.txt
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	$(PIP_INSTALL) -r requirements-dev.txt
	@# pytest loads tests.environment before it looks for the project's root by itself.
	@pwd > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/root.pth"
	@touch $@
