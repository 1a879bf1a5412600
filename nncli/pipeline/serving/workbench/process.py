"""The one training of the workbench: `nncli train --pause` as a process of its own, told on its stdin how far to go.

The process holds a lock in the folder of runs, so that there is one training at a time also after the server was killed
and another one started, which then finds it. It writes its talk to a file and not to the server, and so outlives it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.errors import RunError
from nncli.pipeline.folders import Folders
from nncli.pipeline.training.frames.live import progress_file
from nncli.run import lock
from nncli.run.files import write_bytes, write_json
from nncli.run.folder import read_record
from nncli.run.listing import run_folders
from nncli.serve.refusals import Refusal

# Beside the runs, hidden, so that it is not taken for one.
_FOLDER = ".workbench"
_LOCK, _NOTE, _TALK, _LIVE = "lock", "training.json", "talk.txt", "live.jsonl"
_ENDING_SECONDS = 15.0
_LONGEST_TALK = 20_000


@dataclass
class Training:
    """A training that was started. `known` are the runs from before, `config` the file that it trains.

    `asked` is the epoch that ends it, `until` the one after which it waits, None for none; `began` counts the epochs
    that an earlier training has done. `process` is None for one that another server has started, and may have ended.
    """

    pid: int
    config: str
    asked: int
    known: tuple[str, ...] = ()
    run: Path | None = None
    until: int | None = None
    began: int = 0
    process: subprocess.Popen[str] | None = None
    is_stopping: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether it is a process of this server that runs."""
        if self.process is None:
            return False
        if self.process.poll() is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        return self.process.returncode is None


