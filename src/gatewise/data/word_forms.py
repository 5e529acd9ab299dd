"""How files of words with tags look, so that they are known where something else is expected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["looks_like_conll", "looks_like_conllu"]

_CONLLU_WIDTH = 10
_CONLLU_ID = re.compile(r"[1-9][0-9]*([-.][1-9][0-9]*)?|0\.[1-9][0-9]*")
_SPAN = re.compile(r"O|[BIESLUM]-\S+")
_UNIVERSAL = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"
_PENN = (
    "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP TO UH VB VBD VBG VBN "
    "VBP VBZ WDT WP WP$ WRB -LRB- -RRB- HYPH NFP AFX ADD GW XX . , : `` '' $ # ( )"
)
_PARTS_OF_SPEECH = {*_UNIVERSAL.split(), *_PENN.split()}
"""Names of Universal Dependencies and of the Penn Treebank."""


def looks_like_conllu(lines: Sequence[str]) -> bool:
    """Whether lines, none of them blank, are CoNLL-U or CoNLL-U Plus."""
    if lines and re.match(r"#\s*global\.columns\s*=", lines[0]):
        return True
    words = [line.split("\t") for line in lines if not line.startswith("#")]
    return bool(words) and all(
        len(fields) == _CONLLU_WIDTH and _CONLLU_ID.fullmatch(fields[0]) for fields in words
    )


def looks_like_conll(lines: Sequence[str]) -> bool:
    """Whether lines are words with their tags in columns, and empty lines between sentences.

    The tags are spans, as B-PER and O, or parts of speech by their usual names.
    """
    if lines and lines[0].startswith("-DOCSTART-"):
        return True
    rows = [line.split() for line in lines if line.strip()]
    sentences = sum(bool(line.strip()) and not before.strip() for before, line in pairwise(["", *lines]))
    if len({len(row) for row in rows}) != 1 or len(rows) < max(2 * sentences, 4):
        return False
    for column in list(zip(*rows, strict=True))[1:]:
        tags = set(column)
        spans = all(_SPAN.fullmatch(tag) for tag in tags) and any(len(tag) > 1 for tag in tags)
        if spans or (len(tags) > 1 and tags <= _PARTS_OF_SPEECH):
            return True
    return False
