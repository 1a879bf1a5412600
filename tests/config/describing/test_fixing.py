"""`check --fix`: mistakes with one certain fix are fixed in the text, and nothing else of it changes."""

import importlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from nncli import pipeline
from nncli.config.describing.fixing import Mend, Span, apply_mends, mend_findings, mend_spelling
from nncli.config.describing.schema import config_schema
from nncli.config.reading.document import parse_document
from nncli.config.reading.loading import load_config
from nncli.config.reading.spelling import OTHER_KERAS_NAMES, is_slip
from nncli.config.rules import Edit, Finding, find
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
        return pipeline.fix(str(path), folders=pipeline.Folders(), console=console, assignments=assignments)

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
    suggestion = 'x:1:9  train.epoch: unknown key; did you mean "%s"?'
    text = "train: {epoch: 3, epochs: 4}\n"
    assert mend_spelling(text, "x", [suggestion % "epochs"]) == []
    assert mend_spelling(text, "x", [suggestion % 'epoc" or "epocs']) == []
    assert mend_spelling(text, "y", [suggestion % "epoc"]) == []
    (mend,) = mend_spelling(text, "x", [suggestion % "epoc"])
    assert apply_mends(text, [mend]) == "train: {epoc: 3, epochs: 4}\n"


def test_findings_without_a_certain_fix_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("data: {source: digits}\nmodel: {layers: [dense: {units: 1, activation: softmax}]}\n")
    loaded = load_config(str(path))
    findings = find(loaded, None)
    assert [finding.rule for finding in findings] == ["softmax-one-unit"]
    assert mend_findings(path.read_text(), loaded.document, findings) == []


def test_a_shipped_config_is_not_changed(fix: Callable[..., list[str]]) -> None:
    console = Console(stdout=io.StringIO(), stderr=io.StringIO())
    with pytest.raises(UserError, match="comes with nncli"):
        pipeline.fix("digits_softmax", folders=pipeline.Folders(), console=console)


