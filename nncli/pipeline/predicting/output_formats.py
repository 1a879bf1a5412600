"""Writers of predictions, batch by batch: JSON, JSON lines, CSV, Parquet; nothing grows with the number of rows."""

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from nncli.config.facts import DataFacts
from nncli.console import Console
from nncli.errors import DataError, UsageError, unwritable
from nncli.pipeline.predicting.named_predictions import Answers
from nncli.run.files import encode, replacing_output

FORMATS = ("table", "json", "jsonl", "csv", "parquet")
_IN_MEMORY = 1 << 24


class Writer(Protocol):
    """Writes predictions batch by batch."""

    def write(self, answers: Answers) -> None:
        """Writes a batch of predictions."""
        ...

    def close(self) -> None:
        """Completes the output."""
        ...


def choose_format(form: str | None, output: Path | None, *, keep: bool) -> str:
    """The format to write: the one given, else that of the file's ending, else a table for the screen.

    Raises UsageError for one that does not exist, or does not go with the output or with original columns.
    """
    form = form or _format_of(output)
    if form not in FORMATS:
        raise UsageError(f"got --format {form}, expected one of {', '.join(FORMATS)}")
    if form == "parquet" and output is None:
        raise UsageError("parquet is not text", hint="name a file: --output predictions.parquet")
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {output.parent}")
    if form == "table" and output is not None:
        raise UsageError("a table is for the screen", hint="--format csv, json, jsonl or parquet with --output")
    if form == "table" and keep:
        raise UsageError(
            "--keep: the table on the screen has no room for the original columns",
            hint="--format csv, json or jsonl, or --output FILE.csv",
        )
    return form


def _format_of(output: Path | None) -> str:
    if output is None:
        return "table"
    form = output.suffix.lower().removeprefix(".")
    if form in FORMATS and form != "table":
        return form
    endings = ", ".join(f".{each}" for each in FORMATS if each != "table")
    raise UsageError(f"--output {output}: the ending names no format", hint=f"use {endings}, or add --format")


@contextmanager
def open_writer(form: str, output: Path | None, facts: DataFacts, console: Console, run: str) -> Iterator[Writer]:
    """A writer in one of FORMATS to stdout or a file, which is complete or, after an error, as it was before.

    Raises UsageError if the file cannot be written, or if the tables that are kept have different columns.
    """
    if form == "table":
        from nncli.pipeline.predicting.output_table import TableWriter  # late, as the formats for programs need none

        table = TableWriter(console)
        yield table
        table.close()
        return
    ascii_only = output is None and not console.speaks_unicode
    with _open_sink(output, console, whole=form == "json") as sink:
        writer: Writer
        if form == "parquet":
            writer = _Parquet(sink, facts)
        else:
            writer = CsvWriter(sink) if form == "csv" else _Json(sink, run, ascii_only, lines=form == "jsonl")
        try:
            yield writer
            writer.close()
        except DataError as error:
            hint = "predict the tables one by one, or use --format jsonl"
            raise UsageError(f"--keep: {error.message}", hint=hint) from None


class _Json:
    """JSON lines, or one object {run, predictions}."""

    def __init__(self, sink: IO[bytes], run: str, ascii_only: bool, *, lines: bool) -> None:
        self._sink, self._ascii_only, self._lines = sink, ascii_only, lines
        self._before = "" if lines else f'{{"run": {json.dumps(run, ensure_ascii=ascii_only)}, "predictions": ['

    def write(self, answers: Answers) -> None:
        texts = [json.dumps(each, ensure_ascii=self._ascii_only, default=str) for each in answers.records()]
        if self._lines:
            self._sink.write(encode("".join(f"{text}\n" for text in texts)))
        else:
            self._sink.write(encode(self._before + ", ".join(texts)))
            self._before = ", " if texts else self._before

    def close(self) -> None:
        if not self._lines:
            self._sink.write(encode((self._before if self._before != ", " else "") + "]}\n"))


class CsvWriter:
    """Writes CSV with a header; see `Writer`."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._header: list[str] | None = None

    def write(self, answers: Answers) -> None:
        """Writes a batch. Raises DataError where its columns are others than those of the first."""
        columns = _with_kept(answers, to_lists=True)
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        if self._header is None:
            self._header = list(columns)
            writer.writerow(columns)
        if self._header != list(columns):
            raise DataError("the tables have different columns")
        writer.writerows(zip(*columns.values(), strict=True))
        self._sink.write(encode(buffer.getvalue()))

    def close(self) -> None:
        """Each batch is written at once."""


class _Parquet:
    def __init__(self, sink: IO[bytes], facts: DataFacts) -> None:
        from nncli.data.tables.files.parquet import ParquetWriter  # late: brings the readers of tables with it

        text = {"input"} if facts.target.task.is_regression else {"input", "prediction"}
        self._writer = ParquetWriter(sink, text)

    def write(self, answers: Answers) -> None:
        self._writer.write(_with_kept(answers, to_lists=False))

    def close(self) -> None:
        self._writer.close()


def _with_kept(answers: Answers, *, to_lists: bool) -> dict[str, Any]:
    """The columns of the answers, the original ones after the input; an original one of the same name is renamed."""
    columns = answers.columns()
    if answers.kept is None:
        return columns
    told: dict[str, Any] = {"input": columns.pop("input")}
    for name in answers.kept.column_names:
        column, free = answers.kept[name], name
        while free in columns or free in told:
            free = f"original_{free}"
        told[free] = column.to_pylist() if to_lists else column
    return told | columns


@contextmanager
def _open_sink(output: Path | None, console: Console, *, whole: bool) -> Iterator[IO[bytes]]:
    """What takes the bytes: a file under another name until it is complete, or stdout, at the end if `whole`."""
    if output is None:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as kept:
            sink = _Stdout(console)
            yield kept if whole else sink  # type: ignore[misc]
            kept.seek(0)
            shutil.copyfileobj(kept, sink)
        return
    try:
        with replacing_output(output) as file:
            yield file
    except OSError as error:
        raise unwritable(f"--output {output}: cannot be written ({error.strerror})", error) from None


class _Stdout:
    """Takes the bytes of text for stdout."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, content: bytes) -> None:
        self._console.write(content.decode())
