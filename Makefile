.PHONY: setup check test bench docs

setup:  ## install for development
	pip install -c constraints.txt -e '.[dev]'

check:  ## format, lint, types, import contract
	ruff format --check .
	ruff check .
	mypy
	lint-imports

test:  ## everything that needs no GPU
	pytest -m "not gpu"

bench:  ## ratios against a peer or a bound, in one run
	python benchmarks/startup.py
	python benchmarks/choosing.py

docs:  ## write the generated blocks of README.md again
	python -m tests.test_readme
