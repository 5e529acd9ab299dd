"""Spoken digits: from recordings to the digits that were said.

    pip install "gatewise[examples]"
    python examples/spoken_digits.py FOLDER

``FOLDER/audio/fsdd.npz`` holds the Free Spoken Digit Dataset (GitHub: Jakobovski/free-spoken-digit-dataset),
3,000 recordings of six speakers at 8 kHz, laid end to end: ``audio`` (int16), ``offsets`` (where each begins
and the last ends), ``label`` and ``index``. As its authors split it, index 0 to 4 is for testing.

The front end is the usual one of speech recognition: log energies in 24 mel bands, every 10 ms.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import kaldi_native_fbank as fbank
import numpy as np
import typer

import gatewise as gw


def log_mel(recording: np.ndarray, sample_rate: int) -> np.ndarray:
    """Samples to log mel energies, (T, 24)."""
    options = fbank.FbankOptions()
    options.frame_opts.samp_freq = sample_rate
    options.frame_opts.dither = 0  # no noise: the same recording gives the same features
    options.frame_opts.snip_edges = False
    options.mel_opts.num_bins = 24
    front_end = fbank.OnlineFbank(options)
    front_end.accept_waveform(sample_rate, (recording / 32768).tolist())
    front_end.input_finished()
    return np.array([front_end.get_frame(t) for t in range(front_end.num_frames_ready)])


def main(
    folder: Annotated[Path, typer.Argument(help="Folder with audio/fsdd.npz.", envvar="GATEWISE_DATA")],
) -> None:
    """Learn digits from recordings, and say how many of the test recordings are understood."""
    with np.load(folder / "audio" / "fsdd.npz") as data:
        recordings = np.split(data["audio"], data["offsets"][1:-1])
        digits, test, rate = data["label"], data["index"] < 5, int(data["sample_rate"])
    X = [log_mel(recording, rate) for recording in recordings]
    learnt, asked = np.flatnonzero(~test), np.flatnonzero(test)
    model = gw.SequenceClassifier(epochs=30)
    model.fit([X[i] for i in learnt], digits[learnt])
    result = model.evaluate([X[i] for i in asked], digits[asked])
    print(f"{len(learnt):,} recordings to learn from, {len(asked)} to test on")
    for digit in result["classes"]:
        print(f"  {digit['label']}  understood {digit['recall']:.0%}")
    print(f"test accuracy {result['accuracy']:.4f}")


if __name__ == "__main__":
    typer.run(main)
