"""The story of a first config: look at the data, decide, write it with the reasons, check it as `nncli check` does."""

import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nncli import data
from nncli.config.describing.writing import Entry, write_config
from nncli.config.facts import Task
from nncli.config.reading.document import parse_document, require_unicode
from nncli.config.reading.loading import validate
from nncli.config.reading.shipped import ShippedConfig, list_shipped, shipped_folder, shipped_names
from nncli.config.reading.spelling import did_you_mean
from nncli.config.rules import resolve
from nncli.config.sections import Data
from nncli.console import Console
from nncli.data.images.labels.finding import find_labels
from nncli.data.plurals import count
from nncli.data.profile.images.pixel_columns import pixel_section
from nncli.data.profile.proposal.proposal import Proposal, propose, suggest_targets
from nncli.data.streaming.excerpt import holds_tables
from nncli.data.streaming.memory import tell_zipped
from nncli.errors import DataError, NncliError, UsageError
from nncli.pipeline.drafting.config_draft import Draft, data_values, draft_network, draft_table
from nncli.pipeline.drafting.images.drafting import SEED, look_at_images, look_at_pixels
from nncli.pipeline.drafting.sizing import size_table
from nncli.pipeline.drafting.target_option import split_targets
from nncli.run.files import write_output

STDOUT = "-"
_SUFFIXES = (".gz", ".zip", ".csv", ".tsv", ".txt", ".data", ".jsonl", ".ndjson", ".xlsx", ".parquet", ".pq")
# A relative path that climbs higher than this no longer says that data and config belong together.
_HIGHEST = 3
_MOST_NAMES = 30
_SCHEMA = "schema.json"
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


@dataclass(frozen=True)
class InitRequest:
    """What the command line asks for: data to look at, or `template`, the name of a shipped config."""

    source: str | None = None
    template: str | None = None
    targets: Sequence[str] = ()
    task: str | None = None
    output: str | None = None
    force: bool = False


@dataclass(frozen=True)
class WrittenConfig:
    """A config that passes `nncli check`; `path` is None when it was not written to a file."""

    path: Path | None
    text: str
    findings: dict[str, Any]


def init(request: InitRequest, *, console: Console) -> WrittenConfig:
    """Writes a config for a table or image folder, or copies a shipped one.

    Raises UsageError for arguments that do not fit together, a target that is not named or a file that exists;
    DataError where the data cannot be learned from as it is. Nothing is written then.
    """
    if (request.source is None) == (request.template is None):
        raise UsageError("name the data to look at, or --from a shipped config", hint="nncli init DATA --target COLUMN")
    targets, task = split_targets(request.targets), _task(request.task)
    if request.template is not None and (targets or task):
        given = "--target" if targets else "--task"
        raise UsageError(f"{given} is for data, and --from copies a config as it is", hint=f"leave {given} out")
    if request.source is not None:
        require_unicode(Path(request.source))
        _require_target(Path(request.source), targets)
    stem = request.template or _stem(Path(request.source or ""))
    output = Path(request.output or f"{stem}.yaml")
    if request.output != STDOUT:
        _refuse_overwriting(output, request.force)
    named = Path(f"{stem}.yaml") if request.output == STDOUT else output
    if request.template is not None:
        text, findings = _copy(request.template, named), {"template": request.template}
    else:
        text, findings = _write(request, named, console)
    if request.output == STDOUT:
        return WrittenConfig(None, text, findings)
    write_output(output, text.encode())
    return WrittenConfig(output, text, findings)


def list_configs() -> list[ShippedConfig]:
    """The configs that come with nncli, by name."""
    return list_shipped()


def _require_target(source: Path, targets: Sequence[str]) -> None:
    """Refuses a table without a target, before anything else is looked at."""
    if not source.exists() and not any(mark in source.name for mark in "*?["):
        raise UsageError(f"there is no file or folder {source}", hint="a shipped config is copied with --from NAME")
    if (source.is_dir() and not holds_tables(source)) or targets:
        return
    likely, names = suggest_targets(source)
    pixels = pixel_section(source, ())
    if pixels is not None:
        likely = list(pixels.target or ())
    more = f", ... ({len(names)} in all)" if len(names) > _MOST_NAMES else ""
    raise UsageError(
        f"say with --target what to predict; {source} has the columns {', '.join(names[:_MOST_NAMES])}{more}",
        hint="likely: " + ", ".join(f"--target {shlex.quote(name)}" for name in likely),
    )


def _copy(template: str, output: Path) -> str:
    """A shipped config with its comments; its first line names the copy, and editors still find the schema."""
    if template not in shipped_names():
        raise UsageError(
            f"no shipped config is called {template!r}{did_you_mean(template, shipped_names())}",
            hint="`nncli configs` lists them",
        )
    text = (shipped_folder() / f"{template}.yaml").read_text(encoding="utf-8")
    text = text.replace(f"# nncli train {template}\n", f"# nncli train {_quoted(output)}\n", 1)
    return text.replace(f"$schema=./{_SCHEMA}\n", f"$schema={(shipped_folder() / _SCHEMA).as_posix()}\n", 1)


