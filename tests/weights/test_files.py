"""Weight files are read safely and converted."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from made import call

from boostvsod import build
from boostvsod.errors import WeightsError
from boostvsod.runtime import Runtime
from boostvsod.weights.files import read_weights


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    class Bad:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "bad.pth").write_bytes(pickle.dumps({"a": Bad()}))
    refused = call("weights", "add", "raft-small", str(tmp_path / "bad.pth"))
    assert refused.exit_code == 5
    assert not (tmp_path / "ran").exists()


def test_convert(raft_small_file: Path, tmp_path: Path) -> None:
    done = call("weights", "convert", str(raft_small_file), str(tmp_path / "out.safetensors"))
    assert done.exit_code == 0, done.output
    assert "they fit: raft-small" in done.output
    before, after = read_weights(raft_small_file), read_weights(tmp_path / "out.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert call("weights", "convert", str(raft_small_file), str(tmp_path / "out.pth")).exit_code == 2


def test_weights_are_loaded_safely_or_refused(tmp_path: Path) -> None:
    import pickle

    from boostvsod.weights.files import read_weights, save_weights

    net = build("students", "lite", Runtime(), weights="none").net
    save_weights(net, tmp_path / "good.safetensors")
    wrapped = {"state_dict": {f"module.{k}": v for k, v in net.state_dict().items() if "num_batches" not in k}}
    torch.save(wrapped, tmp_path / "wrapped.pth")
    for name in ("good.safetensors", "wrapped.pth"):
        student = build("students", "lite", Runtime(), weights=str(tmp_path / name))
        assert name in student.origin
        first = next(iter(net.state_dict().values()))
        assert torch.allclose(next(iter(student.net.state_dict().values())), first, atol=1e-3)

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (print, ("this must never run",))

    with (tmp_path / "evil.pth").open("wb") as file:
        pickle.dump({"state_dict": Evil()}, file)
    with pytest.raises(WeightsError, match=r"could run code|cannot be read"):
        read_weights(tmp_path / "evil.pth")
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"does not fit LiteNet: \d+ missing .*; 1 unknown \(conv.weight\)"):
        build("students", "lite", Runtime(), weights=str(tmp_path / "other.pth"))
    with pytest.raises(WeightsError, match="neither a file, nor bundled, nor cached; bundled are: lite"):
        build("students", "lite", Runtime(), weights="ghost")
