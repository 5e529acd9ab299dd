"""Activity recognition: what somebody is doing, from the sensors of a smart watch.

    pip install .
    python examples/activity_recognition.py FOLDER

``FOLDER/classification/ucr_uea/`` holds ``BasicMotions_TRAIN.ts`` and ``BasicMotions_TEST.ts`` of the UEA
archive (GitHub: sktime/sktime, sktime/datasets/data/BasicMotions): ten seconds of three accelerometer and
three gyroscope channels for each of 80 recordings, half of them to learn from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import gatewise as gw


def classifier(seed: int = 0) -> gw.SequenceClassifier:
    """Forty recordings are few: all are learnt from, in small and well-restrained steps."""
    return gw.SequenceClassifier(
        epochs=100,
        batch_size=8,
        dropout=0.2,
        weight_decay=0.3,
        clip_norm=0.2,
        validation_fraction=0,
        seed=seed,
    )


def main(
    folder: Annotated[
        Path, typer.Argument(help="Folder with classification/ucr_uea.", envvar="GATEWISE_DATA")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Model file.")] = Path(
        "activity.safetensors"
    ),
) -> None:
    """Learn four activities, keep the model, and measure what was kept."""
    files = folder / "classification" / "ucr_uea"
    X, y = gw.data.read_ts(files / "BasicMotions_TRAIN.ts")
    classifier().fit(X, y).save(output)

    X, y = gw.data.read_ts(files / "BasicMotions_TEST.ts")
    model = gw.load(output)
    result = model.evaluate(X, y)
    for activity in result["classes"]:
        counts = zip(model.classes_, activity["predicted_as"], strict=True)
        taken = ", ".join(f"{count} {label}" for label, count in counts if count)
        print(f"{activity['label']:<9} taken for: {taken}")
    print(f"test accuracy {result['accuracy']:.4f} on {result['sequences']} recordings")


if __name__ == "__main__":
    typer.run(main)
