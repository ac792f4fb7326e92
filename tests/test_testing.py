"""The contract checks: they fail for faulty parts, and pass for good ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from boostvsod import testing as contract


class Broken:
    """A target with one fault at a time, to see that the checks can fail."""

    window = 1
    batch = 4

    def __init__(self, fault: str) -> None:
        self.fault, self.calls, self.net = fault, 0, torch.nn.Linear(1, 1)

    def predict(self, windows: Any) -> list[np.ndarray]:
        self.calls += 1
        maps = [w.frame.rgb.mean(2).astype(np.float32) / 255 for w in windows]
        match self.fault:
            case "shape":
                maps = [m.T.copy() for m in maps]
            case "range":
                maps = [m * 300 for m in maps]
            case "nan":
                maps = [m * np.nan for m in maps]
            case "dtype":
                maps = [(m * 255).astype(np.uint8) for m in maps]
            case "order":
                maps = maps[::-1]
            case "count":
                maps = maps[:-1]
            case "random":
                maps = [np.clip(m + 1e-4 * self.calls, 0, 1).astype(np.float32) for m in maps]
            case "weights":
                torch.nn.init.constant_(self.net.weight, self.calls)
        return maps


@pytest.mark.parametrize("fault", ["shape", "range", "nan", "dtype", "order", "count", "random", "weights"])
def test_the_checks_can_fail(fault: str) -> None:
    from boostvsod.errors import PluginError

    with pytest.raises((AssertionError, PluginError)):
        contract.check_target(lambda: Broken(fault))


def test_the_checks_pass_what_is_right() -> None:
    contract.check_target(lambda: Broken("none"))
