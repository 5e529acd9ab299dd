# The contributor's way in. Each target uses the tools of the environment that is active.
CPP := $(shell find native -name '*.h' -o -name '*.cpp')

.PHONY: install lint format types test slow browser docs bench ci

install:  ## gatewise in editable form, with all that the targets below need, benchmarks apart
	python -m pip install --editable '.[test,lint,docs]'

lint:
	ruff check
	ruff format --check
	clang-format --dry-run -Werror $(CPP)

format:
	ruff check --fix
	ruff format
	clang-format -i $(CPP)

types:
	mypy

test:  ## the doctests of the installed package, then tests/
	pytest --doctest-modules --pyargs gatewise
	pytest

slow:
	pytest -m slow

browser:  ## needs pip install '.[browser]', and Chromium or Chrome
	pytest -m browser

docs:
	mkdocs build --strict

bench:  ## everything; needs pip install '.[bench]', and GATEWISE_DATA for the last two
	python -m benchmarks all

ci:
	.ci/run
