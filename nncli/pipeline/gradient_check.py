"""The story of a gradient check: the network of a config in float64, a small batch of its data, a verdict a weight."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.pipeline.background_import import begin_import, finish_import
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare


@dataclass(frozen=True)
class GradientRequest:
    """How much is compared, and what still counts as equal: entries of each weight array, rows, relative error."""

    samples: int = 32
    batch_size: int = 8
    tolerance: float = 1e-5


@dataclass(frozen=True)
class GradientCheck:
    """What was compared: a row for each weight array, what has to be known of the comparison, whether all agree."""

    config: str
    request: GradientRequest
    weights: list[dict[str, Any]]
    notes: list[str]

    @property
    def agrees(self) -> bool:
        """Whether the gradients of every weight array were verified."""
        return all(weight["verdict"] == "ok" for weight in self.weights)

    def to_value(self) -> dict[str, Any]:
        """All of it for JSON."""
        numbers = asdict(self.request)
        return {"config": self.config, "ok": self.agrees, **numbers, "weights": self.weights, "notes": self.notes}


def gradcheck(
    name: str, request: GradientRequest, *, folders: Folders, console: Console, assignments: Sequence[str] = ()
) -> GradientCheck:
    """Compares the gradients of a config's network with central differences; `seed` of the config decides the sample.

    Raises ConfigError, DataError and UnreachableError as `train` does.
    """
    loaded = load_config(name, assignments)
    begin_import(loaded.config.data.source)
    prepared = prepare(loaded, folders, console)
    with console.step("starting TensorFlow"):
        finish_import()
        from nncli.engine.process import environment

        environment.prepare()
    with console.step("comparing gradients") as progress:
        found, treated = _compare(prepared, request, progress)
    rows = [_describe(weight, request.tolerance) for weight in found]
    return GradientCheck(prepared.config.name, request, rows, [*_notes(prepared, request, rows), *treated])


def _compare(prepared: Prepared, request: GradientRequest, progress: Any) -> tuple[list[Any], list[str]]:
    """What was found of each weight array, and what was done about layers that draw random numbers."""
    import nncli.model as models
    from nncli.engine import arrays, gradients

    config, dataset = prepared.config, prepared.dataset
    order = np.random.default_rng(config.seed).permutation(len(dataset.train))
    rows = np.sort(order[: request.batch_size])
    batch = arrays.Arrays(
        {name: array[rows] for name, array in dataset.train.inputs.items()},
        models.targets_for(config, dataset.train.targets[rows]),
    )
    with gradients.double_precision():
        model, loss = models.build(config, dataset.facts), models.make_loss(config, dataset.facts)
        found = gradients.check_gradients(
            model,
            loss,
            batch,
            samples=request.samples,
            tolerance=request.tolerance,
            seed=config.seed,
            progress=progress,
        )
        fixed, switched_off = gradients.random_layers(model), gradients.augmentations(model)
    treated = [f"the same random numbers each time in {', '.join(fixed)}"] if fixed else []
    return found, treated + ([f"switched off: {', '.join(switched_off)}"] if switched_off else [])


def _describe(found: Any, tolerance: float) -> dict[str, Any]:
    """A row of the result. An array of which more was left out than compared, or that overflows, is not verified."""
    layer, _, weight = found.path.partition("/")
    error = _finite(found.error)
    if error is None or found.checked < found.kinks:
        verdict = "not verified"
    else:
        verdict = "ok" if error <= tolerance else "differs"
    return {
        "layer": layer,
        "weight": weight,
        "shape": list(found.shape),
        "checked": found.checked,
        "kinks": found.kinks,
        "error": error,
        "entry": found.entry and list(found.entry),
        "analytic": _finite(found.analytic),
        "numeric": _finite(found.numeric),
        "verdict": verdict,
    }


def _finite(value: float | None) -> float | None:
    """The number; None where there is none, as JSON has no NaN."""
    return value if value is not None and math.isfinite(value) else None


def _notes(prepared: Prepared, request: GradientRequest, rows: Sequence[dict[str, Any]]) -> list[str]:
    """What was done to the network so that it can be compared, and what was left out."""
    count = min(request.batch_size, len(prepared.dataset.train))
    notes = [f"float64; {count} rows of the training set; weights nudged away from where they start"]
    if any("batch_normalization" in layer.kinds() for layer in prepared.config.model.layers):
        notes.append("batch normalization uses the mean and variance of the batch, as in training")
    kinks = sum(row["kinks"] for row in rows)
    if kinks:
        notes.append(f"{kinks} entries skipped: the cost has a corner there (relu, max pooling), and no derivative")
    return notes
