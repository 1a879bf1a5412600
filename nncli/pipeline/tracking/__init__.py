"""Runs in other tools: TensorBoard and MLflow.

`reading` turns the files of a run into what trackers are told, `comparisons` those of a comparison, `exporting` writes
a run that is over, `following` one that is being trained, epoch by epoch; both through the same trackers.
"""
