.PHONY: setup check test bench campaign docs man docs-blocks docs-images examples gpu-bundle

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

gpu-bundle:  ## gather in .gpu-bundle what a machine with a GPU and without a network lacks: docs/gpu.md
	python -m benchmarks.gpu_bundle

docs:  ## build the site into docs/_build/html; warnings are errors
	python -m sphinx -W --keep-going -q -b html docs docs/_build/html

man:  ## write the manual page, docs/_build/man/attnprof.1
	python -m sphinx -W --keep-going -q -b man docs docs/_build/man

docs-blocks:  ## write the generated blocks and tables of README.md and docs/ again
	python -m tests.test_readme
	python -m tests.test_docs
	python docs/_schemas.py

docs-images:  ## draw the images of README.md and docs/ again; needs Chromium
	python docs/_images.py

campaign:  ## 50 000 random inputs, 200 kills, cuts at every byte, misbehaving modules: docs/reliability.md
	python -m tests.faults --seed 1 --cases 50000 --kills 200 --write
	CAMPAIGN=1 python -m pytest tests/faults tests/cli/test_cuts.py tests/running/test_simulated_gpu.py

examples:  ## run the notebooks
	python -m pytest --nbmake -n 0 examples
