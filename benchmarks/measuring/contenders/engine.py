"""nncli's engine, with the executor and number of threads that `nncli train` chooses."""

from dataclasses import replace
from pathlib import Path

from measuring.baton import Baton
from measuring.task import load_task, score


def race(folder: Path, baton: Baton, turns: int) -> float:
    """One epoch per turn; returns the score on the test set."""
    from nncli.engine.process import environment
    from nncli.pipeline.training.planning import choose_engine, make_plan

    environment.prepare()  # before anything below imports Keras
    task = load_task(folder)
    engine = choose_engine(task.config, task.facts, accelerator=environment.has_accelerator())
    threads = environment.prepare(engine.threads, side_by_side=engine.side_by_side)
    from measuring.contenders.turns import Turns
    from nncli import model as models
    from nncli.engine import arrays
    from nncli.engine.loop import training
    from nncli.engine.prediction import predict

    model = models.build(task.config, task.facts)
    models.compile_model(model, task.config, task.facts)
    plan = replace(make_plan(task.config, task.facts, engine), epochs=turns)
    train = arrays.Arrays(task.train.inputs, models.targets_for(task.config, task.train.targets))
    how = f"{engine.parts} parts" if engine.side_by_side else f"{threads or 'all'} thread{'' if threads == 1 else 's'}"
    baton.detail = f"{engine.executor}, {how}"
    baton.report()
    training.fit(model, train, None, plan, [Turns(baton)])
    baton.wait()
    return score(task, predict(model, task.test.inputs), scaled=False)
