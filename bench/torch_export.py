"""What a PyTorch user does today: load a checkpoint and call torch.onnx.export.

    python3 bench/torch_export.py CHECKPOINT OUTPUT.onnx
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import torch  # noqa: E402
from networks import network  # noqa: E402

checkpoint, output = sys.argv[1:]
state = torch.load(checkpoint, map_location="cpu")
width = state["inc.double_conv.0.weight"].shape[0]
model = network("eed", [width * factor for factor in (1, 2, 4, 8, 8)], order="CR_B", activation="gelu")
model.load_state_dict(state)
torch.onnx.export(model.eval(), torch.zeros(1, 3, 256, 256), output, opset_version=16)

status = Path("/proc/self/status").read_text()
print("VmHWM", status.split("VmHWM:")[1].split()[0], file=sys.stderr)
