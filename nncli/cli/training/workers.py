"""`nncli train --workers N`: the process that starts the others, each of these, and `--plan`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from nncli.console import Console
from nncli.errors import UsageError


@dataclass(frozen=True)
class Sharing:
    """What a command line asks for: how many workers, after how many seconds one is taken for hung, all devices, an
    estimate, how often workers start again, and a cluster."""

    workers: int | None
    seconds: float | None
    devices: str | None
    plan: bool
    network: str | None
    restarts: int | None = None
    on: str | None = None
    cpus: float | None = None
    gpus: float | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The options, as they are written."""
        options: dict[str, Any] = {"--workers": self.workers, "--worker-timeout": self.seconds}
        options |= {"--devices": self.devices, "--plan": self.plan, "--network": self.network}
        shares = {"--cpus-per-run": self.cpus, "--gpus-per-run": self.gpus}
        return {**options, "--restarts": self.restarts, "--on": self.on, **shares}

    @property
    def is_shared(self) -> bool:
        """Whether it asks for more than one worker."""
        return self.workers not in (None, 1)


def train_shared(
    sharing: Sharing, config: str, settings: Mapping[str, Any], again: Mapping[str, Any], common: Mapping[str, Any]
) -> Any:
    """Trains alone or as one of several workers; returns the run, None in a process that has none to show.

    Where this is the process that was asked for several workers, it starts them and ends with their exit code.
    `settings` are those of a new run, `again` has `resume`, the run to continue with, `epochs` and `inexact`.
    """
    from nncli import pipeline

    resume = again["resume"]
    if cluster := _read_cluster(sharing):
        return _train_on(cluster, sharing, config, settings, again, common)
    if sharing.plan or sharing.network is not None:
        _show_plan(sharing, config, resume, settings, common)
        return None
    group = _read_group(sharing)
    is_shared = group is not None or sharing.is_shared
    if group is not None and group.resume is not None:  # the workers start again
        resume = group.resume
        again = {**again, "resume": resume}
    if group is not None and common["max_minutes"] is not None:
        common = {**common, "max_minutes": max(0.0, common["max_minutes"] - group.minutes)}
    for option, value in (("--worker-timeout", sharing.seconds), ("--restarts", sharing.restarts)):
        if value is not None and not is_shared:
            raise UsageError(f"{option} goes with --workers", hint="leave it out")
    if is_shared:
        _refuse_looks(common)
    if group is None and sharing.is_shared:
        _launch(sharing, config, settings, again, common)
    try:
        if group is not None and not group.is_chief:
            _follow(group, config, settings, again, common)
            return None
        if resume is None:
            return pipeline.train(config, **settings, **common, group=group)
        return pipeline.resume(resume, epochs=again["epochs"], inexact=again["inexact"], **common, group=group)
    except pipeline.LostWorkerError:
        if group is None or group.line is None:
            raise
        raise typer.Exit(1) from None  # the process that started the workers tells which one was lost


def _refuse_looks(common: Mapping[str, Any]) -> None:
    """Raises UsageError for what one worker can do alone."""
    if common["show"].what or common["show"].live:
        raise UsageError("--show looks at a network that one worker trains", hint="leave out --show or --workers")
    if common["pause"] is not None:
        raise UsageError("--pause waits for one worker", hint="leave out --pause or --workers")


def _read_cluster(sharing: Sharing) -> Any:
    """The cluster that is asked for, None without one. Raises UsageError for options that do not go with it."""
    from nncli import pipeline

    request = pipeline.ClusterRequest.parse(sharing.on, sharing.cpus, sharing.gpus)
    if request is None:
        return None
    if not sharing.is_shared:
        raise UsageError("--on trains one network by several workers", hint=f"add --workers 2 to --on {sharing.on}")
    for option, value in (("--plan", sharing.plan), ("--network", sharing.network), ("--devices", sharing.devices)):
        if value:
            raise UsageError(f"{option} does not go with --on", hint=f"leave out {option} or --on")
    if pipeline.read_group(sharing.workers) is not None:
        raise UsageError("TF_CONFIG names the workers, and --on would choose others", hint="unset TF_CONFIG")
    return request


