"""The plain lines of progress say what the events said."""

from __future__ import annotations

import io
import json
from pathlib import Path

from gatewise.training import Checkpointed, Ended, PlainProgress, Started, Stepped, Validated, clock

EVENTS = [
    Started(0, total_steps=1200, epochs=3, parameters=50_000),
    Stepped(1, epoch=1, loss=2.5, gradient_norm=1.0, learning_rate=0.1, seconds=0.5),
    Stepped(2, epoch=1, loss=2.25, gradient_norm=1.0, learning_rate=0.1, seconds=11.0),
    Validated(400, epoch=1, train_loss=2.0, loss=2.125, improved=True, seconds=61.0),
    Checkpointed(400, path=Path("m.checkpoint.safetensors")),
    Validated(800, epoch=2, train_loss=1.5, loss=2.5, improved=False, seconds=122.0),
    Ended(1200, reason="finished", best_loss=2.125, seconds=183.0),
]


def test_lines():
    stream = io.StringIO()
    tell = PlainProgress(stream)
    for event in EVENTS:
        tell(event)
    assert stream.getvalue().splitlines() == [
        "training 50,000 parameters for 3 epochs, 1,200 steps",
        "step 2/1,200  loss 2.2500  0:11",
        "epoch 1  step 400/1,200  training loss 2.0000  validation loss 2.1250  1:01",
        "epoch 2  step 800/1,200  training loss 1.5000  validation loss 2.5000  (not better)  2:02",
        "ended (finished) after step 1,200, best validation loss 2.1250  3:03",
    ]


def test_going_on_is_said():
    stream = io.StringIO()
    PlainProgress(stream)(Started(7, total_steps=10, epochs=1, parameters=1))
    assert stream.getvalue() == "training 1 parameters for 1 epochs, 10 steps, going on after step 7\n"


def test_events_become_json():
    told = [json.loads(json.dumps(event.as_dict())) for event in EVENTS]
    assert told[4] == {"event": "checkpointed", "step": 400, "path": "m.checkpoint.safetensors"}
    assert told[3]["loss"] == 2.125


def test_clock():
    assert [clock(seconds) for seconds in (0, 59.9, 60, 3600)] == ["0:00", "0:59", "1:00", "60:00"]
