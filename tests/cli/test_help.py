"""Help as a manual page has it: every option of every command says its default, and the config key that it sets."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from nncli.cli.commands import app
from nncli.cli.training.train import NewRun
from nncli.config.reading.overrides import parse_assignment
from nncli.config.reading.shipped import shipped_folder

RUNNER = CliRunner()
# Options that are named like a config key and set none, with what they are about.
OTHERS = {
    ("gradcheck", "--batch-size"): "the rows that gradients are compared on",
    ("explain", "--learning-rate"): "the step of the lesson",
    ("explain", "--seed"): "the numbers of the lesson",
    ("data", "--target"): "a column of the table that is examined",
    ("compare", "--target"): "a level of the watched metric",
    ("predict", "--split"): "several drawings in one image",
    ("explain", "--image"): "the digit of the lesson",
    ("eval", "--data"): "what is measured on",
    ("eval", "--by"): "a column whose values are measured apart",
    ("predict", "--keep"): "the columns of the input",
    ("init", "--samples"): "a folder of examples",
    ("gradcheck", "--samples"): "entries of the weights",
    ("runs export", "--tracking-uri"): "where this run alone is sent",
    ("serve", "--data"): "data sets that the workbench offers",
    ("runs prune", "--keep"): "the newest runs",
}


def commands(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each command with the words that call it."""
    command = command or get_command(app)
    if words:
        yield " ".join(words), command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


COMMANDS = dict(commands())


def entries_of(words: str) -> list[str]:
    """The entries of a command's help, each on one line, in the order of its parameters."""
    outcome = RUNNER.invoke(app, [*words.split(), "--help"], env={"COLUMNS": "100"})
    assert outcome.exit_code == 0
    _, *sections = re.split(r"^(?:Arguments|Options):$", outcome.stdout.split("\nCommands:")[0], flags=re.MULTILINE)
    entries = [entry for section in sections for entry in re.split(r"\n  (?=\S)", section.rstrip())[1:]]
    return [" ".join(entry.split()) for entry in entries]


def told_of(words: str) -> Iterator[tuple[Any, str]]:
    """Each parameter of a command with its entry."""
    parameters = [each for each in COMMANDS[words].params if not getattr(each, "hidden", False)]
    ordered = [each for kind in ("argument", "option") for each in parameters if each.param_type_name == kind]
    entries = entries_of(words)[: len(ordered)]
    for parameter, entry in zip(ordered, entries, strict=True):
        assert parameter.param_type_name == "argument" or parameter.opts[-1] in entry
        yield parameter, entry


def leaves(schema: dict[str, Any], node: dict[str, Any], path: str = "") -> Iterator[str]:
    """The dotted keys of a config that hold a value, those of lists of layers left out."""
    for name, child in node.get("properties", {}).items():
        yield f"{path}{name}"
        options = [child, *(each for key in ("anyOf", "oneOf", "allOf") for each in child.get(key, ()))]
        for option in options:
            target = schema["$defs"][option["$ref"].rpartition("/")[2]] if "$ref" in option else option
            yield from leaves(schema, target, f"{path}{name}.")


def schema_keys() -> set[str]:
    schema = json.loads((shipped_folder() / "schema.json").read_text())
    return set(leaves(schema, schema))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_says_its_default(words: str) -> None:
    for parameter, told in told_of(words):
        if parameter.required:
            assert "[required" in told
            continue
        assert (found := re.search(r"\[default: ([^;\]]+)", told)), f"{words} {parameter.opts}: {told}"
        if getattr(parameter, "is_flag", False):
            assert found[1] == "off"
        elif parameter.default is not None and not isinstance(parameter.show_default, str):
            assert found[1] == str(parameter.default)


@pytest.mark.parametrize("words", COMMANDS)
def test_an_option_named_like_a_config_key_says_which_key_it_sets(words: str) -> None:
    keys = schema_keys()
    last = {key.rpartition(".")[2] for key in keys}
    for parameter, entry in told_of(words):
        option = parameter.opts[-1]
        if parameter.param_type_name != "option" or (words, option) in OTHERS:
            continue
        told = re.findall(r"\bsets ([a-z_.]+[a-z_])", entry)
        assert set(told) <= keys, f"{words} {option} sets a key that configs do not have"
        if option.strip("-").replace("-", "_") in last:
            assert told, f"{words} {option}: say which key of the config it sets, or list it in OTHERS"


def test_what_the_help_of_train_says_an_option_sets_is_what_it_sets() -> None:
    entries = {parameter.opts[-1]: entry for parameter, entry in told_of("train")}
    for path, value, written in NewRun(None, [], 3, 4, "five", ["mlflow"]).settings["options"]:
        key = ".".join(map(str, path))
        assert f"sets {key}." in entries[written.split()[0]]
        value = list(value) if isinstance(value, tuple) else value
        assert parse_assignment(f"{key}={value}".replace("'", "")) == (path, value)


def test_the_other_meanings_are_those_of_options_that_exist() -> None:
    for words, option in OTHERS:
        assert any(option in parameter.opts for parameter in COMMANDS[words].params)


def test_help_has_plain_blanks_and_keeps_a_default_on_a_line() -> None:
    outcome = RUNNER.invoke(app, ["train", "--help"], env={"COLUMNS": "80"})
    assert "\N{NO-BREAK SPACE}" not in outcome.stdout
    done = subprocess.run(
        [sys.executable, "-m", "nncli", "train", "--help"], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert all(line.count("[") == line.count("]") for line in done.stdout.splitlines() if "default: o" in line)


def test_help_explains_a_command_of_a_group() -> None:
    told = RUNNER.invoke(app, ["help", "runs", "export"]).stdout
    assert told.startswith("Usage: nncli runs export") and "--to" in told
    assert told.splitlines()[1:] == RUNNER.invoke(app, ["runs", "export", "--help"]).stdout.splitlines()[1:]
