"""The loop does what it is told: it steps, validates, keeps the best, and stops for each of its reasons.

The learner here is a quadratic bowl, whose loss and gradient are known exactly.
"""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from gatewise.errors import TrainingError
from gatewise.nn import Layer
from gatewise.optim import SGD, AveragedSGD, NonMonotoneASGD
from gatewise.optim.schedules import linear
from gatewise.training import Ended, Loop, Started, Stepped, Validated
from gatewise.training.interrupt import Interrupt

TARGET = np.array([1.0, -2.0, 3.0])


class Bowl:
    """L(θ) = ½ |θ - target|², a batch being a number that scales it."""

    def __init__(self, batches=(1.0, 1.0, 1.0), validation=None, dtype=np.float64):
        self.network = Layer({"theta": (3,)}, dtype)
        self.values = list(batches)
        self.validation = validation
        self.asked = []

    @property
    def steps_per_epoch(self):
        return len(self.values)

    def batches(self, epoch, first):
        self.asked.append((epoch, first))
        return iter(self.values[first:])

    def step(self, batch, rng):
        difference = self.network.parameters["theta"] - TARGET
        self.network.gradients["theta"][...] += batch * difference
        return 0.5 * batch * float(difference @ difference)

    def validate(self):
        if self.validation is not None:
            return self.validation.pop(0)
        difference = self.network.parameters["theta"] - TARGET
        return float(difference @ difference)

    def carried(self):
        return {}

    def restore(self, carried):
        pass


def make(learner, optimizer=None, **options):
    events = []
    options = {"epochs": 4, "rng": np.random.default_rng(0), "listeners": [events.append], **options}
    return Loop(learner, optimizer or SGD(learner.network, 0.1), **options), events


def test_gradient_descent_on_a_bowl_follows_the_closed_form():
    loop, events = make(Bowl())
    assert loop.run() == "finished"
    np.testing.assert_allclose(loop.learner.network.parameters["theta"], TARGET * (1 - 0.9**12), rtol=1e-12)
    assert [type(event) for event in events[:2]] == [Started, Stepped]
    assert [event.step for event in events if isinstance(event, Validated)] == [3, 6, 9, 12]
    assert events[-1].reason == "finished"


def test_the_schedule_sets_the_rate_of_each_step():
    loop, events = make(Bowl(), schedule=linear)
    loop.run()
    rates = [event.learning_rate for event in events if isinstance(event, Stepped)]
    np.testing.assert_allclose(rates, [0.1 * (1 - k / 12) for k in range(12)])


def test_a_batch_can_change_the_rate_of_its_step():
    loop, events = make(Bowl((1.0, 0.5)), schedule=linear, epochs=2, batch_rate=lambda batch: 3 * batch)
    loop.run()
    rates = [event.learning_rate for event in events if isinstance(event, Stepped)]
    np.testing.assert_allclose(rates, [0.1 * share * (1 - k / 4) for k, share in enumerate([3, 1.5, 3, 1.5])])


def test_clipping_by_norm_bounds_the_update_and_reports_the_norm_before():
    loop, events = make(Bowl(), clip_norm=0.5, epochs=1)
    loop.run()
    first = next(event for event in events if isinstance(event, Stepped))
    assert first.gradient_norm == pytest.approx(np.linalg.norm(TARGET))
    assert np.linalg.norm(loop.learner.network.parameters["theta"]) <= 3 * 0.1 * 0.5 + 1e-12


def test_clipping_by_value_bounds_each_element():
    loop, _ = make(Bowl((1.0,)), clip_value=0.5, epochs=1)
    loop.run()
    np.testing.assert_allclose(loop.learner.network.parameters["theta"], 0.1 * np.clip(TARGET, -0.5, 0.5))


def test_the_best_weights_are_kept_not_the_last():
    loop, events = make(Bowl(validation=[3.0, 1.0, 2.0, 5.0]))
    loop.run()
    np.testing.assert_allclose(loop.learner.network.parameters["theta"], TARGET * (1 - 0.9**6))
    assert [event.improved for event in events if isinstance(event, Validated)] == [True, True, False, False]
    assert loop.progress.best_loss == 1.0


