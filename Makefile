# The contributor's way in. Each target uses the tools of the environment that is active.
CPP := $(shell find native -name '*.h' -o -name '*.cpp')

.PHONY: install lint format types test doctest slow browser docs bench
.PHONY: readme pure sanitized parity wheel findings ci night

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

test: doctest  ## the doctests of the installed package, then tests/
	pytest

doctest:
	pytest --doctest-modules --pyargs gatewise

slow:
	pytest -m slow

browser:  ## needs pip install '.[browser]', and Chromium or Chrome
	pytest -m browser

docs:
	python -m docs.check

bench:  ## everything; needs pip install '.[bench]', and GATEWISE_DATA for the last two
	python -m benchmarks all

# The others make environments of their own.

readme pure sanitized parity:  ## README's two commands; no compiler; sanitizers; PyTorch beside us
	.ci/$@

wheel:  ## an sdist and wheels in dist/, each tried where there is no compiler
	.ci/wheel

findings:  ## each installs what it is about from a package index; a few minutes in all
	findings/run

ci:  ## what must hold before a change goes in
	.ci/run

night:  ## what takes longer
	.ci/night
