#!/usr/bin/env bash
# Byte-level BPE, which can write down any text, drops characters.
#
# tokenizers 0.23.3: a tokenizer of models.BPE, pre_tokenizers.ByteLevel and BpeTrainer knows the bytes that its
# training text happened to have. Any other is left out of what it encodes, and nothing stands in its place.
# Expected: all 256 bytes in the vocabulary, as in the package's own ByteLevelBPETokenizer, so that decode(encode(text))
# is the text; or at least an error. BpeTrainer(initial_alphabet=ByteLevel.alphabet()) gives it.
# Lost: digits, capitals and letters with accents that come first after training; and a language model looks better than
# it is, for what it never sees costs it nothing.
# Seen:
#   text                   'the room 217 is free from 9 to 11'
#   BPE + ByteLevel        'the room  is free from  to '
#   with initial_alphabet  'the room 217 is free from 9 to 11'
#   ByteLevelBPETokenizer  'the room 217 is free from 9 to 11'

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages tokenizers==0.23.3

python - <<'PYTHON'
import warnings

from finding import still
from tokenizers import ByteLevelBPETokenizer, Tokenizer, decoders, models, pre_tokenizers, trainers

warnings.simplefilter("error")
learnt = ["the room is free from two to three", "the room is taken from one to two"]
text = "the room 217 is free from 9 to 11"


def by_hand(**options):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(learnt, trainers.BpeTrainer(vocab_size=300, show_progress=False, **options))
    return tokenizer


ready = ByteLevelBPETokenizer()
ready.train_from_iterator(learnt, vocab_size=300, show_progress=False)
read_back = {
    "BPE + ByteLevel": by_hand(),
    "with initial_alphabet": by_hand(initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
    "ByteLevelBPETokenizer": ready,
}
read_back = {name: tokenizer.decode(tokenizer.encode(text).ids) for name, tokenizer in read_back.items()}
print(f"{'text':22} {text!r}")
for name, back in read_back.items():
    print(f"{name:22} {back!r}")

dropped, *whole = read_back.values()
still(dropped == "".join(c for c in text if not c.isdigit()), "the digits, which the training text had not, are gone")
still(whole == [text, text], "with all 256 bytes from the start, or by the package's own class, they stay")
PYTHON
