"""JSON objects that carry a sum of their content, so that a flipped bit is noticed: run.json and comparison.json."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from nncli.run.files import finite

SEAL = "sha256"


def seal(value: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with the sha256 of its content as its last key."""
    content = {key: item for key, item in finite(value).items() if key != SEAL}
    return {**content, SEAL: _sum_of(content)}


def unseal(value: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a sealed object, or of one without a seal. Raises ValueError if it is not what was sealed."""
    content = {key: item for key, item in value.items() if key != SEAL}
    if SEAL in value and value[SEAL] != _sum_of(content):
        raise ValueError("its content is not what was written")
    return content


def _sum_of(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
