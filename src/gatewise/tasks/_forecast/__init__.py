"""The parts of a forecaster: how data are split, scaled, learnt from, forecast, judged and handed back."""
