"""scikit-learn's MLP: each `partial_fit` is one epoch, and Adam keeps its state between calls."""

from pathlib import Path

import numpy as np

from measuring.baton import Baton
from measuring.contenders.dense import units_of
from measuring.task import features, load_task, scaled_targets, score


def race(folder: Path, baton: Baton, turns: int) -> float:
    """One epoch per turn; returns the score on the test set."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    task = load_task(folder)
    inputs = features(task, task.train).reshape(len(task.train), -1)
    targets = scaled_targets(task, task.train)
    network = (MLPRegressor if task.is_regression else MLPClassifier)(
        hidden_layer_sizes=units_of(task)[1:-1],
        alpha=0.0,  # no regularization, as in the other networks
        batch_size=task.batch_size,
        learning_rate_init=task.learning_rate,
        random_state=task.config.seed,
    )
    options = {} if task.is_regression else {"classes": np.unique(targets)}

    baton.detail = "partial_fit"
    baton.report()
    baton.repeat(turns, lambda: network.partial_fit(inputs, targets.squeeze(), **options))
    baton.wait()
    tested = features(task, task.test).reshape(len(task.test), -1)
    return score(task, network.predict(tested) if task.is_regression else network.predict_proba(tested))
