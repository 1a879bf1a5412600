"""What nobody would call a config, or type after --set: one clear line each, and never a traceback."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nncli.config.reading.loading import load_config
from nncli.config.reading.problems import MAX_TOLD
from nncli.errors import ConfigError, UsageError, UserError

GOOD = """\
data: {source: digits}
model:
  layers:
    - dense: {units: 25}
    - flatten
    - dense: {units: 10, activation: softmax}
optimizer: adam
"""
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGED = "a: &a {x: 1}\n" + "".join(
    f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD)
    return tmp_path


def refusals(*assignments: str, name: str = "good.yaml") -> list[str]:
    with pytest.raises(UserError) as caught:
        load_config(name, assignments)
    assert caught.value.exit_code == 2
    return caught.value.message.splitlines()


FILES: list[tuple[bytes, str]] = [
    (b"", "x.yaml: is empty"),
    (b"\n\n- a\n", "x.yaml:3:1  a config is a mapping of sections"),
    (b"\x00" * 100, "x.yaml:1:1  is not YAML text: it has the character U+0000"),
    ("é: 1\nb: \x07".encode(), "x.yaml:2:4  is not YAML text: it has the character U+0007"),
    (b"\x93\xff\x00\x01", "x.yaml: is not UTF-8 text"),
    (GOOD.encode("utf-16"), "x.yaml: is not UTF-8 text"),
    (b"a: b\n" * 2_000_000, "x.yaml: is larger than a config can be"),
    (b"[" * 900_000, "nested deeper than 30 levels"),
    (b"? " * 400_000, "nested deeper than 30 levels"),
    (b"a: b\n" * 190_000, "over 20,000 values"),
    (b"k" * 900_000 + b": 1", "not valid YAML"),
    (b"data:\n\tsource: digits\n", "x.yaml:2:1  not valid YAML: a tab"),
    (LAUGHS.encode(), "aliases that expand beyond the size limit of a config"),
    (MERGED.encode(), "aliases that expand beyond the size limit of a config"),
    (b"seed: *x", "x.yaml:1:7  not valid YAML: found undefined alias"),
    (b'name: "\\ud800"', "found invalid Unicode character escape code"),
]


@pytest.mark.parametrize(("content", "part"), FILES, ids=[part[:40] for _, part in FILES])
@pytest.mark.parametrize("is_parent", [False, True])
def test_what_is_no_config_gets_one_line_also_as_a_parent(
    content: bytes, part: str, is_parent: bool, folder: Path
) -> None:
    Path("x.yaml").write_bytes(content)
    Path("child.yaml").write_text("extends: x.yaml\n")
    (line,) = refusals(name="child.yaml" if is_parent else "x.yaml")
    assert part in line and len(line) < 300


TAGS = [
    ("!!python/object/apply:os.system [id]", "!!python/object/apply:os.system"),
    ("!!python/name:os.system ''", "!!python/name:os.system"),
    ("!!str 5", "!!str"),
    ("!mine {units: 3}", "!mine"),
]


@pytest.mark.parametrize(("value", "tag"), TAGS)
def test_a_tag_is_refused_wherever_it_stands(value: str, tag: str, folder: Path) -> None:
    Path("x.yaml").write_text(GOOD + f"seed: {value}\n")
    assert f"x.yaml:8:7  configs have no tags such as {tag}; write the plain value" in refusals(name="x.yaml")
    Path("x.yaml").write_text(GOOD + "!!python/name:os.system seed: 3\n")
    assert len(refusals(name="x.yaml")) == 1


@pytest.mark.parametrize("change", [lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text])
def test_line_ends_and_a_byte_order_mark_move_no_place(change: object, folder: Path) -> None:
    text = change(GOOD.replace("units: 25", "unit: 25"))  # type: ignore[operator]
    Path("x.yaml").write_bytes(text.encode())
    assert refusals(name="x.yaml") == ['x.yaml:4:15  model.layers[0].dense.unit: unknown key; did you mean "units"?']


def test_a_thousand_problems_are_counted_and_the_first_told(folder: Path) -> None:
    Path("x.yaml").write_text(GOOD + "".join(f"key_{i}: 1\n" for i in range(1000)))
    lines = refusals(name="x.yaml")
    assert len(lines) == MAX_TOLD + 1
    assert lines[0].startswith("x.yaml:8:1  key_0: unknown key")
    assert lines[-1] == f"x.yaml: and {1000 - MAX_TOLD} more problems"


def test_keys_and_values_cannot_break_a_line_or_flood_the_screen(folder: Path) -> None:
    Path("x.yaml").write_text(GOOD + '"a\\nb\\e[31m": 1\n"": 2\nseed: "x\\ny"\nname: ' + "n" * 10_000 + "\n")
    lines = refusals(name="x.yaml")
    assert len(lines) == 4
    assert all(line.isprintable() and len(line) < 200 for line in lines)
    assert lines[0].startswith('x.yaml:8:1  "a\\nb\\x1b[31m": unknown key')


def test_duplicate_unknown_mistyped_and_out_of_range_keys_are_told_together(folder: Path) -> None:
    Path("x.yaml").write_text(
        "data: {source: digits, source: iris, tset: 3}\nmodel:\n  layers: [{dense: {units: 0}}, dense, {dnse: }]\n"
        "optimizer: {nme: adam}\nloss: {name: huber, from_logits: yes}\ntrain: {epochs: [3]}\n"
    )
    assert refusals(name="x.yaml") == [
        "x.yaml:1:24  data.source: occurs twice (first in line 1); keep one",
        'x.yaml:1:38  data.tset: unknown key; did you mean "test"?',
        "x.yaml:3:21  model.layers[0].dense.units: got 0, must be greater than or equal to 1",
        "x.yaml:3:33  model.layers[1].dense.units: is required and missing",
        'x.yaml:3:41  model.layers[2].dnse: unknown name "dnse"; did you mean "dense"?',
        'x.yaml:4:13  optimizer.nme: unknown key; did you mean "name"?',
        "x.yaml:5:21  loss.from_logits: got 'yes', must be true or false",
        "x.yaml:6:9  train.epochs: got [3], must be a valid integer",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("epochs: 3", 'x.yaml:8:1  epochs: unknown key; it belongs in "train"'),
        ("train: {<<: {epochs: 3}}", "x.yaml:8:9  train.<<: merge keys are not supported; write the keys out, or name"),
        ("extend: a.yaml", 'x.yaml:8:1  extend: unknown key; did you mean "extends"?'),
        ("train: {lr: 3, class_weight: {a: b}}", "x.yaml:8:31  train.class_weight.a: got 'b', must be a valid number"),
        ("loss: mse", "x.yaml:8:1  loss: got 'mse'; did you mean \"mean_squared_error\"?"),
        ("train:", "x.yaml:8:1  train: got nothing, must be a mapping of keys to values"),
        ("train: 20", "x.yaml:8:1  train: got 20, must be a mapping of keys to values, as in `train: {epochs: 20}`"),
        (
            "train: {early_stopping: true}",
            "x.yaml:8:9  train.early_stopping: got true, must be a mapping of keys to values, as in `early_stopping: {",
        ),
        ('seed: "3"', "x.yaml:8:1  seed: got '3', must be a valid integer; write it without quotes"),
        (
            "train: {batch_size: '1,000'}",
            "x.yaml:8:9  train.batch_size: got '1,000', must be a valid integer or \"full\"; write it without a comma",
        ),
        (
            "train: {early_stopping: {min_delta: 0,01}}",
            "x.yaml:8:39  train.early_stopping.01: unknown key; decimals have a point: 0.01, not 0,01",
        ),
        ("loss: losses.Huber(delta=2)", "x.yaml:8:1  loss: got 'losses.Huber(delta=2)'; did you mean \"huber\"?"),
        ("silence: [3]", "x.yaml:8:11  silence[0]: got 3, must be text; put it in quotes"),
    ],
)
def test_a_common_slip_is_told_in_its_own_words(text: str, line: str, folder: Path) -> None:
    Path("x.yaml").write_text(GOOD + text + "\n")
    assert any(told.startswith(line) for told in refusals(name="x.yaml")), refusals(name="x.yaml")


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        ("{dense: , units: 3}", "units: stands beside dense; options stand inside it, as in `- dense: {units: 10}`"),
        ("{dense: 3}", "dense: got 3, the options of a layer are a mapping, as in `- dense: {...}`"),
        ("{dense: {kind: output}}", "dense.kind: unknown key; the name of the layer says its kind"),
        ("{dense: {units: 99999999999999}}", "dense.units: got 99999999999999, must be less than 2147483648"),
    ],
)
def test_a_layer_that_is_none_is_told_at_the_key_that_is_wrong(layer: str, line: str, folder: Path) -> None:
    Path("x.yaml").write_text(GOOD.replace("flatten", layer))
    assert any(told.endswith(f"model.layers[1].{line}") for told in refusals(name="x.yaml")), refusals(name="x.yaml")


EXTENDS = [
    ("missing.yaml", 'no file "missing.yaml" beside this config'),
    ("goood.yaml", 'did you mean "good.yaml"?'),
    ("x.yaml", "this config extends itself (x.yaml -> x.yaml)"),
    ("mnist_sofmax", 'did you mean "mnist_softmax"?'),
    ("$HOME/good.yaml", 'no file "$HOME/good.yaml" beside this config'),
    ("/dev/zero", 'no file "/dev/zero"'),
    (".", '"." is a folder'),
    ("[good.yaml]", "names one file"),
    ("", "names one file"),
    ("x" * 5000, "no file"),
    ('"a\\0b"', "no file"),
]


@pytest.mark.parametrize(("parent", "part"), EXTENDS, ids=[parent[:20] for parent, _ in EXTENDS])
def test_a_parent_that_is_none_is_told_at_extends(parent: str, part: str, folder: Path) -> None:
    Path("x.yaml").write_text(f"seed: 3\nextends: {parent}\n")
    (line,) = refusals(name="x.yaml")
    assert line.startswith("x.yaml:2:1  extends: ") and part in line and len(line) < 200


def test_a_parent_is_a_file_beside_an_absolute_path_or_a_shipped_config(folder: Path) -> None:
    for parent in ("good.yaml", str(folder / "good.yaml"), "digits_softmax"):
        Path("x.yaml").write_text(f"extends: {parent}\noptimizer: {{learning_rate: 0.5}}\n")
        config = load_config("x.yaml").config
        assert (config.name, config.data.source, config.optimizer.learning_rate) == ("x", "digits", 0.5)


def test_a_chain_of_parents_has_an_end(folder: Path) -> None:
    for index in range(100):
        Path(f"c{index}.yaml").write_text(f"extends: c{index + 1}.yaml\n")
    assert "a chain of more than 20 configs" in refusals(name="c0.yaml")[0]


def test_problems_of_a_config_and_of_its_parent_are_told_each_in_its_file(folder: Path) -> None:
    Path("parent.yaml").write_text(GOOD + "sed: 3\nname: 7\ntrain: {epochs: x}\n")
    Path("x.yaml").write_text("extends: parent.yaml\ntrain: {epoch: 3}\n")
    assert refusals("seed=x", name="x.yaml") == [
        'x.yaml:2:9  train.epoch: unknown key; did you mean "epochs"?',
        'parent.yaml:8:1  sed: unknown key; did you mean "seed"?',
        "parent.yaml:10:9  train.epochs: got 'x', must be a valid integer",
        "--set seed=x  seed: got 'x', must be a valid integer",
    ]


SETTINGS = [
    ("a=[", '--set "a=[": not valid YAML'),
    ("seed=*x", "--set seed=*x  seed: got '*x', must be a valid integer"),
    ("seed=!!python/name:os.system", "seed: got '!!python/name:os.system'"),
    ("train={epochs: 3, epochs: 4}", "occurs twice"),
    ("train={epocs: 3}", '--set train={epocs: 3}  train.epocs: unknown key; did you mean "epochs"?'),
    ("trian.epochs=3", '--set trian.epochs=3  trian: unknown key; did you mean "train"?'),
    ("train.epocs=3", '--set train.epocs=3  train.epocs: unknown key; did you mean "epochs"?'),
    ("data.source.x=3", "data.source: is a single value and has no keys below it"),
    ("data=5", "--set data=5  data: got 5, must be a mapping"),
    ("metrics.0=auc", "must be a list"),
    ("model.layers.-1.dense.units=3", 'has 3 entries, counted from 0, and no "-1"'),
    ("model.layers.²=3", 'has 3 entries, counted from 0, and no "²"'),
    ("model.layers.3=flatten", "to add one, set the whole list: --set 'model.layers=[...]'"),
    ("model.layers.1.dense.units=3", 'model.layers[1]: is "flatten" and not "dense"; to replace it: --set'),
    ("model.layers.0.dense=", "--set model.layers.0.dense=  model.layers[0].dense.units: is required and missing"),
    ("extends=good.yaml", "`extends` must be in the config itself"),
    (".".join("a" * 10_000) + "=3", "a path has at most 30 keys"),
    ("seed=" + "[" * 60, "is nested deeper than 30 levels"),
    ("seed=" + "9" * 5000, "must be a valid integer"),
    ("name=\udc80", '"name=\\udc80" is not UTF-8 text'),
    ("name=a\nb", "--set name=a\\nb  name: got 'a\\nb', must be letters, digits"),
    ("data.path=a\x00b", "is not a path"),
    ("data.path=~nobody_of_that_name/x", "is not a path"),
    ("data.path=" + "x" * 300, "a file's name is too long"),
]


@pytest.mark.parametrize(("assignment", "part"), SETTINGS, ids=[part[:40] for _, part in SETTINGS])
def test_an_odd_value_on_the_command_line_gets_one_line_that_names_it(assignment: str, part: str, folder: Path) -> None:
    (line,) = refusals(assignment)
    assert part in line and line.startswith("--set ") and line.isprintable() and len(line) < 400


def test_wrong_values_on_the_command_line_are_told_together(folder: Path) -> None:
    lines = refusals("model.layers.9=flatten", "trian.epochs=3", "seed=x")
    assert [line.split()[1].partition("=")[0] for line in lines] == ["seed", "trian.epochs", "model.layers.9"]


def test_what_yaml_would_read_as_a_sign_is_text_on_the_command_line(folder: Path) -> None:
    for text in ("|", "#", "*", "&", "?", ",", "@"):
        assert load_config("good.yaml", [f"data.delimiter={text}"]).config.data.delimiter == text
    assert load_config("good.yaml", ['data.drop=["a: b", c]']).config.data.drop == ("a: b", "c")


def test_a_whole_section_and_a_list_item_can_be_set(folder: Path) -> None:
    config = load_config("good.yaml", ["data={source: iris}", "model.layers.1={dropout: {rate: 0.5}}"]).config
    assert config.data.source == "iris"
    assert [layer.kind for layer in config.model.layers] == ["dense", "dropout", "dense"]


def test_variables_are_not_expanded_and_an_odd_file_name_still_names_a_run(folder: Path) -> None:
    Path("my net é.yaml").write_text(GOOD.replace("{source: digits}", "{source: csv, path: $HOME/x.csv, target: y}"))
    config = load_config("my net é.yaml").config
    assert config.data.path == str(folder / "$HOME" / "x.csv")
    assert config.name == "my_net_"


# Names and values that get deep into the sections, between ones that get nowhere.
WORDS = st.sampled_from(
    [
        *("data", "source", "digits", "path", "target", "test", "model", "layers", "dense", "units", "kind", "flatten"),
        *("kernel_regularizer", "l2", "conv2d", "kernel_size", "output", "loss", "huber", "optimizer", "name", "adam"),
        *("metrics", "train", "epochs", "batch_size", "full", "class_weight", "early_stopping", "<<", "extends"),
        "good.yaml",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | WORDS
    | st.text(max_size=8)
    | st.just("&a x")
    | st.just("*a")
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)


def flow(value: object) -> str:
    """As somebody might write it, quotes forgotten."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value)


