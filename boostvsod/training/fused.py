"""Networks for inference: what a convolution feeds becomes a part of it, so that memory is read and written once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.experimental.optimization import fuse

# What oneDNN can do after a convolution: our activation -> its name there, and its bounds.
ACTIVATIONS: dict[type[nn.Module], tuple[str, list[float]]] = {
    nn.ReLU: ("relu", []),
    nn.ReLU6: ("hardtanh", [0.0, 6.0]),
}


class ActiveConv(nn.Module):
    """A convolution and its activation in one call of oneDNN, which saves a twentieth of a small network's time."""

    def __init__(self, conv: nn.Conv2d, activation: nn.Module) -> None:
        super().__init__()
        self.conv = conv
        self.after = ACTIVATIONS[type(activation)]
        self.shape = [list(each) for each in (conv.padding, conv.stride, conv.dilation)]

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.conv.weight, self.conv.bias
        x = x.to(weight.dtype)  # autocast does not know this operation
        y: Tensor = torch.ops.mkldnn._convolution_pointwise.default(
            x, weight, bias, *self.shape, self.conv.groups, *self.after, None
        )
        return y


def fused(net: nn.Module, device: str) -> nn.Module:
    """A copy of the network, traced, with batch norms inside the convolutions; on a CPU with the activations too.

    It cannot be trained. Networks that torch.fx cannot trace raise whatever their code raises.
    """
    traced = fuse(net.eval())  # `fuse` works on a copy
    assert isinstance(traced, fx.GraphModule), "it always returns what it traced"
    if device == "cpu" and _has_one_dnn():
        _join_activations(traced)
    return traced


def _has_one_dnn() -> bool:
    """Whether torch offers the operation. It is not part of torch's public interface, so it may go."""
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(there) and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def _join_activations(traced: fx.GraphModule) -> None:
    parts = dict(traced.named_modules())
    calls = Counter(node.target for node in traced.graph.nodes)
    for node in traced.graph.nodes:
        if calls[node.target] == 1 and _is_activated(node, parts):
            (after,) = node.users
            joined = ActiveConv(parts[node.target], parts[after.target])
            traced.set_submodule(node.target, joined)
            after.replace_all_uses_with(node)
            traced.graph.erase_node(after)
    traced.recompile()


def _is_activated(node: fx.Node, parts: dict[Any, nn.Module]) -> bool:
    """Whether a node is a plain convolution whose result goes through one activation and nowhere else."""
    users = list(node.users)
    if node.op != "call_module" or len(users) != 1 or users[0].op != "call_module":
        return False
    conv, after = parts[node.target], parts[users[0].target]
    plain = type(conv) is nn.Conv2d and conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
    return plain and type(after) in ACTIVATIONS
