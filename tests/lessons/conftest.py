"""The numbers of a lesson, as `nncli explain LESSON --json` gives them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import typer.testing

from nncli.cli import app

Numbers = Callable[..., dict[str, Any]]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


@pytest.fixture
def numbers() -> Numbers:
    """Runs a lesson with assignments such as `w=3`, and words such as `2` or `--image`."""

    def run(lesson: str, *words: str, **assignments: Any) -> dict[str, Any]:
        chosen = [word for name, value in assignments.items() for word in ("--set", f"{name}={value}")]
        outcome = typer.testing.CliRunner().invoke(app, ["explain", lesson, *words, *chosen, "--json"])
        assert outcome.exit_code == 0, outcome.stderr
        value: dict[str, Any] = json.loads(outcome.stdout, parse_constant=_refuse_constant)
        assert value["lesson"] == lesson
        return value

    return run
