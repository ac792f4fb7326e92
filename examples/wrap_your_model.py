"""Any model as a target, in one file: boostvsod run --target examples/wrap_your_model.py:build --video clip.mp4"""

import torch


def build(runtime):
    net = torch.nn.Conv2d(3, 1, 1).to(runtime.device).eval()  # put your network and its weights here

    def saliency(rgb):  # H W 3 bytes, RGB, read-only -> H W floats in [0, 1]
        x = torch.tensor(rgb).permute(2, 0, 1)[None].float().to(runtime.device) / 255
        with torch.inference_mode():
            return torch.sigmoid(net(x))[0, 0].cpu().numpy()

    return saliency
