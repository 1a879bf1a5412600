"""What the workbench's page asks; see `nncli.serve.workbench.bench`."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nncli.config.reading.loading import load_config
from nncli.errors import UsageError
from nncli.pipeline.folders import Folders
from nncli.pipeline.serving.workbench import results
from nncli.pipeline.serving.workbench.checking import Checked, Checker
from nncli.pipeline.serving.workbench.drafts import (
    DATA_OPTIONS,
    Draft,
    draft_of,
    merge_data,
    parse_text,
    read_draft,
    write_draft,
)
from nncli.pipeline.serving.workbench.offers import make_offers
from nncli.pipeline.serving.workbench.process import Trainer
from nncli.pipeline.serving.workbench.sources import Drafted, Sources
from nncli.pipeline.serving.workbench.watching import read_frames
from nncli.pipeline.weights import npz_bytes
from nncli.serve.model import Model
from nncli.serve.refusals import Refusal

_KEY_BYTES = 24

Told = dict[str, Any]


class Workbench:
    """Networks built in the page, for one folder of runs; `open_run` makes a finished one a model that answers."""

    def __init__(self, folders: Folders, data: Sequence[Path], open_run: Callable[[Path], Model]) -> None:
        """`data` are further data sets. Raises UsageError for one that is not there."""
        self.key = secrets.token_urlsafe(_KEY_BYTES)
        self._folders, self._open_run = folders, open_run
        self._sources = Sources(data, Path())
        self._checker = Checker(folders, Path.cwd())
        self.trainer = Trainer(folders)

    def offers(self) -> Told:
        """Data sets, layers with their options, losses, optimizers, metrics, and drafts to start from."""
        return make_offers(self._sources)

    def columns(self, source: str) -> Told:
        """The columns of a table and its likely targets."""
        return self._sources.columns(source)

    def check(self, draft: Any) -> Told:
        """The check of a draft for the page; also says that a table's target is still to be chosen."""
        read = read_draft(draft)
        source = self._sources.find(read.source)
        if source.is_table and not read.targets:
            missing = {"text": "choose the column to predict", "path": "data.target", "line": None, "rule": None}
            empty: Told = {"yaml": None, "script": None, "network": None, "fix": None, "options": {}}
            return {"problems": [missing], "warnings": [], "notes": [], **empty}
        drafted = self._draft(read)
        told = self._checker.tell(read, self._checker.check(read, drafted.values), drafted.notes)
        return told | {"options": {name: drafted.values[name] for name in DATA_OPTIONS if name in drafted.values}}

    def read(self, text: Any) -> Told:
        """The draft that a config makes, for data sets of the list. Raises ConfigError and UsageError."""
        values = parse_text(text)
        source = self._sources.match(values.get("data") or {})
        target = (values.get("data") or {}).get("target") or []
        targets = (target,) if isinstance(target, str) else tuple(str(each) for each in target)
        draft = draft_of(values, source.name, self._sources.draft(source.name, targets).values)
        read_draft(draft)  # refuses what no draft may say
        return {"draft": draft}

    def suggest(self, draft: Any) -> Told:
        """The sections that `nncli init` would write for the data set of a draft; none for a bundled one."""
        read = read_draft(draft)
        return {"sections": dict(self._sources.draft(read.source, read.targets).sections)}

    def arrays(self, draft: Any) -> bytes:
        """The .npz file beside the script. Raises UsageError for a draft with mistakes."""
        read, _, checked = self._require_sound(draft)
        if checked.network is None:
            raise UsageError("got a network with mistakes")
        return npz_bytes(self._checker.script(read, checked.network.config).arrays)

    def start(self, draft: Any, epochs: int | None) -> Told:
        """Trains a draft. Raises UsageError for one with mistakes, Refusal (409) while another one is trained."""
        read, drafted, checked = self._require_sound(draft)
        if checked.network is None:
            raise UsageError("got a network with mistakes")
        # What lies beside the page's folder is found from the config's own folder as well.
        loaded = load_config(str(Path.cwd() / "network.yaml"), text=checked.text)
        values = {**drafted.values, **{key: loaded.document.values["data"][key] for key in drafted.values}}
        asked = checked.network.config.train.epochs
        until = None if epochs is None or epochs >= asked else max(1, epochs)
        self.trainer.start(checked.network.config.name, write_draft(read, values), asked, until)
        return self.training(0)

    def resume(self, run: str, more: int | None, epochs: int | None) -> Told:
        """Continues a run. Raises Refusal for one that is none or has no state to continue from."""
        found = results.find_training(run, self._folders.runs_dir)
        told = results.describe_training(found)
        if not told["hasState"] or not isinstance(told["asked"], int):
            raise Refusal(409, got=f"{run}, which kept no state", expected="a run that can go on", fix="train it again")
        asked, done = told["asked"] + (more or 0), len(told["history"])
        until = None if epochs is None or done + epochs >= asked else done + max(1, epochs)
        self.trainer.resume(found.path, done, asked, until)
        return self.training(0)

    def allow(self, epochs: int | None) -> Told:
        """Lets the training go on, or pause."""
        done = self.training(0)
        # An epoch that has begun is not left half done.
        least = 0 if done["phase"] == "paused" else 1
        self.trainer.allow(None if epochs is None else done.get("epochs", 0) + max(least, epochs))
        return self.training(0)

    def stop(self) -> Told:
        """Interrupts the training."""
        self.trainer.stop()
        return self.training(0)

    def training(self, first: int) -> Told:
        """How the training stands."""
        return results.describe_state(self.trainer, first)

    def frames(self, known: str, first: int) -> Told:
        """What the training shows of the network while it learns."""
        return read_frames(self.trainer.live, known, first)

    def runs(self) -> list[Told]:
        """The newest trainings."""
        return results.list_trainings(self._folders.runs_dir)

    def compare(self, first: str, second: str) -> Told:
        """Two trainings side by side."""
        return results.compare_trainings(first, second, self._folders)

    def open(self, run: str) -> Model:
        """A finished training as a model that answers. Raises Refusal and RunError."""
        return self._open_run(results.find_training(run, self._folders.runs_dir).path)

    def _draft(self, read: Draft) -> Drafted:
        """The `data` section drafted for the draft's data set, with the draft's own options."""
        drafted = self._sources.draft(read.source, read.targets)
        return replace(drafted, values=merge_data(read, drafted.values))

    def _require_sound(self, draft: Any) -> tuple[Draft, Drafted, Checked]:
        """The draft, its data and its check. Raises UsageError with the first mistake."""
        read = read_draft(draft)
        drafted = self._draft(read)
        checked = self._checker.check(read, drafted.values)
        if checked.problems:
            raise UsageError("\n".join(checked.problems))
        return read, drafted, checked
