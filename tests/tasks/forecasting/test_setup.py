"""What a forecaster learns of its data beside the network."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tasks.forecasting.problems import panel, quick


@pytest.mark.parametrize("number", [14.62, 1e8 + 0.1, -1e-8 / 3])
@pytest.mark.parametrize("kind", ["past", "known", "static"])
def test_a_covariate_that_never_changed_has_the_scale_1(kind, number):
    """And not that of the rounding of its mean, by which a small change later would be blown up."""
    setup = quick(**{kind: ("flat",)}, epochs=1).fit({**panel(), "flat": np.full(220, number)}).setup_
    if kind == "static":
        assert setup.statics.columns == [{"mean": number, "spread": 1.0}]
    else:
        assert (setup.covariates.mean.tolist(), setup.covariates.spread.tolist()) == ([number], [1.0])
