"""Numbers as curves in TensorBoard."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from posalign_sim.experiments.extras import require


class Tensorboard:
    """Writes scalars that `tensorboard --logdir FOLDER/tensorboard` shows while they come.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        """See the class."""
        require("tensorboard", "sink tensorboard", "tensorboard")
        from tensorboard.compat.proto import event_pb2, summary_pb2
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._event, self._summary = event_pb2.Event, summary_pb2.Summary
        self._writer = EventFileWriter(str(folder / "tensorboard"))

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """See `Sink.record`."""
        scalars = [
            self._summary.Value(tag=name, simple_value=float(value))
            for name, value in values.items()
        ]
        summary = self._summary(value=scalars)
        self._writer.add_event(self._event(wall_time=time.time(), step=step, summary=summary))
        self._writer.flush()

    def close(self) -> None:
        """See `Sink.close`."""
        self._writer.close()
