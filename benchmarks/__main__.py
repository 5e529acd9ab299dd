"""``python -m benchmarks``: list the questions; with names, measure these; with ``all``, everything.

With ``--keep`` what each prints is kept as ``records/NAME.txt``, with date, commit and processor; the figures
of README and docs are those of such records.
"""

from __future__ import annotations

import ast
import importlib
import sys
from contextlib import nullcontext
from pathlib import Path

from benchmarks._records import kept

ORDER = (
    "lstm_training",
    "lstm_inference",
    "lstm_streaming",
    "lstm_ragged",
    "language_training",
    "language_options",
    "generation",
    "memory",
    "looking_inside",
    "held",
    "report_size",
    "import_time",
    "install_size",
    "japanese_vowels",
    "basic_motions",
    "examples",
    # These learn for many minutes, and need data.
    "language_parity",
    "language_default",
    "tinyshakespeare",
    "ptb_zaremba_small",
    "ptb_words",
    "ptb_characters",
    "multi30k_en_de",
    "multi30k_de_en",
    "digit_sequences",
    "tagging",
    "forecast_lengths",
    "forecast_gaps",
    "intervals",
    "intervals_series",
    "m4_hourly",
    "etth1",
    "anomalies",
)
PATHS = {path.stem: path for path in Path(__file__).parent.glob("[!_]*.py")}
NAMES = sorted(PATHS, key=ORDER.index)


def main() -> int:
    """Run the benchmarks named on the command line."""
    asked = [name for name in sys.argv[1:] if name != "--keep"]
    names = NAMES if asked == ["all"] else asked
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        for name in NAMES:
            print(f"{name:<20} {question(PATHS[name])}")
        return 2 if unknown else 0
    for name in names:
        print(f"== {name}: {question(PATHS[name])}\n", flush=True)
        with kept(name) if "--keep" in sys.argv else nullcontext():
            importlib.import_module(f"benchmarks.{name}").main()
    return 0


def question(path: Path) -> str:
    """First line of a benchmark's docstring, read without importing the peers that it needs."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


sys.exit(main())
