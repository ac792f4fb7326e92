"""The segmentation networks of torchvision, with weights from a file: torchvision:NAME. Nothing is downloaded.

Their classes are no saliency. Everything that is not background counts as salient, unless `channel` chooses one class.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from boostvsod.errors import ConfigError, WeightsError
from boostvsod.hookspecs import hookimpl
from boostvsod.kinds import Target
from boostvsod.media.form_options import fields_of, takes_form
from boostvsod.offer import Offer
from boostvsod.runtime import Runtime

if TYPE_CHECKING:
    from torch import Tensor, nn

SIZE = 520  # of the published weights
LAST_LAYERS = ("classifier.4.weight", "classifier.low_classifier.weight")  # one row a class


@takes_form
def build(network: str, runtime: Runtime, form: dict[str, Any], weights: str = "") -> Target:
    """`network`: its name, as torchvision calls it; `weights`: a file of its state_dict."""
    from boostvsod.media.forms import Form
    from boostvsod.weights.modules import ModuleTarget

    net = _net(network, weights)
    objects = {"channel": 0, "invert": True} if "channel" not in form else {}
    known: dict[str, Any] = {"height": SIZE, "width": SIZE, "activation": "softmax", **objects}
    return ModuleTarget(net, runtime, f"torchvision:{network}", Form(**{**known, **fields_of(form)}))


def _net(name: str, weights: str) -> nn.Module:
    """The network with the classes and the auxiliary head that its weights have."""
    from torchvision.models import get_model, list_models, segmentation

    from boostvsod.weights.files import find_weights, fit_weights, read_weights

    names = list_models(segmentation)
    if name not in names:
        raise ConfigError(f"torchvision:{name}: no such segmentation network; there are: {', '.join(names)}")
    if not weights:
        raise WeightsError(f"torchvision:{name} needs the file of its weights: --weights FILE; nothing is downloaded")
    path = find_weights(weights)
    tensors = read_weights(path)
    auxiliary = any(key.startswith("aux_classifier.") for key in tensors)
    extra = {} if name.startswith("lraspp") else {"aux_loss": auxiliary}
    net: nn.Module = get_model(name, weights=None, weights_backbone=None, num_classes=_classes(tensors), **extra)
    fit_weights(net, tensors, str(path))
    return net


def _classes(tensors: Mapping[str, Tensor]) -> int:
    """The number of classes that weights were trained for; 21 if they do not say, and then they do not fit."""
    return next((len(tensors[key]) for key in LAST_LAYERS if key in tensors), 21)


def made_of(network: str, **options: Any) -> list[str]:
    """The version of torchvision counts into the key of a run."""
    from importlib.metadata import version

    return [f"torchvision {version('torchvision')}"]


@hookimpl
def offer_targets() -> list[Offer[Target]]:
    summary = "a segmentation network of torchvision: torchvision:NAME with --weights FILE"
    return [Offer("torchvision", summary, build, made_of=made_of)]
