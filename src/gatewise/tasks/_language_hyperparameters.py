"""What the hyperparameters of a language model are, and what they mean for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from gatewise.data import Window
from gatewise.nn import Network
from gatewise.optim.schedules import Schedule, staircase
from gatewise.tasks._language_checks import check_language_model
from gatewise.tasks.estimator import Estimator

if TYPE_CHECKING:
    from gatewise.optim import Optimizer

__all__ = ["LanguageHyperparameters"]

_STAIRCASE = "staircase"


class LanguageHyperparameters(Estimator):
    """Base of ``LanguageModel``; see there for the arguments."""

    _schedules: ClassVar[tuple[str, ...]] = (*Estimator._schedules, _STAIRCASE)

    level: str
    hidden_size: int | tuple[int, ...]
    num_layers: int
    embedding_size: int
    cell: str
    tie_weights: bool
    adaptive_cutoffs: tuple[int, ...] | None
    adaptive_div_value: float
    init_scale: float | None
    vocab_size: int | None
    dropout: float
    input_dropout: float | None
    output_dropout: float | None
    embedding_dropout: float
    weight_dropout: float
    locked_dropout: bool
    layer_norm: bool
    mogrifier_rounds: int
    mogrifier_rank: int | None
    zoneout_hidden: float
    zoneout_cell: float
    activation_reg: float
    temporal_reg: float
    window: int
    variable_window: bool
    reset_rate: float
    optimizer: str
    nonmonotone: int
    decay_factor: float
    decay_start: int
    validation_fraction: float

    def _check_hyperparameters(self) -> None:
        check_language_model(self)
        self._check_training()

    def _new_optimizer(self, network: Network) -> Optimizer:
        from gatewise import optim

        rate, decay = self.learning_rate, self.weight_decay
        if self.optimizer == "nt-asgd":
            return optim.NonMonotoneASGD(network, rate, nonmonotone=self.nonmonotone, weight_decay=decay)
        kind = optim.AdamW if self.optimizer == "adam" else optim.SGD
        return kind(network, rate, weight_decay=decay)

    def _learning_rates(self) -> Schedule:
        if self.schedule != _STAIRCASE:
            return super()._learning_rates()
        return staircase(self.decay_factor, self.decay_start / self.epochs, 1 / self.epochs)

    def _batch_rate(self, batch: Window) -> float:
        return len(batch.inputs) / self.window if self.variable_window else 1.0
