"""The network of a forecaster: an LSTM that reads patches of the past and goes on through the future."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gatewise.data.windows import ForecastBatch, WindowShape
from gatewise.nn import Linear, Network, Recurrent
from gatewise.nn.cells import CELLS
from gatewise.ops.dropout import dropout, dropout_backward
from gatewise.random_streams import generator
from gatewise.tasks.forecasting.heads import Head
from gatewise.types import Array, Seed

__all__ = ["ForecastNetwork"]


class ForecastNetwork(Network):
    """Windows in, a forecast for each step of the horizon out.

    Each step of the recurrent layers is a patch of P consecutive values (Lin et al. 2023, SegRNN): first
    those of the context, then those of the horizon, where the values are unknown and covariates and calendar
    are not. A linear layer turns what the layers say of a future patch into forecasts of its P steps. Beside
    them a linear map of the context, the same for all outputs of a step, is added, as LSTNet has it
    (Lai et al. 2018): what is linear in the past need not pass through the gates.

    Args:
        shape: of the windows.
        features: F, width of a patch's features.
        head: what the outputs mean.
        hidden_size: H.
        num_layers: L.
        cell: "lstm" or "rnn".
        dropout: rate between layers and before the output.
        linear_skip: whether there is the linear map.
        seed: where the draws come from.
        dtype: float32 or float64.
    """

    def __init__(
        self,
        shape: WindowShape,
        features: int,
        head: Head,
        hidden_size: int,
        num_layers: int,
        *,
        cell: str = "lstm",
        dropout: float = 0.0,
        linear_skip: bool = True,
        seed: Seed = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        rng = generator(seed)
        self.shape, self.reading, self.dropout = shape, head, dropout
        self.recurrent: Recurrent = CELLS[cell](
            features, hidden_size, num_layers, dropout=dropout, seed=rng, dtype=dtype
        )
        # Both outputs begin near zero, that is near the forecast that all stays as it was.
        self.output = Linear(
            hidden_size, shape.patch * head.width, init_scale=0.1 * hidden_size**-0.5, seed=rng, dtype=dtype
        )
        self.skip = (
            Linear(shape.context, shape.horizon, init_scale=1e-3, seed=rng, dtype=dtype)
            if linear_skip
            else None
        )
        layers = {cell: self.recurrent, "output": self.output}
        super().__init__(layers if self.skip is None else {**layers, "skip": self.skip})

    def __call__(self, batch: ForecastBatch) -> Array:
        """Forecasts (B, S, width of the head) in scaled units."""
        y, _ = self.recurrent(batch.features)
        outputs = self._unpatched(self.output(self._future(y)))
        if self.skip is not None:
            outputs[..., self.reading.locations] += self.skip(batch.context)[..., None]
        return outputs

    def loss(self, batch: ForecastBatch) -> tuple[float, float]:
        """Mean loss of a batch, and the number of targets it is the mean of."""
        loss, _ = self.reading.loss(self(batch), batch.target, batch.observed)
        return loss, float(batch.observed.sum())

    def loss_and_gradients(self, batch: ForecastBatch, rng: np.random.Generator) -> float:
        """The same in training, with dropout; adds to the gradients."""
        y, _, recurrent_cache = self.recurrent.forward(batch.features, rng=rng)
        future, mask = dropout(self._future(y), self.dropout, rng)
        patched, output_cache = self.output.forward(future)
        outputs = self._unpatched(patched)
        skip_cache = None
        if self.skip is not None:
            linear, skip_cache = self.skip.forward(batch.context)
            outputs[..., self.reading.locations] += linear[..., None]
        loss, doutputs = self.reading.loss(outputs, batch.target, batch.observed)

        if self.skip is not None and skip_cache is not None:
            self.skip.backward(doutputs[..., self.reading.locations].sum(axis=-1), skip_cache)
        dy = np.zeros_like(y)
        dfuture = self.output.backward(self._patched(doutputs), output_cache)
        dy[len(y) - len(dfuture) :] = dropout_backward(dfuture, mask)
        self.recurrent.backward(dy, recurrent_cache)
        return loss

    def _future(self, y: Array) -> Array:
        """The last steps, which are the horizon's."""
        return y[self.shape.context // self.shape.patch :]

    def _unpatched(self, patched: Array) -> Array:
        """(patches, B, P * width) as (B, S, width)."""
        patches, batch, _ = patched.shape
        steps = patched.reshape(patches, batch, self.shape.patch, -1).swapaxes(0, 1)
        outputs: Array = steps.reshape(batch, patches * self.shape.patch, -1)[:, : self.shape.horizon]
        return outputs

    def _patched(self, outputs: Array) -> Array:
        """The way back of ``_unpatched``, 0 where the last patch reaches beyond the horizon."""
        batch, horizon, width = outputs.shape
        patch, padded = self.shape.patch, self.shape.padded_horizon
        steps = np.zeros((batch, padded, width), outputs.dtype)
        steps[:, :horizon] = outputs
        patched = steps.reshape(batch, padded // patch, patch * width).swapaxes(0, 1)
        return np.ascontiguousarray(patched)
