"""Where a layer stands in a network, and how its weights begin; does not depend on kinds of layers."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from nncli.config.layer_section import KernelLayer


@dataclass(frozen=True)
class Placement:
    """Where a layer stands: its name, its activation when it names none, the seed of its randomness."""

    name: str
    activation: str
    seed: int
    bias: tuple[float, ...] = ()

    def inside(self, part: str, position: int) -> "Placement":
        """The place of a part of a layer that is made of several: a name and a seed of its own."""
        return replace(self, name=f"{self.name}_{part}", seed=self.derived_seed(position), bias=())

    def derived_seed(self, position: int) -> int:
        """Another seed for each position, always the same ones."""
        return int(np.random.SeedSequence([self.seed, position]).generate_state(1)[0])


def initializer_of(section: KernelLayer, seed: int) -> keras.initializers.Initializer:
    """With a seed of its own, so that the weights a config starts from hang on nothing but the config."""
    name = section.kernel_initializer
    return keras.initializers.get({"class_name": name, "config": {} if name == "zeros" else {"seed": seed}})


def regularizer_of(section: KernelLayer) -> keras.regularizers.Regularizer | None:
    """The penalty on a layer's kernel, None without one."""
    penalty = section.kernel_regularizer
    return keras.regularizers.L1L2(penalty.l1, penalty.l2) if penalty else None


def kernel_options(section: KernelLayer, placement: Placement) -> dict[str, Any]:
    """The arguments for a Keras layer with one kernel."""
    return {
        "name": placement.name,
        "kernel_initializer": initializer_of(section, placement.seed),
        "kernel_regularizer": regularizer_of(section),
    }
