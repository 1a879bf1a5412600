"""The story that uses every room: train, evaluate, predict, compare; plain functions that return values.

Only here is everything seen. `drafting/` comes before training, `training/` and `comparing/` train, `predicting/` uses
a run, `rates/` finds a learning rate, `exporting/` takes its model elsewhere, `runs/` lists and removes runs; beside
them stand `preparation` (config and data together), `own_data`, `agreement`, `showing`, `background_import`, `weights`,
`folders`, and the stories of `explain` and `gradcheck`. Each is imported when it is first asked for, so that `check`
does not wait for what only `train` needs, and TensorFlow only inside functions, so that a wrong config is reported
within a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nncli.config.describing.schema import schema_text
    from nncli.pipeline.comparing.compare import compare
    from nncli.pipeline.comparing.variants import ComparisonRequest
    from nncli.pipeline.drafting.check import check
    from nncli.pipeline.drafting.fix import fix
    from nncli.pipeline.drafting.init import InitRequest, init, list_configs
    from nncli.pipeline.drafting.inspect import InspectionRequest, inspect
    from nncli.pipeline.drafting.samples import write_samples
    from nncli.pipeline.explanation import explain
    from nncli.pipeline.exporting.export import ExportRequest, export
    from nncli.pipeline.folders import Folders
    from nncli.pipeline.gradient_check import GradientRequest, gradcheck
    from nncli.pipeline.predicting.evaluate import EvaluationRequest, evaluate
    from nncli.pipeline.predicting.open_run import are_one_run
    from nncli.pipeline.predicting.predict import predict
    from nncli.pipeline.rates.finding import find_rate
    from nncli.pipeline.reproducing.reproduce import reproduce
    from nncli.pipeline.runs.details import describe_run
    from nncli.pipeline.runs.differences import diff_runs
    from nncli.pipeline.runs.removing import choose_named, choose_old, remove
    from nncli.pipeline.runs.selecting import list_rows
    from nncli.pipeline.training.resume import resume
    from nncli.pipeline.training.stopwatch import Stopwatch
    from nncli.pipeline.training.train import DEFAULT_CONFIG, train

__all__ = [
    "DEFAULT_CONFIG",
    "ComparisonRequest",
    "EvaluationRequest",
    "ExportRequest",
    "Folders",
    "GradientRequest",
    "InitRequest",
    "InspectionRequest",
    "Stopwatch",
    "are_one_run",
    "check",
    "choose_named",
    "choose_old",
    "compare",
    "describe_run",
    "diff_runs",
    "evaluate",
    "explain",
    "export",
    "find_rate",
    "fix",
    "gradcheck",
    "init",
    "inspect",
    "list_configs",
    "list_rows",
    "predict",
    "remove",
    "reproduce",
    "resume",
    "schema_text",
    "train",
    "write_samples",
]

# name -> the module it lives in
_HOMES = {
    "DEFAULT_CONFIG": "nncli.pipeline.training.train",
    "ComparisonRequest": "nncli.pipeline.comparing.variants",
    "ExportRequest": "nncli.pipeline.exporting.export",
    "Folders": "nncli.pipeline.folders",
    "GradientRequest": "nncli.pipeline.gradient_check",
    "InitRequest": "nncli.pipeline.drafting.init",
    "InspectionRequest": "nncli.pipeline.drafting.inspect",
    "Stopwatch": "nncli.pipeline.training.stopwatch",
    "are_one_run": "nncli.pipeline.predicting.open_run",
    "check": "nncli.pipeline.drafting.check",
    "choose_named": "nncli.pipeline.runs.removing",
    "choose_old": "nncli.pipeline.runs.removing",
    "compare": "nncli.pipeline.comparing.compare",
    "describe_run": "nncli.pipeline.runs.details",
    "diff_runs": "nncli.pipeline.runs.differences",
    "EvaluationRequest": "nncli.pipeline.predicting.evaluate",
    "evaluate": "nncli.pipeline.predicting.evaluate",
    "explain": "nncli.pipeline.explanation",
    "export": "nncli.pipeline.exporting.export",
    "find_rate": "nncli.pipeline.rates.finding",
    "fix": "nncli.pipeline.drafting.fix",
    "gradcheck": "nncli.pipeline.gradient_check",
    "init": "nncli.pipeline.drafting.init",
    "inspect": "nncli.pipeline.drafting.inspect",
    "list_configs": "nncli.pipeline.drafting.init",
    "list_rows": "nncli.pipeline.runs.selecting",
    "predict": "nncli.pipeline.predicting.predict",
    "remove": "nncli.pipeline.runs.removing",
    "reproduce": "nncli.pipeline.reproducing.reproduce",
    "resume": "nncli.pipeline.training.resume",
    "schema_text": "nncli.config.describing.schema",
    "train": "nncli.pipeline.training.train",
    "write_samples": "nncli.pipeline.drafting.samples",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
