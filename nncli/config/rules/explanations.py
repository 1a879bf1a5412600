"""The explanation of each rule (severity, reason, fix, a paragraph), from explanations.yaml; verdicts: health.yaml."""

from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from nncli.config.section import Section

_FILE = Path(__file__).with_name("explanations.yaml")
_HEALTH_FILE = Path(__file__).with_name("health.yaml")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Explanation(Section):
    """One rule for `nncli explain`: `severity` says whether its findings stop a command or warn, or are a verdict on a
    training that has ended. What `needs` workers is applied where several train together."""

    id: str
    severity: Literal["refused", "warning", "verdict"]
    needs: Literal["config", "data", "training", "workers"]
    reason: str
    fix: str
    text: str


@cache
def read_explanations() -> dict[str, Explanation]:
    """All rules by id, in the order in which they are listed."""
    return _read(_FILE)


@cache
def read_verdicts() -> dict[str, Explanation]:
    """What can be wrong with a training, by id, in the order in which it is listed."""
    return _read(_HEALTH_FILE)


def _read(file: Path) -> dict[str, Explanation]:
    entries = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
    explanations = [Explanation.model_validate(entry) for entry in cast("list[Any]", entries)]
    return {explanation.id: explanation for explanation in explanations}
