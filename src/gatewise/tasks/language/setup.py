"""What a language model's hyperparameters ask for: windows of the text, and a network for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gatewise.data import TOKENIZERS, StreamWindows, TextLike, TextSource, Tokenizer, token_digest, tokenize
from gatewise.data.extension import extended
from gatewise.errors import ArgumentError
from gatewise.random_streams import Purpose, stream
from gatewise.tasks.checks import check_size, enough_memory
from gatewise.tasks.language.network import LanguageNetwork
from gatewise.types import Array, IntArray

if TYPE_CHECKING:
    from gatewise.tasks.language.hyperparameters import LanguageHyperparameters

__all__ = ["TrainingData", "check_weights", "new_network", "training_data"]


class TrainingData(NamedTuple):
    """What is learnt from.

    Attributes:
        tokenizer: of the text's own symbols.
        windows: to learn from.
        validation_windows: to measure on; None for none.
        digest: fingerprint of both.
        tokens: all that is learnt from, (N,).
        measured: all that is measured on, (M,).
        new: symbols that the tokenizer begun with did not know.
    """

    tokenizer: Tokenizer
    windows: StreamWindows
    validation_windows: StreamWindows | None
    digest: str
    tokens: IntArray
    measured: IntArray
    new: Sequence[str]


def training_data(
    model: LanguageHyperparameters,
    text: TextLike,
    validation: TextLike | None,
    known: Tokenizer | None = None,
) -> TrainingData:
    """Read a text as ``LanguageModel.fit`` does.

    Args:
        model: whose hyperparameters say how.
        text: as ``fit`` takes it.
        validation: the same.
        known: a tokenizer whose tokens are kept; the text's other symbols come after them.

    Raises:
        ArgumentError: the optimiser needs a validation, and there is nothing to validate on.
        DataError: a text is empty, no text, or shorter than one window.
    """
    source = TextSource(text)
    tokenizer: Tokenizer = TOKENIZERS[model.level].learn(source.chunks(), model.vocab_size)
    new: Sequence[str] = ()
    if known is not None:
        tokenizer, new = extended(known, tokenizer, model.vocab_size)
    tokens = tokenize(source, tokenizer).tokens
    if validation is None:
        held_out = round(len(tokens) * model.validation_fraction)
        tokens, measured = tokens[: len(tokens) - held_out], tokens[len(tokens) - held_out :]
        measured_name = f"the validation part of {source.name}"
    else:
        measured_source = TextSource(validation)
        measured, measured_name = tokenize(measured_source, tokenizer).tokens, measured_source.name
    windows = StreamWindows(tokens, model.batch_size, model.window, source.name)
    validation_windows = None
    if validation is not None or len(measured):
        validation_windows = StreamWindows(measured, model.batch_size, model.window, measured_name)
    elif model.optimizer == "nt-asgd":
        raise ArgumentError(
            f"optimizer='nt-asgd' with validation_fraction={model.validation_fraction}; expected a part of "
            "the text, or another one, to validate on: averaging begins when that gets no better."
        )
    digest = token_digest(tokens, measured)
    return TrainingData(tokenizer, windows, validation_windows, digest, tokens, measured, new)


def new_network(model: LanguageHyperparameters, vocabulary_size: int) -> LanguageNetwork:
    """An untrained network.

    Raises:
        ArgumentError: the vocabulary has no symbols for the last cluster, or there is not enough memory.
    """
    cutoffs = model.adaptive_cutoffs
    if cutoffs is not None and cutoffs[-1] >= vocabulary_size:
        raise ArgumentError(
            f"adaptive_cutoffs={cutoffs!r}, and the text has {vocabulary_size} symbols; expected cutoffs "
            "below that number."
        )
    with enough_memory(model, "hidden_size", "num_layers", "embedding_size"):
        return LanguageNetwork(
            vocabulary_size,
            model.embedding_size,
            model.hidden_size,
            model.num_layers,
            cell=model.cell,
            dropout=model.dropout,
            input_dropout=model.dropout if model.input_dropout is None else model.input_dropout,
            output_dropout=model.dropout if model.output_dropout is None else model.output_dropout,
            embedding_dropout=model.embedding_dropout,
            weight_dropout=model.weight_dropout,
            locked_dropout=model.locked_dropout,
            zoneout_hidden=model.zoneout_hidden,
            zoneout_cell=model.zoneout_cell,
            layer_norm=model.layer_norm,
            mogrifier_rounds=model.mogrifier_rounds,
            mogrifier_rank=model.mogrifier_rank,
            activation_reg=model.activation_reg,
            temporal_reg=model.temporal_reg,
            tie_weights=model.tie_weights,
            adaptive_cutoffs=cutoffs,
            adaptive_div_value=model.adaptive_div_value,
            init_scale=model.init_scale,
            seed=stream(model.seed, Purpose.WEIGHTS),
        )


def check_weights(model: LanguageHyperparameters, vocabulary_size: int, weights: Mapping[str, Array]) -> None:
    """Refuse to make a network that a file's weights cannot fill, before its memory is taken.

    Raises:
        DataError: the file holds fewer.
    """
    embedding, hidden, rounds = model.embedding_size, model.hidden_size, model.mogrifier_rounds
    # A file may ask for any number of layers: they are not to be listed before that is refused.
    first, top = (hidden, hidden) if isinstance(hidden, int) else (hidden[0], hidden[-1])
    recurrent = model.num_layers * hidden**2 if isinstance(hidden, int) else sum(size**2 for size in hidden)
    predicted = (
        0 if model.tie_weights else min(vocabulary_size, *(model.adaptive_cutoffs or [vocabulary_size]))
    )
    check_size(
        vocabulary_size * embedding
        + first * embedding
        + recurrent
        + predicted * top
        + model.num_layers * rounds * (model.mogrifier_rank or 1),
        model.num_layers * (1 + rounds),
        weights,
        f"hidden_size={hidden}, num_layers={model.num_layers}, embedding_size={embedding}, "
        f"mogrifier_rounds={rounds}, "
        f"{vocabulary_size} symbols",
    )
