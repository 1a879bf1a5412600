"""The name, seed and initial weights of a layer in a network; does not depend on kinds of layers."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from nncli.config.layer_section import KernelLayer


@dataclass(frozen=True)
class Placement:
    """A layer's name, its default activation, the seed of its randomness, and its initial bias (() for zeros)."""

    name: str
    activation: str
    seed: int
    bias: tuple[float, ...] = ()

    def inside(self, part: str, position: int) -> "Placement":
        """The placement of one part of a composite layer, with its own name and seed."""
        return replace(self, name=f"{self.name}_{part}", seed=self.derived_seed(position), bias=())

    def derived_seed(self, position: int) -> int:
        """A different, reproducible seed for each position."""
        return int(np.random.SeedSequence([self.seed, position]).generate_state(1)[0])


def initializer_of(section: KernelLayer, seed: int) -> keras.initializers.Initializer:
    """The kernel initializer with its own seed, so that the initial weights depend only on the config."""
    name = section.kernel_initializer
    return keras.initializers.get({"class_name": name, "config": {} if name == "zeros" else {"seed": seed}})


def regularizer_of(section: KernelLayer) -> keras.regularizers.Regularizer | None:
    """The penalty on a layer's kernel, or None."""
    penalty = section.kernel_regularizer
    return keras.regularizers.L1L2(penalty.l1, penalty.l2) if penalty else None


def kernel_options(section: KernelLayer, placement: Placement) -> dict[str, Any]:
    """The name, initializer and regularizer arguments of a Keras layer with one kernel."""
    return {
        "name": placement.name,
        "kernel_initializer": initializer_of(section, placement.seed),
        "kernel_regularizer": regularizer_of(section),
    }
