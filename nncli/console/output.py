"""Answers on stdout (text or JSON), talk and progress on stderr. Does not depend on runs or models.

rich is imported when the first thing is said with it: answers for a program, which is to wait as little as can be, are
written without.
"""

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from nncli.errors import NncliError

if TYPE_CHECKING:
    import rich.console

    from nncli.console.step import Step
    from nncli.console.training import TrainingView


class Console:
    """Writes answers to stdout and talk to stderr; `json_mode` turns the answer into one JSON object.

    A `quiet` console shows answers, warnings and errors, and neither talk nor progress; a `verbose` one a line for
    every epoch of a training, however many there are.
    """

    def __init__(
        self,
        *,
        json_mode: bool = False,
        quiet: bool = False,
        verbose: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.json_mode, self.quiet, self.verbose = json_mode, quiet, verbose
        self._said: set[str] = set()
        self._given_stdout, self._given_stderr = stdout, stderr

    @cached_property
    def _stdout(self) -> "rich.console.Console":
        return _make(self._given_stdout, is_stderr=False)

    @cached_property
    def _stderr(self) -> "rich.console.Console":
        return _make(self._given_stderr, is_stderr=True)

    @property
    def _file(self) -> TextIO:
        """What takes answers, also where nothing of rich is needed; looked up each time, as others may exchange it."""
        stream: TextIO = self._given_stdout or sys.stdout
        # While a progress bar is shown, rich stands in for the streams; an answer goes past it.
        return getattr(stream, "rich_proxied_file", stream)

    @property
    def is_terminal(self) -> bool:
        """Whether talk goes to a person's terminal."""
        return self._stderr.is_terminal

    @property
    def shows_pictures(self) -> bool:
        """Whether answers go to a person's terminal and not into a file, a pipe or a program."""
        return self._stdout.is_terminal and not self.json_mode

    @property
    def has_colour(self) -> bool:
        """Whether answers may have colours."""
        return self._stdout.color_system is not None and not self._stdout.no_color

    @property
    def speaks_unicode(self) -> bool:
        """Whether answers may have characters beyond ASCII."""
        return (getattr(self._file, "encoding", None) or "utf-8").lower().startswith("utf")

    @property
    def width(self) -> int:
        """Columns that an answer has."""
        return self._stdout.width

    @property
    def line_width(self) -> int | None:
        """Columns of a person's terminal, None where answers go elsewhere; known without rich."""
        return shutil.get_terminal_size().columns if self._file.isatty() else None

    def ask(self, question: str) -> bool:
        """A question on stderr that is answered by a line of stdin; without one, the answer is no."""
        stream = self._given_stderr or sys.stderr
        stream.write(f"{question} [y/N] ")
        stream.flush()
        line = sys.stdin.readline()
        if not line.endswith("\n"):
            stream.write("\n")
        return line.strip().lower() in ("y", "yes")

    @property
    def is_conversation(self) -> bool:
        """Whether a person reads the answer and can answer in turn: stdin and stdout are terminals."""
        return sys.stdin.isatty() and self._file.isatty() and not self.json_mode

    def prompt(self, question: str) -> str | None:
        """The line that a person types after a question on stdout, without its newline; None where stdin has ended."""
        self.write(question)
        try:
            line = sys.stdin.readline()
        except (KeyboardInterrupt, UnicodeDecodeError) as error:
            self.write("\n")
            if isinstance(error, KeyboardInterrupt):
                raise
            return ""
        if not line.endswith("\n"):
            self.write("\n")
        return line.rstrip("\n") if line else None

    def wrap(self, text: str) -> str:
        """A line of words broken at blanks to the width of a terminal; whole where a program reads it."""
        if not self._stdout.is_terminal:
            return text
        return textwrap.fill(text, self.width, break_long_words=False, break_on_hyphens=False)

    def answer(self, value: Mapping[str, Any], *renderables: Any) -> None:
        """The result of a command: the JSON object, or its readable form."""
        if self.json_mode:
            self.write(json.dumps(value, ensure_ascii=not self.speaks_unicode) + "\n")
            return
        # Rendered first and written by us: rich would end the process where the reader of a pipe has gone.
        with _reporting_write_errors(), self._stdout.capture() as captured:
            for renderable in renderables:
                if isinstance(renderable, str):
                    # Words of a line go to the next where a terminal is narrow; in a file a line stays a line.
                    self._stdout.print(renderable, markup=False, soft_wrap=not self._stdout.is_terminal)
                else:
                    self._stdout.print(renderable)
        self.write(captured.get())

    def write(self, text: str) -> None:
        """Text for stdout exactly as it is. Raises NncliError when it takes no more, as a full disk does."""
        with _reporting_write_errors():
            self._file.write(text)
            self._file.flush()

    def say(self, text: str, *, once: bool = False) -> None:
        """One line of talk; with `once`, only if it was not said before."""
        if not self.quiet:
            self._talk("", text, once)

    def draw(self, picture: Any) -> None:
        """A picture made of characters, among the talk; it was asked for, so a quiet console shows it too."""
        self._stderr.print(picture)

    def suggest(self, commands: Sequence[str]) -> None:
        """The commands to run next, one per line; not shown to programs."""
        if not self.json_mode:
            for position, text in enumerate(commands):
                self.say(f"{'next:' if position == 0 else '     '} {text}")

    def warn(self, text: str, *, once: bool = False) -> None:
        """A warning."""
        self._talk("[bold yellow]warning:[/] ", text, once)

    def _talk(self, styled: str, text: str, once: bool) -> None:
        """A line of talk after a coloured word; what needs no colour is written without waiting for rich."""
        if once and styled + text in self._said:
            return
        self._said.add(styled + text)
        stream = self._given_stderr or sys.stderr
        if styled and stream.isatty():
            self._stderr.print(styled + _escape(text), soft_wrap=True)
            return
        word = styled.partition("]")[2].replace("[/]", "")
        try:
            stream.write(f"{word}{text}\n")
            stream.flush()
        except BrokenPipeError:  # nobody listens any more; the work goes on
            _drop(stream)

    def fail(self, error: NncliError) -> None:
        """An error in its own words, and how to fix it."""
        for line in error.message.splitlines():
            self._stderr.print(f"[bold red]error:[/] {_escape(line)}", soft_wrap=True)
        if error.hint:
            self._stderr.print(f"[bold]fix:[/] {_escape(error.hint)}", soft_wrap=True)

    @contextmanager
    def step(self, what: str, *, shown: bool = True) -> Iterator["Step"]:
        """A stretch of work, shown while it lasts; call the step to report what share of it is done."""
        from nncli.console.step import Step

        step = Step(self._stderr, what, shown=shown and not self.quiet)
        try:
            yield step
        finally:
            step.close()

    def training(
        self, epochs: int, batches: int, *, title: str = "", monitor: str = "", larger_is_better: bool = False
    ) -> "TrainingView":
        """The view of one training, with a `title` for one of many; close it when it ends, however it ends."""
        from nncli.console.training import TrainingView

        return TrainingView(
            self._stderr,
            epochs,
            batches,
            title=title,
            monitor=monitor,
            larger_is_better=larger_is_better,
            shown=not self.quiet,
            all_lines=self.verbose,
        )

    @property
    def talk_has_colour(self) -> bool:
        """Whether talk may have colours."""
        return self._stderr.color_system is not None and not self._stderr.no_color

    @property
    def talk_width(self) -> int:
        """Columns that a line of talk has."""
        return self._stderr.width


def _make(file: TextIO | None, *, is_stderr: bool) -> "rich.console.Console":
    """Without a file rich looks up sys.stdout and sys.stderr each time, which others may exchange for a while."""
    import rich.console

    class Pipe(rich.console.Console):
        """rich itself would end the process where nobody reads: a training that talks to `| head` would be lost."""

        def on_broken_pipe(self) -> None:
            if not self.stderr:
                raise BrokenPipeError
            self.quiet = True
            _drop(self.file)

    return Pipe(file=file, stderr=is_stderr, highlight=False, emoji=False)


def _drop(stream: Any) -> None:
    """Sends further output to the null device."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


@contextmanager
def _reporting_write_errors() -> Iterator[None]:
    """A full or closed stdout is not a defect of nncli; a broken pipe is left to the command."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NncliError(f"stdout cannot be written: {error.strerror}") from None
