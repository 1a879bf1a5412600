"""`nncli check` and `nncli explain`: with data, without it, and without TensorFlow."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer.testing
from PIL import Image

from nncli.cli import app
from nncli.config.rules.explanations import read_explanations
from nncli.data.prepared import reachability

WRONG = """\
data: {source: %s}
model:
  layers:
    - dense: {units: 10, activation: softmax}
loss: {name: sparse_categorical_crossentropy, from_logits: true}
"""
OUTPUT = "data: {%s}\nmodel: {layers: [output]}\n"


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No network, no prepared data and no cache."""
    monkeypatch.setattr(reachability, "is_reachable", lambda: False)
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "none"))


def test_data_out_of_reach_is_a_warning_that_names_the_rules_not_applied(tmp_path: Path, offline: None) -> None:
    right = write(tmp_path / "right.yaml", WRONG.replace("true", "false") % "mnist")
    outcome = nncli("check", right)
    assert outcome.exit_code == 0
    assert "warning: without the data these rules were not applied: output-units, label-values" in outcome.stderr
    assert "units=10" in outcome.stdout
    assert "output-units" in json.loads(nncli("check", right, "--json").stdout)["unapplied"]
    resolved = json.loads(nncli("check", right, "--resolved", "--json").stdout)
    assert resolved["model.layers[0].dense.units"] == {"value": 10, "origin": f"{right}:4"}


def test_without_data_a_wrong_config_is_still_refused(tmp_path: Path, offline: None) -> None:
    outcome = nncli("check", write(tmp_path / "wrong.yaml", WRONG % "mnist"))
    assert outcome.exit_code == 2 and "[logits-twice]" in outcome.stderr and outcome.stdout == ""


def test_a_missing_file_is_told_together_with_the_mistakes_of_the_config(tmp_path: Path) -> None:
    outcome = nncli("check", write(tmp_path / "wrong.yaml", WRONG % "csv, path: none.csv, target: y"))
    assert outcome.exit_code == 2
    assert "wrong.yaml:5:47  loss.from_logits" in outcome.stderr and "none.csv" in outcome.stderr
    assert "these rules were not applied" in outcome.stderr
    right = write(tmp_path / "right.yaml", OUTPUT % "source: csv, path: none.csv, target: y")
    assert nncli("check", right).exit_code == 2


def test_checking_loads_neither_tensorflow_nor_what_only_training_needs() -> None:
    code = (
        "import sys; from nncli.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    words = [sys.executable, "-c", code, "check", "digits_softmax"]
    loaded = set(subprocess.run(words, capture_output=True, text=True, check=True).stderr.split())
    assert "nncli.pipeline.drafting.check" in loaded
    heavy = {"tensorflow", "keras", "sklearn", "scipy", "matplotlib", "pyarrow", "ai_edge_litert"}
    assert not loaded & (heavy | {"nncli.pipeline.training.train", "nncli.evaluate.plots.results"})


def test_a_name_of_the_pipeline_is_its_function_also_after_its_module_was_imported() -> None:
    code = (
        "import nncli.pipeline.training.train, nncli.pipeline.drafting.check\n"
        "from nncli import pipeline\n"
        "print(all(callable(getattr(pipeline, name)) for name in pipeline.__all__ if name.islower()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


def test_a_test_folder_with_another_class_is_refused_and_one_without_a_class_warned_about(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    for name in ("train/cat", "train/dog", "test/cat", "test/Dog"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for index in range(10):
            Image.fromarray(noise.integers(0, 255, (8, 8), np.uint8)).save(folder / f"{index}.png")
    config = write(tmp_path / "net.yaml", OUTPUT % "source: images, path: photos")
    outcome = nncli("check", config)
    assert outcome.exit_code == 2 and "Dog [class-folders]" in outcome.stderr
    for image in (tmp_path / "photos/test/Dog").iterdir():
        image.unlink()
    outcome = nncli("check", config)
    assert outcome.exit_code == 0 and "of 2 classes: dog; " in outcome.stderr
    assert "[class-untested]" in outcome.stderr


def test_labels_that_fit_no_unit_are_refused(tmp_path: Path) -> None:
    inputs, numbers = np.random.default_rng(0).random((60, 3)), np.arange(60)
    np.savez(tmp_path / "gap.npz", x=inputs, y=numbers % 3 * 2)
    np.savez(tmp_path / "names.npz", x=inputs, y=numbers % 3, class_names=np.array(["a", "b"]))
    np.savez(tmp_path / "labels.npz", x=inputs, y=np.stack([numbers % 3, numbers % 2], axis=1))
    for name, task, output in (
        ("gap", "multiclass", "dense: {units: 5, activation: softmax}"),
        ("names", "multiclass", "output"),
        ("labels", "multilabel", "output"),
    ):
        text = OUTPUT % f"source: npz, path: {name}.npz, task: {task}"
        outcome = nncli("check", write(tmp_path / "net.yaml", text.replace("[output]", f"[{output}]")))
        assert outcome.exit_code == 2 and "[label-values]" in outcome.stderr, outcome.stderr


def test_a_regression_on_two_values_and_a_twin_are_warned_about_until_silenced(tmp_path: Path) -> None:
    lines = [f"{i * 7 % 31},{'yes' if i % 3 else 'no'},{int(i % 3 > 0)}" for i in range(60)]
    write(tmp_path / "t.csv", "\n".join(["a,alive,y", *lines, ""]))
    config = write(tmp_path / "net.yaml", OUTPUT % "source: csv, path: t.csv, target: y, task: regression")
    assert "[two-values]" in nncli("check", config).stderr
    config.write_text(OUTPUT % "source: csv, path: t.csv, target: y")
    outcome = nncli("check", config)
    assert f'{config}:1:34  data.target: column "alive" has the same content' in outcome.stderr
    assert "[target-twin]" in outcome.stderr and outcome.exit_code == 0
    config.write_text(f"{config.read_text()}silence: target-twin\n")
    assert "target-twin" not in nncli("check", config).stderr


def test_fix_mends_the_file_and_checks_it_again(tmp_path: Path) -> None:
    config = write(tmp_path / "wrong.yaml", WRONG % "digits")
    outcome = nncli("check", config, "--fix")
    assert outcome.exit_code == 0 and "10 × " not in outcome.stderr
    assert "wrong.yaml:5  + loss: {name: sparse_categorical_crossentropy, from_logits: false}" in outcome.stderr
    assert config.read_text() == WRONG.replace("true", "false") % "digits"
    assert "nothing to fix" in nncli("check", config, "--fix").stderr


def test_explain_lists_the_rules_and_explains_each() -> None:
    listed = json.loads(nncli("explain", "--json").stdout)["rules"]
    assert [rule["id"] for rule in listed] == list(read_explanations())
    table = nncli("explain").stdout
    for name, explanation in read_explanations().items():
        outcome = nncli("explain", name)
        assert outcome.exit_code == 0 and explanation.text in outcome.stdout and name in table
        assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert "a warning, which `silence: [hidden-linear]`" in nncli("explain", "hidden-linear").stdout
    assert "refused" in nncli("explain", "[logits-twice]").stdout, "as it stands at the end of a message"


def test_explain_of_an_unknown_rule_suggests_one() -> None:
    outcome = nncli("explain", "logit-twice")
    assert outcome.exit_code == 2 and 'did you mean "logits-twice"?' in outcome.stderr
