"""The story of a resumed training: from the state that a run left, to the same bits as if it had not stopped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nncli.config.reading.document import KeyPath
from nncli.config.reading.loading import load_config
from nncli.config.schedules import Cosine
from nncli.config.sections import Config
from nncli.console import Console
from nncli.data.plurals import count
from nncli.errors import RunError, Terminated, UsageError
from nncli.pipeline.background_import import begin_import
from nncli.pipeline.folders import Folders, say_choice
from nncli.pipeline.preparation import Prepared, prepare
from nncli.pipeline.training.continuing.checkpoint import Resumed, load_checkpoint, mark_of
from nncli.pipeline.training.continuing.stopping import say_how_to_continue
from nncli.pipeline.training.frames.filming import Filming, make_filming
from nncli.pipeline.training.frames.live import LiveFilming
from nncli.pipeline.training.frames.request import ShowRequest
from nncli.pipeline.training.out_of_fold import read_out_of_fold
from nncli.pipeline.training.planning import Engine, Pause, Terms
from nncli.pipeline.training.record import describe_process, is_as_written
from nncli.pipeline.training.stopwatch import Stopwatch
from nncli.pipeline.training.train import TrainedRun, train_followed
from nncli.pipeline.training.workers.group import Group
from nncli.run import files
from nncli.run.finding import find_training
from nncli.run.folder import DEAD, RunFolder, now
from nncli.run.listing import how_to_go_on
from nncli.tracking.packages import require_packages

if TYPE_CHECKING:
    from nncli.engine.arrays import TrainingState

# The versions that the bits of a training depend on; its data is compared by itself.
_DECISIVE = ("nncli", "tensorflow", "keras", "numpy")


def resume(
    word: str,
    *,
    folders: Folders,
    console: Console,
    epochs: int | None = None,
    inexact: bool = False,
    stopwatch: Stopwatch | None = None,
    max_minutes: float | None = None,
    show: ShowRequest | None = None,
    pause: Pause | None = None,
    group: Group | None = None,
    if_stopped: Callable[[RunFolder], None] | None = None,
) -> TrainedRun:
    """Continues a training that was stopped or killed, or extends a finished one to `epochs` epochs, in its folder.

    Raises RunError if it cannot go on, or, unless `inexact`, if it would not go on to the same bits; UsageError for
    `epochs` that it has done already, and for what cannot be shown; and what `train` raises.
    """
    watch = stopwatch or Stopwatch()
    watch.add_rest("start")
    again = open_again(
        word,
        1 if group is None else group.size,
        folders=folders,
        console=console,
        epochs=epochs,
        inexact=inexact,
        watch=watch,
        show=show,
        group=group,
    )
    folder, record, state, filming = again.folder, again.record, again.state, again.filming
    done = 0 if state is None else state.epochs
    console.say(f"continuing {folder.path} after {count(done, 'epoch')}")
    if filming is not None:
        filming.recall(folder, done, console)
    resumed = [*record.get("resumed", []), {"at": now(), "epochs": done, "differences": again.differences}]
    going = Resumed(state, {"resumed": resumed})
    terms = Terms(resumed=going, engine=engine_of(record), max_minutes=max_minutes, filming=filming, watch=watch)
    terms = replace(terms, out_of_fold=read_out_of_fold(folder), pause=pause, group=group, if_stopped=if_stopped)
    return train_followed(folder, again.prepared, console, terms)


@dataclass(frozen=True)
class Reopened:
    """A run that is to go on, locked: what its record and its checkpoint say, its config with the data, and what has
    `differences` since it was started."""

    folder: RunFolder
    record: Mapping[str, Any]
    state: "TrainingState | None"
    prepared: Prepared
    differences: list[str]
    filming: Filming | LiveFilming | None = None


def open_again(
    word: str,
    workers: int,
    *,
    folders: Folders,
    console: Console,
    epochs: int | None,
    inexact: bool,
    watch: Stopwatch,
    show: ShowRequest | None = None,
    group: Group | None = None,
) -> Reopened:
    """The run that this many workers are to continue with; still unchanged. Raises what `resume` raises."""
    found = find_training(word, folders.runs_dir)
    say_choice(found, console)
    folder = found.folder
    folder.lock()
    try:
        record, state = folder.record, load_checkpoint(folder)
        _refuse(folder, record, state)
        prepared = prepare_again(folder, state, epochs, folders, console, watch)
        if group is not None:
            group.refuse(prepared)
        differences = list_differences(record, state, prepared, workers)
        if not is_as_written(folder.file(files.CONFIG).read_bytes()) and "config: changed since" not in differences:
            differences.append("config: changed since")
        if differences and not inexact:
            told = "\n".join(f"  {line}" for line in differences)
            raise RunError(
                f"{folder.path} would not go on to the same bits:\n{told}",
                hint="--inexact continues it all the same, and run.json says so; or train again",
            )
        filming = make_filming(show, prepared)
        folder.keep_model()  # before the record changes, as this refuses a damaged manifest
    except BaseException as error:  # Ctrl-C included: the run stays as it was
        folder.unlock()
        if isinstance(error, (KeyboardInterrupt, Terminated)) and folder.status != "finished":
            say_how_to_continue(folder, console)
        raise
    return Reopened(folder, record, state, prepared, differences, filming)


def engine_of(record: Mapping[str, Any]) -> Engine | None:
    """How a run was trained; None if it ended before that was chosen."""
    return Engine(record["executor"], record["threads"], record["parts"]) if "threads" in record else None


def prepare_again(
    folder: RunFolder,
    state: "TrainingState | None",
    epochs: int | None,
    folders: Folders,
    console: Console,
    watch: Stopwatch,
) -> Prepared:
    """The run's config with the number of epochs that is asked for, and its data. Raises what `train` raises."""
    with watch.part("config"):
        options: list[tuple[KeyPath, Any, str]] = []
        if epochs is not None:
            options.append((("train", "epochs"), epochs, f"--epochs {epochs}"))
        loaded = load_config(str(folder.file(files.CONFIG)), (), options)
        _refuse_epochs(folder, loaded.config, state, epochs)
        require_packages(loaded.config.train.tracking)
        begin_import(loaded.config.data.source, data_dir=folders.data_dir)
    with watch.part("data"):
        return prepare(loaded, folders, console)


