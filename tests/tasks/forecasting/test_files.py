"""A forecaster comes back from its file to the bit, and refuses a file that was changed."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import gatewise as gw
from gatewise.data.frames import Table
from gatewise.errors import ModelFileError, NotFittedError
from gatewise.storage import read_tensors, write_tensors
from tests.tasks.forecasting.problems import DAY, START, assert_same_columns, following, panel, quick, wave

COVARIATES = {"known": ("price",), "past": ("rain",), "static": ("region",)}
KINDS = {
    "direct": {},
    "covariates": COVARIATES,
    "recursive": {"strategy": "recursive", "distribution": "student_t", "patch_size": 4, "num_samples": 30},
}


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    return quick(**KINDS[request.param]).fit(panel())


@pytest.fixture(scope="module")
def plain():
    return quick(linear_skip=False, **COVARIATES).fit(panel())


def predict(made):
    return made.predict(future=following() if made.known else None)


# Saving


def test_a_model_forecasts_the_same_in_another_process(model, tmp_path):
    path, future, out = tmp_path / "m.safetensors", tmp_path / "f.npz", tmp_path / "p.npz"
    model.save(path)
    np.savez(future, **{name: v.astype(str) if v.dtype == object else v for name, v in following().items()})
    code = (
        "import sys, numpy as np, gatewise as gw;"
        "m = gw.load(sys.argv[1]); future = dict(np.load(sys.argv[2])) if m.known else None;"
        "p = m.predict(future=future); p['unique_id'] = p['unique_id'].astype(str);"
        "np.savez(sys.argv[3], **p)"
    )
    subprocess.run([sys.executable, "-c", code, path, future, out], check=True)
    assert_same_columns(dict(np.load(out)), predict(model))


def test_saving_and_loading_is_the_identity(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = gw.load(tmp_path / "m.safetensors")
    assert again.get_params() == model.get_params()
    assert again.setup_.to_json() == model.setup_.to_json()
    assert again.notes_ == model.notes_
    assert str(again.verdict_) == str(model.verdict_)
    assert (again.history_, again.stopped_by_) == (model.history_, model.stopped_by_)
    assert_same_columns(predict(again), predict(model))
    again.save(tmp_path / "again.safetensors")
    assert again.score(panel()) == model.score(panel())
    one, other = (read_tensors(tmp_path / f"{name}.safetensors") for name in ("m", "again"))
    assert one.metadata == other.metadata
    assert_same_columns(dict(sorted(one.tensors.items())), dict(sorted(other.tensors.items())))


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": np.float32(0.125), "hidden_size": np.int64(8), "quantiles": [np.float64(0.1), 0.9]},
        {"horizon": np.int64(6)},
        {"season_length": np.int64(12)},
    ],
    ids=["others", "horizon", "season_length"],
)
def test_hyperparameters_of_numpy_are_saved(options, tmp_path):
    made = quick(**options).fit(wave())
    made.save(tmp_path / "m.safetensors")
    assert_same_columns(gw.load(tmp_path / "m.safetensors").predict(), made.predict())


@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
@pytest.mark.parametrize("keys", [("b", "a"), (3, 4)], ids=["words", "integers"])
def test_the_kind_of_frame_is_remembered(zone, keys, tmp_path):
    data = panel()
    frame = pd.DataFrame({"unique_id": np.repeat(keys, [120, 100]), "ds": data["ds"], "y": data["y"]})
    frame["ds"] = frame["ds"].dt.tz_localize(zone)
    made = quick(freq="1d" if zone is None else None).fit(frame)
    made.save(tmp_path / "m.safetensors")
    pd.testing.assert_frame_equal(gw.load(tmp_path / "m.safetensors").predict(), made.predict())


def test_missing_values_at_the_end_are_remembered(tmp_path):
    y = wave()
    y[[100, 110, 118, 119]] = np.nan
    made = quick().fit(y)
    made.save(tmp_path / "m.safetensors")
    assert_same_columns(gw.load(tmp_path / "m.safetensors").predict(), made.predict())


@pytest.mark.parametrize(
    "times",
    [np.arange(120) * 0.1, np.arange(120) * 1e-6, np.arange(5, 365, 3)],
    ids=["tenths", "microseconds", "threes"],
)
def test_counted_time_is_remembered(times, tmp_path):
    made = quick(epochs=1).fit({"ds": times, "y": wave()})
    made.save(tmp_path / "m.safetensors")
    assert_same_columns(gw.load(tmp_path / "m.safetensors").predict(), made.predict())


def test_keys_that_json_does_not_know():
    """They are refused before the training, and not when the model is saved."""
    keys = np.repeat((START + np.arange(2) * DAY).astype("M8[D]"), 60)
    with pytest.raises(
        gw.errors.DataError, match="column 'unique_id' holds values of type date; expected words"
    ):
        quick().fit({"unique_id": keys, "ds": np.tile(np.arange(60), 2), "y": wave()})


def test_copies_and_pickles_forecast_the_same(model):
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), copy.copy(model)):
        assert_same_columns(predict(again), predict(model))


def test_a_copy_is_trained_apart(model):
    before = predict(model)
    copy.deepcopy(model).fit({name: values[:120] for name, values in panel().items()})
    assert_same_columns(predict(model), before)


def test_scikit_learn_clones_it():
    base = pytest.importorskip("sklearn.base")
    given = quick(quantiles=(0.2, 0.8), known=("price",))
    again = base.clone(given)
    assert again is not given
    assert again.get_params() == given.get_params()
    assert repr(again) == repr(given)


def test_what_is_not_fitted_says_so(tmp_path):
    made = quick()
    for call in (made.predict, made.plot, lambda: made.evaluate(wave()), lambda: made.anomalies(wave())):
        with pytest.raises(NotFittedError, match="this Forecaster is not fitted: call fit first"):
            call()
    with pytest.raises(NotFittedError, match="call fit first"):
        made.save(tmp_path / "m.safetensors")


# Damaged files


@pytest.fixture
def damaged(plain, tmp_path):
    """Writes the plain model's file with something changed."""
    path = tmp_path / "m.safetensors"
    plain.save(path)
    file = read_tensors(path)

    def write(change):
        metadata = {
            name: json.loads(json.dumps(file.metadata[name])) for name in ("task", "config", "vocabulary")
        }
        tensors = {name: values.copy() for name, values in file.tensors.items()}
        change(metadata, tensors)
        write_tensors(path, metadata, tensors)
        return path

    return write


