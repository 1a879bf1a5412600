"""The names of entries of the cache: readable, and different for other files or settings."""

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# Keys of `data` that do not decide on the arrays.
OTHER_KEYS = frozenset({"memory", "fallback", "path", "split_seed", "scale_target", "task"})
_LONGEST = 60


def entry_name(path: Path, kind: str, settings: Any, files: Iterable[Path]) -> str:
    """The name of the data at a path, and a hash of what decides on its arrays: of the `kind` of entry with its
    version, of the settings (as of JSON), and of the paths, sizes and times of the files.

    One of these changes when a file is written again. The change time (ctime) does even for a file of the same size
    whose modification time was set back.
    """
    digest = hashlib.sha256(json.dumps([kind, settings], sort_keys=True).encode())
    for file in files:
        state = file.stat() if file.exists() else None
        told = f"{file.resolve()}/{state and (state.st_size, state.st_mtime_ns, state.st_ctime_ns)}\n"
        digest.update(told.encode("utf-8", "surrogateescape"))
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", path.name)[:_LONGEST].strip("._") or "data"
    return f"{stem}-{digest.hexdigest()[:16]}"
