"""nncli's graph loop with a given number of parts, and with or without compiled pooling, to measure each effect."""

from pathlib import Path
from typing import Any

from measuring.baton import Baton
from measuring.profile import seconds_by_operation
from measuring.task import Task, load_task


def race(folder: Path, baton: Baton, turns: int, *, threads: int, parts: int, compiled: bool, profile: str) -> None:
    """One epoch per turn. If `compiled` is false, each part calls Keras's own convolutions and pooling.

    The thread-seconds of an epoch by operation are written to the file `profile` as JSON.
    """
    from nncli.engine.process import environment

    environment.prepare(threads, side_by_side=parts > 1)
    from measuring.contenders.turns import Turns
    from nncli.engine.loop import training
    from nncli.engine.loop.program import Program
    from nncli.engine.parallel import dividing

    if not compiled:
        for name in ("is_plain_convolution", "is_plain_pooling"):
            setattr(dividing, name, lambda layer: False)
    task = load_task(folder)
    model, train, plan = prepare(task, turns, parts)
    baton.detail = ""
    baton.report()
    training.fit(model, train, None, plan, [Turns(baton)])
    baton.wait()
    if profile:
        write_profile(Path(profile), Program(model, train, None, plan), len(train))


def write_profile(file: Path, program: Any, examples: int) -> None:
    """Trains a warm-up epoch and one that is profiled."""
    import tensorflow as tf

    for watched in (False, True):
        if watched:
            tf.profiler.experimental.start(str(file.with_suffix("")))
        position, batches = 0, program.training.batches
        order = tf.range(examples, dtype=tf.int32)
        while position < batches:
            position += program.training.run_chunk(order, position)[0]
    tf.profiler.experimental.stop()
    file.write_text(seconds_by_operation(file.with_suffix("")))


def prepare(task: Task, epochs: int, parts: int) -> tuple[Any, Any, Any]:
    """The model, its examples and the training plan."""
    from nncli import model as models
    from nncli.engine import arrays

    model = models.build(task.config, task.facts)
    models.compile_model(model, task.config, task.facts)
    train = arrays.Arrays(task.train.inputs, models.targets_for(task.config, task.train.targets))
    plan = arrays.Plan(epochs=epochs, batch_size=task.batch_size, seed=task.config.seed, executor="graph", parts=parts)
    return model, train, plan
