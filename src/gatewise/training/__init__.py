"""The training loop, truncated back-propagation, checkpoints, events and progress."""

from gatewise.training.bptt import StreamNetwork, StreamReader, TruncatedBPTT, stream_loss
from gatewise.training.checkpoint import (
    checkpoint_path,
    fingerprint_of,
    mark_ended,
    read_checkpoint,
    restore,
    was_ended,
    write_checkpoint,
)
from gatewise.training.events import (
    Checkpointed,
    CrossFitting,
    Ended,
    Event,
    Listener,
    Started,
    Stepped,
    Validated,
)
from gatewise.training.interrupt import Interrupt
from gatewise.training.loop import Learner, Loop, Progress
from gatewise.training.minibatches import (
    ExampleNetwork,
    Examples,
    Minibatches,
    batches_by_length,
    mean_loss,
)
from gatewise.training.progress import PlainProgress, clock

__all__ = [
    "Checkpointed",
    "CrossFitting",
    "Ended",
    "Event",
    "ExampleNetwork",
    "Examples",
    "Interrupt",
    "Learner",
    "Listener",
    "Loop",
    "Minibatches",
    "PlainProgress",
    "Progress",
    "Started",
    "Stepped",
    "StreamNetwork",
    "StreamReader",
    "TruncatedBPTT",
    "Validated",
    "batches_by_length",
    "checkpoint_path",
    "clock",
    "fingerprint_of",
    "mark_ended",
    "mean_loss",
    "read_checkpoint",
    "restore",
    "stream_loss",
    "was_ended",
    "write_checkpoint",
]
