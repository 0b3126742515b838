"""The steps of a training of the EED decoder in PyTorch, as bench/training.ts has them.

    python3 bench/torch_training.py THREADS STEPS

Prints the median of the steps in milliseconds, the median of their CPU time, and the
peak memory in MB, as JSON.
"""

import json
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import torch  # noqa: E402
from networks import with_nmode  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

WIDTHS = (16, 32, 64, 128, 128)
BATCH, SIDE, WARM_UP = 8, 256, 2
threads, steps = (int(argument) for argument in sys.argv[1:])
torch.set_num_threads(threads)


class Features(nn.Module):
    """In the place of an encoder: features in half precision."""

    def __init__(self) -> None:
        super().__init__()
        self.widths = WIDTHS
        self.features = [
            (0.5 + 1.5 * torch.rand(BATCH, width, SIDE >> level, SIDE >> level)).half()
            for level, width in enumerate(WIDTHS)
        ][::-1]

    def encode(self, image):
        return [feature.float() for feature in self.features]


def used() -> float:
    """CPU time of the process, in milliseconds."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (usage.ru_utime + usage.ru_stime)


model = with_nmode("eed", Features).train()
logits = []
model.outc.register_forward_hook(lambda _, __, output: logits.append(output))
image = torch.zeros(BATCH, 3, SIDE, SIDE)
targets = 0.1 + 0.8 * (torch.arange(SIDE) < SIDE / 2).float().expand(BATCH, 1, SIDE, SIDE)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=1e-4)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, 500)
times, cpu = [], []
for _ in range(WARM_UP + steps):
    start, before = time.perf_counter(), used()
    probabilities = model(image)
    common = (probabilities * targets).sum()
    dice = (2 * common + 1) / (probabilities.sum() + targets.sum() + 1)
    loss = F.binary_cross_entropy_with_logits(logits.pop(), targets) + 1 - dice
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    times.append(1000 * (time.perf_counter() - start))
    cpu.append(used() - before)
figures = {
    "milliseconds": statistics.median(times[WARM_UP:]),
    "cpu": statistics.median(cpu[WARM_UP:]),
}
print(json.dumps(figures))
print("VmHWM", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
