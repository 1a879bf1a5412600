"""Downloads and prepares a data set with tensorflow-datasets; the only module that imports it."""

import io
import os
import threading
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

from nncli.data.dataset import Progress
from nncli.errors import DataError, NncliError, UnreachableError

_INTERVAL_SECONDS = 0.25


def download(name: str, folder: Path, progress: Progress) -> None:
    """Download and prepare `name` in `folder`; imports TensorFlow first, which takes a few seconds.

    Raises:
        DataError: there is no data set with that name.
        UnreachableError: the download failed.
    """
    progress(f"downloading {name}", 0.0)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    finished = threading.Event()
    watcher: threading.Thread | None = None
    try:
        # tfds prints to stdout, which is reserved for the command's result.
        with redirect_stdout(io.StringIO()):
            builder = tfds.builder(name, data_dir=str(folder))
            watched = (name, folder / "downloads", _download_size(builder), finished, progress)
            watcher = threading.Thread(target=_watch, args=watched, daemon=True)
            watcher.start()
            builder.download_and_prepare(file_format="tfrecord")
    except tfds.core.DatasetNotFoundError as error:
        raise DataError(
            f"tensorflow-datasets has no data set {name!r}: {str(error).splitlines()[0]}",
            hint="see https://www.tensorflow.org/datasets/catalog/overview",
        ) from None
    except Exception as error:
        # tfds passes on exceptions of requests, urllib3, TensorFlow and the file system, which share no base class.
        raise _explain(error, name, folder) from error
    finally:
        finished.set()
        if watcher is not None:
            watcher.join()


def _explain(error: Exception, name: str, folder: Path) -> NncliError:
    told = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if isinstance(error, OSError) and error.errno is not None and not hasattr(error, "request"):
        return NncliError(f"{name} could not be written to {folder}: {told}", hint="choose another --data-dir")
    return UnreachableError(
        f"{name} could not be downloaded: {told}",
        hint="try again, or set --data-dir (NNCLI_DATA_DIR) to a folder that contains it, prepared",
    )


def _download_size(builder: Any) -> int:
    """The bytes to download as far as tfds knows them in advance, otherwise 0."""
    known = getattr(builder, "url_infos", None) or {}
    return sum(int(getattr(info, "size", 0) or 0) for info in known.values())


def _watch(name: str, downloads: Path, size: int, finished: threading.Event, progress: Progress) -> None:
    """Report the fraction of bytes in the download folder until the download is finished."""
    before = _bytes_below(downloads)
    while not finished.wait(_INTERVAL_SECONDS):
        share = (_bytes_below(downloads) - before) / size if size else 0.0
        progress(f"downloading {name}" if share < 1 else f"preparing {name}", min(max(share, 0.0), 1.0))


def _bytes_below(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        # tfds renames files while they are counted.
        with suppress(OSError):
            total += file.stat().st_size
    return total
