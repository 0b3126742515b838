"""What `nmode slim` does, in PyTorch, as bench/slim.ts runs it.

    python3 bench/torch_slim.py SETTINGS

SETTINGS is JSON: the checkpoint of a U-Net with its own decoder, a folder of images, the
numbers of images that are trained on, choose the weights and chose nothing, and how the
EED decoder is trained. The encoder's features of every view of an image are computed once
and kept in half precision; batches are cropped from them. The weights that agree best with
the teacher on the second part are kept, and what they agree to on the third is printed as
JSON, with the seconds of each part.
"""

import json
import random
import resource
import sys
import time
from pathlib import Path
from typing import Iterator, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import torch  # noqa: E402
from check import release_widths, state_dict  # noqa: E402
from networks import network, with_nmode  # noqa: E402
from PIL import Image  # noqa: E402
from predict import preprocess  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

settings = json.loads(sys.argv[1])
torch.set_num_threads(settings["threads"])
torch.manual_seed(settings["seed"])
random.seed(settings["seed"])
weights = state_dict(Path(settings["checkpoint"]))
widths = release_widths(weights["inc.double_conv.0.weight"].shape[0])
STRIDE = 1 << (len(widths) - 1)


class Features(nn.Module):
    """In the place of an encoder: the features of a batch, the deepest first."""

    def __init__(self) -> None:
        super().__init__()
        self.widths = widths
        self.batch: List[Tensor] = []

    def encode(self, image: Tensor) -> List[Tensor]:
        return [feature.float() for feature in self.batch]


def views_of(image: Tensor) -> Iterator[Tensor]:
    """The image, and as many turned ones as are wanted."""
    turned = [image, image.flip(3), image.flip(2, 3), image.transpose(2, 3)]
    return iter(turned[: settings["views"]])


def answered(teacher: nn.Module, image: Tensor) -> List[Tensor]:
    """Features, the deepest first, and probabilities, in half precision."""
    features = teacher.encode(image)
    encode, teacher.encode = teacher.encode, lambda _: features
    probabilities = teacher(image)
    teacher.encode = encode
    return [tensor.half() for tensor in [*features, probabilities]]


def collected(paths: List[Path], is_turned: bool) -> List[Tensor]:
    """Of all images, and of each tensor, one tensor in half precision."""
    teacher = network("original", widths, transposed="up1.up.weight" in weights)
    teacher.load_state_dict(weights)
    rows = []
    with torch.no_grad():
        for path in paths:
            with Image.open(path) as image:
                pixels = preprocess(image)
            views = views_of(pixels) if is_turned else [pixels]
            rows.extend(answered(teacher, view) for view in views)
    return [torch.cat(tensors) for tensors in zip(*rows)]


def cropped(tensors: List[Tensor], chosen: Tensor) -> List[Tensor]:
    """The records of a batch; a random part of each, at a multiple of the stride."""
    height, width = tensors[-1].shape[-2:]
    side = settings["crop"]
    if side == 0:
        return [tensor[chosen] for tensor in tensors]
    corners = [
        [STRIDE * random.randint(0, (size - side) // STRIDE) for size in (height, width)]
        for _ in chosen
    ]

    def part(tensor: Tensor, index: Tensor, top: int, left: int) -> Tensor:
        scale = height // tensor.shape[-2]
        rows = slice(top // scale, (top + side) // scale)
        return tensor[index, :, rows, left // scale : (left + side) // scale]

    return [
        torch.stack([part(tensor, i, *corner) for i, corner in zip(chosen, corners)])
        for tensor in tensors
    ]


def loss_of(logits: Tensor, targets: Tensor) -> Tensor:
    probabilities = logits.sigmoid()
    apart = (probabilities - targets).abs().sum()
    both = probabilities.sum() + targets.sum()
    dice = apart / (both + 1)
    return F.binary_cross_entropy_with_logits(logits, targets) + dice


def agreement(student: nn.Module, tensors: List[Tensor]) -> float:
    """The mean over images of the DSC of the student's masks with the teacher's."""
    student.eval()
    scores = []
    with torch.no_grad():
        for first in range(0, len(tensors[-1]), settings["batch"]):
            *student.batch, answers = (t[first : first + settings["batch"]] for t in tensors)
            found = student(answers) >= 0.5
            wanted = answers >= 0.5
            both = (found & wanted).sum((1, 2, 3))
            all_of = found.sum((1, 2, 3)) + wanted.sum((1, 2, 3))
            scores.append((2 * both + (all_of == 0)) / all_of.clamp(min=1))
    return torch.cat(scores).mean().item()


def trained(train: List[Tensor], held_out: List[Tensor]) -> nn.Module:
    """The decoder with the weights that agree best on the images that are held out."""
    student = with_nmode("eed", Features).train()
    logits: List[Tensor] = []
    student.outc.register_forward_hook(lambda _, __, output: logits.append(output))
    optimizer = torch.optim.AdamW(
        student.parameters(), lr=settings["rate"], weight_decay=settings["weightDecay"]
    )
    steps = settings["steps"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings["rate"], steps)
    fixed = round(steps * (1 - settings["fixed"]))
    best: Tuple[float, dict] = (-1.0, {})
    order = torch.empty(0, dtype=torch.long)
    for step in range(steps):
        student.train(step < fixed)
        if len(order) < settings["batch"]:
            order = torch.cat([order, torch.randperm(len(train[-1]))])
        chosen, order = order[: settings["batch"]], order[settings["batch"] :]
        *student.batch, targets = cropped(train, chosen)
        logits.clear()
        student(targets)
        loss = loss_of(logits.pop(), targets.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % settings["lookEvery"] == 0 or step + 1 == steps:
            found = agreement(student, held_out)
            if found > best[0]:
                best = (found, {key: t.clone() for key, t in student.state_dict().items()})
    student.load_state_dict(best[1])
    return student


def main() -> None:
    paths = sorted(Path(settings["images"]).glob("*.jpg"))
    counts = [settings[part] for part in ("train", "heldOut", "test")]
    start = time.perf_counter()
    ends = [sum(counts[: index + 1]) for index in range(3)]
    parts = [
        collected(paths[end - count : end], is_turned=index == 0)
        for index, (count, end) in enumerate(zip(counts, ends))
    ]
    middle = time.perf_counter()
    student = trained(*parts[:2])
    end = time.perf_counter()
    figures = {
        "agreement": agreement(student, parts[2]),
        "features": middle - start,
        "training": end - middle,
    }
    print(json.dumps(figures))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("VmHWM", peak, file=sys.stderr)


if __name__ == "__main__":
    main()
