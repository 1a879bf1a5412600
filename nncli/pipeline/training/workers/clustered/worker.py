"""The process of a worker on a node: trains together with the others, and tells its actor of it.

The chief trains in a run folder of the node, which its actor sends to the caller.
"""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nncli.data.dataset import Dataset
from nncli.errors import NncliError, StopRequest, Terminated
from nncli.pipeline.background_import import begin_import
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.continuing.checkpoint import Resumed, load_checkpoint
from nncli.pipeline.training.continuing.resume import engine_of, list_differences
from nncli.pipeline.training.out_of_fold import read_out_of_fold
from nncli.pipeline.training.planning import Terms
from nncli.pipeline.training.train import train_into
from nncli.pipeline.training.workers.clustered.order import Order
from nncli.pipeline.training.workers.clustered.speaking import RemoteConsole
from nncli.pipeline.training.workers.following import follow_prepared
from nncli.pipeline.training.workers.group import Group
from nncli.pipeline.training.workers.line import Line, LostWorkerError, open_line
from nncli.run.folder import RunFolder, now


def main() -> None:
    """Trains as the order says that comes from the actor, and ends the process."""
    from nncli.engine.distributed.cluster import read_cluster

    StopRequest.silence_dropped()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM, signal.SIGINT])  # Ray's processes block some
    cluster = read_cluster()
    if cluster is None:
        raise SystemExit("TF_CONFIG does not name several workers")
    line = open_line(is_chief=cluster.is_chief)
    begin_import("")
    with Connection(int(sys.argv[1]), writable=False) as reader:
        order, dataset = reader.recv()
    place = Path(sys.argv[2])
    sys.argv[1:] = order.command  # for run.json: what the user typed, and not what the actor did
    code = 1
    with _reporting_errors(line) as outcome:
        _train(order, dataset, place, Group(cluster, line, on=order.on))
        outcome.append(0)
    code = outcome[-1]
    # Skips Python's own shutdown, which would shut TensorFlow down too.
    os._exit(code)


def _stop(number: int, frame: Any) -> None:
    """The first signal interrupts the training; another one must not interrupt the recording of that."""
    if StopRequest.raised is None:
        StopRequest.deliver(KeyboardInterrupt if number == signal.SIGINT else Terminated, number, frame)


@contextmanager
def _reporting_errors(line: Line | None) -> Iterator[list[int]]:
    """Reports errors to the actor; the last item of the list is the exit code, to which the body appends."""
    codes = [1]
    try:
        yield codes
    except (KeyboardInterrupt, Terminated):
        codes.append(128 + signal.SIGINT)
    except LostWorkerError:  # told already
        codes.append(1)
    except NncliError as error:
        codes.append(error.exit_code)
        if line is not None:
            line.tell({"error": [type(error).__name__, error.message, error.hint]})
    except Exception:  # a defect: the last lines are told by the actor
        traceback.print_exc()
        sys.stderr.flush()


def _train(order: Order, dataset: Dataset, place: Path, group: Group) -> None:
    """Raises what `train` raises, LostWorkerError if another worker is gone."""
    line = group.line
    console = RemoteConsole(lambda call: line.tell({"said": call}) if line is not None else None)
    prepared = Prepared(order.config, dataset, order.loaded)
    terms = Terms(engine=order.engine, max_minutes=order.max_minutes, group=group)
    folder = RunFolder(place / order.name)
    if not group.is_chief:
        terms = replace(terms, max_minutes=None)  # the chief decides
        if order.resumes:
            terms = _resumed(terms, folder)
        follow_prepared(prepared, console, terms)
        return
    if not order.resumes:
        folder = RunFolder.create(place, order.name, stamped=False)
    else:
        folder.lock()
        terms = _resumed(terms, folder)
        _record_resumption(folder, prepared, terms, group)
    train_into(folder, prepared, console, terms)


def _resumed(terms: Terms, folder: RunFolder) -> Terms:
    """The same terms for a resumed training in a folder, with the threads that it had."""
    return replace(
        terms,
        resumed=Resumed(load_checkpoint(folder)),
        engine=engine_of(folder.record) or terms.engine,
        out_of_fold=read_out_of_fold(folder),
    )


def _record_resumption(folder: RunFolder, prepared: Prepared, terms: Terms, group: Group) -> None:
    state, record = terms.state, folder.record
    differences = list_differences(record, state, prepared, group.size)
    entry = {"at": now(), "epochs": 0 if state is None else state.epochs, "differences": differences}
    folder.keep_model()
    folder.write_record(status="running", ended=None, reason=None, resumed=[*record.get("resumed", []), entry])
