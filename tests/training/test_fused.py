"""Networks for inference: batch norms and activations become parts of the convolutions."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from boostvsod.training.fused import ActiveConv, fused


class Small(nn.Module):
    """One convolution of each kind: joined with its activation, read twice, and without an activation."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.joined = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), activation)
        self.depthwise = nn.Sequential(nn.Conv2d(8, 8, 5, padding=4, dilation=2, groups=8), activation)
        self.twice, self.after = nn.Conv2d(8, 8, 1), nn.ReLU()
        self.last = nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.twice(self.depthwise(self.joined(x)))
        y: torch.Tensor = self.last(x + self.after(x))
        return y


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.ReLU6(), nn.SiLU()], ids=lambda x: type(x).__name__)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=["planes", "channels last"])
def test_it_computes_the_same(activation: nn.Module, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    net = Small(activation).eval()
    nn.init.constant_(net.get_buffer("joined.1.running_mean"), 0.5)
    x = (20 * torch.rand(2, 3, 33, 40)).contiguous(memory_format=layout)
    ready = fused(net, "cpu").to(memory_format=layout)
    joined = [part for part in ready.modules() if isinstance(part, ActiveConv)]
    assert len(joined) == (0 if isinstance(activation, nn.SiLU) else 2)
    with torch.inference_mode():
        assert torch.allclose(ready(x), net(x), atol=1e-4)


@pytest.mark.parametrize("after", [nn.ReLU(), nn.BatchNorm2d(3)], ids=lambda x: type(x).__name__)
def test_a_convolution_that_is_called_twice_is_not_joined(after: nn.Module) -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.after = nn.Conv2d(3, 3, 3, padding=1), after

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.conv(self.after(self.conv(x)))
            return y

    torch.manual_seed(0)
    net, x = Shared().eval(), torch.rand(1, 3, 16, 16)
    if isinstance(after, nn.BatchNorm2d):
        nn.init.constant_(after.get_buffer("running_mean"), 0.5)
    with torch.inference_mode():
        plain = net(x)
        assert plain.min() < 0
        assert torch.allclose(fused(net, "cpu")(x), plain, atol=1e-6)


@pytest.mark.parametrize("padding", ["same", "reflected"])
def test_paddings_that_one_dnn_does_not_know(padding: str) -> None:
    shape = {"padding": 1, "padding_mode": "reflect"} if padding == "reflected" else {"padding": "same"}
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3, **shape), nn.BatchNorm2d(4), nn.ReLU()).eval()
    nn.init.constant_(net.get_buffer("1.running_mean"), 0.5)
    ready, x = fused(net, "cpu"), torch.rand(1, 3, 16, 16)
    assert [type(part) for part in ready.children()] == [nn.Conv2d, nn.ReLU]
    with torch.inference_mode():
        assert torch.allclose(ready(x), net(x), atol=1e-6)


def test_a_norm_of_the_batch_stays() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)).eval()
    x = torch.rand(2, 3, 16, 16)
    with torch.inference_mode():
        assert torch.allclose(fused(net, "cpu")(x), net(x), atol=1e-6)


def test_the_network_itself_stays_as_it_was() -> None:
    net = Small(nn.ReLU())
    before = {name: x.clone() for name, x in net.state_dict().items()}
    fused(net, "cpu")
    assert [type(part) for part in net.joined] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    assert all(torch.equal(x, before[name]) for name, x in net.state_dict().items())


@pytest.mark.parametrize("lacking", ["device", "operation"])
def test_elsewhere_only_batch_norms_are_joined(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    device = "cpu"
    if lacking == "device":
        device = "cuda"
    else:
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    kinds = {type(part) for part in fused(Small(nn.ReLU()), device).modules()}
    assert nn.ReLU in kinds
    assert not kinds & {ActiveConv, nn.BatchNorm2d}
