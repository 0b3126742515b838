"""What a PyTorch user does today: load a checkpoint and call torch.onnx.export.

    python3 bench/torch_export.py CHECKPOINT OUTPUT.onnx [--decoder {eed,hd,lmd}]
"""

import sys
from pathlib import Path

import pytorch
import torch

parser = pytorch.parser(__doc__)
parser.add_argument("output")
arguments = parser.parse_args()
model = pytorch.load(arguments.checkpoint, arguments.decoder)
torch.onnx.export(model, torch.zeros(pytorch.SIZE), arguments.output, opset_version=16)

status = Path("/proc/self/status").read_text()
print("VmHWM", status.split("VmHWM:")[1].split()[0], file=sys.stderr)