def _train_on(
    cluster: Any,
    sharing: Sharing,
    config: str,
    settings: Mapping[str, Any],
    again: Mapping[str, Any],
    common: Mapping[str, Any],
) -> Any:
    """The run that workers on a cluster have trained."""
    from nncli import pipeline

    _refuse_looks(common)
    given: dict[str, Any] = {"restarts": sharing.restarts, "seconds": sharing.seconds}
    options = {name: value for name, value in given.items() if value is not None}
    request = pipeline.GangRequest(cluster, sharing.workers or 1, **options)
    shared = {name: common[name] for name in ("folders", "console", "max_minutes", "if_stopped")}
    if again["resume"] is None:
        return pipeline.train_on_cluster(config, request, **settings, **shared)
    return pipeline.resume_on_cluster(
        again["resume"], request, epochs=again["epochs"], inexact=again["inexact"], **shared
    )


def _read_group(sharing: Sharing) -> Any:
    """The workers that this process is one of. Raises UsageError for options that do not go together."""
    from nncli import pipeline

    if sharing.devices is None:
        return pipeline.read_group(sharing.workers)
    if sharing.devices != "all":
        raise UsageError(f"got --devices {sharing.devices}, expected all", hint="CUDA_VISIBLE_DEVICES chooses some")
    if sharing.workers is not None:
        raise UsageError("--devices all trains in one process, and got --workers", hint="leave one out")
    return pipeline.all_devices()


def _launch(
    sharing: Sharing,
    config: str,
    settings: Mapping[str, Any],
    again: Mapping[str, Any],
    common: Mapping[str, Any],
) -> None:
    """Starts the workers with this command line and exits with their code; with --resume all get the same run
    folder."""
    from nncli import pipeline

    arguments, resume, workers = sys.argv[1:], again["resume"], sharing.workers or 1
    if resume is None:
        pipeline.check_workers(config, workers, **settings)
    else:
        path = pipeline.find_training(resume, common["folders"].runs_dir).folder.path
        folder = str(path)
        pipeline.check_workers(str(path / "config.yaml"), workers)
        arguments = [
            folder if each == resume and before == "--resume" else each
            for before, each in zip(["", *arguments], arguments, strict=False)
        ]
        arguments = [f"--resume={folder}" if each == f"--resume={resume}" else each for each in arguments]
    options = {"restarts": sharing.restarts or 0, "if_lost": common["if_stopped"]}
    options |= {} if sharing.seconds is None else {"seconds": sharing.seconds}
    code = pipeline.launch(workers, arguments, console=common["console"], **options)
    raise typer.Exit(code)


def _follow(
    group: Any, config: str, settings: Mapping[str, Any], again: Mapping[str, Any], common: Mapping[str, Any]
) -> None:
    """The training of a worker that is not the chief."""
    from nncli import pipeline

    shared = {name: common[name] for name in ("folders", "console")}
    if again["resume"] is None:
        pipeline.follow(config, group, **settings, **shared)
    else:
        pipeline.follow_resumed(again["resume"], group, epochs=again["epochs"], **shared)


def _show_plan(
    sharing: Sharing, config: str, resume: str | None, settings: Mapping[str, Any], common: Mapping[str, Any]
) -> None:
    """`--plan`. Raises UsageError for options that it has no use for."""
    from nncli import pipeline
    from nncli.cli.views.several.workers import show_estimate

    console: Console = common["console"]
    if not sharing.plan:
        raise UsageError("--network goes with --plan", hint="nncli train CONFIG --workers 4 --plan --network 10Gb")
    if resume is not None:
        raise UsageError("--plan leaves no run, so it does not go with --resume", hint="name the run's config.yaml")
    if sharing.workers is None:
        raise UsageError("--plan needs --workers", hint="nncli train CONFIG --workers 4 --plan")
    unused = {"--restarts": sharing.restarts, "--worker-timeout": sharing.seconds, "--devices": sharing.devices}
    unused |= {
        "--max-minutes": common["max_minutes"],
        "--show": common["show"].what or None,
        "--pause": common["pause"],
    }
    for option, value in unused.items():
        if value is not None:
            raise UsageError(f"--plan trains nothing, so {option} does not go with it", hint=f"leave out {option}")
    options = {"network": sharing.network, "folders": common["folders"], "console": console}
    show_estimate(console, pipeline.estimate_workers(config, sharing.workers, **options, **settings))
