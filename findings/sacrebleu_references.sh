#!/usr/bin/env bash
# A corpus with a bad translation scores 100, since only its first sentence was looked at.
#
# sacrebleu 2.6.0: corpus_bleu wants references as streams, each with one reference for every sentence. Given as a list
# for each sentence, as NLTK (3.10.4) wants them, it scores as many sentences as the shortest list has references,
# mostly one, against the references of all the others too, and says nothing of the rest.
# Expected: an error, for no stream has as many lines as there are translations.
# Lost: the score, which is plausible and may be of one sentence in a thousand; hyp_len in the output would tell.
# Seen:
#   references by sentence  BLEU = 100.00 100.0/100.0/100.0/100.0 (BP = 1.000 ratio = 1.000 hyp_len = 6 ref_len = 6)
#   references as a stream  BLEU = 33.33 33.3/33.3/33.3/33.3 (BP = 1.000 ratio = 1.000 hyp_len = 18 ref_len = 18)
#   chrF, by sentence 100.0, as a stream 37.7; NLTK's BLEU, by sentence 33.3

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages sacrebleu==2.6.0 nltk==3.10.4

python - <<'PYTHON'
import logging.handlers
import warnings

from finding import still
from nltk.translate.bleu_score import corpus_bleu as nltk_bleu
from sacrebleu import corpus_bleu, corpus_chrf

warnings.simplefilter("error")
said = logging.handlers.BufferingHandler(100)
logging.getLogger("sacrebleu").addHandler(said)
translations = ["the cat sat on the mat", "blue seven of whom spoon it", "an old spoon is seven blue"]
references = ["the cat sat on the mat", "dogs run in the big park", "she reads a very long book"]
by_sentence = [[reference] for reference in references]

wrong, right = corpus_bleu(translations, by_sentence), corpus_bleu(translations, [references])
chrf = corpus_chrf(translations, by_sentence).score, corpus_chrf(translations, [references]).score
nltk = 100 * nltk_bleu([[r.split() for r in each] for each in by_sentence], [t.split() for t in translations])
print(f"references by sentence  {wrong}")
print(f"references as a stream  {right}")
print(f"chrF, by sentence {chrf[0]:.1f}, as a stream {chrf[1]:.1f}; NLTK's BLEU, by sentence {nltk:.1f}")

still(wrong.score > 99.99 and wrong.sys_len == 6, "one sentence of three is scored, and the score is 100")
still(chrf[0] > 99.99, "so with chrF")
still(not said.buffer, "not a word of warning")
still(right.score < 40 and nltk < 40 and chrf[1] < 60, "all three sentences together score less")
PYTHON
