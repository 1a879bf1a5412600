"""The outcome of a training for a comparison, read from its run folder; does not train."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.errors import RunError
from nncli.run import files
from nncli.run.folder import RunFolder


def read_outcome(folder: RunFolder, variant: str, seed: int) -> dict[str, Any]:
    """A cell as `evaluate.comparing.summary` takes it; its summary is None where the training did not end.

    Raises RunError where a file is damaged.
    """
    record, data = folder.record, folder.record.get("data") or {}
    is_finished = record.get("status") == "finished"
    summary = folder.read_json(files.SUMMARY) if is_finished else None
    outcome = {
        "variant": variant,
        "seed": seed,
        "run": str(folder.path),
        "task": summary["test"]["task"] if summary else None,
        "fingerprint": data.get("fingerprint"),
        "rows": data.get("rows"),
        "test_part": _mark_of_test_rows(folder),
        "summary": summary,
        "history": folder.read_lines(files.METRICS),
        "answers": _read_answers(folder) if is_finished else None,
    }
    if summary is None:
        outcome |= {"failure": record.get("reason") or record.get("status"), "failed": not record.get("diverged")}
    return outcome


def _mark_of_test_rows(folder: RunFolder) -> str | None:
    """A sum of the row numbers of the test part, by which seeds with the same one are known."""
    rows = _read_arrays(folder, files.SPLITS).get("test")
    return None if rows is None else hashlib.sha256(np.asarray(rows, np.int64).tobytes()).hexdigest()


def _read_answers(folder: RunFolder) -> np.ndarray | None:
    """What became of each test row; None for runs of versions that did not keep it."""
    return next(iter(_read_arrays(folder, files.ANSWERS).values()), None)


def _read_arrays(folder: RunFolder, name: str) -> dict[str, np.ndarray]:
    """The arrays of a file, none where it is missing. Raises RunError where it is damaged."""
    try:
        content = folder.read(name)
    except FileNotFoundError:
        return {}
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (EOFError, ValueError, zipfile.BadZipFile):  # without a sum, as those of earlier versions
        raise RunError(f"{folder.file(name)} is damaged", hint="restore the file, or train again") from None


_COLUMNS = ("variant", "seed", "status", "run", "parameters", "epochs", "best_epoch", "updates", "seconds_per_epoch")


def cells_table(outcomes: Sequence[Mapping[str, Any]]) -> bytes:
    """A CSV with a row for each training: how it ended, what it took, all its test metrics."""
    metrics = dict.fromkeys(name for each in outcomes if each["summary"] for name in each["summary"]["test"]["metrics"])
    text = io.StringIO()
    writer = csv.DictWriter(
        text, [*_COLUMNS, *(f"test_{name}" for name in metrics), "failure"], lineterminator="\n", restval=""
    )
    writer.writeheader()
    for each in outcomes:
        summary = each["summary"] or {}
        row = {key: summary.get(key, "") for key in _COLUMNS[4:]}
        row |= {"variant": each["variant"], "seed": each["seed"], "status": _status(each), "run": each["run"]}
        tested = summary["test"]["metrics"] if summary else {}
        row |= {f"test_{name}": "" if value is None else value for name, value in tested.items()}
        writer.writerow({**row, "failure": each.get("failure", "")})
    return files.encode(text.getvalue())


def _status(outcome: Mapping[str, Any]) -> str:
    if outcome["summary"]:
        return "finished"
    return "failed" if outcome.get("failed") else "diverged"
