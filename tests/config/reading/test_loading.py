"""From file and --set to a Config: all problems at once, each with its place; nothing is let through."""

from pathlib import Path

import pytest

from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import find_config, shipped_names
from nncli.config.sections import Config, to_mapping
from nncli.errors import ConfigError, UsageError, UserError

GOOD = """\
data: {source: digits}
model:
  layers:
    - dense: {units: 25}
    - dense: {units: 10, activation: softmax}
optimizer: adam
"""


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    path.write_text(GOOD)
    return path


def problems(path: Path, text: str | None = None, *assignments: str) -> list[str]:
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(str(path), assignments)
    return [problem.replace(str(path), "F") for problem in caught.value.problems]


def test_a_run_is_named_after_its_file_unless_it_says_otherwise(config_file: Path) -> None:
    assert load_config(str(config_file)).config.name == "net"
    assert load_config(str(config_file), ["name=other"]).config.name == "other"


def test_all_problems_are_told_at_once_with_place_and_suggestion(config_file: Path) -> None:
    text = GOOD.replace("dense: {units: 25}", "dense: {units: 25, activaton: relu}").replace("digits", "digit")
    text += "train: {epochs: 2.5, batch_size: fulll}\nsed: 3\n"
    assert problems(config_file, text) == [
        'F:1:8  data.source: unknown source "digit"; did you mean "digits"?',
        'F:4:26  model.layers[0].dense.activaton: unknown key; did you mean "activation"?',
        "F:7:9  train.epochs: got 2.5, must be a valid integer",
        "F:7:22  train.batch_size: got 'fulll', must be a valid integer or \"full\"",
        'F:8:1  sed: unknown key; did you mean "seed"?',
    ]


@pytest.mark.parametrize(
    ("assignment", "part"),
    [
        ("optimizer.learning_rate=.nan", "optimizer.learning_rate: got nan, must be a finite number"),
        ("optimizer.learning_rate=0", "must be greater than 0"),
        ("optimizer.learning_rat=1", 'did you mean "learning_rate"?'),
        (
            "optimizer.learning_rate={schedule: cosin}",
            'learning_rate.schedule: unknown name "cosin"; did you mean "cosine"?',
        ),
        ("optimizer.learning_rate={schedul: cosine}", 'learning_rate.schedul: unknown key; did you mean "schedule"?'),
        (
            "optimizer.learning_rate={schedule: constant, initial_learning_rate: 1, warmup_epoch: 1}",
            'did you mean "warmup_epochs"?',
        ),
        ("optimizer.learning_rate={decay_rate: 0.1}", "needs a schedule, as in {schedule: cosine}"),
        ("optimizer=adm", 'unknown name "adm"; did you mean "adam"?'),
        ("optimizer.learning_rate=0,01", "got '0,01', must be a valid number; decimals have a point, not a comma"),
        ("train.batch_size=0", "must be greater than or equal to 1"),
        ("train.batch_size=true", "train.batch_size: got true"),
        ("model.layers.0.dense.units=x", "got 'x', must be a valid integer"),
        ("model.layers=[]", "at least 1 item"),
        ("model.layers=[{dropout: {rate: 1.0}}]", "must be less than 1"),
        ("model.layers=[{dense: 3}]", "the options of a layer are a mapping"),
        ("model.layers=[{}]", "a layer is one key"),
        ("model.layers={dense: {units: 3}}", "must be a list; begin each entry with a dash"),
        ('model.layers=["layers.Dense(10)"]', 'did you mean "dense"?'),
        ("data.validation=1.5", "must be less than 1"),
        ("data.task=binry", 'did you mean "binary"?'),
        ("data.columns.review=text", "free text cannot be learned from yet: use category for a few repeated texts, or"),
        ("data.columns.review=dat", 'did you mean "date"?'),
        ("data.values={a: [b], c: [b]}", '"b" is listed under a and under c; list each spelling once'),
        ("data.values={a: [a]}", '"a" is listed twice under a; list each spelling once'),
        ("data.thousands=.", "got '.', which is the decimal mark too; they must differ"),
        ("data.fallback=mnist", "a fallback is a bundled source"),
        ("loss={name: huber, from_logits: yes}", "must be true or false"),
        ("name=../../etc/passwd", "name: got '../../etc/passwd'"),
        ("seed=-1", "must be greater than or equal to 0"),
    ],
)
def test_a_wrong_value_is_told_and_named_as_set_on_the_command_line(
    config_file: Path, assignment: str, part: str
) -> None:
    (problem,) = problems(config_file, None, assignment)
    assert problem.startswith(f"--set {assignment}  ")
    assert part in problem


def test_a_value_set_on_the_command_line_wins_and_both_ways_of_indexing_mean_the_same(config_file: Path) -> None:
    for path in ("model.layers.0.dense.units", "model.layers[0].dense.units"):
        config = load_config(str(config_file), [f"{path}=50", "optimizer.learning_rate=1e-2", "loss=huber"]).config
        assert config.model.layers[0].units == 50  # type: ignore[attr-defined]
        assert config.optimizer.learning_rate == 0.01
        assert config.loss is not None and config.loss.name == "huber"


@pytest.mark.parametrize("assignment", ["epochs", "=3", "a..b=1", ""])
def test_an_assignment_without_key_and_value_is_a_usage_error(config_file: Path, assignment: str) -> None:
    with pytest.raises(UsageError, match=r"key\.path=value"):
        load_config(str(config_file), [assignment])


def test_setting_what_is_not_there_is_refused(config_file: Path) -> None:
    assert "has 2 entries, counted from 0, and no 7" in problems(config_file, None, "model.layers.7.dense.units=3")[0]
    assert "single value" in problems(config_file, None, "data.source=digits", "seed=1", "seed.x=3")[0]


def test_extends_inherits_and_keeps_the_place_of_every_value(config_file: Path, tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    child.write_text("extends: net.yaml\ntrain: {epochs: 3}\n")
    config = load_config(str(child)).config
    assert (config.name, config.train.epochs, len(config.model.layers)) == ("child", 3, 2)
    config_file.write_text(GOOD.replace("units: 25", "unit: 25"))
    with pytest.raises(ConfigError) as caught:
        load_config(str(child))
    assert (
        f'{config_file}:4:15  model.layers[0].dense.unit: unknown key; did you mean "units"?' in caught.value.problems
    )


def test_a_circle_of_extends_is_refused(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.yaml").write_text(f"extends: {other}.yaml\n")
    with pytest.raises(ConfigError, match="extends itself"):
        load_config(str(tmp_path / "a.yaml"))


def test_a_path_is_relative_to_its_file_or_to_here_when_set(
    config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file.write_text(GOOD.replace("{source: digits}", "{source: csv, path: t.csv, target: y}"))
    assert load_config(str(config_file)).config.data.path == str(tmp_path / "t.csv")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_config(str(config_file), ["data.path=u.csv"]).config.data.path == str(elsewhere / "u.csv")


def test_a_shipped_config_is_found_by_name_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for word in ("mnist_softmax", "mnist_softmax.yaml", "configs/mnist_softmax.yaml"):
        assert find_config(word).is_file()
    with pytest.raises(UserError, match='did you mean "mnist_softmax"'):
        find_config("mnist_sofmax")
    with pytest.raises(UserError, match="folder"):
        find_config(str(tmp_path))


def test_a_config_survives_being_written_and_read() -> None:
    assert len(shipped_names()) >= 9
    for name in shipped_names():
        config = load_config(name).config
        assert Config.model_validate(to_mapping(config)) == config
