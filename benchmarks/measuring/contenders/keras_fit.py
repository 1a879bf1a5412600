"""`model.fit` on NumPy arrays, as in a typical script, with TensorFlow's default threads."""

import os
from pathlib import Path

from measuring.baton import Baton
from measuring.task import load_task, score


def race(folder: Path, baton: Baton, turns: int, steps_per_execution: int = 1) -> float:
    """One epoch per turn, of the same network that nncli builds; returns the score on the test set."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    from measuring.contenders.turns import Turns
    from nncli import model as models

    task = load_task(folder)
    model = models.build(task.config, task.facts)
    models.compile_model(model, task.config, task.facts)
    model.steps_per_execution = steps_per_execution
    targets = models.targets_for(task.config, task.train.targets)
    baton.detail = "numpy arrays"
    baton.report()
    model.fit(task.train.inputs, targets, batch_size=task.batch_size, epochs=turns, verbose=0, callbacks=[Turns(baton)])
    baton.wait()
    return score(task, model.predict(task.test.inputs, batch_size=1000, verbose=0), scaled=False)
