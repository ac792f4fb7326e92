"""Encoders of timm, by name."""

from __future__ import annotations

from typing import Any

from torch import nn

from boostvsod.errors import ConfigError, WeightsError
from boostvsod.weights.offline import bind_libraries, require_online

HUB = "hf-hub:"  # names of models on the Hugging Face hub, whose description alone needs a download


def timm_backbone(name: str, *, pretrained: bool, **options: Any) -> nn.Module:
    """A timm network that returns the features of every level. With `pretrained`, timm may download its weights."""
    if pretrained or name.startswith(HUB):
        require_online(f"backbone {name!r}{' with its own weights' if pretrained else ''}")
    bind_libraries()
    import timm

    try:
        network: nn.Module = timm.create_model(name, features_only=True, pretrained=pretrained, **options)
    except RuntimeError as error:
        if "Unknown model" not in str(error) and "Invalid pretrained tag" not in str(error):
            raise
        raise ConfigError(f"backbone {name!r}: timm has no model of this name ({error})") from error
    except OSError as error:  # every failure of a download is one
        reason = " ".join(str(error).split())
        raise WeightsError(f"backbone {name!r} could not be downloaded: {reason}") from error
    return network
