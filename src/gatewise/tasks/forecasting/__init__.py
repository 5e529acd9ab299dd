"""Forecasts of series: quantiles, intervals that hold, and a verdict beside naive forecasts.

``forecaster`` is the estimator and ``panel_model`` its inside: ``split`` by time, ``setup`` of scales and
windows, ``network`` and the ``heads`` that read it, ``forecasts``, their ``intervals``, the ``verdict`` by
``judge``, and the ``frames`` that are handed back.
"""

from gatewise.tasks.forecasting.forecaster import Forecaster

__all__ = ["Forecaster"]
