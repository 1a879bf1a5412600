"""Turns a config's `data` section into arrays, and a user's inputs into what a trained model takes.

`loading` is the entry point for training, `inputs/` for prediction; `dataset`, `batches`, `targets` and `splitting`
serve all sources; `bundled` and `archives` (.npz) are sources, as are the folders `tables/`, `images/` and `prepared/`
(tensorflow-datasets). `profile/` examines data. The package does not depend on networks, training or run folders. Its
names are imported on first use, so that predicting an image does not import the readers of data sets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nncli.data.batches import Batch, Failure
    from nncli.data.dataset import Dataset, Inputs, Part, Progress
    from nncli.data.inputs.reading import load_labelled, read_inputs
    from nncli.data.loading import load

__all__ = ["Batch", "Dataset", "Failure", "Inputs", "Part", "Progress", "load", "load_labelled", "read_inputs"]

# name -> the module that defines it
_HOMES = {
    "Batch": "nncli.data.batches",
    "Failure": "nncli.data.batches",
    "load": "nncli.data.loading",
    "load_labelled": "nncli.data.inputs.reading",
    "read_inputs": "nncli.data.inputs.reading",
    **dict.fromkeys(("Dataset", "Inputs", "Part", "Progress"), "nncli.data.dataset"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