def test_early_stopping_after_the_given_patience():
    loop, events = make(Bowl(validation=[1.0, 2.0, 3.0, 0.5]), patience=2)
    assert loop.run() == "early stopping"
    assert loop.progress.epoch == 3
    assert events[-1].best_loss == 1.0


def test_validation_every_so_many_steps():
    loop, events = make(Bowl(), validate_every=2, epochs=3)
    loop.run()
    assert [event.step for event in events if isinstance(event, Validated)] == [2, 4, 6, 8, 9]


def test_the_training_loss_told_is_the_mean_since_the_last_validation():
    loop, events = make(Bowl(), epochs=2)
    loop.run()
    steps = [event.loss for event in events if isinstance(event, Stepped)]
    told = [event.train_loss for event in events if isinstance(event, Validated)]
    np.testing.assert_allclose(told, [np.mean(steps[:3]), np.mean(steps[3:])])


def test_time_limit_zero_epsilon_stops_after_one_step_with_a_validated_model():
    loop, events = make(Bowl(), time_limit=1e-9)
    assert loop.run() == "time limit"
    assert loop.progress.step == 1
    assert any(isinstance(event, Validated) for event in events)


def test_ctrl_c_ends_training_cleanly_and_gives_the_handler_back():
    before = signal.getsignal(signal.SIGINT)

    def interrupt(event):
        if isinstance(event, Stepped) and event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    loop, events = make(Bowl())
    loop.listeners = [*loop.listeners, interrupt]
    assert loop.run() == "interrupted"
    assert loop.progress.step == 2
    assert isinstance(events[-1], Ended)
    assert signal.getsignal(signal.SIGINT) is before


def test_training_in_another_thread_leaves_signals_alone():
    seen, before = [], signal.getsignal(signal.SIGINT)
    loop, _ = make(Bowl())
    loop.listeners = [lambda event: seen.append(signal.getsignal(signal.SIGINT))]
    other = threading.Thread(target=loop.run)
    other.start()
    other.join()
    assert set(seen) == {before}


def test_a_handler_that_python_does_not_know_stays(monkeypatch):
    """It could not be put back."""
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    monkeypatch.setattr(signal, "signal", lambda number, handler: pytest.fail("it would be gone"))
    with Interrupt() as interrupt:
        assert not interrupt.requested


def test_a_second_ctrl_c_raises_as_ever():
    def interrupt(event):
        if isinstance(event, Stepped) and event.step == 2:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    loop, _ = make(Bowl())
    loop.listeners = [interrupt]
    with pytest.raises(KeyboardInterrupt):
        loop.run()