def test_what_cannot_be_read_is_left_to_check(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    for text in (
        b"\xff\xfe\x00",
        b"a: [",
        b"- 1\n",
        b"data: {source: csv, path: none.csv, target: y}\nmodel: 3\n",
        LARGE,
    ):
        assert fix(text) == []
        assert (tmp_path / "net.yaml").read_bytes() == text
        with pytest.raises(ConfigError):
            load_config(str(tmp_path / "net.yaml"))


LARGE = b"optimizer: adm\n" + b"# no config\n" * 100_000
BROKEN = {
    "a text in a block, with another problem beside it": "data:\n  source: >-\n    digts\nmodel: {layers: [output]}\n",
    "a text over two lines": "data:\n  source: dig\n    ts\nmodel: {layers: [output]}\n",
    "quotes over two lines": 'data:\n  source: "dig\\\n    ts"\nmodel: {layers: [output]}\n',
    "a name that is used twice": (
        "data: {source: digits}\n"
        "model: {hidden_activation: &a rellu, layers: [{dense: {units: 4, activation: *a}}, output]}\n"
    ),
    "a key in a mapping that is used twice": (
        "data: {source: digits}\nmodel: {layers: [dense: &d {unit: 4}, dense: *d, output]}\n"
    ),
    "two keys that would become the same": (
        "data: {source: digits}\nmodel: {layers: [output]}\ntrian: {epochs: 1}\ntrani: {epochs: 2}\n"
    ),
    "a key that is there": "data: {source: digits}\nmodel: {layers: [output]}\ntrain: {epochs: 1, epoch: 2}\n",
    "a tab that only libyaml takes": "data:\t{source: digts}\nmodel: {layers: [output]}\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_mended_with_certainty_stays(fix: Callable[..., list[str]], tmp_path: Path, text: str) -> None:
    assert fix(text) == []
    assert (tmp_path / "net.yaml").read_text() == text
    with pytest.raises(ConfigError, match="did you mean"):
        load_config(str(tmp_path / "net.yaml"))


def test_an_uncertain_mistake_does_not_keep_the_others(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    text = "data:\n  source: >-\n    digts\nmodel: {layers: [output]}\noptimizer: %s\n"
    assert fix(text % "adm") == ["5  - optimizer: adm", "5  + optimizer: adam"]
    assert (tmp_path / "net.yaml").read_text() == text % "adam"


def test_an_anchor_that_nobody_uses_stays(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    text = "data: {&k %s: &s   %s}\nmodel: {layers: [&l %s]}\nmetrics: [&m %s]\n"
    fix(text % ("sorce", "digts", "output", "acuracy"))
    assert (tmp_path / "net.yaml").read_text() == text % ("source", "digits", "output", "accuracy")


def test_mistakes_that_stood_behind_another_are_mended_as_well(fix: Callable[..., list[str]], tmp_path: Path) -> None:
    text = "data: {source: digits}\nmodel: {layers: [%s: {%s: 9, %s: %s, foo: 1, bar: 2}, output]}\n"
    fix(text % ("dens", "unit", "activaton", "rellu"))
    assert (tmp_path / "net.yaml").read_text() == text % ("dense", "units", "activation", "relu")


@pytest.mark.parametrize("name", ["its", "'its'", '"its"'])
def test_a_new_name_is_quoted_as_it_needs(fix: Callable[..., list[str]], tmp_path: Path, name: str) -> None:
    fixed = {"its": '"it\'s"', "'its'": "'it''s'", '"its"': '"it\'s"'}
    (tmp_path / "table.csv").write_text("x,y\n" + "".join(f"{n},it's\n{n},a: b\n{n},c \\ d\n" for n in range(20)))
    text = """data: {source: csv, path: table.csv, target: y}
model: {layers: [output]}
train: {class_weight: {%s: 1, %s: 2, %s: 3}}
"""
    fix(text % (name, "a_ b", "c / d"))
    assert (tmp_path / "net.yaml").read_text() == text % (fixed[name], '"a: b"', '"c \\\\ d"')
    load_config(str(tmp_path / "net.yaml"))


def test_a_number_in_the_place_of_a_text_gets_no_quotes() -> None:
    text = "loss: {from_logits: 'true'}\n"
    document = parse_document(text, "x")
    finding = Finding("logits-twice", ("loss", "from_logits"), "", "", (Edit(("loss", "from_logits"), False),))
    assert apply_mends(text, mend_findings(text, document, [finding])) == "loss: {from_logits: false}\n"


def test_of_several_edits_all_are_made_or_none() -> None:
    edits = (Edit(("loss", "name"), "huber"), Edit(("loss", "delta"), 2))
    for text, mends in (("loss: {name: a, delta: 1}\n", 1), ("loss:\n  name: a\n  delta: |\n    1\n", 0)):
        finding = Finding("loss-task", ("loss",), "", "", edits)
        assert len(mend_findings(text, parse_document(text, "x"), [finding])) == mends


def test_a_mend_that_would_say_something_else_is_not_made() -> None:
    text = "a: b\n"
    assert apply_mends(text, [Mend("", (Span(3, 4, "c", "c"),))]) == "a: c\n"
    for wrong in ("c: d", "c\nd: e", "[c]", "&x c", "'c", "c, d"):
        assert apply_mends(text, [Mend("", (Span(3, 4, wrong, "c"),))]) == text


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("optimizer: %s", "nadam"),
        ("optimizer: {name: sgd, %s: 1}", "lr"),
        ("model: {layers: [%s: {filters: 2, kernel_size: 3}, output]}", "conv1d"),
        ("model: {layers: [dense: {units: 4, activation: %s}, output]}", "relu6"),
        ("loss: %s", "categorical"),
        ("train: {early_stopping: {monitor: %s}}", "accuracy_val"),
    ],
)
def test_only_a_slip_is_mended(fix: Callable[..., list[str]], where: str, name: str) -> None:
    text = "data: {source: digits}\n" + ("" if where.startswith("model") else "model: {layers: [output]}\n")
    assert fix(f"{text}{where % name}\n") == []


def test_a_slip_is_one_change_or_two_in_a_long_name() -> None:
    assert is_slip("rellu", "relu") and is_slip("Learning-Rate", "learning_rate")
    assert is_slip("lerning_rat", "learning_rate") and not is_slip("lerning_at", "learning_rate")
    assert is_slip("dens", "dense") and not is_slip("des", "dense")


def test_no_name_on_offer_is_taken_for_another_of_keras() -> None:
    offered: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            offered.update(value.get("properties", {}))
            offered.update(name for name in value.get("enum", ()) if isinstance(name, str))
            offered.update([value["const"]] if isinstance(value.get("const"), str) else [])
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(inner)

    collect(config_schema())
    assert {"adam", "relu", "conv2d", "units", "accuracy", "huber", "he_normal"} <= offered
    assert not offered & OTHER_KERAS_NAMES


def test_a_fix_that_does_no_good_is_not_written(
    fix: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("nncli.pipeline.drafting.fix")

    def misled(text: str, file: str, problems: list[str]) -> list[Mend]:
        start = text.index("adm") if "adm" in text else text.index("adx")
        return [Mend(module.identify(problems[0]), (Span(start, start + 3, "adx", "adx"),))]

    monkeypatch.setattr(module, "mend_spelling", misled)
    text = "data: {source: digits}\nmodel: {layers: [output]}\noptimizer: {name: adm, lerning_rate: 1}\n"
    assert fix(text) == []
    assert (tmp_path / "net.yaml").read_text() == text
