"""What `eval` found of the model that a run has now; one of other data or of earlier weights counts as none."""

from collections.abc import Mapping
from typing import Any

from nncli.errors import RunError
from nncli.run import files, model_files
from nncli.run.folder import RunFolder


def read_evaluation(folder: RunFolder) -> Mapping[str, Any]:
    """evaluation/metrics.json of the run's own test set and the weights it has now, else an empty mapping.

    A training that was continued after an `eval` has other weights; evaluations of earlier versions do not say theirs.
    """
    try:
        told = folder.read_json(f"{files.EVALUATION}/metrics.json")
        own = model_files.read_sums(folder.path).get(files.WEIGHTS)
    except RunError:
        return {}
    return told if told.get("part") == "test" and told.get("weights", own) == own else {}
