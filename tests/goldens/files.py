"""The golden files: what went into each case and what PyTorch made of it. Reading them needs no PyTorch."""

from pathlib import Path

from safetensors.numpy import load_file, save_file

from tests.goldens.adaptive_softmax_cases import ADAPTIVE_SOFTMAX_CASES
from tests.goldens.attention_cases import ATTENTION_CASES
from tests.goldens.layer_cases import LAYER_CASES
from tests.goldens.layer_norm_cases import LAYER_NORM_CASES
from tests.goldens.optimizer_cases import OPTIMIZER_CASES
from tests.goldens.recurrent_cases import RECURRENT_CASES

FOLDER = Path(__file__).parent
FILES = {
    "adaptive_softmax": ADAPTIVE_SOFTMAX_CASES,
    "recurrent": RECURRENT_CASES,
    "layers": LAYER_CASES,
    "attention": ATTENTION_CASES,
    "layer_norm": LAYER_NORM_CASES,
    "optimizers": OPTIMIZER_CASES,
}


def write(file, cases):
    """`cases` maps a case's name to (what goes in, what comes out)."""
    arrays = {
        f"{name}/{side}/{key}": array
        for name, sides in cases.items()
        for side, group in zip(("in", "out"), sides, strict=True)
        for key, array in group.items()
    }
    save_file(arrays, FOLDER / f"{file}.safetensors")


def read(file):
    """The inverse of `write`."""
    cases = {}
    for path, array in load_file(FOLDER / f"{file}.safetensors").items():
        name, side, key = path.split("/")
        cases.setdefault(name, ({}, {}))[side == "out"][key] = array
    return cases
