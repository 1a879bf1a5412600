"""The explanation of each rule (severity, reason, fix, a paragraph), read from explanations.yaml."""

from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from nncli.config.section import Section

_FILE = Path(__file__).with_name("explanations.yaml")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Explanation(Section):
    """One rule for `nncli explain`: `severity` says whether its findings stop a command or warn."""

    id: str
    severity: Literal["refused", "warning"]
    needs: Literal["config", "data"]
    reason: str
    fix: str
    text: str


@cache
def read_explanations() -> dict[str, Explanation]:
    """All rules by id, in the order in which they are listed."""
    entries = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=_LOADER)
    explanations = [Explanation.model_validate(entry) for entry in cast("list[Any]", entries)]
    return {explanation.id: explanation for explanation in explanations}
