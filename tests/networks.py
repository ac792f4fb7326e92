"""Small network files as people have them on disk: as rembg keeps, of torchvision, of the Hugging Face hub."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file


def write_network(path: Path, side: int, scale: float = 1.0) -> Path:
    """A file with the signature of rembg's: a picture 1 3 S S in, several maps 1 1 S S out; the first is red."""
    from onnx import TensorProto, helper, numpy_helper, save

    entry = helper.make_tensor_value_info("input.1", TensorProto.FLOAT, [1, 3, side, side])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, side, side]) for name in ("1959", "1960")]
    layers = np.array([[[[scale]], [[0]], [[0]]], [[[0]], [[scale]], [[0]]]], np.float32)
    weights = [numpy_helper.from_array(layers[k : k + 1], f"w{k}") for k in range(2)]
    nodes = [helper.make_node("Conv", ["input.1", f"w{k}"], [ends[k].name]) for k in range(2)]
    graph = helper.make_graph(nodes, "net", [entry], ends, weights)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def weights_of_torchvision(folder: Path, name: str = "lraspp_mobilenet_v3_large", classes: int = 3) -> Path:
    from torchvision.models import get_model

    torch.manual_seed(0)
    net = get_model(name, weights=None, weights_backbone=None, num_classes=classes)
    torch.save(net.state_dict(), folder / "w.pth")
    return folder / "w.pth"


NETWORK = """import torch
from transformers import PretrainedConfig, PreTrainedModel

class TinyConfig(PretrainedConfig):
    model_type = "tiny"

class BiRefNet(PreTrainedModel):
    config_class = TinyConfig
    def __init__(self, config):
        super().__init__(config)
        self.scale = torch.nn.Parameter(torch.ones(1))
        self.post_init()
    def forward(self, x):
        return [x[:, :1] * 0, x[:, 1:2] * self.scale]
"""


def write_repository(folder: Path) -> Path:
    """A repository of the hub as BiRefNet's: its code, its configuration, its weights."""
    folder.mkdir(parents=True)
    (folder / "birefnet.py").write_text(NETWORK)
    names = {"AutoConfig": "birefnet.TinyConfig", "AutoModelForImageSegmentation": "birefnet.BiRefNet"}
    config = {"architectures": ["BiRefNet"], "auto_map": names, "model_type": "tiny"}
    (folder / "config.json").write_text(json.dumps(config))
    save_file({"scale": torch.full((1,), 3.0)}, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
