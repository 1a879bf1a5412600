"""The story of the service: runs opened, a port bound, requests answered until a signal ends it."""

import asyncio
import importlib.util
import io
import ipaddress
import secrets
import socket
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.console import Console
from nncli.errors import NncliError, RunError, UsageError
from nncli.pipeline.folders import Folders
from nncli.pipeline.own_data import read_own_data
from nncli.pipeline.predicting.open_run import OpenRun, open_run
from nncli.pipeline.serving.answering import make_model
from nncli.pipeline.serving.watching import config_name, find_newer
from nncli.pipeline.training.continuing.stopping import say_how_to_continue
from nncli.run import files
from nncli.run.finding import LATEST
from nncli.run.folder import RunFolder
from nncli.run.listing import ListedRun
from nncli.serve import server
from nncli.serve.app import Settings, make_app
from nncli.serve.guard import Guard
from nncli.serve.limits import Limits
from nncli.serve.metrics import Metrics
from nncli.serve.model import Model
from nncli.serve.registry import Registry

if TYPE_CHECKING:
    from nncli.pipeline.serving.workbench.bench import Workbench

DEFAULT_PORT = 8765
_WATCH_SECONDS = 2.0
_TOKEN_BYTES = 24
_SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class ServeRequest:
    """What is served and where: the words for runs, and the options of the command.

    Without runs it is the workbench, with the bundled data sets, those in the current folder and those of `data`.
    """

    runs: Sequence[str] = ()
    data: Sequence[Path] = ()
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    open_page: bool = False
    allow_remote: bool = False
    token: str | None = None
    watch: bool = False


@dataclass(frozen=True)
class Started:
    """A server that is ready: its address, and the runs by the names that requests use."""

    address: str
    token: str | None
    runs: dict[str, Path]
    has_workbench: bool
    wait: Callable[[], None]

    @property
    def page(self) -> str:
        """The address of the page; the token stands after a #, so that it is neither sent nor logged."""
        return f"{self.address}/#token={self.token}" if self.token else f"{self.address}/"


@contextmanager
def serve(request: ServeRequest, *, folders: Folders, console: Console) -> Iterator[Started]:
    """A server that is bound to its port; `Started.wait` answers until SIGINT or SIGTERM, and raises as they do.

    Raises UsageError for an address or a port that cannot be used or is open to others without --allow-remote,
    RunError for a run that is missing, unfinished, damaged or without an exported model.
    """
    server.require_packages()
    token = _choose_token(request)
    runs = _choose_runs(request, folders, console)
    bench = None if request.runs else _make_bench(request, folders)
    models = [_make_model(name, run, folders) for name, run in runs.items()]
    listening = server.bind(request.host, request.port)
    port = listening.getsockname()[1]
    if request.port not in (0, port):
        console.say(f"port {request.port} is taken, using {port}")
    registry = Registry(models, Metrics())
    guard = make_app(registry, _settings(request, token, console, bench))
    work = _watcher(registry, runs, folders, console) if request.watch else None
    started = Started(
        f"http://{_shown_host(request.host)}:{port}",
        token,
        {name: run.folder.path for name, run in runs.items()},
        bench is not None,
        lambda: _wait(guard, listening, work),
    )
    if request.open_page:
        webbrowser.open(started.page)
    try:
        yield started
    finally:
        listening.close()
        registry.close()
        if bench is not None:
            _end_training(bench, console)


def _wait(guard: Guard, listening: socket.socket, work: Callable[[], Any] | None) -> None:
    server.run(guard, listening, guard.limits, work)


