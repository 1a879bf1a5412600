"""A plain PyTorch loop: batches are indexed from one tensor, without a DataLoader, which is slower.

The first epoch, which is not counted, runs one half on PyTorch's default number of threads and the other on one, and
the faster number is kept: on a busy machine, many threads wait for each other.
"""

import os
import time
from pathlib import Path
from typing import Any

from measuring.baton import Baton
from measuring.task import features, load_task, scaled_targets, score

# Warm-up batches before the timing starts.
_WARMING = 10


def race(folder: Path, baton: Baton, turns: int, fused: bool | None = None) -> float:
    """One epoch per turn; returns the score on the test set."""
    import torch

    from measuring.contenders.torch_network import make_network

    task = load_task(folder)
    torch.manual_seed(task.config.seed)
    inputs = torch.from_numpy(features(task, task.train))
    targets = torch.from_numpy(scaled_targets(task, task.train))
    if not task.is_regression:
        targets = targets.long()
    network = make_network(task)
    optimizer = torch.optim.Adam(network.parameters(), lr=task.learning_rate, fused=fused)
    measure_loss = torch.nn.MSELoss() if task.is_regression else torch.nn.CrossEntropyLoss()

    def shuffled() -> tuple[Any, ...]:
        return torch.split(torch.randperm(len(inputs)), task.batch_size)

    def train(batches: tuple[Any, ...]) -> float:
        total = torch.zeros(())
        for rows in batches:
            optimizer.zero_grad()
            loss = measure_loss(network(inputs[rows]), targets[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(rows)
        return float(total) / len(inputs)

    def choose_threads() -> None:
        batches = shuffled()
        middle = len(batches) // 2
        seconds = {}
        for threads, half in ((torch.get_num_threads(), batches[:middle]), (1, batches[middle:])):
            torch.set_num_threads(threads)
            train(half[:_WARMING])
            start = time.perf_counter()
            train(half[_WARMING:])
            seconds[threads] = time.perf_counter() - start
        torch.set_num_threads(min(seconds, key=lambda threads: seconds[threads]))

    network.train()
    baton.report()
    baton.repeat(1, choose_threads)
    baton.repeat(turns - 1, lambda: train(shuffled()))
    baton.wait()
    baton.detail = f"{torch.get_num_threads()} of {os.cpu_count()} threads"
    network.eval()
    with torch.no_grad():
        outputs = [network(part) for part in torch.split(torch.from_numpy(features(task, task.test)), 1000)]
    return score(task, torch.cat(outputs).numpy())
