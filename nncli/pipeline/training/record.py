"""Records in run.json how a run was started and how it ended."""

import hashlib
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

import nncli
from nncli.config.sections import Config, to_mapping
from nncli.errors import NncliError, StopRequest, Terminated, TrainingDivergedError
from nncli.run import files
from nncli.run.folder import RunFolder, Status

_PACKAGES = ("tensorflow", "keras", "numpy", "tensorflow-datasets", "pyarrow", "pillow", "ai-edge-litert")
CONFIG_SUM = "# sha256 of the lines above: "


def describe_process() -> dict[str, Any]:
    """The command line, the versions and the machine, for run.json."""
    return {
        "command": ["nncli", *sys.argv[1:]],
        "versions": {"nncli": nncli.__version__, "python": platform.python_version(), **_package_versions()},
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cpu": _cpu(),
            "cores": os.cpu_count(),
        },
    }


def config_bytes(config: Config) -> bytes:
    """The resolved config as the content of config.yaml; its last line has the sha256 of those above."""
    comment = "# `nncli train` with the path of this file repeats the run\n"
    text = (comment + yaml.safe_dump(to_mapping(config), sort_keys=False, allow_unicode=True)).encode()
    return text + f"{CONFIG_SUM}{hashlib.sha256(text).hexdigest()}\n".encode()


def is_as_written(config: bytes) -> bool:
    """Whether the content of a config.yaml is what a training wrote; those of earlier versions have no sum."""
    text, mark, told = config.rpartition(CONFIG_SUM.encode())
    return not mark or told.strip().decode(errors="replace") == hashlib.sha256(text).hexdigest()


@cache
def _cpu() -> str | None:
    """The name of the processor, whose instructions decide on the last bits; None where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), None)


@cache  # a comparison asks for each of its trainings
def _package_versions() -> dict[str, str]:
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _close(folder: RunFolder, status: Status, **changes: Any) -> None:
    """The first end that is recorded counts: what comes after it, as what a tracker is told, belongs to no training."""
    if folder.file(files.RECORD).exists() and folder.record.get("status") != "running":
        folder.unlock()
    else:
        folder.close(status, **changes)


def _close_failed(folder: RunFolder, reason: str) -> None:
    """A failure to write the status, as on a full disk, must not hide the error that ended the run."""
    with suppress(NncliError):
        _close(folder, "failed", reason=reason)


@contextmanager
def recorded(folder: RunFolder) -> Iterator[None]:
    """Records in run.json how the work inside ended: finished, failed or interrupted.

    Of two nested blocks the inner one records the end; the outer one, what ended before or without the inner.
    """
    try:
        with StopRequest.recognized():
            yield
    except (KeyboardInterrupt, Terminated):
        _close(folder, "interrupted")
        raise
    except TrainingDivergedError as error:
        _close(folder, "failed", reason=error.message, diverged=True)
        raise
    except NncliError as error:
        _close_failed(folder, error.message)
        raise
    except BaseException as error:  # a defect: the record says so, and the error goes on its way
        _close_failed(folder, f"{type(error).__name__}: {error}")
        raise
    _close(folder, "finished")