def setup(**values):
    return lambda metadata, tensors: metadata["vocabulary"]["setup"].update(values)


def vocabulary(**values):
    return lambda metadata, tensors: metadata["vocabulary"].update(values)


def tail(**values):
    return lambda metadata, tensors: metadata["vocabulary"]["series"][0].update(values)


def config(**values):
    return lambda metadata, tensors: metadata["config"].update(values)


def arrays(**values):
    return lambda metadata, tensors: tensors.update({f"fitted.{name}": v for name, v in values.items()})


def without(name):
    return lambda metadata, tensors: tensors.pop(f"fitted.{name}")


CHANGES = {
    "no vocabulary": lambda metadata, tensors: metadata.update(vocabulary=None),
    "no setup": vocabulary(setup=None),
    "frequency": setup(frequency="1x"),
    "frequency of a number": setup(frequency=5),
    "shape with 0": setup(shape=[0, 6, 6]),
    "shape of no patches": setup(shape=[25, 6, 6]),
    "shape of two": setup(shape=[24, 6]),
    "shape of words": setup(shape=["x", 6, 6]),
    "other patch": setup(shape=[24, 6, 2]),
    "season": setup(season="x"),
    "unknown cycle": setup(cycles=["moon"]),
    "scales of pairs": setup(scales=[["b", 1]]),
    "scales of lists": setup(scales=[[["b"], 1, 1]]),
    "no scales": setup(scales=None),
    "no covariates": setup(covariates=None),
    "words as covariates": setup(covariates=[["x", 0], [1, 1]]),
    "table": vocabulary(table=5),
    "notes": vocabulary(notes=5),
    "series of no length": tail(length=0),
    "series of another length": tail(length=23),
    "series of huge length": tail(length=10**13),
    "static of None": tail(static=None),
    "start of a word": tail(start="x"),
    "start beyond all": tail(start=10**30),
    "calibration": arrays(calibration=np.zeros((5, 3), np.float32)),
    "no calibration": without("calibration"),
    "no values": without("values"),
    "an array too many": arrays(other=np.zeros(3)),
    "known of another width": arrays(known=np.zeros((48, 2))),
    "short values": arrays(values=np.zeros(47)),
    "frequency of counts": setup(frequency="1"),
    "longer horizon": setup(shape=[24, 12, 6]),
    "shorter horizon": setup(shape=[24, 5, 6]),
    "huge context": setup(shape=[6 * 10**12, 6, 6]),
    "season of 0": setup(season=0),
    "no cycles": setup(cycles=[]),
    "more cycles": setup(cycles=["day", "week", "year"]),
    "scale of 0": setup(scales=[["b", 1, 0], ["a", 1, 1]]),
    "negative scale": setup(scales=[["b", 1, -1], ["a", 1, 1]]),
    "spread of 0": setup(covariates=[[0, 0], [0, 1]]),
    "fewer covariates": setup(covariates=[[0], [1]]),
    "more covariates": setup(covariates=[[0] * 3, [1] * 3]),
    "no statics": setup(statics=[]),
    "statics of None": setup(statics=None),
    "statics of numbers": setup(statics=[5]),
    "words of a number": setup(statics=[{"words": 5}]),
    "fewer words": setup(statics=[{"words": ["south"]}]),
    "scaling": setup(scaling="x"),
    "unknown backend": vocabulary(table={"backend": "x", "zones": {}}),
    "zones of a number": vocabulary(table={"backend": "pandas", "zones": 5}),
    "start of None": tail(start=None),
    "start of a float": tail(start=1e300),
    "no dates": tail(dates=False),
    "no static": tail(static=[]),
    "key of a list": tail(key=["b"]),
    "key of None": tail(key=None),
    "fewer static": config(static=[]),
    "huge hidden_size": config(hidden_size=10**10),
    "huge num_layers": config(num_layers=10**9),
    "more layers": config(num_layers=2),
    "other horizon": config(horizon=5),
    "other quantiles": config(quantiles=[0.1, 0.9]),
    "quantiles of a number": config(quantiles=5),
    "fewer known": config(known=[]),
    "more known": config(known=["price", "x"]),
    "other distribution": config(distribution="normal"),
    "other cell": config(cell="rnn"),
    "a linear skip": config(linear_skip=True),
    "target of a number": config(target=5),
    "an unknown hyperparameter": config(nope=1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_file_is_refused(change, damaged):
    with pytest.raises(ModelFileError, match=r"m\.safetensors' is damaged or was changed: "):
        gw.load(damaged(change))


@pytest.mark.parametrize("series", [None, 5], ids=str)
def test_series_that_are_no_list(series, damaged):
    with pytest.raises(ModelFileError, match=r"m\.safetensors' is damaged or was changed: "):
        gw.load(damaged(vocabulary(series=series)))


@pytest.mark.parametrize(
    "change",
    [
        config(hidden_size=10**6),
        config(num_layers=10**5),
        setup(shape=[6 * 10**6, 6, 6 * 10**6]),
    ],
    ids=["hidden_size", "num_layers", "patch"],
)
def test_a_network_that_the_file_does_not_hold_is_not_made(change, damaged, monkeypatch):
    path = damaged(change)
    monkeypatch.setattr(gw.Forecaster, "_new_network", lambda *_: pytest.fail("it is made"))
    with pytest.raises(ModelFileError, match=r"its config needs at least .* weights"):
        gw.load(path)


def test_arrays_of_a_forecaster_are_no_part_of_other_models(tmp_path):
    path = tmp_path / "m.safetensors"
    gw.LanguageModel(hidden_size=4, epochs=1, progress=False).fit("some text, and more of it. " * 80).save(
        path
    )
    file = read_tensors(path)
    metadata = {name: file.metadata[name] for name in ("task", "config", "vocabulary")}
    write_tensors(path, metadata, {**file.tensors, "fitted.calibration": np.zeros((6, 3))})
    with pytest.raises(
        ModelFileError, match="holds the arrays calibration, of which LanguageModel knows none"
    ):
        gw.load(path)


def test_forecasts_go_out_as_the_frame_of_the_new_data(plain):
    frame = pd.DataFrame(panel())
    found = plain.predict(frame, future=following())
    assert isinstance(found, pd.DataFrame)
    assert_same_columns(Table.of(found).columns, plain.predict(future=following()))
