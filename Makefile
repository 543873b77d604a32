# Everything a developer or an operator types. `make help` lists it.
# PYTHON names the interpreter that .venv is made from: make setup PYTHON=python3.13

PYTHON ?= python3
BIN := .venv/bin
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup setup-runtime setup-tests demo compiled test check check-compiled bench chaos lock clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{printf "make %-14s %s\n", $$1, $$2}'

setup:  ## install everything a developer needs into .venv, and start nothing
	@deploy/setup_python.sh all

setup-runtime:  ## install only what running it needs
	@deploy/setup_python.sh runtime

setup-tests: setup  ## fetch what the tests run against: Apache Kafka's jars (Maven) and Prometheus (Debian)
	@deploy/setup_kafka.sh
	@deploy/setup_prometheus.sh

demo: setup-runtime  ## a broker, a worker and an example process on this machine; Ctrl-C ends them all
	@$(BIN)/casewatch demo

compiled: setup  ## the core as C extensions in build/compiled, for PYTHONPATH=build/compiled; JOBS=n compilers at once
	@$(BIN)/python deploy/compile_core.py

check-compiled: compiled  ## whether the compiled core says the same as the plain one, byte for byte
	$(BIN)/python -m tests.compiled

check: setup  ## lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir build/import-linter
	@$(BIN)/python -m tests.chaos.changed

test: setup-tests check  ## everything: the checks, then all tests, the ones against a real Kafka included
	$(BIN)/pytest -n auto --dist loadscope

bench: setup-tests  ## throughput and latency, as tables; of the compiled core too where there is a C compiler
	-@$(BIN)/python deploy/compile_core.py
	$(BIN)/python -m tests.bench

chaos: setup-tests  ## all campaigns in full, for docs/campaigns.md; some: CHAOS="workers --rounds 20 --seed 1"
	$(BIN)/python -m tests.chaos $(CHAOS)

# Hashes are the public index's for every wheel of a version, so that one lock serves Python 3.11 to 3.13. A folder of
# wheels that this machine may prefer is left out of it. Upgrade with: make lock LOCK_ARGS=--upgrade
LOCK := env -u PIP_FIND_LINKS CUSTOM_COMPILE_COMMAND="make lock" ../$(BIN)/pip-compile --quiet --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe $(LOCK_ARGS)
lock: setup  ## resolve requirements/*.in anew into the locked *.txt
	cd requirements && $(LOCK) build.in -o build.txt
	cd requirements && $(LOCK) runtime.in -o runtime.txt
	cd requirements && $(LOCK) embedded.in -o embedded.txt
	cd requirements && $(LOCK) test.in -o test.txt
	cd requirements && $(LOCK) compile.in -o compile.txt

clean:  ## remove the environment and everything that was built or fetched
	rm -rf .venv build *.egg-info
