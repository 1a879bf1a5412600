"""How a batch is shared out among workers: equal slices, and what is done with the rest that is not equal."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Slice:
    """The rows of a batch that one worker runs: `size` of them from position `start`.

    `factor` is what its loss, which Keras divides by the number of workers, is multiplied by, so that the sum of the
    gradients is that of the mean over the batch. What it measures `counts` unless another worker has the same rows.
    """

    start: int
    size: int
    factor: float
    counts: bool = True


def share_out(rows: int, workers: int) -> list[Slice]:
    """The slices of a batch, in order; their sizes differ by 1 at most.

    With fewer rows than workers each worker runs all of them, as a mean over no rows is not defined, and only what the
    first one measures counts.
    """
    if rows < workers:
        return [Slice(0, rows, 1.0, counts=worker == 0) for worker in range(workers)]
    small, larger = divmod(rows, workers)
    slices, start = [], 0
    for worker in range(workers):
        size = small + (worker < larger)
        slices.append(Slice(start, size, workers * size / rows))
        start += size
    return slices
