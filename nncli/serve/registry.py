"""The models that are served, by name; one can be exchanged while requests to it are answered."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from nncli.serve.batching import Batcher
from nncli.serve.metrics import Metrics
from nncli.serve.model import Model
from nncli.serve.refusals import Refusal

_MOST_NAMES = 8
# Models that are added one by one, as a page asks for them.
_MOST_ADDED = 8
Result = TypeVar("Result")


@dataclass(frozen=True)
class Served:
    """A model and what gathers the requests to it."""

    model: Model
    batcher: Batcher


class Registry:
    """Models by name; the first one answers where a request names none."""

    def __init__(self, models: Sequence[Model], metrics: Metrics, *, threads: int = 4) -> None:
        self.metrics = metrics
        # Decoding and preparing inputs; LiteRT and numpy release the interpreter lock, Pillow does so for large images.
        self.workers = ThreadPoolExecutor(threads, thread_name_prefix="serve")
        # A model is run by one thread at a time.
        self._runners = {model.name: ThreadPoolExecutor(1, thread_name_prefix=f"run-{model.name}") for model in models}
        self._served = {model.name: self._serve(model) for model in models}
        self._added: list[str] = []

    def __iter__(self) -> Iterator[Model]:
        return (served.model for served in self._served.values())

    def find(self, name: str | None, version: str | None = None) -> Served:
        """The model of that name or version, or the first one. Raises Refusal (404)."""
        if not self._served:
            raise Refusal(404, got="a question to a network", expected="one that is trained", fix="train one first")
        if name is None:
            return next(iter(self._served.values()))
        found = self._served.get(name)
        if found is None:
            found = next((each for each in self._served.values() if each.model.version == name), None)
        if found is None:
            known = list(self._served)
            more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
            raise Refusal(
                404, got=f"the model {name[:80]!r}", expected=f"one of {', '.join(known[:_MOST_NAMES])}{more}"
            )
        if version is not None and version != found.model.version:
            raise Refusal(404, got=f"version {version[:80]!r}", expected=f"{found.model.version!r}")
        return found

    async def work(self, work: Callable[[], Result], *, is_large: bool = True) -> Result:
        """Does what takes long beside the event loop; what is not large at once, as the way there would take longer."""
        return await asyncio.get_running_loop().run_in_executor(self.workers, work) if is_large else work()

    def replace(self, model: Model) -> None:
        """Serves this model under its name from now on; requests that have begun are answered by the one before."""
        self._served = {**self._served, model.name: self._serve(model)}

    def add(self, model: Model) -> None:
        """Serves one more model; of those that were added, the newest few stay."""
        if model.name not in self._runners:
            self._runners[model.name] = ThreadPoolExecutor(1, thread_name_prefix=f"run-{model.name}")
        self.replace(model)
        self._added = [*(name for name in self._added if name != model.name), model.name]
        for name in self._added[:-_MOST_ADDED]:
            self._added.remove(name)
            self._served = {known: served for known, served in self._served.items() if known != name}
            self._runners.pop(name).shutdown(wait=False)

    def _serve(self, model: Model) -> Served:
        def observe(rows: int, seconds: float) -> None:
            self.metrics.count_batch(model.name, rows, seconds)

        return Served(model, Batcher(model.answering.run, self._runners[model.name], observe))

    def close(self) -> None:
        """Ends the threads."""
        for pool in (self.workers, *self._runners.values()):
            pool.shutdown(wait=False, cancel_futures=True)
