"""A vocabulary that grows: what was known keeps its tokens."""

from __future__ import annotations

import numpy as np
import pytest

from gatewise.data.extension import extended
from gatewise.data.tokenizers import CharTokenizer, SubwordTokenizer, WordTokenizer

OLD, NEW = "to be or not to be\n", "to go or to stay\n"


def tokens(tokenizer, text):
    return np.concatenate(list(tokenizer.encode([text])))


@pytest.mark.parametrize(
    ("kind", "expected"), [(CharTokenizer, ["a", "g", "s", "y"]), (WordTokenizer, ["go", "stay"])]
)
def test_new_symbols_come_last_and_old_ones_keep_their_tokens(kind, expected):
    old, learnt = kind.learn([OLD]), kind.learn([NEW])
    both, new = extended(old, learnt)
    assert new == expected
    np.testing.assert_array_equal(tokens(both, OLD), tokens(old, OLD))
    assert both.decode(tokens(both, NEW)) == NEW
    assert both.vocabulary_size == old.vocabulary_size + len(new)
    assert kind.from_json(both.to_json()).to_json() == both.to_json()
    assert extended(both, learnt) == (both, []), "and grows no more on the same text"


@pytest.mark.parametrize("kind", [CharTokenizer, WordTokenizer])
@pytest.mark.parametrize("room", [-2, 0, 1])
def test_there_are_no_more_than_asked_and_none_is_taken_away(kind, room):
    old = kind.learn([OLD])
    both, new = extended(old, kind.learn([NEW]), old.vocabulary_size + room)
    assert len(new) == max(0, room)
    assert both.vocabulary_size == old.vocabulary_size + len(new)


def test_subwords_stay_as_they_are():
    pytest.importorskip("tokenizers")
    old = SubwordTokenizer.learn([OLD * 20], 270)
    both, new = extended(old, SubwordTokenizer.learn([NEW * 20], 270))
    assert both is old
    assert new == []
    assert both.decode(tokens(both, NEW)) == NEW
