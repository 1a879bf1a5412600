"""The network of a config on one row of its training set: both passes with the weights that training starts from."""

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np

from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.errors import UsageError
from nncli.pipeline.background_import import begin_import, finish_import
from nncli.pipeline.backprop.explaining import BackpropRequest, require_fitting
from nncli.pipeline.backprop.picture import write_file
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare
from nncli.run.files import finite

# Arrays of up to this many entries are compared whole, and larger ones in a sample.
_WHOLE, _SAMPLES = 64, 32
# A program gets the entries of arrays up to here; the largest kernel of the lecture's 30-15-2 has 1,920.
_LISTED = 2048


def explain_network(
    request: BackpropRequest, *, folders: Folders, console: Console, assignments: Sequence[str] = ()
) -> dict[str, Any]:
    """Forward values layer by layer, the loss, the gradient of every weight, and what one update changes.

    Raises ConfigError, DataError and UnreachableError as `train` does, and UsageError for a row that is not there.
    """
    require_fitting(request)
    loaded = load_config(request.config or "", assignments)
    begin_import(loaded.config.data.source)
    prepared = prepare(loaded, folders, console)
    row, count = request.row or 0, len(prepared.dataset.train)
    if row >= count:
        raise UsageError(f"--row {row}: the training set has {count} rows", hint=f"expected 0 to {count - 1}")
    with console.step("starting TensorFlow"):
        finish_import()
        from nncli.engine.process import environment

        environment.prepare()
    with console.step("comparing gradients") as progress:
        found = _trace(prepared, row, request.rate, progress)
    if request.plot is not None:
        from nncli.evaluate.plots.backprop.weights import weight_gradients  # late: only --plot draws

        arrays = {weight.path: weight.gradient for weight in found.weights}
        write_file("--plot", request.plot, weight_gradients(arrays, form=request.plot.suffix.lower()[1:]))
    value: dict[str, Any] = finite(_describe(prepared, found, row, request))
    return value


def _trace(prepared: Prepared, row: int, rate: float, progress: Any) -> Any:
    import nncli.model as models
    from nncli.engine import gradients
    from nncli.engine.arrays import Arrays
    from nncli.engine.tracing.row import trace_row

    config, dataset = prepared.config, prepared.dataset
    rows = np.array([row])
    inputs = {name: array[rows] for name, array in dataset.train.inputs.items()}
    one = Arrays(inputs, models.targets_for(config, dataset.train.targets[rows]))
    with gradients.double_precision():
        model, loss = models.build(config, dataset.facts), models.make_loss(config, dataset.facts)
        return trace_row(
            model,
            models.serving(model, config),
            loss,
            one,
            learning_rate=rate,
            whole=_WHOLE,
            samples=_SAMPLES,
            seed=config.seed,
            progress=progress,
        )


def _describe(prepared: Prepared, found: Any, row: int, request: BackpropRequest) -> dict[str, Any]:
    config, train = prepared.config, prepared.dataset.train
    target = np.asarray(train.targets[row]).reshape(-1)
    classes = prepared.dataset.facts.target.classes
    label = classes[int(target[0])] if classes and len(target) == 1 else None
    return {
        "lesson": "backprop",
        "config": config.name,
        "seed": config.seed,
        "row": row,
        "source_row": int(train.rows[row]),
        "target": {"columns": list(prepared.dataset.facts.target.columns), "values": target.tolist(), "label": label},
        "layers": [_describe_layer(layer) for layer in found.layers],
        "loss": {"name": config.loss.name if config.loss else "", "value": found.loss},
        "weights": [_describe_weight(weight) for weight in found.weights],
        "step": {"learning_rate": request.rate, "loss_before": found.loss, "loss_after": found.loss_after},
        "next": [f"nncli gradcheck {shlex.quote(request.config or '')}"],
        **({"plot": str(request.plot)} if request.plot is not None else {}),
    }


def _describe_layer(layer: Any) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "kind": layer.kind,
        "shape": list(layer.output.shape),
        "activation": layer.activation,
        "z": None if layer.before_activation is None else _listed(layer.before_activation),
        "output": _listed(layer.output),
        "norm": float(np.linalg.norm(layer.output.astype(np.float64))),
    }


def _describe_weight(weight: Any) -> dict[str, Any]:
    """A weight array: its entries where they are few, and in any case the sizes that sum them up."""
    layer, _, name = weight.path.partition("/")
    compared, sizes = np.isfinite(weight.errors), np.abs(weight.gradient)
    error = float(weight.errors[compared].max()) if compared.any() else None
    largest = np.unravel_index(int(sizes.argmax()), sizes.shape) if sizes.size else ()
    return {
        "layer": layer,
        "weight": name,
        "shape": list(weight.values.shape),
        "values": _listed(weight.values),
        "gradient": _listed(weight.gradient),
        "numeric": _listed(weight.numeric),
        "norm": float(np.linalg.norm(weight.gradient)),
        "largest": {"entry": [int(place) for place in largest], "gradient": float(weight.gradient[largest])},
        "zeros": int((weight.gradient == 0).sum()),
        "checked": int(compared.sum()),
        "kinks": weight.kinks,
        "error": error,
    }


def _listed(array: np.ndarray) -> Any:
    """The entries as nested lists; None where they are too many to look at."""
    return array.tolist() if array.size <= _LISTED else None
