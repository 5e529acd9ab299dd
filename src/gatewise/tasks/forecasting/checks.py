"""What a forecaster refuses of its hyperparameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatewise.data.zones import zone_info
from gatewise.errors import ArgumentError
from gatewise.nn.cells import CELLS
from gatewise.tasks.checks import check_choice, check_flag, check_number
from gatewise.tasks.forecasting.heads import DISTRIBUTIONS
from gatewise.tasks.forecasting.setup import SCALINGS

if TYPE_CHECKING:
    from gatewise.tasks.forecasting.panel_model import PanelModel

__all__ = ["check_forecaster", "check_future", "check_marks"]


def check_marks(rate: float | None, threshold: float | None) -> None:
    """Refuse ways to mark events that cannot work, or two at once."""
    check_number("rate", rate, low=0, high=1, optional=True)
    check_number("threshold", threshold, low=0, optional=True)
    if rate is not None and threshold is not None:
        raise ArgumentError(
            f"rate={rate:g} and threshold={threshold:g} are both given; expected one: the share of steps to "
            "mark, or the score above which they are marked."
        )


def check_forecaster(model: PanelModel) -> None:
    """Refuse values that cannot work, naming the hyperparameter."""
    for name in ("horizon", "num_samples", "hidden_size", "num_layers", "steps_per_epoch"):
        check_number(name, getattr(model, name), low=1, whole=True)
    for name in ("context_length", "patch_size", "season_length"):
        check_number(name, getattr(model, name), low=1, whole=True, optional=True)
    _check_levels(model.quantiles)
    if model.distribution is not None:
        check_choice("distribution", model.distribution, DISTRIBUTIONS)
    check_choice("point", model.point, ("median", "mean"))
    check_choice("strategy", model.strategy, ("direct", "recursive"))
    check_choice("cell", model.cell, CELLS)
    check_choice("scaling", model.scaling, SCALINGS)
    if model.strategy == "recursive" and model.distribution is None and len(model.quantiles) < 2:
        raise ArgumentError(
            f"quantiles={model.quantiles!r} with strategy='recursive'; expected at least two, to draw the "
            "next steps from, or a distribution."
        )
    if model.strategy == "recursive" and len(model.past) > 0:
        raise ArgumentError(
            f"past={model.past!r} with strategy='recursive'; expected none, for steps that go on from "
            "draws would need their future. Take strategy='direct'."
        )
    for name in ("known", "past", "static"):
        _check_columns(name, getattr(model, name))
    for name in ("target", "time", "id"):
        if not isinstance(getattr(model, name), str):
            raise ArgumentError(f"{name}={getattr(model, name)!r}; expected the name of a column.")
    if model.freq is not None and not isinstance(model.freq, str):
        raise ArgumentError(f"freq={model.freq!r}; expected a name as '1h', or None.")
    _check_zone(model.time_zone)
    _check_output_names(model)
    _check_roles(model)
    for name in ("linear_skip", "calendar", "calibrate", "strict"):
        check_flag(name, getattr(model, name))
    check_number("dropout", model.dropout, low=0, high=1, open_high=True)
    check_number("validation_fraction", model.validation_fraction, low=0, high=1, open_high=True)


def check_future(model: PanelModel, future: Any) -> None:
    """Refuse to forecast without what is known of the future, or with what the model does not know."""
    if future is not None and not model.known:
        raise ArgumentError("future is given, but the model knows no such covariates; train it with known=.")
    if model.known and future is None:
        raise ArgumentError(
            f"future=None, but the model was trained with known={model.known!r}; give a table with these "
            f"columns for the {model.horizon} steps to forecast, by future=."
        )


def _check_levels(levels: object) -> None:
    numbers = isinstance(levels, (tuple, list)) and all(isinstance(level, (int, float)) for level in levels)
    if not (isinstance(levels, (tuple, list)) and numbers and list(levels) == sorted(set(levels))) or not all(
        0 < level < 1 for level in levels
    ):
        raise ArgumentError(
            f"quantiles={levels!r}; expected numbers between 0 and 1, rising, as (0.1, 0.5, 0.9)."
        )


def _check_zone(zone: object) -> None:
    """Refuse the name of no time zone."""
    try:
        if zone is not None:
            zone_info(zone if isinstance(zone, str) else "")
    except ValueError:
        raise ArgumentError(
            f"time_zone={zone!r} is no time zone; expected its name, as 'Europe/Berlin' or '+05:30'."
        ) from None


def _check_output_names(model: PanelModel) -> None:
    """Refuse columns that would replace each other in what comes back."""
    own = ["cutoff", "y_hat", "score", "anomaly", *(f"q{level:g}" for level in model.quantiles)]
    if len(set(own)) < len(own):
        raise ArgumentError(f"quantiles={model.quantiles!r}; expected levels whose six digits differ.")
    taken = dict.fromkeys(own, "a column of the forecasts")
    for role in ("target", "time", "id"):
        name = getattr(model, role)
        if name in taken:
            raise ArgumentError(f"{role}={name!r}, which is {taken[name]} too; rename the column.")
        taken[name] = f"{role}={name!r}"


def _check_roles(model: PanelModel) -> None:
    """Refuse a column in two roles: a target among its own covariates would be told to the network."""
    roles = {model.target: "target", model.time: "time", model.id: "id"}
    for role in ("known", "past", "static"):
        for name in getattr(model, role):
            if name in roles:
                raise ArgumentError(
                    f"{role}= has the column {name!r}, which is {roles[name]}= too; expected one role."
                )
            roles[name] = role


def _check_columns(name: str, columns: object) -> None:
    if not isinstance(columns, (tuple, list)) or not all(isinstance(column, str) for column in columns):
        raise ArgumentError(f"{name}={columns!r}; expected a tuple of column names, as ('price',).")
