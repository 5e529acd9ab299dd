"""Captions from English to German, Multi30k, within 60 minutes (bar: BLEU 31 on test 2016)."""

from __future__ import annotations

from benchmarks._multi30k import record


def main() -> None:
    """Train, measure, and keep a record."""
    record("multi30k_en_de", "en", "de")


if __name__ == "__main__":
    main()
