"""The pairing rules: does the output layer fit the task, the loss the output layer, the config its data.

Each rule is a function from a resolved config, and for some the facts of its data, to findings; they do not read files.
explanations.yaml says what each rule is for, and whether it refuses a config or warns.
"""

from nncli.config.facts import DataFacts
from nncli.config.layers import Output
from nncli.config.reading.document import KeyPath, Mark, format_path
from nncli.config.reading.loading import LoadedConfig
from nncli.config.resolve import choose_missing, insert_flatten
from nncli.config.rules import loss, network, output, targets, training, workers
from nncli.config.rules.explanations import read_explanations
from nncli.config.rules.finding import ConfigRule, DataRule, Edit, Finding
from nncli.config.sections import Config
from nncli.config.stack import StackError, stack_layers
from nncli.errors import ConfigError

__all__ = [
    "CONFIG_RULES",
    "DATA_RULES",
    "Edit",
    "Finding",
    "describe",
    "find",
    "refuse_workers",
    "resolve",
    "unapplied_rules",
]

CONFIG_RULES: tuple[ConfigRule, ...] = (
    *output.CONFIG_RULES,
    *loss.CONFIG_RULES,
    *network.CONFIG_RULES,
    *training.CONFIG_RULES,
)
DATA_RULES: tuple[DataRule, ...] = (*output.DATA_RULES, *network.DATA_RULES, *targets.DATA_RULES, *training.DATA_RULES)


def resolve(loaded: LoadedConfig, facts: DataFacts) -> tuple[Config, list[str]]:
    """The config with everything filled in that was left out, and the warnings. Raises ConfigError with all errors."""
    refused, warnings = describe(loaded, find(loaded, facts))
    if refused:
        raise ConfigError(refused)
    return insert_flatten(choose_missing(loaded.config, facts), facts), warnings


def refuse_workers(loaded: LoadedConfig, config: Config, number: int) -> None:
    """Raises ConfigError for a resolved config that this many workers cannot train together."""
    findings = [_as_written(finding, loaded.config) for finding in workers.find(config, number)]
    refused, _ = describe(loaded, findings)
    if refused:
        raise ConfigError(refused)


def find(loaded: LoadedConfig, facts: DataFacts | None) -> list[Finding]:
    """The findings of all rules; without facts, of those that need only the config."""
    if facts is None:
        config = loaded.config
        findings = [finding for rule in CONFIG_RULES for finding in rule(config)]
    else:
        config = choose_missing(loaded.config, facts)
        findings = [finding for rule in CONFIG_RULES for finding in rule(config)]
        findings += [finding for data_rule in DATA_RULES for finding in data_rule(config, facts)]
        if all(read_explanations()[finding.rule].severity == "warning" for finding in findings):
            findings += _layers_fit(config, facts)
    return [_as_written(finding, loaded.config) for finding in findings]


def describe(loaded: LoadedConfig, findings: list[Finding]) -> tuple[list[str], list[str]]:
    """The lines of the errors and of the warnings that are not silenced, in the order of their positions."""
    told: dict[str, list[tuple[Mark, str]]] = {"refused": [], "warning": []}
    for finding in findings:
        severity = read_explanations()[finding.rule].severity
        if severity == "refused" or finding.rule not in loaded.config.silence:
            text = f"{format_path(finding.path)}: {finding.reason}; {finding.fix} [{finding.rule}]"
            told[severity].append((loaded.document.mark(finding.path), text))
    refused, warnings = (sorted(lines, key=_by_place) for lines in told.values())
    return [f"{mark}  {text}" for mark, text in refused], [f"{mark}  {text}" for mark, text in warnings]


def _by_place(line: tuple[Mark, str]) -> tuple[bool, int, int]:
    """Values set on the command line have no line and come last."""
    mark = line[0]
    return (not mark.line, mark.line, mark.column)


def unapplied_rules() -> list[str]:
    """The ids of the rules that cannot be applied without data."""
    return [name for name, explanation in read_explanations().items() if explanation.needs == "data"]


def _layers_fit(config: Config, facts: DataFacts) -> list[Finding]:
    """layer-shape."""
    try:
        stack_layers(config, facts.inputs.shape)
    except StackError as error:
        reason, _, fix = str(error).rpartition("; ")
        path: KeyPath = ("model", "layers", error.index)
        kind = config.model.layers[error.index].kind
        return [Finding("layer-shape", path, f"{kind} {reason or fix}", fix if reason else "change the layers before")]
    return []


def _as_written(finding: Finding, config: Config) -> Finding:
    """The same with paths as they stand in the file, where the output layer may be an `output` and not a dense."""
    if not isinstance(config.model.layers[-1], Output):
        return finding
    start: KeyPath = ("model", "layers", len(config.model.layers) - 1)

    def written(path: KeyPath) -> KeyPath:
        return (*start, "output", *path[4:]) if path[:3] == start and len(path) > 3 else path

    edits = tuple(Edit(written(edit.path), edit.value, edit.is_key) for edit in finding.edits)
    return Finding(finding.rule, written(finding.path), finding.reason, finding.fix, edits)
