"""How to optimise: plain settings, free of torch, so that recipes can be read in no time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainOptions:
    """How to optimise.

    `lr` 0 means the student's own rate for that kind of optimiser times `lr_scale`; `size` 0 means the
    student's own.
    """

    lr: float = 0.0
    lr_scale: float = 1.0
    optimizer: str = "adamw"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    loss: str = "bce+iou"
    side: float = 0.4  # weight of every side output's loss
    batch: int = 8
    size: int = 0
    schedule: str = "constant"
    clip: float = 0.0  # gradient norm; 0 leaves gradients alone
    ema: float = 0.0  # decay of the averaged weights that are kept in the end; 0 keeps the last ones
    freeze_bn: bool = True  # batch statistics of a handful of frames of one video are worse than none
    freeze: str = ""  # what begins with this (as "encoder") stays as it is, batch statistics included
    accumulate: int = 1  # batches per optimiser step


WHOLE_SET = TrainOptions(optimizer="adamw", schedule="onecycle", batch=16, ema=0.999, freeze_bn=False)
AS_RCRNET = TrainOptions(optimizer="adam", loss="bce", weight_decay=0.0, batch=1)  # IV-A of its paper
