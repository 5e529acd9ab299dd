"""The examples of text to text: digits turned round and sorted, sentences cut down to their core."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_digits_are_turned_round_and_sorted(capsys):
    exact = example("sort_digits").main(longest=8, count=6000)
    assert min(exact.values()) > 0.95
    assert "</s>" in capsys.readouterr().out


def test_the_core_of_a_sentence_is_what_carries_it():
    rows = [
        "1 Saddam Saddam PROPN _ _ 3 nsubj",
        "2 never never ADV _ _ 3 advmod",
        "3 did do VERB _ _ 0 root",
        "4 anything anything PRON _ _ 3 obj",
        "5 practical practical ADJ _ _ 4 amod",
        "6 to to PART _ _ 7 mark",
        "7 help help VERB _ _ 4 acl",
        "8 . . PUNCT _ _ 3 punct",
    ]
    tree = [[*row.split(), "_", "_"] for row in rows]
    assert example("shorten_sentences").core(tree) == ["Saddam", "never", "did", "anything", "."]


@pytest.mark.slow
def test_sentences_are_shortened(data_folder, capsys):
    result = example("shorten_sentences").main(data_folder, epochs=4)
    assert result["bleu"] > 20
    assert "of their words left" in capsys.readouterr().out
