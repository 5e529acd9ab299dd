"""What LanguageModel reaches on Tiny Shakespeare as it comes (bar: 1.60 nats a character)."""

from __future__ import annotations

import time

from benchmarks._machine import machine
from benchmarks._shakespeare import texts
from gatewise import LanguageModel


def main() -> None:
    """Train with the defaults and measure the held-out part, one unbroken stream."""
    training, validation = texts()
    model = LanguageModel()
    start = time.perf_counter()
    model.fit(training, validation=validation)
    minutes = (time.perf_counter() - start) / 60
    result = model.evaluate(validation)
    print(machine())
    print(
        f"{model.network_.parameters.vector.size:,} parameters, {model.epochs} epochs, {minutes:.1f} minutes"
    )
    print(f"validation loss {result['loss']:.4f} nats a character, {result['bits_per_char']:.4f} bits")
    print(model.generate("ROMEO:\n", max_tokens=300, temperature=0.7))


if __name__ == "__main__":
    main()
