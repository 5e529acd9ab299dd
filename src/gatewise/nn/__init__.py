"""Layers that own their parameters, with ``forward`` and ``backward`` written by hand.

There is no autograd: a network calls the backward passes of its layers in reverse order.
"""

from gatewise.nn.adaptive_softmax import AdaptiveSoftmax
from gatewise.nn.attention import Attention, AttentionCache, MemoryGradient
from gatewise.nn.attention_decoder import AttentionDecoder, DecoderStream
from gatewise.nn.attention_pooling import AttentionPooling
from gatewise.nn.chunked_loss import head_log_probabilities, head_loss, head_loss_and_gradient
from gatewise.nn.crf import CRF
from gatewise.nn.decoder_cache import DecoderCache, DecoderState
from gatewise.nn.embedding import Embedding
from gatewise.nn.files import load_parameters, parameters_from_torch, save_parameters
from gatewise.nn.layer import Layer, Network
from gatewise.nn.layer_norm import LayerNorm
from gatewise.nn.linear import Linear, TiedLinear
from gatewise.nn.lstm import LSTM
from gatewise.nn.parameters import Parameters
from gatewise.nn.recurrent import Recurrent
from gatewise.nn.rnn import RNN
from gatewise.nn.stack.cache import RecurrentCache
from gatewise.nn.stream import Stream, TokenStream

__all__ = [
    "CRF",
    "LSTM",
    "RNN",
    "AdaptiveSoftmax",
    "Attention",
    "AttentionCache",
    "AttentionDecoder",
    "AttentionPooling",
    "DecoderCache",
    "DecoderState",
    "DecoderStream",
    "Embedding",
    "Layer",
    "LayerNorm",
    "Linear",
    "MemoryGradient",
    "Network",
    "Parameters",
    "Recurrent",
    "RecurrentCache",
    "Stream",
    "TiedLinear",
    "TokenStream",
    "head_log_probabilities",
    "head_loss",
    "head_loss_and_gradient",
    "load_parameters",
    "parameters_from_torch",
    "save_parameters",
]