class Trainer:
    """Starts and stops the training, one at a time; its answers are read from the disk."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._folder = folders.runs_dir / _FOLDER
        self.live = self._folder / _LIVE  # what the training shows of the network while it learns
        self._changing = threading.RLock()
        self.training: Training | None = self._find()

    @property
    def is_running(self) -> bool:
        """Whether a training of the workbench runs, be it one that another server has started."""
        if self.training is not None and self.training.is_alive:
            return True
        if lock.is_held(self._folder / _LOCK) is not True:
            return False
        if self.training is None or self.training.pid != self._read_note().get("pid"):  # another server began one
            self.training = self._find() or self.training
        return True

    def start(self, name: str, text: str, asked: int, until: int | None) -> Training:
        """Trains a config, which waits after the epoch `until`. Raises Refusal (409) while another one is trained."""
        with self._changing:
            self._refuse_second()
            config = self._folder / f"{name}.yaml"
            with self._told_if_it_cannot_be_written():
                self._folder.mkdir(parents=True, exist_ok=True)
                write_bytes(config, text.encode())
                self._forget_frames()
            known = tuple(path.name for path in run_folders(self._folders.runs_dir))
            return self._spawn([str(config)], Training(0, str(config), asked, known, until=until))

    def resume(self, run: Path, done: int, asked: int, until: int | None) -> Training:
        """Continues a run that has `done` epochs until it has `asked`. Raises Refusal (409)."""
        with self._changing:
            self._refuse_second()
            with self._told_if_it_cannot_be_written():
                self._folder.mkdir(parents=True, exist_ok=True)
                if self.training is None or self.find_run(self.training) != run:
                    self._forget_frames()
            arguments = ["--resume", str(run), "--epochs", str(asked)]
            return self._spawn(arguments, Training(0, str(run), asked, run=run, until=until, began=done))

    def allow(self, until: int | None) -> None:
        """Lets it train up to an epoch (one that is done: it waits), or to its end. Raises Refusal (409)."""
        with self._changing:
            training = self.training
            if training is None or training.process is None or not self.is_running:
                raise Refusal(409, got="a word for a training", expected="one that this page has started and that runs")
            training.until = until
            _say_goal(training)

    def stop(self) -> None:
        """Interrupts it as Ctrl-C does: it keeps its state, and can go on later. Raises Refusal (409) if none runs."""
        with self._changing:
            if self.training is None or not self.is_running:
                raise Refusal(409, got="a stop", expected="a training that runs")
            self.training.is_stopping = True
            # SIGTERM, as a shell may have it ignore SIGINT. A process of ours that has ended gets none, whoever has its
            # number now.
            if self.training.process is not None:
                self.training.process.send_signal(signal.SIGTERM)
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.training.pid, signal.SIGTERM)

    def close(self) -> Path | None:
        """Stops the training of this server and waits until it has ended; returns its run, None where none ran."""
        training = self.training
        if training is None or training.process is None or not training.is_alive:
            return None
        self.stop()
        with contextlib.suppress(subprocess.TimeoutExpired):  # it ends by itself
            training.process.wait(_ENDING_SECONDS)
        training.is_alive  # noqa: B018  closes what it was told by
        return self.find_run(training)

    def find_run(self, training: Training) -> Path | None:
        """The run folder of a training, None before there is one."""
        if training.run is None:
            for path in run_folders(self._folders.runs_dir):
                command = read_record(path).get("command")
                if path.name not in training.known and isinstance(command, list) and training.config in command:
                    training.run = path
            if training.run is not None and training.process is not None:
                with contextlib.suppress(RunError):  # a server after this one does not find it then
                    self._write_note(training)
        return training.run

    @property
    def talk(self) -> str:
        """What the training has said so far."""
        try:
            return (self._folder / _TALK).read_text(encoding="utf-8", errors="replace")[-_LONGEST_TALK:]
        except OSError:
            return ""

    @contextlib.contextmanager
    def _told_if_it_cannot_be_written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            hint = "choose another folder with --runs-dir"
            raise RunError(f"{self._folder} cannot be written: {error.strerror}", hint=hint) from None

    def _forget_frames(self) -> None:
        for path in (self.live, progress_file(self.live)):
            path.unlink(missing_ok=True)

    def _refuse_second(self) -> None:
        if self.is_running:
            raise Refusal(
                409, got="a second training", expected="one at a time", fix="wait until the first has ended, or stop it"
            )

    def _spawn(self, arguments: Sequence[str], training: Training) -> Training:
        command = [sys.executable, "-m", "nncli", "train", *arguments, "--pause", "--live", str(self.live)]
        command += ["--runs-dir", str(self._folders.runs_dir)]
        if self._folders.data_dir is not None:
            command += ["--data-dir", str(self._folders.data_dir)]
        try:
            handle = lock.take(self._folder / _LOCK)
        except lock.LockedError:
            self._refuse_second()
            raise
        try:
            with (self._folder / _TALK).open("w", encoding="utf-8") as talk:
                training.process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=talk,
                    text=True,
                    pass_fds=() if handle is None else (handle,),
                    start_new_session=True,  # Ctrl-C is for the server, which passes it on
                    env={name: value for name, value in os.environ.items() if not name.startswith("NNCLI_SERVE_")},
                )
        finally:
            if handle is not None:
                os.close(handle)  # the process has it now, until it ends
        training.pid = training.process.pid
        _say_goal(training)
        self.training = training  # first, so that it can be stopped whatever happens to the note
        self._write_note(training)
        return training

    def _find(self) -> Training | None:
        """The last training that a server before this one has started, which may still run; None where it is gone."""
        note = self._read_note()
        try:
            training = Training(int(note["pid"]), str(note["config"]), int(note["asked"]))
            named = [run for run in run_folders(self._folders.runs_dir) if run.name == note.get("run")]
        except (ArithmeticError, ValueError, KeyError, TypeError):
            return None
        if named:
            [training.run] = named
            return training
        if lock.is_held(self._folder / _LOCK) is not True:
            return None
        ended = [path.name for path in run_folders(self._folders.runs_dir) if "ended" in read_record(path)]
        training.known = tuple(ended)
        return training

    def _read_note(self) -> dict[str, Any]:
        """What is noted of the last training; nothing where that cannot be read."""
        try:
            note = json.loads((self._folder / _NOTE).read_bytes())
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def _write_note(self, training: Training) -> None:
        note = {"pid": training.pid, "config": training.config, "asked": training.asked}
        if training.run is not None:
            note["run"] = training.run.name
        with self._told_if_it_cannot_be_written():
            write_json(self._folder / _NOTE, note)


def _say_goal(training: Training) -> None:
    """Tells the training how far to go; one that has just ended hears nothing."""
    stdin = training.process and training.process.stdin
    if not stdin:
        return
    try:
        stdin.write("all\n" if training.until is None else f"to {training.until}\n")
        stdin.flush()
    except (OSError, ValueError):  # ValueError: it has ended and is closed
        return
