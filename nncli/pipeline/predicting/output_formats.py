"""Writers of predictions: a table for the terminal, JSON, JSON lines, CSV, Parquet."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from nncli.config.facts import DataFacts
from nncli.console import Console, make_table
from nncli.data.tables.files.writing import parquet_bytes
from nncli.errors import UsageError
from nncli.pipeline.predicting.named_predictions import Answer
from nncli.run.files import write_bytes

_NAME_WIDTH = 36
_TABLE_ROWS = 60
FORMATS = ("table", "json", "jsonl", "csv", "parquet")


class Writer(Protocol):
    """Writes predictions batch by batch."""

    def write(self, answers: Sequence[Answer]) -> None:
        """Writes a batch of predictions."""
        ...

    def close(self) -> None:
        """Completes the output."""
        ...


def make_writer(form: str | None, output: Path | None, facts: DataFacts, console: Console, run: str) -> Writer:
    """The writer for a format, to stdout or, whole or not at all, to a file. Raises UsageError.

    Without a format it is that of the file's ending; a format that is given wins over the ending.
    """
    form = form or _format_of(output)
    if form not in FORMATS:
        raise UsageError(f"got --format {form}, expected one of {', '.join(FORMATS)}")
    if form == "parquet" and output is None:
        raise UsageError("parquet is not text", hint="name a file: --output predictions.parquet")
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {output.parent}")
    if form == "table" and output is None:
        return _Table(console)
    if form == "table":
        raise UsageError("a table is for the screen", hint="--format csv, json, jsonl or parquet with --output")
    ascii_only = output is None and not console.speaks_unicode
    if form in ("json", "parquet"):
        encode = _json_encoder(run, ascii_only) if form == "json" else _parquet_encoder(facts)
        return _Whole(encode, output, console)
    return _Lines(_line_encoder(ascii_only) if form == "jsonl" else _csv_encoder(facts), output, console)


def _format_of(output: Path | None) -> str:
    if output is None:
        return "table"
    form = output.suffix.lower().removeprefix(".")
    if form in FORMATS and form != "table":
        return form
    endings = ", ".join(f".{each}" for each in FORMATS if each != "table")
    raise UsageError(f"--output {output}: the ending names no format", hint=f"use {endings}, or add --format")


class _Table:
    """Collects all, then prints one table."""

    def __init__(self, console: Console) -> None:
        self._console, self._answers = console, list[Answer]()

    def write(self, answers: Sequence[Answer]) -> None:
        self._answers += answers

    def close(self) -> None:
        rows = [[_short_name(answer["input"]), *_table_row(answer)] for answer in self._answers[:_TABLE_ROWS]]
        if not rows:
            return
        columns = ["input", "prediction", *(["probability", "next"] if "probabilities" in self._answers[0] else [])]
        self._console.answer({}, make_table(None, columns, [row[: len(columns)] for row in rows], left=2))
        left_out = len(self._answers) - len(rows)
        if left_out:
            self._console.say(f"and {left_out:,} more; all of them: --format csv --output FILE")


def _short_name(name: str) -> str:
    """The end of a long path, cut at a folder name if possible."""
    if len(name) <= _NAME_WIDTH:
        return name
    end = name[3 - _NAME_WIDTH :]
    return f"...{end[end.find('/') :] if '/' in end[:-1] else end}"


def _table_row(answer: Answer) -> list[str]:
    """Prediction, its probability and the next ones; or the value alone."""
    prediction, probabilities = answer["prediction"], answer.get("probabilities", {})
    if isinstance(prediction, dict):
        return [", ".join(f"{name} {value:.4g}" for name, value in prediction.items())]
    if isinstance(prediction, list):
        shown = ", ".join(prediction) or "(none)"
        ranked = ", ".join(f"{name} {value:.3f}" for name, value in probabilities.items())
        return [shown, "", ranked]
    if not probabilities:
        return [f"{prediction:.6g}"]
    others = list(probabilities.items())[1:3]
    ranked = ", ".join(f"{name} {value:.3f}" for name, value in others)
    return [prediction, f"{answer['probability']:.4f}", ranked]


class _Lines:
    """Writes each batch as it comes; with a file, under a temporary name until the end."""

    def __init__(self, encode: Callable[[Sequence[Answer]], str], output: Path | None, console: Console) -> None:
        self._encode, self._output, self._console = encode, output, console
        self._texts: list[str] = []

    def write(self, answers: Sequence[Answer]) -> None:
        text = self._encode(answers)
        if self._output is None:
            self._console.write(text)
        else:
            self._texts.append(text)

    def close(self) -> None:
        if self._output is not None:
            _write_file(self._output, "".join(self._texts).encode())


class _Whole:
    """Collects all and encodes it at the end."""

    def __init__(self, encode: Callable[[Sequence[Answer]], bytes], output: Path | None, console: Console) -> None:
        self._encode, self._output, self._console = encode, output, console
        self._answers: list[Answer] = []

    def write(self, answers: Sequence[Answer]) -> None:
        self._answers += answers

    def close(self) -> None:
        content = self._encode(self._answers)
        if self._output is None:
            self._console.write(content.decode())
        else:
            _write_file(self._output, content)


def _write_file(path: Path, content: bytes) -> None:
    """A file is replaced as a whole, also behind a link; a device or pipe is written to, never replaced."""
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            write_bytes(path.resolve(), content)
    except OSError as error:
        raise UsageError(f"--output {path}: cannot be written ({error.strerror})") from None


def _line_encoder(ascii_only: bool) -> Callable[[Sequence[Answer]], str]:
    def encode(answers: Sequence[Answer]) -> str:
        return "".join(json.dumps(answer, ensure_ascii=ascii_only) + "\n" for answer in answers)

    return encode


def _json_encoder(run: str, ascii_only: bool) -> Callable[[Sequence[Answer]], bytes]:
    def encode(answers: Sequence[Answer]) -> bytes:
        return (json.dumps({"run": run, "predictions": list(answers)}, ensure_ascii=ascii_only) + "\n").encode()

    return encode


def _parquet_encoder(facts: DataFacts) -> Callable[[Sequence[Answer]], bytes]:
    def encode(answers: Sequence[Answer]) -> bytes:
        return parquet_bytes([_flat(facts, answer) for answer in answers])

    return encode


def _csv_encoder(facts: DataFacts) -> Callable[[Sequence[Answer]], str]:
    headed = False

    def encode(answers: Sequence[Answer]) -> str:
        nonlocal headed
        rows = [_flat(facts, answer) for answer in answers]
        buffer = io.StringIO()
        if rows:
            writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
            if not headed:
                writer.writeheader()
                headed = True
            writer.writerows(rows)
        return buffer.getvalue()

    return encode


def _flat(facts: DataFacts, answer: Answer) -> dict[str, Any]:
    """An answer as one row: a column for each class, label or target, the same ones in every row."""
    prediction = answer["prediction"]
    if isinstance(prediction, dict):
        return {"input": answer["input"], **{f"prediction_{name}": value for name, value in prediction.items()}}
    row: dict[str, Any] = {"input": answer["input"]}
    row["prediction"] = "|".join(prediction) if isinstance(prediction, list) else prediction
    if "probability" in answer:
        row["probability"] = answer["probability"]
    if "probabilities" in answer:
        names = facts.target.classes or facts.target.columns
        row |= {f"p_{name}": answer["probabilities"].get(name) for name in names}
    return row
