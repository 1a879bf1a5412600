"""YAML with positions: YAML 1.2's scalars, one clear line for everything that is no config."""

from pathlib import Path

import pytest

from nncli.config.reading.document import MAX_BYTES, Document, format_path, parse_document, read_document
from nncli.errors import ConfigError


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_document(text, "x.yaml")
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("012", 12),
        ("12:30", "12:30"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("", None),
        ("0x1F", 31),
        ("0o17", 15),
        ("-.5", -0.5),
        ("1.", 1.0),
        (".inf", float("inf")),
        ("'1'", "1"),
        ("2001-01-01", "2001-01-01"),
        ("1_000", "1_000"),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    got = parse_document(f"key: {text}", "x.yaml").values["key"]
    assert got == value and type(got) is type(value)


def test_every_key_and_item_knows_its_line_and_column() -> None:
    document = parse_document("model:\n  layers:\n    - dense: {units: 3}\n    - flatten\n", "x.yaml")
    assert str(document.mark(("model", "layers", 0, "dense", "units"))) == "x.yaml:3:15"
    assert str(document.mark(("model", "layers", 1))) == "x.yaml:4:7"
    # what does not stand in the file is told at the nearest thing around it that does
    assert str(document.mark(("model", "layers", 0, "dense", "activation"))) == "x.yaml:3:7"


def test_duplicate_keys_are_all_told_with_both_lines() -> None:
    message = refusal("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert "x.yaml:3:1  a: occurs twice (first in line 1)" in message
    assert "x.yaml:2:11  b.c: occurs twice (first in line 2)" in message


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "empty"),
        ("# only a comment\n", "empty"),
        ("- 1\n- 2\n", "this is a list"),
        ("just text", "this is a single value"),
        ("a:\n\t- 1", "x.yaml:2:1  not valid YAML"),
        ("a: [1, 2", "not valid YAML"),
        ("a: {b: 1\nc: 2", "expected ',' or '}'; is one missing above?"),
        ("a:\n  b: 1\n c: 2", "; all keys of a section begin in the same column"),
        ("a: *b", "undefined alias"),
        ("a: !!python/object:os.system x", "no tags"),
        ("a: !mine 3", "no tags"),
        ("? [1, 2]\n: 3", "a key is a name"),
        ("\x00\x01\x02", "not YAML text"),
        ("a: 1\n---\nb: 2", "another document"),
        ("[" * 5000, "nested deeper"),
        ("a: " + "{b: " * 200 + "}" * 200, "nested deeper"),
        ("a: &a [*a]", "beyond the size limit of a config"),
    ],
)
def test_what_is_no_config_gets_one_clear_line(text: str, part: str) -> None:
    message = refusal(text)
    assert part in message
    assert "\n" not in message


def test_aliases_that_explode_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    assert "expand beyond the size limit of a config" in refusal("\n".join(lines))


def test_files_that_cannot_be_configs_are_refused(tmp_path: Path) -> None:
    large, binary = tmp_path / "large.yaml", tmp_path / "binary.yaml"
    large.write_bytes(b"a: b\n" * (MAX_BYTES // 4))
    binary.write_bytes(bytes(range(256)))
    for path, part in [(large, "larger"), (binary, "UTF-8"), (tmp_path, "folder"), (tmp_path / "no", "cannot be read")]:
        with pytest.raises(ConfigError, match=part):
            read_document(path)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfseed: 1\n")
    assert read_document(path).values == {"seed": 1}


def test_paths_are_written_as_people_write_them() -> None:
    assert format_path(("model", "layers", 0, "dense", "units")) == "model.layers[0].dense.units"
    assert Document("x.yaml", {}).mark(("a",)).line == 1
