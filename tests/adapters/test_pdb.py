"""PDB-ConvLSTM is SSAV without its attention head: its authors' outputs cannot be recorded, so SSAV's prove it."""

from __future__ import annotations

import torch

from boostvsod_adapters.nets.ssav import SSAVNet

PLACES = (13, 17)


def test_the_maps_are_those_of_ssav() -> None:
    torch.manual_seed(0)
    ssav, pdb = SSAVNet(PLACES).eval(), SSAVNet(PLACES, attention=False).eval()
    shared = {key: value for key, value in ssav.state_dict().items() if not key.startswith("conv8.")}
    assert set(pdb.state_dict()) == set(shared)
    assert len(ssav.state_dict()) == len(shared) + 2
    pdb.load_state_dict(shared)
    clip = [torch.randn(1, 3, 97, 129) for _ in range(2)]
    with torch.inference_mode():
        both, alone = ssav(clip), pdb(clip)
    assert both[0][0].std() > 0
    for (salient, _), (only,) in zip(both, alone, strict=True):
        assert torch.equal(salient, only)
