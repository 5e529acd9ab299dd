"""Schedules: pure functions of how far training is."""

import math

import pytest

from gatewise.errors import ArgumentError
from gatewise.optim.schedules import (
    SCHEDULES,
    constant,
    cosine,
    exponential,
    linear,
    staircase,
    warmup,
)


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        (constant, [1, 1, 1, 1, 1]),
        (linear, [1, 0.75, 0.5, 0.25, 0]),
        (cosine, [1, 0.5 + math.sqrt(2) / 4, 0.5, 0.5 - math.sqrt(2) / 4, 0]),
        (exponential(1 / 16), [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16]),
        (exponential(), [1, 100**-0.25, 0.1, 100**-0.75, 0.01]),
        (staircase(0.1, 0.5, 0.5), [1, 1, 0.1, 0.1, 0.01]),
    ],
    ids=["constant", "linear", "cosine", "exponential", "exponential, default", "staircase"],
)
def test_factors_at_each_quarter_of_training(schedule, factors):
    assert [schedule(quarter * 25, 100) for quarter in range(5)] == pytest.approx(factors, abs=1e-15)


@pytest.mark.parametrize("per_epoch", [1, 7, 1000])
def test_the_staircase_of_zaremba_halves_the_rate_in_each_epoch_after_the_fourth(per_epoch):
    schedule = staircase(factor=0.5, start=4 / 13, every=1 / 13)
    total = 13 * per_epoch
    for epoch in range(13):
        expected = 0.5 ** max(0, epoch - 3)
        steps = range(epoch * per_epoch, (epoch + 1) * per_epoch)
        assert {schedule(step, total) for step in steps} == {expected}


def test_warmup_rises_in_equal_steps_to_the_schedule():
    schedule = warmup(constant, 4)
    assert [schedule(step, 100) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert [warmup(linear, 2)(step, 4) for step in range(5)] == [0.5 * 1, 0.75, 0.5, 0.25, 0]


def test_a_warmup_of_no_steps_is_the_schedule():
    assert [warmup(linear, 0)(step, 4) for step in range(5)] == [linear(step, 4) for step in range(5)]


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_begins_at_one_never_rises_and_stays_at_its_end(name):
    schedule = SCHEDULES[name]
    factors = [schedule(step, 50) for step in range(60)]
    assert factors[0] == 1
    assert factors == sorted(factors, reverse=True)
    assert set(factors[50:]) == {factors[50]}
    assert factors[50] >= 0


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_plan_of_no_steps_is_no_division_by_zero(name):
    assert SCHEDULES[name](0, 0) == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: exponential(0), r"final=0; expected a number in \(0, 1\]"),
        (lambda: exponential(1.5), r"final=1.5; expected a number in \(0, 1\]"),
        (lambda: staircase(0.0, 0.5, 0.1), r"factor=0.0; expected a number in \(0, 1\]"),
        (lambda: staircase(0.5, 0.5, 0), r"every=0; expected a number in \(0, 1\]"),
        (lambda: warmup(constant, -1), "warmup: steps=-1; expected at least 0"),
    ],
    ids=["final 0", "final 1.5", "factor", "every", "warmup"],
)
def test_settings_that_cannot_work_are_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