def _refuse(folder: RunFolder, record: Mapping[str, Any], state: "TrainingState | None") -> None:
    """Raises RunError for a run that cannot be resumed, whatever its config."""
    if record.get("kind") != "train":
        hint = how_to_go_on(folder.path, DEAD)  # that we hold its lock makes it look alive
        kind = record.get("kind")
        raise RunError(f"{folder.path} is {'an' if kind == 'ensemble' else 'a'} {kind}, not a training", hint=hint)
    if not folder.file(files.CONFIG).exists():
        raise RunError(f"{folder.path} ended before its training began", hint="train again")
    if not folder.file(files.CONFIG).is_file():  # a pipe would be waited for
        raise RunError(f"{folder.file(files.CONFIG)} is not a file", hint="restore the file, or train again")
    if record.get("diverged"):
        raise RunError(
            f"{folder.path} diverged, and would again: {record.get('reason')}",
            hint="train again with a lower learning rate, or `clipnorm: 1.0` on the optimizer",
        )
    if record.get("status") != "finished":
        return
    if state is None:
        raise RunError(
            f"{folder.path} is finished, and kept no state to go on from",
            hint="train again with more epochs; `train.checkpoint: keep` keeps the state",
        )
    if state.stopped_early:
        raise RunError(
            f"early stopping ended {folder.path} after {count(state.epochs, 'epoch')}: more would change nothing",
            hint="train again with a larger `train.early_stopping.patience`",
        )


def _refuse_epochs(folder: RunFolder, config: Config, state: "TrainingState | None", epochs: int | None) -> None:
    """Raises UsageError or RunError where no epoch is left, or where their number decided on the learning rate."""
    done = 0 if state is None else state.epochs
    if folder.record.get("status") == "finished" and config.train.epochs <= done:
        raise UsageError(
            f"{folder.path} has trained all of its {count(done, 'epoch')}",
            hint=f"--epochs N extends it, with an N of more than {done}",
        )
    if epochs is None:
        return
    if epochs < done:
        told = f"got --epochs {epochs}, and {count(done, 'epoch')} {'is' if done == 1 else 'are'} done"
        raise UsageError(told, hint="--epochs is the number of all epochs, those that are done included")
    rate = config.optimizer.learning_rate
    asked = load_config(str(folder.file(files.CONFIG))).config.train.epochs
    if isinstance(rate, Cosine) and rate.decay_epochs is None and epochs != asked:
        raise RunError(
            f"the learning rate of {folder.path} falls over its {asked} epochs, so those of {epochs} epochs differ "
            "from the first on",
            hint="train again with more epochs, or with `decay_epochs` in the schedule",
        )


def list_differences(
    record: Mapping[str, Any], state: "TrainingState | None", prepared: Prepared, workers: int = 1
) -> list[str]:
    """What has changed since the run was started, and decides on the bits."""
    process = describe_process()
    then = record.get("workers", 1)
    told = [] if then == workers or "threads" not in record else [f"workers: then {then}, now {workers}"]
    if prepared.dataset.fingerprint != record.get("data", {}).get("fingerprint"):
        told.append("data: the rows are not those that the run was trained on")
    if state is not None:
        known, mark = state.marks["of"], mark_of(prepared.config, prepared.dataset)
        told += [f"{name}: changed since" for name in ("config", "facts") if known[name] != mark[name]]
    for name in _DECISIVE:
        then, today = record.get("versions", {}).get(name), process["versions"].get(name)
        if then != today:
            told.append(f"{name}: then {then}, now {today}")
    for name in ("system", "processor", "cpu"):
        then, today = record.get("machine", {}).get(name), process["machine"].get(name)
        if then != today and then is not None:
            told.append(f"{name}: then {then}, now {today}")
    return told