@pytest.mark.parametrize("clip_value", [None, 0.5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_the_norm_told_is_that_before_any_clipping(clip_value, dtype):
    learner = Bowl(dtype=dtype)
    loop, events = make(learner, clip_value=clip_value, clip_norm=0.1, epochs=1)
    loop.run()
    first = next(event for event in events if isinstance(event, Stepped))
    assert first.gradient_norm == pytest.approx(np.linalg.norm(TARGET), rel=1e-6)


@pytest.mark.parametrize("poison", [np.nan, np.inf], ids=["nan", "inf"])
def test_a_step_that_is_not_finite_stops_with_the_last_good_weights(poison):
    loop, _ = make(Bowl((1.0, 1.0, poison)))
    with pytest.raises(
        TrainingError, match=r"diverged: at step 3 the loss is (nan|inf).*Lower learning_rate"
    ):
        loop.run()
    # The second update has never been tried out: the weights before it were the last to give a finite loss.
    np.testing.assert_allclose(loop.learner.network.parameters["theta"], TARGET * (1 - 0.9))


def test_an_update_that_is_not_finite_is_taken_back():
    learner = Bowl()
    loop, _ = make(learner, SGD(learner.network, 1e308))
    learner.network.parameters.vector[...] = -1e10
    with pytest.raises(TrainingError, match="diverged: the update at step 1 is not finite"):
        loop.run()
    np.testing.assert_array_equal(learner.network.parameters["theta"], np.full(3, -1e10))


def test_clipping_by_value_hides_no_infinite_gradient():
    learner = Bowl()
    learner.step = lambda batch, rng: learner.network.gradients.vector.fill(np.inf) or 1.0
    loop, _ = make(learner, clip_value=1.0)
    with pytest.raises(TrainingError, match="the gradient norm inf"):
        loop.run()


def test_the_optimizer_gets_its_learning_rate_back():
    loop, _ = make(Bowl(), schedule=linear)
    loop.run()
    assert loop.optimizer.learning_rate == 0.1


def test_divergence_after_a_validation_falls_back_to_the_best_weights():
    learner = Bowl((1.0, 1.0))
    loop, _ = make(learner)

    def poison(event):
        if isinstance(event, Validated) and event.step == 4:
            learner.values[1] = np.nan

    loop.listeners = [poison]
    with pytest.raises(TrainingError):
        loop.run()
    np.testing.assert_allclose(learner.network.parameters["theta"], TARGET * (1 - 0.9**4))


def test_a_validation_that_is_not_finite_stops_too():
    loop, _ = make(Bowl(validation=[1.0, np.nan]))
    with pytest.raises(TrainingError, match="diverged: the validation loss after step 6 is nan"):
        loop.run()
    np.testing.assert_allclose(loop.learner.network.parameters["theta"], TARGET * (1 - 0.9**3))


def test_averaged_weights_are_what_is_validated_and_kept():
    learner = Bowl((1.0, 1.0))
    loop, events = make(learner, AveragedSGD(learner.network, 0.1), epochs=1)
    loop.run()
    average = TARGET * (1 - np.mean([0.9, 0.81]))
    np.testing.assert_allclose(learner.network.parameters["theta"], average)
    told = next(event for event in events if isinstance(event, Validated))
    assert told.loss == pytest.approx(float((average - TARGET) @ (average - TARGET)))


def test_the_optimizer_is_told_of_each_validation():
    learner = Bowl(validation=[1.0, 3.0, 1.5, 0.9])
    optimizer = NonMonotoneASGD(learner.network, 0.1, nonmonotone=1)
    loop, _ = make(learner, optimizer)
    loop.run()
    assert optimizer.start == 9, "1.5, of the third pass, is above the 1.0 of the first"
    # The best weights are those of the fourth: the mean over its three steps.
    expected = TARGET * (1 - np.mean([0.9**10, 0.9**11, 0.9**12]))
    np.testing.assert_allclose(learner.network.parameters["theta"], expected, rtol=1e-12)


@pytest.mark.parametrize("averaging", [False, True], ids=["plain", "averaging"])
@pytest.mark.parametrize("stop_after", range(1, 12))
def test_state_and_restore_go_on_to_the_same_bits(stop_after, averaging):
    def start():
        learner = Bowl((1.0, 0.5, 30.0 if averaging else 2.0))  # 30 overshoots: the loss gets worse
        rule = NonMonotoneASGD(learner.network, 0.1, nonmonotone=1) if averaging else None
        return make(learner, rule, schedule=linear, validate_every=2)[0]

    whole = start()
    whole.run()
    assert not averaging or 2 < whole.optimizer.start < 12

    class Killed(BaseException):
        pass

    def stop(event):
        if isinstance(event, Stepped) and event.step == stop_after:
            raise Killed

    first = start()
    taken = {}

    def save(loop):
        taken["state"] = loop.state()
        taken["weights"] = loop.learner.network.parameters.vector.copy()

    first.listeners, first.save, first.save_every = [stop], save, 0.0
    save(first)
    with pytest.raises(Killed):
        first.run()

    second = start()
    second.learner.network.parameters.vector[...] = taken["weights"]
    second.restore(*taken["state"])
    second.run()
    assert second.progress == whole.progress
    assert np.array_equal(second.learner.network.parameters.vector, whole.learner.network.parameters.vector)
