"""The smallest useful boostvsod plugin. Copy this folder, rename it, and replace `predict` and `mine`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from boostvsod import Offer, Window, hookimpl

if TYPE_CHECKING:
    import click

    from boostvsod.kinds import Evidence, Map, Miner, Mining, Target

boostvsod_api = 1


class Redness:
    """A target whose salient pixels are red."""

    window = 1
    batch = 8

    def __init__(self, gain: float) -> None:
        self.gain = gain

    def predict(self, windows: Sequence[Window]) -> list[Map]:
        import numpy as np

        pictures = (window.frame.rgb.astype(np.float32) / 255 for window in windows)
        return [np.clip(self.gain * (rgb[..., 0] - rgb[..., 1:].max(2)), 0, 1) for rgb in pictures]


class EveryNth:
    """A miner that chooses every n-th frame."""

    def __init__(self, n: int) -> None:
        self.n = n

    def mine(self, evidence: Evidence) -> Mining:
        from boostvsod.kinds import Mined, Mining, Verdict

        chosen = range(0, len(evidence.frames), self.n)
        mined = tuple(Mined(i, evidence.target[i], 1.0, f"one frame in {self.n}") for i in chosen)
        verdicts = (Verdict(i in chosen, {}, f"one frame in {self.n}") for i in range(len(evidence.frames)))
        return Mining(mined, tuple(verdicts))


def redness(gain: float = 2.0) -> Target:
    return Redness(gain)


def every_nth(n: int = 5) -> Miner:
    return EveryNth(n)


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    return [Offer("redness", "red pixels are salient (an example)", redness)]


@hookimpl
def offer_miners() -> list[Offer[Miner]]:
    return [Offer("every-nth", "every n-th frame (an example)", every_nth)]


@hookimpl
def add_commands(cli: click.Group) -> None:
    import click

    @cli.command("hello")
    def hello() -> None:
        """Print a greeting from the example plugin."""
        click.echo("hello from the example plugin")
