"""A trained network as a model of MLflow, which `mlflow models serve` loads without nncli."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nncli.tracking.description import Model

# What a server needs to load it, with the versions it was trained with.
_PACKAGES = ("keras", "tensorflow", "numpy")


def has_model_format() -> bool:
    """Whether models can be written: mlflow-skinny, which has no pandas, writes all but these."""
    return find_spec("pandas") is not None


def save_model(model: Model, path: Path, *, run_id: str, model_id: str) -> None:
    """Writes the folder of the model, in the format of MLflow's Keras models.

    The packages are named, as MLflow would load the model in another process to find them.
    """
    network = model.load()  # first: TensorFlow is prepared before MLflow imports it
    import mlflow.keras
    from mlflow.models import Model as Description

    mlflow.keras.save_model(
        network,
        str(path),
        mlflow_model=Description(run_id=run_id, model_id=model_id),
        signature=_signature(model),
        metadata=dict(model.meaning),
        pip_requirements=[f"{package}=={version(package)}" for package in _PACKAGES],
    )


def _signature(model: Model) -> Any:
    """Types and shapes of inputs and output; a single input has no name, so that requests can do without one."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    names = list(model.inputs) if len(model.inputs) > 1 else [None]
    inputs = [
        TensorSpec(np.dtype(kind), tuple(-1 if size is None else size for size in shape), name)
        for name, (kind, shape) in zip(names, model.inputs.values(), strict=True)
    ]
    output = TensorSpec(np.dtype("float32"), (-1, model.outputs))
    return ModelSignature(inputs=Schema(inputs), outputs=Schema([output]))
