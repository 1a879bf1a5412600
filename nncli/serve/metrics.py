"""Counts what the service does, in the text format of Prometheus (version 0.0.4), which is a page of lines.

The names follow its conventions: base units, `_total` for counters, histograms by cumulative buckets.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
# Others are counted as one: a client may send any word.
_METHODS = frozenset(("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"))
Labels = tuple[tuple[str, str], ...]


class _Histogram:
    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        place = next((place for place, bound in enumerate(self.bounds) if value <= bound), len(self.bounds))
        self.counts[place] += 1
        self.sum += value


class Metrics:
    """Counters of one server; used from its event loop."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._started = time.time()
        self._requests: Counter[Labels] = Counter()
        self._seconds: defaultdict[Labels, _Histogram] = defaultdict(lambda: _Histogram(_SECONDS))
        self._rows: Counter[Labels] = Counter()
        self._batches: defaultdict[Labels, _Histogram] = defaultdict(lambda: _Histogram(_ROWS))
        self._running: defaultdict[Labels, float] = defaultdict(float)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request that was answered."""
        method = method if method in _METHODS else "other"
        self._requests[("route", route), ("method", method), ("status", str(status))] += 1
        self._seconds[(("route", route),)].add(seconds)

    def count_batch(self, model: str, rows: int, seconds: float) -> None:
        """A batch that a model ran."""
        labels = (("model", model),)
        self._rows[labels] += rows
        self._batches[labels].add(rows)
        self._running[labels] += seconds

    def text(self, models: Iterable[tuple[str, str]]) -> str:
        """All counters; `models` are the names and versions that are served now."""
        versions: dict[Labels, float] = {(("model", name), ("version", version)): 1 for name, version in models}
        lines = [
            *_family("nncli_requests_total", "counter", "Requests answered.", self._requests),
            *_histograms("nncli_request_seconds", "Time from a request's header to its answer.", self._seconds),
            *_family("nncli_rows_total", "counter", "Rows and images predicted.", self._rows),
            *_histograms("nncli_batch_rows", "Rows that a model ran at once.", self._batches),
            *_family("nncli_model_seconds_total", "counter", "Time in which models ran.", self._running),
            *_family("nncli_model_info", "gauge", "The models that are served.", versions),
            *_family("nncli_requests_in_flight", "gauge", "Requests being answered.", {(): self.in_flight}),
            *_family("nncli_start_time_seconds", "gauge", "When the server started.", {(): self._started}),
        ]
        return "\n".join(lines) + "\n"


def _family(name: str, kind: str, told: str, values: Mapping[Labels, float]) -> list[str]:
    return [f"# HELP {name} {told}", f"# TYPE {name} {kind}", *(_line(name, *each) for each in values.items())]


def _histograms(name: str, told: str, histograms: Mapping[Labels, _Histogram]) -> list[str]:
    lines = [f"# HELP {name} {told}", f"# TYPE {name} histogram"]
    for labels, histogram in histograms.items():
        total = 0
        for bound, count in zip([*map(str, histogram.bounds), "+Inf"], histogram.counts, strict=True):
            total += count
            lines.append(_line(f"{name}_bucket", (*labels, ("le", bound)), total))
        lines += [_line(f"{name}_sum", labels, histogram.sum), _line(f"{name}_count", labels, total)]
    return lines


def _line(name: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{told}}} {value}" if told else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
