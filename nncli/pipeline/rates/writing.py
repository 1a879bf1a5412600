"""Puts a learning rate into the text of a config; comments and layout stay."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from nncli.config.reading.loading import load_config
from nncli.config.schedules import rates_of
from nncli.errors import ConfigError, UserError
from nncli.pipeline.drafting.fix import own_file, write_own


def own_config(name: str) -> Path:
    """The file of a config that may be changed. Raises UserError for a shipped one."""
    return own_file(name)


def write_rate(path: Path, name: str, rate: float) -> list[str]:
    """Sets `optimizer.learning_rate`, of a schedule `initial_learning_rate`; the changed lines as of `check --fix`.

    Raises UserError if the text has it in a form that cannot be changed safely; the file is then as it was.
    """
    before = path.read_text(encoding="utf-8")
    for after in _candidates(before, f"{rate:g}"):
        if _sets_rate(name, after, rate):
            write_own(path, after)
            return _changes(before, after)
    raise UserError(
        f"{path}: the learning rate cannot be put in automatically", hint=f"set optimizer.learning_rate: {rate:g}"
    )


def _candidates(text: str, rate: str) -> Iterator[str]:
    """Texts that may set the rate; whether one does is decided by reading it."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    optimizer = _child(root, "optimizer")
    if optimizer is None:
        yield text.rstrip("\n") + f"\noptimizer: {{name: adam, learning_rate: {rate}}}\n"
        yield text.rstrip("\n") + f"\noptimizer: {{learning_rate: {rate}}}\n"
        return
    if isinstance(optimizer, yaml.ScalarNode):
        yield _replaced(text, optimizer, f"{{name: {optimizer.value}, learning_rate: {rate}}}")
        return
    given = _child(optimizer, "learning_rate")
    number = _child(given, "initial_learning_rate") if isinstance(given, yaml.MappingNode) else given
    if isinstance(number, yaml.ScalarNode):
        yield _replaced(text, number, rate)
    elif given is None and isinstance(optimizer, yaml.MappingNode):
        start = optimizer.start_mark.index
        if optimizer.flow_style:
            yield f"{text[: start + 1]}learning_rate: {rate}, {text[start + 1 :]}"
        else:
            yield f"{text[:start]}learning_rate: {rate}\n{' ' * optimizer.start_mark.column}{text[start:]}"


def _child(node: Any, key: str) -> Any:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _replaced(text: str, node: yaml.Node, new: str) -> str:
    return text[: node.start_mark.index] + new + text[node.end_mark.index :]


def _sets_rate(name: str, text: str, rate: float) -> bool:
    """Whether the text is the same config with this learning rate."""
    try:
        before, after = load_config(name).config, load_config(name, text=text).config
    except ConfigError:
        return False
    if before.optimizer.name != after.optimizer.name or rates_of(after.optimizer.learning_rate) != (rate,):
        return False
    return _without_rate(before.model_dump()) == _without_rate(after.model_dump())


def _without_rate(settings: dict[str, Any]) -> dict[str, Any]:
    given = settings["optimizer"]["learning_rate"]
    kept = {**given, "initial_learning_rate": None} if isinstance(given, dict) else None
    return {**settings, "optimizer": {**settings["optimizer"], "learning_rate": kept}}


def _changes(before: str, after: str) -> list[str]:
    old, new = before.splitlines(), after.splitlines()
    same = next((place for place, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(old))
    gone = [] if len(new) > len(old) else [f"{same + 1}  - {old[same]}"]
    return [*gone, f"{same + 1}  + {new[same]}"]
