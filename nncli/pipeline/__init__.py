"""The story that uses every room: train, evaluate, predict, compare; plain functions that return values.

Only here is everything seen. Each story is imported when it is first asked for, so that `check` does not wait for
what only `train` needs, and TensorFlow only inside functions, so that a wrong config is told in a second.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nncli.config.schema import schema_text
    from nncli.pipeline.check import check
    from nncli.pipeline.compare import compare
    from nncli.pipeline.evaluate import evaluate
    from nncli.pipeline.explain import explain
    from nncli.pipeline.fix import fix
    from nncli.pipeline.gradcheck import GradientRequest, gradcheck
    from nncli.pipeline.init import InitRequest, init
    from nncli.pipeline.inspect import InspectionRequest, inspect
    from nncli.pipeline.places import Places
    from nncli.pipeline.predict import predict
    from nncli.pipeline.timings import Stopwatch
    from nncli.pipeline.train import train
    from nncli.pipeline.variants import ComparisonRequest

__all__ = [
    "ComparisonRequest",
    "GradientRequest",
    "InitRequest",
    "InspectionRequest",
    "Places",
    "Stopwatch",
    "check",
    "compare",
    "evaluate",
    "explain",
    "fix",
    "gradcheck",
    "init",
    "inspect",
    "predict",
    "schema_text",
    "train",
]

# name -> the module it lives in
_HOMES = {
    "ComparisonRequest": "nncli.pipeline.variants",
    "GradientRequest": "nncli.pipeline.gradcheck",
    "InitRequest": "nncli.pipeline.init",
    "InspectionRequest": "nncli.pipeline.inspect",
    "Places": "nncli.pipeline.places",
    "Stopwatch": "nncli.pipeline.timings",
    "schema_text": "nncli.config.schema",
    **{name: f"nncli.pipeline.{name}" for name in __all__ if name.islower() and "_" not in name},
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


class _Stories(ModuleType):
    """A package in which `train` is the function also after the module of that name was imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Stories
