"""The story that uses every room: train, evaluate, predict, compare; plain functions that return values.

Only here is everything seen. `drafting/` comes before training, `rehearsing/` tries one before it is started, `rates/`
finds a learning rate, `training/` and `comparing/` train, `predicting/` uses a run, `serving/` answers requests with
it, `exporting/` takes its model elsewhere, `tracking/` shows runs in other tools, `completing/` tells a shell what
words can be, `runs/` lists and removes runs; there are also `preparation` (config and data together), `own_data`,
`agreement`, `showing`, `background_import`, `weights`, `folders`, and the stories of `explain` and `gradcheck`;
`backprop/` is the lesson on back-propagation. Each is imported when it is first asked for, so that `check` does not
wait for what only `train` needs, and TensorFlow only inside functions, so that a wrong config is reported within a
second.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nncli.cluster.request import ClusterRequest
    from nncli.config.describing.schema import schema_text
    from nncli.pipeline.backprop.explaining import (
        BackpropRequest,
        explain_backprop,
        is_backprop,
        judge,
    )
    from nncli.pipeline.backprop.network import explain_network
    from nncli.pipeline.comparing.compare import compare
    from nncli.pipeline.comparing.continuing.resuming import resume_comparison
    from nncli.pipeline.comparing.variants import ComparisonRequest
    from nncli.pipeline.completing.names import complete_config, complete_run, complete_source
    from nncli.pipeline.completing.settings import complete_setting
    from nncli.pipeline.drafting.caching import look_at_cache, require_cache
    from nncli.pipeline.drafting.check import check
    from nncli.pipeline.drafting.fix import fix
    from nncli.pipeline.drafting.init import InitRequest, init, list_configs
    from nncli.pipeline.drafting.inspect import InspectionRequest, inspect
    from nncli.pipeline.drafting.samples import write_samples
    from nncli.pipeline.ensembling.ensemble import make_ensemble
    from nncli.pipeline.explanation import LessonRequest, explain
    from nncli.pipeline.exporting.export import ExportRequest, export
    from nncli.pipeline.folders import Folders
    from nncli.pipeline.folding.suspects import SuspectRequest, suspect_labels
    from nncli.pipeline.folding.training import train_with_folds
    from nncli.pipeline.gradient_check import GradientRequest, gradcheck
    from nncli.pipeline.predicting.evaluate import EvaluationRequest, evaluate
    from nncli.pipeline.predicting.open_run import are_one_run
    from nncli.pipeline.predicting.predict import predict
    from nncli.pipeline.rates.finding import find_rate
    from nncli.pipeline.rehearsing.dry_run import dry_run
    from nncli.pipeline.rehearsing.overfit import overfit_batch
    from nncli.pipeline.reporting.reporting import add_report, find_page, leave_report, report
    from nncli.pipeline.reproducing.reproduce import reproduce
    from nncli.pipeline.runs.details import describe_run
    from nncli.pipeline.runs.differences import diff_runs
    from nncli.pipeline.runs.removing import choose_named, choose_old, remove
    from nncli.pipeline.runs.selecting import list_rows
    from nncli.pipeline.serving.serve import ServeRequest, serve
    from nncli.pipeline.tracking.exporting import TrackingRequest, add_to_trackers, export_runs, say_notes
    from nncli.pipeline.training.continuing.pausing import Pauses
    from nncli.pipeline.training.continuing.resume import resume
    from nncli.pipeline.training.frames.request import ShowRequest
    from nncli.pipeline.training.stopwatch import Stopwatch
    from nncli.pipeline.training.train import DEFAULT_CONFIG, train
    from nncli.pipeline.training.workers.clustered.attempts import GangRequest
    from nncli.pipeline.training.workers.clustered.training import resume_on_cluster, train_on_cluster
    from nncli.pipeline.training.workers.estimating import estimate_workers
    from nncli.pipeline.training.workers.following import follow, follow_resumed
    from nncli.pipeline.training.workers.group import all_devices, read_group
    from nncli.pipeline.training.workers.launching import check_workers, launch
    from nncli.pipeline.training.workers.line import LostWorkerError
    from nncli.run.finding import find_training

__all__ = [
    "DEFAULT_CONFIG",
    "BackpropRequest",
    "ClusterRequest",
    "ComparisonRequest",
    "EvaluationRequest",
    "ExportRequest",
    "Folders",
    "GangRequest",
    "GradientRequest",
    "InitRequest",
    "InspectionRequest",
    "LessonRequest",
    "LostWorkerError",
    "Pauses",
    "ServeRequest",
    "ShowRequest",
    "Stopwatch",
    "SuspectRequest",
    "TrackingRequest",
    "add_report",
    "add_to_trackers",
    "all_devices",
    "are_one_run",
    "check",
    "check_workers",
    "choose_named",
    "choose_old",
    "compare",
    "complete_config",
    "complete_run",
    "complete_setting",
    "complete_source",
    "describe_run",
    "diff_runs",
    "dry_run",
    "estimate_workers",
    "evaluate",
    "explain",
    "explain_backprop",
    "explain_network",
    "export",
    "export_runs",
    "find_page",
    "find_rate",
    "find_training",
    "fix",
    "follow",
    "follow_resumed",
    "gradcheck",
    "init",
    "inspect",
    "is_backprop",
    "judge",
    "launch",
    "leave_report",
    "list_configs",
    "list_rows",
    "look_at_cache",
    "make_ensemble",
    "overfit_batch",
    "predict",
    "read_group",
    "remove",
    "report",
    "reproduce",
    "require_cache",
    "resume",
    "resume_comparison",
    "resume_on_cluster",
    "say_notes",
    "schema_text",
    "serve",
    "suspect_labels",
    "train",
    "train_on_cluster",
    "train_with_folds",
    "write_samples",
]

# name -> the module it lives in
_HOMES = {
    "complete_config": "nncli.pipeline.completing.names",
    "complete_run": "nncli.pipeline.completing.names",
    "complete_setting": "nncli.pipeline.completing.settings",
    "complete_source": "nncli.pipeline.completing.names",
    "DEFAULT_CONFIG": "nncli.pipeline.training.train",
    "BackpropRequest": "nncli.pipeline.backprop.explaining",
    "ClusterRequest": "nncli.cluster.request",
    "ComparisonRequest": "nncli.pipeline.comparing.variants",
    "ExportRequest": "nncli.pipeline.exporting.export",
    "Folders": "nncli.pipeline.folders",
    "GradientRequest": "nncli.pipeline.gradient_check",
    "InitRequest": "nncli.pipeline.drafting.init",
    "InspectionRequest": "nncli.pipeline.drafting.inspect",
    "LessonRequest": "nncli.pipeline.explanation",
    "Pauses": "nncli.pipeline.training.continuing.pausing",
    "ShowRequest": "nncli.pipeline.training.frames.request",
    "Stopwatch": "nncli.pipeline.training.stopwatch",
    "add_report": "nncli.pipeline.reporting.reporting",
    "leave_report": "nncli.pipeline.reporting.reporting",
    **dict.fromkeys(
        ("TrackingRequest", "add_to_trackers", "export_runs", "say_notes"), "nncli.pipeline.tracking.exporting"
    ),
    "are_one_run": "nncli.pipeline.predicting.open_run",
    "check": "nncli.pipeline.drafting.check",
    "choose_named": "nncli.pipeline.runs.removing",
    "choose_old": "nncli.pipeline.runs.removing",
    "compare": "nncli.pipeline.comparing.compare",
    "describe_run": "nncli.pipeline.runs.details",
    "dry_run": "nncli.pipeline.rehearsing.dry_run",
    "overfit_batch": "nncli.pipeline.rehearsing.overfit",
    "diff_runs": "nncli.pipeline.runs.differences",
    "EvaluationRequest": "nncli.pipeline.predicting.evaluate",
    "evaluate": "nncli.pipeline.predicting.evaluate",
    "explain": "nncli.pipeline.explanation",
    "explain_backprop": "nncli.pipeline.backprop.explaining",
    "explain_network": "nncli.pipeline.backprop.network",
    "export": "nncli.pipeline.exporting.export",
    "find_rate": "nncli.pipeline.rates.finding",
    "fix": "nncli.pipeline.drafting.fix",
    "gradcheck": "nncli.pipeline.gradient_check",
    "init": "nncli.pipeline.drafting.init",
    "is_backprop": "nncli.pipeline.backprop.explaining",
    "judge": "nncli.pipeline.backprop.explaining",
    "inspect": "nncli.pipeline.drafting.inspect",
    "list_configs": "nncli.pipeline.drafting.init",
    "look_at_cache": "nncli.pipeline.drafting.caching",
    "require_cache": "nncli.pipeline.drafting.caching",
    "list_rows": "nncli.pipeline.runs.selecting",
    "make_ensemble": "nncli.pipeline.ensembling.ensemble",
    "predict": "nncli.pipeline.predicting.predict",
    "remove": "nncli.pipeline.runs.removing",
    "report": "nncli.pipeline.reporting.reporting",
    "find_page": "nncli.pipeline.reporting.reporting",
    "reproduce": "nncli.pipeline.reproducing.reproduce",
    "resume": "nncli.pipeline.training.continuing.resume",
    "ServeRequest": "nncli.pipeline.serving.serve",
    "serve": "nncli.pipeline.serving.serve",
    "resume_comparison": "nncli.pipeline.comparing.continuing.resuming",
    "schema_text": "nncli.config.describing.schema",
    "train": "nncli.pipeline.training.train",
    "SuspectRequest": "nncli.pipeline.folding.suspects",
    "suspect_labels": "nncli.pipeline.folding.suspects",
    "train_with_folds": "nncli.pipeline.folding.training",
    "write_samples": "nncli.pipeline.drafting.samples",
    "find_training": "nncli.run.finding",
    "estimate_workers": "nncli.pipeline.training.workers.estimating",
    "follow": "nncli.pipeline.training.workers.following",
    "follow_resumed": "nncli.pipeline.training.workers.following",
    "GangRequest": "nncli.pipeline.training.workers.clustered.attempts",
    "resume_on_cluster": "nncli.pipeline.training.workers.clustered.training",
    "train_on_cluster": "nncli.pipeline.training.workers.clustered.training",
    "check_workers": "nncli.pipeline.training.workers.launching",
    "launch": "nncli.pipeline.training.workers.launching",
    "LostWorkerError": "nncli.pipeline.training.workers.line",
    "read_group": "nncli.pipeline.training.workers.group",
    "all_devices": "nncli.pipeline.training.workers.group",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
