"""How many inputs are unlike the training data: images by their novelty, rows of tables by their ranges."""

from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, ImageInput
from nncli.data.dataset import Inputs
from nncli.data.plurals import count
from nncli.data.streaming.mapping import let_go
from nncli.pipeline.predicting.open_run import OpenRun, open_novelty
from nncli.runtime.novelty import Novelty

# Rows that are looked at together.
_BLOCK, _IMAGES = 1 << 16, 1 << 13


def score_novelty(facts: DataFacts, novelty: Novelty | None, inputs: Inputs) -> np.ndarray | None:
    """The score of each image, float32 (n,), above 1 if it is unlike the training images; None for tables."""
    if novelty is None or not isinstance(facts.inputs, ImageInput):
        return None
    images, scores = inputs["image"], []
    for start in range(0, len(images), _IMAGES):
        scores.append(novelty.score(images[start : start + _IMAGES], facts.inputs.scale))
        let_go([images])
    return np.concatenate(scores) if scores else np.empty(0, np.float32)


def measure_unlike(run: OpenRun, inputs: Inputs) -> dict[str, Any] | None:
    """How many rows would be marked: {rows, share}; on the run's own test set, these marks are false alarms.

    A row of a table counts if one of its numbers is outside the training range. None where the run does not say what
    training had.
    """
    facts = run.facts
    if isinstance(facts.inputs, ImageInput):
        scores = score_novelty(facts, open_novelty(run), inputs)
        marked = None if scores is None else scores > 1
    else:
        marked = _outside_ranges(facts, inputs)
    return None if marked is None else {"rows": int(marked.sum()), "share": float(marked.mean())}


def describe_unlike(unlike: int, answered: int) -> str:
    """The warning about images that are unlike the training images."""
    verb = "is" if unlike == 1 else "are"
    return (
        f"{unlike:,} of {count(answered, 'image')} {verb} unlike the training images (`unlike_training` above 1); "
        "their predictions mean little"
    )


def _outside_ranges(facts: DataFacts, inputs: Inputs) -> np.ndarray | None:
    columns = getattr(facts.inputs, "numbers", ())
    known = [(place, each) for place, each in enumerate(columns) if each.minimum is not None]
    if not known:
        return None
    places = [place for place, _ in known]
    low = np.array([each.minimum for _, each in known], np.float32)
    high = np.array([each.maximum for _, each in known], np.float32)
    outside = np.empty(len(inputs["numbers"]), bool)
    for start in range(0, len(outside), _BLOCK):
        numbers = inputs["numbers"][start : start + _BLOCK][:, places]
        outside[start : start + _BLOCK] = ((numbers < low) | (numbers > high)).any(axis=1)
        let_go([inputs["numbers"]])
    return outside
