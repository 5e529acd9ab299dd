"""gatewise: LSTM networks on ordinary processors. Train one, look inside it, ship it."""

from gatewise import nn, ops
from gatewise.errors import GatewiseError
from gatewise.tasks import LanguageModel, load
from gatewise.types import State

__version__ = "0.1.0"

__all__ = ["GatewiseError", "LanguageModel", "State", "__version__", "load", "nn", "ops"]
