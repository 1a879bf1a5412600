"""An actor on a node: starts the process of a worker, hears it, and reports; does not train."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import IO, Any

from nncli.cluster.gang import node_address
from nncli.cluster.scratch import make_scratch
from nncli.data.dataset import Dataset
from nncli.pipeline.training.workers.clustered.order import Order, Report, Sent
from nncli.pipeline.training.workers.launching import free_ports, python_command
from nncli.pipeline.training.workers.line import describe_line
from nncli.pipeline.training.workers.watchdog import Worker, pair
from nncli.run import files
from nncli.run.archive import install, pack, unpack

_LAST_LINES = 3
_LOOK_SECONDS = 0.05


@dataclass
class _Hosted(Worker):
    """The process of a worker, and its messages since the last report."""

    said: list[list[Any]] = field(default_factory=list)

    def take(self, message: dict[str, Any]) -> None:
        """Keeps lines of talk in order, and other messages by name."""
        if "said" in message:
            self.said.append(message["said"])
        else:
            super().take(message)


class Agent:
    """Runs one worker, in a folder of its own on the node."""

    def __init__(self) -> None:
        self._place = make_scratch("worker")
        self._address = node_address()
        self._worker: _Hosted | None = None
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as this lives
        self._lock = threading.Lock()
        self._sent: int | None = None
        self._packing = self._is_last = False
        self._packed: Sent | None = None
        self._hearing: threading.Thread | None = None

    def offer(self) -> tuple[str, str]:
        """An address for the worker, host:port, and its folder."""
        # Any address of the machine: TensorFlow listens on all of them.
        return f"{self._address}:{free_ports(1, '')[0]}", str(self._place)

    def start(
        self, order: Order, data: Dataset, archive: bytes | None, variables: dict[str, str], seconds: float
    ) -> None:
        """Starts the process with these environment variables; it gives a sign of life every `seconds` seconds. The
        `archive` has the folder to go on in."""
        self._folder = self._place / order.name
        if archive is not None:
            install(unpack(archive, self._folder), self._folder)
            self._sent = self._checkpoint_time()
        reader, writer = Pipe(duplex=False)
        ours, theirs = pair()
        described = {**describe_line(theirs, seconds, records=False), "COLUMNS": str(order.columns)}
        code = "from nncli.pipeline.training.workers.clustered.worker import main; main()"
        process = subprocess.Popen(
            [*python_command(code), str(reader.fileno()), str(self._place)],
            env={**os.environ, **variables, **described},
            pass_fds=[theirs, reader.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._output,
        )
        reader.close()
        os.close(theirs)
        self._worker = _Hosted(f"process {process.pid}", process, ours)
        threading.Thread(target=_send, args=(writer, (order, data)), daemon=True).start()
        self._hearing = threading.Thread(target=self._receive, daemon=True)
        self._hearing.start()

    def poll(self, seconds: float) -> Report:
        """The state of the worker; waits at most `seconds` for news.

        Archives are packed meanwhile, and sent by another call, since both may take longer than a worker may be silent.
        """
        worker = self._require_worker()
        end = time.monotonic() + seconds
        while time.monotonic() < end and (self._packing or worker.code is None) and not (worker.said or self._packed):
            time.sleep(_LOOK_SECONDS)
        code = worker.code
        if code is not None and self._hearing is not None:
            self._hearing.join(1.0)  # it may have told something just before its end
        if code is None and self._has_new_state():
            self._begin_packing(is_last=False)
        with self._lock:
            said, worker.said = worker.said, []
            messages = dict(worker.messages)
            has_packed = self._packed is not None
        return Report(
            code, time.monotonic() - worker.sign, messages, said, has_packed, self._last_words() if code else ()
        )

    def stop(self, number: int) -> None:
        """Sends a signal to the worker, as Ctrl-C does."""
        with suppress(OSError):
            self._require_worker().process.send_signal(number)

    def collect(self) -> None:
        """Packs all that is in the run folder; the next archive is that."""
        self._begin_packing(is_last=True)

    def send(self) -> Sent | None:
        """What was packed, None if it was sent already."""
        with self._lock:
            packed, self._packed = self._packed, None
        return packed

    def close(self) -> None:
        """Ends the worker, and clears its folder."""
        if self._worker is not None:
            self._worker.process.kill()
            self._worker.process.wait()
        shutil.rmtree(self._place, ignore_errors=True)

    def _require_worker(self) -> _Hosted:
        if self._worker is None:
            raise RuntimeError("the worker was not started")
        return self._worker

    def _receive(self) -> None:
        """Receives what the worker sends, until it has ended."""
        worker = self._require_worker()
        with suppress(OSError):
            while content := worker.socket.recv(65536):
                with self._lock:
                    worker.hear(content)

    def _has_new_state(self) -> bool:
        """Whether the run folder has another checkpoint than what was packed last, which is sent already."""
        if self._packing or self._packed is not None or not (self._folder / files.CONFIG).exists():
            return False
        return self._checkpoint_time() not in (None, self._sent)

    def _begin_packing(self, *, is_last: bool) -> None:
        with self._lock:
            self._packing, self._is_last = True, self._is_last or is_last
            self._packed = None
        threading.Thread(target=self._pack, args=(is_last,), daemon=True, name="packing").start()

    def _pack(self, is_last: bool) -> None:
        """Packs the run folder; an archive that is still being packed when the last one is requested is dropped."""
        stamp = self._checkpoint_time()
        try:
            archive = pack(self._folder)
        except OSError:  # a file that is being replaced: the next call has it
            archive = b""
        with self._lock:
            if is_last != self._is_last:
                return
            self._packing = False
            if archive or is_last:
                self._packed, self._sent = Sent(archive if self._folder.exists() else b"", is_last), stamp

    def _checkpoint_time(self) -> int | None:
        """When the checkpoint was written."""
        with suppress(OSError):
            return (self._folder / files.CHECKPOINT).stat().st_mtime_ns
        return None

    def _last_words(self) -> tuple[str, ...]:
        self._output.seek(0)
        return tuple(self._output.read().decode(errors="replace").strip().splitlines()[-_LAST_LINES:])


def _send(writer: Connection, value: Any) -> None:
    """Gives the worker its order and its rows, as fast as it takes them."""
    with suppress(OSError), writer:
        writer.send(value)
