"""How each kind of row is measured: which processes or commands take turns."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from measuring.contest import Start, Turn, race, take_turns
from measuring.ratios import Measured
from measuring.rows import Peer, Row, TrainingRow
from measuring.task import save_task
from measuring.workspace import Workspace, nncli_command, script

OWN = "nncli"
# Runs a command; returns its seconds, and the score of its result if it has one.
Command = Callable[[bool], tuple[float, float | None]]
Result = dict[str, Measured]

# The number of times one image is predicted in a turn, which would otherwise be too short to measure.
_CALLS = 50


def measure(row: Row, peers: tuple[Peer, ...], rounds: int, place: Workspace) -> Result:
    """The measurements of nncli and these peers, by name. Raises NncliError if the data is not available."""
    return KINDS[row.kind](row, peers, rounds, place)


def task_folder(row: TrainingRow, place: Workspace) -> Path:
    """The folder of a row's task, which is written on first use."""
    folder = place.folder / row.name
    if not folder.exists():
        place.tell("preparing the data")
        save_task(folder, row.config, row.assignments, place.data_dir, place.data.resolve() / "csv" / "diamonds.csv")
    return folder


def _epoch(row: Row, peers: tuple[Peer, ...], rounds: int, place: Workspace) -> Result:
    if not isinstance(row, TrainingRow):
        raise TypeError(f"{row.name} is not a training row")
    folder = task_folder(row, place)
    starts = {OWN: Start("engine", folder), **{peer.name: Start(peer.contender, folder) for peer in peers}}
    return race(starts, rounds, place.tell)


def _warm(count: int, calls: int) -> Callable[[Row, tuple[Peer, ...], int, Workspace], Result]:
    def measure_calls(row: Row, peers: tuple[Peer, ...], rounds: int, place: Workspace) -> Result:
        options = {"count": count, "calls": calls}
        contenders = {OWN: "runtime", **{peer.name: peer.contender for peer in peers}}
        starts = {name: Start(contender, place.run, options) for name, contender in contenders.items()}
        return race(starts, rounds, place.tell)

    return measure_calls


def _train(row: Row, peers: tuple[Peer, ...], rounds: int, place: Workspace) -> Result:
    def own(counted: bool) -> tuple[float, float | None]:
        runs = place.fresh("runs")
        epochs = [] if counted else ["--epochs", "1"]
        seconds, answer = nncli_command(
            "train", "mnist_softmax", *epochs, "--json", "--runs-dir", str(runs), *place.data_options
        )
        shutil.rmtree(runs)
        return seconds, float(json.loads(answer)["test"]["metrics"]["accuracy"])

    return _commands({OWN: own, peers[0].name: _lecture(place, 20)}, rounds, place)


def _compare(row: Row, peers: tuple[Peer, ...], rounds: int, place: Workspace) -> Result:
    one = _lecture(place, 10)

    def own(counted: bool) -> tuple[float, float | None]:
        runs = place.fresh("runs")
        size = ["--seeds", "5", "--epochs", "10"] if counted else ["--seeds", "1", "--epochs", "1"]
        vary = ["--vary", "model.hidden_activation=sigmoid,relu"]
        seconds, answer = nncli_command(
            "compare", "mnist_softmax", *vary, *size, "--json", "--runs-dir", str(runs), *place.data_options
        )
        shutil.rmtree(runs)
        relu = json.loads(answer)["variants"][1]
        return seconds, float(relu["test"]["mean"])

    def ten(counted: bool) -> tuple[float, float | None]:
        seconds, accuracy = one(counted)
        return 10 * seconds, accuracy

    return _commands({OWN: own, peers[0].name: ten}, rounds, place)


def _lecture(place: Workspace, epochs: int) -> Command:
    """The lecture's script, `scripts/train_mnist.py`."""

    def train(counted: bool) -> tuple[float, float | None]:
        output = place.fresh("model").with_suffix(".keras")
        asked = str(epochs if counted else 1)
        seconds, answer = script("train_mnist.py", str(place.archive), str(output), "--epochs", asked)
        output.unlink()
        return seconds, float(answer.split()[-1])

    return train


def _predict(many: bool) -> Callable[[Row, tuple[Peer, ...], int, Workspace], Result]:
    def measure_command(row: Row, peers: tuple[Peer, ...], rounds: int, place: Workspace) -> Result:
        run = place.run
        what = str(place.pictures if many else next(place.pictures.iterdir()))

        def own(counted: bool) -> tuple[float, float | None]:
            seconds, answer = nncli_command("predict", what, "--run", str(run), "--format", "jsonl")
            return seconds, _share_right(answer) if many else None

        def other(counted: bool) -> tuple[float, float | None]:
            seconds, answer = script("predict_images.py", str(run / "model.keras"), what)
            return seconds, _share_right(answer) if many else None

        return _commands({OWN: own, peers[0].name: other}, rounds, place)

    return measure_command


def _share_right(answer: str) -> float:
    """The fraction of images predicted as the digit that their file name starts with."""
    lines = [json.loads(line) for line in answer.splitlines()]
    return sum(Path(line["input"]).name.startswith(f"{line['prediction']}_") for line in lines) / len(lines)


def _load(imports: bool) -> Callable[[Row, tuple[Peer, ...], int, Workspace], Result]:
    def measure_loading(row: Row, peers: tuple[Peer, ...], rounds: int, place: Workspace) -> Result:
        place.tell(f"{len(place.mnist.train):,} images are in nncli's cache")
        where = [str(place.data_dir)] if place.data_dir else []

        def turn(name: str) -> Command:
            def load(counted: bool) -> tuple[float, float | None]:
                seconds, answer = script(name, *where)
                return (seconds if imports else float(answer.split()[-1])), None

            return load

        turns = {OWN: turn("load_with_nncli.py"), peers[0].name: turn("load_with_tfds.py")}
        return _commands(turns, rounds, place)

    return measure_loading


def _commands(commands: Mapping[str, Command], rounds: int, place: Workspace) -> Result:
    """Runs the commands in turns; the score is that of the last turn."""
    measured = {name: Measured() for name in commands}

    def turn(name: str) -> Turn:
        def work(counted: bool) -> float:
            seconds, measured[name].score = commands[name](counted)
            return seconds

        return work

    take_turns({name: turn(name) for name in commands}, rounds, measured, place.tell)
    return measured


KINDS: dict[str, Callable[[Row, tuple[Peer, ...], int, Workspace], Result]] = {
    "epoch": _epoch,
    "train": _train,
    "compare": _compare,
    "predict_one": _predict(many=False),
    "predict_10000": _predict(many=True),
    "warm_one": _warm(1, _CALLS),
    "warm_10000": _warm(10_000, 1),
    "load": _load(imports=False),
    "load_process": _load(imports=True),
}
