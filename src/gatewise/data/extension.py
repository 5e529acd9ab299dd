"""A vocabulary that grows: what a model knows keeps its tokens, and new symbols come after."""

from __future__ import annotations

from gatewise.data.tokenizers import CharTokenizer, Tokenizer, WordTokenizer

__all__ = ["extended"]


def extended(
    known: Tokenizer, learnt: Tokenizer, vocab_size: int | None = None
) -> tuple[Tokenizer, list[str]]:
    """The symbols of one tokenizer, and those that another one knows besides.

    Subwords stay as they are: their merges belong together, and they can write any text.

    Args:
        known: whose symbols keep their tokens.
        learnt: of the same level, from new data.
        vocab_size: most tokens there are to be in all, what ``known`` has aside; None for no limit.

    Returns:
        The tokenizer, and the symbols that are new, in the order of their tokens.
    """
    if isinstance(known, CharTokenizer) and isinstance(learnt, CharTokenizer):
        new = _new(known.characters, learnt.characters, known.vocabulary_size, vocab_size)
        return (CharTokenizer(known.characters + "".join(new)) if new else known), new
    if isinstance(known, WordTokenizer) and isinstance(learnt, WordTokenizer):
        new = _new(known.words, learnt.words, known.vocabulary_size, vocab_size)
        return (WordTokenizer([*known.words, *new]) if new else known), new
    return known, []


def _new(known: str | list[str], learnt: str | list[str], size: int, most: int | None) -> list[str]:
    """Symbols beside those known, as many as there is room for."""
    before = set(known)
    new = [symbol for symbol in learnt if symbol not in before]
    return new if most is None else new[: max(0, most - size)]
