"""What `nmode slim` does, in PyTorch, as bench/slim.ts runs it.

    python3 bench/torch_slim.py SETTINGS

SETTINGS is JSON: the checkpoint of a U-Net with its own decoder, a folder of images, the
numbers of images that are trained on, choose the weights and chose nothing, and how the
EED decoder is trained. The encoder's features of every view of an image are computed once
and kept in half precision; batches are cropped from them. The weights that come nearest to
the teacher on the second part are kept, and what they agree to on the third is printed as
JSON, with the seconds of each part.
"""

import json
import math
import random
import resource
import sys
import time
from pathlib import Path
from typing import Callable, Iterator, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from check import release_widths, state_dict  # noqa: E402
from networks import network, with_nmode  # noqa: E402
from PIL import Image  # noqa: E402
from predict import SIZE, preprocess  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

settings = json.loads(sys.argv[1])
torch.set_num_threads(settings["threads"])
torch.manual_seed(settings["seed"])
random.seed(settings["seed"])
weights = state_dict(Path(settings["checkpoint"]))
widths = release_widths(weights["inc.double_conv.0.weight"].shape[0])
SETTLING = 16
STRIDE = 1 << (len(widths) - 1)


class Features(nn.Module):
    """In the place of an encoder: the features of a batch, the deepest first."""

    def __init__(self) -> None:
        super().__init__()
        self.widths = widths
        self.batch: List[Tensor] = []

    def encode(self, image: Tensor) -> List[Tensor]:
        return [feature.float() for feature in self.batch]


