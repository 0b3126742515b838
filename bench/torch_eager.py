"""The median of a network's runs in PyTorch's eager mode, in milliseconds.

    python3 bench/torch_eager.py CHECKPOINT [--decoder {eed,hd,lmd}] [--threads 2]
                                 [--runs 20]
"""

import statistics
import time

import pytorch
import torch

parser = pytorch.parser(__doc__)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--runs", type=int, default=20)
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
model = pytorch.load(arguments.checkpoint, arguments.decoder)
image = torch.rand(pytorch.SIZE)
times = []
with torch.no_grad():
    # The first run also allocates.
    for _ in range(arguments.runs + 1):
        start = time.perf_counter()
        model(image)
        times.append(1000 * (time.perf_counter() - start))
print(statistics.median(times[1:]))
