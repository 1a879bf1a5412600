"""Watches the layers of a network during training: on which rows, after which epochs, and into health.jsonl."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.config.facts import DataFacts, Task
from nncli.config.sections import Config
from nncli.config.stack import stack_layers
from nncli.evaluate.health import find_at_once
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.health.judging import describe_at_once
from nncli.pipeline.training.planning import Terms, batch_size
from nncli.run import files
from nncli.run.folder import RunFolder

# Lines of health.jsonl: that of epoch 0 is of the untrained network.
HealthRecords = list[dict[str, Any]]

# What a measurement may cost of the epoch it stands for.
_SHARE = 0.03
# Measured with benchmarks/health.py: what a step of a compiled loop takes besides arithmetic, what a measurement and in
# it each step of a recurrent layer take; multiply-adds in a forward and backward pass.
_STEP_SECONDS, _PROBE_SECONDS, _RECURRENT_SECONDS = 1e-4, 1e-3, 2e-4
_PASSES_PER_SECOND = 4e9
_MOST_ROWS, _FEWEST_ROWS = 128, 16
# A network with fewer multiply-adds for an example takes the most rows however small its training set is.
_SMALL = 200_000
_RECURRENT = ("lstm", "gru")
# This many of the first epochs are all measured, then half of those up to twice as many, a quarter, ...
_FIRST_EPOCHS = 16


@dataclass(frozen=True)
class ProbePlan:
    """On how many `rows` of the training set the layers are measured, and after which epochs.

    After each epoch if that is cheap. Where epochs are short, it is each of the first 16, every second up to 32, every
    fourth up to 64 and so on, but at least every `interval`-th. That depends on the config and the number of rows and
    on no clock, so that a resumed training has the lines of one that never stopped.
    """

    rows: int
    interval: int

    def is_due(self, epochs: int) -> bool:
        """Whether the network is measured after this many epochs."""
        doublings = max(0, (epochs - 1) // _FIRST_EPOCHS).bit_length()
        return epochs % min(self.interval, 1 << doublings) == 0


def plan_probe(config: Config, facts: DataFacts) -> ProbePlan:
    """The rows and the interval, a power of 2, by a rough count of the work of an epoch and of a measurement."""
    stack, examples = stack_layers(config, facts.inputs.shape), facts.rows["train"]
    work = config.model.members * sum(row.multiply_adds for row in stack)
    rows = min(examples, _MOST_ROWS if work < _SMALL else max(_FEWEST_ROWS, min(_MOST_ROWS, examples // 50)))
    steps = -(-examples // batch_size(config, facts))
    epoch = steps * _STEP_SECONDS + examples * work / _PASSES_PER_SECOND
    recurrent = sum(row.input_shape[0] for row in stack if row.layer.kind in _RECURRENT)
    probe = _PROBE_SECONDS + recurrent * _RECURRENT_SECONDS + rows * work / _PASSES_PER_SECOND
    return ProbePlan(rows, 2 ** math.ceil(math.log2(max(1.0, probe / (_SHARE * epoch)))))


def keep_due(records: Sequence[Mapping[str, Any]], config: Config, facts: DataFacts) -> HealthRecords:
    """The records that a training of this many epochs makes, too: the last of a shorter one may be one more."""
    plan = plan_probe(config, facts)
    return [dict(each) for each in records if plan.is_due(each["epoch"]) or each["epoch"] in (0, config.train.epochs)]


def make_health(
    folder: RunFolder,
    prepared: Prepared,
    terms: Terms,
    callbacks: Sequence[Any],
    records: HealthRecords,
    remark: Callable[[str], None],
) -> Any:
    """The callback that measures the layers, adds the measures to `records` and to health.jsonl, and says at once, by
    `remark`, what a training should not be waited for with."""
    from nncli.engine.diagnosis.health import Health

    plan = plan_probe(prepared.config, prepared.dataset.facts)
    said: set[str] = set(prepared.config.silence)

    def on_measures(epochs: int, measures: Mapping[str, Any]) -> None:
        record = {"epoch": epochs, **measures}
        records.append(record)
        folder.append(files.HEALTH, record)
        found = find_at_once(record, records)
        if found is not None and found.rule not in said:
            said.add(found.rule)
            remark(describe_at_once(found))

    return Health(
        lambda model: _make_probe(model, prepared, plan.rows, terms.program_cache),
        plan.is_due,
        on_measures,
        callbacks=callbacks,
        begun=bool(records),
    )


def _make_probe(model: Any, prepared: Prepared, count: int, program_cache: Any) -> Any:
    import nncli.model as models
    from nncli.engine.arrays import Arrays
    from nncli.engine.diagnosis.probe import Probe, Sensors
    from nncli.engine.randomness import probe_rows

    config, train = prepared.config, prepared.dataset.train
    part = train.take(probe_rows(config.seed, len(train), count))
    batch = Arrays(part.inputs, models.targets_for(config, part.targets))

    def make_sensors() -> Any:
        return Sensors(models.member_outputs(model), model.loss, models.OUTPUT_NAME)

    sensors = make_sensors() if program_cache is None else program_cache.keep_beside(model, make_sensors)
    guess = guess_of(prepared.dataset.facts, logits=models.gives_logits(config))
    return Probe(sensors, batch, seed=config.seed, guess=guess)


def guess_of(facts: DataFacts, *, logits: bool) -> tuple[float, ...]:
    """What the output layer gives that knows nothing: equal probabilities, or the mean of the training targets.

    Its loss is the one to begin with: ln K for K classes, ln 2 for labels, for a regression the variance (Karpathy,
    "A Recipe for Training Neural Networks", 2019: "verify loss @ init").
    """
    target = facts.target
    if target.task.is_regression:
        return target.mean
    if logits:
        return (0.0,) * target.outputs
    return (1 / target.outputs if target.task is Task.MULTICLASS else 0.5,) * target.outputs
