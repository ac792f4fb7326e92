"""Batches from mined frames, and runs that learn from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made import FORCED, write_pictures

from boostvsod import boost
from boostvsod.boosting.finetune import mirrored_by_turns
from boostvsod.kinds import Mined, Student
from boostvsod.media.synthetic import make_clip


def test_mined_frames_are_mirrored_every_second_time() -> None:
    ramp = torch.arange(4.0).expand(3, 1, 1, 4) + torch.tensor([0, 10, 20]).view(3, 1, 1, 1)

    def draw(step: int, generator: torch.Generator) -> tuple[torch.Tensor, ...]:
        order = [k % 3 for k in (2 * step, 2 * step + 1)]
        return ramp[order].expand(-1, 3, -1, -1), ramp[order], torch.ones(2, 1, 1, 4)

    turned = mirrored_by_turns(draw, 3)
    first = []
    for step in range(6):
        rgb, truth, _ = turned(step, torch.Generator())
        assert torch.equal(rgb[:, :1], truth)
        first += truth[:, 0, 0, 0].tolist()
    assert first == [0, 10, 20, 3, 13, 23] * 2


def test_a_run_learns_from_what_was_filled_in(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "clip", make_clip(8, 96, 128).frames)
    few = [*FORCED, "recipe.miner=random", "random.share=0.3", "lite.weights=lite"]
    few.remove("nr.threshold=1.1")
    plain = boost(folder, "lite", "nr", tmp_path / "plain", settings=few)
    dense = boost(folder, "lite", "nr", tmp_path / "dense", settings=[*few, "recipe.densifier=warp"])
    assert dense.mined == plain.mined, "filled frames are not mined ones"
    assert len(dense.record["losses"]["0"]) > len(plain.record["losses"]["0"])
    assert "filled in" in dense.decisions[0].why
    assert any(not np.array_equal(a, b) for a, b in zip(plain.maps, dense.maps, strict=True))


@pytest.mark.parametrize(("most", "steps"), [(0, 6), (4, 4), (9, 6)])
def test_the_steps_of_a_piece_are_bounded(tmp_path: Path, most: int, steps: int) -> None:
    folder = write_pictures(tmp_path / "clip", make_clip(6, 64, 64).frames)
    every = ["recipe.miner=random", "random.share=1.0", "recipe.student=lite", "train.lambda=1", "train.size=64"]
    bounded = [*every, "train.batch=1", f"recipe.most_steps={most}"]
    result = boost(folder, "classic", "nr", tmp_path / "out", settings=bounded)
    assert len(result.record["losses"]["0"]) == steps


def test_clips_have_a_loss_only_on_mined_frames(tmp_path: Path) -> None:
    from boostvsod.boosting.finetune import draw_clips
    from boostvsod.media.video import Video

    video = Video.open(make_clip(6, 48, 64).frames)
    piece = video.pieces(100)[0]
    student = Student(torch.nn.Identity(), 32, window=3)
    found = [Mined(i, np.full((48, 64), 0.25 * (i + 1), np.float32), 1.0, "") for i in (0, 1)]
    draw = draw_clips(piece, found, student, 2)
    clips, truth, weight = draw(0, torch.Generator())
    assert clips.shape == (2, 3, 3, 32, 32)
    assert truth.shape == weight.shape == (6, 1, 32, 32)
    order = [float(t.mean()) for t in truth]
    assert sorted(order) == pytest.approx(sorted([0.25, 0.25, 0.5, 0.25, 0.5, 0])), "the first frame is repeated"
    assert [float(w.mean()) for w in weight] == [float(value > 0) for value in order]


@pytest.mark.slow
def test_a_video_network_is_its_own_student(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "clip", make_clip(4, 64, 64).frames)
    quick = ["target.weights=random", "target.size=64", "recipe.student=twin", "train.size=64", "train.epochs=1"]
    mining = ["mqpm.threshold=0.0", "mqpm.T=2"]
    result = boost(folder, "rcrnet-ner", "mqpm", tmp_path / "out", settings=[*quick, *mining], precision="fp32")
    assert result.decisions[0].choice == "boosted"
    assert result.record["losses"]["0"]
    assert any(not np.array_equal(a, b) for a, b in zip(result.baseline, result.maps, strict=True))
