"""How close what was written is to what should have been, by sacrebleu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatewise.errors import MissingExtraError

__all__ = ["bleu_and_chrf", "check_sacrebleu"]


def check_sacrebleu() -> None:
    """Find out before the work whether there is what it is to be measured with.

    Raises:
        MissingExtraError: sacrebleu is not installed.
    """
    _sacrebleu()


def bleu_and_chrf(written: Sequence[str], expected: Sequence[str]) -> dict[str, float]:
    """BLEU (Papineni et al. 2002) and chrF (Popović 2015) of a corpus, 0 to 100.

    As sacrebleu computes them where nothing is said (Post 2018): BLEU cased, with the tokens of mteval-v13a;
    chrF2.

    Args:
        written: N texts.
        expected: N texts, the only reference of each.

    Raises:
        MissingExtraError: sacrebleu is not installed.
    """
    sacrebleu = _sacrebleu()
    hypotheses, references = list(written), [list(expected)]
    return {
        # It would warn of texts whose full stop stands apart; whether they should be is not ours to say.
        "bleu": float(sacrebleu.corpus_bleu(hypotheses, references, force=True).score),
        "chrf": float(sacrebleu.corpus_chrf(hypotheses, references).score),
    }


def _sacrebleu() -> Any:
    try:
        import sacrebleu
    except ImportError:
        raise MissingExtraError(
            "BLEU and chrF need sacrebleu. Install it with: pip install 'gatewise[bleu]', or measure without "
            "them: bleu=False."
        ) from None
    return sacrebleu
