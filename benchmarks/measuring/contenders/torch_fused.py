"""The PyTorch loop with `Adam(fused=True)`, a little-known option."""

from pathlib import Path

from measuring.baton import Baton
from measuring.contenders import torch_loop


def race(folder: Path, baton: Baton, turns: int) -> float:
    """One epoch per turn; returns the score on the test set."""
    return torch_loop.race(folder, baton, turns, fused=True)
