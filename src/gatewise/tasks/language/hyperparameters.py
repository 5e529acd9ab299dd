"""What the hyperparameters of a language model are, and what they mean for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from gatewise.data import Window
from gatewise.nn import Network
from gatewise.optim.schedules import Schedule, staircase
from gatewise.tasks.estimator import Estimator

if TYPE_CHECKING:
    from gatewise.optim import Optimizer

__all__ = ["LanguageHyperparameters"]

_STAIRCASE = "staircase"

_BY_OPTIMIZER: dict[str, dict[str, Any]] = {
    "adam": {"learning_rate": 5e-3, "schedule": "cosine", "weight_decay": 0.01},
    "sgd": {"learning_rate": 1.0, "schedule": "constant", "weight_decay": 0.0},
    "nt-asgd": {"learning_rate": 30.0, "schedule": "constant", "weight_decay": 1.2e-6},
}
"""What a hyperparameter is where None is given; for "nt-asgd" as in Merity et al. (2018)."""


class LanguageHyperparameters(Estimator):
    """Base of ``LanguageModel``; see there for the arguments."""

    _schedules: ClassVar[tuple[str, ...]] = (*Estimator._schedules, _STAIRCASE)
    _shaping: ClassVar[tuple[str, ...]] = (
        "level",
        "hidden_size",
        "num_layers",
        "embedding_size",
        "cell",
        "tie_weights",
        "adaptive_cutoffs",
        "adaptive_div_value",
        "layer_norm",
        "mogrifier_rounds",
        "mogrifier_rank",
    )

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

    def _of_training(self, name: str) -> Any:
        value = super()._of_training(name)
        return _BY_OPTIMIZER[self.optimizer][name] if value is None else value

    def _new_optimizer(self, network: Network) -> Optimizer:
        from gatewise import optim

        if self.optimizer == "adam":
            return super()._new_optimizer(network)
        rate, decay = map(self._of_training, ("learning_rate", "weight_decay"))
        if self.optimizer == "nt-asgd":
            return optim.NonMonotoneASGD(network, rate, nonmonotone=self.nonmonotone, weight_decay=decay)
        return optim.SGD(network, rate, weight_decay=decay)

    def _learning_rates(self) -> Schedule:
        if self._of_training("schedule") != _STAIRCASE:
            return super()._learning_rates()
        return staircase(self.decay_factor, self.decay_start / self.epochs, 1 / self.epochs)

    def _batch_rate(self, batch: Window) -> float:
        return len(batch.inputs) / self.window if self.variable_window else 1.0
