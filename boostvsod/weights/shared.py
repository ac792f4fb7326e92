"""Weights of a related network: everything that both have in common is loaded, and the rest is named.

RCRNet's stages start from one another in this way: RCRNet -> RCRNet with NER, RCRNet -> pseudo-label generator.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from boostvsod import registry
from boostvsod.errors import WeightsError
from boostvsod.stamps import file_stamp
from boostvsod.weights.files import find_weights, read_weights

LEAST = 0.5  # if a smaller share of the network's weights fits, the networks are not related


def load_shared(net: nn.Module, name: str, network: str = "") -> str:
    """Load what fits from a file or cached weights into `net`, a network called `network`. Returns what was loaded.

    A convolution with more input channels than in the file keeps its own weights for the further ones.
    """
    path = find_weights(name)
    card = registry.card_of(network)
    rename = card.rename if card else str
    given = {key: value for old, value in read_weights(path, net).items() if (key := rename(old)) is not None}
    own = net.state_dict()
    fitting = {key: fitted for key, value in own.items() if (fitted := _fitted(value, given.get(key))) is not None}
    share = sum(own[key].numel() for key in fitting) / sum(value.numel() for value in own.values())
    if share < LEAST:
        raise WeightsError(f"{path} does not fit {type(net).__name__}: only {share:.0%} of the weights are in it")
    net.load_state_dict({**own, **fitting})
    return f"{path.name} sha256:{file_stamp(path)[:12]}, {share:.0%} of the weights; untrained: {_rest(own, fitting)}"


def _fitted(own: Tensor, given: Tensor | None) -> Tensor | None:
    """The given tensor in the shape of the network's; None if it does not fit."""
    if given is None or given.ndim != own.ndim:
        return None
    if given.shape == own.shape:
        return given
    wider = own.ndim == 4 and given.shape[1] < own.shape[1]
    if not wider or given.shape[0] != own.shape[0] or given.shape[2:] != own.shape[2:]:
        return None
    return torch.cat([given.to(own.dtype), own[:, given.shape[1] :]], 1)


def _rest(own: Mapping[str, Tensor], fitting: Mapping[str, Tensor]) -> str:
    """The parts of the network that the file does not have."""
    parts = dict.fromkeys(key.split(".")[0] for key in own if key not in fitting)
    return ", ".join(parts) or "nothing"
