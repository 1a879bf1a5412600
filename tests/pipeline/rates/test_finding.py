"""`train --find-lr` leaves a picture and no run; the rate is put into a config of any form, comments stay."""

import io
from pathlib import Path

import pytest
import yaml

from nncli import pipeline
from nncli.config.reading.loading import load_config
from nncli.config.schedules import rates_of
from nncli.console import Console
from nncli.errors import UserError
from nncli.pipeline.rates.finding import LOWEST, load_for_test
from nncli.pipeline.rates.writing import own_config, write_rate

pytestmark = pytest.mark.drawn

HEAD = "data: {source: iris}  # flowers\nmodel: {layers: [{dense: {units: 4}}, output]}\n"
FORMS = {
    "nothing": "",
    "name": "optimizer: sgd  # plain\n",
    "flow": "optimizer: {name: adam, learning_rate: 0.5}  # much\ntrain: {epochs: 3}\n",
    "flow without": "optimizer: {name: rmsprop, momentum: 0.5}\n",
    "block": "optimizer:\n  name: sgd\n  learning_rate: 0.5  # much\n",
    "block without": "optimizer:\n  # the usual one\n  name: adam\n",
    "schedule": "optimizer: {name: adam, learning_rate: {schedule: cosine, initial_learning_rate: 0.5}}\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_only_the_rate_changes(tmp_path: Path, form: str) -> None:
    path = tmp_path / "flowers.yaml"
    path.write_text(HEAD + FORMS[form])
    before = load_config(str(path)).config
    changes = write_rate(path, str(path), 0.0021)
    after = load_config(str(path)).config
    assert rates_of(after.optimizer.learning_rate) == (0.0021,)
    assert after.optimizer.name == before.optimizer.name
    same = {"optimizer"}
    assert after.model_dump(exclude=same) == before.model_dump(exclude=same)
    assert [line.partition("#")[2] for line in path.read_text().splitlines() if "#" in line] == [
        line.partition("#")[2] for line in (HEAD + FORMS[form]).splitlines() if "#" in line
    ]
    assert changes and "0.0021" in changes[-1]


def test_rates_one_after_the_other_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "flowers.yaml"
    text = HEAD + "optimizer: {learning_rate: {schedule: piecewise, boundaries: [3], values: [0.1, 0.01]}}\n"
    path.write_text(text)
    with pytest.raises(UserError, match="cannot be put in"):
        write_rate(path, str(path), 0.0021)
    assert path.read_text() == text


def test_a_shipped_config_is_not_changed() -> None:
    with pytest.raises(UserError, match="comes with nncli"):
        own_config("digits_softmax")


def test_a_search_leaves_a_picture_and_no_run(tmp_path: Path) -> None:
    path = tmp_path / "flowers.yaml"
    document = yaml.safe_load(HEAD)
    rate = {"schedule": "cosine", "initial_learning_rate": 0.5}
    path.write_text(yaml.safe_dump({**document, "optimizer": {"name": "adam", "learning_rate": rate}}))
    console = Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())
    folders = pipeline.Folders(tmp_path / "runs")
    found = pipeline.find_rate(str(path), folders=folders, console=console, write=True)
    assert [each.name for each in (tmp_path / "runs").iterdir()] == ["find-lr-flowers.png"]
    assert found.picture.read_bytes().startswith(b"\x89PNG")
    assert found.is_schedule and found.used == 0.5
    assert found.rate is not None and 1e-5 < found.rate < 1.0
    assert rates_of(load_config(str(path)).config.optimizer.learning_rate) == (found.rate,)
    again = pipeline.find_rate(str(path), folders=folders, console=console)
    assert again.losses == found.losses and again.rate == found.rate and again.changes == []


@pytest.mark.parametrize("optimizer", ["", "optimizer: sgd\n", "optimizer: {name: rmsprop, momentum: 0.5}\n"])
def test_the_test_has_the_optimizer_of_the_config_also_where_it_names_none(tmp_path: Path, optimizer: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"data: {{source: digits}}\nmodel: {{layers: [output]}}\n{optimizer}")
    given, tested = load_config(str(path)).config.optimizer, load_for_test(str(path), ()).config.optimizer
    assert tested.learning_rate == LOWEST != given.learning_rate
    assert tested.model_copy(update={"learning_rate": given.learning_rate}) == given
