"""The Penn Treebank by words within 60 minutes (bar: test perplexity 95)."""

from __future__ import annotations

from benchmarks._data import data_file
from benchmarks._records import run_and_keep
from gatewise import DynamicEvaluation, LanguageModel, NeuralCache


def main() -> None:
    """Train, measure both parts as unbroken streams, the test part also while adapting, and keep a record."""
    treebank = data_file("text", "ptb")
    test = treebank / "test.txt"
    model = LanguageModel(
        level="word",
        hidden_size=512,
        embedding_size=512,
        tie_weights=True,
        locked_dropout=True,
        dropout=0.4,
        input_dropout=0.4,
        output_dropout=0.5,
        embedding_dropout=0.1,
        window=35,
        batch_size=32,
        reset_rate=0.01,
        epochs=20,
        learning_rate=2e-3,
        clip_norm=0.5,
        time_limit=3600,
    )

    def measure(model: LanguageModel) -> dict[str, float]:
        dynamic = DynamicEvaluation(training=treebank / "train.txt")
        return {
            "valid perplexity": model.evaluate(treebank / "valid.txt")["perplexity"],
            "test perplexity": model.evaluate(test)["perplexity"],
            "test perplexity with a neural cache": model.evaluate(test, cache=NeuralCache())["perplexity"],
            "test perplexity with dynamic evaluation": model.evaluate(test, dynamic=dynamic)["perplexity"],
        }

    run_and_keep(
        "ptb_words",
        model,
        lambda model: model.fit(treebank / "train.txt", validation=treebank / "valid.txt"),
        measure,
    )


if __name__ == "__main__":
    main()