def _choose_token(request: ServeRequest) -> str | None:
    """The token that requests need: the one given, or a new one for a server that others can reach.

    Raises UsageError.
    """
    is_remote = not _is_loopback(request.host)
    if is_remote and not request.allow_remote:
        raise UsageError(
            f"--host {request.host}: other machines could reach it",
            hint="add --allow-remote, or leave --host out to serve this machine alone",
        )
    if request.token is not None:
        if len(request.token) < _SHORTEST_TOKEN or not request.token.isascii() or not request.token.isprintable():
            raise UsageError(
                f"--token: got {len(request.token)} characters, expected {_SHORTEST_TOKEN} or more, printable ASCII",
                hint="leave it out to have one made",
            )
        return request.token
    return secrets.token_urlsafe(_TOKEN_BYTES) if is_remote else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown_host(host: str) -> str:
    """The host as it stands in an address; an address that means all of the machine's is reached as its own name."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _settings(request: ServeRequest, token: str | None, console: Console, bench: "Workbench | None") -> Settings:
    def tell(error: BaseException) -> None:
        console.warn(f"a request met a defect of nncli: {type(error).__name__}: {error}")

    return Settings((request.host.lower(),), token, Limits(), tell, bench)


def _make_bench(request: ServeRequest, folders: Folders) -> "Workbench":
    """Raises UsageError where nothing can be trained, and for data that is not there."""
    from nncli.pipeline.serving.workbench.bench import Workbench  # late: half of the start of a server without it

    if not _is_installed("tensorflow"):
        raise UsageError("the workbench trains with TensorFlow, which is not installed", hint="nncli serve latest")
    return Workbench(folders, request.data, lambda path: _open_model(path, folders))


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except ImportError:
        return False


def _end_training(bench: "Workbench", console: Console) -> None:
    """Stops what the workbench trains, and says how it goes on."""
    run = bench.trainer.close()
    if run is not None and RunFolder(run).status != "finished":
        say_how_to_continue(RunFolder(run), console)


def _choose_runs(request: ServeRequest, folders: Folders, console: Console) -> dict[str, OpenRun]:
    """The runs that are named; for the workbench the newest one, if there is one that can be served.

    Raises RunError, and UsageError for options that do not go together.
    """
    if request.runs:
        if request.data:
            raise UsageError("--data is for the workbench, and runs are named", hint="leave one of them out")
        return _open_runs(request.runs, folders, console)
    if request.watch:
        raise UsageError("--watch is for runs, and none is named", hint="nncli serve latest --watch")
    try:
        run = open_run(LATEST, folders, Console(quiet=True, stderr=io.StringIO()))
    except RunError:
        return {}
    return {} if run.folder.find_intact(files.LITE_MODEL) is None else {run.folder.path.name: run}


def _open_model(path: Path, folders: Folders) -> Model:
    """A run under the name of its folder."""
    return _make_model(path.name, open_run(str(path), folders, Console(quiet=True, stderr=io.StringIO())), folders)


def _open_runs(words: Sequence[str], folders: Folders, console: Console) -> dict[str, OpenRun]:
    """The runs by the config's name; where two have the same, by their folders' names. Raises RunError."""
    opened = {run.folder.path.resolve(): run for run in (open_run(word, folders, console) for word in words)}
    names = [config_name(path) for path in opened]
    return {
        (name if names.count(name) == 1 else path.name): run
        for name, (path, run) in zip(names, opened.items(), strict=True)
    }


def _make_model(name: str, run: OpenRun, folders: Folders) -> Model:
    def read_examples() -> Any:
        return read_own_data(run, folders, Console(quiet=True))

    return make_model(run, name, read_examples)


def _watcher(registry: Registry, runs: dict[str, OpenRun], folders: Folders, console: Console) -> Callable[[], Any]:
    """What exchanges models for newer runs, as a coroutine to run beside the server."""

    served = {name: ListedRun.read(run.folder.path) for name, run in runs.items()}

    def look() -> None:
        for name, current in list(served.items()):
            newer = None
            try:
                newer = find_newer(current)
                if newer is None:
                    continue
                registry.replace(_make_model(name, open_run(str(newer), folders, console), folders))
            except (NncliError, OSError) as error:  # the run that is served stays
                console.warn(f"{(newer or current.path.parent).name} cannot be served: {error}", once=True)
                continue
            served[name] = ListedRun.read(newer)
            console.say(f"{name}: now {newer.name}")

    async def watch() -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            await asyncio.get_running_loop().run_in_executor(registry.workers, look)

    return watch