def uniform(text: str) -> Callable[[], float]:
    """The numbers that graph/common/random.ts gives for the hash of a text."""
    state = 0x811C9DC5
    for byte in text.encode():
        state = ((state ^ byte) * 0x01000193) & 0xFFFFFFFF

    def next_number() -> float:
        nonlocal state
        state = (state + 0x9E3779B9) & 0xFFFFFFFF
        x = ((state ^ (state >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
        x = ((x ^ (x >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
        return (x ^ (x >> 16)) / 2**32

    return next_number


def varied(image: Image.Image, name: str) -> Image.Image:
    """The image as a camera that is held otherwise sees it, in another light.

    As src/slimming/views.ts has it, number by number.
    """
    number = uniform(name)

    def within(most: float) -> float:
        return (2 * number() - 1) * most

    angle, side = 2 * math.pi * number(), -1 if number() < 0.5 else 1
    zoom, down, across = (4 / 3) ** within(1), within(0.1), within(0.1)
    gamma, gains = math.exp(within(0.3)), [1 + within(0.12) for _ in range(3)]
    levels = torch.linspace(0, 1, 256, dtype=torch.float64) ** gamma
    stored = torch.from_numpy(np.array(image.convert("RGB"))).long()
    light = [
        (255 * gain * levels).clamp(max=255)[stored[..., channel]]
        for channel, gain in enumerate(gains)
    ]
    height, width = stored.shape[:2]
    aspect = width / height
    cos, sin = math.cos(angle) / zoom, math.sin(angle) / zoom
    rows, columns = (
        (torch.arange(side, dtype=torch.float64) + 0.5) / side - 0.5 for side in SIZE
    )
    v, u = (rows - down)[:, None], (columns - across) * aspect
    y = (cos * v + sin * u + 0.5) * height - 0.5
    x = (side * (cos * u - sin * v) / aspect + 0.5) * width - 0.5
    places = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)[None]
    seen = F.grid_sample(
        torch.stack(light)[None], places, padding_mode="reflection", align_corners=True
    )
    return Image.fromarray((seen[0] + 0.5).byte().permute(1, 2, 0).numpy())


def views_of(path: Path, count: int) -> Iterator[Image.Image]:
    """The image, and as many others as are wanted."""
    with Image.open(path) as image:
        yield image
        for index in range(1, count):
            yield varied(image, f"{path.name}/{index}")


def answered(teacher: nn.Module, image: Tensor) -> List[Tensor]:
    """Features, the deepest first, and probabilities, in half precision."""
    features = teacher.encode(image)
    encode, teacher.encode = teacher.encode, lambda _: features
    probabilities = teacher(image)
    teacher.encode = encode
    return [tensor.half() for tensor in [*features, probabilities]]


def collected(paths: List[Path], count: int) -> List[Tensor]:
    """Of as many views of all images, and of each tensor, one tensor in half precision."""
    teacher = network("original", widths, transposed="up1.up.weight" in weights)
    teacher.load_state_dict(weights)
    rows = []
    with torch.no_grad():
        for path in paths:
            views = views_of(path, count)
            rows.extend(answered(teacher, preprocess(view)) for view in views)
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


def answers(student: nn.Module, tensors: List[Tensor]) -> Iterator[Tuple[Tensor, Tensor]]:
    """The student's probabilities and the teacher's, batch by batch."""
    student.eval()
    with torch.no_grad():
        for first in range(0, len(tensors[-1]), settings["batch"]):
            rows = slice(first, first + settings["batch"])
            *student.batch, wanted = (tensor[rows] for tensor in tensors)
            yield student(wanted), wanted.float()


def divergence(student: nn.Module, tensors: List[Tensor]) -> float:
    """The mean of the divergence from the teacher's probabilities, in nats a pixel."""
    means = []
    for found, wanted in answers(student, tensors):
        apart = F.binary_cross_entropy(found, wanted, reduction="none")
        least = F.binary_cross_entropy(wanted, wanted, reduction="none")
        means.append((apart - least).mean((1, 2, 3)))
    return torch.cat(means).mean().item()


def agreement(student: nn.Module, tensors: List[Tensor]) -> float:
    """The mean over images of the DSC of the student's masks with the teacher's."""
    scores = []
    for found, wanted in answers(student, tensors):
        found, wanted = found >= 0.5, wanted >= 0.5
        both = (found & wanted).sum((1, 2, 3))
        all_of = found.sum((1, 2, 3)) + wanted.sum((1, 2, 3))
        scores.append((2 * both + (all_of == 0)) / all_of.clamp(min=1))
    return torch.cat(scores).mean().item()


def settle(student: nn.Module, train: List[Tensor]) -> None:
    """Running statistics that are means over batches, all with the weights as they are."""
    for module in student.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    with torch.no_grad():
        for _ in range(SETTLING):
            chosen = torch.randperm(len(train[-1]))[: settings["batch"]]
            *student.batch, targets = cropped(train, chosen)
            student(targets)


def trained(train: List[Tensor], held_out: List[Tensor]) -> nn.Module:
    """The decoder with the weights that come nearest on the images that are held out."""
    student = with_nmode("eed", Features).train()
    logits: List[Tensor] = []
    student.outc.register_forward_hook(lambda _, __, output: logits.append(output))
    optimizer = torch.optim.AdamW(
        student.parameters(), lr=settings["rate"], weight_decay=settings["weightDecay"]
    )
    steps = settings["steps"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings["rate"], steps)
    fixed = round(steps * (1 - settings["fixed"]))
    best: Tuple[float, dict] = (math.inf, {})
    order = torch.empty(0, dtype=torch.long)
    for step in range(steps):
        if step == fixed:
            settle(student.train(), train)
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
        every = settings["lookEvery"] * (3 if step + 1 < steps / 2 else 1)
        if (step + 1) % every == 0 or step + 1 == steps:
            found = divergence(student, held_out)
            if found < best[0]:
                best = (found, {key: t.clone() for key, t in student.state_dict().items()})
    student.load_state_dict(best[1])
    return student


def main() -> None:
    paths = sorted(Path(settings["images"]).glob("*.jpg"))
    counts = [settings[part] for part in ("train", "heldOut", "test")]
    start = time.perf_counter()
    ends = [sum(counts[: index + 1]) for index in range(3)]
    parts = [
        collected(paths[end - count : end], settings["views"] if index == 0 else 1)
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
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print("CPU", usage.ru_utime + usage.ru_stime, file=sys.stderr)
    print("VmHWM", usage.ru_maxrss, file=sys.stderr)


if __name__ == "__main__":
    main()
