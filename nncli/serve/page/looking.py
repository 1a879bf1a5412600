"""What a model must be able to show for the page; the pipeline makes it from a run."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from nncli.data.dataset import Inputs
from nncli.runtime.layers import LayerValues


class Looking(Protocol):
    """What a network computes for one example, and how its answer depends on what it is given."""

    def network(self) -> list[dict[str, Any]]:
        """The layers: {"name", "kind", "activation", "shape", "parameters"}."""
        ...

    def weights(self) -> Mapping[str, np.ndarray]:
        """Kernels and biases of dense and convolutional layers by their paths; empty where there are too many."""
        ...

    def layers(self, inputs: Inputs) -> list[LayerValues]:
        """The output of each layer for the first row."""
        ...

    def contributions(self, inputs: Inputs, output: int) -> list[dict[str, Any]]:
        """How much each column of the first row adds to an output: {"column", "contribution", "deviation"}."""
        ...

    def moves(self, inputs: Inputs, output: int) -> dict[str, Any]:
        """By column, what the output becomes where that column alone is changed: {"values", "outputs"}."""
        ...

    def occlusion(self, inputs: Inputs, output: int) -> np.ndarray:
        """For each pixel how much covering it lowers the output, (height, width)."""
        ...

    def surface(self) -> dict[str, Any] | None:
        """The outputs over a grid of the two inputs, and points of the run's own data; None for other networks."""
        ...
