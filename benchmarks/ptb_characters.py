"""The Penn Treebank by characters within 60 minutes (bar: 1.38 bits a character on the test part)."""

from __future__ import annotations

from pathlib import Path

from benchmarks._data import data_file
from benchmarks._records import run_and_keep
from gatewise import LanguageModel


def main() -> None:
    """Train, measure validation and test part as one unbroken stream each, and keep a record."""
    model = LanguageModel(
        hidden_size=512,
        embedding_size=64,
        layer_norm=True,
        dropout=0.05,
        input_dropout=0.0,
        window=50,
        batch_size=32,
        reset_rate=0.01,
        epochs=9,
        learning_rate=2e-3,
        time_limit=3600,
    )
    run_and_keep(
        "ptb_characters",
        model,
        lambda model: model.fit(_characters("train"), validation=_characters("valid")),
        lambda model: {
            f"{part} bits a character": model.evaluate(_characters(part))["bits_per_char"]
            for part in ("valid", "test")
        },
    )


def _characters(part: str) -> str:
    """The words' file, stripped line by line, newlines kept: as it is usually read by characters."""
    path: Path = data_file("text", "ptb", f"{part}.txt")
    return "".join(f"{line.strip()}\n" for line in path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    main()