def _write(request: InitRequest, output: Path, console: Console) -> tuple[str, dict[str, Any]]:
    source, task = Path(request.source or ""), _task(request.task)
    path = _path_from(output, source)
    with console.step("looking at the data") as progress:
        if source.is_dir() and not holds_tables(source):
            targets = split_targets(request.targets)
            draft = look_at_images(source, targets, task, lambda path: _path_from(output, Path(path)), progress)
        else:
            draft = _look_at_file(source, path, split_targets(request.targets), task, progress, console.say)
    text = _put_together(draft, output)
    warnings = _check(text, output, draft)
    for warning in warnings:
        console.warn(warning)
    return text, {**draft.findings, "warnings": warnings}


def _look_at_file(
    source: Path, path: str, targets: Sequence[str], task: Task | None, progress: Any, say: Callable[[str], None]
) -> Draft:
    """A table of features, or of the pixels of images."""
    tell_zipped(source, say)
    section = pixel_section(source, targets)
    if section is not None:
        return look_at_pixels(source, path, section, task, progress, say)
    try:
        return _look_at_table(source, path, targets, task, progress, say)
    except DataError:
        labels = find_labels(source.resolve().parent, targets)
        if labels is None or Path(labels.labels) != source.resolve():
            raise
        where = _quoted(source.parent)
        raise UsageError(
            f"{source} only has labels of images",
            hint=f"name the folder: nncli init {where} --target {shlex.quote(targets[0])}",
        ) from None


def _look_at_table(
    source: Path, path: str, targets: Sequence[str], task: Task | None, progress: Any, say: Callable[[str], None]
) -> Draft:
    proposal = propose(source, targets, task)
    values = data_values(proposal, str(source.resolve()))
    section = Data.model_validate(values)
    dataset = data.load(section, seed=SEED, data_dir=None, progress=progress, say=say)
    facts = dataset.facts
    size = size_table(facts.rows["train"], facts.target.task)
    rows = max(proposal.rows, sum(facts.rows.values()))  # the proposal may be made of an excerpt
    summary = (
        f"{count(rows, 'row')} of {source.name}; from {count(len(proposal.learned), 'column')} it predicts "
        f"{', '.join(proposal.target)} ({facts.target.task})."
    )
    return Draft(summary, draft_table(proposal, path, facts), section, facts, size, _table_findings(proposal))


def _put_together(draft: Draft, output: Path) -> str:
    name = output.stem
    header = [f"nncli train {_quoted(output)}", draft.summary]
    given = [] if _RUN_NAME.fullmatch(name) else [Entry("name", re.sub(r"[^A-Za-z0-9_.-]", "_", f"run_{name}")[:80])]
    return write_config(header, [*given, draft.data, *draft_network(draft.facts, draft.size)])


def _check(text: str, output: Path, draft: Draft) -> list[str]:
    """The warnings of `nncli check`; a text that does not read back as decided is a defect of nncli."""
    loaded = validate(parse_document(text, str(output)))
    if loaded.config.data != draft.section:
        raise NncliError(f"the config for {draft.section.path} cannot be read back as intended", hint="report this")
    return resolve(loaded, draft.facts)[1]


def _table_findings(proposal: Proposal) -> dict[str, Any]:
    found = asdict(proposal)
    found.update(found.pop("text_format").model_dump(exclude={"missing"}))
    found["learned"] = {column.name: column.learn_as for column in proposal.learned}
    found["columns"] = {name: kind for name, (kind, _) in proposal.columns.items()}
    return {"task": proposal.task.value, **{key: value for key, value in found.items() if key != "task"}}


def _stem(source: Path) -> str:
    name = source.resolve().name if source.is_dir() else source.name
    while Path(name).suffix.lower() in _SUFFIXES:
        name = Path(name).stem
    return re.sub(r"[*?\[\]]+", "", name).strip("-_. ") or "config"


def _task(name: str | None) -> Task | None:
    if name is None or name in set(Task):
        return Task(name) if name else None
    raise UsageError(f"no task is called {name!r}{did_you_mean(name, [task.value for task in Task])}")


def _refuse_overwriting(output: Path, force: bool) -> None:
    if output.is_dir() or not output.parent.is_dir():
        what = "is a folder" if output.is_dir() else f"cannot be written: there is no folder {output.parent}"
        raise UsageError(f"{output} {what}", hint="name a file with --output")
    if output.exists() and not force:
        raise UsageError(f"{output} exists already", hint="choose another with --output, or replace it with --force")


def _path_from(output: Path, source: Path) -> str:
    """The data's path as the config says it: relative to the config's folder while they are near each other."""
    try:
        relative = Path(os.path.relpath(source.resolve(), output.resolve().parent))
    except ValueError:  # on another drive
        return str(source.resolve())
    return relative.as_posix() if relative.parts.count("..") <= _HIGHEST else str(source.resolve())


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
