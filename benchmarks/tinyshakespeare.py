"""Tiny Shakespeare within 30 minutes (bar: 1.50 nats a character on the last 10 %, then 1.47)."""

from __future__ import annotations

from benchmarks._records import run_and_keep
from benchmarks._shakespeare import texts
from gatewise import LanguageModel


def main() -> None:
    """Train, measure the held-out part as one unbroken stream, and keep a record."""
    training, validation = texts()
    model = LanguageModel(
        hidden_size=512,
        embedding_size=128,
        dropout=0.5,
        input_dropout=0.1,
        window=128,
        batch_size=64,
        epochs=20,
        learning_rate=3e-3,
        time_limit=1800,
    )
    run_and_keep(
        "tinyshakespeare",
        model,
        lambda model: model.fit(training, validation=validation),
        lambda model: {"nats a character": model.evaluate(validation)["loss"]},
    )


if __name__ == "__main__":
    main()
