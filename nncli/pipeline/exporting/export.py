"""The story of an export: which run, which format, which file, and what to know of the file."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.console import Console
from nncli.errors import ExportError, UsageError, unwritable
from nncli.pipeline.exporting.conversion import convert_to_int8, convert_to_onnx, write_saved_model
from nncli.pipeline.exporting.description import describe_inputs, describe_output
from nncli.pipeline.exporting.script.writing import write_script
from nncli.pipeline.folders import Folders
from nncli.pipeline.own_data import read_own_data
from nncli.pipeline.predicting.open_run import OpenRun, open_run
from nncli.pipeline.training.watching import direction, monitored
from nncli.pipeline.weights import npz_bytes
from nncli.run import files

# format -> the ending of its file; a SavedModel is a folder
ENDINGS = {"keras": ".keras", "tflite": ".tflite", "onnx": ".onnx", "saved_model": "", "script": ".py"}
# What a script says about its arrays (script/writing.py); no name out of its own folder.
_NAMED_ARRAYS = re.compile(rb'^ARRAYS = .*"([^"/\\]+-[0-9a-f]{12}\.npz)"\)$', re.MULTILINE)


@dataclass(frozen=True)
class ExportRequest:
    """The format (that of the output's ending where it is left out), where to write it, and how."""

    form: str | None = None
    output: Path | None = None
    int8: bool = False
    force: bool = False


@dataclass(frozen=True)
class Exported:
    """The exported run, and the facts about the file (see docs/runs.md)."""

    run: OpenRun
    result: dict[str, Any]


def export(word: str, request: ExportRequest, *, folders: Folders, console: Console) -> Exported:
    """Writes the model of a run in another format.

    Raises UsageError for arguments that do not fit together and a file that exists, RunError for a run that cannot be
    used, ExportError for a network that the format cannot hold, or that predicts otherwise in it.
    """
    form = _choose_format(request)
    run = open_run(word, folders, console)
    if form == "script" and run.is_ensemble:
        raise ExportError(
            f"a script trains one network, and {run.folder.path} is an ensemble",
            hint="export one of its members, or another --format",
        )
    output = request.output or Path(f"{run.folder.record['name']}{'_int8' if request.int8 else ''}{ENDINGS[form]}")
    _refuse_existing(output, form, request.force)
    details = _write(run, form, request, output, folders, console)
    result = {
        "run": str(run.folder.path),
        "format": form,
        "output": str(output),
        "bytes": details.pop("bytes"),
        "inputs": describe_inputs(run.facts),
        "outputs": describe_output(run.facts),
        **details,
    }
    return Exported(run, result)


def _choose_format(request: ExportRequest) -> str:
    form = request.form
    if form is None and request.output is not None:
        form = next((form for form, ending in ENDINGS.items() if ending and request.output.suffix == ending), None)
    if form not in ENDINGS:
        got = f"got --format {form}" if form else "got no --format" if request.output is None else ""
        got = got or f"--output {request.output}: the ending names no format"
        raise UsageError(f"{got}, expected one of {', '.join(ENDINGS)}", hint="nncli export latest --format onnx")
    if request.int8 and form != "tflite":
        raise UsageError(f"--int8 is for --format tflite, got {form}", hint="leave one of them out")
    return form


def _refuse_existing(output: Path, form: str, force: bool) -> None:
    if not output.parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {output.parent}", hint="make it first")
    if output.is_dir() or (output.exists() and form == "saved_model"):  # --force is for a file in the place of a file
        raise UsageError(f"{output} exists already", hint="choose another with --output, or remove it")
    if output.exists() and not output.is_file() and form == "script":
        told = f"--output {output} is not a file, and a script reads its rows from a file beside its own"
        raise UsageError(told, hint="name a file that ends in .py")
    if output.exists() and not force:
        raise UsageError(f"{output} exists already", hint="choose another with --output, or replace it with --force")


def _write(
    run: OpenRun, form: str, request: ExportRequest, output: Path, folders: Folders, console: Console
) -> dict[str, Any]:
    """Writes the file or folder; returns the facts about it, the first of which are its `bytes`."""
    if form == "script":
        return _write_script(run, output, folders, console)
    if form == "saved_model":
        checked = write_saved_model(run, output, folders, console)
        return {"bytes": sum(file.stat().st_size for file in output.rglob("*") if file.is_file()), "checked": checked}
    if form == "onnx":
        content, checked = convert_to_onnx(run, folders, console)
        return {"bytes": _write_file(output, content), "checked": checked}
    if request.int8:
        content, told = convert_to_int8(run, folders, console)
        return {"bytes": _write_file(output, content), "int8": told}
    return {"bytes": _write_file(output, _read_model(run, files.KERAS_MODEL if form == "keras" else files.LITE_MODEL))}


def _write_script(run: OpenRun, output: Path, folders: Folders, console: Console) -> dict[str, Any]:
    """The script, and beside it the .npz file that it reads."""
    config, dataset = run.load_config().config, read_own_data(run, folders, console)
    monitor = monitored(config)
    script = write_script(config, dataset, name=output.stem, monitor=monitor, mode=direction(monitor))
    arrays = output.with_name(script.file)
    text = script.text.encode()
    _write_pair(output, text, arrays, npz_bytes(script.arrays))
    # The script reads a prepared data set with tensorflow-datasets, which looks in one folder only.
    is_prepared = config.data.source == "mnist" or config.data.source.startswith("tfds:")
    data_dir = str(folders.data_dir) if is_prepared and folders.data_dir is not None else None
    lines = len(script.text.splitlines())
    return {"bytes": len(text), "arrays": str(arrays), "lines": lines, "data_dir": data_dir}


def _write_pair(output: Path, text: bytes, arrays: Path, content: bytes) -> None:
    """A script and its arrays, old or new together: the new arrays have another name, so that a script that is replaced
    reads its own until it is; then the old arrays go. If writing fails, the new ones go.
    """
    left = {_arrays_read_by(output)} | (set() if arrays.exists() else {arrays})
    try:
        _write_file(arrays, content)
        _write_file(output, text)
    finally:  # Ctrl-C included
        for file in left - {_arrays_read_by(output)}:
            if file is not None:
                file.unlink(missing_ok=True)


def _arrays_read_by(script: Path) -> Path | None:
    """The .npz file that an exported script names, None for any other file."""
    try:
        named = _NAMED_ARRAYS.search(files.read_bytes(script))
    except OSError:
        return None
    return None if named is None else script.with_name(os.fsdecode(named[1]))


def _read_model(run: OpenRun, name: str) -> bytes:
    """A model file of the run, found intact. Raises ExportError with the reason where the training wrote none."""
    content = run.folder.find_intact(name)
    if content is None:
        reason = run.folder.record.get("exports", {}).get(name, "the training did not finish")
        raise ExportError(f"{run.folder.path} has no {name}: {reason}", hint="choose another --format")
    return content


def _write_file(output: Path, content: bytes) -> int:
    """Writes a file, pipe or device; returns how many bytes."""
    try:
        files.write_output(output, content)
    except OSError as error:
        raise unwritable(f"--output {output}: cannot be written ({error.strerror})", error) from None
    return len(content)
