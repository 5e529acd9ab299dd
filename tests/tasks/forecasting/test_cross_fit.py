"""Short series calibrate on parts that are forecast by networks which have not seen them."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from gatewise import Forecaster, training
from gatewise.data.frames import Table
from gatewise.data.panel import read_panel
from gatewise.tasks.forecasting import panel_learner
from gatewise.tasks.forecasting.cross_fit import folds
from gatewise.tasks.forecasting.split import Split, split_by_time, training_windows
from gatewise.training import CrossFitting, Validated
from tests.tasks.forecasting.problems import panel, quick, wave


def parts_of(data, horizon=6, context=24, fraction=0.1):
    made = quick(horizon=horizon, context_length=context)
    series = read_panel(Table.of(data), made._names)
    split = split_by_time(series, horizon, fraction)
    shape = panel_learner.choose_shape(horizon, 12, context, None, int(split.learnt.max()))
    chosen = training_windows(series, split, shape, horizon)
    return series, split, chosen, folds(series, split, chosen, horizon, horizon, 4096)


def test_nothing_of_a_part_is_learnt_by_the_network_that_forecasts_it():
    series, split, chosen, parts = parts_of(panel())
    assert len(parts) == 5
    for part in parts:
        for key in (0, 1):
            judged = part.judged[part.judged[:, 0] == key, 1]
            targets = set((judged[:, None] + np.arange(6)).ravel())
            learnt = part.learnt[part.learnt[:, 0] == key, 1]
            assert not targets & set((learnt[:, None] + np.arange(6)).ravel())
            assert np.isnan(part.panel.series[key].values[sorted(targets)]).all()
            assert len(part.panel.series[key]) == split.learnt[key]
        assert set(map(tuple, part.learnt)) < set(map(tuple, chosen))
        assert part.independent == 4 if part is not parts[0] else part.independent >= 3
    judged = np.concatenate([part.judged for part in parts])
    assert len(np.unique(judged, axis=0)) == len(judged)
    assert (judged[:, 1] + 6 <= split.learnt[judged[:, 0]]).all(), "what is held out stays untouched"
    assert len(series.series[0].values) == 120


@pytest.mark.parametrize(
    ("count", "horizon", "expected"),
    [(200, 6, 5), (120, 6, 5), (60, 6, 3), (32, 6, 2), (22, 6, 0), (60, 24, 0)],
)
def test_as_many_parts_as_hold_a_horizon(count, horizon, expected):
    data = {"ds": np.arange(count), "y": wave(count)}
    assert len(parts_of(data, horizon)[3]) == expected


def test_a_series_that_would_be_flat_without_a_part_is_not_learnt_from_there():
    data = panel()
    still = np.flatnonzero(data["unique_id"] == data["unique_id"][-1])
    data["y"][still] = 3.0
    data["y"][still[30:34]] = 5.0
    _, _, _, parts = parts_of(data)
    learnt = [set(part.learnt[:, 0].tolist()) for part in parts]
    assert learnt[0] == {0}
    assert all(each == {0, 1} for each in learnt[1:])


@pytest.mark.parametrize(
    ("counts", "horizon", "halves"),
    [([2000], 6, "time"), ([3000, 40], 24, None), ([100] * 36, 8, "series"), ([100] * 3, 8, None)],
)
def test_what_chooses_does_not_calibrate(counts, horizon, halves):
    data = {
        "unique_id": np.repeat(np.arange(len(counts)), counts),
        "ds": np.concatenate([np.arange(each) for each in counts]),
        "y": np.random.default_rng(0).normal(size=sum(counts)),
    }
    series = read_panel(Table.of(data), quick()._names)
    split = split_by_time(series, horizon, 0.1)
    chooses, judges = (f(series, horizon, 10**6) for f in (split.choosing, split.judging))
    assert len(chooses)
    assert (len(judges) > 0) is (halves is not None)
    seen = [set(), set()]
    for places, windows in zip(seen, (chooses, judges), strict=True):
        places |= {(key, at + step) for key, at in windows.tolist() for step in range(horizon)}
    assert not seen[0] & seen[1]
    if halves:
        parts = split.halves(judges)
        assert set(parts) == {0, 1}
        if halves == "series":
            assert all(len(set(parts[judges[:, 0] == key])) == 1 for key in np.unique(judges[:, 0]))


def test_the_folds_leave_the_network_as_it_is():
    with_folds, without = quick().fit(panel()), quick(calibrate=False).fit(panel())
    np.testing.assert_array_equal(with_folds.network_.parameters.vector, without.network_.parameters.vector)
    assert with_folds.history_ == without.history_
    assert with_folds.calibration_.any()
    assert not without.calibration_.any()


def test_the_same_run_gives_the_same_intervals():
    one, other = quick().fit(panel()), quick().fit(panel())
    np.testing.assert_array_equal(one.calibration_, other.calibration_)
    assert one.verdict_ == other.verdict_


def test_a_resumed_run_calibrates_as_one_that_was_not_stopped(tmp_path):
    whole = quick().fit(panel())
    path = tmp_path / "run.safetensors"

    def stop(event):
        if isinstance(event, Validated) and event.epoch == 2:
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        quick().fit(panel(), checkpoint=path, listeners=[stop])
    resumed = quick().fit(panel(), checkpoint=path, resume=True)
    np.testing.assert_array_equal(resumed.calibration_, whole.calibration_)
    assert resumed.verdict_ == whole.verdict_


def test_ctrl_c_does_not_wait_for_the_folds():
    def stop(event):
        if isinstance(event, Validated) and event.epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)

    made = quick(epochs=3).fit(panel(), listeners=[stop])
    assert made.stopped_by_ == "interrupted"
    assert made.verdict_.data.startswith("the held-out end of 2 series, by which weights and intervals")
    assert "3 horizons of 6 steps side by side" in made.notes_[-1]
    assert made.calibration_.any()


@pytest.mark.parametrize("time_limit", [None, 1000.0])
def test_networks_of_parts_learn_as_long_as_the_best_weights_took_and_in_the_time_that_is_left(
    time_limit, monkeypatch
):
    loops, loop = [], training.Loop

    def noting(*given, **options):
        loops.append(options)
        return loop(*given, **options)

    monkeypatch.setattr(training, "Loop", noting)
    made = quick(epochs=6, learning_rate=1.0, schedule="constant", time_limit=time_limit).fit(wave(120))
    best = min(made.history_, key=lambda each: each["validation_loss"])["epoch"]
    assert best < 6, "else this shows nothing"
    assert [each["epochs"] for each in loops] == [6, *[best] * 5]
    limits = [each["time_limit"] for each in loops]
    if time_limit is None:
        assert limits == [None] * 6
    else:
        assert limits[0] == 500
        most = [1000 / left for left in (5, 4, 3, 2, 1)]
        assert all(150 < limit <= bound for limit, bound in zip(limits[1:], most, strict=True))


def test_what_one_horizon_says_is_too_little():
    made = quick(context_length=6).fit(wave(28))
    assert "2 horizons of 6 steps side by side" in made.notes_[-1]
    assert "too little" in made.notes_[-1]
    assert not any("side by side" in note for note in quick().fit(wave(120)).notes_)


def test_a_network_that_diverges_on_a_part_does_not_end_the_fit(monkeypatch):
    original = panel_learner.PanelLearner._learner

    def learner(self, network, windows, measured):
        made = original(self, network, windows, measured)
        if measured is None:
            network.parameters.vector[...] = 1e30
        return made

    monkeypatch.setattr(panel_learner.PanelLearner, "_learner", learner)
    with np.errstate(all="ignore"):
        made = quick().fit(wave(120))
    assert made.verdict_ is not None


def test_progress_tells_of_the_folds(capsys):
    quick(progress=True).fit(wave(120))
    assert "intervals: network 5 of 5, trained without the part" in capsys.readouterr().err
    told = []
    quick().fit(wave(120), listeners=[told.append])
    assert [(e.number, e.parts) for e in told if isinstance(e, CrossFitting)] == [(n, 5) for n in range(1, 6)]


def test_a_split_of_nothing_has_no_halves():
    ends = np.array([5, 6])
    split = Split(ends, ends, ends, ends)
    assert len(split.halves(np.zeros((0, 2), int))) == 0


@pytest.mark.slow
def test_intervals_of_an_autoregression_hold():
    """Ten series, and of each what its intervals cover in long futures of the same law."""
    covered = []
    for seed in range(10):
        rng = np.random.default_rng([22, seed])
        noise, values = rng.standard_normal(3100), np.zeros(3100)
        for at in range(1, 3100):
            values[at] = 0.9 * values[at - 1] + noise[at]
        made = Forecaster(horizon=24, progress=False).fit(values[100:400])
        for end in range(400, 3076, 24):
            found = made.predict(values[100:end])
            actual = values[end : end + 24]
            covered.append(((found["q0.1"] <= actual) & (actual <= found["q0.9"])).mean())
    assert 0.74 < np.mean(covered) < 0.86
