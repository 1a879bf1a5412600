"""What is offered for `--set`: every key of a config and no other, its values, and never only half of a word."""

import subprocess
import sys
from pathlib import Path

import pytest

from nncli.config.describing.schema import schema_text
from nncli.config.layer_section import ACTIVATIONS
from nncli.config.layers import LAYERS
from nncli.config.objective import OPTIMIZERS
from nncli.config.reading.loading import load_config
from nncli.config.sections import Config, Model, Train
from nncli.pipeline.completing.names import complete_config, complete_run, complete_source
from nncli.pipeline.completing.settings import complete_setting


def words(word: str, config: str | None = "mnist_softmax", **options: bool) -> list[str]:
    return [offer for offer, _ in complete_setting(word, config, **options)]


def test_the_first_keys_are_those_of_a_config_and_the_next_those_of_its_sections() -> None:
    assert {word.rstrip(".=") for word in words("")} == {*Config.model_fields, "extends"}
    assert {word.removeprefix("train.").rstrip(".=") for word in words("train.")} == set(Train.model_fields)
    assert {word.removeprefix("model.").split(".")[0].rstrip("=") for word in words("model.")} == set(
        Model.model_fields
    )


def test_layers_are_as_many_as_the_config_has_and_their_keys_those_of_their_kind() -> None:
    count = len(load_config("mnist_softmax").config.model.layers)
    assert words("model.layers.") == [f"model.layers.{place}." for place in range(count)]
    keys = {word.split(".")[4].rstrip("=") for word in words("model.layers.0.dense.")}
    assert keys == set(LAYERS["dense"].model_fields) - {"kind"}
    assert words("model.layers[0].dense.un") == ["model.layers[0].dense.units="]
    kinds = {word.split(".")[3] for word in words("model.layers.0.", config=None)}
    assert kinds >= set(LAYERS) - {"dense", "output"}


def test_values_are_the_choices_with_the_default_first() -> None:
    assert words("optimizer.name=") == [f"optimizer.name={name}" for name in OPTIMIZERS]
    assert words("model.hidden_activation=")[0] == "model.hidden_activation=relu"
    assert {word.partition("=")[2] for word in words("model.hidden_activation=")} == set(ACTIVATIONS)
    assert words("train.health=f") == ["train.health=false"]
    assert words("optimizer.name=adam") == ["optimizer.name=adam", "optimizer.name=adamw"]


def test_an_only_key_is_offered_with_its_values_so_that_no_blank_follows_it() -> None:
    assert words("train.exec")[:2] == ["train.executor=", "train.executor=auto"]
    assert words("train.exec", values_follow=False) == ["train.executor="]
    assert all(word.startswith("train.early_stopping.") for word in words("train.ear")), "a section is opened"


@pytest.mark.parametrize(
    "word", ["nonsense.", "train.nonsense", "=", "model.layers.99.", "seed=x", "model.layers[0]", "."]
)
def test_nothing_is_offered_where_nothing_fits(word: str) -> None:
    assert words(word) == []


def test_what_cannot_be_read_as_a_config_changes_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("model: [")
    assert words("model.la", str(broken)) == words("model.la", None) == [f"model.layers.{place}." for place in range(4)]


def test_the_schema_that_is_read_is_that_of_this_program() -> None:
    from nncli.config.reading.shipped import shipped_folder

    assert (shipped_folder() / "schema.json").read_text() == schema_text()


def test_runs_are_offered_by_name_by_config_and_as_the_latest(tmp_path: Path) -> None:
    for name in ("20261127-100000-iris", "20261128-100000-mnist_cnn", "no_run"):
        (tmp_path / name).mkdir()
    for name in ("20261127-100000-iris", "20261128-100000-mnist_cnn"):
        (tmp_path / name / "run.json").write_text("{}")
    assert [word for word, _ in complete_run("", tmp_path)] == [
        "latest", "20261128-100000-mnist_cnn", "20261127-100000-iris",
    ]  # fmt: skip
    assert [word for word, _ in complete_run("mni", tmp_path)] == ["mnist_cnn"]
    assert [word for word, _ in complete_run("20261127", tmp_path)] == ["20261127-100000-iris"]
    assert complete_run("", tmp_path / "nowhere") == []


def test_configs_are_offered_by_name_and_as_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "mine.csv").touch()
    (tmp_path / "more" / "inner").mkdir(parents=True)
    (tmp_path / "more" / "inner" / "deep.yml").touch()
    assert [word for word, _ in complete_config("mnist_s")] == ["mnist_sigmoid_adam", "mnist_softmax"]
    assert [word for word, _ in complete_config("mi")] == ["mine.yaml"]
    assert [word for word, _ in complete_config("mo")] == ["more/inner/deep.yml"], "an only folder is opened"
    assert [word for word, _ in complete_config(f"{tmp_path}/mi")] == [f"{tmp_path}/mine.yaml"]
    assert complete_source("mi") == [("mine.csv", "file"), ("mine.yaml", "config file")]
    assert complete_config("nothing") == complete_config(f"{tmp_path}/nowhere/x") == []


def test_nothing_slow_is_imported_for_it() -> None:
    code = (
        "import os, sys; os.environ['_NNCLI_COMPLETE'] = 'complete_bash'\n"
        "from nncli import pipeline; pipeline.complete_setting('opt', 'mnist_softmax'); pipeline.complete_config('m')\n"
        "print([name for name in sys.modules if '.' not in name])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for package in ("numpy", "tensorflow", "keras", "pydantic", "pyarrow", "PIL", "rich"):
        assert f"'{package}'" not in loaded
