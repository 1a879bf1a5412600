"""What `nncli explain` tells of optimizers, schedules and losses: all of them, truly, with examples that work."""

import json

import pytest
import typer.testing

from nncli.cli import app
from nncli.config.describing import topics
from nncli.config.describing.topics import TOPICS, Offer
from nncli.config.objective import LOSS_OPTIONS, OPTIMIZERS, Loss, LossName
from nncli.config.reading.document import parse_document
from nncli.config.reading.loading import LoadedConfig, validate
from nncli.config.rules import find
from nncli.config.rules.explanations import read_explanations
from nncli.config.schedules import SCHEDULES
from nncli.lessons import LESSONS

OFFERS = [offer for topic in ("optimizers", "schedules", "losses") for offer in TOPICS[topic]().values()]
REST = "data: {source: iris}\nmodel: {layers: [output]}\n"


def options_of(name: str) -> list[str]:
    """How to ask for a layer, an optimizer or a topic that may share its name with a lesson."""
    return [name, "--options"] if name in LESSONS else [name]


def explain(*arguments: str) -> typer.testing.Result:  # type: ignore[name-defined]
    return typer.testing.CliRunner().invoke(app, ["explain", *arguments], env={"COLUMNS": "80"})


def test_all_optimizers_schedules_and_losses_are_told() -> None:
    assert list(TOPICS["optimizers"]()) == list(OPTIMIZERS) and len(OPTIMIZERS) == 6
    assert list(TOPICS["schedules"]()) == list(SCHEDULES) and len(SCHEDULES) == 4
    assert list(TOPICS["losses"]()) == list(LOSS_OPTIONS) == list(LossName.__args__)  # type: ignore[attr-defined]
    texts = topics._read_texts()
    assert {topic: list(texts[topic]) for topic in texts} == {topic: list(TOPICS[topic]()) for topic in texts}


def test_no_name_stands_for_two_things() -> None:
    names = [*read_explanations(), *TOPICS, *(name for offers in TOPICS.values() for name in offers())]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.name)
def test_an_example_is_a_config_that_uses_what_it_is_for(offer: Offer) -> None:
    document = parse_document(REST + offer.example, "example.yaml")
    config = validate(document).config
    used = {
        "optimizers": config.optimizer.name,
        "schedules": getattr(config.optimizer.learning_rate, "schedule", None),
        "losses": config.loss and config.loss.name,
    }
    assert used[offer.topic] == offer.name
    assert [finding.rule for finding in find(LoadedConfig(config, document), None)] == []


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.name)
def test_each_is_told_with_its_options_defaults_and_example_within_a_terminal(offer: Offer) -> None:
    outcome = explain(*options_of(offer.name))
    assert outcome.exit_code == 0
    lines = outcome.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(f"{offer.name}: ") and offer.formula and offer.source
    assert all(f"    {line}" in lines for line in offer.example.splitlines())
    told = {line.split()[0] for line in lines if line.startswith("  ") and " (" in line}
    assert {option.name for option in offer.options} <= told
    assert all(f"default {option.default}" in outcome.stdout for option in offer.options if option.default[0] in "0f")
    assert json.loads(explain(*options_of(offer.name), "--json").stdout) == offer.model_dump(mode="json")


@pytest.mark.parametrize("topic", ["optimizers", "schedules", "losses"])
def test_a_topic_lists_each_in_full(topic: str) -> None:
    listed = explain(*options_of(topic)).stdout
    assert max(map(len, listed.splitlines())) <= 80
    for name in TOPICS[topic]():
        assert explain(*options_of(name)).stdout in listed
    assert [each["name"] for each in json.loads(explain(topic, "--json").stdout)[topic]] == list(TOPICS[topic]())
    assert f"nncli explain {topic}`" in " ".join(explain().stdout.split())


def test_options_and_defaults_are_those_of_the_sections() -> None:
    for name, section in OPTIMIZERS.items():
        options = {option.name: option.default for option in TOPICS["optimizers"]()[name].options}
        assert set(options) == set(section.model_fields) - {"name"}
        assert options["learning_rate"] == str(section.model_fields["learning_rate"].default)
    rate = TOPICS["optimizers"]()["sgd"].options[0]
    assert (rate.name, rate.type) == ("learning_rate", "number above 0 or schedule")
    options = {option.name: option.default for option in TOPICS["optimizers"]()["adamw"].options}
    assert options["weight_decay"] == "0.004"
    assert {name for names in LOSS_OPTIONS.values() for name in names} == set(Loss.model_fields) - {"name"}


def test_a_misspelt_name_is_suggested() -> None:
    outcome = explain("adammw")
    assert outcome.exit_code == 2 and '"adamw"' in outcome.stderr
