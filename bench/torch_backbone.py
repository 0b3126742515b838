"""A network of fresh weights as PyTorch's own exporter writes it, and its checkpoint.

    python3 bench/torch_backbone.py BACKBONE {original,eed,hd,lmd} OUT.pth OUT.onnx
"""

import argparse
import sys
from pathlib import Path
from typing import Callable, Dict

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import torch  # noqa: E402
from egeunet import EgeEncoder, OriginalEgeUNet  # noqa: E402
from encoders import ENCODERS, TorchvisionEncoder  # noqa: E402
from kin import (  # noqa: E402
    AttentionEncoder,
    NestedEncoder,
    OriginalAttentionUNet,
    OriginalSmpUnet,
    OriginalUNetPlusPlus,
)
from networks import network, with_nmode  # noqa: E402
from torch import nn  # noqa: E402

SIZE = (1, 3, 256, 256)
WIDTHS = {
    "unet": (64, 128, 256, 512, 512),
    "attention_unet": (64, 128, 256, 512, 1024),
    "unetplusplus": (32, 64, 128, 256, 512),
    "egeunet": (8, 16, 24, 32, 48, 64),
}


def build(backbone: str, decoder: str) -> nn.Module:
    """The network in its published widths."""
    widths = WIDTHS.get(backbone)
    if backbone == "unet":
        return network(decoder, widths)
    originals: Dict[str, Callable[[], nn.Module]] = {
        "attention_unet": lambda: OriginalAttentionUNet(widths, 1),
        "unetplusplus": lambda: OriginalUNetPlusPlus(widths, 1, False),
        "egeunet": lambda: OriginalEgeUNet(widths, 1),
    }
    encoders = {
        "attention_unet": AttentionEncoder,
        "unetplusplus": NestedEncoder,
        "egeunet": EgeEncoder,
    }
    if decoder == "original":
        return originals.get(backbone, lambda: OriginalSmpUnet(backbone))()
    if backbone in ENCODERS:
        return with_nmode(decoder, TorchvisionEncoder, backbone, False)
    return with_nmode(decoder, encoders[backbone], widths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backbone", choices=(*WIDTHS, *ENCODERS))
    parser.add_argument("decoder", choices=("original", "eed", "hd", "lmd"))
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("model", type=Path)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    model = build(arguments.backbone, arguments.decoder).eval()
    torch.save(model.state_dict(), arguments.checkpoint)
    torch.onnx.export(model, torch.rand(SIZE), str(arguments.model), opset_version=16)


if __name__ == "__main__":
    main()
