"""``python -m benchmarks``: list the questions; with names, measure these; with ``all``, everything."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks

NAMES = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_")


def main() -> int:
    """Run the benchmarks named on the command line."""
    names = NAMES if sys.argv[1:] == ["all"] else sys.argv[1:]
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        for name in NAMES:
            module = importlib.import_module(f"benchmarks.{name}")
            print(f"{name:<24} {(module.__doc__ or '').splitlines()[0]}")
        return 2 if unknown else 0
    for name in names:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


sys.exit(main())
