"""What the training that runs shows of its network, read from the files that it writes (`training.frames.live`)."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nncli.pipeline.training.frames.live import progress_file

_MOST_BYTES = 2_000_000  # of one answer; a page asks again for the rest
_LONGEST_ID = 200

Told = dict[str, Any]


def read_frames(path: Path, known: str, first: int) -> Told:
    """{"id", "lines", "next"}: the whole lines from the byte `first` on; all of them where the id is not the `known`
    one. The id is None without a file."""
    try:
        with path.open("rb") as file:
            beginning = file.readline(_LONGEST_ID)
            found = str(json.loads(beginning)["id"])
            start = len(beginning) if found != known else max(first, len(beginning))
            file.seek(start)
            content = file.read(_MOST_BYTES)
        whole = content[: content.rfind(b"\n") + 1]
        return {"id": found, "lines": list(_parsed(whole)), "next": start + len(whole)}
    except (OSError, ValueError, KeyError, TypeError):
        return {"id": None, "lines": [], "next": 0}


def _parsed(lines: bytes) -> Iterator[Any]:
    """Without those that were cut off, as by a full disk."""
    for line in lines.splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def describe_progress(path: Path, epoch: int) -> Told:
    """{"frames": bytes there are, "within": how far that epoch is, None where it is not known}."""
    try:
        size = path.stat().st_size
    except OSError:
        size = 0
    try:
        progress = json.loads(progress_file(path).read_bytes())
        within = progress if progress["epoch"] == epoch else None
    except (OSError, ValueError, KeyError, TypeError):
        within = None
    return {"frames": size, "within": within}