def only_clear_refusals(name: str, *assignments: str) -> None:
    try:
        load_config(name, assignments)
    except (ConfigError, UsageError) as error:
        lines = error.message.splitlines()
        assert lines and len(lines) <= MAX_TOLD + 1 + len(assignments)
        assert all(line.isprintable() for line in lines)


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(sections=st.dictionaries(WORDS, VALUES, max_size=6))
def test_no_document_gets_a_traceback(sections: dict[str, object], folder: Path) -> None:
    Path("x.yaml").write_text("".join(f"{key}: {flow(value)}\n" for key, value in sections.items()), "utf-8", "replace")
    only_clear_refusals("x.yaml")


@FUZZ
@given(content=st.binary(max_size=200), at=st.integers(0, len(GOOD)))
def test_no_damage_to_a_config_gets_a_traceback(content: bytes, at: int, folder: Path) -> None:
    Path("x.yaml").write_bytes(GOOD.encode()[:at] + content + GOOD.encode()[at:])
    only_clear_refusals("x.yaml")


@FUZZ
@given(
    path=st.lists(WORDS | st.integers(-2, 9).map(str) | st.text(max_size=4), max_size=6),
    value=VALUES.map(flow) | st.text(max_size=10),
)
def test_no_value_on_the_command_line_gets_a_traceback(path: list[str], value: str, folder: Path) -> None:
    only_clear_refusals("good.yaml", f"{'.'.join(path)}={value}")


def test_a_config_is_read_from_where_it_is_and_not_from_a_device(folder: Path) -> None:
    os.mkfifo("pipe.yaml")
    with pytest.raises(UserError, match="no config"):
        load_config("pipe.yaml")
