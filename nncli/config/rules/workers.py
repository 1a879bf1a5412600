"""Rules for a network that several workers train together; how many there are is no key of a config."""

from collections.abc import Iterator

from nncli.config.layer_section import LayerSection
from nncli.config.layers import BatchNormalization
from nncli.config.rules.finding import Edit, Finding
from nncli.config.sections import Config


def find(config: Config, workers: int) -> Iterator[Finding]:
    """What speaks against training a resolved config by this many workers."""
    yield from _executor_exchanges(config)
    yield from _workers_divide(config, workers)
    yield from _normalization_is_shared(config)


def _executor_exchanges(config: Config) -> Iterator[Finding]:
    """workers-executor."""
    executor = config.train.executor
    if executor in ("xla", "keras"):
        path = ("train", "executor")
        reason = f"several workers train in the executor graph, and got {executor}"
        yield Finding("workers-executor", path, reason, "use auto or graph", (Edit(path, "graph"),))


def _workers_divide(config: Config, workers: int) -> Iterator[Finding]:
    """workers-batch."""
    size = config.train.batch_size
    if size != "full" and size % workers:
        below, above = size // workers * workers, (size // workers + 1) * workers
        near = f"{below} or {above}" if below else str(above)
        reason = f"{workers} workers cannot share a batch of {size} equally"
        yield Finding("workers-batch", ("train", "batch_size"), reason, f"use {near}")


def _normalization_is_shared(config: Config) -> Iterator[Finding]:
    """workers-normalization."""
    for index, layer in enumerate(config.model.layers):
        if any(isinstance(each, BatchNormalization) and not each.synchronized for each in _with_inner(layer)):
            reason = "each worker would normalize its own slice of the batch"
            fix = "write `batch_normalization: {synchronized: true}`"
            yield Finding("workers-normalization", ("model", "layers", index), reason, fix)


def _with_inner(layer: LayerSection) -> Iterator[LayerSection]:
    yield layer
    for inner in getattr(layer, "layers", ()):
        yield from _with_inner(inner)
