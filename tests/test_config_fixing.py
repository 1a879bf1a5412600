"""`check --fix`: mistakes with one certain fix are mended in the text, and nothing else of it changes."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli import pipeline
from nncli.config.fixing import fix_findings, fix_spelling
from nncli.config.loading import load_config
from nncli.config.rules import find
from nncli.console import Console
from nncli.errors import ConfigError, UserError

WRONG = """\
# a config with several mistakes
dta:            # a comment that stays
  source: digits
model:
  hidden_activation: 'rellu'   # in quotes
  layers:
    - dens: {units: 64}
    - dropout: {rat: 0.1}

    - dense: {units: 9, activation: sigmoid}  # the head
loss: {name: sparse_categorical_crossentropy, from_logits: true}  # twice
optimizer: adm
metrics: [acuracy]
train:
    epoch: 5
    early_stopping: {monitor: val_accuracyy}
silence: [hidden-linea]
"""
RIGHT = (
    WRONG.replace("dta:", "data:")
    .replace("rellu", "relu")
    .replace("dens:", "dense:")
    .replace("rat:", "rate:")
    .replace("units: 9, activation: sigmoid", "units: 10, activation: softmax")
    .replace("from_logits: true", "from_logits: false")
    .replace("adm", "adam")
    .replace("acuracy", "accuracy")
    .replace("epoch:", "epochs:")
    .replace("accuracyy", "accuracy")
    .replace("linea]", "linear]")
)


@pytest.fixture
def fix(tmp_path: Path) -> Callable[..., list[str]]:
    """Fixes `net.yaml` and returns what was changed."""

    def run(text: str | bytes, *assignments: str) -> list[str]:
        path = tmp_path / "net.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        console = Console(stdout=io.StringIO(), stderr=io.StringIO())
        return pipeline.fix(str(path), places=pipeline.Places(), console=console, assignments=assignments)

    return run


def test_several_mistakes_are_mended_in_their_places_and_comments_stay(
    fix: Callable[..., list[str]], tmp_path: Path
) -> None:
    changes = fix(WRONG)
    assert (tmp_path / "net.yaml").read_text() == RIGHT
    assert "2  - dta:            # a comment that stays" in changes
    assert "2  + data:            # a comment that stays" in changes
    assert len(changes) == 2 * 11
    assert [path.name for path in tmp_path.iterdir()] == ["net.yaml"], "no temporary file stays behind"


def test_fixing_a_right_config_changes_nothing(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    assert fix(RIGHT) == []
    assert (tmp_path / "net.yaml").read_text() == RIGHT


def test_line_ends_and_a_byte_order_mark_stay(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    wrong, right = (b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() for text in (WRONG, RIGHT))
    fix(wrong)
    assert (tmp_path / "net.yaml").read_bytes() == right


def test_what_was_set_on_the_command_line_is_not_written(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    text = RIGHT.replace("epochs:", "epoch:")
    changes = fix(text, "loss.from_logits=true", "model.layers.2.dense.units=3", "optimizer=adm")
    assert changes == ["15  -     epoch: 5", "15  +     epochs: 5"]
    assert fix(RIGHT, "loss.from_logits=true", "model.layers.2.dense.units=3") == []
    assert (tmp_path / "net.yaml").read_text() == RIGHT


def test_another_file_that_a_config_extends_is_left_alone(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    parent = tmp_path / "parent.yaml"
    parent.write_text(RIGHT.replace("from_logits: false", "from_logits: true"))
    assert fix("extends: parent.yaml\ntrain: {epochs: 3}\n") == []
    assert "from_logits: true" in parent.read_text()


def test_a_name_alone_and_a_value_behind_an_alias(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    text = "data: {source: digits}\nmodel:\n  layers:\n    - output\nloss: %s\n"
    fix(text % "mean_squared_error  # no")
    assert (tmp_path / "net.yaml").read_text() == text % "sparse_categorical_crossentropy  # no"
    shared = """data: {source: digits}
model:
  layers:
    - dense: {units: &n 9}
    - dense: {units: *n}
"""
    assert fix(shared) == [], "the other layer would change as well"


def test_two_suggestions_or_a_key_that_is_there_already_are_not_certain() -> None:
    text = "train: {epoch: 3, epochs: 4}\n"
    assert fix_spelling(text, "x", ['x:1:9  train.epoch: unknown key; did you mean "epochs"?']) == text
    assert fix_spelling(text, "x", ['x:1:9  train.epoch: unknown key; did you mean "a" or "b"?']) == text
    assert fix_spelling(text, "y", ['x:1:9  train.epoch: unknown key; did you mean "b"?']) == text
    assert fix_spelling(text, "x", ['x:1:9  train.epoch: unknown key; did you mean "b"?']) != text


def test_findings_without_a_certain_fix_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("data: {source: digits}\nmodel: {layers: [dense: {units: 1, activation: softmax}]}\n")
    loaded = load_config(str(path))
    findings = find(loaded, None)
    assert [finding.rule for finding in findings] == ["softmax-one-unit"]
    assert fix_findings(path.read_text(), loaded.document, findings) == path.read_text()


def test_a_shipped_config_is_not_changed(fix: Callable[..., list[str]]) -> None:
    console = Console(stdout=io.StringIO(), stderr=io.StringIO())
    with pytest.raises(UserError, match="comes with nncli"):
        pipeline.fix("digits_softmax", places=pipeline.Places(), console=console)


def test_what_cannot_be_read_is_left_to_check(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    for text in (b"\xff\xfe\x00", b"a: [", b"- 1\n", b"data: {source: csv, path: none.csv, target: y}\nmodel: 3\n"):
        assert fix(text) == []
        assert (tmp_path / "net.yaml").read_bytes() == text
        with pytest.raises(ConfigError):
            load_config(str(tmp_path / "net.yaml"))
