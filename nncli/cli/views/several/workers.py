"""How the estimate of a training by several workers is shown."""

from typing import TYPE_CHECKING, Any

from nncli.cli.views.training import describe_seconds, describe_size
from nncli.console import Console, make_table

if TYPE_CHECKING:
    from nncli.pipeline.training.workers.estimating import Estimate


def show_estimate(console: Console, found: "Estimate") -> None:
    """What each worker has, what a step and an epoch take, and how many workers pay."""
    peak = "unknown" if found.peak_bytes is None else describe_size(found.peak_bytes)
    rows = [
        ["rows of an epoch", f"{found.rows_per_epoch:,}"],
        ["rows of a step", f"{found.rows_per_step:,}"],
        ["data in memory", f"{describe_size(found.data_bytes)} (all rows)"],
        ["memory, at most", peak],
        ["threads", str(found.threads)],
        ["sent in a step", describe_size(found.bytes_per_step)],
        ["a step: arithmetic", describe_seconds(found.compute_seconds)],
        ["a step: exchange", describe_seconds(found.exchange_seconds)],
    ]
    single = found.epochs[0][1]
    gains = [[f"{number:,}", describe_seconds(seconds), f"{single / seconds:.2f}"] for number, seconds in found.epochs]
    alone, exchange = found.alone, found.exchange_measured
    low, high = (describe_seconds(each) for each in exchange["quartiles"])
    lines: list[Any] = [
        make_table([f"each of {found.workers} workers", "estimate"], rows),
        "",
        make_table(["workers", "an epoch", "times as fast"], gains),
        f"one worker trains in {alone['executor']}, with {alone['threads']} threads",
        f"two processes here exchanged the gradients in {describe_seconds(exchange['seconds'])}, "
        f"half of all rounds in {low} to {high}",
        _judge(found),
        *([_describe_load(found)] if found.is_busy else []),
        f"workers share the {found.cores} cores of this machine"
        if found.network is None
        else f"each worker is a machine like this one, in a network of {found.network}",
        "nothing was trained, and no run was left",
    ]
    answer = found.to_value() | {"epochs": [{"workers": n, "seconds": seconds} for n, seconds in found.epochs]}
    console.answer(answer, *(console.wrap(line) if isinstance(line, str) else line for line in lines))


def _describe_load(found: Any) -> str:
    return (
        f"the machine is busy: {found.load:.1f} processes wanted its {found.cores} cores in the last minute; the "
        "figures are for a quiet machine, and workers that wait for each other take several times as long on a busy one"
    )


def _judge(found: Any) -> str:
    seconds = dict(found.epochs)
    if seconds[found.workers] >= seconds[1]:
        return (
            f"{found.workers} workers are slower than one: an epoch takes "
            f"{describe_seconds(seconds[found.workers])} in place of {describe_seconds(seconds[1])}"
        )
    if found.paying == 1:
        return "more workers than one save less than a tenth"
    return f"more than {found.paying} workers save less than a tenth"
