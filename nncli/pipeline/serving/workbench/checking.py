"""What is wrong with a draft, what network it makes, and its Keras script: as `check`, `--fix` and `export` tell it."""

import io
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.config.facts import DataFacts, ImageInput
from nncli.config.reading.document import parse_document
from nncli.config.reading.loading import LoadedConfig, load_config
from nncli.config.resolve import choose_missing
from nncli.config.sections import Config
from nncli.config.stack import StackError, StackRow, stack_layers
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.errors import ConfigError, DataError, ExportError, NncliError, UnreachableError
from nncli.pipeline.drafting.check import CheckedNetwork, judge
from nncli.pipeline.drafting.fix import fix_text
from nncli.pipeline.exporting.script.writing import Script, write_script
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import read_data
from nncli.pipeline.serving.workbench.drafts import DEFAULT_NAME, Draft, to_sections, write_draft
from nncli.pipeline.serving.workbench.previews import preview
from nncli.pipeline.training.watching import direction, monitored

_MOST_DATASETS = 2
_PROBLEM = re.compile(r"(?P<file>.*?):(?P<line>\d+):\d+  (?:(?P<path>[A-Za-z_][\w.\[\]]*): )?(?P<text>.*)", re.DOTALL)
_RULE = re.compile(r" \[(?P<rule>[a-z0-9-]+)\]$")

Told = dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """A draft as text, the network that it makes (None where it cannot be trained), and the messages about it.

    `loaded` is the config, None where a value of it is wrong.
    """

    text: str
    loaded: LoadedConfig | None
    network: CheckedNetwork | None
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


class Checker:
    """Checks drafts; the data sets that were read last are kept, as a draft is checked after each change."""

    def __init__(self, folders: Folders, directory: Path) -> None:
        """Paths in a draft's `data` section are relative to `directory`."""
        self._folders, self._file = folders, directory / f"{DEFAULT_NAME}.yaml"
        self._datasets: OrderedDict[str, Dataset | NncliError] = OrderedDict()
        self._reading = threading.Lock()

    def check(self, draft: Draft, data: Mapping[str, Any]) -> Checked:
        """The same as `nncli check` for the draft's text."""
        text = write_draft(draft, data)
        said, loaded = io.StringIO(), None
        try:
            loaded = load_config(str(self._file), text=text)
            network = judge(loaded, self._facts, Console(quiet=True, stderr=said))
        except ConfigError as error:
            hint = (error.hint,) if error.hint else ()
            return Checked(text, loaded, None, (*error.problems, *hint), ())
        except NncliError as error:
            told = f"{error.message} ({error.hint})" if error.hint else error.message
            return Checked(text, loaded, None, (told,), ())
        warnings = [line.removeprefix("warning: ") for line in said.getvalue().splitlines()]
        return Checked(text, loaded, network, (), tuple(dict.fromkeys(warnings)))

    def fix(self, checked: Checked) -> Told | None:
        """Every certain fix at once: the `changes` of the text by line and the `sections` after them, None for none."""
        fixed = fix_text(checked.text, self._file, self._facts)
        if fixed == checked.text:
            return None
        pairs = zip(checked.text.splitlines(), fixed.splitlines(), strict=True)
        changes = [[before.strip(), after.strip()] for before, after in pairs if before != after]
        return {"changes": changes, "sections": to_sections(parse_document(fixed, "").values)}

    def script(self, draft: Draft, config: Config) -> Script:
        """The Keras script of a checked config. Raises ExportError for what a script cannot say."""
        dataset = self._read(config)
        monitor = monitored(config)
        return write_script(config, dataset, name=draft.name, monitor=monitor, mode=direction(monitor))

    def tell(self, draft: Draft, checked: Checked, notes: Sequence[str] = ()) -> Told:
        """All of it for the page."""
        told: Told = {
            "yaml": checked.text,
            "problems": [_problem(each) for each in checked.problems],
            "warnings": [_problem(each) for each in checked.warnings],
            "notes": list(notes),
            "fix": self.fix(checked) if checked.problems or checked.warnings else None,
            "script": None,
            "network": None,
        }
        if checked.loaded is not None:
            told |= self._look_at_data(checked.loaded.config)
        network = checked.network
        if network is None or network.rows is None:
            return told
        told["network"] = _describe_network(network.config, network.rows)
        try:
            script = self.script(draft, network.config)
            told |= {"script": script.text, "arrays": script.file}
        except ExportError as error:
            told["noScript"] = error.message
        return told

    def _look_at_data(self, config: Config) -> Told:
        """The data set, and the shapes of a network that has mistakes; nothing where it cannot be read."""
        try:
            dataset = self._read(config)
        except NncliError:
            return {}
        is_other = dataset.facts.source != config.data.source  # the first note says why
        data = {
            **_describe_data(dataset.facts),
            "isFallback": is_other,
            "notes": list(dataset.notes),
            "preview": preview(dataset),
        }
        try:
            chosen = choose_missing(config, dataset.facts)
            return {
                "data": data,
                "network": _describe_network(chosen, stack_layers(chosen, dataset.facts.inputs.shape)),
            }
        except (ConfigError, StackError):
            return {"data": data}

    def _facts(self, config: Config) -> DataFacts:
        return self._read(config).facts

    def _read(self, config: Config) -> Dataset:
        """The data set of a config. Raises DataError and UnreachableError, the same again until others were read."""
        key = f"{config.seed} {config.data.model_dump_json()}"
        with self._reading:
            if key not in self._datasets:
                try:
                    self._datasets[key] = read_data(config, self._folders, Console(quiet=True, stderr=io.StringIO()))
                except (DataError, UnreachableError) as error:
                    self._datasets[key] = error
            self._datasets.move_to_end(key)
            while len(self._datasets) > _MOST_DATASETS:
                self._datasets.popitem(last=False)
            found = self._datasets[key]
        if isinstance(found, NncliError):
            raise found
        return found


def _problem(line: str) -> Told:
    """{"text", "path", "line", "rule"}: where a message of `check` belongs, None for what is not known."""
    found = _PROBLEM.fullmatch(line)
    text = found["text"] if found else line
    rule = _RULE.search(text)
    return {
        "text": text[: rule.start()] if rule else text,
        "path": found["path"] if found else None,
        "line": int(found["line"]) if found else None,
        "rule": rule["rule"] if rule else None,
    }


def _describe_network(config: Config, rows: Sequence[StackRow]) -> Told:
    return {
        "layers": [
            {
                "index": row.index,
                "kind": type(row.layer).model_fields["kind"].default,
                "activation": row.activation,
                "shape": list(row.output_shape),
                "parameters": row.parameters,
            }
            for row in rows
        ],
        "parameters": sum(row.parameters for row in rows),
        "loss": config.loss.model_dump(exclude_defaults=True) if config.loss else None,
        "metrics": list(config.metrics or ()),
        "epochs": config.train.epochs,
    }


def _describe_data(facts: DataFacts) -> Told:
    inputs = facts.inputs
    names: list[str] = []
    if not isinstance(inputs, ImageInput):
        names = [*(each.name for each in inputs.numbers), *(each.name for each in inputs.categories)]
    return {
        "source": facts.source,
        "task": facts.target.task.value,
        "target": list(facts.target.columns),
        "classes": list(facts.target.names)[:50],
        "rows": facts.rows,
        "shape": list(inputs.shape),
        "isImage": isinstance(inputs, ImageInput),
        "columns": names[:50],
    }
