"""The story of an explanation: what a rule is for, by its id; or the list of all of them."""

from collections.abc import Sequence
from typing import Any

from nncli.config.explanations import read_explanations
from nncli.config.spelling import nearest_names
from nncli.errors import UsageError


def explain(topic: str | None = None) -> Sequence[dict[str, Any]]:
    """What is to say of a rule (with its `text`), or of all rules in short. Raises UsageError for an unknown id."""
    explanations = read_explanations()
    if topic is None:
        return [explanation.model_dump(exclude={"text"}) for explanation in explanations.values()]
    found = explanations.get(topic.strip("[] ").lower())
    if found is None:
        near = " or ".join(f'"{name}"' for name in nearest_names(topic, list(explanations)))
        told = f"; did you mean {near}?" if near else ""
        raise UsageError(f'nothing is called "{topic}"{told}', hint="`nncli explain` lists what can be explained")
    return [found.model_dump()]
