"""Networks of a checkpoint, for what PyTorch itself does with them."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

from check import release_widths, state_dict  # noqa: E402
from networks import network  # noqa: E402
from torch import nn  # noqa: E402

SIZE = (1, 3, 256, 256)


def parser(documentation: str) -> argparse.ArgumentParser:
    """Arguments that every program takes: a checkpoint, and what it cannot tell."""
    arguments = argparse.ArgumentParser(description=documentation.splitlines()[0])
    arguments.add_argument("checkpoint", type=Path)
    arguments.add_argument("--decoder", choices=("eed", "hd", "lmd"), default="eed")
    return arguments


def load(checkpoint: Path, decoder: str) -> nn.Module:
    """The release's network with these weights."""
    state = state_dict(checkpoint)
    width = state["inc.double_conv.0.weight"].shape[0]
    model = network(decoder, release_widths(width))
    model.load_state_dict(state)
    return model.eval()
