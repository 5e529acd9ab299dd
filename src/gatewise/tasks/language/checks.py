"""What a language model refuses of its hyperparameters."""

from __future__ import annotations

import math

from gatewise.data import TOKENIZERS
from gatewise.errors import ArgumentError
from gatewise.nn.cells import CELLS
from gatewise.tasks.checks import check_choice, check_flag, check_number
from gatewise.tasks.language.hyperparameters import LanguageHyperparameters

__all__ = ["check_language_model"]


def check_language_model(model: LanguageHyperparameters) -> None:
    """Refuse values that cannot work, naming the hyperparameter."""
    check_choice("level", model.level, TOKENIZERS)
    check_choice("cell", model.cell, CELLS)
    check_choice("optimizer", model.optimizer, ("adam", "sgd", "nt-asgd"))
    for name in ("num_layers", "embedding_size", "window"):
        check_number(name, getattr(model, name), low=1, whole=True)
    for name in ("tie_weights", "locked_dropout", "layer_norm", "variable_window"):
        check_flag(name, getattr(model, name))
    _check_widths(model)
    _check_head(model)
    check_number("init_scale", model.init_scale, low=0, open_low=True, optional=True)
    check_number("nonmonotone", model.nonmonotone, low=0, whole=True)
    check_number("patience", model.patience, low=1, whole=True, optional=True)
    if model.optimizer == "nt-asgd" and model.patience is not None and model.patience <= model.nonmonotone:
        raise ArgumentError(
            f"patience={model.patience} with optimizer='nt-asgd' and nonmonotone={model.nonmonotone}; "
            "expected more, for else training ends before the averaging can begin."
        )
    check_number("decay_factor", model.decay_factor, low=0, high=1, open_low=True)
    check_number("decay_start", model.decay_start, low=0, whole=True)
    check_number("vocab_size", model.vocab_size, low=2, whole=True, optional=True)
    for name in ("dropout", "embedding_dropout", "weight_dropout", "zoneout_hidden", "zoneout_cell"):
        check_number(name, getattr(model, name), low=0, high=1, open_high=True)
    check_number("mogrifier_rounds", model.mogrifier_rounds, low=0, whole=True)
    check_number("mogrifier_rank", model.mogrifier_rank, low=1, whole=True, optional=True)
    if model.mogrifier_rank is not None and model.mogrifier_rounds == 0:
        raise ArgumentError(
            f"mogrifier_rank={model.mogrifier_rank} with mogrifier_rounds=0; expected at least one round (5 "
            "in Melis et al. 2020), or mogrifier_rank=None."
        )
    for name in ("zoneout_cell", "mogrifier_rounds", "mogrifier_rank"):
        if getattr(model, name) and model.cell != "lstm":
            raise ArgumentError(
                f"{name}={getattr(model, name)} with cell={model.cell!r}; expected cell='lstm' for that."
            )
    for name in ("input_dropout", "output_dropout"):
        check_number(name, getattr(model, name), low=0, high=1, open_high=True, optional=True)
    for name in ("activation_reg", "temporal_reg"):
        check_number(name, getattr(model, name), low=0)
    check_number("reset_rate", model.reset_rate, low=0, high=1)
    check_number("validation_fraction", model.validation_fraction, low=0, high=1, open_high=True)


def _check_widths(model: LanguageHyperparameters) -> None:
    sizes = model.hidden_size
    if not isinstance(sizes, tuple | list):
        check_number("hidden_size", sizes, low=1, whole=True)
        return
    if not _sizes(sizes):
        raise ArgumentError(f"hidden_size={sizes!r}; expected a whole number of at least 1, or one a layer.")
    if len(sizes) != model.num_layers:
        raise ArgumentError(
            f"hidden_size={sizes!r} with num_layers={model.num_layers}; expected one width for each layer."
        )


def _check_head(model: LanguageHyperparameters) -> None:
    sizes, cutoffs = model.hidden_size, model.adaptive_cutoffs
    top = sizes[-1] if isinstance(sizes, tuple | list) else sizes
    if model.tie_weights and model.embedding_size != top:
        raise ArgumentError(
            f"tie_weights=True with embedding_size={model.embedding_size} and hidden_size={sizes!r}; "
            "expected the same size of the embedding and the top layer, for one table serves both ends."
        )
    check_number("adaptive_div_value", model.adaptive_div_value, low=1)
    if cutoffs is None:
        return
    if not _sizes(cutoffs) or list(cutoffs) != sorted(set(cutoffs)):
        raise ArgumentError(
            f"adaptive_cutoffs={cutoffs!r}; expected rising whole numbers of at least 1, or None."
        )
    if model.tie_weights:
        raise ArgumentError(
            f"adaptive_cutoffs={cutoffs!r} with tie_weights=True; expected one of them alone, for a table of "
            "one width cannot serve clusters of several."
        )
    if len(cutoffs) * math.log(model.adaptive_div_value) > math.log(top) + 1e-9:  # powers might overflow
        raise ArgumentError(
            f"adaptive_div_value={model.adaptive_div_value} with {len(cutoffs)} adaptive_cutoffs leaves the "
            f"last cluster no width of hidden_size={sizes!r}; expected a smaller one, or fewer cutoffs."
        )
    if model.level == "char":
        raise ArgumentError(
            f"adaptive_cutoffs={cutoffs!r} with level='char'; expected None, for characters are few and not "
            "sorted by frequency."
        )


def _sizes(values: object) -> bool:
    """Whether these are plain whole numbers of at least 1, and at least one of them."""
    if not isinstance(values, tuple | list) or not values:
        return False
    return all(type(value) is int and value >= 1 for value in values)
