"""Networks for inference: what follows a convolution becomes a part of it, so that memory is read and written once.

torch.fx has such a function for batch norms, `torch.fx.experimental.optimization.fuse`. It changes the result of a
network that calls one convolution twice.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

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
    traced = fx.symbolic_trace(copy.deepcopy(net.eval()))
    _join(traced, {nn.BatchNorm2d}, _normed)
    if device == "cpu" and _has_one_dnn():
        _join(traced, ACTIVATIONS, _active)
    traced.delete_all_unused_submodules()
    return traced


def _has_one_dnn() -> bool:
    """Whether torch offers the operation. It is not part of torch's public interface, so it may go."""
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(there) and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


def _normed(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Module | None:
    """The convolution, changed so that its result is normed. None if the norm depends on the batch."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        return None
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, mean, variance, norm.eps, norm.weight, norm.bias
    )
    return conv


def _active(conv: nn.Conv2d, activation: nn.Module) -> nn.Module | None:
    """Both in one. None if oneDNN does not know the padding."""
    known = conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
    return ActiveConv(conv, activation) if known else None


def _join(traced: fx.GraphModule, kinds: Collection[type], join: Callable[[Any, Any], nn.Module | None]) -> None:
    """Put what `join` makes of a convolution and the layer of these kinds that follows it in the place of both.

    The convolution is called once, and only that layer uses its result.
    """
    parts: dict[Any, nn.Module] = dict(traced.named_modules())
    calls = Counter(node.target for node in traced.graph.nodes)
    for node in traced.graph.nodes:
        if calls[node.target] == 1 and _is_followed(node, parts, kinds):
            (after,) = node.users
            joined = join(parts[node.target], parts[after.target])
            if joined is not None:
                traced.set_submodule(node.target, joined)
                after.replace_all_uses_with(node)
                traced.graph.erase_node(after)
    traced.recompile()


def _is_followed(node: fx.Node, parts: dict[Any, nn.Module], kinds: Collection[type]) -> bool:
    """Whether a node is a convolution whose result goes into one layer of these kinds, and nowhere else."""
    users = list(node.users)
    if node.op != "call_module" or len(users) != 1 or users[0].op != "call_module":
        return False
    return type(parts[node.target]) is nn.Conv2d and type(parts[users[0].target]) in kinds
