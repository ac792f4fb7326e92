"""RCRNet's protocol m/l: which frames are learnt from, and pseudo-labels as a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import call, write_maps, write_pictures

from boostvsod import build
from boostvsod.datasets.pairs import Pairs
from boostvsod.errors import WeightsError
from boostvsod.kinds import Mined
from boostvsod.media.synthetic import Clip
from boostvsod.training.clips import triples
from boostvsod.weights.files import save_weights
from boostvsod.weights.shared import load_shared


def test_triples_are_evenly_spaced_labelled_frames() -> None:
    given = [Mined(i, np.zeros((2, 2), np.float32), 1.0, "") for i in (0, 5, 10, 12, 14, 20)]
    assert [(a.index, b.index, c.index) for a, b, c in triples(given)] == [(0, 5, 10), (10, 12, 14)]


@pytest.fixture
def sparse(tmp_path: Path, clip: Clip) -> Path:
    """Two clips of which frames 0, 4 and 8 have a mask."""
    for name in ("a", "b"):
        write_pictures(tmp_path / "sparse" / name / "frames", clip.frames[:10])
        write_maps(tmp_path / "sparse" / name / "masks", clip.truth[:10:4], [f"{i:05d}" for i in (0, 4, 8)])
    return tmp_path / "sparse"


@pytest.mark.parametrize(("every", "made", "known"), [(4, 1, [0, 2, 4, 6, 8]), (8, 0, [0, 8]), (5, 3, [0, 2, 4, 6, 8])])
def test_pseudo_labels_are_a_data_set(every: int, made: int, known: list[int], sparse: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    done = call("pseudo-label", sparse, "--every", every, "--made", made, "-o", out)
    assert done.exit_code == 0, done.output
    pairs = Pairs.open(out)
    assert [Path(pair.mask).stem for pair in pairs.clips()[0].pairs] == [f"{i:05d}" for i in known]
    assert len(pairs.clips()) == 2
    record = json.loads((out / "labels.json").read_text())
    given = [0, 4, 8] if every == 4 else [0, 8]
    assert record["clips"]["a"] == [f"{i:05d}" for i in known if i not in given]
    original = dict(zip((0, 4, 8), Pairs.open(sparse).clips()[0].read(), strict=True))
    for i, (rgb, mask) in zip(known, pairs.clips()[0].read(), strict=True):
        assert mask.max() > 0.4, "where both neighbours disagree it is one half"
        if i in given:
            assert (rgb == original[i][0]).all()
            assert (mask == original[i][1]).all()
    assert call("pseudo-label", sparse, "--every", every, "--made", made, "-o", out).exit_code == 0, "the same again"
    refused = call("pseudo-label", sparse, "-o", sparse)
    assert refused.exit_code != 0


@pytest.mark.slow
def test_stages_start_from_one_another(tmp_path: Path) -> None:
    image = build("students", "rcrnet", weights="none").core
    assert image is not None
    save_weights(image, tmp_path / "rcrnet.safetensors", half=False)
    target: Any = build("targets", "rcrnet-ner", weights="none", size=64)
    video = target.twin().core
    told = load_shared(video, str(tmp_path / "rcrnet.safetensors"), "rcrnet-ner")
    assert "untrained: convgru_forward, convgru_backward, bidirection_conv, non_local_block, non_local_block2" in told
    own, given = video.state_dict(), image.state_dict()
    assert all(torch.equal(own[key], given[key]) for key in given)
    densifier: Any = build("densifiers", "fgplg", weights="none")
    generator = densifier.student().net
    first = "backbone.resnet.conv1.weight"
    before = generator.state_dict()[first].clone()
    assert "untrained: nothing" in load_shared(generator, str(tmp_path / "rcrnet.safetensors"), "fgplg")
    after = generator.state_dict()[first]
    assert torch.equal(after[:, :3], given[first])
    assert torch.equal(after[:, 3:], before[:, 3:])
    with pytest.raises(WeightsError, match=r"does not fit .*: only 0% of the weights"):
        load_shared(torch.nn.Linear(2, 2), str(tmp_path / "rcrnet.safetensors"))
