"""How much does ``pip install .`` bring, without pip (bar: 120 MB)?"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._machine import machine

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Install into a fresh virtual environment, and print what lies in it then."""
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = Path(folder, "bin", "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
        print(
            subprocess.run(
                [python, ROOT / ".ci" / "size"], check=True, stdout=subprocess.PIPE, text=True
            ).stdout
        )


if __name__ == "__main__":
    main()
