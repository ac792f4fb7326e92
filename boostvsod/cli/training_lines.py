"""Progress of a training on a terminal."""

from __future__ import annotations

import time

from boostvsod.cli.options import say

LOSS_EVERY = 15.0  # seconds between two lines about the loss
SMOOTHING = 0.01  # weight of the last loss in the running mean


class TrainingLines:
    """Prints a training's messages, and a line with step, loss and time left every few seconds."""

    def __init__(self) -> None:
        self.started = self.last_line = time.monotonic()
        self.first_step, self.mean_loss = 0, 0.0

    def message(self, text: str) -> None:
        """Print one line."""
        say(text)

    def step(self, step: int, steps: int, loss: float) -> None:
        """Print the running mean of the loss if the last line is old enough."""
        if not self.first_step:
            self.first_step, self.mean_loss = step, loss
        self.mean_loss += SMOOTHING * (loss - self.mean_loss)
        now = time.monotonic()
        if now - self.last_line > LOSS_EVERY or step == steps:
            left = (now - self.started) / (step - self.first_step + 1) * (steps - step)
            say(f"step {step}/{steps}  loss {self.mean_loss:.4f}  {left:.0f} s left")
            self.last_line = now
