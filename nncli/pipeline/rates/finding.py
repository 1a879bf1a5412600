"""The story of `train --find-lr`: config, data, network, one batch at each of many learning rates, a rate, a picture.

Nothing of it is a run: no folder is made, and the network that was trained is thrown away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.reading.document import KeyPath
from nncli.config.reading.loading import LoadedConfig, load_config
from nncli.config.schedules import rates_of
from nncli.console import Console
from nncli.errors import unwritable
from nncli.evaluate.health import rates
from nncli.pipeline.background_import import begin_import, finish_import
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.rates.writing import own_config, write_rate
from nncli.pipeline.training.examples import arrays_of
from nncli.pipeline.training.fitting import telling_exhaustion
from nncli.pipeline.training.planning import Engine, choose_engine, facts_for_network, make_plan
from nncli.run.files import finite, write_bytes

LOWEST, HIGHEST, STEPS = 1e-6, 10.0, 150


@dataclass(frozen=True)
class RateSearch:
    """The losses at each rate, as measured and smoothed; the named `rate`, None if the loss hardly falls.

    `used` is the config's own rate, of a schedule the highest; `picture` the file that was drawn, `changes` the lines
    of the config that were changed.
    """

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    rate: float | None
    used: float
    is_schedule: bool
    picture: Path
    changes: list[str]

    def to_mapping(self) -> dict[str, Any]:
        """The same as plain values, for --json; a loss that is no number is null."""
        told = {name: getattr(self, name) for name in ("rate", "used", "is_schedule", "rates", "losses", "smoothed")}
        return {**finite(told), "picture": str(self.picture), "changes": self.changes}


def find_rate(
    name: str,
    *,
    folders: Folders,
    console: Console,
    assignments: Sequence[str] = (),
    options: Sequence[tuple[KeyPath, Any, str]] = (),
    write: bool = False,
) -> RateSearch:
    """Runs the range test for a config, draws it into the folder of runs, and with `write` puts the rate in the config.

    Raises ConfigError, DataError and UnreachableError as `train` does; UserError for a config that cannot be changed,
    before anything is measured.
    """
    path = own_config(name) if write else None
    loaded = load_for_test(name, assignments, options)
    used = load_config(name, assignments, options).config.optimizer.learning_rate
    begin_import(loaded.config.data.source, data_dir=folders.data_dir)
    prepared = prepare(loaded, folders, console)
    tried, losses = measure_losses(prepared, console)
    rate = rates.choose_rate(tried, losses)
    smoothed = rates.smooth([loss for loss in losses if np.isfinite(loss)]).tolist()
    picture = _draw(prepared.config.name, tried, losses, smoothed, rate, folders.runs_dir)
    changes = write_rate(path, name, rate) if path is not None and rate is not None else []
    highest = max(rates_of(used))
    return RateSearch(tried, losses, smoothed, rate, highest, not isinstance(used, float), picture, changes)


def load_for_test(
    name: str, assignments: Sequence[str], options: Sequence[tuple[KeyPath, Any, str]] = ()
) -> LoadedConfig:
    """The config with a number as its learning rate, which the test sets for each batch."""
    given = load_config(name, assignments, options).config
    rate: tuple[KeyPath, Any, str] = (("optimizer", "learning_rate"), LOWEST, "--find-lr")
    if "optimizer" not in given.model_fields_set:
        rate = (("optimizer",), {"name": given.optimizer.name, "learning_rate": LOWEST}, "--find-lr")
    # What reacts to a schedule or its absence plays no part in a test of single batches.
    return load_config(name, assignments, [*options, rate, (("silence",), ["learning-rate"], "--find-lr")])


@telling_exhaustion()
def measure_losses(prepared: Prepared, console: Console) -> tuple[list[float], list[float]]:
    """The rates that were tried and the loss of a batch at each. Raises NncliError if the memory does not suffice."""
    config, facts = prepared.config, facts_for_network(prepared.dataset.facts)
    with console.step("starting TensorFlow") as step:
        finish_import()
        from nncli.engine.process import environment

        environment.prepare()
        engine = choose_engine(config, facts, accelerator=environment.has_accelerator())
        environment.prepare(engine.threads)
        import nncli.model as models
        from nncli.engine.diagnosis.range_test import try_rates

        model = models.build(config, facts)
        models.compile_model(model, config, facts)
        train, _ = arrays_of(config, prepared.dataset)
        tried = [float(rate) for rate in np.geomspace(LOWEST, HIGHEST, STEPS)]
        plan = make_plan(config, facts, Engine("graph", engine.threads))
        losses = try_rates(model, train, plan, tried, step)
    return tried[: len(losses)], losses


def _draw(
    name: str, tried: list[float], losses: list[float], smoothed: list[float], rate: float | None, folder: Path
) -> Path:
    """The picture `find-lr-NAME.png` in the folder of runs."""
    from nncli.evaluate import plots

    path = folder / f"find-lr-{name}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(path, plots.rate_curve(tried, losses, smoothed, rate, name=name))
    except OSError as error:
        raise unwritable(
            f"{path} cannot be written: {error.strerror}", error, hint="choose another with --runs-dir"
        ) from None
    return path
