"""How close what was written is to what should have been, by sacrebleu."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from gatewise.errors import ArgumentError, MissingExtraError

__all__ = ["Comparison", "Metrics"]

_ALIASES = {
    "zh": ("zho", "chi", "cmn", "yue", "wuu", "lzh"),
    "ja": ("jpn",),
    "ko": ("kor",),
    "th": ("tha",),
    "lo": ("lao",),
    "km": ("khm",),
    "my": ("mya", "bur"),
    "bo": ("bod", "tib"),
    "dz": ("dzo",),
}
"""Languages with a way of their own to find words, and other codes of ISO 639 for them."""

_TOKENIZERS = {"zh": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}
"""Of sacrebleu; those of the other languages above, which write no spaces, are single characters."""

_LIBRARIES = {"ja-mecab": "sacrebleu[ja]", "ko-mecab": "sacrebleu[ko]"}
"""What brings the library that a tokenizer needs."""

_DEFAULT = "13a"
_CODE = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9]+)*")

_WITHOUT_SPACES = re.compile(
    "[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
"""Letters of Thai, Lao, Tibetan, Burmese, Khmer, Japanese and Chinese."""

_LONGEST_WORD = 6
"""Such letters between two spaces, in the mean, from which on these separate no words."""


class Comparison(NamedTuple):
    """What was written beside what was expected.

    Attributes:
        bleu: 0 to 100; None where it can be no measure of these texts.
        chrf: 0 to 100.
        notes: why there is no BLEU, or it is 0 for want of length.
    """

    bleu: float | None
    chrf: float
    notes: list[str]


class Metrics:
    """BLEU (Papineni et al. 2002) and chrF (Popović 2015) of a corpus.

    As sacrebleu computes them where nothing is said (Post 2018): BLEU cased, with the tokens that it has for
    the language, those of mteval-v13a where it has none of its own; chrF2. Thai, Lao, Khmer, Burmese and
    Tibetan, which it would take apart at spaces as if they had such between words, are compared by
    characters.

    Args:
        language: code of ISO 639 of what is written, as "de" or "zh"; None for one that separates words by
            spaces.

    Attributes:
        tokenizer: what sacrebleu calls the tokens of BLEU.

    Raises:
        ArgumentError: the language is no such code.
        MissingExtraError: sacrebleu is not installed, or a library that the language needs.
    """

    def __init__(self, language: str | None = None) -> None:
        self.tokenizer = _tokenizer(language)
        self._language = language
        self._sacrebleu = _sacrebleu()
        # It would warn of texts whose full stop stands apart; whether they should be is not ours to say.
        try:
            self._bleu = self._sacrebleu.BLEU(tokenize=self.tokenizer, force=True)
        except (ImportError, RuntimeError) as error:
            library = _LIBRARIES.get(self.tokenizer)
            if library is None:
                raise
            raise MissingExtraError(
                f"target_language={language!r}: BLEU needs the words of a text, which sacrebleu finds with "
                f"MeCab. Install it with: pip install '{library}', or in Python measure without it: "
                "bleu=False."
            ) from error

    def compare(self, written: Sequence[str], expected: Sequence[str]) -> Comparison:
        """Compare texts with the only reference that each has.

        There is no BLEU where a perfect translator's would be 0, for no reference has four tokens; nor of
        texts without spaces between their words where these are taken to be there.
        """
        chrf = float(self._sacrebleu.corpus_chrf(written, [expected]).score)
        if why := self._unfit(expected):
            return Comparison(
                None, chrf, [f"no BLEU: {why}; chrF, which compares characters, holds all the same"]
            )
        found = self._bleu.corpus_score(written, [expected])
        notes = []
        if not found.totals[-1]:
            notes.append(f"BLEU is 0, for nothing that is written has {len(found.totals)} tokens in a row")
        return Comparison(min(float(found.score), 100.0), chrf, notes)  # by rounding it may be above

    def _unfit(self, expected: Sequence[str]) -> str | None:
        """Why BLEU says nothing of texts; None where it does."""
        if self.tokenizer == _DEFAULT and _run_together(expected):
            found = "the targets have no spaces between their words, and so whole sentences would be compared"
            if self._language is None:
                return f"{found}; name their language, as in target_language='zh' for Chinese, 'ja' or 'th'"
            return (
                f"{found}, as target_language={self._language!r} has it; name the language that they are in"
            )
        for text in expected:
            totals = self._bleu.corpus_score([text], [[text]]).totals
            if totals[-1]:
                return None
        return f"no target has {len(totals)} tokens in a row, and so the best of models would have 0"


def _tokenizer(language: str | None) -> str:
    """Of a language, by sacrebleu's name for it.

    Raises:
        ArgumentError: it is no code of a language.
    """
    if language is None:
        return _DEFAULT
    code = _CODE.fullmatch(str(language))
    if code is None:
        raise ArgumentError(
            f"target_language={language!r}; expected a code of ISO 639, as 'de', 'zh' for Chinese, 'ja' for "
            "Japanese or 'ko' for Korean."
        )
    known = {alias: base for base, aliases in _ALIASES.items() for alias in (base, *aliases)}
    base = known.get(code[1])
    return _DEFAULT if base is None else _TOKENIZERS.get(base, "char")


def _run_together(texts: Sequence[str]) -> bool:
    """Whether most letters are of writing systems without spaces between words, and stand so."""
    letters = pieces = inside = 0
    for text in texts:
        letters += sum(map(str.isalpha, text))
        for piece in text.split():
            if found := len(_WITHOUT_SPACES.findall(piece)):
                pieces, inside = pieces + 1, inside + found
    return 2 * inside > letters and inside >= _LONGEST_WORD * pieces


def _sacrebleu() -> Any:
    try:
        import sacrebleu
    except ImportError:
        raise MissingExtraError(
            "BLEU and chrF need sacrebleu. Install it with: pip install 'gatewise[bleu]', or in Python "
            "measure without them: bleu=False."
        ) from None
    return sacrebleu
